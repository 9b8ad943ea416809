// recorded HOW DIR: a training program in the run DIR that logs 100,000 values of `loss` and leaves
// main, whatever becomes of its recorder. HOW: `well`; `full`, DIR is on a disk too small for them;
// `limited`, files may have 4096 bytes (RLIMIT_FSIZE); `deleted`, DIR is removed; `threadless`, no
// thread is to be had; `silent`, no write ever returns; `late`, nor does the opening of the first
// file; `rank`, it logs its $RANK as well. Exits with 0 when all is as it should be, 77 when
// threads cannot be refused here.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <guild/os/directory.hpp>
#include <guild/runs/recorder.hpp>
#include <support/troubled_disk.hpp>

namespace runs = guild::runs;
using guild_test::disk_is;
using guild_test::disk_state;

namespace {

constexpr std::int64_t values = 100'000;

bool limit(int what, rlim_t most) {
    rlimit limits{};
    if (getrlimit(static_cast<decltype(RLIMIT_AS)>(what), &limits) != 0) {
        return false;
    }
    limits.rlim_cur = most;
    return setrlimit(static_cast<decltype(RLIMIT_AS)>(what), &limits) == 0;
}

// No room for the stack of a thread.
bool refuse_threads() {
#if defined(__GLIBC__)
    pthread_attr_t attributes;
    return pthread_attr_init(&attributes) == 0 &&
           pthread_attr_setstacksize(&attributes, std::size_t{1} << 29U) == 0 &&
           pthread_setattr_default_np(&attributes) == 0 && limit(RLIMIT_AS, rlim_t{256} << 20U);
#else
    return false;
#endif
}

// What becomes of the disk once the recorder is there.
bool begin_trouble(const std::string& how, const std::string& directory) {
    if (how == "limited") {
        return limit(RLIMIT_FSIZE, 4096);
    }
    if (how == "deleted") {
        return guild::os::remove_tree(directory).has_value();
    }
    if (how == "silent") {
        disk_is = disk_state::silent;
    }
    return true;
}

bool has_signal_changed() {
    struct sigaction now{};
    sigset_t blocked;
    return sigaction(SIGXFSZ, nullptr, &now) != 0 || now.sa_handler != SIG_DFL ||
           pthread_sigmask(SIG_SETMASK, nullptr, &blocked) != 0 ||
           sigismember(&blocked, SIGXFSZ) != 0;
}

bool is_as_it_should(const std::string& how, runs::recorder& run) {
    const auto failure = run.last_error();
    if (how == "threadless") {
        return !run.is_active() && failure && failure->code == guild::errc::resource_exhausted &&
               !runs::recorder::create("never");
    }
    if (how == "silent" || how == "late") {
        return run.is_active() && run.dropped() > 0;
    }
    if (how == "limited" || how == "full") {
        (void)run.flush();
        return run.last_error() && run.last_error()->code == guild::errc::no_space;
    }
    return run.is_active() && !failure;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || setenv("RUNDIR", argv[2], 1) != 0) {
        return 2;
    }
    const std::string how = argv[1];
    (void)signal(SIGXFSZ, SIG_DFL);
    if (how == "threadless" && !refuse_threads()) {
        return 77;
    }
    disk_is = how == "late" ? disk_state::silent : disk_state::well;
    runs::recorder_options options;
    options.system = &guild_test::troubled_env();
    options.start_ms = how == "late" ? 20 : 10'000;
    runs::recorder run = runs::recorder::current(options);
    const runs::series_id loss = run.series("loss");
    run.log(0, {{loss, 1.0}});
    if (how != "late") {
        (void)run.flush();
    }
    if (!begin_trouble(how, argv[2])) {
        return 4;
    }
    for (std::int64_t step = 1; step < values; ++step) {
        run.log(step, {{loss, 1.0 / static_cast<double>(step)}});
        if (step % 8000 == 0 && how != "silent" && how != "late") {
            (void)run.flush();
        }
    }
    if (const char* rank = std::getenv("RANK"); how == "rank" && rank != nullptr) {
        run.log(values, {{run.series("rank"), std::atoll(rank)},
                         {run.series("of " + std::string(rank)), std::atoll(rank)}});
    }
    return is_as_it_should(how, run) && !has_signal_changed() ? 0 : 5;
}
