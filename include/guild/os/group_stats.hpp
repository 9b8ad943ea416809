// guild/os/group_stats.hpp - what a control group may use, uses, and how often it was held back.
//
// Layer 2. Includes: os/control_group.hpp, os/proc_file.hpp. Elsewhere than on Linux nothing is
// known.
// Not here: finding the group (os/control_group.hpp); rates of these counters (os/stats.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/control_group.hpp>
#include <guild/os/proc_file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// One reading; what the system does not tell is empty. Limits are the least of the group and of
/// those that it is in.
///
/// units    bytes; microseconds and counts since the group is there; cpu_limit: processors
struct group_stats {
    std::optional<std::uint64_t> memory_limit_bytes;
    std::optional<std::uint64_t> memory_used_bytes;      // with what is kept of files
    std::optional<std::uint64_t> memory_resident_bytes;  // without
    std::optional<std::uint64_t> memory_limit_hits;      // it wanted more than its limit
    std::optional<std::uint64_t> memory_kills;
    std::optional<double> cpu_limit;
    std::optional<std::uint64_t> cpu_used_us;
    std::optional<std::uint64_t> periods;            // in which the limit was looked after
    std::optional<std::uint64_t> throttled_periods;  // in which it had used up its limit
    std::optional<std::uint64_t> throttled_us;       // of all processors together
};

/// The groups of one process.
///
/// threads  one owner
class group_reader {
public:
    /// in       text: /proc/PID/cgroup; mount: where /sys/fs/cgroup stands
    /// example  tests/os/group_stats.cpp "group stats: version 2"
    group_reader(std::string_view text, const std::string& mount);

    [[nodiscard]] group_stats read() const;

private:
    void read_memory(const control_group& group, group_stats& into) const;
    void read_cpu(const control_group& group, group_stats& into) const;

    std::optional<control_group> memory_;
    std::optional<control_group> cpu_;
    std::optional<control_group> accounting_;  // of processors, in version 1
};

/// How many processors a quota stands for: the text of cpu.max, or `QUOTA PERIOD`.
///
/// out      empty without a limit ("max", -1)
/// example  tests/os/group_stats.cpp "parse_cpu_limit: quota by period"
[[nodiscard]] std::optional<double> parse_cpu_limit(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string read_group_file(const control_group& group, std::string_view name) {
    return read_proc(join_path(group.directory, name)).value_or("");
}

inline std::optional<std::uint64_t> scaled_down(std::optional<std::uint64_t> number,
                                                std::uint64_t by) {
    return number ? std::make_optional(*number / by) : std::nullopt;
}

inline std::optional<double> cpu_limit_of(const control_group& group) {
    std::optional<double> least;
    for (std::string at = group.directory; at.size() > 1; at = parent_path(at)) {
        const control_group one{at, group.is_first_version};
        const std::optional<double> limit = parse_cpu_limit(
            group.is_first_version ? read_group_file(one, "cpu.cfs_quota_us") + ' ' +
                                         read_group_file(one, "cpu.cfs_period_us")
                                   : read_group_file(one, "cpu.max"));
        if (limit && (!least || *limit < *least)) {
            least = limit;
        }
    }
    return least;
}

}  // namespace detail

inline std::optional<double> parse_cpu_limit(std::string_view text) {
    const std::vector<std::string> words = split_words(text);
    if (words.size() != 2) {
        return std::nullopt;
    }
    const auto quota = parse_int64(words[0]);
    const auto period = parse_int64(words[1]);
    if (!quota || !period || *quota <= 0 || *period <= 0) {
        return std::nullopt;
    }
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

inline group_reader::group_reader(std::string_view text, const std::string& mount)
    : memory_(find_memory_group(text, mount)),
      cpu_(find_control_group({"cpu", "cpu.stat", "cpu.stat"}, text, mount)),
      accounting_(find_control_group({"cpuacct", "cpuacct.usage", ""}, text, mount)) {}

inline group_stats group_reader::read() const {
    group_stats stats;
    if (memory_) {
        read_memory(*memory_, stats);
    }
    if (cpu_) {
        read_cpu(*cpu_, stats);
    }
    if (accounting_) {
        stats.cpu_used_us = detail::scaled_down(
            read_number(join_path(accounting_->directory, "cpuacct.usage")), 1'000);
    }
    return stats;
}

inline void group_reader::read_memory(const control_group& group, group_stats& into) const {
    const bool is_first = group.is_first_version;
    into.memory_limit_bytes = memory_limit_bytes(group);
    into.memory_used_bytes = read_number(
        join_path(group.directory, is_first ? "memory.usage_in_bytes" : "memory.current"));
    into.memory_resident_bytes = find_counter(detail::read_group_file(group, "memory.stat"),
                                              is_first ? "total_rss" : "anon");
    into.memory_kills = count_memory_kills(group);
    into.memory_limit_hits =
        is_first ? read_number(join_path(group.directory, "memory.failcnt"))
                 : find_counter(detail::read_group_file(group, "memory.events"), "max");
}

inline void group_reader::read_cpu(const control_group& group, group_stats& into) const {
    const std::string text = detail::read_group_file(group, "cpu.stat");
    into.cpu_limit = detail::cpu_limit_of(group);
    into.cpu_used_us = find_counter(text, "usage_usec");
    into.periods = find_counter(text, "nr_periods");
    into.throttled_periods = find_counter(text, "nr_throttled");
    into.throttled_us = group.is_first_version
                            ? detail::scaled_down(find_counter(text, "throttled_time"), 1'000)
                            : find_counter(text, "throttled_usec");
}

}}}  // namespace guild::os
