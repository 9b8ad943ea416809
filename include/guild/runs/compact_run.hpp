// guild/runs/compact_run.hpp - brings the series files of a run that is over into columns, and
// clears what attempts that died left beside them.
//
// Layer 4. Includes: base, os, series/compact.hpp, runs/layout.
// Not here: one file (series/compact.hpp series/repair.hpp); whether a run is over (runs/run.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/stats.hpp>
#include <guild/runs/layout.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Larger files are not rewritten when a run ends, which would hold up whoever waits for that end.
inline constexpr std::uint64_t most_bytes_at_end = std::uint64_t{256} << 20U;

struct compact_run_options {
    /// Files that their writers did not end are rewritten too, unless such a process still runs on
    /// this machine, and what attempts that died left is removed.
    bool is_run_over = false;
    std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max();  // larger files are left
    const os::env* system = &os::system_env;
};

/// units    bytes
struct compact_run_report {
    std::uint64_t files = 0;         // series files there are
    std::uint64_t compacted = 0;     // of them, now
    std::vector<std::string> left;   // paths: too large, or being written
    std::uint64_t bytes_before = 0;  // of all
    std::uint64_t bytes_after = 0;
    std::vector<error> errors;  // each of one file, which is as it was; bad_checksum: damaged
};

/// The paths of the series files of a run, in order of name.
///
/// in       data: the run's `guild.d`
/// errors   not_found, permission_denied, ...: of the directory
[[nodiscard]] result<std::vector<std::string>> list_series_files(const std::string& data);

/// Whether the process that a series file is named after still runs on this machine.
///
/// example  tests/runs/compact_run.cpp "compact run: a file whose writer still runs is left"
[[nodiscard]] bool is_writer_alive(const std::string& path, const os::env& system = os::system_env);

/// Removes what processes that died while they rewrote series files left, and undoes a repair that
/// died between its two renames.
///
/// out      how many files were removed
std::uint64_t clear_leftovers(const std::string& data, const os::env& system = os::system_env);

/// Rewrites the series files of a run into columns.
///
/// A failure with one file does not keep the others from being rewritten.
/// in       data: the run's `guild.d`, where it is now
/// example  tests/runs/compact_run.cpp "compact run: closed files are rewritten, others left"
[[nodiscard]] compact_run_report compact_run(const std::string& data,
                                             const compact_run_options& options = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::string_view rewriting_mark = ".gts.new-";
inline constexpr std::string_view damaged_mark = ".damaged";

// The process that a name's part tells; 0: none.
inline int parse_pid(std::string_view text) {
    const auto number = parse_int64(text);
    const bool is_good = number && *number > 0 && *number <= std::numeric_limits<int>::max();
    return is_good ? static_cast<int>(*number) : 0;
}

// The newest of NAME.gts.damaged, NAME.gts.damaged-2, ...; empty: none.
inline std::string find_kept(const std::string& path, const os::env& system) {
    std::string newest;
    std::string next = path + std::string(damaged_mark);
    for (int serial = 2; os::find_link_status(next, system); ++serial) {
        newest =
            std::exchange(next, path + std::string(damaged_mark) + "-" + std::to_string(serial));
    }
    return newest;
}

inline bool is_in_columns(const std::string& path, const os::env& system) {
    const auto file = series::reader::open(path, system);
    return file && file->is_closed() && file->header().generation != 0;
}

// Rewrites one file of a run, if it may be.
inline void compact_file(const std::string& path, const compact_run_options& options,
                         compact_run_report& report) {
    const auto status = os::find_link_status(path, *options.system);
    if (!status) {
        return;  // it has gone since it was listed
    }
    ++report.files;
    report.bytes_before += status->size;
    report.bytes_after += status->size;
    if (status->kind != os::file_kind::regular) {
        report.errors.push_back(make_error(errc::bad_value, "expected a regular file", path));
        return;
    }
    const bool is_gone = options.is_run_over && !is_writer_alive(path, *options.system);
    const auto file = series::reader::open(path, *options.system);
    if (!file) {
        if (file.error().code != errc::truncated) {  // that is a file without a header yet
            report.errors.push_back(file.error());
        }
        return;
    }
    if (status->size > options.most_bytes || (!file->is_closed() && !is_gone)) {
        report.left.push_back(path);
        return;
    }
    auto done = series::compact(path, {is_gone}, *options.system);
    if (!done && is_in_columns(path, *options.system)) {
        done = series::compact_report();  // another process was quicker
        done->bytes_after = os::get_status(path, *options.system).value_or(*status).size;
    }
    if (!done) {
        report.errors.push_back(std::move(done).error());
        return;
    }
    report.compacted += done->is_changed ? 1U : 0U;
    report.bytes_after += done->bytes_after - status->size;  // may wrap, and comes out right
}

}  // namespace detail

