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

#include <guild/base/crc32c.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/recorder.hpp>
#include <guild/series/writer.hpp>

#include <bench/latency.hpp>
#include <bench/process_memory.hpp>
#include <bench/report.hpp>

namespace os = guild::os;
namespace gs = guild::series;
using bench::clock_ns;
using bench::histogram;
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
class floor_file {
public:
    floor_file(const std::string& path, std::size_t flush_bytes)
        : flush_bytes_(flush_bytes), buffer_(flush_bytes + 1024, '\0') {
        auto file = os::open_file(path, os::open_mode::truncate);
        must(file.has_value(), "a file cannot be made");
        file_ = std::move(*file);
    }

    void append(const row& values) {
        for (const gs::sample& value : values) {
            const auto shorter = static_cast<float>(value.value.as_double());
            std::memcpy(&buffer_[used_], &shorter, sizeof shorter);
            used_ += sizeof shorter;
        }
        if (used_ >= flush_bytes_) {
            flush();
        }
    }

private:
    void flush() {
        const std::string_view bytes = buffer_;
        guild::store_le(&buffer_[used_], guild::crc32c(bytes.substr(0, used_)));
        must(file_.write_at(written_, bytes.substr(0, used_ + 4)).has_value(), "a write failed");
        written_ += used_ + 4;
        used_ = 0;
    }

    os::file file_;
    std::size_t flush_bytes_;
    std::string buffer_;
    std::size_t used_ = 0;
    std::uint64_t written_ = 0;
};

gs::writer start_writer(const std::string& directory, std::int64_t interval_ms) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = interval_ms;
    auto writer = gs::writer::create(directory, options);
    must(writer.has_value(), "a series file cannot be made");
    for (std::size_t i = 0; i < columns; ++i) {
        (void)writer->series("curve/" + std::to_string(i));
    }
    return std::move(*writer);
}

void append_rows(const std::string& work, bool buffered, std::int64_t frames, int rounds) {
    const std::vector<row> rows = make_rows();
    must(os::make_directories(work).has_value(), "a directory cannot be made");
    gs::writer writer = start_writer(work + "/series", buffered ? 1000 : 0);
    floor_file least(work + "/floor", buffered ? 65'536 : 1);
    std::int64_t step = 0;
    const auto row_of = [&rows](std::int64_t number) -> const row& {
        return rows[static_cast<std::size_t>(number) % rows.size()];
    };
    const auto append = [&] {
        for (const std::int64_t end = step + frames; step < end; ++step) {
            const row& values = row_of(step);
            writer.append(step, step * 12'345, values.data(), values.size());
        }
    };
    const auto append_floor = [&] {
        for (std::int64_t i = 0; i < frames; ++i) {
            least.append(row_of(i));
        }
    };
    (void)bench::best_seconds(1 + rounds / 10, {append});  // memory grows to what it takes
    const std::uint64_t before = bench::allocations;
    for (int round = 0; round < rounds / 10; ++round) {
        append();
    }
    const std::uint64_t allocations = bench::allocations - before;
    const std::vector<double> best = bench::best_seconds(rounds, {append, append_floor});
    must(writer.flush().has_value(), "a flush failed");
    const double values = static_cast<double>(frames) * static_cast<double>(columns);
    const std::string name = buffered ? "append, buffered" : "append, visible at once";
    print_row(name, best[0] * 1e9 / values, "ns/value", buffered ? 15 : 150, true);
    print_row(name + ", floor", best[1] * 1e9 / values, "ns/value");
    print_row(name + ", allocations after warm-up", static_cast<double>(allocations), "in all", 0,
              true);
}

// ---- log() --------------------------------------------------------------------------------------

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
    const bool quick = bench::take_options(argc, argv);
    const auto work = os::make_temp_directory("guild-bench-");
    must(work.has_value(), "no directory for temporary files");
    append_rows(*work + "/buffered", true, 20'000, quick ? 1 : 100);
    append_rows(*work + "/visible", false, 5'000, quick ? 1 : 100);
    log_rows(*work, 1, quick ? 8'000 : 40'000, quick ? 1 : 50);
    log_rows(*work, 4, quick ? 8'000 : 20'000, quick ? 1 : 50);
    (void)os::remove_tree(*work);
    return 0;
}
