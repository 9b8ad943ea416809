// series_limited DIR HOW BYTES: logs 20,000 points of series "x" where files may have so many bytes
// (RLIMIT_FSIZE), then lifts the limit and ends. HOW: `ignore` SIGXFSZ or `default`, with a writer;
// `recorder`, which is a training program that knows nothing of all that, in the run DIR.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <signal.h>
#include <sys/resource.h>

#include <guild/runs/recorder.hpp>
#include <guild/series/writer.hpp>

namespace gs = guild::series;

namespace {

constexpr std::int64_t points = 20'000;

bool limit_files(rlim_t bytes) {
    rlimit limit{};
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return false;
    }
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

int log_with_writer(const char* directory, rlim_t bytes) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    auto writer = gs::writer::create(directory, options);
    if (!writer || !limit_files(bytes)) {
        return 3;
    }
    const auto x = writer->series("x");
    for (std::int64_t step = 0; step < points; ++step) {
        writer->append_one(step, step, x, static_cast<double>(step) * 0.1);
        if (step % 100 == 0) {
            (void)writer->flush();
        }
    }
    const bool was_refused =
        writer->last_error() && writer->last_error()->code == guild::errc::no_space;
    if (!limit_files(RLIM_INFINITY) || !writer->close()) {
        return 4;
    }
    return was_refused && writer->points_dropped() == 0 ? 0 : 5;
}

int train(const char* directory, rlim_t bytes) {
    if (setenv("RUNDIR", directory, 1) != 0 || !limit_files(bytes)) {
        return 3;
    }
    guild::runs::recorder recorder = guild::runs::recorder::current();
    const auto x = recorder.series("x");
    for (std::int64_t step = 0; step < points; ++step) {
        recorder.log(step, {{x, static_cast<double>(step) * 0.1}});
        if (step % 1000 == 999) {
            (void)recorder.flush();
        }
    }
    const auto failure = recorder.last_error();
    if (!failure || failure->code != guild::errc::no_space) {
        return 4;
    }
    (void)limit_files(RLIM_INFINITY);
    (void)recorder.flush();
    return recorder.dropped() == 0 ? 0 : 5;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        return 2;
    }
    const std::string how = argv[2];
    const auto bytes = static_cast<rlim_t>(std::atoll(argv[3]));
    (void)signal(SIGXFSZ, how == "ignore" ? SIG_IGN : SIG_DFL);
    return how == "recorder" ? train(argv[1], bytes) : log_with_writer(argv[1], bytes);
}
