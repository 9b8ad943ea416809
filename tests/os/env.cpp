#include <guild/os/env.hpp>

#include "support/temp_dir.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

using namespace guild;

TEST_CASE("os_error: keeps the system's words and number") {
    const error what = os::os_error(ENOENT, "open", "data/x");
    CHECK(what.code == errc::not_found);
    CHECK(to_string(what) == "data/x: open failed: " + std::string(std::strerror(ENOENT)) + " (2)");
}

TEST_CASE("os_error: classifies what a user can act on") {
    CHECK(os::classify_errno(ENOSPC) == errc::no_space);
    CHECK(os::classify_errno(EDQUOT) == errc::no_space);
    CHECK(os::classify_errno(EACCES) == errc::permission_denied);
    CHECK(os::classify_errno(EROFS) == errc::read_only);
    CHECK(os::classify_errno(EADDRINUSE) == errc::address_in_use);
    CHECK(os::classify_errno(EMFILE) == errc::resource_exhausted);
    CHECK(os::classify_errno(EIO) == errc::io_failed);
}

TEST_CASE("system_env: failures come back as negative numbers of errno") {
    CHECK(os::system_env.open("/no/such/file", O_RDONLY, 0) == -ENOENT);
    CHECK(os::system_env.close(-1) == -EBADF);
    CHECK(os::system_env.unlink("/no/such/file") == -ENOENT);
    os::file_status status;
    CHECK(os::system_env.stat("/no/such/file", &status) == -ENOENT);
    CHECK(os::system_env.fstat(-1, &status) == -EBADF);
}

TEST_CASE("system_env: files that it opens are closed on exec") {
    const int fd = os::system_env.open("/", O_RDONLY, 0);
    REQUIRE(fd >= 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(os::system_env.close(fd) == 0);
}

TEST_CASE("system_env: a status tells kind, size, mode and identity") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("a", "12345");
    REQUIRE(::symlink(path.c_str(), (dir / "link").c_str()) == 0);
    os::file_status status;
    REQUIRE(os::system_env.stat(path.c_str(), &status) == 0);
    CHECK(status.kind == os::file_kind::regular);
    CHECK(status.size == 5);
    CHECK(status.links == 1);
    os::file_status linked;
    REQUIRE(os::system_env.stat((dir / "link").c_str(), &linked) == 0);
    CHECK(linked.inode == status.inode);
    REQUIRE(os::system_env.lstat((dir / "link").c_str(), &linked) == 0);
    CHECK(linked.kind == os::file_kind::symlink);
}

TEST_CASE("system_env: the clocks run, the wall clock since 1970 in microseconds") {
    constexpr std::int64_t year_2020_us = 1577836800LL * 1000000;
    CHECK(os::system_env.wall_time_us() > year_2020_us);
    const std::int64_t before = os::system_env.boot_time_us();
    CHECK(os::system_env.boot_time_us() >= before);
}
