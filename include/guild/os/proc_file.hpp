// guild/os/proc_file.hpp - reads files of Linux's /proc and /sys, which have no size.
//
// Layer 2. Includes: POSIX, os/directory.hpp, os/pipe.hpp, os/proc.hpp.
// Not here: what their text means (os/proc.hpp), statistics (os/stats.hpp).
#pragma once

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/pipe.hpp>
#include <guild/os/proc.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// The text of such a file, 16 MiB at most; empty where it cannot be read or its process is gone.
///
/// example  tests/os/proc_file.cpp "read_proc: a file without a size is read whole"
[[nodiscard]] std::optional<std::string> read_proc(const std::string& path);

/// The numbers that name entries of such a directory: processes, threads.
///
/// example  tests/os/proc_file.cpp "list_pids: this process is among them"
[[nodiscard]] std::vector<int> list_pids(const std::string& path);

/// The names in such a directory, sorted; none where it cannot be read.
///
/// example  tests/os/proc_file.cpp "list_names: sorted, without the directory and the one above"
[[nodiscard]] std::vector<std::string> list_names(const std::string& path);

/// The whole number, not below 0, that is all of such a file.
///
/// example  tests/os/proc_file.cpp "read_number: a file that holds one number, and nothing else"
[[nodiscard]] std::optional<std::uint64_t> read_number(const std::string& path);

// ---- implementation ---------------------------------------------------------

inline std::optional<std::string> read_proc(const std::string& path) {
    const descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.is_open()) {
        return std::nullopt;
    }
    constexpr std::size_t most = 16u << 20;
    std::string text;
    while (text.size() < most) {
        char piece[4096];
        const ssize_t got = ::read(opened.get(), piece, sizeof piece);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            text.append(piece, guild::detail::convert<std::size_t>(got));
        } else if (errno != EINTR) {
            return std::nullopt;  // ESRCH: the process ended meanwhile
        }
    }
    return text;
}

namespace detail {

template <class OnName>
void for_each_name(const std::string& path, OnName&& on_name) {
    DIR* list = ::opendir(path.c_str());
    if (list == nullptr) {
        return;
    }
    while (const raw_entry* entry = read_entry(list)) {
        on_name(std::string_view(entry->d_name));
    }
    ::closedir(list);
}

}  // namespace detail

inline std::vector<int> list_pids(const std::string& path) {
    std::vector<int> pids;
    detail::for_each_name(path, [&](std::string_view name) {
        for (const int pid : parse_pids(name)) {
            pids.push_back(pid);
        }
    });
    return pids;
}

inline std::vector<std::string> list_names(const std::string& path) {
    std::vector<std::string> names;
    detail::for_each_name(path, [&](std::string_view name) {
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    });
    std::sort(names.begin(), names.end());
    return names;
}

inline std::optional<std::uint64_t> read_number(const std::string& path) {
    const std::optional<std::string> text = read_proc(path);
    const result<std::int64_t> number = parse_int64(text ? trim(*text) : std::string_view());
    return number && *number >= 0
               ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number))
               : std::nullopt;
}

}}}  // namespace guild::os
