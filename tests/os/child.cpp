#include <guild/os/child.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <guild/os/thread.hpp>
#include <support/child_program.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::errc;
using guild::os::child;
using guild::os::exit_status;
using guild::os::process_options;

namespace {

// Reads until `size` bytes have come, the end, or five seconds.
std::string read_some(int fd, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        pollfd asked{fd, POLLIN, 0};
        if (poll(&asked, 1, 5'000) != 1) {
            break;
        }
        char piece[256];
        const ssize_t got = read(fd, piece, sizeof piece);
        if (got <= 0) {
            break;
        }
        text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
}

exit_status must_wait(child& process) {
    auto ended = process.wait();
    REQUIRE(ended.has_value());
    return *ended;
}

}  // namespace

TEST_CASE("child: starts, answers through its pipes and ends") {
    process_options options = child_options("echo");
    options.in = guild::os::stream_mode::pipe;
    child process = must_start(options);
    CHECK(process.is_started());
    CHECK(process.pid() > 0);
    CHECK(process.write_in("hello").value() == 5);
    CHECK(read_some(process.out_fd(), 5) == "hello");
    process.close_in();
    CHECK(process.in_fd() == -1);
    CHECK(must_wait(process).success());
    CHECK(read_some(process.out_fd(), 1).empty());
    CHECK(process.usage().has_value());
}

TEST_CASE("child: exit codes and signals arrive as they are") {
    for (const int code : {0, 1, 2, 100, 126, 127, 128, 137, 255}) {
        child process = must_start(child_options("exit_code", {std::to_string(code)}));
        const exit_status ended = must_wait(process);
        CHECK(ended.how == exit_status::kind::exited);
        CHECK(ended.code == code);
    }
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGKILL, SIGSEGV,
                             SIGPIPE, SIGALRM, SIGTERM, SIGUSR1}) {
        child process = must_start(child_options("exit_code", {std::to_string(-number)}));
        const exit_status ended = must_wait(process);
        CHECK(ended.how == exit_status::kind::signalled);
        CHECK(ended.signal == number);
    }
}

TEST_CASE("child: a signal reaches its whole group") {
    child process = must_start(shell_options("sleep 30 & echo $!; wait"));
    const int grandchild = std::atoi(read_some(process.out_fd(), 2).c_str());
    REQUIRE(grandchild > 0);
    REQUIRE(process.signal(SIGTERM).has_value());
    CHECK(must_wait(process).signal == SIGTERM);
    CHECK(ends_soon(grandchild));
}

TEST_CASE("child: stop ends what listens to SIGTERM without waiting for its grace") {
    child process = must_start(child_options("sleep", {"20000"}));
    CHECK(read_some(process.out_fd(), 6) == "ready\n");
    const std::int64_t start_ms = now_ms();
    CHECK(process.stop().value().signal == SIGTERM);
    CHECK(now_ms() - start_ms < 1'000);
}

TEST_CASE("child: stop kills what ignores SIGTERM") {
    child process = must_start(child_options("ignore_term"));
    CHECK(read_some(process.out_fd(), 6) == "ready\n");
    const std::int64_t start_ms = now_ms();
    CHECK(process.stop({{SIGTERM, 150}, {SIGKILL, 5'000}}).value().signal == SIGKILL);
    CHECK(now_ms() - start_ms >= 145);
    CHECK(now_ms() - start_ms < 1'500);
}

TEST_CASE("child: stop says so when nothing of the sequence ended it") {
    child process = must_start(child_options("ignore_term"));
    CHECK(read_some(process.out_fd(), 6) == "ready\n");
    const auto stopped = process.stop({{SIGTERM, 50}});
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == errc::timed_out);
    CHECK_FALSE(process.poll_exit().value().has_value());
}

TEST_CASE("child: stop sweeps what the process leaves behind in its group") {
    child process = must_start(child_options("hold", {"30000"}));
    const int grandchild = std::atoi(read_some(process.out_fd(), 5).c_str() + 3);
    REQUIRE(grandchild > 0);
    CHECK(is_running(grandchild));
    CHECK(process.stop().has_value());
    CHECK(ends_soon(grandchild));
}

TEST_CASE("child: writing to one that reads no more is a value, not a signal") {
    process_options options = child_options("exit_code", {"0"});
    options.in = guild::os::stream_mode::pipe;
    child process = must_start(options);
    (void)must_wait(process);
    const auto wrote = process.write_in("x");
    REQUIRE_FALSE(wrote);
    CHECK(wrote.error().code == errc::closed);
}

TEST_CASE("child: a full pipe takes nothing and does not wait") {
    process_options options = child_options("sleep", {"20000"});
    options.in = guild::os::stream_mode::pipe;
    child process = must_start(options);
    const std::string much(1'000'000, 'x');
    std::size_t taken = 0;
    for (std::size_t got = 1; got != 0; taken += got) {
        got = process.write_in(much).value();
    }
    CHECK(taken > 0);
    CHECK(taken < much.size());
}

TEST_CASE("child: without a process every question is answered with closed") {
    child none;
    CHECK_FALSE(none.is_started());
    CHECK(none.pid() == -1);
    CHECK(none.exit_fd() == -1);
    CHECK(none.poll_exit().error().code == errc::closed);
    CHECK(none.wait().error().code == errc::closed);
    CHECK(none.signal(SIGTERM).error().code == errc::closed);
    CHECK(none.stop().error().code == errc::closed);
    CHECK_FALSE(none.usage().has_value());
}

TEST_CASE("child: its exit descriptor can be polled beside others") {
    child process = must_start(child_options("sleep", {"100"}));
    pollfd asked{process.exit_fd(), POLLIN, 0};
    CHECK(poll(&asked, 1, 20) == 0);
    CHECK(poll(&asked, 1, 5'000) == 1);
    CHECK(process.poll_exit().value().has_value());
}
