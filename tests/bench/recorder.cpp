// What a training loop pays for its recorder while the disk works, and while it does not.
//
//     bench_recorder [--quick] [--json]
//
// Five recorders live side by side: on a disk that works; on a full one (every write goes to
// /dev/full); in a run directory that was removed; on a disk that never answers (writes wait in the
// kernel, on a pipe that nobody reads); and one that got no thread. log() is measured between two
// looks at the clock, in turns, beside a loop that does nothing between; times are the best of some
// rounds. The end is a program's: from the last statement of its scope until the process is gone,
// the longest of some.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/recorder.hpp>

#include <bench/latency.hpp>
#include <bench/report.hpp>
#include <support/troubled_disk.hpp>

namespace os = guild::os;
namespace runs = guild::runs;
using bench::clock_ns;
using bench::histogram;
using bench::must;
using bench::print_row;

namespace {

enum class state : std::uint8_t { works, full, removed, silent, threadless };
constexpr state states[] = {state::works, state::full, state::removed, state::silent,
                            state::threadless};
constexpr std::size_t state_count = sizeof states / sizeof states[0];

const char* name_of(state which) {
    constexpr const char* names[] = {"disk works", "disk full", "directory removed",
                                     "write that never returns", "no thread"};
    return names[static_cast<std::size_t>(which)];
}

bool is_begun = false;  // the trouble; the files are opened before

std::int64_t full_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    static const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    return is_begun ? os::system_env.write(full, from, size)
                    : os::system_env.pwrite(fd, from, size, offset);
}

const os::env& system_of(state which) {
    static const os::env full = [] {
        os::env made = os::system_env;
        made.pwrite = full_pwrite;
        return made;
    }();
    return which == state::full     ? full
           : which == state::silent ? guild_test::troubled_env()
                                    : os::system_env;
}

// What a thread's stack does not fit into, until it is undone.
class few_addresses {
public:
    few_addresses() {
        must(::getrlimit(RLIMIT_AS, &before_) == 0, "no limits");
        rlimit few = before_;
        few.rlim_cur = std::min<rlim_t>(rlim_t{1} << 30U, before_.rlim_max);
        must(::setrlimit(RLIMIT_AS, &few) == 0, "a limit cannot be set");
#if defined(__GLIBC__)
        must(::pthread_getattr_default_np(&usual_) == 0, "no thread attributes");
        pthread_attr_t huge = usual_;
        must(::pthread_attr_setstacksize(&huge, std::size_t{1} << 30U) == 0 &&
                 ::pthread_setattr_default_np(&huge) == 0,
             "threads cannot be refused");
#endif
    }
    few_addresses(const few_addresses&) = delete;
    few_addresses& operator=(const few_addresses&) = delete;
    ~few_addresses() {
#if defined(__GLIBC__)
        (void)::pthread_setattr_default_np(&usual_);
#endif
        (void)::setrlimit(RLIMIT_AS, &before_);
    }

private:
    rlimit before_{};
#if defined(__GLIBC__)
    pthread_attr_t usual_;
#endif
};

struct troubled_recorder {
    runs::recorder run;
    runs::series_id loss;
};

// A recorder in a run of its own, on a disk that still works.
troubled_recorder open_recorder(const std::string& work, state which) {
    auto directory = runs::create_run_directory(work, "bench", 0);
    must(directory && ::setenv("RUNDIR", directory->c_str(), 1) == 0, "a run cannot be made");
    runs::recorder_options options;
    options.system = &system_of(which);
    troubled_recorder made;
    if (which == state::threadless) {
        const few_addresses limit;
        made.run = runs::recorder::current(options);
        must(!made.run.is_active(), "a thread was to be had");
    } else {
        made.run = runs::recorder::current(options);
        must(made.run.is_active(), "a recorder cannot be made");
    }
    made.loss = made.run.series("loss");
    made.run.log(0, {{made.loss, 0.5}});
    (void)made.run.flush();
    if (which == state::removed) {
        must(os::remove_tree(*directory).has_value(), "a directory cannot be removed");
    }
    return made;
}

void begin_trouble(troubled_recorder& silent) {
    is_begun = true;
    guild_test::disk_is = guild_test::disk_state::silent;
    if (silent.run.is_active()) {
        silent.run.log(1, {{silent.loss, 0.5}});
        guild_test::await_silence();
    }
}

// ---- log() --------------------------------------------------------------------------------------

