// log_points COUNT MS [SPIKE]: logs COUNT points of the series `loss` into the run of $RUNDIR.
//
// With MS above 0 through the recorder, MS milliseconds apart, as a trainer does; with 0 as fast as
// a file takes them, a microsecond apart by their times, and behind them 200 points of `wild`, with
// two NaN and an infinity. Step SPIKE has the value 9.5; all others are a falling curve with noise,
// below 1.1.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include <guild/os/env.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/recorder.hpp>
#include <guild/series/writer.hpp>

namespace {

double value_at(std::int64_t step, std::int64_t count, std::int64_t spike) {
    const double part = static_cast<double>(step) / static_cast<double>(count);
    const double noise = static_cast<double>(step * 7919 % 1000) / 20000.0;
    return step == spike ? 9.5 : 1.0 / (1.0 + 8.0 * part) + noise;
}

int log_slowly(std::int64_t count, std::int64_t apart_ms, std::int64_t spike) {
    auto run = guild::runs::recorder::current();
    if (!run.is_active()) {
        return 1;
    }
    const auto loss = run.series("loss");
    for (std::int64_t step = 0; step < count; ++step) {
        run.log(step, {{loss, value_at(step, count, spike)}});
        ::usleep(static_cast<useconds_t>(apart_ms * 1000));
    }
    return run.finish() ? 0 : 1;
}

int log_fast(const std::string& run, std::int64_t count, std::int64_t spike) {
    auto writer =
        guild::series::writer::create(guild::runs::data_path(run, guild::runs::series_directory));
    if (!writer) {
        return 1;
    }
    const std::int64_t begin_us = guild::os::system_env.wall_time_us();
    const std::uint32_t loss = writer->series("loss");
    for (std::int64_t step = 0; step < count; ++step) {
        writer->append_one(step, begin_us + step, loss, value_at(step, count, spike));
    }
    const std::uint32_t wild = writer->series("wild");
    for (std::int64_t step = 0; step < 200; ++step) {
        const double value = step == 50 || step == 51 ? std::nan("")
                             : step == 120            ? HUGE_VAL
                                                      : std::sin(static_cast<double>(step) / 9.0);
        writer->append_one(step, begin_us + step * 50'000, wild, value);
    }
    return writer->close() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const char* run = std::getenv("RUNDIR");
    if (argc < 3 || run == nullptr) {
        return 2;
    }
    const std::int64_t count = std::atoll(argv[1]);
    const std::int64_t apart_ms = std::atoll(argv[2]);
    const std::int64_t spike = argc > 3 ? std::atoll(argv[3]) : -1;
    return apart_ms > 0 ? log_slowly(count, apart_ms, spike) : log_fast(run, count, spike);
}
