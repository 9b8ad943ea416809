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
