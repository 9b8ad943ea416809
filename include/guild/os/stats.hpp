// guild/os/stats.hpp - what the machine and the processes of a command are doing, as the series of
// a run.
//
// Layer 2. Includes: os/proc traffic process_tree machine group_stats gpu_sampler. Where the system
// has no /proc there are fewer numbers, no errors.
// Not here: the text of /proc files (os/proc.hpp, os/traffic.hpp), storing (runs/collectors.hpp),
// numbers of other programs (runs/external_collector.hpp).
#pragma once

#include <guild/base/text.hpp>
#include <guild/os/env.hpp>
#include <guild/os/gpu_sampler.hpp>
#include <guild/os/group_stats.hpp>
#include <guild/os/machine.hpp>
#include <guild/os/proc.hpp>
#include <guild/os/proc_file.hpp>
#include <guild/os/process_tree.hpp>
#include <guild/os/traffic.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// A name of a series and its value.
using statistic = std::pair<std::string, double>;

/// Where the numbers come from; tests have trees of their own.
///
/// units    gpu_interval_ms: milliseconds between readings of GPUs
struct stats_options {
    std::int64_t gpu_interval_ms = 1'000;
    gpu_places places;  // of everything
    const env* system = &system_env;
};

/// Takes samples of the machine and of one process tree. Rates and shares cover the time since the
/// sample before, so the first one has none.
///
/// threads  one owner
class stats_sampler {
public:
    /// Starts following the GPUs, if there are any.
    explicit stats_sampler(stats_options options = {});

    /// One sample. A pid of 0 or of an ended process gives the machine's part alone.
    ///
    /// out      keys and units as docs/format-run.md lists them, whole
    /// cost     about a millisecond; never waits for a GPU
    /// example  tests/os/stats.cpp "stats_sampler: the keys of a whole machine are those of the
    ///          documentation"
    [[nodiscard]] std::vector<statistic> sample(int pid);

private:
    using samples = std::vector<statistic>;

    [[nodiscard]] std::string read(std::string_view name) const {
        return read_proc(options_.places.proc + std::string(name)).value_or("");
    }
    void add_process(int pid, double seconds, samples& out);
    void add_processors(samples& out);
    void add_swap(double seconds, samples& out);
    void add_disks(double seconds, samples& out);
    void add_interfaces(double seconds, samples& out);
    void add_group(double seconds, samples& out);
    void add_gpus(samples& out);

    stats_options options_;
    gpu_sampler gpus_;
    group_reader groups_;
    std::int64_t last_us_ = -1;
    int last_pid_ = 0;
    std::optional<process_tree_stats> last_tree_;
    std::vector<cpu_times> last_processors_;
    std::optional<swap_counters> last_swap_;
    std::vector<disk_counters> last_disks_;
    std::vector<interface_counters> last_interfaces_;
    group_stats last_group_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline double difference(std::uint64_t more, std::uint64_t less) noexcept {
    return more > less ? static_cast<double>(more - less) : 0.0;
}

// Adds what happened a second, in units; nothing where a counter went back.
class rate_list {
public:
    rate_list(std::string prefix, double seconds, std::vector<statistic>& out)
        : prefix_(std::move(prefix)), seconds_(seconds), out_(out) {}

