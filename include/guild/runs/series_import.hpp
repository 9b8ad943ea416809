// guild/runs/series_import.hpp - a completed run made of points that come from elsewhere.
//
// Layer 4. Includes: base, os, series/writer, runs/layout tsv run.
// Not here: where the points come from (series/text_reader.hpp, runs/event_points.hpp); runs that
// follow event files (runs/event_import.hpp).
//
// The run is built in RUNROOT/.import-PID-N, which no list shows, and renamed when it is whole: an
// import that fails leaves no run. What a killed one leaves there may be deleted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/temporary.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/point.hpp>
#include <guild/series/point_text.hpp>
#include <guild/series/writer.hpp>
#include <guild/version.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Makes one run.
///
/// threads  one at a time
/// example  tests/runs/series_import.cpp "series import: a run with its points, its times and its
///          source"
class series_import {
public:
    /// Begins a run below `run_root`, which is made where it is missing.
    ///
    /// errors   permission_denied, read_only, no_space, not_a_directory
    [[nodiscard]] static result<series_import> create(const std::string& run_root,
                                                      const os::env& system = os::system_env);

    /// Adds a point, the next of its series.
    ///
    /// errors   too_large: the key; no_space, io_failed, ...: points were not stored, the import
    /// has
    ///          failed
    [[nodiscard]] result<void> add(const series::keyed_point& next);

    /// Puts the run in its place, completed, its start and end those of its points.
    ///
    /// in       name: the run's; source: where the points come from, for meta.tsv
    /// out      the path of the run
    /// errors   bad_value: there is no point; no_space, io_failed, ...
    [[nodiscard]] result<std::string> finish(std::string_view name, std::string_view source);

    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }
    [[nodiscard]] std::uint64_t series() const noexcept { return series_; }

private:
    series_import(os::temporary root, os::temporary built, series::writer writer,
                  const os::env& system)
        : root_(std::move(root)), built_(std::move(built)), writer_(std::move(writer)),
          system_(&system) {}

    void flush_frame();
    [[nodiscard]] result<void> check_writer() const;
    [[nodiscard]] result<void> record(std::string_view source) const;

    os::temporary root_;   // if it was made here
    os::temporary built_;  // gone before the root
    series::writer writer_;
    const os::env* system_;
    std::string last_key_;
    std::uint32_t last_id_ = series::no_series;
    std::vector<series::sample> frame_;  // values of one step and time, stored together
    std::int64_t frame_step_ = 0;
    std::int64_t frame_time_us_ = 0;
    std::int64_t first_us_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t last_us_ = std::numeric_limits<std::int64_t>::min();
    std::uint64_t points_ = 0;
    std::uint64_t series_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// Makes RUNROOT/.import-PID-N.
inline result<std::string> make_import_directory(const std::string& run_root,
                                                 const os::env& system) {
    const std::string plain =
        join_path(run_root, ".import-" + std::to_string(os::process_id()) + '-');
    for (int number = 0;; ++number) {
        std::string path = plain + std::to_string(number);
        const int made = system.mkdir(path.c_str(), 0777);
        if (made == 0) {
            return path;
        }
        if (made != -EEXIST || number == 1000) {
            return os::os_error(-made, "mkdir", path);
        }
    }
}

// A time that calendars and pages can show.
inline std::int64_t showable_time(std::int64_t time_us) noexcept {
    constexpr std::int64_t year_10000_us = std::int64_t{253'402'300'800} * 1'000'000;
    return std::clamp<std::int64_t>(time_us, 0, year_10000_us - 1);
}

}  // namespace detail

inline result<series_import> series_import::create(const std::string& run_root,
                                                   const os::env& system) {
    const bool is_new = !os::find_link_status(run_root, system);
    auto made = os::make_directories(run_root, 0777, system);
    if (!made) {
        return std::move(made).error();
    }
    os::temporary root(run_root, os::removal::empty_directory);
    if (!is_new) {
        root.keep();
    }
    auto path = detail::make_import_directory(run_root, system);
    if (!path) {
        return std::move(path).error();
    }
    os::temporary built(*path);
    series::writer_options how;
    how.flush_interval_ms = -1;
    auto writer = series::writer::create(data_path(*path, series_directory), how, system);
    if (!writer) {
        return std::move(writer).error();
    }
    return series_import(std::move(root), std::move(built), std::move(*writer), system);
}

inline result<void> series_import::add(const series::keyed_point& next) {
    const series::point& at = next.at;
    if (last_id_ == series::no_series || next.key != last_key_) {
        last_id_ = writer_.series(next.key);
        last_key_ = next.key;
        if (last_id_ == series::no_series) {
            return make_error(errc::too_large,
                              "expected a key of at most " + std::to_string(series::max_key_bytes) +
                                  " bytes, seen one of " + std::to_string(next.key.size()));
        }
        series_ = std::max<std::uint64_t>(series_, last_id_ + std::uint64_t{1});
    }
    const bool is_there =
        std::any_of(frame_.begin(), frame_.end(),
                    [&](const series::sample& each) { return each.id == last_id_; });
    if (is_there || frame_step_ != at.step || frame_time_us_ != at.time_us) {
        flush_frame();
        auto stored = check_writer();
        if (!stored) {
            return stored;
        }
    }
    frame_step_ = at.step;
    frame_time_us_ = at.time_us;
    frame_.push_back({last_id_, at.value});
    first_us_ = std::min(first_us_, at.time_us);
    last_us_ = std::max(last_us_, at.time_us);
    ++points_;
    return {};
}

inline void series_import::flush_frame() {
    if (!frame_.empty()) {
        writer_.append(frame_step_, frame_time_us_, frame_.data(), frame_.size());
        frame_.clear();
    }
}

inline result<void> series_import::check_writer() const {
    if (const auto& failure = writer_.last_error()) {
        return *failure;
    }
    return {};
}

inline result<void> series_import::record(std::string_view source) const {
    auto meta = tsv_file::open(data_path(built_.path(), meta_name), *system_);
    if (!meta) {
        return std::move(meta).error();
    }
    return meta->append({{"format", "1"},
                         {"guild_version", version},
                         {"imported_from", std::string(source)},
                         {"started_us", std::to_string(detail::showable_time(first_us_))},
                         {"stopped_us", std::to_string(detail::showable_time(last_us_))},
                         {"status", std::string(to_string(run_status::completed))}});
}

inline result<std::string> series_import::finish(std::string_view name, std::string_view source) {
    if (points_ == 0) {
        return make_error(errc::bad_value, "expected points, seen none", std::string(source));
    }
    flush_frame();
    auto done = writer_.close();  // and synced
    if (done) {
        done = check_writer();
    }
    if (done) {
        done = record(source);
    }
    if (!done) {
        return std::move(done).error();
    }
    auto place =
        claim_run_directory(parent_path(built_.path()), name, detail::showable_time(first_us_));
    if (!place) {
        return place;
    }
    const int renamed = system_->rename(built_.path().c_str(), place->c_str());
    if (renamed < 0) {
        os::remove_empty_directory(*place);
        return os::os_error(-renamed, "rename", *place);
    }
    built_.keep();
    root_.keep();
    return place;
}

}}}  // namespace guild::runs
