// Starting programs and taking their output, beside a bare vfork and exec, posix_spawn, Python and
// Rust's standard library.
//
//     bench_process [--json] [--quick]
//
// A start is: two pipes, /bin/true, reading both to their ends, waiting. All ways take turns in one
// run, so that a busy moment of the machine meets all of them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bench/report.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/os/temporary.hpp>

namespace {

namespace os = guild::os;
using bench::must;

int rounds = 400;

double now_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// ---- ways to run /bin/true ----

struct two_pipes {
    two_pipes() { must(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0, "pipe"); }
    void drain() {
        close(out[1]);
        close(err[1]);
        char byte = 0;
        must(read(out[0], &byte, 1) == 0 && read(err[0], &byte, 1) == 0, "read");
        close(out[0]);
        close(err[0]);
    }
    int out[2];
    int err[2];
};

void wait_for(pid_t pid) {
    int status = 0;
    must(waitpid(pid, &status, 0) == pid && status == 0, "/bin/true did not end well");
}

char program_name[] = "/bin/true";
char* program_words[] = {program_name, nullptr};

// The floor: nothing is done that could be left out.
[[gnu::noinline]] pid_t bare_vfork(const two_pipes& pipes) {
    const pid_t pid = vfork();
    if (pid == 0) {
        dup2(pipes.out[1], 1);
        dup2(pipes.err[1], 2);
        execve(program_name, program_words, environ);
        _exit(127);
    }
    return pid;
}

void run_floor() {
    two_pipes pipes;
    const pid_t pid = bare_vfork(pipes);
    pipes.drain();
    wait_for(pid);
}

void run_posix_spawn() {
    two_pipes pipes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes.out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes.err[1], 2);
    posix_spawnattr_init(&attributes);
    pid_t pid = -1;
    must(posix_spawn(&pid, program_name, &actions, &attributes, program_words, environ) == 0,
         "posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    pipes.drain();
    wait_for(pid);
}

void run_fork() {
    two_pipes pipes;
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes.out[1], 1);
        dup2(pipes.err[1], 2);
        execve(program_name, program_words, environ);
        _exit(127);
    }
    pipes.drain();
    wait_for(pid);
}

void run_guild() {
    os::process_options options;
    options.argv = {"/bin/true"};
    const auto ran = os::run(options);
    must(ran && ran->status.success(), "guild");
}

void run_guild_by_steps() {
    os::process_options options;
    options.argv = {"/bin/true"};
    options.limits = {{RLIMIT_CORE, 0, 0}};
    const auto ran = os::run(options);
    must(ran && ran->status.success(), "guild");
}

// ---- statistics ----

struct quantiles {
    double p50 = 0;
    double p99 = 0;
};

using way = std::function<void()>;

std::vector<quantiles> measure(const std::vector<way>& ways, int times) {
    std::vector<std::vector<double>> all(ways.size());
    for (int round = 0; round < times; ++round) {
        for (std::size_t i = 0; i < ways.size(); ++i) {
            const double begin = now_us();
            ways[i]();
            all[i].push_back(now_us() - begin);
        }
    }
    std::vector<quantiles> out;
    for (std::vector<double>& each : all) {
        std::sort(each.begin(), each.end());
        out.push_back({each[each.size() / 2], each[each.size() * 99 / 100]});
    }
    return out;
}

// ---- other languages: they measure themselves and print p50 and p99 ----

const char* const python_program = R"(
import subprocess, sys, time
times = []
for i in range(int(sys.argv[1])):
    begin = time.monotonic()
    subprocess.run(["/bin/true"], stdin=subprocess.DEVNULL, capture_output=True)
    times.append((time.monotonic() - begin) * 1e6)
times.sort()
print(times[len(times) // 2], times[len(times) * 99 // 100])
)";

const char* const rust_program = R"(
use std::process::{Command, Stdio};
use std::time::Instant;
fn main() {
    let rounds: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let output = Command::new("/bin/true").stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success());
        times.push(begin.elapsed().as_nanos() as f64 / 1e3);
    }
    times.sort_by(|a, b| a.partial_cmp(b).unwrap());
    println!("{} {}", times[rounds / 2], times[rounds * 99 / 100]);
}
)";

void print_other(const std::string& name, const std::vector<std::string>& words) {
    os::process_options options;
    options.argv = words;
    options.argv.push_back(std::to_string(rounds));
    const auto ran = os::run(options);
    quantiles seen;
    if (!ran || !ran->status.success() ||
        std::sscanf(ran->out.c_str(), "%lf %lf", &seen.p50, &seen.p99) != 2) {
        bench::print_remark(name + ": not here");
        return;
    }
    bench::print_row("spawn p50, " + name, seen.p50, "us");
    bench::print_row("spawn p99, " + name, seen.p99, "us");
}

void print_others() {
    print_other("Python subprocess", {"python3", "-c", python_program});
    const auto directory = os::make_temp_directory("guild-bench-");
    must(directory.has_value(), "no temporary directory");
    const std::string source = *directory + "/spawn.rs";
    const std::string program = *directory + "/spawn";
    must(os::save_file(source, rust_program).has_value(), "save");
    os::process_options compiler;
    compiler.argv = {"rustc", "-O", "-o", program, source};
    const auto compiled = os::run(compiler);
    if (compiled && compiled->status.success()) {
        print_other("Rust std", {program});
    } else {
        bench::print_remark("Rust std: no rustc here");
    }
    (void)os::remove_tree(*directory);
}

