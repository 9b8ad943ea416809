// guild/os/control_group.hpp - which of Linux's control groups this process is in, versions 1 and
// 2, how much memory it may have there, and how often the kernel killed for it.
//
// Layer 2. Includes: os/proc_file.hpp, base/text.hpp, base/number.hpp. Elsewhere nothing is known.
// Not here: what a group uses (os/group_stats.hpp).
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

/// A control group, of one controller in version 1.
struct control_group {
    std::string directory;
    bool is_first_version = false;
};

/// How a controller's groups are found.
struct controller {
    std::string_view name;         // in version 1: "memory"
    std::string_view first_file;   // what a directory of version 1 must have
    std::string_view second_file;  // what one of version 2 must have; empty: not looked for
};

/// The group of a process for a controller.
///
/// in       text: /proc/PID/cgroup; mount: where /sys/fs/cgroup stands
/// source   cgroups(7)
/// example  tests/os/control_group.cpp "control group: controllers that share a directory in
/// version
///          1"
[[nodiscard]] std::optional<control_group>
find_control_group(const controller& of, std::string_view text, const std::string& mount);

/// The memory group of this process.
///
/// source   cgroups(7), /proc/pid/cgroup
/// example  tests/os/control_group.cpp "memory group: where there is one, its counter can be read"
[[nodiscard]] std::optional<control_group> find_memory_group();

/// The same of the text of /proc/PID/cgroup, with `mount` instead of /sys/fs/cgroup.
[[nodiscard]] std::optional<control_group> find_memory_group(std::string_view text,
                                                             const std::string& mount);

/// The smallest limit of the group and those that it is in; empty without one.
///
/// units    bytes
[[nodiscard]] std::optional<std::uint64_t> memory_limit_bytes(const control_group& group);

/// How often the kernel killed a process of the group for want of memory.
///
/// source   memory.events, key oom_kill; in version 1 memory.oom_control
[[nodiscard]] std::optional<std::uint64_t> count_memory_kills(const control_group& group);

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

inline std::optional<control_group> find_memory_group() {
    const auto text = read_proc("/proc/self/cgroup");
    return text ? find_memory_group(*text, "/sys/fs/cgroup") : std::nullopt;
}

namespace detail {

inline constexpr controller memory_controller = {"memory", "memory.oom_control", "memory.events"};

// The path in a line "4:cpu,cpuacct:/job" or "0::/job"; empty when it is not of that controller.
inline std::string_view find_group_path(std::string_view line, std::string_view name,
                                        bool is_first) {
    const std::size_t names_at = line.find(':');
    const std::size_t path_at = line.find(":/");
    if (names_at == std::string_view::npos || path_at == std::string_view::npos) {
        return {};
    }
    const std::string_view names = names_at == path_at
                                       ? std::string_view()
                                       : line.substr(names_at + 1, path_at - names_at - 1);
    bool is_it = !is_first && names.empty() && starts_with(line, "0:");
    for (const std::string& each : split(names, ',')) {
        is_it = is_it || (is_first && each == name);
    }
    return is_it ? line.substr(path_at + 1) : std::string_view();
}

}  // namespace detail

// In a container the path may be the one outside: then its top directory is what is seen.
inline std::optional<control_group> find_control_group(const controller& of, std::string_view text,
                                                       const std::string& mount) {
    for (const bool is_first : {true, false}) {
        const std::string top = is_first ? join_path(mount, of.name) : mount;
        const std::string_view file = is_first ? of.first_file : of.second_file;
        for (const std::string& line : split(text, '\n')) {
            const std::string_view path = detail::find_group_path(line, of.name, is_first);
            if (path.empty() || file.empty()) {
                continue;
            }
            for (const std::string& directory : {top + std::string(path), top}) {
                if (::access(join_path(directory, file).c_str(), R_OK) == 0) {
                    return control_group{directory, is_first};
                }
            }
        }
    }
    return std::nullopt;
}

inline std::optional<control_group> find_memory_group(std::string_view text,
                                                      const std::string& mount) {
    return find_control_group(detail::memory_controller, text, mount);
}

inline std::optional<std::uint64_t> memory_limit_bytes(const control_group& group) {
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

inline std::optional<std::uint64_t> count_memory_kills(const control_group& group) {
    const auto text = read_proc(join_path(
        group.directory, group.is_first_version ? "memory.oom_control" : "memory.events"));
    return text ? find_counter(*text, "oom_kill") : std::nullopt;
}

}}}  // namespace guild::os
