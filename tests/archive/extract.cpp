#include <guild/archive/extract.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>

#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"

namespace {

namespace extract_tar = guild::archive;
using guild::os::resolving;

guild::result<extract_tar::extracted> extract_bytes(const std::string& bytes,
                                                    const std::string& directory,
                                                    resolving how = resolving::one_call) {
    extract_tar::tar_reader from(extract_tar::read_bytes(bytes));
    return extract_tar::extract(from, directory, how);
}

std::size_t count_entries(const std::string& directory) {
    const auto entries = guild::os::list_directory(directory);
    return entries ? entries->size() : 0;
}

}  // namespace

TEST_CASE("extract: a tree comes out with its links, modes and times") {
    const std::string bytes =
        guild_test::tar_directory("./") + guild_test::tar_directory("./d/", 07555) +
        guild_test::tar_symlink("./d/link", "../implied/f") +
        guild_test::tar_file("./d/program", "run", 06777) +
        guild_test::tar_file("./implied/f", "content", 0) +
        guild_test::tar_hard_link("./h", "./implied/f") + guild_test::end_of_tar();
    for (const resolving how : {resolving::one_call, resolving::part_by_part}) {
        const guild_test::temp_dir dir;
        const mode_t before = ::umask(022);
        const auto done = extract_bytes(bytes, dir / "out", how);
        ::umask(before);
        REQUIRE(done);
        CHECK(done->members == 6);
        CHECK(done->content_bytes == 10);
        CHECK(*guild::os::load_file(dir / "out/d/link") == "content");
        CHECK(*guild::os::read_link(dir / "out/d/link") == "../implied/f");
        CHECK(guild::os::find_status(dir / "out/h")->inode ==
              guild::os::find_status(dir / "out/implied/f")->inode);
        CHECK(guild::os::find_status(dir / "out/d/program")->mode == 0755);
        CHECK(guild::os::find_status(dir / "out/implied/f")->mode == 0600);
        CHECK(guild::os::find_status(dir / "out/d")->mode == 0755);
        CHECK(guild::os::find_status(dir / "out/d")->modified_ns == 0);
        CHECK(guild::os::find_status(dir / "out/d/program")->modified_ns == 0);
        CHECK(count_entries(dir.path()) == 1);
    }
}

TEST_CASE("extract: every hostile archive leaves nothing, both ways") {
    for (const guild_test::hostile_archive& each : guild_test::hostile_archives()) {
        CAPTURE(each.what);
        for (const resolving how : {resolving::one_call, resolving::part_by_part}) {
            const guild_test::temp_dir dir;
            (void)dir.write("secret", "secret");
            REQUIRE(guild::os::make_directories(dir / "outside"));
            const auto refused = extract_bytes(each.tar, dir / "out", how);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().message.find(each.message) != std::string::npos);
            CHECK(count_entries(dir.path()) == 2);
            CHECK(count_entries(dir / "outside") == 0);
            CHECK(guild::os::find_status(dir / "secret")->links == 1);
        }
    }
}

TEST_CASE("extract: a second archive into the same directory is refused, whatever the first left") {
    const guild_test::temp_dir dir;
    REQUIRE(guild::os::make_directories(dir / "outside"));
    // The first is refused for its link; were it not, the second would write through it.
    const auto first = extract_bytes(
        guild_test::tar_symlink("d", "../outside") + guild_test::end_of_tar(), dir / "out");
    CHECK(first.error().message.find("\"d\"") != std::string::npos);
    REQUIRE(guild::os::make_directories(dir / "out"));
    REQUIRE(::symlink("../outside", (dir / "out/d").c_str()) == 0);
    const auto second =
        extract_bytes(guild_test::tar_file("d/escaped") + guild_test::end_of_tar(), dir / "out");
    CHECK(second.error().code == guild::errc::already_exists);
    CHECK(count_entries(dir / "outside") == 0);
}

TEST_CASE("extract: what is no fresh directory is refused") {
    const guild_test::temp_dir dir;
    const std::string bytes = guild_test::tar_file("a") + guild_test::end_of_tar();
    REQUIRE(guild::os::make_directories(dir / "empty"));
    CHECK(extract_bytes(bytes, dir / "empty"));
    CHECK(extract_bytes(bytes, dir / "empty").error().code == guild::errc::already_exists);
    (void)dir.write("file", "x");
    CHECK(extract_bytes(bytes, dir / "file").error().code == guild::errc::not_a_directory);
    REQUIRE(guild::os::make_directories(dir / "real"));
    REQUIRE(::symlink("real", (dir / "link").c_str()) == 0);
    CHECK(extract_bytes(bytes, dir / "link").error().code == guild::errc::not_a_directory);
    CHECK(extract_bytes(bytes, dir / "none/below").error().code == guild::errc::not_found);
    CHECK(extract_bytes(bytes, dir / "slash/"));
    CHECK(guild::os::is_regular_file(dir / "slash/a"));
}

TEST_CASE("extract: an archive that is cut off leaves nothing") {
    const guild_test::temp_dir dir;
    const std::string bytes = guild_test::tar_file("a") + guild_test::tar_file("b", "content");
    CHECK(extract_bytes(bytes, dir / "out").error().code == guild::errc::truncated);
    CHECK(count_entries(dir.path()) == 0);
}

TEST_CASE("extract: a deep tree and many names of one directory") {
    const guild_test::temp_dir dir;
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep += "d/";
    }
    guild_test::raw_header header;
    header.name = deep + "f";
    CHECK(extract_bytes(guild_test::raw_block(header) + guild_test::end_of_tar(), dir / "deep"));
    CHECK(guild::os::is_regular_file(dir / "deep" + '/' + deep + "f"));
}
