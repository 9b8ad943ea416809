#include <guild/os/beneath.hpp>

#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

#include <guild/os/file.hpp>

#include "support/temp_dir.hpp"

namespace {

using guild::os::resolving;

constexpr resolving both_ways[] = {resolving::one_call, resolving::part_by_part};

}  // namespace

TEST_CASE("beneath: files, directories and links are made where they belong, both ways") {
    for (const resolving how : both_ways) {
        const guild_test::temp_dir dir;
        auto root = guild::os::beneath::open(dir.path(), how);
        REQUIRE(root);
        REQUIRE(root->make_directory("a"));
        REQUIRE(root->make_directory("a/b"));
        REQUIRE(root->make_directory("a/b"));
        auto file = root->create_file("a/b/f", 0644);
        REQUIRE(file);
        REQUIRE(file->write_all("text"));
        guild::os::set_file_time(*file, 1000);
        REQUIRE(file->close());
        REQUIRE(root->make_hard_link("a/b/f", "same"));
        REQUIRE(root->make_symlink("a/b", "link"));
        REQUIRE(root->finish_directory("a/b", 0500, 2000));
        CHECK(*guild::os::load_file(dir / "same") == "text");
        CHECK(guild::os::find_status(dir / "link")->inode ==
              guild::os::find_status(dir / "a/b")->inode);
        CHECK(guild::os::find_status(dir / "a/b")->mode == 0500);
        CHECK(guild::os::find_status(dir / "a/b")->modified_ns == 2000'000'000'000);
        CHECK(guild::os::find_status(dir / "same")->modified_ns == 1000'000'000'000);
        REQUIRE(::chmod((dir / "a/b").c_str(), 0700) == 0);
    }
}

TEST_CASE("beneath: a symbolic link on the way is refused, both ways") {
    for (const resolving how : both_ways) {
        const guild_test::temp_dir dir;
        REQUIRE(guild::os::make_directories(dir / "inside/deep"));
        REQUIRE(guild::os::make_directories(dir / "outside"));
        REQUIRE(::symlink("../outside", (dir / "inside/d").c_str()) == 0);
        REQUIRE(::symlink("deep", (dir / "inside/here").c_str()) == 0);
        auto root = guild::os::beneath::open(dir / "inside", how);
        REQUIRE(root);
        for (const char* name : {"d/escaped", "here/file", "deep/../d/escaped", "../outside/x"}) {
            CHECK_FALSE(root->create_file(name));
            CHECK_FALSE(root->make_directory(name));
            CHECK_FALSE(root->make_symlink("t", name));
        }
        CHECK_FALSE(root->finish_directory("d", 0700, 0));
        CHECK_FALSE(root->make_directory("d"));
        CHECK(guild::os::list_directory(dir / "outside")->empty());
        CHECK(guild::os::list_directory(dir / "inside/deep")->empty());
    }
}

TEST_CASE("beneath: nothing that stands is written over or followed") {
    const guild_test::temp_dir dir;
    const std::string kept = dir.write("kept", "kept");
    REQUIRE(guild::os::make_directories(dir / "root"));
    REQUIRE(::symlink("../kept", (dir / "root/link").c_str()) == 0);
    auto root = guild::os::beneath::open(dir / "root");
    REQUIRE(root);
    CHECK(root->create_file("link").error().code == guild::errc::already_exists);
    CHECK(root->make_symlink("x", "link").error().code == guild::errc::already_exists);
    REQUIRE(root->make_hard_link("link", "second"));  // of the link, not of what it leads to
    CHECK(guild::os::find_link_status(dir / "root/second")->kind == guild::os::file_kind::symlink);
    CHECK(*guild::os::load_file(kept) == "kept");
}

TEST_CASE("beneath: names that are none beneath it are refused") {
    const guild_test::temp_dir dir;
    auto root = guild::os::beneath::open(dir.path());
    REQUIRE(root);
    for (const std::string& name :
         {std::string(), std::string("/x"), std::string(".."), std::string("a/.."),
          std::string("."), std::string("a//b"), std::string("a\0b", 3), std::string("./a")}) {
        CHECK(root->create_file(name).error().code == guild::errc::bad_value);
    }
    CHECK(root->create_file("missing/file").error().code == guild::errc::not_found);
    CHECK(guild::os::beneath::open(dir / "none").error().code == guild::errc::not_found);
}
