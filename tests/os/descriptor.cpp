#include <guild/os/descriptor.hpp>

#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

#include <guild/os/file.hpp>

namespace os = guild::os;

TEST_CASE("wait_until_ready: tells which pipe has bytes") {
    const auto quiet = os::wake_pipe::create();
    const auto loud = os::wake_pipe::create();
    REQUIRE(quiet);
    REQUIRE(loud);
    loud->notify('x');
    os::watched_descriptor items[3];
    items[0].fd = quiet->fd();
    items[1].fd = -1;
    items[2].fd = loud->fd();
    os::wait_until_ready(items, 3, 1000);
    CHECK_FALSE(items[0].is_ready);
    CHECK_FALSE(items[1].is_ready);
    CHECK(items[2].is_ready);
}

TEST_CASE("wait_until_ready: gives up when the time is over") {
    const auto quiet = os::wake_pipe::create();
    REQUIRE(quiet);
    os::watched_descriptor item;
    item.fd = quiet->fd();
    const std::int64_t before_us = os::system_env.boot_time_us();
    os::wait_until_ready(&item, 1, 20);
    CHECK_FALSE(item.is_ready);
    CHECK(os::system_env.boot_time_us() - before_us >= 19'000);
}

TEST_CASE("wake pipe: bytes come out in their order, a full one drops") {
    const auto pipe = os::wake_pipe::create();
    REQUIRE(pipe);
    CHECK(pipe->take().empty());
    pipe->notify('a');
    pipe->notify('b');
    CHECK(pipe->take() == "ab");
    for (int i = 0; i < 100'000; ++i) {
        pipe->notify('x');  // must not block
    }
    CHECK(pipe->take().size() == 64);
}

TEST_CASE(
    "write_to_descriptor: writes all to a pipe that does not block, and reports a closed one") {
    auto ends = os::make_pipe();
    REQUIRE(ends);
    os::set_nonblocking(ends->write.get());
    const std::string text(100'000, 'x');  // more than a pipe holds
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ends->write.reset();
        std::size_t total = 0;
        char block[4096];
        for (ssize_t got = 1; got > 0; total += static_cast<std::size_t>(got)) {
            got = ::read(ends->read.get(), block, sizeof block);
        }
        ::_exit(total == 100'000 ? 0 : 1);
    }
    ends->read.reset();
    CHECK(os::write_to_descriptor(ends->write.get(), text) == 0);
    ends->write.reset();
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);

    auto broken = os::make_pipe();
    REQUIRE(broken);
    broken->read.reset();
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    CHECK(os::write_to_descriptor(broken->write.get(), "x") == EPIPE);
    std::signal(SIGPIPE, before);
}

TEST_CASE("replace_descriptor: the same number stands for another file, closed on exec") {
    const guild_test::temp_dir dir;
    auto first = os::open_file(dir / "first", os::open_mode::append);
    auto second = os::open_file(dir / "second", os::open_mode::create_new);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(os::is_appending(first->fd()));
    CHECK_FALSE(os::is_appending(second->fd()));
    REQUIRE(os::replace_descriptor(first->fd(), second->fd()));
    REQUIRE(first->write_all("here"));
    CHECK(os::load_file(dir / "second").value() == "here");
    CHECK((::fcntl(first->fd(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK_FALSE(os::replace_descriptor(first->fd(), -1));
}
