// tests/bench/view_site.hpp - the runs that the viewer is measured with: generator "site-1".
//
// Every number follows from the count alone: 3 series of 100 points, 8 flags and 6 attributes a
// run; every seventh run has a label and tags, every twentieth failed. And one run of many long
// series: 100 values a row, a decaying curve with noise, in columns or as it is while the run goes
// on.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/writer.hpp>
#include <guild/tfevents/writer.hpp>

#include "report.hpp"

namespace bench {

inline constexpr std::int64_t site_start_us = 1'500'000'000'000'000;

inline void save_table(const std::string& run, std::string_view name,
                       const guild::runs::pair_list& pairs) {
    std::string text;
    for (const auto& [key, value] : pairs) {
        text += guild::runs::format_tsv_line(key, value);
    }
    must(guild::os::save_file(guild::runs::data_path(run, name), text).has_value(), "save a table");
}

inline std::uint64_t next_random(std::uint64_t& state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return state >> 33U;
}

inline double noise(std::uint64_t& state) {
    return static_cast<double>(next_random(state) % 20001) / 10000.0 - 1.0;
}

inline void make_tables(const std::string& run, std::uint64_t number) {
    const bool has_failed = number % 20 == 19;
    const std::int64_t start = site_start_us + static_cast<std::int64_t>(number) * 60'000'000;
    save_table(run, guild::runs::flags_name,
               {{"lr", std::to_string(number % 7 + 1) + "e-4"},
                {"batch_size", std::to_string(16 << (number % 5))},
                {"optimizer", number % 2 == 0 ? "adam" : "sgd"},
                {"epochs", "20"},
                {"seed", std::to_string(number)},
                {"dropout", "0.1"},
                {"layers", std::to_string(number % 4 + 2)},
                {"data", "/data/sets/one"}});
    save_table(run, guild::runs::attrs_name,
               {{"host", "train-0" + std::to_string(number % 4)},
                {"os", "Linux"},
                {"kernel", "6.1.0"},
                {"cpus", "32"},
                {"memory", "137438953472"},
                {"guild_version", "0.1.0"}});
    save_table(run, guild::runs::meta_name,
               {{"model", number % 3 == 0 ? "resnet" : "transformer"},
                {"started_us", std::to_string(start)},
                {"argv.0", "python3"},
                {"argv.1", "train.py"},
                {"argv.2", "--epochs=20"},
                {"cwd", "/home/user/project"},
                {"stopped_us", std::to_string(start + 90'000'000)},
                {"exit_code", has_failed ? "1" : "0"},
                {"status", has_failed ? "error" : "completed"}});
    if (number % 7 == 0) {
        save_table(run, guild::runs::user_name,
                   {{"label", "run " + std::to_string(number)}, {"tag.kept", ""}});
    }
}

/// One row of values at each step; into a file that is never closed if the writer `is_killed`.
inline void make_series(const std::string& run, const std::vector<std::string>& keys,
                        std::int64_t rows, std::uint64_t seed, bool is_killed = false) {
    const pid_t child = is_killed ? ::fork() : 0;
    if (child != 0) {
        int status = 0;
        must(::waitpid(child, &status, 0) == child && status == 0, "write in a process");
        return;
    }
    auto writer =
        guild::series::writer::create(guild::runs::data_path(run, guild::runs::series_directory));
    must(writer.has_value(), "create a series file");
    std::vector<guild::series::sample> row;
    for (const std::string& key : keys) {
        row.push_back({writer->series(key), guild::series::number(0.0)});
    }
    std::uint64_t state = seed;
    for (std::int64_t at = 0; at < rows; ++at) {
        const double level =
            2.0 / (1.0 + 20.0 * static_cast<double>(at) / static_cast<double>(rows));
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto value = static_cast<float>(level + 0.05 * noise(state));
            row[i].value = guild::series::number(static_cast<double>(value));
        }
        writer->append(at, site_start_us + at * 10'000, row.data(), row.size());
    }
    if (is_killed) {
        must(writer->flush().has_value(), "flush a series file");
        ::_exit(0);
    }
    const std::string path = writer->path();
    must(writer->close().has_value(), "close a series file");
    must(guild::series::compact(path).has_value(), "rewrite into columns");  // as a run does
}

inline std::string make_run_directory(const std::string& root, const std::string& name) {
    std::string run = guild::join_path(root, name);
    must(guild::os::make_directories(guild::runs::data_path(run, guild::runs::series_directory))
             .has_value(),
         "make a run");
    return run;
}

inline void make_runs(const std::string& root, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name = guild::runs::run_directory_name(
            site_start_us + static_cast<std::int64_t>(i) * 60'000'000, "r" + std::to_string(i));
        const std::string run = make_run_directory(root, name);
        make_tables(run, i);
        make_series(run, {"loss", "val/loss", "val/acc"}, 100, i + 1);
    }
}

/// The key of long series `i`; they are spread over ten prefixes.
inline std::string long_key(int i) {
    return "group" + std::to_string(i / 10) + "/value" + std::to_string(i % 10);
}

inline void make_long_run(const std::string& root, int series, std::int64_t points, bool is_live) {
    const std::string run = make_run_directory(root, "20170714T024000Z-long");
    make_tables(run, 0);
    std::vector<std::string> keys;
    for (int i = 0; i < series; ++i) {
        keys.push_back(long_key(i));
    }
    make_series(run, keys, points, 42, is_live);
}

/// Event files of ten runs with ten series each, a point of each with one value that stands out.
inline void make_event_files(const std::string& directory, std::int64_t steps) {
    std::uint64_t state = 7;
    for (int run = 0; run < 10; ++run) {
        auto writer = guild::tfevents::writer::create(
            guild::join_path(directory, "run" + std::to_string(run)));
        must(writer.has_value(), "make an event file");
        for (std::int64_t step = 0; step < steps; ++step) {
            for (int i = 0; i < 10; ++i) {
                const bool is_spike = step == steps / 3 + 97 * i + run;
                writer->add_scalar("group/value" + std::to_string(i), step,
                                   is_spike ? 1000.0 : 1.0 + 0.05 * noise(state),
                                   1.5e9 + static_cast<double>(step) / 10);
            }
        }
        must(writer->close().has_value(), "close an event file");
    }
}

}  // namespace bench
