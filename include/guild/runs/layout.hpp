// guild/runs/layout.hpp - where things stand in a run directory, and how one is named and made.
//
// Layer 4. Includes: base, os/file, the standard library.
// Not here: what is in the files (docs/format-run.md; runs/tsv.hpp lock.hpp output_log.hpp);
// reading a run (runs/run.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/time.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The directory below RUNDIR whose presence marks a run, and the names in it.
inline constexpr std::string_view data_directory = "guild.d";
inline constexpr std::string_view lock_name = "LOCK";
inline constexpr std::string_view meta_name = "meta.tsv";
inline constexpr std::string_view flags_name = "flags.tsv";
inline constexpr std::string_view attrs_name = "attrs.tsv";
inline constexpr std::string_view user_name = "user.tsv";
inline constexpr std::string_view output_log_name = "output.log";
inline constexpr std::string_view output_index_name = "output.idx";
inline constexpr std::string_view series_directory = "series";
inline constexpr std::string_view sources_directory = "sources";
inline constexpr std::string_view git_diff_name = "git.diff";

/// Environment variables of a command: its run directory; of an evaluation RUNDIR is the run that
/// is evaluated, and the second one names the directory of the evaluation itself.
inline constexpr std::string_view run_variable = "RUNDIR";
inline constexpr std::string_view evaluation_variable = "EVALDIR";

/// The directory below RUNROOT that keeps deleted runs.
inline constexpr std::string_view trash_directory = ".trash";

/// RUNDIR/guild.d/NAME, or RUNDIR/guild.d without a name.
[[nodiscard]] std::string data_path(std::string_view run_directory, std::string_view name = {});

/// A name for use in a run directory's name: `[A-Za-z0-9._+-]`, anything else `_`, at most 64
/// bytes.
///
/// example  tests/runs/layout.cpp "layout: names keep letters, digits and ._+- and nothing else"
[[nodiscard]] std::string sanitize_name(std::string_view name);

/// "20170601T153000Z-softmax", or the time alone for an empty name.
///
/// units    time_us: microseconds since 1970-01-01 UTC
[[nodiscard]] std::string run_directory_name(std::int64_t time_us, std::string_view name);

/// Makes RUNROOT where missing, then a new run directory with an empty `guild.d/series` in it.
///
/// out      its path: RUNROOT/TIME-NAME, or with `-xxxx` (base 36) where that stands already
/// units    time_us: microseconds since 1970-01-01 UTC
/// errors   permission_denied, read_only, no_space, not_a_directory: RUNROOT cannot be written
/// example  tests/runs/layout.cpp "layout: two runs in one second get two directories"
[[nodiscard]] result<std::string> create_run_directory(const std::string& run_root,
                                                       std::string_view name, std::int64_t time_us);

/// The same without anything in it, and without making RUNROOT: no run yet, but nobody else gets
/// the name.
///
/// errors   as create_run_directory, and not_found: there is no RUNROOT
[[nodiscard]] result<std::string> claim_run_directory(const std::string& run_root,
                                                      std::string_view name, std::int64_t time_us);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_name_character(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '+' || c == '-';
}

// Four digits in base 36; the multiplier spreads numbers that differ in their low bits.
inline std::string name_suffix(std::uint64_t number) {
    number = (number * 0x9E3779B97F4A7C15U) >> 20U;
    std::string out = "-";
    for (int i = 0; i < 4; ++i) {
        out += "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
        number /= 36;
    }
    return out;
}

}  // namespace detail

inline std::string data_path(std::string_view run_directory, std::string_view name) {
    const std::string data = join_path(run_directory, data_directory);
    return name.empty() ? data : join_path(data, name);
}

inline std::string sanitize_name(std::string_view name) {
    std::string out(name.substr(0, 64));
    for (char& c : out) {
        if (!detail::is_name_character(c)) {
            c = '_';
        }
    }
    return out;
}

inline std::string run_directory_name(std::int64_t time_us, std::string_view name) {
    const std::string time = format_compact_utc(time_us);
    return name.empty() ? time : time + '-' + sanitize_name(name);
}

inline result<std::string> claim_run_directory(const std::string& run_root, std::string_view name,
                                               std::int64_t time_us) {
    const std::string plain = join_path(run_root, run_directory_name(time_us, name));
    std::string path = plain;
    int made = os::system_env.mkdir(path.c_str(), 0777);
    for (std::uint64_t attempt = 0; made == -EEXIST && attempt < 1000; ++attempt) {
        const auto seed = static_cast<std::uint64_t>(os::system_env.boot_time_us()) + attempt;
        path = plain + detail::name_suffix(seed);
        made = os::system_env.mkdir(path.c_str(), 0777);
    }
    if (made < 0) {
        return os::os_error(-made, "make run directory", path);
    }
    return path;
}

inline result<std::string> create_run_directory(const std::string& run_root, std::string_view name,
                                                std::int64_t time_us) {
    auto root = os::make_directories(run_root);
    if (!root) {
        return std::move(root).error();
    }
    auto path = claim_run_directory(run_root, name, time_us);
    if (!path) {
        return path;
    }
    auto inner = os::make_directories(data_path(*path, series_directory));
    if (!inner) {
        return std::move(inner).error();
    }
    return path;
}

}}}  // namespace guild::runs
