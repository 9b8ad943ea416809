// guild/os/proc_file.hpp - reads files of Linux's /proc, which have no size.
//
// Layer 2. Includes: POSIX, os/pipe.hpp, os/proc.hpp.
// Not here: what their text means (os/proc.hpp), statistics (os/stats.hpp).
#pragma once

#include <guild/os/pipe.hpp>
#include <guild/os/proc.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
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

inline std::vector<int> list_pids(const std::string& path) {
    std::vector<int> pids;
    DIR* list = ::opendir(path.c_str());
    if (list == nullptr) {
        return pids;
    }
    for (const ::dirent* entry = ::readdir(list); entry != nullptr; entry = ::readdir(list)) {
        for (const int pid : parse_pids(entry->d_name)) {
            pids.push_back(pid);
        }
    }
    ::closedir(list);
    return pids;
}

}}}  // namespace guild::os
