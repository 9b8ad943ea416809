// guild/os/process_tree.hpp - what a process and all its descendants use together.
//
// Layer 2. Includes: os/proc.hpp, os/traffic.hpp, os/proc_file.hpp, POSIX. Where the system has no
// /proc nothing is known.
// Not here: the machine (os/machine.hpp), rates (os/stats.hpp).
#pragma once

#include <guild/os/proc.hpp>
#include <guild/os/proc_file.hpp>
#include <guild/os/traffic.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// What a process and all its descendants use together.
///
/// units    cpu_us: microseconds of processor time so far, ended descendants included; bytes,
///          shared pages counted in each process that has them; files: bytes so far, empty where
///          the system does not tell
struct process_tree_stats {
    std::int64_t cpu_us = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t processes = 0;
    std::uint64_t threads = 0;
    std::optional<file_counters> files;
};

/// Sums up a process and its descendants; empty when it is gone.
///
/// in       proc: where /proc stands
/// cost     O(processes and threads of the tree)
/// example  tests/os/process_tree.cpp "process tree: children and their children are counted"
[[nodiscard]] std::optional<process_tree_stats>
read_process_tree(int pid, const std::string& proc = "/proc");

/// When a process started; with its number this names it for ever. Empty when it is gone.
///
/// units    clock ticks after boot
[[nodiscard]] std::optional<std::uint64_t> process_start_ticks(int pid);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string process_path(const std::string& proc, int pid) {
    return proc + '/' + std::to_string(pid) + '/';
}

inline std::optional<process_state> read_process(int pid, const std::string& proc) {
    const std::optional<std::string> text = read_proc(process_path(proc, pid) + "stat");
    return text ? parse_process(*text) : std::nullopt;
}

// The children of a process: each thread of it lists those that it started.
inline std::vector<int> children_of(int pid, const std::string& proc) {
    const std::string tasks = process_path(proc, pid) + "task/";
    std::vector<int> children;
    for (const int thread : list_pids(tasks)) {
        const std::optional<std::string> text =
            read_proc(tasks + std::to_string(thread) + "/children");
        for (const int child : parse_pids(text ? *text : std::string())) {
            children.push_back(child);
        }
    }
    return children;
}

// A tree as it grows. Numbers that were reused meanwhile could make a circle.
class pid_tree {
public:
    explicit pid_tree(int root) { add(root); }
    void add(int pid) {
        if (seen_.insert(pid).second) {
            members_.push_back(pid);
        }
    }
    [[nodiscard]] const std::vector<int>& members() const noexcept { return members_; }

private:
    std::vector<int> members_;
    std::set<int> seen_;
};

// On kernels without these lists: everybody whose chain of parents leads to it.
inline std::vector<int> descendants_by_parents(int root, const std::string& proc) {
    std::vector<std::pair<int, std::int64_t>> all;
    for (const int pid : list_pids(proc)) {
        if (const std::optional<process_state> process = read_process(pid, proc)) {
            all.emplace_back(pid, process->parent);
        }
    }
    pid_tree tree(root);
    for (std::size_t at = 0; at < tree.members().size(); ++at) {
        for (const auto& entry : all) {
            if (entry.second == tree.members()[at]) {
                tree.add(entry.first);
            }
        }
    }
    return tree.members();
}

inline std::vector<int> process_tree(int root, const std::string& proc) {
    const std::string own = process_path(proc, root) + "task/" + std::to_string(root) + "/children";
    if (::access(own.c_str(), R_OK) != 0) {
        return descendants_by_parents(root, proc);
    }
    pid_tree tree(root);
    for (std::size_t at = 0; at < tree.members().size(); ++at) {
        for (const int child : children_of(tree.members()[at], proc)) {
            tree.add(child);
        }
    }
    return tree.members();
}

// A process that is another user's keeps its files to itself.
inline void add_files(int pid, const std::string& proc, std::optional<file_counters>& sum) {
    const std::optional<std::string> text = read_proc(process_path(proc, pid) + "io");
    const std::optional<file_counters> files = text ? parse_process_files(*text) : std::nullopt;
    if (files) {
        sum = sum.value_or(file_counters{});
        sum->read_bytes += files->read_bytes;
        sum->written_bytes += files->written_bytes;
    }
}

}  // namespace detail

inline std::optional<process_tree_stats> read_process_tree(int pid, const std::string& proc) {
    const std::int64_t tick_hz = ::sysconf(_SC_CLK_TCK);
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    if (pid <= 0 || tick_hz <= 0 || page_bytes <= 0) {
        return std::nullopt;
    }
    process_tree_stats sum;
    std::uint64_t ticks = 0;
    for (const int member : detail::process_tree(pid, proc)) {
        const std::optional<process_state> process = detail::read_process(member, proc);
        if (!process) {
            continue;
        }
        // What a child used moves to its parent when it is collected, so the sum never falls by
        // that. So does what it read and wrote.
        ticks += process->cpu_ticks + process->collected_ticks;
        sum.resident_bytes += process->resident_pages * static_cast<std::uint64_t>(page_bytes);
        sum.virtual_bytes += process->virtual_bytes;
        sum.threads += process->threads;
        ++sum.processes;
        detail::add_files(member, proc, sum.files);
    }
    if (sum.processes == 0) {
        return std::nullopt;
    }
    sum.cpu_us = static_cast<std::int64_t>(ticks) * (1'000'000 / tick_hz);
    return sum;
}

inline std::optional<std::uint64_t> process_start_ticks(int pid) {
    const std::optional<process_state> process = detail::read_process(pid, "/proc");
    const bool runs = process && !process->has_ended;
    return runs ? std::optional<std::uint64_t>(process->start_ticks) : std::nullopt;
}

}}}  // namespace guild::os
