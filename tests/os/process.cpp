#include <guild/os/process.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <guild/os/thread.hpp>
#include <support/child_program.hpp>

#include <doctest/doctest.h>

// The numbered probes are those on which other process libraries were compared.

using namespace guild_test;
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

std::string bytes_of(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& c : bytes) {
        state = state * 1664525u + 1013904223u;
        c = static_cast<char>(state >> 24);
    }
    return bytes;
}

}  // namespace

TEST_CASE("probe 0: three megabytes of stdout, then three of stderr") {
    const run_result ran = must_run(child_options("overflow", {"1", "3000000", "2", "3000000"}));
    CHECK(ran.status.success());
    CHECK(ran.out == std::string(3'000'000, 'o'));
    CHECK(ran.err == std::string(3'000'000, 'e'));
}

TEST_CASE("probe 1: three megabytes of stderr before stdout") {
    const run_result ran = must_run(child_options("overflow", {"2", "3000000", "1", "3000000"}));
    CHECK(ran.out.size() == 3'000'000);
    CHECK(ran.err.size() == 3'000'000);
}

TEST_CASE("probe 2: four megabytes through a program that echoes") {
    run_options limits;
    limits.input = bytes_of(4'000'000);
    const run_result ran = must_run(child_options("echo"), limits);
    CHECK(ran.status.success());
    CHECK(ran.out == limits.input);
}

TEST_CASE("probe 3: a missing program is a failure to start") {
    process_options options;
    options.argv = {"/no/such/program"};
    const auto ran = guild::os::run(options);
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::not_found);
    CHECK(ran.error().path == "/no/such/program");
}

TEST_CASE("probe 4: a program that may not be executed is a failure to start") {
    process_options options;
    options.argv = {"/etc/passwd"};
    const auto ran = guild::os::run(options);
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::not_executable);
    CHECK(ran.error().path == "/etc/passwd");
}

TEST_CASE("probe 5: death by a signal is told from every exit code") {
    const run_result killed = must_run(child_options("exit_code", {"-9"}));
    CHECK(killed.status.how == exit_status::kind::signalled);
    CHECK(killed.status.signal == 9);
    for (const int code : {1, 9, 137}) {
        const run_result exited = must_run(child_options("exit_code", {std::to_string(code)}));
        CHECK(exited.status.how == exit_status::kind::exited);
        CHECK(exited.status.code == code);
    }
}

TEST_CASE("probe 6: SIGPIPE ignored here is not ignored there") {
    struct sigaction ignore{};
    struct sigaction before{};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before);
    sigaction(SIGINT, &ignore, nullptr);
    sigaction(SIGRTMIN + 1, &ignore, nullptr);
    const run_result ran = must_run(child_options("inherited"));
    sigaction(SIGPIPE, &before, nullptr);
    sigaction(SIGINT, &before, nullptr);
    sigaction(SIGRTMIN + 1, &before, nullptr);
    CHECK(ran.out.find("umask") != std::string::npos);
    CHECK(ran.out.find("ignored") == std::string::npos);
}

TEST_CASE("probe 7: SIGTERM blocked here is not blocked there") {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const run_result ran = must_run(child_options("inherited"));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    CHECK(ran.out.find("umask") != std::string::npos);
    CHECK(ran.out.find("blocked") == std::string::npos);
}

TEST_CASE("probe 8: descriptor 77 of this process is absent there") {
    REQUIRE(dup2(0, 77) == 77);
    std::vector<int> many;
    for (int i = 0; i < 300; ++i) {
        many.push_back(dup(0));
    }
    const run_result ran = must_run(child_options("inherited"));
    close(77);
    for (const int fd : many) {
        close(fd);
    }
    CHECK(ran.out.substr(0, ran.out.find("umask")) == "fd 0\nfd 1\nfd 2\n");
}

TEST_CASE("probe 9: a grandchild that holds the pipes does not hold up the run") {
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("hold", {"6000"}));
    const std::int64_t took_ms = now_ms() - start_ms;
    CHECK(ran.out.substr(0, 3) == "hi ");
    CHECK(ran.status.success());
    CHECK(ran.orphaned_output);
    CHECK(took_ms >= 490);
    CHECK(took_ms < 3'000);
    kill(std::atoi(ran.out.c_str() + 3), SIGKILL);
}

TEST_CASE("probe 9: a grandchild that ends within the time to linger is waited for") {
    const run_result ran = must_run(child_options("hold", {"100"}));
    CHECK(ran.status.success());
    CHECK_FALSE(ran.orphaned_output);
}

TEST_CASE("probe 10: input for a program that reads none is no error and no signal") {
    run_options limits;
    limits.input = std::string(1'000'000, 'x');
    const run_result ran = must_run(child_options("exit_code", {"0"}), limits);
    CHECK(ran.status.success());
}

