// tests/support/sample_run.hpp - run directories made by hand: meta, flags, attributes, output and
// series.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_log.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/writer.hpp>

#include <doctest/doctest.h>

namespace guild_test {

inline constexpr std::int64_t sample_start_us = 1'500'000'000'000'000;

/// Makes RUNROOT/NAME with the given meta lines; returns its path.
inline std::string make_run(const std::string& root, const std::string& name,
                            const guild::runs::pair_list& meta) {
    const std::string path = guild::join_path(root, name);
    REQUIRE(
        guild::os::make_directories(guild::runs::data_path(path, guild::runs::series_directory)));
    std::string text;
    for (const auto& [key, value] : meta) {
        text += guild::runs::format_tsv_line(key, value);
    }
    REQUIRE(guild::os::save_file(guild::runs::data_path(path, guild::runs::meta_name), text));
    return path;
}

/// A completed run of `model` that started `minutes` after sample_start_us.
inline std::string make_completed_run(const std::string& root, const std::string& name,
                                      const std::string& model, std::int64_t minutes) {
    const std::int64_t start = sample_start_us + minutes * 60'000'000;
    return make_run(root, name,
                    {{"model", model},
                     {"started_us", std::to_string(start)},
                     {"stopped_us", std::to_string(start + 90'000'000)},
                     {"status", "completed"},
                     {"exit_code", "0"},
                     {"argv.0", "python3"},
                     {"argv.1", "train.py"},
                     {"cwd", "/project"}});
}

inline void add_pairs(const std::string& run, std::string_view file,
                      const guild::runs::pair_list& pairs) {
    std::string text;
    for (const auto& [key, value] : pairs) {
        text += guild::runs::format_tsv_line(key, value);
    }
    REQUIRE(guild::os::save_file(guild::runs::data_path(run, file), text));
}

/// Adds a series: value i at step 10 * i, one second apart.
inline void add_series(const std::string& run, const std::string& key,
                       const std::vector<guild::series::number>& values) {
    auto writer =
        guild::series::writer::create(guild::runs::data_path(run, guild::runs::series_directory));
    REQUIRE(writer);
    const std::uint32_t id = writer->series(key);
    std::int64_t at = 0;
    for (const guild::series::number& value : values) {
        const guild::series::sample one{id, value};
        writer->append(at * 10, sample_start_us + at * 1'000'000, &one, 1);
        ++at;
    }
    REQUIRE(writer->close());
}

inline void add_output(const std::string& run, guild::runs::output_stream stream,
                       std::int64_t time_us, const std::string& text) {
    auto writer = guild::runs::output_writer::open(run);
    REQUIRE(writer);
    REQUIRE(writer->append(stream, time_us, text));
}

}  // namespace guild_test
