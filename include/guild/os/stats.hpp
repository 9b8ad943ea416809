// guild/os/stats.hpp - what the machine and the processes of a command are doing, as the series of
// a run.
//
// Layer 2. Includes: os/proc.hpp, os/gpu.hpp, POSIX. Where the system has no /proc there are fewer
// numbers, no errors.
// Not here: the text of /proc files (os/proc.hpp), storing (runs/collectors.hpp).
#pragma once

#include <guild/base/text.hpp>
#include <guild/os/env.hpp>
#include <guild/os/gpu.hpp>
#include <guild/os/pipe.hpp>
#include <guild/os/proc.hpp>
#include <guild/os/proc_file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// What a process and all its descendants use together.
///
/// units    cpu_us: microseconds of processor time so far, ended descendants included; bytes,
///          shared pages counted in each process that has them
struct process_tree_stats {
    std::int64_t cpu_us = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    int processes = 0;
};

/// Sums up a process and its descendants; empty when it is gone.
///
/// cost     O(processes and threads of the tree)
/// example  tests/os/stats.cpp "process tree: children and their children are counted"
[[nodiscard]] std::optional<process_tree_stats> read_process_tree(int pid);

/// The identity of this boot of the machine; empty where the system has none.
[[nodiscard]] std::string read_boot_id();

/// When a process started; with its number this names it for ever. Empty when it is gone.
///
/// units    clock ticks after boot
[[nodiscard]] std::optional<std::uint64_t> process_start_ticks(int pid);

/// The inode of this process's pid namespace: numbers of processes mean something within one.
[[nodiscard]] std::optional<std::uint64_t> pid_namespace_inode();

/// "AMD EPYC 9354"; the kind of machine ("aarch64") where the processor has no name.
[[nodiscard]] std::string cpu_model();

/// Processors that are on.
[[nodiscard]] int cpu_count() noexcept;

/// units    bytes; 0 where unknown
[[nodiscard]] std::uint64_t memory_total_bytes();

/// A name of a series and its value.
using statistic = std::pair<std::string, double>;

