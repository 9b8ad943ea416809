// guild/os/control_group.hpp - how much memory a process may have, and how often the kernel killed
// for it: Linux's control groups, versions 1 and 2.
//
// Layer 2. Includes: os/proc_file.hpp, base/text.hpp, base/number.hpp. Elsewhere nothing is known.
// Not here: what is used (os/stats.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/proc_file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// The directory of a control group that limits memory.
struct memory_group {
    std::string directory;
    bool is_first_version = false;
};

/// The memory group of this process.
///
/// source   cgroups(7), /proc/pid/cgroup
/// example  tests/os/control_group.cpp "memory group: where there is one, its counter can be read"
[[nodiscard]] std::optional<memory_group> find_memory_group();

/// The same of the text of /proc/PID/cgroup, with `mount` instead of /sys/fs/cgroup.
[[nodiscard]] std::optional<memory_group> find_memory_group(std::string_view text,
                                                            const std::string& mount);

/// The smallest limit of the group and those that it is in; empty without one.
///
/// units    bytes
[[nodiscard]] std::optional<std::uint64_t> memory_limit_bytes(const memory_group& group);

/// How often the kernel killed a process of the group for want of memory.
///
/// source   memory.events, key oom_kill; in version 1 memory.oom_control
[[nodiscard]] std::optional<std::uint64_t> count_memory_kills(const memory_group& group);

/// The number behind `key` in a text of "key number" lines.
[[nodiscard]] std::optional<std::uint64_t> find_counter(std::string_view text,
                                                        std::string_view key);

// ---- implementation ---------------------------------------------------------

inline std::optional<std::uint64_t> find_counter(std::string_view text, std::string_view key) {
    for (const std::string& line : split(text, '\n')) {
        const std::vector<std::string> words = split_words(line);
        if (words.size() == 2 && words[0] == key) {
            const auto number = parse_int64(words[1]);
            return number && *number >= 0 ? std::make_optional(static_cast<std::uint64_t>(*number))
                                          : std::nullopt;
        }
    }
    return std::nullopt;
}

inline std::optional<memory_group> find_memory_group() {
    const auto text = read_proc("/proc/self/cgroup");
    return text ? find_memory_group(*text, "/sys/fs/cgroup") : std::nullopt;
}

// In a container the path may be the one outside: then its top directory is what is seen.
inline std::optional<memory_group> find_memory_group(std::string_view text,
                                                     const std::string& mount) {
    for (const bool is_first : {true, false}) {
        const std::string top = is_first ? join_path(mount, "memory") : mount;
        const char* const counters = is_first ? "memory.oom_control" : "memory.events";
        for (const std::string& line : split(text, '\n')) {
            const std::size_t path_at = line.find('/');
            const std::string names = line.substr(0, path_at);
            const bool is_it = is_first
                                   ? contains(names, ":memory:") || contains(names, ",memory:") ||
                                         contains(names, ":memory,")
                                   : starts_with(line, "0::/");
            if (!is_it || path_at == std::string::npos) {
                continue;
            }
            for (const std::string& directory : {top + line.substr(path_at), top}) {
                if (::access(join_path(directory, counters).c_str(), R_OK) == 0) {
                    return memory_group{directory, is_first};
                }
            }
        }
    }
    return std::nullopt;
}

inline std::optional<std::uint64_t> memory_limit_bytes(const memory_group& group) {
    constexpr std::int64_t none = std::int64_t{1} << 60U;  // version 1 says so without a limit
    const char* const name = group.is_first_version ? "memory.limit_in_bytes" : "memory.max";
    std::optional<std::uint64_t> least;
    for (std::string at = group.directory; at.size() > 1; at = parent_path(at)) {
        const auto text = read_proc(join_path(at, name));
        const auto number = parse_int64(text ? trim(*text) : std::string_view());
        if (number && *number >= 0 && *number < none &&
            (!least || static_cast<std::uint64_t>(*number) < *least)) {
            least = static_cast<std::uint64_t>(*number);
        }
    }
    return least;
}

inline std::optional<std::uint64_t> count_memory_kills(const memory_group& group) {
    const auto text = read_proc(join_path(
        group.directory, group.is_first_version ? "memory.oom_control" : "memory.events"));
    return text ? find_counter(*text, "oom_kill") : std::nullopt;
}

}}}  // namespace guild::os
