#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include "support/temp_dir.hpp"

#include <sys/stat.h>

#include <doctest/doctest.h>

using namespace guild;
using guild_test::temp_dir;

namespace {

// A system whose write gives at most three bytes a call, every second call interrupted.
std::int64_t short_write(int fd, const void* from, std::size_t size) {
    static int calls = 0;
    return ++calls % 2 == 0 ? -std::int64_t{EINTR}
                            : os::system_env.write(fd, from, size < 3 ? size : 3);
}

std::int64_t full_write(int /*fd*/, const void* /*from*/, std::size_t /*size*/) {
    return -ENOSPC;
}

int failing_sync(int /*fd*/) {
    return -EIO;
}

}  // namespace

TEST_CASE("open_file: says which file is missing and why") {
    const auto got = os::open_file("/no/such/file", os::open_mode::read);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::not_found);
    CHECK(got.error().path == "/no/such/file");
}

TEST_CASE("open_file: create_new refuses a file that exists") {
    const temp_dir dir;
    const std::string path = dir.write("a", "old");
    const auto got = os::open_file(path, os::open_mode::create_new);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::already_exists);
    CHECK(*os::load_file(path) == "old");
}

TEST_CASE("open_file: refuses a name with a zero byte instead of cutting it there") {
    const auto got = os::open_file(std::string("/tmp\0x", 6), os::open_mode::read);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_value);
}

TEST_CASE("load_file: a named pipe in a file's place is an error, not a wait for its writer") {
    const temp_dir dir;
    const std::string path = dir / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK_FALSE(os::load_file(path));
}

TEST_CASE("file: append writes to the end, read_at and write_at go to offsets") {
    const temp_dir dir;
    const std::string path = dir.write("a", "0123");
    auto file = os::open_file(path, os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all("45"));
    char bytes[16];
    const auto got = file->read_at(2, bytes, sizeof bytes);
    REQUIRE(got);
    CHECK(std::string(bytes, *got) == "2345");
    REQUIRE(file->truncate(3));
    CHECK(file->status()->size == 3);
    auto plain = os::open_file(path, os::open_mode::write);
    REQUIRE(plain);
    REQUIRE(plain->write_at(1, "xy"));
    CHECK(*os::load_file(path) == "0xy");
}

TEST_CASE("file: a moved-from file is closed and closing twice is harmless") {
    const temp_dir dir;
    auto first = os::open_file(dir.write("a", "x"), os::open_mode::read);
    REQUIRE(first);
    os::file second = *std::move(first);
    CHECK(second.is_open());
    CHECK_FALSE(first->is_open());
    CHECK(second.close());
    CHECK(second.close());
}

TEST_CASE("file: short and interrupted writes are continued") {
    const temp_dir dir;
    os::env system = os::system_env;
    system.write = short_write;
    auto file = os::open_file(dir / "a", os::open_mode::create_new, system);
    REQUIRE(file);
    REQUIRE(file->write_all("a long line of text"));
    CHECK(*os::load_file(dir / "a") == "a long line of text");
}

TEST_CASE("load_file: refuses more than the limit, a directory, and takes an empty file") {
    const temp_dir dir;
    const std::string path = dir.write("a", "12345");
    CHECK(*os::load_file(path, 5) == "12345");
    CHECK(os::load_file(path, 4).error().code == errc::too_large);
    CHECK(os::load_file(dir.path()).error().code == errc::bad_value);
    CHECK(os::load_file(dir.write("empty", ""))->empty());
    const std::string large(200000, 'x');
    CHECK(*os::load_file(dir.write("large", large)) == large);
}

TEST_CASE("save_file: keeps the mode and follows a symbolic link") {
    const temp_dir dir;
    const std::string path = dir.write("a", "old");
    REQUIRE(::chmod(path.c_str(), 0750) == 0);
    REQUIRE(::symlink("a", (dir / "link").c_str()) == 0);
    REQUIRE(os::save_file(dir / "link", "new"));
    CHECK(*os::load_file(path) == "new");
    CHECK(os::get_status(path)->mode == 0750);
    CHECK(os::find_link_status(dir / "link")->kind == os::file_kind::symlink);
    CHECK(os::list_directory(dir.path())->size() == 2);
}

TEST_CASE("save_file: leaves the old file and no other when the disk is full or cannot sync") {
    const temp_dir dir;
    const std::string path = dir.write("a", "old");
    os::env full = os::system_env;
    full.write = full_write;
    CHECK(os::save_file(path, "new", full).error().code == errc::no_space);
    os::env broken = os::system_env;
    broken.fsync = failing_sync;
    CHECK(os::save_file(path, "new", broken).error().code == errc::io_failed);
    CHECK(*os::load_file(path) == "old");
    CHECK(os::list_directory(dir.path())->size() == 1);
}

TEST_CASE("is_executable: wants a regular file with the right") {
    const temp_dir dir;
    const std::string path = dir.write("a", "#!/bin/sh\n");
    CHECK_FALSE(os::is_executable(path));
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
    CHECK(os::is_executable(path));
    CHECK_FALSE(os::is_executable(dir.path()));
    CHECK_FALSE(os::is_executable(dir / "none"));
}

TEST_CASE("real path: links and dots are gone") {
    const guild_test::temp_dir dir;
    (void)dir.write("real/file", "");
    REQUIRE(::symlink((dir / "real").c_str(), (dir / "link").c_str()) == 0);
    const std::string root = os::get_real_path(dir.path()).value();
    CHECK(os::get_real_path(dir / "link/../link/./file").value() == root + "/real/file");
    const auto missing = os::get_real_path(dir / "nowhere");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == guild::errc::not_found);
}

TEST_CASE("absolute_path: starts at the working directory") {
    CHECK(os::absolute_path("/a/../b") == "/b");
    CHECK(os::absolute_path("x") == join_path(os::current_directory(), "x"));
    CHECK(os::absolute_path(".") == os::current_directory());
}

TEST_CASE("copy_bytes: a part of a file goes to the same place in another") {
    const guild_test::temp_dir dir;
    const std::string content(700'001, 'x');
    auto from = os::open_file(dir.write("from", content + "tail"), os::open_mode::read);
    auto to = os::open_file(dir / "to", os::open_mode::create_new);
    REQUIRE(from);
    REQUIRE(to);
    REQUIRE(os::copy_bytes(*from, content.size(), *to));
    CHECK(os::load_file(dir / "to").value() == content);
    const auto short_one = os::copy_bytes(*from, content.size() + 5, *to);
    REQUIRE_FALSE(short_one);
    CHECK(short_one.error().code == guild::errc::truncated);
}

TEST_CASE("reserve_space: the file keeps its length and its bytes") {
    const guild_test::temp_dir dir;
    auto file = guild::os::open_file(dir / "f", guild::os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all("abc"));
    guild::os::reserve_space(*file, 16'384);
    REQUIRE(file->write_all("def"));
    CHECK(guild::os::load_file(dir / "f").value() == "abcdef");
}

TEST_CASE("open_regular_file: directories and pipes are refused") {
    const guild_test::temp_dir dir;
    const auto opened = os::open_regular_file(dir.write("f", "text"));
    REQUIRE(opened);
    CHECK(opened->status.size == 4);
    char bytes[4];
    CHECK(opened->content.read_at(0, bytes, sizeof bytes).value() == 4);
    REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
    for (const std::string& path : {dir.path(), dir / "pipe"}) {
        const auto refused = os::open_regular_file(path);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == guild::errc::bad_value);
        CHECK(refused.error().path == path);
    }
    CHECK(os::open_regular_file(dir / "none").error().code == guild::errc::not_found);
}
