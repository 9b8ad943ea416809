#include <guild/package/verify.hpp>

#include <doctest/doctest.h>

#include <string>

#include <guild/base/text.hpp>
#include <guild/os/link.hpp>

#include "support/package_files.hpp"
#include "support/programs.hpp"
#include "support/temp_dir.hpp"

namespace {

/// The difference that verifying finds when the buildinfo is of `was` and the archive of `is`.
std::string difference_between(const std::vector<std::pair<std::string, std::string>>& was,
                               const std::vector<std::pair<std::string, std::string>>& is) {
    const guild_test::temp_dir first;
    const guild_test::temp_dir second;
    const std::string path = guild_test::make_package(first, "p", "1", is);
    (void)guild_test::make_package(second, "p", "1", was);
    REQUIRE(guild::os::rename_path(second / "p-1.buildinfo", first / "p-1.buildinfo"));
    const auto found = guild::package::verify(path);
    REQUIRE(found);
    return found->difference.value_or("none");
}

}  // namespace

TEST_CASE("verify: an archive as it was packed is the same") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const auto done =
        guild::package::pack(guild_test::package_request(dir, "p", "1", {{"f", "x"}, {"g", ""}}));
    REQUIRE(done);
    const auto found = guild::package::verify(done->archive_path);
    REQUIRE(found);
    CHECK_FALSE(found->difference);
    CHECK_FALSE(found->is_compressed_differently);
    CHECK(found->tar_sha256 == done->tar_sha256);
    CHECK(found->archive_sha256 == done->archive_sha256);
}

TEST_CASE("verify: the first member that differs is named") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    CHECK(difference_between({{"a", "1"}, {"b", "1"}, {"c", "1"}},
                             {{"a", "1"}, {"b", "2"}, {"c", "2"}}) == "\"./b\" has other content");
    CHECK(difference_between({{"a", "1"}}, {{"a", "12"}}) == "\"./a\" has another size");
    CHECK(difference_between({{"a", "1"}}, {{"a", "1"}, {"b", "1"}}) == "\"./b\" was not there");
    CHECK(difference_between({{"a", "1"}, {"b", "1"}}, {{"a", "1"}}) == "\"./b\" is missing");
    CHECK(difference_between({{"a", "1"}}, {{"b", "1"}}) == "\"./b\" is where \"./a\" was");
}

TEST_CASE("verify: another compression of the same tar is told, and no difference") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const std::string path = guild_test::make_package(dir, "p", "1", {{"f", "x"}});
    (void)dir.write("plain.tar", guild_test::output_of({"xz", "-dc", path}));
    (void)dir.write("p-1.pkg.tar.xz", guild_test::output_of({"xz", "-0c", dir / "plain.tar"}));
    const auto found = guild::package::verify(path);
    REQUIRE(found);
    CHECK_FALSE(found->difference);
    CHECK(found->is_compressed_differently);
}

TEST_CASE("verify: what cannot be compared is an error with its path") {
    const guild_test::temp_dir dir;
    using guild::package::verify;
    CHECK(verify(dir / "x.tar").error().code == guild::errc::bad_value);
    CHECK(verify(dir / "x-1.pkg.tar.xz").error().code == guild::errc::not_found);
    if (!guild_test::has_program("xz")) {
        return;
    }
    const std::string path = guild_test::make_package(dir, "p", "1");
    const std::string info = *guild::os::load_file(dir / "p-1.buildinfo");
    (void)dir.write("p-1.buildinfo", info + "file\t0644\n");
    CHECK(verify(path).error().path == dir / "p-1.buildinfo");
    CHECK(verify(path).error().where.line == 8);
    (void)dir.write("p-1.buildinfo", info);
    const std::string packed = *guild::os::load_file(path);
    (void)dir.write("p-1.pkg.tar.xz", packed.substr(0, packed.size() - 30));
    CHECK(guild::contains(verify(path).error().message, "xz failed"));
    REQUIRE(guild::os::remove_tree(dir / "p-1.buildinfo"));
    CHECK(verify(path).error().path == dir / "p-1.buildinfo");
}
