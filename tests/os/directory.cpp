#include <guild/os/directory.hpp>

#include "support/temp_dir.hpp"

#include <unistd.h>

#include <doctest/doctest.h>

using namespace guild;
using guild_test::temp_dir;

TEST_CASE("list_directory: gives names in byte order with their kinds") {
    const temp_dir dir;
    (void)dir.write("b", "");
    (void)dir.write("B", "");
    (void)dir.write("sub/x", "");
    REQUIRE(::symlink("sub", (dir / "link").c_str()) == 0);
    const auto entries = os::list_directory(dir.path());
    REQUIRE(entries);
    REQUIRE(entries->size() == 4);
    CHECK((*entries)[0].name == "B");
    CHECK((*entries)[1].name == "b");
    CHECK((*entries)[2].kind == os::file_kind::symlink);
    CHECK((*entries)[3].kind == os::file_kind::directory);
    CHECK(os::list_directory(dir / "none").error().code == errc::not_found);
    CHECK(os::list_directory(dir / "b").error().code == errc::not_a_directory);
}

TEST_CASE("make_directories: makes all levels, takes what exists, names a file in the way") {
    const temp_dir dir;
    CHECK(os::make_directories(dir / "a/b/c"));
    CHECK(os::make_directories(dir / "a/b/c"));
    CHECK(os::is_directory(dir / "a/b/c"));
    (void)dir.write("file", "");
    const auto got = os::make_directories(dir / "file/x");
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::not_a_directory);
    CHECK(os::make_directories(dir / "file").error().code == errc::not_a_directory);
}

TEST_CASE("remove_tree: removes everything below, but not what links point to") {
    const temp_dir dir;
    (void)dir.write("keep/x", "");
    (void)dir.write("gone/deep/y", "");
    REQUIRE(::symlink((dir / "keep").c_str(), (dir / "gone/link").c_str()) == 0);
    CHECK(os::remove_tree(dir / "gone"));
    CHECK_FALSE(os::find_link_status(dir / "gone"));
    CHECK(os::is_regular_file(dir / "keep/x"));
    CHECK(os::remove_tree(dir / "gone"));
    CHECK(os::remove_tree(dir / "keep/x"));
}

TEST_CASE("remove_empty_directory: leaves what has something in it") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("full/file", "x");
    CHECK_FALSE(os::remove_empty_directory(dir / "full"));
    CHECK(os::is_regular_file(path));
    REQUIRE(os::remove_tree(path));
    CHECK(os::remove_empty_directory(dir / "full"));
    CHECK_FALSE(os::is_directory(dir / "full"));
    CHECK(os::remove_empty_directory(dir / "full"));
}

TEST_CASE("directory: one for its owner alone") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "a"));
    REQUIRE(os::restrict_to_owner(dir / "a"));
    CHECK((os::find_status(dir / "a")->mode & 0777U) == 0700U);
    CHECK(os::restrict_to_owner(dir / "b").error().code == guild::errc::not_found);
}
