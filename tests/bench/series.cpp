// Series storage: appends, sizes, scans, lists of runs and charts, beside SQLite on the same data.
//
//     bench_series [--quick] [--json] [--event-files DIR] [--work DIR]
//
// Two data sets: the training curves of curves.hpp in frames of ten, and the points of real event
// files with their own times, one frame each. Peers: SQLite as a tracker uses it
// (series_sqlite.hpp) and the layout of the tool of 2017 (series_legacy.hpp); left out, with a
// remark, where SQLite was not found. Times are the best of some. --quick: a hundredth of
// everything, to see that it works. The row `log()` is measured by bench_series_append.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include <bench/process_memory.hpp>
#include <bench/report.hpp>
#include <bench/series_data.hpp>
#include <bench/series_guild.hpp>
#include <bench/series_peers.hpp>
#include <bench/series_scale.hpp>

namespace os = guild::os;
namespace gs = guild::series;

using bench::must;
using bench::print_row;

namespace {

// ---- append -------------------------------------------------------------------------------------

struct appended {
    double ns_per_value = 0;
    double allocations = 0;  // after the first tenth
};

// Logs the run again and again, with steps and times that go on.
appended append_points(const std::string& directory, const bench::logged_run& run,
                       std::int64_t points, std::int64_t interval_ms) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = interval_ms;
    auto writer = gs::writer::create(directory, options).value();
    for (const std::string& key : run.keys) {
        (void)writer.series(key);
    }
    const std::int64_t steps = run.frames.back().step + 1;
    const std::int64_t time_us = run.frames.back().time_us - run.frames.front().time_us + 1;
    appended got;
    std::int64_t done = 0;
    const double seconds = bench::seconds_of([&] {
        for (std::int64_t lap = 0; done < points; ++lap) {
            if (done * 10 <= points) {
                got.allocations = static_cast<double>(bench::allocations);
            }
            for (const bench::logged_frame& frame : run.frames) {
                writer.append(frame.step + lap * steps, frame.time_us + lap * time_us,
                              run.values.data() + frame.first, frame.count);
                done += static_cast<std::int64_t>(frame.count);
            }
        }
        got.allocations = static_cast<double>(bench::allocations) - got.allocations;
        must(writer.flush().has_value(), "a series file cannot be written");
    });
    got.ns_per_value = seconds * 1e9 / static_cast<double>(done);
    return got;
}

void append_rows(const bench::scale& size, const std::string& work) {
    const bench::logged_run run = bench::curves_run(2000, 1, 1);  // stays in the cache
    appended buffered;
    appended visible;
    for (int round = 0; round < size.rounds; ++round) {
        const std::string directory = work + "/append";
        const appended again[] = {append_points(directory, run, size.append_points, 1000),
                                  append_points(directory, run, size.append_points / 10, 0)};
        buffered =
            round == 0 || again[0].ns_per_value < buffered.ns_per_value ? again[0] : buffered;
        visible = round == 0 || again[1].ns_per_value < visible.ns_per_value ? again[1] : visible;
        (void)os::remove_tree(directory);
    }
    print_row("append, buffered, curves", buffered.ns_per_value, "ns/value", 15, true);
    print_row("append, visible at once, curves", visible.ns_per_value, "ns/value", 150, true);
    print_row("append, allocations after warm-up, curves", buffered.allocations, "in all", 0, true);
    bench::print_append_peers(size, run, work);
}

// ---- size and scan ------------------------------------------------------------------------------

void print_size(const std::string& what, const bench::data_set& set, const std::string& directory,
                double target = -1) {
    const bench::usage used = bench::usage_of(directory, set.run_count());
    must(used.points > 0, "no point was found");
    print_row("size, " + what + ", " + set.name, used.bytes / used.points, "bytes/value", target,
              true);
    // A run of a few points is header and index: what a long run takes shows in long runs alone.
    const bench::usage of_long = bench::usage_of(directory, set.run_count(), 200);
    if (of_long.points < used.points) {
        print_row("size, " + what + ", " + set.name + " of runs with 200 points or more",
                  of_long.bytes / of_long.points, "bytes/value");
    }
}

