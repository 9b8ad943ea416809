// examples/guild/event_report.hpp - what event files hold, in numbers: by file and tag, and by run
// and tag.
//
// Not here: options and printing (events.cpp).
#pragma once

#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/points.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/restart.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace program {

/// Numbers over the points of one tag, in the order in which they come.
class point_numbers {
public:
    void add(const guild::tfevents::point& each);

    std::uint64_t count = 0;
    std::uint64_t nan = 0;
    std::uint64_t inf = 0;
    std::uint64_t not_later = 0;  // points whose step is not after the step of the point before
    std::int64_t first_step = 0;
    std::int64_t last_step = 0;
    std::int64_t min_step = 0;
    std::int64_t max_step = 0;
    double first_value = 0;
    double last_value = 0;
    double last_wall = 0;
    std::optional<double> min;  // over finite values, like max and sum
    std::optional<double> max;
    double sum = 0;
};

/// FNV-1a of 64 bits over step, value and wall time of points: eight bytes each, little-endian,
/// every NaN alike. Two programs that read the same points agree on it.
class fingerprint {
public:
    void add(const guild::tfevents::point& each);
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

private:
    void add_bits(std::uint64_t bits);

    std::uint64_t value_ = 14695981039346656037U;
};

struct tag_report {
    std::string tag;
    bool is_simple = false;       // its first point was a simple value, not a tensor
    std::set<std::string> types;  // of its tensors
    std::optional<std::string> plugin;
    point_numbers numbers;
    fingerprint print;
};

/// What one file holds. `other` counts what is no scalar: "histo", "tensor:PLUGIN:TYPE:rankN", ...
struct file_report {
    std::string path;
    std::uint64_t bytes = 0;
    guild::tfevents::reader_counters counters;
    std::string version;
    std::string writer;
    std::optional<double> first_wall;
    std::map<std::string, std::uint64_t> other;
    std::vector<tag_report> tags;
    std::vector<guild::tfevents::damage> damages;
    std::optional<guild::error> failure;  // of reading: the rest of the file was not seen
};

/// One tag of one run: all its points, and what the two rules of TensorBoard leave of them.
struct run_tag_report {
    std::string tag;
    point_numbers all;
    fingerprint print;  // of all
    point_numbers latest_attempt;
    point_numbers session_start;
};

struct run_report {
    std::string run;
    std::vector<file_report> files;
    std::vector<run_tag_report> tags;  // in the order in which they first came
};

/// Reads the files of one run, everything in them.
run_report report_run(const std::string& run, const std::vector<std::string>& paths);

/// Reads the files of one run for their scalars alone, and much faster: of the files only counters
/// and damage, of the tags only `all`, which holds what `policy` leaves.
run_report report_scalars(const std::string& run, const std::vector<std::string>& paths,
                          guild::tfevents::restart_policy policy);

}  // namespace program
