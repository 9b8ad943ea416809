// tests/bench/series_peers.hpp - the rows of SQLite and of the layout of 2017, on the data of
// guild's rows. Without SQLite there are none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include <bench/report.hpp>
#include <bench/series_data.hpp>
#include <bench/series_guild.hpp>
#include <bench/series_scale.hpp>

#if defined(GUILD_BENCH_SQLITE)

#include <bench/series_legacy.hpp>
#include <bench/series_sqlite.hpp>

namespace bench {

inline void print_peers_remark() {
    print_remark(std::string("peers: SQLite ") + sqlite3_libversion());
}

// ---- append -------------------------------------------------------------------------------------

inline double sqlite_append_ns(const logged_run& run, const std::string& work, std::int64_t points,
                               std::int64_t rows, int rounds) {
    double best = 0;
    for (int round = 0; round < rounds; ++round) {
        const std::string directory = work + "/append";
        os::make_directories(directory).value();
        {
            sqlite_tracker tracker(directory + "/a.db");
            tracker.add_series(run, 1);
            std::int64_t done = 0;
            const double seconds = seconds_of([&] { done = tracker.log(run, 1, points, rows); });
            const double each = seconds * 1e9 / static_cast<double>(done);
            best = round == 0 ? each : std::min(best, each);
        }
        (void)os::remove_tree(directory);
    }
    return best;
}

inline void print_append_peers(const scale& size, const logged_run& run, const std::string& work) {
    print_row("append, SQLite, 1000 rows a transaction, curves",
              sqlite_append_ns(run, work, size.sqlite_rows, 1000, 3), "ns/value");
    print_row("append, SQLite, a transaction a frame, curves",
              sqlite_append_ns(run, work, size.sqlite_rows / 5, 10, 3), "ns/value");
    print_row("append, SQLite, a transaction a row, curves",
              sqlite_append_ns(run, work, size.sqlite_rows / 20, 0, 3), "ns/value");
    const std::string directory = work + "/append";
    os::make_directories(directory).value();
    {
        legacy_store store(directory + "/a.db");
        store.add_series(run);
        std::int64_t points = 0;
        const double seconds = seconds_of([&] { points = store.log(run, size.legacy_rows); });
        print_row("append, layout of 2017, a transaction a row of ten seconds, curves",
                  seconds * 1e9 / static_cast<double>(points), "ns/value");
    }
    (void)os::remove_tree(directory);
}

// ---- size and scan ------------------------------------------------------------------------------

// The tracker as it is left when closed: the log is in the database.
inline void print_sqlite_size(const scale& size, const data_set& set, const std::string& path,
                              bool is_scanned) {
    {
        sqlite_tracker tracker(path);
        std::int64_t first_id = 1;
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            const logged_run& run = set.run(i);
            tracker.add_series(run, first_id, run.name + '/');
            (void)tracker.log(run, first_id, static_cast<std::int64_t>(run.values.size()), 1000);
            first_id += static_cast<std::int64_t>(run.keys.size());
        }
        if (is_scanned) {
            scanned found;
            const double seconds =
                best_seconds(size.rounds / 2 + 1, {[&] { found = tracker.scan(); }})[0];
            print_row("scan, SQLite, " + set.name,
                      static_cast<double>(found.points) / seconds / 1e6, "M points/s");
        }
    }
    print_row("size, SQLite, " + set.name,
              static_cast<double>(os::get_status(path).value().size) / set.points(), "bytes/value");
}

inline void print_legacy_size(const scale& size, const data_set& set, const std::string& path,
                              bool is_scanned) {
    constexpr std::int64_t all = std::int64_t{1} << 40U;
    {
        legacy_store store(path);
        store.in().run("BEGIN");
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            store.add_series(set.run(i), set.run(i).name + '/');
            (void)store.log(set.run(i), all);
        }
        store.in().run("COMMIT");
        if (is_scanned) {
            scanned found;
            const double seconds =
                best_seconds(size.rounds / 2 + 1, {[&] { found = store.scan(); }})[0];
            print_row("scan, layout of 2017, " + set.name,
                      static_cast<double>(found.points) / seconds / 1e6, "M points/s");
        }
    }
    print_row("size, layout of 2017, " + set.name,
              static_cast<double>(os::get_status(path).value().size) / set.points(), "bytes/value");
}

inline void print_size_peers(const scale& size, const data_set& set, const std::string& directory,
                             bool is_scanned) {
    print_sqlite_size(size, set, directory + "/sqlite.db", is_scanned);
    print_legacy_size(size, set, directory + "/legacy.db", is_scanned);
}

// ---- listing ------------------------------------------------------------------------------------

inline void print_listing_peer(const scale& size, const char* what, const overview& expected,
                               int rounds, const std::function<void(overview&)>& list) {
    overview found;
    const double seconds = best_seconds(rounds, {[&] {
                                            found = {};
                                            list(found);
                                        }})[0];
    must(found.series == expected.series, "a peer lost a series");
    must(std::fabs(found.sum - expected.sum) <= 1e-9 * std::fabs(expected.sum),
         "a peer shows other values");
    print_row(size.listing_name(what), seconds * 1e3, "ms");
}

