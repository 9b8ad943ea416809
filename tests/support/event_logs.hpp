// tests/support/event_logs.hpp - log directories with event files, and what an import makes of
// them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <guild/runs/catalog.hpp>
#include <guild/runs/event_import.hpp>
#include <guild/tfevents/writer.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// Writes one event file with the points 0 to `count` - 1 of `tag` and gives its path. Point I has
/// the value I + 0.5 and the time 1500000000 + I.
inline std::string write_log(const std::string& directory, int count,
                             const std::string& tag = "loss", int first = 0) {
    auto log = guild::tfevents::writer::create(directory);
    REQUIRE(log);
    for (int step = first; step < first + count; ++step) {
        log->add_scalar(tag, step, step + 0.5, 1'500'000'000.0 + step);
    }
    REQUIRE(log->close());
    return log->path();
}

/// Adds the events of a second log, without its version record, to an event file.
inline void grow_log(const std::string& path, int first, int count,
                     const std::string& tag = "loss") {
    const std::string other = write_log(guild::parent_path(path) + ".more", count, tag, first);
    const auto bytes = guild::os::load_file(other);
    REQUIRE(bytes);
    const auto version = guild::load_le<std::uint64_t>(bytes->data()) + 16;
    auto file = guild::os::open_file(path, guild::os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes->substr(version)));
    REQUIRE(guild::os::remove_tree(guild::parent_path(other)));
}

using reports = std::map<std::string, guild::runs::import_report>;

/// What one poll reports, by name.
inline reports poll(guild::runs::event_importer& importer) {
    reports seen;
    const auto done =
        importer.poll([&](const guild::runs::import_report& each) { seen[each.name] = each; });
    REQUIRE_MESSAGE(done.has_value(), (done ? std::string() : to_string(done.error())));
    return seen;
}

/// Imports a log directory once.
inline reports import_once(const std::string& logdir, const std::string& run_root,
                           guild::runs::import_options options = {}) {
    options.run_root = run_root;
    auto importer = guild::runs::event_importer::open(logdir, options);
    REQUIRE_MESSAGE(importer.has_value(), (importer ? std::string() : to_string(importer.error())));
    return poll(*importer);
}

inline std::string outcome_of(const reports& seen, const std::string& name) {
    const auto found = seen.find(name);
    return found == seen.end() ? "not reported" : std::string(to_string(found->second.outcome));
}

/// The steps of a series of a run, in order of writing.
inline std::vector<std::int64_t> steps_of(const std::string& run_directory,
                                          const std::string& key = "tf/loss") {
    std::vector<std::int64_t> steps;
    const auto run = guild::runs::run::open(run_directory);
    REQUIRE(run);
    auto series = run->series();
    for (const guild::series::point& each : series.points(key)) {
        steps.push_back(each.step);
    }
    return steps;
}

/// The keys of a run's series.
inline std::vector<std::string> keys_of(const std::string& run_directory) {
    std::vector<std::string> keys;
    const auto run = guild::runs::run::open(run_directory);
    REQUIRE(run);
    for (const auto& each : run->series().summaries()) {
        keys.push_back(each.key);
    }
    return keys;
}

/// `first` to `first` + `count` - 1.
inline std::vector<std::int64_t> counting(std::int64_t count, std::int64_t first = 0) {
    std::vector<std::int64_t> steps;
    for (std::int64_t i = 0; i < count; ++i) {
        steps.push_back(first + i);
    }
    return steps;
}

}  // namespace guild_test
