// guild/os/traffic.hpp - counters of network interfaces, of swap and of files, from the text of
// Linux's /proc. Pure functions: no file is opened here.
//
// Layer 2. Includes: base, os/proc.hpp.
// Not here: rates (os/stats.hpp); block devices (os/proc.hpp).
//
// Text that does not look as expected gives fewer values, never an error.
#pragma once

#include <guild/base/text.hpp>
#include <guild/os/proc.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guild { inline namespace v0 { namespace os {

/// Counters of one network interface, since it is there.
struct interface_counters {
    std::string name;  // "eth0"
    std::uint64_t received_bytes = 0;
    std::uint64_t received = 0;  // packets
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent = 0;
    std::uint64_t errors = 0;  // of both directions
    std::uint64_t drops = 0;
};

/// /proc/net/dev, without the interface `lo`, which leads nowhere.
///
/// source   proc(5), /proc/net/dev
/// example  tests/os/traffic.cpp "parse_interfaces: a recorded file"
[[nodiscard]] std::vector<interface_counters> parse_interfaces(std::string_view text);

/// Pages that were read from swap and written to it since boot.
struct swap_counters {
    std::uint64_t pages_in = 0;
    std::uint64_t pages_out = 0;
};

/// /proc/vmstat; empty where it does not tell.
///
/// example  tests/os/traffic.cpp "parse_swap: two lines of many"
[[nodiscard]] std::optional<swap_counters> parse_swap(std::string_view text);

/// What a process has read from devices and written to them.
///
/// units    bytes, those of ended and collected children included
struct file_counters {
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
};

/// /proc/PID/io; empty where it does not tell.
///
/// source   proc(5), /proc/pid/io: read_bytes, write_bytes
/// example  tests/os/traffic.cpp "parse_process_files: what went through to devices"
[[nodiscard]] std::optional<file_counters> parse_process_files(std::string_view text);

/// Processes that run or wait for a disk, on the average of the last one, five and fifteen minutes.
struct load_average {
    double one = 0;
    double five = 0;
    double fifteen = 0;
};

/// /proc/loadavg.
///
/// example  tests/os/traffic.cpp "parse_load: three numbers"
[[nodiscard]] std::optional<load_average> parse_load(std::string_view text);

// ---- implementation ---------------------------------------------------------

inline std::vector<interface_counters> parse_interfaces(std::string_view text) {
    std::vector<interface_counters> interfaces;
    while (!text.empty()) {
        const std::string_view line = detail::take_line(text);
        const std::size_t colon = line.find(':');  // names hold none but in those of old aliases
        const std::string_view name = trim(line.substr(0, colon));
        if (colon == std::string_view::npos || name.empty() || name == "lo") {
            continue;
        }
        detail::word_reader words(line.substr(colon + 1));
        interface_counters one;
        one.name = name;
        one.received_bytes = words.number();
        one.received = words.number();
        one.errors = words.number();
        one.drops = words.number();
        words.skip(4);  // fifo, frame, compressed, multicast
        one.sent_bytes = words.number();
        one.sent = words.number();
        one.errors += words.number();
        const std::string_view drops = words.next();
        if (drops.empty()) {
            continue;  // a line that is cut
        }
        one.drops += detail::word_reader(drops).number();
        interfaces.push_back(std::move(one));
    }
    return interfaces;
}

namespace detail {

// Two numbers by the words before them; empty if one is missing.
inline std::optional<std::pair<std::uint64_t, std::uint64_t>>
find_pair(std::string_view text, std::string_view first, std::string_view second) {
    std::optional<std::uint64_t> found[2];
    while (!text.empty()) {
        word_reader words(take_line(text));
        const std::string_view name = words.next();
        if (name == first || name == second) {
            found[name == first ? 0 : 1] = words.number();
        }
    }
    if (!found[0] || !found[1]) {
        return std::nullopt;
    }
    return std::make_pair(*found[0], *found[1]);
}

}  // namespace detail

inline std::optional<swap_counters> parse_swap(std::string_view text) {
    const auto pages = detail::find_pair(text, "pswpin", "pswpout");
    return pages ? std::make_optional(swap_counters{pages->first, pages->second}) : std::nullopt;
}

inline std::optional<file_counters> parse_process_files(std::string_view text) {
    const auto bytes = detail::find_pair(text, "read_bytes:", "write_bytes:");
    return bytes ? std::make_optional(file_counters{bytes->first, bytes->second}) : std::nullopt;
}

inline std::optional<load_average> parse_load(std::string_view text) {
    detail::word_reader words(text);
    double values[3] = {};
    for (double& each : values) {
        const result<double> number = parse_double(words.next());
        if (!number || !(*number >= 0)) {
            return std::nullopt;
        }
        each = *number;
    }
    return load_average{values[0], values[1], values[2]};
}

}}}  // namespace guild::os