/// Takes samples of the machine and of one process tree. Rates and shares cover the time since the
/// sample before, so the first one has none.
///
/// threads  one owner
class stats_sampler {
public:
    /// Starts following the GPUs, if there are any.
    ///
    /// units    milliseconds between GPU reports
    explicit stats_sampler(std::int64_t gpu_interval_ms = 1'000) { gpus_.start(gpu_interval_ms); }

    /// One sample. A pid of 0 or of an ended process gives the machine's part alone.
    ///
    /// out      op/cpu/util, op/mem/{rss,vms}; sys/cpu/util, sys/cpuN/util,
    ///          sys/{mem,swap}/{total,free,used,util}, sys/devDEV/{rps,wps,rkbps,wkbps,util},
    ///          sys/gpuN/{fanspeed,pstate,gpu/util,mem/util,mem/total,mem/used,
    ///          mem/free,temp,powerdraw}
    /// units    util: share, 0 to 1 (op/cpu/util: processors in use); rps, wps: a second; rkbps,
    ///          wkbps: KiB a second; mem, swap: bytes; temp: degrees Celsius; powerdraw: watts
    /// cost     about a millisecond; never waits for a GPU
    /// example  tests/os/stats.cpp "stats_sampler: the second sample has every key of the list"
    [[nodiscard]] std::vector<statistic> sample(int pid);

private:
    using samples = std::vector<statistic>;

    void add_process(int pid, double seconds, samples& out);
    void add_processors(samples& out);
    void add_disks(double seconds, samples& out);
    void add_gpus(samples& out);

    gpu_sampler gpus_;
    std::int64_t last_us_ = -1;
    int last_pid_ = 0;
    std::int64_t last_process_us_ = -1;
    std::vector<cpu_times> last_processors_;
    std::vector<disk_counters> last_disks_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::optional<process_state> read_process(int pid) {
    const std::optional<std::string> text = read_proc("/proc/" + std::to_string(pid) + "/stat");
    return text ? parse_process(*text) : std::nullopt;
}

// The children of a process: each thread of it lists those that it started.
inline std::vector<int> children_of(int pid) {
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
    std::vector<int> children;
    for (const int thread : list_pids(tasks)) {
        const std::optional<std::string> text =
            read_proc(tasks + std::to_string(thread) + "/children");
        if (!text) {
            continue;
        }
        for (const int child : parse_pids(*text)) {
            children.push_back(child);
        }
    }
    return children;
}

// On kernels without these lists: everybody whose chain of parents leads to it.
inline std::vector<int> descendants_by_parents(int root) {
    std::vector<std::pair<int, std::int64_t>> all;
    for (const int pid : list_pids("/proc")) {
        if (const std::optional<process_state> process = read_process(pid)) {
            all.emplace_back(pid, process->parent);
        }
    }
    std::vector<int> tree{root};
    for (std::size_t at = 0; at < tree.size(); ++at) {
        for (const auto& entry : all) {
            if (entry.second == tree[at]) {
                tree.push_back(entry.first);
            }
        }
    }
    return tree;
}

inline std::vector<int> process_tree(int root) {
    const std::string own =
        "/proc/" + std::to_string(root) + "/task/" + std::to_string(root) + "/children";
    if (::access(own.c_str(), R_OK) != 0) {
        return descendants_by_parents(root);
    }
    constexpr std::size_t most = 65'536;  // numbers reused meanwhile could make a circle
    std::vector<int> tree{root};
    for (std::size_t at = 0; at < tree.size() && tree.size() < most; ++at) {
        for (const int child : children_of(tree[at])) {
            tree.push_back(child);
        }
    }
    return tree;
}

inline void add_share(std::string key, std::uint64_t part, std::uint64_t whole,
                      std::vector<statistic>& out) {
    if (whole != 0) {
        out.emplace_back(std::move(key), static_cast<double>(part) / static_cast<double>(whole));
    }
}

inline void add_memory(std::vector<statistic>& out) {
    const std::optional<std::string> text = read_proc("/proc/meminfo");
    const std::optional<memory_state> memory = text ? parse_memory(*text) : std::nullopt;
    if (!memory) {
        return;
    }
    const std::uint64_t swap_used = memory->swap_total - memory->swap_free;
    out.emplace_back("sys/mem/total", static_cast<double>(memory->total));
    out.emplace_back("sys/mem/free", static_cast<double>(memory->free));
    out.emplace_back("sys/mem/used", static_cast<double>(memory->used));
    add_share("sys/mem/util", memory->total - memory->available, memory->total, out);
    out.emplace_back("sys/swap/total", static_cast<double>(memory->swap_total));
    out.emplace_back("sys/swap/free", static_cast<double>(memory->swap_free));
    out.emplace_back("sys/swap/used", static_cast<double>(swap_used));
    out.emplace_back("sys/swap/util", memory->swap_total == 0
                                          ? 0.0
                                          : static_cast<double>(swap_used) /
                                                static_cast<double>(memory->swap_total));
}

// The counters of mounted devices, found by name or else by number: "/dev/root" is no device's
// name.
inline std::vector<disk_counters> select_mounted(const std::vector<disk_counters>& disks,
                                                 const std::vector<mounted_device>& mounts) {
    std::vector<disk_counters> selected;
    for (const disk_counters& disk : disks) {
        bool mounted = false;
        for (const mounted_device& mount : mounts) {
            mounted = mounted || mount.name == disk.name || mount.number == disk.number;
        }
        if (mounted) {
            selected.push_back(disk);
        }
    }
    return selected;
}

inline void add_rates(const disk_counters& before, const disk_counters& after, double seconds,
                      std::vector<statistic>& out) {
    const std::string key = "sys/dev" + after.name + "/";
    const auto rate = [&](const char* name, std::uint64_t from, std::uint64_t to, double unit) {
        if (to >= from) {
            out.emplace_back(key + name, static_cast<double>(to - from) / unit / seconds);
        }
    };
    rate("rps", before.reads, after.reads, 1);
    rate("wps", before.writes, after.writes, 1);
    rate("rkbps", before.read_bytes, after.read_bytes, 1024);
    rate("wkbps", before.written_bytes, after.written_bytes, 1024);
    rate("util", before.busy_ms, after.busy_ms, 1000);
}

}  // namespace detail

inline std::optional<process_tree_stats> read_process_tree(int pid) {
    const std::int64_t tick_hz = ::sysconf(_SC_CLK_TCK);
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    if (pid <= 0 || tick_hz <= 0 || page_bytes <= 0) {
        return std::nullopt;
    }
    process_tree_stats sum;
    std::uint64_t ticks = 0;
    for (const int member : detail::process_tree(pid)) {
        const std::optional<process_state> process = detail::read_process(member);
        if (!process) {
            continue;
        }
        // What a child used moves to its parent when it is collected, so the sum never falls by
        // that.
        ticks += process->cpu_ticks + process->collected_ticks;
        sum.resident_bytes += process->resident_pages * static_cast<std::uint64_t>(page_bytes);
        sum.virtual_bytes += process->virtual_bytes;
        ++sum.processes;
    }
    if (sum.processes == 0) {
        return std::nullopt;
    }
    sum.cpu_us = static_cast<std::int64_t>(ticks) * (1'000'000 / tick_hz);
    return sum;
}

inline std::string read_boot_id() {
    const std::optional<std::string> text = read_proc("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : std::string();
}

inline std::optional<std::uint64_t> process_start_ticks(int pid) {
    const std::optional<process_state> process = detail::read_process(pid);
    const bool runs = process && !process->has_ended;
    return runs ? std::optional<std::uint64_t>(process->start_ticks) : std::nullopt;
}

inline std::optional<std::uint64_t> pid_namespace_inode() {
    char target[64];
    const ssize_t size = ::readlink("/proc/self/ns/pid", target, sizeof target);
    if (size <= 0) {
        return std::nullopt;
    }
    return parse_namespace_link(
        std::string_view(target, guild::detail::convert<std::size_t>(size)));
}

inline std::string cpu_model() {
    const std::optional<std::string> text = read_proc("/proc/cpuinfo");
    std::string name = text ? parse_cpu_model(*text) : std::string();
    struct ::utsname system{};
    if (name.empty() && ::uname(&system) == 0) {
        name = system.machine;
    }
    return name;
}

inline int cpu_count() noexcept {
    const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? static_cast<int>(count) : 1;
}

inline std::uint64_t memory_total_bytes() {
    const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0
               ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes)
               : 0;
}

inline std::vector<statistic> stats_sampler::sample(int pid) {
    samples out;
    const std::int64_t now_us = system_env.boot_time_us();
    const double seconds = last_us_ < 0 ? 0.0 : static_cast<double>(now_us - last_us_) / 1e6;
    last_us_ = now_us;
    add_process(pid, seconds, out);
    add_processors(out);
    detail::add_memory(out);
    add_disks(seconds, out);
    add_gpus(out);
    return out;
}

inline void stats_sampler::add_process(int pid, double seconds, samples& out) {
    const std::optional<process_tree_stats> tree = read_process_tree(pid);
    if (tree) {
        if (last_pid_ == pid && last_process_us_ >= 0 && seconds > 0) {
            // A descendant that left the tree takes its share of the sum with it.
            const std::int64_t used_us =
                tree->cpu_us > last_process_us_ ? tree->cpu_us - last_process_us_ : 0;
            out.emplace_back("op/cpu/util", static_cast<double>(used_us) / 1e6 / seconds);
        }
        out.emplace_back("op/mem/rss", static_cast<double>(tree->resident_bytes));
        out.emplace_back("op/mem/vms", static_cast<double>(tree->virtual_bytes));
    }
    last_pid_ = pid;
    last_process_us_ = tree ? tree->cpu_us : -1;
}

inline void stats_sampler::add_processors(samples& out) {
    const std::optional<std::string> text = read_proc("/proc/stat");
    std::vector<cpu_times> processors = text ? parse_cpu_times(*text) : std::vector<cpu_times>{};
    double sum = 0;
    int counted = 0;
    for (std::size_t i = 0; i < processors.size() && i < last_processors_.size(); ++i) {
        const std::optional<double> share = busy_share(last_processors_[i], processors[i]);
        if (!share) {
            continue;
        }
        out.emplace_back("sys/cpu" + std::to_string(i) + "/util", *share);
        sum += *share;
        ++counted;
    }
    if (counted != 0) {
        out.emplace_back("sys/cpu/util", sum / counted);
    }
    last_processors_ = std::move(processors);
}

inline void stats_sampler::add_disks(double seconds, samples& out) {
    const std::optional<std::string> counters = read_proc("/proc/diskstats");
    const std::optional<std::string> mounts = read_proc("/proc/self/mountinfo");
    if (!counters || !mounts) {
        return;
    }
    std::vector<disk_counters> disks =
        detail::select_mounted(parse_disks(*counters), parse_mounts(*mounts));
    for (const disk_counters& after : disks) {
        for (const disk_counters& before : last_disks_) {
            if (before.name == after.name && seconds > 0) {
                detail::add_rates(before, after, seconds, out);
            }
        }
    }
    last_disks_ = std::move(disks);
}

inline void stats_sampler::add_gpus(samples& out) {
    for (const gpu_sample& gpu : gpus_.sample()) {
        const std::string key = "sys/gpu" + std::to_string(gpu.index) + "/";
        const auto add = [&](const char* name, const std::optional<double>& value) {
            if (value) {
                out.emplace_back(key + name, *value);
            }
        };
        add("fanspeed", gpu.fan_speed);
        add("pstate", gpu.performance_state);
        add("gpu/util", gpu.utilization);
        add("mem/util", gpu.memory_utilization);
        add("mem/total", gpu.memory_total_bytes);
        add("mem/used", gpu.memory_used_bytes);
        if (gpu.memory_total_bytes && gpu.memory_used_bytes) {
            add("mem/free", *gpu.memory_total_bytes - *gpu.memory_used_bytes);
        }
        add("temp", gpu.temperature);
        add("powerdraw", gpu.power_draw);
    }
}

}}}  // namespace guild::os