// ---- starts ----

double change_percent(const quantiles& now, const quantiles& floor_now, const quantiles& before,
                      const quantiles& floor_before) {
    return 100 * ((now.p50 / floor_now.p50) / (before.p50 / floor_before.p50) - 1);
}

void bench_starts() {
    // The floor without what makes waiting safe is its own; ratios are what counts.
    const std::vector<way> ways = {run_floor, run_guild, run_posix_spawn, run_guild_by_steps,
                                   run_fork};
    (void)measure(ways, 20);
    const std::vector<quantiles> small = measure(ways, rounds);
    const char* const names[] = {"floor (vfork, exec)", "guild", "posix_spawn, nothing set",
                                 "guild, with limits", "fork, exec"};
    bench::print_row("spawn, guild / floor", small[1].p50 / small[0].p50, "x", 1.15, true);
    bench::print_row("spawn, guild with limits / floor", small[3].p50 / small[0].p50, "x", 1.15,
                     true);
    for (std::size_t i = 0; i < ways.size(); ++i) {
        bench::print_row(std::string("spawn p50, ") + names[i], small[i].p50, "us");
        bench::print_row(std::string("spawn p99, ") + names[i], small[i].p99, "us");
    }

    const std::vector<way> flat = {run_floor, run_guild};
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit many{1'000'000, 1'000'000};
    if (setrlimit(RLIMIT_NOFILE, &many) != 0) {
        many = {before.rlim_max, before.rlim_max};
        must(setrlimit(RLIMIT_NOFILE, &many) == 0, "setrlimit");
    }
    const std::vector<quantiles> wide = measure(flat, rounds);
    bench::print_row("spawn, change with " + std::to_string(many.rlim_cur) + " descriptors allowed",
                     change_percent(wide[1], wide[0], small[1], small[0]), "%", 10, true);
    setrlimit(RLIMIT_NOFILE, &before);

    constexpr std::size_t size = std::size_t{2} << 30U;
    void* const ballast =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(ballast != MAP_FAILED, "no 2 GB");
    (void)madvise(ballast, size, MADV_NOHUGEPAGE);
    std::memset(ballast, 1, size);
    const std::vector<quantiles> large = measure(flat, rounds);
    bench::print_row("spawn, change with 2 GB resident",
                     change_percent(large[1], large[0], small[1], small[0]), "%", 10, true);
    bench::print_row("spawn p50, floor with 2 GB resident", large[0].p50, "us");
    bench::print_row("spawn p50, guild with 2 GB resident", large[1].p50, "us");
    bench::print_row("spawn p99, guild with 2 GB resident", large[1].p99, "us");
    bench::print_row("spawn p50, fork with 2 GB resident", measure({run_fork}, 9)[0].p50, "us");
    munmap(ballast, size);
}

// ---- output ----

void bench_capture() {
    constexpr double size = 1e9;
    os::process_options options;
    options.argv = {"/usr/bin/head", "-c", "1000000000", "/dev/zero"};
    os::run_options limits;
    std::uint64_t seen = 0;
    limits.on_output = [&](int, std::string_view bytes) { seen += bytes.size(); };
    const double kept_s = bench::best_seconds(5, {[&] {
                                                  const auto ran = os::run(options, limits);
                                                  must(ran && ran->status.success(), "capture");
                                              }})[0];
    must(seen == 5'000'000'000, "bytes are missing");
    bench::print_row("capture", size / kept_s / 1e9, "GB/s", 1.2);
}

// A program that writes a line when it is told to; from the order to the callback, less the order.
void bench_latency() {
    os::process_options options;
    options.argv = {"/bin/cat"};
    options.in = os::stream_mode::pipe;
    auto process = os::child::start(options);
    must(process.has_value(), "cat");
    std::vector<double> times;
    for (int i = 0; i < 2000; ++i) {
        const double begin = now_us();
        must(process->write_in("a line of output\n").has_value(), "write");
        pollfd asked{process->out_fd(), POLLIN, 0};
        must(poll(&asked, 1, 10'000) == 1, "poll");
        char line[64];
        must(read(process->out_fd(), line, sizeof line) > 0, "read");
        times.push_back(now_us() - begin);
    }
    std::sort(times.begin(), times.end());
    bench::print_row("line there and back through cat, p50", times[times.size() / 2] / 1e3, "ms", 1,
                     true);
    bench::print_row("line there and back through cat, p99", times[times.size() * 99 / 100] / 1e3,
                     "ms");
}

void bench_idle() {
    os::process_options options;
    options.argv = {"/bin/sleep", "3"};
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_SELF, &before);
    must(os::run(options).has_value(), "sleep");
    getrusage(RUSAGE_SELF, &after);
    const auto us = [](const rusage& usage) {
        return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
               static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    bench::print_row("wakes in 3 s of waiting",
                     static_cast<double>(after.ru_nvcsw - before.ru_nvcsw), "", 5, true);
    // What the start itself costs is in it.
    bench::print_row("processor while waiting", (us(after) - us(before)) / 3e6 * 100, "%", 0.1,
                     true);
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        bench::as_json = bench::as_json || std::strcmp(argv[i], "--json") == 0;
        rounds = std::strcmp(argv[i], "--quick") == 0 ? 100 : rounds;
    }
    bench_starts();
    print_others();
    bench_capture();
    bench_latency();
    bench_idle();
    return 0;
}