    void add(std::string_view name, std::uint64_t before, std::uint64_t after, double unit = 1) {
        if (after >= before && seconds_ > 0) {
            out_.emplace_back(prefix_ + std::string(name),
                              static_cast<double>(after - before) / unit / seconds_);
        }
    }
    void add(std::string_view name, const std::optional<std::uint64_t>& before,
             const std::optional<std::uint64_t>& after, double unit) {
        if (before && after) {
            add(name, *before, *after, unit);
        }
    }

private:
    std::string prefix_;
    double seconds_;
    std::vector<statistic>& out_;
};

inline void add_level(std::string key, const std::optional<std::uint64_t>& value,
                      std::vector<statistic>& out) {
    if (value) {
        out.emplace_back(std::move(key), static_cast<double>(*value));
    }
}

inline void add_memory(std::string_view text, std::vector<statistic>& out) {
    const std::optional<memory_state> memory = parse_memory(text);
    if (!memory) {
        return;
    }
    const double total = static_cast<double>(memory->total);
    const double swap_total = static_cast<double>(memory->swap_total);
    const double swap_used = difference(memory->swap_total, memory->swap_free);
    out.emplace_back("sys/mem/total", total);
    out.emplace_back("sys/mem/free", static_cast<double>(memory->free));
    out.emplace_back("sys/mem/used", static_cast<double>(memory->used));
    out.emplace_back("sys/mem/util", difference(memory->total, memory->available) / total);
    out.emplace_back("sys/swap/total", swap_total);
    out.emplace_back("sys/swap/free", static_cast<double>(memory->swap_free));
    out.emplace_back("sys/swap/used", swap_used);
    out.emplace_back("sys/swap/util", memory->swap_total == 0 ? 0.0 : swap_used / swap_total);
}

inline void add_load(std::string_view text, std::vector<statistic>& out) {
    if (const std::optional<load_average> load = parse_load(text)) {
        out.emplace_back("sys/load/1m", load->one);
        out.emplace_back("sys/load/5m", load->five);
        out.emplace_back("sys/load/15m", load->fifteen);
    }
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
    rate_list rates("sys/dev" + after.name + "/", seconds, out);
    rates.add("rps", before.reads, after.reads);
    rates.add("wps", before.writes, after.writes);
    rates.add("rkbps", before.read_bytes, after.read_bytes, 1024);
    rates.add("wkbps", before.written_bytes, after.written_bytes, 1024);
    rates.add("util", before.busy_ms, after.busy_ms, 1000);
}

inline void add_rates(const interface_counters& before, const interface_counters& after,
                      double seconds, std::vector<statistic>& out) {
    rate_list rates("sys/net" + after.name + "/", seconds, out);
    rates.add("rxps", before.received, after.received);
    rates.add("txps", before.sent, after.sent);
    rates.add("rxkbps", before.received_bytes, after.received_bytes, 1024);
    rates.add("txkbps", before.sent_bytes, after.sent_bytes, 1024);
    rates.add("errps", before.errors, after.errors);
    rates.add("dropps", before.drops, after.drops);
}

// Adds the rates of what was there before, by name.
template <class Counters>
void add_all_rates(const std::vector<Counters>& before, const std::vector<Counters>& after,
                   double seconds, std::vector<statistic>& out) {
    for (const Counters& now : after) {
        for (const Counters& then : before) {
            if (then.name == now.name) {
                add_rates(then, now, seconds, out);
            }
        }
    }
}

// Those with a device behind them: bridges and the like count the same bytes again. In a container
// there may be none, and all are its own.
inline std::vector<interface_counters> select_interfaces(std::vector<interface_counters> all,
                                                         const std::string& sys) {
    constexpr std::size_t most = 64;
    std::vector<interface_counters> with_device;
    for (const interface_counters& each : all) {
        if (::access((sys + "/class/net/" + each.name + "/device").c_str(), F_OK) == 0) {
            with_device.push_back(each);
        }
    }
    std::vector<interface_counters>& selected = with_device.empty() ? all : with_device;
    selected.resize(selected.size() < most ? selected.size() : most);
    return std::move(selected);
}

}  // namespace detail

inline stats_sampler::stats_sampler(stats_options options)
    : options_(std::move(options)),
      groups_(read("/self/cgroup"), options_.places.sys + "/fs/cgroup") {
    gpus_.start(options_.gpu_interval_ms, options_.places);
}

inline std::vector<statistic> stats_sampler::sample(int pid) {
    samples out;
    const std::int64_t now_us = options_.system->boot_time_us();
    const double seconds = last_us_ < 0 ? 0.0 : static_cast<double>(now_us - last_us_) / 1e6;
    last_us_ = now_us;
    add_process(pid, seconds, out);
    add_processors(out);
    detail::add_load(read("/loadavg"), out);
    detail::add_memory(read("/meminfo"), out);
    add_swap(seconds, out);
    add_disks(seconds, out);
    add_interfaces(seconds, out);
    add_group(seconds, out);
    add_gpus(out);
    return out;
}

