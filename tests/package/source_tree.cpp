#include <guild/package/source_tree.hpp>

#include <doctest/doctest.h>

#include <string>

#include <sys/stat.h>

#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::temp_dir;

namespace {

std::string hash_of_tree(const std::string& directory) {
    const auto hash = package::hash_tree(directory);
    REQUIRE_MESSAGE(hash, (hash ? "" : to_string(hash.error())));
    return *hash;
}

}  // namespace

TEST_CASE("links: those that leave the root are told") {
    CHECK(package::stays_below("a/b/link", "../../x"));
    CHECK(package::stays_below("link", "x/../y"));
    CHECK_FALSE(package::stays_below("link", "../x"));
    CHECK_FALSE(package::stays_below("a/link", "../../a/x"));
    CHECK_FALSE(package::stays_below("link", "/etc"));
    CHECK_FALSE(package::stays_below("link", ""));
}

TEST_CASE("tree hash: links that leave, pipes and control characters in names are refused") {
    const temp_dir at;
    (void)at.write("t/a/file", "1");
    REQUIRE(guild::os::make_link("../../outside", at / "t/a/link"));
    const auto link = package::hash_tree(at / "t");
    REQUIRE_FALSE(link);
    CHECK(link.error().code == guild::errc::bad_value);
    CHECK(link.error().path == at / "t/a/link");
    REQUIRE(guild::os::remove_tree(at / "t/a/link"));
    REQUIRE(::mkfifo((at / "t/fifo").c_str(), 0600) == 0);
    CHECK(package::hash_tree(at / "t").error().path == at / "t/fifo");
    REQUIRE(guild::os::remove_tree(at / "t/fifo"));
    (void)at.write("t/new\nline", "1");
    CHECK(package::hash_tree(at / "t").error().message ==
          "expected a name without control characters");
}

TEST_CASE("tree hash: is the sha256 of a line an entry, as coreutils makes it") {
    const temp_dir at;
    (void)at.write("t/a/x", "abc");
    (void)at.write("t/a-b", "");
    REQUIRE(guild::os::make_link("a-b", at / "t/link"));
    const std::string lines =
        "644\te3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\ta-b\n"
        "644\tba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\ta/x\n"
        "link\t" +
        guild::sha256_hex("a-b") + "\tlink\n";
    CHECK(hash_of_tree(at / "t") == guild::sha256_hex(lines));
}

TEST_CASE("tree hash: contents, names and execute bits count alone") {
    const temp_dir at;
    (void)at.write("t/file", "1");
    const std::string first = hash_of_tree(at / "t");
    REQUIRE(guild::os::set_permissions(at / "t/file", 0600));
    REQUIRE(guild::os::make_directories(at / "t/empty"));
    CHECK(hash_of_tree(at / "t") == first);
    REQUIRE(guild::os::set_permissions(at / "t/file", 0700));
    CHECK(hash_of_tree(at / "t") != first);
    REQUIRE(guild::os::set_permissions(at / "t/file", 0600));
    REQUIRE(guild::os::rename_path(at / "t/file", at / "t/other"));
    CHECK(hash_of_tree(at / "t") != first);
}

TEST_CASE("copy: files keep bytes and modes, links their text") {
    const temp_dir at;
    (void)at.write("t/d/file", "1");
    REQUIRE(guild::os::set_permissions(at / "t/d/file", 0711));
    REQUIRE(guild::os::make_link("d/file", at / "t/link"));
    REQUIRE(package::copy_tree(at / "t", at / "copy"));
    CHECK(hash_of_tree(at / "copy") == hash_of_tree(at / "t"));
    CHECK(*guild::os::read_link(at / "copy/link") == "d/file");
    CHECK(guild::os::find_status(at / "copy/d/file")->mode == 0755);
    REQUIRE(package::copy_tree(at / "t/d/file", at / "one"));
    CHECK(*guild::os::load_file(at / "one") == "1");
    CHECK(package::copy_tree(at / "t", at / "copy").error().code == guild::errc::already_exists);
    CHECK(package::copy_tree(at / "none", at / "c").error().code == guild::errc::not_found);
}
