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

// The numbered cases that every runner has to get right are in tests/process.

using namespace guild_test;
using guild::os::exit_status;
using guild::os::process_options;
using guild::os::run_options;
using guild::os::run_result;

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