inline void stats_sampler::add_process(int pid, double seconds, samples& out) {
    std::optional<process_tree_stats> tree = read_process_tree(pid, options_.places.proc);
    if (tree && last_pid_ == pid && last_tree_ && seconds > 0) {
        // A descendant that left the tree takes its share of the sum with it.
        const std::int64_t used_us =
            tree->cpu_us > last_tree_->cpu_us ? tree->cpu_us - last_tree_->cpu_us : 0;
        out.emplace_back("op/cpu/util", static_cast<double>(used_us) / 1e6 / seconds);
        if (last_tree_->files && tree->files) {
            detail::rate_list rates("op/io/", seconds, out);
            rates.add("rkbps", last_tree_->files->read_bytes, tree->files->read_bytes, 1024);
            rates.add("wkbps", last_tree_->files->written_bytes, tree->files->written_bytes, 1024);
        }
    }
    if (tree) {
        detail::add_level("op/mem/rss", tree->resident_bytes, out);
        detail::add_level("op/mem/vms", tree->virtual_bytes, out);
        detail::add_level("op/processes", tree->processes, out);
        detail::add_level("op/threads", tree->threads, out);
    }
    last_pid_ = pid;
    last_tree_ = tree;
}

inline void stats_sampler::add_processors(samples& out) {
    std::vector<cpu_times> processors = parse_cpu_times(read("/stat"));
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

inline void stats_sampler::add_swap(double seconds, samples& out) {
    const std::optional<swap_counters> swap = parse_swap(read("/vmstat"));
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    if (swap && last_swap_ && page_bytes > 0) {
        const double pages_per_kib = 1024.0 / static_cast<double>(page_bytes);
        detail::rate_list rates("sys/swap/", seconds, out);
        rates.add("rkbps", last_swap_->pages_in, swap->pages_in, pages_per_kib);
        rates.add("wkbps", last_swap_->pages_out, swap->pages_out, pages_per_kib);
    }
    last_swap_ = swap;
}

inline void stats_sampler::add_disks(double seconds, samples& out) {
    std::vector<disk_counters> disks = detail::select_mounted(
        parse_disks(read("/diskstats")), parse_mounts(read("/self/mountinfo")));
    detail::add_all_rates(last_disks_, disks, seconds, out);
    last_disks_ = std::move(disks);
}

inline void stats_sampler::add_interfaces(double seconds, samples& out) {
    std::vector<interface_counters> interfaces =
        detail::select_interfaces(parse_interfaces(read("/self/net/dev")), options_.places.sys);
    detail::add_all_rates(last_interfaces_, interfaces, seconds, out);
    last_interfaces_ = std::move(interfaces);
}

inline void stats_sampler::add_group(double seconds, samples& out) {
    const group_stats now = groups_.read();
    detail::add_level("sys/cgroup/mem/limit", now.memory_limit_bytes, out);
    detail::add_level("sys/cgroup/mem/used", now.memory_used_bytes, out);
    detail::add_level("sys/cgroup/mem/rss", now.memory_resident_bytes, out);
    if (now.memory_limit_bytes.value_or(0) > 0 && now.memory_used_bytes) {
        out.emplace_back("sys/cgroup/mem/util", static_cast<double>(*now.memory_used_bytes) /
                                                    static_cast<double>(*now.memory_limit_bytes));
    }
    detail::add_level("sys/cgroup/mem/limit_hits", now.memory_limit_hits, out);
    detail::add_level("sys/cgroup/mem/kills", now.memory_kills, out);
    if (now.cpu_limit) {
        out.emplace_back("sys/cgroup/cpu/limit", *now.cpu_limit);
    }
    detail::rate_list rates("sys/cgroup/cpu/", seconds, out);
    rates.add("util", last_group_.cpu_used_us, now.cpu_used_us, 1e6);
    rates.add("throttled_time", last_group_.throttled_us, now.throttled_us, 1e6);
    if (now.periods && now.throttled_periods && last_group_.periods &&
        last_group_.throttled_periods && *now.periods > *last_group_.periods) {
        out.emplace_back(
            "sys/cgroup/cpu/throttled",
            detail::difference(*now.throttled_periods, *last_group_.throttled_periods) /
                detail::difference(*now.periods, *last_group_.periods));
    }
    last_group_ = now;
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
