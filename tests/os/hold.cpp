#include <guild/os/hold.hpp>

#include <atomic>

#include <unistd.h>

#include <guild/os/directory.hpp>
#include <guild/os/thread.hpp>

#include <doctest/doctest.h>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;

TEST_CASE("hold: the second waits until the first lets go") {
    const guild_test::temp_dir dir;
    auto first = os::hold(dir / "held");
    REQUIRE(first);
    std::atomic<bool> is_through{false};
    auto second = os::thread::start([&] {
        const auto held = os::hold(dir / "held");
        is_through = held.has_value();
    });
    REQUIRE(second);
    ::usleep(50'000);
    CHECK_FALSE(is_through);
    REQUIRE(first->close());
    second->join();
    CHECK(is_through);
}

TEST_CASE("hold: a process that is killed holds nothing any more") {
    const guild_test::temp_dir dir;
    const int code = guild_test::run_in_copy([&] {
        const auto held = os::hold(dir / "held");
        return ::kill(::getpid(), held ? SIGKILL : SIGTERM);
    });
    CHECK(code == 128 + SIGKILL);
    CHECK(os::hold(dir / "held"));
}

TEST_CASE("hold: a file that cannot be made is an error with its path") {
    const guild_test::temp_dir dir;
    const auto held = os::hold(dir / "nowhere/held");
    REQUIRE_FALSE(held);
    CHECK(held.error().path == dir / "nowhere/held");
}

TEST_CASE("hold: a directory is held without a file in it") {
    const guild_test::temp_dir dir;
    auto first = os::hold_directory(dir.path());
    REQUIRE(first);
    std::atomic<bool> is_through{false};
    auto second = os::thread::start([&] {
        const auto held = os::hold_directory(dir.path());
        is_through = held.has_value();
    });
    REQUIRE(second);
    ::usleep(50'000);
    CHECK_FALSE(is_through);
    REQUIRE(first->close());
    second->join();
    CHECK(is_through);
    CHECK(os::list_directory(dir.path())->empty());
    CHECK(os::hold_directory(dir / "nowhere").error().code == guild::errc::not_found);
}

TEST_CASE("hold: who has to wait is told so before") {
    const guild_test::temp_dir dir;
    int waits = 0;
    auto first = os::hold_directory(dir.path(), [&] { ++waits; });
    REQUIRE(first);
    CHECK(waits == 0);
    const auto second = os::hold_directory(dir.path(), [&] {
        ++waits;
        CHECK(first->close());
    });
    CHECK(second);
    CHECK(waits == 1);
    CHECK(os::hold_directory(dir / "nowhere", [&] { ++waits; }).error().code ==
          guild::errc::not_found);
    CHECK(waits == 1);
}
