// guild/runs/collectors.hpp - what is gathered around a run: machine attributes, statistics,
// scalars of event files.
//
// Layer 4. Includes: base, os/stats, tfevents/directory_reader, series/writer, runs/event_time.
// Not here: when they are asked (runs/recording.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/control_group.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/gpu_sampler.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/stats.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/writer.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/points.hpp>
#include <guild/tfevents/restart.hpp>
#include <guild/version.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The machine as it is now, for attrs.tsv: processor, memory, system, GPUs, guild's own version.
///
/// units    memory, memory_limit (of the control group, where less), gpuN_memory: bytes, decimal
/// example  tests/runs/collectors.cpp "system attributes: name the processor, its cores and the
///          memory"
[[nodiscard]] pair_list system_attributes();

/// How often the kernel killed a process of this control group for want of memory; empty where
/// nobody counts.
[[nodiscard]] std::optional<std::uint64_t> read_out_of_memory_kills();

/// Stores statistics of the machine and of a process tree as series `sys/...` and `op/...`.
class statistics_collector {
public:
    /// units    interval_ms: milliseconds between two calls of collect
    explicit statistics_collector(std::int64_t interval_ms)
        : sampler_(os::stats_options{interval_ms, {}, &os::system_env}) {}

    /// Takes one sample; its number is the step.
    ///
    /// in       pid: root of the process tree
    /// units    time_us: microseconds since 1970-01-01 UTC
    void collect(int pid, std::int64_t time_us, series::writer& into);

    [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }

private:
    os::stats_sampler sampler_;
    std::int64_t samples_ = 0;
};

/// Follows the event files below a directory and stores their scalars as series `tf/DIR/TAG`, with
/// the events' own steps and times.
///
/// Unless told otherwise, directories behind symbolic links are not entered: a command may link a
/// whole data set, or `/`, into its run directory.
/// example  tests/runs/collectors.cpp "event collector: scalars become series named after directory
///          and tag"
class event_collector {
public:
    explicit event_collector(std::string directory,
                             tfevents::directory_options options = without_links(),
                             const os::env& system = os::system_env)
        : reader_(std::move(directory), options, system),
          keeps_all_(options.restarts == tfevents::restart_policy::keep_all) {}

    /// Stores what is new, in one writer over all calls. Under another restart policy than keep_all
    /// points that are taken back in the same call are left out, and tags come one after another.
    ///
    /// out      how many points
    std::uint64_t collect(series::writer& into);

    /// Whether what was stored is not what the files say any more: a file was replaced by other
    /// content, or a restart took points of an earlier call back. A new collector and a new series
    /// file will have it right.
    ///
    /// example  tests/runs/collectors.cpp "event collector: a restart behind stored points makes
    ///          them outdated"
    [[nodiscard]] bool is_outdated() const;

    /// Bytes of event files that were damaged and skipped.
    [[nodiscard]] std::uint64_t bytes_lost() const { return reader_.bytes_lost(); }

    /// Points and series stored so far, and the latest time of a point.
    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }

    /// How many points could not be stored: their tags make keys longer than series have.
    [[nodiscard]] std::uint64_t unstored() const noexcept { return unstored_; }
    [[nodiscard]] std::uint64_t series() const noexcept { return series_; }
    [[nodiscard]] std::optional<std::int64_t> last_time_us() const noexcept { return last_us_; }

    /// What was read, file by file.
    [[nodiscard]] const tfevents::directory_reader& reader() const noexcept { return reader_; }

private:
    void collect_kept(series::writer& into);
    void add(const std::string& run, const tfevents::scalar& point, series::writer& into);
    void flush_frame(series::writer& into);
    [[nodiscard]] static tfevents::directory_options without_links() {
        tfevents::directory_options options;
        options.follow_links = false;
        return options;
    }

    tfevents::directory_reader reader_;
    bool keeps_all_;
    bool took_back_ = false;  // points that were stored by an earlier call
    std::uint64_t points_ = 0;
    std::uint64_t unstored_ = 0;
    std::uint64_t series_ = 0;
    std::optional<std::int64_t> last_us_;
    std::vector<series::sample> frame_;  // values of one step and time, stored together
    std::int64_t frame_step_ = 0;
    std::int64_t frame_time_us_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// PRETTY_NAME of os-release(5), without its quotes.