void print_scan(const std::string& what, const bench::data_set& set, const std::string& directory,
                int rounds) {
    bench::scanned found;
    const auto scan_all = [&] {
        found = {};
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            found.add(bench::scan_run(bench::run_directory(directory, i)));
        }
    };
    const double seconds = bench::best_seconds(rounds, {scan_all})[0];
    must(static_cast<double>(found.points) == set.points(), "a point was lost");
    print_row("scan, " + what + ", " + set.name, set.points() / seconds / 1e6, "M points/s", 150);
}

void print_scan_floor(const std::string& what, const bench::data_set& set,
                      const std::string& directory, int rounds) {
    const auto read_all = [&] {
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            (void)bench::checksum_run(bench::run_directory(directory, i));
        }
    };
    const double seconds = bench::best_seconds(rounds, {read_all})[0];
    print_row("floor, reading and checksumming, " + what + ", " + set.name,
              set.points() / seconds / 1e6, "M points/s");
}

// Sizes of one data set, and scans where it is large enough.
void size_rows(const bench::scale& size, const bench::data_set& set, double target,
               const std::string& work, bool is_scanned) {
    const std::string directory = work + "/size";
    auto writers = bench::write_live(directory + "/live", set, bench::pace::own_time);
    print_size("live", set, directory + "/live");
    if (is_scanned) {
        print_scan("live", set, directory + "/live", size.rounds);
        print_scan_floor("live", set, directory + "/live", size.rounds);
    }
    writers = bench::write_live(directory + "/bulk", set, bench::pace::bulk);
    print_size("live, 64 KiB a flush", set, directory + "/bulk");
    if (is_scanned) {
        print_scan("live, 64 KiB a flush", set, directory + "/bulk", size.rounds);
    }
    bench::close_and_compact(writers);
    print_size("closed", set, directory + "/bulk", target);
    if (is_scanned) {
        print_scan("closed", set, directory + "/bulk", size.rounds);
        print_scan_floor("closed", set, directory + "/bulk", size.rounds);
    }
    bench::write_killed(directory + "/killed", set);
    print_size("killed", set, directory + "/killed");
    print_row("size, TFRecord, " + set.name, bench::tfrecord_bytes(set) / set.points(),
              "bytes/value");
    bench::print_size_peers(size, set, directory, is_scanned);
    (void)os::remove_tree(directory);
}

// ---- listing ------------------------------------------------------------------------------------

void print_listing(const bench::scale& size, const char* what, const std::string& directory,
                   double target, const bench::overview& expected) {
    bench::overview found;
    const auto list = [&] { found = bench::list_runs(directory, size.listing_runs); };
    const double seconds = bench::best_seconds(size.rounds, {list})[0];
    must(found.series == expected.series, "a series was lost");
    print_row(size.listing_name(what), seconds * 1e3, "ms", target, true);
}

void listing_rows(const bench::scale& size, const std::string& self, const std::string& work) {
    const std::string directory = work + "/listing";
    bench::data_set set;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        set.runs.push_back(
            bench::curves_run(size.listing_points, size.listing_series / 10, 100 + seed));
    }
    set.repeats = size.listing_runs / set.runs.size();
    auto writers = bench::write_live(directory + "/live", set, bench::pace::own_time);
    const bench::overview all = bench::list_runs(directory + "/live", size.listing_runs);
    must(all.series == size.listing_runs * size.listing_series, "a series was lost");
    print_listing(size, "live", directory + "/live", 60, all);
    bench::close_and_compact(writers);
    print_listing(size, "closed", directory + "/live", 15, all);
    const auto touch = [&] { (void)bench::touch_runs(directory + "/live", size.listing_runs); };
    print_row("floor, opening and 8 KiB, " + size.listing_name("closed"),
              bench::best_seconds(size.rounds, {touch})[0] * 1e3, "ms");
    print_row(
        "memory, " + size.listing_name("closed"),
        bench::memory_of(self, {"--list", directory + "/live", std::to_string(size.listing_runs)}),
        "MiB");
    (void)os::remove_tree(directory + "/live");
    bench::write_killed(directory + "/killed", set);
    print_listing(size, "killed", directory + "/killed", 60, all);
    (void)os::remove_tree(directory);
    bench::print_listing_peers(size, set, work, all);
}