// `make(path, run)` makes the database of one run; runs that repeat get a copy of the file.
template <class Make>
void make_databases(const std::string& directory, const data_set& set, Make&& make) {
    for (std::size_t i = 0; i < set.run_count(); ++i) {
        const std::string place = run_directory(directory, i);
        os::make_directories(place).value();
        if (i < set.runs.size()) {
            make(place + "/run.db", set.run(i));
            continue;
        }
        const std::string made = run_directory(directory, i % set.runs.size()) + "/run.db";
        const std::string bytes = os::load_file(made).value();
        auto copy = os::open_file(place + "/run.db", os::open_mode::create_new).value();
        copy.write_all(bytes).value();
    }
}

// One database a run, as runs are directories.
inline void print_sqlite_listing(const scale& size, const data_set& set, const std::string& work,
                                 const overview& expected) {
    const std::string directory = work + "/listing";
    make_databases(directory, set, [](const std::string& path, const logged_run& run) {
        sqlite_tracker tracker(path);
        tracker.add_series(run, 1);
        (void)tracker.log(run, 1, static_cast<std::int64_t>(run.values.size()), 100'000);
        tracker.summarize();
    });
    const auto list_all = [&](const char* sql, overview& all) {
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            sqlite_reader(run_directory(directory, i) + "/run.db").list(sql, all);
        }
    };
    print_listing_peer(size, "SQLite, a summary table in each run", expected, size.rounds,
                       [&](overview& all) { list_all(list_by_summary, all); });
    print_listing_peer(size, "SQLite, GROUP BY in each run", expected, 1,
                       [&](overview& all) { list_all(list_by_points, all); });
    (void)os::remove_tree(directory);
}

// One database for all runs; only what is read is there, no points.
inline void print_server_listing(const scale& size, const data_set& set, const std::string& work,
                                 const overview& expected) {
    const std::string directory = work + "/listing";
    os::make_directories(directory).value();
    {
        sqlite_tracker tracker(directory + "/all.db");
        tracker.in().run("BEGIN");
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            tracker.add_summaries(set.run(i), static_cast<std::int64_t>(i * size.listing_series),
                                  std::to_string(i) + '/');
        }
        tracker.in().run("COMMIT");
    }
    print_listing_peer(
        size, "SQLite, a summary table for all runs", expected, size.rounds,
        [&](overview& all) { sqlite_reader(directory + "/all.db").list(list_by_summary, all); });
    (void)os::remove_tree(directory);
}

inline void print_legacy_listing(const scale& size, const data_set& set, const std::string& work,
                                 const overview& expected) {
    const std::string directory = work + "/listing";
    make_databases(directory, set, [](const std::string& path, const logged_run& run) {
        legacy_store store(path);
        store.in().run("BEGIN");
        store.add_series(run);
        (void)store.log(run, std::int64_t{1} << 40U);
        store.in().run("COMMIT");
    });
    print_listing_peer(size, "layout of 2017", expected, 1, [&](overview& all) {
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            legacy_store(run_directory(directory, i) + "/run.db", legacy_store::only_read{})
                .list(all);
        }
    });
    (void)os::remove_tree(directory);
}

inline void print_listing_peers(const scale& size, const data_set& set, const std::string& work,
                                const overview& expected) {
    print_server_listing(size, set, work, expected);
    print_sqlite_listing(size, set, work, expected);
    print_legacy_listing(size, set, work, expected);
}

// ---- pixels -------------------------------------------------------------------------------------

inline void print_pixel_peers(const scale& size, const std::string& work) {
    const std::string directory = work + "/pixels";
    os::make_directories(directory).value();
    {
        sqlite_tracker tracker(directory + "/a.db");
        tracker.log_curve(size.pixel_points);
        std::uint64_t rows = 0;
        const auto group = [&] { rows = tracker.pixels(1000, size.pixel_points); };
        const double grouping = best_seconds(1, {group})[0];
        must(rows == 1000, "a peer has other pixels");
        print_row(size.pixel_name("SQLite, GROUP BY"), grouping * 1e3, "ms");
        const auto ask = [&] { rows = tracker.pixels_by_range(1000, size.pixel_points); };
        const double asking = best_seconds(1 + size.rounds / 2, {ask})[0];
        must(rows == 1000, "a peer has other pixels");
        print_row(size.pixel_name("SQLite, a query a pixel"), asking * 1e3, "ms");
    }
    (void)os::remove_tree(directory);
}

}  // namespace bench

#else

namespace bench {

inline void print_peers_remark() {
    print_remark("built without SQLite (libsqlite3-dev): no rows of SQLite and the layout of 2017");
}
inline void print_append_peers(const scale& /*size*/, const logged_run& /*run*/,
                               const std::string& /*work*/) {}
inline void print_size_peers(const scale& /*size*/, const data_set& /*set*/,
                             const std::string& /*directory*/, bool /*is_scanned*/) {}
inline void print_listing_peers(const scale& /*size*/, const data_set& /*set*/,
                                const std::string& /*work*/, const overview& /*expected*/) {}
inline void print_pixel_peers(const scale& /*size*/, const std::string& /*work*/) {}

}  // namespace bench

#endif