TEST_CASE("probe 10: a SIGPIPE of the program's own that is pending stays so") {
    const int code = run_in_copy([] {
        sigset_t pipe_alone;
        sigemptyset(&pipe_alone);
        sigaddset(&pipe_alone, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_alone, nullptr);
        raise(SIGPIPE);
        run_options limits;
        limits.input = std::string(1'000'000, 'x');
        const auto ran = guild::os::run(child_options("exit_code", {"0"}), limits);
        sigset_t pending;
        sigpending(&pending);
        return ran && ran->status.success() && sigismember(&pending, SIGPIPE) == 1 ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("probe 11: this process may run with any of 0, 1 and 2 closed") {
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

TEST_CASE("probe 12: no descriptor is left over by seventy runs") {
    (void)must_run(child_options("exit_code", {"0"}));
    const int before = open_descriptors();
    for (int i = 0; i < 70; ++i) {
        run_options limits;
        limits.input = "x";
        (void)must_run(child_options("echo"), limits);
        process_options missing;
        missing.argv = {"/no/such/program"};
        (void)guild::os::run(missing);
        missing.argv = {"/bin/true"};
        missing.directory = "/no/such/directory";
        (void)guild::os::run(missing);
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("probe 13: no zombie is left over, by failures neither") {
    (void)must_run(child_options("exit_code", {"3"}));
    process_options missing;
    missing.argv = {"/no/such/program"};
    (void)guild::os::run(missing);
    CHECK_FALSE(has_children());
}

TEST_CASE("probe 14: eight threads that run programs do not hold each other's pipes") {
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

TEST_CASE("probe 15: arguments arrive byte by byte") {
    const std::vector<std::string> arguments = {"",
                                                "a b",
                                                "\"quoted\"",
                                                "*",
                                                "$HOME",
                                                "\\",
                                                "'",
                                                "line\nfeed",
                                                "\xFF\xC3",
                                                "-x=1",
                                                std::string(100'000, 'z')};
    std::string expected;
    for (const std::string& argument : arguments) {
        expected += std::to_string(argument.size()) + ":" + argument + "\n";
    }
    CHECK(must_run(child_options("argv", arguments)).out == expected);
}

TEST_CASE("probe 16: five hundred interruptions a second change nothing") {
    const alarm_storm storm;
    run_options limits;
    limits.input = bytes_of(300'000);
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

TEST_CASE("run: the time limit stops a program that listens to SIGTERM") {
    run_options limits;
    limits.timeout_ms = 200;
    limits.stop = {{SIGTERM, 10'000}, {SIGKILL, 10'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("sleep", {"20000"}), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.how == exit_status::kind::signalled);
    CHECK(ran.status.signal == SIGTERM);
    CHECK(ran.out == "ready\n");
    CHECK(now_ms() - start_ms >= 195);
    CHECK(now_ms() - start_ms < 2'000);
}

TEST_CASE("run: a program that ignores SIGTERM is killed when its grace is over") {
    run_options limits;
    limits.timeout_ms = 200;
    limits.stop = {{SIGINT, 100}, {SIGTERM, 200}, {SIGKILL, 10'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(child_options("ignore_term"), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.signal == SIGKILL);
    CHECK(now_ms() - start_ms >= 495);
    CHECK(now_ms() - start_ms < 2'500);
}

TEST_CASE("run: stopping takes the rest of the group along") {
    run_options limits;
    limits.timeout_ms = 300;
    limits.stop = {{SIGTERM, 5'000}};
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(
        shell_options("trap '' TERM; sleep 30 & echo $!; trap 'exit 5' TERM; wait; wait"), limits);
    CHECK(ran.timed_out);
    CHECK(ran.status.code == 5);
    CHECK_FALSE(ran.orphaned_output);
    CHECK(now_ms() - start_ms < 3'000);
    CHECK(ends_soon(std::atoi(ran.out.c_str())));
}

TEST_CASE("run: a descriptor that becomes readable stops it") {
    auto pipe = guild::os::make_pipe();
    REQUIRE(pipe.has_value());
    REQUIRE(write(pipe->write.get(), "x", 1) == 1);
    run_options limits;
    limits.stop_fd = pipe->read.get();
    const run_result ran = must_run(child_options("sleep", {"20000"}), limits);
    CHECK(ran.stopped);
    CHECK_FALSE(ran.timed_out);
    CHECK(ran.status.signal == SIGTERM);
}

TEST_CASE("run: a flag that on_output sets stops it") {
    bool stop = false;
    run_options limits;
    limits.stop_flag = &stop;
    limits.on_output = [&](int, std::string_view) { stop = true; };
    const run_result ran = must_run(shell_options("echo x; exec sleep 20"), limits);
    CHECK(ran.stopped);
    CHECK(ran.status.signal == SIGTERM);
}

TEST_CASE("run: a sequence that stops nothing is an error, and the program goes with it") {
    run_options limits;
    limits.timeout_ms = 100;
    limits.stop = {{SIGTERM, 100}};
    const auto ran = guild::os::run(child_options("ignore_term"), limits);
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::timed_out);
    CHECK_FALSE(has_children());
}

TEST_CASE("run: output beyond the limit is read, dropped and counted") {
    run_options limits;
    limits.max_output_bytes = 1'000;
    const run_result ran = must_run(child_options("overflow", {"1", "500000", "2", "10"}), limits);
    CHECK(ran.out.size() == 1'000);
    CHECK(ran.err.size() == 10);
    CHECK(ran.output_dropped == 499'000);
    CHECK(ran.status.success());
}

TEST_CASE("run: streamed output is not kept") {
    std::uint64_t seen[3] = {0, 0, 0};
    std::size_t largest = 0;
    run_options limits;
    limits.on_output = [&](int stream, std::string_view bytes) {
        seen[stream] += bytes.size();
        largest = bytes.size() > largest ? bytes.size() : largest;
    };
    const run_result ran = must_run(child_options("overflow", {"1", "50000000", "2", "7"}), limits);
    CHECK(ran.out.empty());
    CHECK(seen[1] == 50'000'000);
    CHECK(seen[2] == 7);
    CHECK(largest <= 65'536);
}

TEST_CASE("run: NUL bytes and an unterminated last line pass through") {
    CHECK(must_run(shell_options("printf 'a\\0b\\nlast'")).out == std::string("a\0b\nlast", 8));
}

TEST_CASE("run: merged output keeps the order of writing") {
    process_options options = shell_options("echo 1; echo 2 >&2; echo 3; echo 4 >&2");
    options.merge_output = true;
    const run_result ran = must_run(options);
    CHECK(ran.out == "1\n2\n3\n4\n");
    CHECK(ran.err.empty());
}

TEST_CASE("run: a program that closes its outputs and lives is waited for") {
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(shell_options("exec >&- 2>&-; sleep 0.4; exit 4"));
    CHECK(ran.status.code == 4);
    CHECK(now_ms() - start_ms >= 380);
}

TEST_CASE("run: standard input is empty unless something is given") {
    const std::int64_t start_ms = now_ms();
    CHECK(must_run(child_options("echo")).out.empty());
    process_options options = child_options("echo");
    options.in = guild::os::stream_mode::pipe;
    CHECK(must_run(options).out.empty());
    CHECK(now_ms() - start_ms < 2'000);
}

TEST_CASE("run: this process may ignore SIGCHLD, then the end is unknown") {
    const int code = run_in_copy([] {
        signal(SIGCHLD, SIG_IGN);
        for (const bool use_pidfd : {true, false}) {
            process_options options = child_options("exit_code", {"3"});
            options.use_pidfd = use_pidfd;
            const auto ran = guild::os::run(options);
            if (!ran || ran->status.how != exit_status::kind::unknown) {
                return 1;
            }
        }
        return 0;
    });
    CHECK(code == 0);
}

TEST_CASE("run: without pidfd everything is the same") {
    process_options options = child_options("overflow", {"1", "300000", "2", "300000"});
    options.use_pidfd = false;
    const run_result ran = must_run(options);
    CHECK(ran.out.size() == 300'000);
    options = child_options("sleep", {"20000"});
    options.use_pidfd = false;
    run_options limits;
    limits.timeout_ms = 150;
    const run_result stopped = must_run(options, limits);
    CHECK(stopped.timed_out);
    CHECK(stopped.status.signal == SIGTERM);
    CHECK_FALSE(has_children());
}

TEST_CASE("run: an idle run uses no processor time") {
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_SELF, &before);
    (void)must_run(child_options("sleep", {"500"}));
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw < 50);
}

TEST_CASE("run: the peak of memory is the program's own, or not known") {
    const run_result large = must_run(child_options("memory", {"300000000"}));
    REQUIRE(large.usage.peak_rss_bytes.has_value());
    CHECK(*large.usage.peak_rss_bytes > 250'000'000);
    CHECK(*large.usage.peak_rss_bytes < 600'000'000);
    CHECK(large.usage.user_us + large.usage.system_us > 10'000);
    const int code = run_in_copy([] {
        std::vector<char> ballast(200'000'000, 'x');
        const auto small = guild::os::run(child_options("exit_code", {"0"}));
        return small && !small->usage.peak_rss_bytes && ballast.back() == 'x' ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("run: what the program leaves running in its group ends with it, if asked for") {
    run_options limits;
    int group = 0;
    limits.on_start = [&group](int pid) { group = pid; };
    limits.kill_group_at_end = true;
    const process_options options = shell_options("sleep 1000 >/dev/null 2>&1 & echo $!");
    const run_result ran = must_run(options, limits);
    CHECK(ran.status.success());
    CHECK(group > 0);
    CHECK(ends_soon(std::atoi(ran.out.c_str())));
    limits.kill_group_at_end = false;
    const int left = std::atoi(must_run(options, limits).out.c_str());
    CHECK(is_running(left));
    kill(left, SIGKILL);
}
