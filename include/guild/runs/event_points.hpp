// guild/runs/event_points.hpp - the scalars of event files with kind and bits, as series::point.
//
// Layer 4. Includes: base, os, tfevents, series/point_text, runs/event_time.
// Not here: writing such files (runs/event_export.hpp); following ones that grow
// (runs/collectors.hpp).
//
// A simple value has four bytes, and TensorBoard's fast reader shows nothing else. What does not
// fit stands as a tensor before the simple value in the same event: readers take the one that comes
// last, and here the tensor is taken if it says the same number more exactly.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/series/point.hpp>
#include <guild/series/point_text.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/event.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/tags.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The plugin whose metadata holds the key of a series that is no valid tag.
inline constexpr std::string_view event_key_plugin = "guild_key";

/// What was read.
struct event_points_report {
    std::uint64_t files = 0;
    std::uint64_t tail_bytes = 0;  // of records that are not whole, at the ends of files
};

/// Calls `on_point(const series::keyed_point&)`, which returns a result<void>, for every scalar of
/// an event file or of all below a directory. The key is the tag, below a directory DIR/TAG.
///
/// errors   of on_point, as it is; not_found: no such path, or no event file in it; damage of a
///          file, with its byte range: points before it were delivered; those of the system
/// example  tests/runs/event_points.cpp "event points: integers, doubles and odd keys come back"
template <class OnPoint>
[[nodiscard]] result<event_points_report>
for_each_event_point(const std::string& path, OnPoint&& on_point,
                     const os::env& system = os::system_env);

/// The number of a scalar: of its tensor, unless there is none or it says something else than the
/// simple value behind it.
[[nodiscard]] series::number number_of(const tfevents::summary_value& value) noexcept;

// ---- implementation ---------------------------------------------------------

inline series::number number_of(const tfevents::summary_value& value) noexcept {
    const double shown = value.number.value_or(0);
    if (!value.exact) {
        return series::number(shown);
    }
    const auto kind =
        value.exact->is_integer ? series::number_kind::integer : series::number_kind::real;
    const auto exact = series::number::from_bits(kind, value.exact->bits);
    const double more = exact.as_double();
    const bool is_same =
        value.kind == tfevents::value_kind::tensor || (std::isnan(more) && std::isnan(shown)) ||
        float_bits(tfevents::nearest_float(more)) == float_bits(tfevents::nearest_float(shown));
    return is_same ? exact : series::number(shown);
}

namespace detail {

// The keys of one run's tags.
class event_keys {
public:
    explicit event_keys(const std::string& run) : prefix_(run == "." ? "" : run + '/') {}

    // Takes in a value; null when it is no scalar.
    const std::string* take(const tfevents::summary_value& value) {
        std::uint32_t id = 0;
        const bool is_scalar = tags_.take(value, id);
        if (keys_.size() < tags_.size()) {  // a new tag; its first metadata counts
            const bool has_key = value.meta && value.meta->plugin_name == event_key_plugin;
            keys_.push_back(prefix_ + std::string(has_key ? value.meta->content : value.tag));
        }
        return is_scalar ? &keys_[id] : nullptr;
    }

private:
    std::string prefix_;
    tfevents::tag_table tags_;
    std::vector<std::string> keys_;
};

template <class OnPoint>
result<void> read_event_file(const std::string& path, event_keys& keys, OnPoint& on_point,
                             event_points_report& report, const os::env& system) {
    auto file = tfevents::reader::open(path, {}, system);
    if (!file) {
        return std::move(file).error();
    }
    while (const tfevents::event* each = file->next_event()) {
        for (const tfevents::summary_value& value : each->values) {
            const std::string* key = keys.take(value);
            if (key == nullptr) {
                continue;
            }
            const std::int64_t time_us = find_event_time_us(each->wall_time).value_or(0);
            result<void> taken =
                on_point(series::keyed_point{*key, {each->step, time_us, number_of(value)}});
            if (!taken) {
                return taken;
            }
        }
    }
    if (const auto& failure = file->last_error()) {
        return *failure;
    }
    ++report.files;
    report.tail_bytes += file->counters().tail_bytes;
    return {};
}

struct event_directory {
    std::string run;
    std::vector<std::string> paths;
};

inline result<std::vector<event_directory>> list_event_files(const std::string& path,
                                                             const os::env& system) {
    std::vector<event_directory> found;
    tfevents::directory_reader below(path, {}, system);
    below.for_each_directory([&](const std::string& run, const std::vector<std::string>& names) {
        found.push_back({run, {}});
        for (const std::string& name : names) {
            found.back().paths.push_back(join_path(run == "." ? path : join_path(path, run), name));
        }
    });
    if (const auto failure = below.last_error()) {
        return *failure;
    }
    if (found.empty()) {
        return make_error(errc::not_found, "expected event files in it, seen none", path);
    }
    return found;
}

}  // namespace detail

template <class OnPoint>
result<event_points_report> for_each_event_point(const std::string& path, OnPoint&& on_point,
                                                 const os::env& system) {
    event_points_report report;
    std::vector<detail::event_directory> all = {{".", {path}}};
    if (os::is_directory(path)) {
        auto listed = detail::list_event_files(path, system);
        if (!listed) {
            return std::move(listed).error();
        }
        all = std::move(*listed);
    }
    for (const detail::event_directory& directory : all) {
        detail::event_keys keys(directory.run);
        for (const std::string& each : directory.paths) {
            auto read = detail::read_event_file(each, keys, on_point, report, system);
            if (!read) {
                return std::move(read).error();
            }
        }
    }
    return report;
}

}}}  // namespace guild::runs