inline result<std::vector<std::string>> list_series_files(const std::string& data) {
    const std::string directory = join_path(data, series_directory);
    const auto entries = os::list_directory(directory);
    if (!entries) {
        return entries.error();
    }
    std::vector<std::string> paths;
    for (const os::dir_entry& entry : *entries) {
        if (ends_with(entry.name, ".gts")) {
            paths.push_back(join_path(directory, entry.name));
        }
    }
    return paths;
}

// A name is START_NS-PID-HOST.gts, also START_NS-PID-HOST-2.gts.
inline bool is_writer_alive(const std::string& path, const os::env& system) {
    const std::string name = base_name(path);
    const std::size_t first = name.find('-');
    const std::size_t second = name.find('-', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
        return false;
    }
    const std::string host = os::node_name();
    const std::string_view rest = std::string_view(name).substr(second + 1);
    const auto start_ns = parse_int64(name.substr(0, first));
    const int pid = detail::parse_pid(name.substr(first + 1, second - first - 1));
    const bool is_here = starts_with(rest, host) &&
                         (rest.substr(host.size(), 1) == "." || rest.substr(host.size(), 1) == "-");
    const auto ticks = pid > 0 && is_here ? os::process_start_ticks(pid) : std::nullopt;
    if (!ticks || !start_ns) {
        return false;
    }
    // A process that began after the file did is another one with the same number.
    constexpr std::int64_t tick_us = 10'000;
    constexpr std::int64_t tolerance_us = 60'000'000;  // clocks are set
    const std::int64_t began_us =
        system.wall_time_us() - system.boot_time_us() + static_cast<std::int64_t>(*ticks) * tick_us;
    return began_us <= *start_ns / 1000 + tolerance_us;
}

inline std::uint64_t clear_leftovers(const std::string& data, const os::env& system) {
    const std::string directory = join_path(data, series_directory);
    const auto entries = os::list_directory(directory);
    std::uint64_t removed = 0;
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const std::string& name = (*entries)[i].name;
        const std::size_t at = name.find(detail::rewriting_mark);
        if (at == std::string::npos) {
            continue;
        }
        const int pid = detail::parse_pid(name.substr(at + detail::rewriting_mark.size()));
        if (pid == 0 || pid == os::process_id() || os::process_start_ticks(pid)) {
            continue;  // it is at work
        }
        const std::string path = join_path(directory, name.substr(0, at + 4));
        const std::string kept = detail::find_kept(path, system);
        if (!os::find_link_status(path, system) && !kept.empty()) {
            (void)system.rename(kept.c_str(), path.c_str());
        }
        removed += system.unlink(join_path(directory, name).c_str()) >= 0 ? 1U : 0U;
    }
    return removed;
}

inline compact_run_report compact_run(const std::string& data, const compact_run_options& options) {
    compact_run_report report;
    if (options.is_run_over) {
        (void)clear_leftovers(data, *options.system);
    }
    const auto paths = list_series_files(data);
    if (!paths) {
        // A run that never logged has none.
        if (paths.error().code != errc::not_found) {
            report.errors.push_back(paths.error());
        }
        return report;
    }
    for (const std::string& path : *paths) {
        detail::compact_file(path, options, report);
    }
    return report;
}

}}}  // namespace guild::runs
