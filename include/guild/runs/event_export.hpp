// guild/runs/event_export.hpp - series as an event file that TensorBoard shows.
//
// Layer 4. Includes: base, os, tfevents/event_encoder record, series/point_text, runs/event_time
// event_points.
// Not here: reading it back (runs/event_points.hpp); the writer for trainers
// (tfevents/writer.hpp).
//
// One file and so one run: the tag is the series' key. Every value is a simple value, which every
// reader shows; what has more bits has them in a tensor before it. The same points give the same
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/temporary.hpp>
#include <guild/runs/event_points.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/series/point.hpp>
#include <guild/series/point_text.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/record.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Writes one event file into a directory of its own. Nothing is left of it unless close() went
/// well.
///
/// threads  one at a time
/// source   TensorBoard's event files, version brain.Event:2
/// example  tests/runs/event_export.cpp "event export: every number, step and key comes back"
class event_exporter {
public:
    /// Makes `directory` where it is missing; nothing may be in it.
    ///
    /// in       started_us: when the run started; names the file, its first record has this time
    /// errors   already_exists: the directory is not empty; not_a_directory, permission_denied,
    ///          no_space, ...
    [[nodiscard]] static result<event_exporter> create(const std::string& directory,
                                                       std::int64_t started_us,
                                                       const os::env& system = os::system_env);

    /// Adds all points of a series. A key that is empty, no UTF-8, or the tag of another series
    /// gets a tag of its own, and its bytes stand in the tag's metadata.
    ///
    /// errors   those of writing
    [[nodiscard]] result<void> add(std::string_view key, const std::vector<series::point>& points);

    /// Ends the file and gives it its name.
    ///
    /// out      its path
    /// errors   those of writing and renaming
    [[nodiscard]] result<std::string> close();

    /// How many times of points are not read back as the same microsecond: to_event_time().
    [[nodiscard]] std::uint64_t inexact_times() const noexcept { return inexact_times_; }

private:
    event_exporter(os::temporary directory, os::file file, const os::env& system)
        : directory_(std::move(directory)), unfinished_(file.path()), file_(std::move(file)),
          system_(&system) {}

    [[nodiscard]] std::string tag_of(std::string_view key);
    void append(std::string_view tag, std::string_view metadata, const series::point& at);
    [[nodiscard]] result<void> write();

    static constexpr std::size_t write_bytes = std::size_t{256} << 10U;

    os::temporary directory_;
    os::temporary unfinished_;  // gone before the directory
    os::file file_;
    const os::env* system_;
    std::string name_;
    std::string payload_;
    std::string pending_;
    std::set<std::string, std::less<>> tags_;
    std::uint64_t inexact_times_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// Whether a simple value says all of a number.
inline bool is_exact_float(const series::number& value, float shown) noexcept {
    if (value.is_integer()) {
        return false;
    }
    if (series::detail::is_nan_bits(value.bits())) {
        return value.bits() == series::detail::default_nan;
    }
    return double_bits(static_cast<double>(shown)) == value.bits();
}

inline result<void> check_empty(const std::string& directory) {
    const auto inside = os::list_directory(directory);
    if (!inside) {
        return inside.error();
    }
    if (!inside->empty()) {
        return make_error(errc::already_exists,
                          "expected an empty directory or none, seen one that holds " +
                              inside->front().name,
                          directory);
    }
    return {};
}

}  // namespace detail

inline result<event_exporter> event_exporter::create(const std::string& directory,
                                                     std::int64_t started_us,
                                                     const os::env& system) {
    const bool is_new = !os::find_link_status(directory, system);
    auto made = os::make_directories(directory, 0777, system);
    if (!made) {
        return std::move(made).error();
    }
    os::temporary held(directory, os::removal::empty_directory);
    if (!is_new) {
        held.keep();
    }
    auto empty = detail::check_empty(directory);
    if (!empty) {
        return std::move(empty).error();
    }
    auto file = os::open_file(join_path(directory, ".export-" + std::to_string(os::process_id())),
                              os::open_mode::create_new, system);
    if (!file) {
        return std::move(file).error();
    }
    event_exporter begun(std::move(held), std::move(*file), system);
    char seconds[24] = {};
    std::snprintf(seconds, sizeof seconds, "%010lld",
                  guild::detail::convert<long long>(started_us / 1'000'000));
    begun.name_ = "events.out.tfevents." + std::string(seconds) + ".guild";
    tfevents::append_version_event(begun.payload_, to_event_time(started_us), "guild");
    tfevents::append_record(begun.pending_, begun.payload_);
    return result<event_exporter>(std::move(begun));
}

// The key itself where it can be a tag and no other series has that.
inline std::string event_exporter::tag_of(std::string_view key) {
    const std::string mended = key.empty() ? "unnamed" : replace_invalid_utf8(key);
    std::string tag = mended;
    for (int number = 2; !tags_.insert(tag).second; ++number) {
        tag = mended + " @" + std::to_string(number);
    }
    return tag;
}

inline result<void> event_exporter::add(std::string_view key,
                                        const std::vector<series::point>& points) {
    if (points.empty()) {
        return {};
    }
    const std::string tag = tag_of(key);
    std::string metadata;
    if (tag != key) {
        metadata = tfevents::encode_metadata(event_key_plugin, key, tfevents::data_class::unknown);
    }
    for (const series::point& each : points) {
        append(tag, metadata, each);
        metadata.clear();  // a tag's first counts
        if (pending_.size() >= write_bytes) {
            auto written = write();
            if (!written) {
                return written;
            }
        }
    }
    return {};
}

inline void event_exporter::append(std::string_view tag, std::string_view metadata,
                                   const series::point& at) {
    const double time = to_event_time(at.time_us);
    if (find_event_time_us(time) != at.time_us) {
        ++inexact_times_;
    }
    const float shown = tfevents::nearest_float(at.value.as_double());
    const bool is_exact = detail::is_exact_float(at.value, shown);
    payload_.clear();
    if (is_exact && metadata.empty()) {
        tfevents::append_simple_event(payload_, time, at.step, tag, shown);
    } else {
        const std::string tensor =
            is_exact ? std::string()
                     : tfevents::encode_number_tensor({at.value.is_integer(), at.value.bits()});
        tfevents::append_value_event(payload_, time, at.step, {tag, metadata, tensor, shown});
    }
    tfevents::append_record(pending_, payload_);
}

inline result<void> event_exporter::write() {
    auto written = file_.write_all(pending_);
    pending_.clear();
    return written;
}

inline result<std::string> event_exporter::close() {
    auto done = write();
    if (done) {
        done = file_.sync();
    }
    if (done) {
        done = file_.close();
    }
    if (!done) {
        return std::move(done).error();
    }
    const std::string path = join_path(directory_.path(), name_);
    const int renamed = system_->rename(unfinished_.path().c_str(), path.c_str());
    if (renamed < 0) {
        return os::os_error(-renamed, "rename", path);
    }
    unfinished_.keep();
    directory_.keep();
    return path;
}

}}}  // namespace guild::runs
