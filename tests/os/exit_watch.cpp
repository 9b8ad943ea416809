#include <guild/os/exit_watch.hpp>

#include <cstdint>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/child_program.hpp>

#include <doctest/doctest.h>

namespace {

// A child that lives until it is killed.
pid_t start_sleeper() {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        while (true) {
            pause();
        }
    }
    return pid;
}

bool becomes_readable(int fd, int time_ms) {
    pollfd asked{fd, POLLIN, 0};
    return poll(&asked, 1, time_ms) == 1;
}

}  // namespace

TEST_CASE("exit_watch: the thread form says the same as the pidfd form") {
    for (const bool use_pidfd : {true, false}) {
        const pid_t pid = start_sleeper();
        auto watch = guild::os::exit_watch::open(pid, use_pidfd);
        REQUIRE(watch.has_value());
        CHECK_FALSE(watch->has_ended());
        CHECK_FALSE(becomes_readable(watch->fd(), 50));
        kill(pid, SIGKILL);
        CHECK(becomes_readable(watch->fd(), 5'000));
        CHECK(watch->has_ended());
        int status = 0;
        CHECK(waitpid(pid, &status, WNOHANG) == pid);  // it was left to be collected
        CHECK(WTERMSIG(status) == SIGKILL);
        CHECK(watch->has_ended());
    }
}

TEST_CASE("exit_watch: a child that has ended before is seen at once") {
    for (const bool use_pidfd : {true, false}) {
        const pid_t pid = start_sleeper();
        kill(pid, SIGKILL);
        siginfo_t ignored{};
        REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &ignored, WEXITED | WNOWAIT) == 0);
        auto watch = guild::os::exit_watch::open(pid, use_pidfd);
        REQUIRE(watch.has_value());
        CHECK(becomes_readable(watch->fd(), 5'000));
        CHECK(waitpid(pid, nullptr, WNOHANG) == pid);
    }
}

TEST_CASE("exit_watch: leaves no descriptor and no thread behind") {
    const int before = guild_test::open_descriptors();
    for (const bool use_pidfd : {true, false}) {
        const pid_t pid = start_sleeper();
        {
            auto watch = guild::os::exit_watch::open(pid, use_pidfd);
            REQUIRE(watch.has_value());
            kill(pid, SIGKILL);
        }
        CHECK(waitpid(pid, nullptr, 0) == pid);
    }
    CHECK(guild_test::open_descriptors() == before);
}
