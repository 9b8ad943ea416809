// Cases 16 to 23 of what a runner of processes has to get right: what a program is given of the one
// that starts it.
#include <guild/os/process.hpp>

#include <atomic>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::os::process_options;
using guild::os::run_options;
using guild::os::run_result;

namespace {

// What a program sees that is started by posix_spawn, and by the other way.
std::vector<std::string> seen_by_child() {
    process_options steps = child_options("inherited");
    steps.limits = {{RLIMIT_CORE, 0, 0}};
    return {must_run(child_options("inherited")).out, must_run(steps).out};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("case 16: a thousand open descriptors of this process are absent there") {
    const int code = run_in_copy([] {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        int last = 0;
        for (int i = 0; i < 1000; ++i) {
            last = dup(0);
        }
        if (last < 1000 || dup2(0, 3000) != 3000) {
            return 1;
        }
        for (const std::string& seen : seen_by_child()) {
            if (seen.substr(0, seen.find("umask")) != "fd 0\nfd 1\nfd 2\n") {
                return 2;
            }
        }
        return 0;
    });
    CHECK(code == 0);
}

TEST_CASE("case 17: signals that are ignored or caught here have their defaults there") {
    const int code = run_in_copy([] {
        struct sigaction ignore{};
        ignore.sa_handler = SIG_IGN;
        for (const int number :
             {SIGPIPE, SIGINT, SIGHUP, SIGTERM, SIGRTMIN, SIGRTMIN + 1, SIGRTMAX}) {
            sigaction(number, &ignore, nullptr);
        }
        for (const std::string& seen : seen_by_child()) {
            if (!has(seen, "umask") || has(seen, "ignored")) {
                return 1;
            }
        }
        return 0;
    });
    CHECK(code == 0);
}

TEST_CASE("case 18: signals blocked here are not blocked there") {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const std::vector<std::string> seen = seen_by_child();
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    CHECK(sigismember(&after, SIGTERM) == 1);  // and still are here
    for (const std::string& each : seen) {
        CHECK(has(each, "umask"));
        CHECK_FALSE(has(each, "blocked"));
    }
}

TEST_CASE("case 19: this process may run with any of 0, 1 and 2 closed") {
    for (int closed = 1; closed < 8; ++closed) {
        const int code = run_in_copy([closed] {
            for (int fd = 0; fd < 3; ++fd) {
                if ((closed & (1 << fd)) != 0) {
                    close(fd);
                }
            }
            run_options limits;
            limits.input = "through";
            const auto echoed = guild::os::run(child_options("echo"), limits);
            if (!echoed || echoed->out != "through" || !echoed->err.empty()) {
                return 1;
            }
            const auto both = guild::os::run(child_options("overflow", {"1", "10", "2", "20"}));
            return both && both->out.size() == 10 && both->err.size() == 20 ? 0 : 2;
        });
        CAPTURE(closed);
        CHECK(code == 0);
    }
}

TEST_CASE(
    "case 20: descriptors are passed under the numbers that are asked for, swapped ones too") {
    const temp_dir dir;
    const std::string names[3] = {dir.write("a", "A"), dir.write("b", "B"), dir.write("c", "C")};
    int fds[3];
    for (int i = 0; i < 3; ++i) {
        fds[i] = open(names[i].c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(fds[i] > 2);
    }
    const auto number = [&](int i) { return std::to_string(fds[i]); };
    process_options options = shell_options("cat /dev/fd/" + number(0) + " /dev/fd/" + number(1) +
                                            " /dev/fd/" + number(2) + " /dev/fd/100");
    options.descriptors = {{fds[0], fds[1]}, {fds[1], fds[2]}, {fds[2], fds[0]}, {fds[1], 100}};
    CHECK(must_run(options).out == "CABB");
    options.argv = child_options("inherited").argv;
    options.descriptors = {{fds[0], 9}, {fds[0], 5}};
    CHECK(has(must_run(options).out, "fd 0\nfd 1\nfd 2\nfd 5\nfd 9\numask"));
    for (const int fd : fds) {
        CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);  // untouched here
        close(fd);
    }
}

TEST_CASE("case 20: descriptors that cannot be passed are refused") {
    const std::vector<guild::os::passed_descriptor> wrong[] = {
        {{999'999, 5}}, {{0, 2}}, {{0, -1}}, {{0, 5}, {1, 5}}};
    for (const auto& list : wrong) {
        process_options options = child_options("inherited");
        options.descriptors = list;
        const auto spawned = guild::os::spawn(options);
        REQUIRE_FALSE(spawned);
        CHECK(spawned.error().code == guild::errc::bad_value);
    }
}

TEST_CASE("case 21: the umask is left alone") {
    const mode_t before = umask(027);
    const std::vector<std::string> seen = seen_by_child();
    umask(before);
    for (const std::string& each : seen) {
        CHECK(has(each, "umask 27\n"));
    }
}

TEST_CASE("case 22: eight threads that run programs do not hold the pipes of each other") {
    std::atomic<int> wrong{0};
    std::vector<guild::os::thread> threads;
    const std::int64_t start_ms = now_ms();
    for (int i = 0; i < 8; ++i) {
        auto started = guild::os::thread::start([&wrong, i] {
            for (int k = 0; k < 25; ++k) {
                run_options limits;
                limits.input = std::to_string(i) + "/" + std::to_string(k);
                const auto ran = guild::os::run(child_options("echo"), limits);
                if (!ran || ran->out != limits.input || ran->orphaned_output) {
                    ++wrong;
                }
            }
        });
        REQUIRE(started.has_value());
        threads.push_back(std::move(*started));
    }
    threads.clear();
    CHECK(wrong == 0);
    CHECK(now_ms() - start_ms < 60'000);
    CHECK_FALSE(has_children());
}

TEST_CASE("case 23: a program on a pseudo terminal sees a terminal, one on pipes does not") {
    CHECK(has(must_run(child_options("inherited")).out, "tty 0\n"));
    process_options options = child_options("inherited");
    options.terminal = guild::os::terminal_size{50, 132};
    const run_result ran = must_run(options);
    CHECK(has(ran.out, "tty 1\n"));
    CHECK(has(ran.out, "leader 1\n"));
    CHECK(ran.out.substr(0, ran.out.find("umask")) == "fd 0\nfd 1\nfd 2\n");
    options.argv = guild::os::shell_command("stty size; tty > /dev/null && echo error >&2");
    const run_result sized = must_run(options);
    CHECK(sized.out == "50 132\nerror\n");  // one stream, and no carriage returns
    CHECK(sized.err.empty());
}

TEST_CASE("case 23: what is typed on a pseudo terminal ends as a file does") {
    process_options options = child_options("echo");
    options.terminal = guild::os::terminal_size{};
    run_options limits;
    limits.input = "typed\n";
    limits.timeout_ms = 60'000;
    const run_result ran = must_run(options, limits);
    CHECK(ran.status.success());
    CHECK(has(ran.out, "typed\ntyped\n"));  // the terminal's echo, and the program's
}
