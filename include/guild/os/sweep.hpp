// guild/os/sweep.hpp - ends processes that left their group and their parent, by a mark in their
// environment.
//
// Layer 2. Includes: os/proc_file.hpp, os/child.hpp's clock.
// Not here: stopping a process and its group (os/child.hpp).
//
// A program may fork twice and make a session of its own: no group and no parent names it then.
// What it keeps is the environment it was started with. Where a program has made itself the reaper
// of its descendants (prctl, PR_SET_CHILD_SUBREAPER), those that were ended are collected as well.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/child.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/proc_file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// The processes of this user, but for the caller, whose environment at their start held `entry`.
///
/// in       entry: "NAME=VALUE", whole
/// example  tests/os/sweep.cpp "find_marked: names the processes that were started with the mark"
[[nodiscard]] std::vector<int> find_marked(std::string_view entry);

/// Kills the processes with this mark, those that they start meanwhile as well, until there are
/// none, and collects those that are children of the caller.
///
/// in       group: a process group whose leader was ended and collected; what a reaper has become
///          the parent of is collected too. 0: none
/// out      whether none is left
/// units    milliseconds that it may take
/// example  tests/os/sweep.cpp "sweep: a session of its own and two forks do not hide a process"
bool sweep(std::string_view entry, std::int64_t most_ms, int group = 0);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool has_entry(const std::string& environment, std::string_view entry) noexcept {
    for (std::size_t at = 0; at < environment.size();) {
        const std::size_t end = environment.find('\0', at);
        const std::size_t stop = end == std::string::npos ? environment.size() : end;
        if (std::string_view(environment).substr(at, stop - at) == entry) {
            return true;
        }
        at = stop + 1;
    }
    return false;
}

// Kills and collects the children of this process that are in the group; whether there are none.
inline bool collect_group(int group) noexcept {
    pid_t got = 0;
    do {
        got = ::waitpid(-group, nullptr, WNOHANG);
    } while (got > 0);
    if (got == 0) {
        (void)::kill(-group, SIGKILL);
    }
    return got < 0;
}

}  // namespace detail

inline std::vector<int> find_marked(std::string_view entry) {
    std::vector<int> marked;
    for (const int pid : list_pids("/proc")) {
        if (pid == process_id()) {
            continue;
        }
        const auto environment = read_proc("/proc/" + std::to_string(pid) + "/environ");
        if (environment && detail::has_entry(*environment, entry)) {
            marked.push_back(pid);
        }
    }
    return marked;
}

inline bool sweep(std::string_view entry, std::int64_t most_ms, int group) {
    const std::int64_t until_ms = detail::monotonic_ms() + most_ms;
    std::vector<int> killed;
    while (true) {
        const std::vector<int> marked = find_marked(entry);
        for (const int pid : marked) {
            (void)::kill(pid, SIGKILL);
            if (std::find(killed.begin(), killed.end(), pid) == killed.end()) {
                killed.push_back(pid);
            }
        }
        bool is_clean = marked.empty();
        for (const int pid : killed) {
            // 0: a child of ours that is still ending; ECHILD: another one's to collect.
            is_clean = ::waitpid(pid, nullptr, WNOHANG) != 0 && is_clean;
        }
        is_clean = (group <= 1 || detail::collect_group(group)) && is_clean;
        if (is_clean || detail::monotonic_ms() >= until_ms) {
            return is_clean;
        }
        detail::sleep_ms(2);
    }
}

}}}  // namespace guild::os
