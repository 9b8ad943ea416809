// Appends to series files, and logs from a training loop, beside what the system takes at least.
//
//     bench_series_append [--quick] [--json]
//
// Floors: appends are held against a loop that puts the same values as four bytes each into a
// buffer, takes its checksum and writes it as often; log() against a loop that looks at the clock
// and does nothing between. Times are the best of some rounds. What log() takes is measured while
// the ring has room: loops of some thousand calls with a flush between, which is not counted.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <time.h>

#include <guild/base/crc32c.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/recorder.hpp>
#include <guild/series/writer.hpp>

#include <bench/process_memory.hpp>
#include <bench/report.hpp>

namespace os = guild::os;
namespace gs = guild::series;
using bench::must;
using bench::print_row;

namespace {

constexpr std::size_t columns = 10;
using row = std::vector<gs::sample>;

// Single precision values around their column's number; one column is constant.
std::vector<row> make_rows() {
    std::vector<row> rows(4096, row(columns));
    std::uint32_t noise = 12345;
    for (row& values : rows) {
        for (std::size_t i = 0; i < columns; ++i) {
            noise = noise * 1664525U + 1013904223U;
            const double spread = i == 0 ? 0.001 : static_cast<double>(noise) / 4294967296.0;
            values[i] = {static_cast<std::uint32_t>(i),
                         static_cast<float>(spread + static_cast<double>(i))};
        }
    }
    return rows;
}

// ---- append -------------------------------------------------------------------------------------

// The loop of the same outcome for readers: values, checksum, one write a flush.
double floor_ns(const std::string& path, const std::vector<row>& rows, std::int64_t frames,
                std::size_t flush_bytes) {
    auto file = os::open_file(path, os::open_mode::truncate);
    must(file.has_value(), "a file cannot be made");
    std::string buffer(flush_bytes + 1024, '\0');
    std::size_t used = 0;
    std::uint64_t written = 0;
    const double seconds = bench::seconds_of([&] {
        for (std::int64_t step = 0; step < frames; ++step) {
            for (const gs::sample& value : rows[static_cast<std::size_t>(step) % rows.size()]) {
                const auto shorter = static_cast<float>(value.value.as_double());
                std::memcpy(&buffer[used], &shorter, 4);
                used += 4;
            }
            if (used >= flush_bytes) {
                guild::store_le(&buffer[used],
                                guild::crc32c(std::string_view(buffer).substr(0, used)));
                must(file->write_at(written, std::string_view(buffer).substr(0, used + 4))
                         .has_value(),
                     "a write failed");
                written += used + 4;
                used = 0;
            }
        }
    });
    return seconds * 1e9 / static_cast<double>(frames) / columns;
}

struct appended {
    double ns = 0;  // a value
    std::uint64_t allocations = 0;
};

appended append_frames(const std::string& directory, const std::vector<row>& rows,
                       std::int64_t frames, std::int64_t interval_ms) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = interval_ms;
    auto writer = gs::writer::create(directory, options);
    must(writer.has_value(), "a series file cannot be made");
    for (std::size_t i = 0; i < columns; ++i) {
        (void)writer->series("curve/" + std::to_string(i));
    }
    std::int64_t step = 0;
    const auto append = [&](std::int64_t count) {
        for (const std::int64_t end = step + count; step < end; ++step) {
            const row& values = rows[static_cast<std::size_t>(step) % rows.size()];
            writer->append(step, step * 12'345, values.data(), values.size());
        }
        must(writer->flush().has_value(), "a flush failed");
    };
    append(std::min<std::int64_t>(frames, 30'000));  // memory grows to what it takes
    appended got;
    const std::uint64_t before = bench::allocations;
    const double seconds = bench::seconds_of([&] { append(frames); });
    got.allocations = bench::allocations - before;
    got.ns = seconds * 1e9 / static_cast<double>(frames) / columns;
    (void)writer->close();
    (void)os::remove_tree(directory);
    return got;
}

void append_rows(const std::string& work, std::int64_t frames, int rounds) {
    const std::vector<row> rows = make_rows();
    appended buffered{1e9, 0};
    appended visible{1e9, 0};
    double floor_buffered = 1e9;
    double floor_visible = 1e9;
    for (int round = 0; round < rounds; ++round) {
        const appended first = append_frames(work + "/buffered", rows, frames, 1000);
        const appended second = append_frames(work + "/visible", rows, frames / 10, 0);
        buffered = {std::min(buffered.ns, first.ns), buffered.allocations + first.allocations};
        visible = {std::min(visible.ns, second.ns), visible.allocations + second.allocations};
        floor_buffered = std::min(floor_buffered, floor_ns(work + "/a", rows, frames, 65'536));
        floor_visible = std::min(floor_visible, floor_ns(work + "/b", rows, frames / 10, 1));
    }
    print_row("append, buffered", buffered.ns, "ns/value", 15, true);
    print_row("append, buffered, floor", floor_buffered, "ns/value");
    print_row("append, visible at once", visible.ns, "ns/value", 150, true);
    print_row("append, visible at once, floor", floor_visible, "ns/value");
    print_row("append, allocations after warm-up",
              static_cast<double>(buffered.allocations + visible.allocations), "in all", 0, true);
}

// ---- log() --------------------------------------------------------------------------------------

std::int64_t clock_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + std::int64_t{now.tv_nsec};
}

// How often each number of nanoseconds was met.
class histogram {
public:
    void add(std::int64_t ns) {
        ++counts_[static_cast<std::size_t>(std::min<std::int64_t>(ns, most))];
    }
    void add(const histogram& other) {
        for (std::size_t ns = 0; ns < counts_.size(); ++ns) {
            counts_[ns] += other.counts_[ns];
        }
    }
    [[nodiscard]] double quantile(double part) const {
        std::uint64_t all = 0;
        for (const std::uint32_t count : counts_) {
            all += count;
        }
        std::uint64_t seen = 0;
        std::size_t ns = 0;
        while (static_cast<double>(seen += counts_[ns]) < part * static_cast<double>(all)) {
            ++ns;
        }
        return static_cast<double>(ns);
    }

private:
    static constexpr std::int64_t most = 8191;
    std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(most + 1);
};

// What lies between two looks at the clock, on each of some threads.
template <class Work>
histogram times_between(unsigned threads, std::int64_t calls, guild::runs::recorder& run,
                        const Work& work) {
    const std::int64_t most_waiting = 8000 / threads;
    std::vector<histogram> times(threads);
    const auto measure = [&](std::size_t thread) {
        for (std::int64_t call = 0; call < calls; ++call) {
            const std::int64_t begin = clock_ns();
            work(call);
            times[thread].add(clock_ns() - begin);
            if (call % most_waiting == most_waiting - 1) {
                must(run.flush(), "a flush failed");
            }
        }
    };
    os::for_each_index(threads, threads, measure);
    for (unsigned i = 1; i < threads; ++i) {
        times[0].add(times[i]);
    }
    return times[0];
}

void log_rows(const std::string& work, unsigned threads, std::int64_t calls, int rounds) {
    auto run = guild::runs::recorder::create(work);
    must(run.has_value(), "a run cannot be made");
    const guild::runs::series_id loss = run->series("loss");
    const auto nothing = [](std::int64_t) {};
    const auto log = [&](std::int64_t step) { run->log(step, {{loss, 0.5}}); };
    double median[2] = {1e9, 1e9};
    double rare[2] = {1e9, 1e9};
    for (int round = 0; round <= rounds; ++round) {
        const histogram times[2] = {times_between(threads, calls, *run, nothing),
                                    times_between(threads, calls, *run, log)};
        for (int i = 0; i < 2 && round > 0; ++i) {  // the first one warms up
            median[i] = std::min(median[i], times[i].quantile(0.5));
            rare[i] = std::min(rare[i], times[i].quantile(0.999));
        }
    }
    const std::string from = threads == 1 ? "" : ", " + std::to_string(threads) + " threads";
    // Two looks at the clock that follow each other are as far apart as one takes.
    print_row("clock_gettime, median" + from, median[0], "ns");
    print_row("log, one value: median over clock_gettime" + from, median[1] - 2 * median[0], "ns",
              20, true);
    print_row("empty clock loop, p99.9" + from, rare[0], "ns");
    print_row("log, one value, p99.9" + from, rare[1], "ns");
    print_row("log p99.9 over an empty clock loop's" + from, rare[1] / rare[0], "x", 2, true);
    print_row("log, values dropped" + from, static_cast<double>(run->dropped()), "in all", 0, true);
    const std::uint64_t before = bench::allocations;
    for (std::int64_t step = 0; step < 1000; ++step) {
        log(step);
    }
    const std::uint64_t after = bench::allocations;
    print_row("log, allocations" + from, static_cast<double>(after - before), "in 1000", 0, true);
}

}  // namespace

int main(int argc, char** argv) {
    bool quick = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        must(argument == "--quick" || argument == "--json", "usage: [--quick] [--json]");
        quick = quick || argument == "--quick";
        bench::as_json = bench::as_json || argument == "--json";
    }
    const auto work = os::make_temp_directory("guild-bench-");
    must(work.has_value(), "no directory for temporary files");
    append_rows(*work, quick ? 10'000 : 500'000, quick ? 1 : 7);
    log_rows(*work, 1, quick ? 8'000 : 40'000, quick ? 1 : 50);
    log_rows(*work, 4, quick ? 8'000 : 20'000, quick ? 1 : 50);
    (void)os::remove_tree(*work);
    return 0;
}