// ---- pixels -------------------------------------------------------------------------------------

void print_chart(const bench::scale& size, const char* what, const std::string& directory,
                 std::size_t expected, double target) {
    std::size_t found = 0;
    const auto read = [&] { found = bench::chart(directory, "train/loss", 1000); };
    const double seconds = bench::best_seconds(size.rounds, {read})[0];
    must(found * 2 > expected && found <= 4000, "a chart has other points");
    print_row(size.pixel_name(what), seconds * 1e3, "ms", target, true);
}

void pixel_rows(const bench::scale& size, const std::string& self, const std::string& work) {
    const std::string directory = work + "/pixels";
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    std::vector<gs::writer> writers;
    writers.push_back(gs::writer::create(directory, options).value());
    const std::uint32_t id = writers.front().series("train/loss");
    bench::training_curves curves(size.pixel_points, 7);
    for (std::int64_t step = 0; step < size.pixel_points; ++step) {
        const bench::curve_frame frame = curves.next();
        writers.front().append_one(step, frame.time_us, id, frame.values[0]);
    }
    must(writers.front().flush().has_value(), "a series file cannot be written");
    std::size_t expected = 0;
    const auto read_all = [&] {
        gs::run_reader reader(directory);
        expected = gs::reduce_columns(reader.points("train/loss"), 1000).size();
    };
    const double reading = bench::best_seconds(size.rounds / 2 + 1, {read_all})[0];
    print_chart(size, "live", directory, expected, -1);
    bench::close_and_compact(writers);
    print_chart(size, "closed", directory, expected, 5);
    print_row(size.pixel_name("live, reading every point"), reading * 1e3, "ms");
    print_row("memory, " + size.pixel_name("closed"),
              bench::memory_of(self, {"--chart", directory}), "MiB");
    (void)os::remove_tree(directory);
    bench::print_pixel_peers(size, work);
}

// ---- the program --------------------------------------------------------------------------------

struct options {
    bench::scale size;
    std::string event_files = GUILD_SHARED_DATA "/event-files";
    std::string work;
};

options parse(int argc, char** argv) {
    options given;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--quick") {
            given.size = bench::quick_scale();
        } else if (word == "--json") {
            bench::as_json = true;
        } else if (word == "--event-files" && i + 1 < argc) {
            given.event_files = argv[++i];
        } else if (word == "--work" && i + 1 < argc) {
            given.work = argv[++i];
        } else {
            std::fprintf(stderr, "usage: bench_series [--quick] [--json] [--event-files DIR] "
                                 "[--work DIR]\n");
            std::exit(2);
        }
    }
    return given;
}

// Live runs have a descriptor each.
void allow_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

int main(int argc, char** argv) {
    allow_descriptors();
    if (argc == 4 && std::string_view(argv[1]) == "--list") {
        (void)bench::list_runs(argv[2], static_cast<std::size_t>(std::atoll(argv[3])));
        return bench::print_peak_memory();
    }
    if (argc == 3 && std::string_view(argv[1]) == "--chart") {
        (void)bench::chart(argv[2], "train/loss", 1000);
        return bench::print_peak_memory();
    }
    const options given = parse(argc, argv);
    const std::string work =
        given.work.empty() ? os::make_temp_directory("guild-bench-").value() : given.work;
    bench::print_peers_remark();
    append_rows(given.size, work);
    bench::data_set curves;
    curves.name = "curves";
    curves.runs.push_back(bench::curves_run(given.size.curve_frames, 1, 1));
    size_rows(given.size, curves, 3.5, work, true);
    const bench::data_set files = bench::event_file_points(given.event_files);
    if (files.runs.empty()) {
        bench::print_remark("no event files in " + given.event_files + ": their rows are left out");
    } else {
        size_rows(given.size, files, 6, work, false);
    }
    listing_rows(given.size, argv[0], work);
    pixel_rows(given.size, argv[0], work);
    if (given.work.empty()) {
        (void)os::remove_tree(work);
    }
    return 0;
}
