// tests/bench/series_sqlite.hpp - series storage as a tracker makes it on SQLite: WAL,
// synchronous = NORMAL, a row a point, clustered by series and step so that one series reads in one
// range. What a run list shows stands in a table of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <bench/report.hpp>
#include <bench/series_data.hpp>
#include <bench/series_guild.hpp>
#include <bench/sqlite.hpp>

namespace bench {

class sqlite_tracker {
public:
    explicit sqlite_tracker(const std::string& path) : in_(path) {
        in_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                "CREATE TABLE series(id INTEGER PRIMARY KEY, key TEXT UNIQUE);"
                "CREATE TABLE points(series INTEGER NOT NULL, step INTEGER NOT NULL,"
                "  time INTEGER NOT NULL, value REAL, PRIMARY KEY(series, step, time))"
                "  WITHOUT ROWID;"
                "CREATE TABLE summary(series INTEGER PRIMARY KEY, count INTEGER,"
                "  last REAL, smallest REAL, largest REAL);");
    }

    /// Gives the keys of a run ids from `first_id` on.
    void add_series(const logged_run& run, std::int64_t first_id, const std::string& prefix = {}) {
        statement insert(in_, "INSERT INTO series VALUES(?, ?)");
        for (std::size_t i = 0; i < run.keys.size(); ++i) {
            const std::string key = prefix + run.keys[i];
            insert.bind(1, first_id + static_cast<std::int64_t>(i)).bind(2, key).run();
        }
    }

    /// Logs at least `points` points of a run, going through it again when it is too short;
    /// `rows` a transaction, 0: each by itself.
    ///
    /// out      how many there were
    std::int64_t log(const logged_run& run, std::int64_t first_id, std::int64_t points,
                     std::int64_t rows) {
        statement insert(in_, "INSERT OR IGNORE INTO points VALUES(?, ?, ?, ?)");
        statement begin(in_, "BEGIN");
        statement commit(in_, "COMMIT");
        std::int64_t done = 0;
        for (std::int64_t lap = 0; done < points; ++lap) {
            const std::int64_t later = lap * (run.frames.back().step + 1);
            for (std::size_t f = 0; f < run.frames.size() && done < points; ++f) {
                const logged_frame& frame = run.frames[f];
                for (std::size_t i = 0; i < frame.count; ++i, ++done) {
                    if (rows != 0 && done % rows == 0) {
                        begin.run();
                    }
                    const gs::sample& value = run.values[frame.first + i];
                    insert.bind(1, first_id + value.id).bind(2, frame.step + later);
                    insert.bind(3, frame.time_us).bind(4, value.value.as_double()).run();
                    if (rows != 0 && (done + 1) % rows == 0) {
                        commit.run();
                    }
                }
            }
        }
        if (rows != 0 && done % rows != 0) {
            commit.run();
        }
        return done;
    }

    /// Fills the table that a tracker keeps up to date with each transaction.
    void summarize() {
        in_.run("INSERT INTO summary SELECT series, count(*), 0, min(value), max(value)"
                "  FROM points GROUP BY series;"
                "UPDATE summary SET last = (SELECT value FROM points p WHERE p.series ="
                "  summary.series ORDER BY step DESC, time DESC LIMIT 1);");
    }

    /// The same rows for a run whose points are not here.
    void add_summaries(const logged_run& run, std::int64_t first_id, const std::string& prefix) {
        std::vector<gs::series_summary> all(run.keys.size());
        for (const logged_frame& frame : run.frames) {
            for (std::size_t i = 0; i < frame.count; ++i) {
                const gs::sample& value = run.values[frame.first + i];
                all[value.id].add(gs::point{frame.step, frame.time_us, value.value});
            }
        }
        add_series(run, first_id, prefix);
        statement insert(in_, "INSERT INTO summary VALUES(?, ?, ?, ?, ?)");
        for (std::size_t i = 0; i < all.size(); ++i) {
            insert.bind(1, first_id + static_cast<std::int64_t>(i));
            insert.bind(2, static_cast<std::int64_t>(all[i].count));
            insert.bind(3, all[i].last.value.as_double()).bind(4, all[i].min.as_double());
            insert.bind(5, all[i].max.as_double()).run();
        }
    }

    /// Series 1: the loss of training_curves at every step.
    void log_curve(std::int64_t points) {
        statement insert(in_, "INSERT INTO points VALUES(1, ?, ?, ?)");
        training_curves curves(points, 7);
        in_.run("BEGIN");
        for (std::int64_t step = 0; step < points; ++step) {
            const curve_frame frame = curves.next();
            insert.bind(1, step)
                .bind(2, frame.time_us)
                .bind(3, static_cast<double>(frame.values[0]))
                .run();
        }
        in_.run("COMMIT");
    }

    scanned scan() {
        scanned all;
        statement select(in_, "SELECT series, step, time, value FROM points");
        while (select.step()) {
            all.sum += select.real(3);
            ++all.points;
        }
        return all;
    }

    /// First, smallest, largest and last of each of `pixels` ranges of steps of series 1.
    std::uint64_t pixels(std::int64_t pixels, std::int64_t steps) {
        statement select(in_, "SELECT step * ?1 / ?2 AS pixel, min(value), max(value), min(step),"
                              "  max(step) FROM points WHERE series = 1 GROUP BY pixel");
        select.bind(1, pixels).bind(2, steps);
        std::uint64_t rows = 0;
        while (select.step()) {
            ++rows;
        }
        return rows;
    }

    /// The same by one query for each range, which needs no sorting.
    std::uint64_t pixels_by_range(std::int64_t pixels, std::int64_t steps) {
        statement select(in_, "SELECT min(value), max(value), min(step), max(step) FROM points"
                              "  WHERE series = 1 AND step >= ?1 AND step < ?2");
        std::uint64_t rows = 0;
        for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
            select.bind(1, (pixel * steps + pixels - 1) / pixels);
            select.bind(2, ((pixel + 1) * steps + pixels - 1) / pixels);
            rows += select.step() ? 1U : 0U;
            select.reset();
        }
        return rows;
    }

    database& in() { return in_; }

private:
    database in_;
};

/// Reads a tracker's database and writes nothing.
class sqlite_reader {
public:
    explicit sqlite_reader(const std::string& path) : in_(path, SQLITE_OPEN_READONLY) {}

    void list(const char* sql, overview& all) {
        statement select(in_, sql);
        while (select.step()) {
            all.add(select.real(1), select.real(2), select.real(3));
        }
    }

private:
    database in_;
};

inline constexpr const char* list_by_summary =
    "SELECT key, last, smallest, largest FROM summary JOIN series ON id = series";
inline constexpr const char* list_by_points =
    "SELECT key, (SELECT value FROM points q WHERE q.series = id ORDER BY step DESC, time DESC"
    "  LIMIT 1), min(value), max(value) FROM series JOIN points p ON p.series = id GROUP BY id";

}  // namespace bench