template <class Work, class Rest>
histogram times_of_calls(std::int64_t calls, const Work& work, const Rest& rest) {
    constexpr std::int64_t most_waiting = 8000;  // the ring has room for them
    histogram times;
    for (std::int64_t call = 0; call < calls; ++call) {
        const std::int64_t begin = clock_ns();
        work(call);
        times.add(clock_ns() - begin);
        if (call % most_waiting == most_waiting - 1) {
            rest();
        }
    }
    return times;
}

struct best_times {
    double median = 1e9;
    double rare = 1e9;
    void add(const histogram& times) {
        median = std::min(median, times.quantile(0.5));
        rare = std::min(rare, times.quantile(0.999));
    }
};

void log_rows(const std::string& work, std::int64_t calls, int rounds) {
    std::vector<troubled_recorder> all;
    for (const state which : states) {
        all.push_back(open_recorder(work, which));
    }
    begin_trouble(all[static_cast<std::size_t>(state::silent)]);
    best_times floor;
    best_times times[state_count];
    for (int round = 0; round <= rounds; ++round) {
        const histogram nothing = times_of_calls(calls, [](std::int64_t) {}, [] {});
        for (std::size_t i = 0; i < state_count; ++i) {
            runs::recorder& run = all[i].run;
            const runs::series_id loss = all[i].loss;
            const histogram one = times_of_calls(
                calls, [&](std::int64_t step) { run.log(step, {{loss, 0.5}}); },
                [&] { (void)(states[i] == state::silent || run.flush()); });
            if (round > 0) {  // the first one warms up
                times[i].add(one);
            }
        }
        if (round > 0) {
            floor.add(nothing);
        }
    }
    print_row("clock_gettime, median", floor.median, "ns");
    print_row("empty clock loop, p99.9", floor.rare, "ns");
    for (std::size_t i = 0; i < state_count; ++i) {
        const std::string name = std::string("log, ") + name_of(states[i]);
        // Two looks at the clock that follow each other are as far apart as one takes.
        print_row(name + ": median over clock_gettime",
                  std::max(times[i].median - 2 * floor.median, 0.0), "ns", 20, true);
        print_row(name + ": p99.9", times[i].rare, "ns");
        print_row(name + ": p99.9 over an empty clock loop's", times[i].rare / floor.rare, "x", 2,
                  true);
    }
    for (troubled_recorder& each : all) {
        (void)each.run.finish();
    }
    guild_test::heal_disk();
    is_begun = false;
}

// ---- the end ------------------------------------------------------------------------------------

// A copy of this process that logs in this state and tells the moment at which it leaves.
double end_ms(const std::string& work, state which) {
    int ends[2];
    std::fflush(nullptr);
    must(::pipe(ends) == 0, "no pipe");
    const pid_t pid = ::fork();
    must(pid >= 0, "no process");
    if (pid == 0) {
        std::int64_t leaving = 0;
        {
            troubled_recorder made = open_recorder(work, which);
            is_begun = true;
            if (which == state::silent) {
                begin_trouble(made);
            }
            for (std::int64_t step = 0; step < 10'000; ++step) {
                made.run.log(step, {{made.loss, 0.5}});
            }
            leaving = clock_ns();
            must(::write(ends[1], &leaving, sizeof leaving) == sizeof leaving, "no pipe");
        }
        ::_exit(0);
    }
    std::int64_t left = 0;
    must(::read(ends[0], &left, sizeof left) == sizeof left, "a copy failed");
    int status = 0;
    must(::waitpid(pid, &status, 0) == pid && status == 0, "a copy failed");
    const std::int64_t gone = clock_ns();
    (void)::close(ends[0]);
    (void)::close(ends[1]);
    return static_cast<double>(gone - left) / 1e6;
}

void end_rows(const std::string& work, int rounds) {
    for (const state which : states) {
        double longest = 0;
        for (int round = 0; round < rounds; ++round) {
            longest = std::max(longest, end_ms(work, which));
        }
        print_row(std::string("end of a program, ") + name_of(which), longest, "ms", 100, true);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bool quick = bench::take_options(argc, argv);
    const auto work = os::make_temp_directory("guild-bench-");
    must(work.has_value(), "no directory for temporary files");
    end_rows(*work, quick ? 1 : 10);
    log_rows(*work, quick ? 8'000 : 40'000, quick ? 1 : 30);
    (void)os::remove_tree(*work);
    return 0;
}
