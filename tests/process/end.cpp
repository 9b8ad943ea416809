// Cases 36 to 44 of what a runner of processes has to get right: how programs end and are ended.
#include <guild/os/process.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::errc;
using guild::os::child;
using guild::os::exit_status;
using guild::os::process_options;
using guild::os::run_options;
using guild::os::run_result;

namespace {

void ignore_signal(int /*number*/) {}

// Interrupts every system call of this thread 500 times a second while it lives.
class alarm_storm {
public:
    alarm_storm() {
        struct sigaction action{};
        action.sa_handler = ignore_signal;  // without SA_RESTART
        sigaction(SIGALRM, &action, &before_);
        itimerval every{};
        every.it_interval.tv_usec = every.it_value.tv_usec = 2'000;
        setitimer(ITIMER_REAL, &every, nullptr);
    }
    alarm_storm(const alarm_storm&) = delete;
    alarm_storm& operator=(const alarm_storm&) = delete;
    ~alarm_storm() {
        const itimerval never{};
        setitimer(ITIMER_REAL, &never, nullptr);
        sigaction(SIGALRM, &before_, nullptr);
    }

private:
    struct sigaction before_{};
};

// Reads into `seen` until it holds `text`; false after a minute.
bool read_until(int fd, const std::string& text, std::string& seen) {
    while (seen.find(text) == std::string::npos) {
        pollfd asked{fd, POLLIN, 0};
        char piece[256];
        const ssize_t got = poll(&asked, 1, 60'000) == 1 ? read(fd, piece, sizeof piece) : 0;
        if (got <= 0) {
            return false;
        }
        seen.append(piece, static_cast<std::size_t>(got));
    }
    return true;
}

std::string read_line(int fd) {
    std::string text;
    (void)read_until(fd, "\n", text);
    return text;
}

exit_status must_wait(child& process) {
    auto ended = process.wait();
    REQUIRE(ended.has_value());
    return *ended;
}

bool kills_by_default(int number) {
    for (const int other :
         {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
        if (number == other) {
            return false;
        }
    }
    return number < 32 || (number >= SIGRTMIN && number <= SIGRTMAX);
}

// Whether this machine writes a core file for a program that aborts here.
bool leaves_core(const std::string& directory) {
    const pid_t pid = fork();
    if (pid == 0) {
        const rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &unlimited);
        (void)!chdir(directory.c_str());
        execl(child_program("exit_code").c_str(), "exit_code", "-6", nullptr);
        _exit(1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WCOREDUMP(status);
}

}  // namespace

TEST_CASE("case 37: death by SIGKILL is told from every exit code, 137 too") {
    const run_result killed = must_run(child_options("exit_code", {"-9"}));
    CHECK(killed.status.how == exit_status::kind::signalled);
    CHECK(killed.status.signal == 9);
    for (const int code : {1, 9, 137}) {
        const run_result exited = must_run(child_options("exit_code", {std::to_string(code)}));
        CHECK(exited.status.how == exit_status::kind::exited);
        CHECK(exited.status.code == code);
    }
}

TEST_CASE("case 36: every exit code arrives as it is") {
    for (int code = 0; code < 256; ++code) {
        const run_result ran = must_run(child_options("exit_code", {std::to_string(code)}));
        REQUIRE(ran.status.how == exit_status::kind::exited);
        REQUIRE(ran.status.code == code);
    }
}

TEST_CASE("case 36: every signal that ends a program arrives as it is") {
    for (int number = 1; number < NSIG; ++number) {
        if (!kills_by_default(number)) {
            continue;
        }
        process_options options = child_options("exit_code", {std::to_string(-number)});
        options.limits = {{RLIMIT_CORE, 0, 0}};
        const run_result ran = must_run(options);
        CAPTURE(number);
        REQUIRE(ran.status.how == exit_status::kind::signalled);
        REQUIRE(ran.status.signal == number);
        REQUIRE_FALSE(ran.status.core);
    }
}

TEST_CASE("case 36: a core file is told where the machine writes one") {
    const temp_dir dir;
    const bool expected = leaves_core(dir.path());
    process_options options = child_options("exit_code", {"-6"});
    options.directory = dir.path();
    options.limits = {{RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY}};
    const auto ran = guild::os::run(options);
    if (!ran) {
        MESSAGE("skipped: this user may not have core files");
        return;
    }
    CHECK(ran->status.core == expected);
}

TEST_CASE("case 36: a stopped process has not ended") {
    child process = must_start(child_options("sleep", {"300"}));
    CHECK(read_line(process.out_fd()) == "ready\n");
    REQUIRE(process.signal(SIGSTOP).has_value());
    CHECK_FALSE(process.wait_for_ms(300).value().has_value());
    REQUIRE(process.signal(SIGCONT).has_value());
    CHECK(must_wait(process).success());
}

TEST_CASE("case 38: a grandchild that holds the pipes does not hold up the run") {
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("hold", {"6000"}));
    const std::int64_t took_ms = now_ms() - start_ms;
    CHECK(ran.out.substr(0, 3) == "hi ");
    CHECK(ran.status.success());
    CHECK(ran.orphaned_output);
    CHECK(took_ms >= 450);
    CHECK(took_ms < 5'500);
    kill(std::atoi(ran.out.c_str() + 3), SIGKILL);
}

TEST_CASE("case 38: a grandchild that ends within the time to linger is waited for") {
    const run_result ran = must_run(child_options("hold", {"100"}));
    CHECK(ran.status.success());
    CHECK_FALSE(ran.orphaned_output);
}

TEST_CASE("case 39: the time limit stops a program that listens to SIGTERM") {
    run_options limits;
    limits.timeout_ms = 200;
    limits.stop = {{SIGTERM, 30'000}, {SIGKILL, 10'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("sleep", {"20000"}), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.how == exit_status::kind::signalled);
    CHECK(ran.status.signal == SIGTERM);
    CHECK(ran.out == "ready\n");
    CHECK(now_ms() - start_ms >= 195);
    CHECK(now_ms() - start_ms < 9'000);
}

TEST_CASE("case 39: a program that ignores SIGTERM is killed when its grace is over") {
    run_options limits;
    limits.timeout_ms = 200;
    limits.stop = {{SIGINT, 100}, {SIGTERM, 200}, {SIGKILL, 10'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("ignore_term"), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.signal == SIGKILL);
    CHECK(now_ms() - start_ms >= 495);
    CHECK(now_ms() - start_ms < 9'000);
}

TEST_CASE("case 40: stopping takes the rest of the group along") {
    run_options limits;
    limits.timeout_ms = 300;
    limits.stop = {{SIGTERM, 5'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(
        shell_options("trap '' TERM; sleep 30 & echo $!; trap 'exit 5' TERM; wait; wait"), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.code == 5);
    CHECK_FALSE(ran.orphaned_output);
    CHECK(now_ms() - start_ms < 4'900);
    CHECK(ends_soon(std::atoi(ran.out.c_str())));
}

TEST_CASE("case 40: what left its group, its session and its parent goes too, and is collected") {
    const int code = run_in_copy([] {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        run_options limits;
        limits.timeout_ms = 1'000;
        limits.stop = {{SIGTERM, 20'000}, {SIGKILL, 10'000}};
        limits.sweep = true;
        const auto ran = guild::os::run(
            shell_options(child_program("hold") + " 90000 setsid; sleep 90"), limits);
        if (!ran || ran->out.substr(0, 3) != "hi ") {
            return 1;
        }
        const int away = std::atoi(ran->out.c_str() + 3);
        return !ran->timed_out ? 2 : kill(away, 0) == 0 ? 3 : has_children() ? 4 : 0;
    });
    CHECK(code == 0);
}

TEST_CASE("case 41: a signal after the end hits nobody") {
    child process = must_start(child_options("exit_code", {"0"}));
    (void)must_wait(process);
    for (const int number : {0, SIGTERM, SIGKILL}) {
        const auto sent = process.signal(number);
        REQUIRE_FALSE(sent);
        CHECK(sent.error().code == errc::not_found);
    }
    CHECK(process.stop().value().success());
}

TEST_CASE("case 41: another process that got the number is left alone (skipped without root)") {
    const int code = run_in_copy([] {
        if (unshare(CLONE_NEWPID) != 0) {
            return 77;
        }
        const pid_t first = fork();  // process 1 of a new world
        if (first == 0) {
            auto process = child::start(child_options("exit_code", {"0"}));
            if (!process || !process->wait()) {
                _exit(1);
            }
            FILE* last = std::fopen("/proc/sys/kernel/ns_last_pid", "w");
            if (last == nullptr || std::fprintf(last, "%d", process->pid() - 1) < 0 ||
                std::fclose(last) != 0) {
                _exit(77);
            }
            const pid_t other = fork();
            if (other == 0) {
                while (true) {
                    pause();
                }
            }
            const bool is_refused = !process->signal(SIGKILL) && process->stop().has_value();
            *process = child();
            usleep(50'000);
            const bool lives = waitpid(other, nullptr, WNOHANG) == 0;
            kill(other, SIGKILL);
            _exit(other != process->pid() && other < 2 ? 2 : is_refused && lives ? 0 : 3);
        }
        int status = 0;
        waitpid(first, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
    });
    if (code == 77) {
        MESSAGE("skipped: needs the right to make a pid namespace");
        return;
    }
    CHECK(code == 0);
}

TEST_CASE("case 42: two threads may wait for one process") {
    for (const bool use_pidfd : {true, false}) {
        process_options options = child_options("exit_code", {"5"});
        options.use_pidfd = use_pidfd;
        child process = must_start(options);
        std::atomic<int> right{0};
        std::vector<guild::os::thread> threads;
        for (int i = 0; i < 4; ++i) {
            auto started = guild::os::thread::start([&] {
                const auto ended = process.wait();
                if (ended && ended->code == 5) {
                    ++right;
                }
            });
            REQUIRE(started.has_value());
            threads.push_back(std::move(*started));
        }
        threads.clear();
        CHECK(right == 4);
    }
}

TEST_CASE("case 42: waiting again says the same") {
    child process = must_start(child_options("sleep", {"150"}));
    CHECK_FALSE(process.poll_exit().value().has_value());
    CHECK_FALSE(process.wait_for_ms(10).value().has_value());
    CHECK_FALSE(process.usage().has_value());
    CHECK(process.wait_for_ms(5'000).value().has_value());
    for (int i = 0; i < 3; ++i) {
        CHECK(process.poll_exit().value().value().success());
        CHECK(must_wait(process).success());
    }
}

TEST_CASE("case 42: destroying a running one kills it, its group, and leaves no zombie") {
    int grandchild = 0;
    {
        child process = must_start(shell_options("trap '' TERM INT; sleep 30 & echo $!; wait"));
        grandchild = std::atoi(read_line(process.out_fd()).c_str());
        REQUIRE(grandchild > 0);
    }
    CHECK(ends_soon(grandchild));
    CHECK_FALSE(has_children());
    child replaced = must_start(child_options("ignore_term"));
    replaced = child();
    CHECK_FALSE(has_children());
}

TEST_CASE("case 43: five hundred interruptions a second change nothing") {
    const alarm_storm storm;
    run_options limits;
    limits.input = random_bytes(300'000);
    for (int i = 0; i < 5; ++i) {
        const run_result ran = must_run(child_options("echo"), limits);
        CHECK(ran.status.success());
        CHECK(ran.out == limits.input);
    }
    CHECK(must_run(child_options("exit_code", {"42"})).status.code == 42);
    const std::int64_t start_ms = now_ms();
    CHECK(must_run(child_options("sleep", {"300"})).out == "ready\n");
    CHECK(now_ms() - start_ms >= 250);
}

TEST_CASE("case 44: Ctrl-C is passed on once, a second one kills, the terminal is as it was") {
    const temp_dir dir;
    process_options options = child_options("foreground");
    // The command changes the terminal from the background, counts interrupts and goes on.
    options.argv.insert(
        options.argv.end(),
        {dir.path(), "/bin/sh", "-c",
         "trap '' TTOU; stty -echo -icanon < /dev/tty; trap 'echo interrupted' INT; "
         "echo ready; while :; do sleep 0.05; done"});
    options.terminal = guild::os::terminal_size{};
    options.in = guild::os::stream_mode::pipe;
    child process = must_start(options);
    struct termios settings{};
    REQUIRE(tcgetattr(process.out_fd(), &settings) == 0);
    const tcflag_t before = settings.c_lflag;
    std::string seen;
    REQUIRE(read_until(process.out_fd(), "ready\n", seen));
    CHECK(tcgetattr(process.out_fd(), &settings) == 0);
    CHECK(settings.c_lflag != before);
    CHECK(process.write_in("\x03").value() == 1);
    REQUIRE(read_until(process.out_fd(), "interrupted\n", seen));
    CHECK_FALSE(process.wait_for_ms(300).value().has_value());
    CHECK(process.write_in("\x03").value() == 1);
    REQUIRE(read_until(process.out_fd(), "terminated: ", seen));
    REQUIRE(read_until(process.out_fd(), "then killed\n", seen));
    CHECK(seen.find("interrupted") == seen.rfind("interrupted"));
    CHECK(must_wait(process).code == 137);
    CHECK(tcgetattr(process.out_fd(), &settings) == 0);
    CHECK(settings.c_lflag == before);
}

TEST_CASE("case 44: the peak of memory is the program's own, or not known") {
    // By a program without a past: the memory of these tests themselves may be larger.
    const run_result large = must_run(child_options("peak", {"300000000"}));
    CHECK(std::atoll(large.out.c_str()) > 250'000'000);
    CHECK(std::atoll(large.out.c_str()) < 600'000'000);
    const int code = run_in_copy([] {
        std::vector<char> ballast(200'000'000, 'x');
        const auto small = guild::os::run(child_options("exit_code", {"0"}));
        return small && !small->usage.peak_rss_bytes && ballast.back() == 'x' ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("case 44: processor time is told") {
    const run_result ran = must_run(child_options("memory", {"300000000"}));
    CHECK(ran.usage.user_us + ran.usage.system_us > 10'000);
}
