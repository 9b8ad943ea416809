#include <guild/os/guard.hpp>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace os = guild::os;

namespace {

bool is_group_alive(int group) {
    return ::kill(-group, 0) == 0;
}

bool ends_within(int group, int limit_ms) {
    for (int waited = 0; waited < limit_ms; waited += 10) {
        (void)::waitpid(group, nullptr, WNOHANG);
        if (!is_group_alive(group)) {
            return true;
        }
        ::usleep(10'000);
    }
    return false;
}

// A process group of one that ignores SIGTERM if told to.
int start_group(bool is_stubborn) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        ::setpgid(0, 0);
        ::signal(SIGTERM, is_stubborn ? SIG_IGN : SIG_DFL);
        (void)!::write(ready[1], "r", 1);
        while (true) {
            ::pause();
        }
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
    return pid;
}

// A program that guards `group` and is then killed.
void guard_and_die(int group, std::int64_t grace_ms) {
    const pid_t program = ::fork();
    REQUIRE(program >= 0);
    if (program == 0) {
        auto guard = os::guard::start(grace_ms);
        if (!guard) {
            ::_exit(1);
        }
        guard->watch(group);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(program, &status, 0) == program);
    REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("guard: ends the group when its program is killed") {
    const int group = start_group(false);
    guard_and_die(group, 5000);
    CHECK(ends_within(group, 2000));
}

TEST_CASE("guard: kills a group that ignores SIGTERM after its time of grace") {
    const int group = start_group(true);
    guard_and_die(group, 100);
    CHECK(ends_within(group, 2000));
}

TEST_CASE("guard: once dismissed it touches nothing and leaves no zombie") {
    const int group = start_group(false);
    int pid = 0;
    {
        auto guard = os::guard::start(100);
        REQUIRE(guard);
        pid = guard->pid();
        CHECK(::kill(pid, 0) == 0);
        guard->watch(group);
    }
    CHECK(::kill(pid, 0) != 0);
    ::usleep(50'000);
    CHECK(is_group_alive(group));
    ::kill(-group, SIGKILL);
    CHECK(ends_within(group, 1000));
}

TEST_CASE("guard: holds no descriptor of its program") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    auto guard = os::guard::start(100);
    REQUIRE(guard);
    ::close(ends[1]);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 0);  // end of file: nobody else holds the pipe
    ::close(ends[0]);
}

TEST_CASE("guard: lives in a session of its own, so that Ctrl-C does not reach it") {
    auto guard = os::guard::start(100);
    REQUIRE(guard);
    for (int tries = 0; tries < 100 && ::getsid(guard->pid()) != guard->pid(); ++tries) {
        ::usleep(5000);
    }
    CHECK(::getsid(guard->pid()) == guard->pid());
}
