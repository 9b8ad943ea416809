#include <guild/os/exit_status.hpp>

#include <string>

#include <signal.h>

#include <doctest/doctest.h>

using guild::os::exit_status;

namespace {

exit_status exited(int code) {
    exit_status status;
    status.how = exit_status::kind::exited;
    status.code = code;
    return status;
}

exit_status killed(int signal, bool core = false) {
    exit_status status;
    status.how = exit_status::kind::signalled;
    status.signal = signal;
    status.core = core;
    return status;
}

}  // namespace

TEST_CASE("exit_status: its text names code, signal and core") {
    CHECK(to_string(exited(3)) == "exit code 3");
    CHECK(to_string(killed(SIGTERM)) == "killed by SIGTERM");
    CHECK(to_string(killed(SIGSEGV, true)) == "killed by SIGSEGV (core dumped)");
    CHECK(to_string(exit_status{}) == "ended in an unknown way");
}

TEST_CASE("exit_status: only exit code 0 is a success") {
    CHECK(exited(0).success());
    CHECK_FALSE(exited(1).success());
    CHECK_FALSE(killed(SIGTERM).success());
    CHECK_FALSE(exit_status{}.success());
}

TEST_CASE("shell_code: the convention of shells") {
    CHECK(guild::os::shell_code(exited(0)) == 0);
    CHECK(guild::os::shell_code(exited(137)) == 137);
    CHECK(guild::os::shell_code(killed(SIGKILL)) == 137);
    CHECK(guild::os::shell_code(exit_status{}) == 255);
}

TEST_CASE("signal_name: every signal has a text, and no two the same") {
    CHECK(guild::os::signal_name(SIGINT) == "SIGINT");
    CHECK(guild::os::signal_name(SIGWINCH) == "SIGWINCH");
    CHECK(guild::os::signal_name(999) == "signal 999");
#if defined(SIGRTMIN)
    CHECK(guild::os::signal_name(SIGRTMIN) == "SIGRTMIN");
    CHECK(guild::os::signal_name(SIGRTMIN + 2) == "SIGRTMIN+2");
#endif
    for (int first = 1; first < 65; ++first) {
        for (int second = first + 1; second < 65; ++second) {
            CHECK(guild::os::signal_name(first) != guild::os::signal_name(second));
        }
    }
}

#if defined(__linux__)
TEST_CASE("decode_wait_status: words of Linux, taken apart by hand") {
    CHECK(guild::os::decode_wait_status(0x0300).code == 3);
    CHECK(guild::os::decode_wait_status(0x0300).how == exit_status::kind::exited);
    CHECK(guild::os::decode_wait_status(0x0009).signal == 9);
    CHECK_FALSE(guild::os::decode_wait_status(0x0009).core);
    CHECK(guild::os::decode_wait_status(0x008B).signal == 11);
    CHECK(guild::os::decode_wait_status(0x008B).core);
    CHECK(guild::os::decode_wait_status(0x137F).how ==
          exit_status::kind::unknown);  // stopped, not ended
}
#endif