inline std::string system_name() {
    const auto text = os::load_file("/etc/os-release", 65536);
    for (const std::string& line : split(text ? *text : std::string(), '\n')) {
        constexpr std::string_view key = "PRETTY_NAME=";
        if (starts_with(line, key)) {
            return replace_all(line.substr(key.size()), "\"", "");
        }
    }
    return "";
}

}  // namespace detail

inline pair_list system_attributes() {
    pair_list pairs = {{"cpu_model", os::cpu_model()},
                       {"cpu_cores", std::to_string(os::cpu_count())},
                       {"memory", std::to_string(os::memory_total_bytes())},
                       {"host", os::node_name()},
                       {"os", detail::system_name()}};
    const auto kernel = os::load_file("/proc/sys/kernel/osrelease", 4096);
    pairs.emplace_back("kernel", kernel ? std::string(trim(*kernel)) : "");
    for (const os::gpu& gpu : os::list_gpus()) {
        const std::string prefix = "gpu" + std::to_string(gpu.index) + '_';
        pairs.emplace_back(prefix + "name", gpu.name);
        pairs.emplace_back(prefix + "memory", std::to_string(gpu.memory_bytes));
    }
    const auto group = os::find_memory_group();
    const auto limit = group ? os::memory_limit_bytes(*group) : std::nullopt;
    if (limit && *limit < os::memory_total_bytes()) {
        pairs.emplace_back("memory_limit", std::to_string(*limit));
    }
    pairs.emplace_back("guild_version", version);
    return pairs;
}

inline std::optional<std::uint64_t> read_out_of_memory_kills() {
    const auto group = os::find_memory_group();
    return group ? os::count_memory_kills(*group) : std::nullopt;
}

inline void statistics_collector::collect(int pid, std::int64_t time_us, series::writer& into) {
    std::vector<series::sample> values;
    for (const auto& [key, value] : sampler_.sample(pid)) {
        values.push_back({into.series(key), series::number(value)});
    }
    if (!values.empty()) {
        into.append(samples_, time_us, values.data(), values.size());
    }
    ++samples_;
}

inline std::uint64_t event_collector::collect(series::writer& into) {
    const std::uint64_t before = points_;
    if (keeps_all_) {
        (void)reader_.poll(
            [&](const std::string& run, const tfevents::scalar& point) { add(run, point, into); });
    } else {
        collect_kept(into);
    }
    flush_frame(into);
    return points_ - before;
}

inline void event_collector::collect_kept(series::writer& into) {
    std::map<std::string, tfevents::run_points> kept;
    (void)reader_.poll(
        [&](const std::string& run, const tfevents::scalar& point) { kept[run].add(point); },
        [&](const std::string& run, const tfevents::restart& back) {
            kept[run].take_back(back);
            took_back_ = took_back_ || points_ > 0;
        });
    for (const auto& [run, points] : kept) {
        for (const tfevents::tag_points* tag : points.tags()) {
            for (const tfevents::point& each : tag->points) {
                add(run, {tag->tag, 0, each.step, each.wall_time, each.value}, into);
            }
        }
    }
}

inline bool event_collector::is_outdated() const {
    bool is_replaced = false;
    reader_.for_each_file([&](const std::string&, const tfevents::reader& file) {
        is_replaced = is_replaced || file.restarts() > 0;
    });
    return is_replaced || took_back_;
}

inline void event_collector::add(const std::string& run, const tfevents::scalar& point,
                                 series::writer& into) {
    const auto known_us = find_event_time_us(point.wall_time);
    const std::int64_t time = known_us.value_or(0);
    if (known_us && (!last_us_ || *last_us_ < time)) {
        last_us_ = time;
    }
    if (!frame_.empty() && (frame_step_ != point.step || frame_time_us_ != time)) {
        flush_frame(into);
    }
    const std::string key = (run == "." ? "tf/" : "tf/" + run + '/') + std::string(point.tag);
    const std::uint32_t id = into.series(key);
    if (id == series::no_series) {
        ++unstored_;
        return;
    }
    for (const series::sample& other : frame_) {
        if (other.id == id) {  // one key twice at one moment: two frames keep both
            flush_frame(into);
            break;
        }
    }
    frame_step_ = point.step;
    frame_time_us_ = time;
    frame_.push_back({id, series::number(point.value)});
    ++points_;
    series_ = std::max<std::uint64_t>(series_, id + std::uint64_t{1});
}

inline void event_collector::flush_frame(series::writer& into) {
    if (!frame_.empty()) {
        into.append(frame_step_, frame_time_us_, frame_.data(), frame_.size());
        frame_.clear();
    }
}

}}}  // namespace guild::runs
