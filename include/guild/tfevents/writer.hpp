// guild/tfevents/writer.hpp - writes scalars into an event file that TensorBoard reads.
//
// Layer 3. Includes: base, os, tfevents/record.hpp, tfevents/event.hpp.
// Not here: reading (tfevents/reader.hpp); guild's own storage of series (series/writer.hpp).
//
// Scalars are buffered and written as whole records: when 64 KiB have gathered, when a scalar is
// added one second after the last write, by flush(), by close() and by the destructor. What was
// written survives a crash of the process. Adding never fails and never throws away silently.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/tfevents/event.hpp>
#include <guild/tfevents/record.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// units    flush_bytes, max_pending_bytes: bytes; flush_interval_ms: milliseconds, 0 writes at
/// once
struct writer_options {
    std::string suffix;             // put after the file's name, for example ".v2"
    bool double_precision = false;  // tensors of one double instead of simple values of four bytes
    std::size_t flush_bytes = std::size_t{64} << 10U;
    std::int64_t flush_interval_ms = 1000;
    std::size_t max_pending_bytes = std::size_t{16} << 20U;  // kept while the disk refuses them
};

/// Writes one event file.
///
/// threads  one thread at a time; after fork only the parent may use it
/// source   TensorBoard's event files, version brain.Event:2
/// example  tests/tfevents/writer.cpp "writer: what it writes is what the reader reads"
class writer {
public:
    /// Makes `directory` if it is missing, and in it a new file
    /// `events.out.tfevents.SECONDS.HOST.PID.N`, which begins with the version record.
    ///
    /// errors   permission_denied, not_a_directory, no_space, read_only: from making the two
    [[nodiscard]] static result<writer> create(const std::string& directory,
                                               writer_options options = {},
                                               const os::env& system = os::system_env);

    writer(writer&&) noexcept = default;
    writer& operator=(writer&&) = delete;
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer() { (void)flush(); }

    /// Adds a point; an error of the write that it may cause is kept in last_error().
    ///
    /// units    step: any; wall_time: seconds since 1970-01-01 UTC, now if not given
    void add_scalar(std::string_view tag, std::int64_t step, double value,
                    std::optional<double> wall_time = std::nullopt);

    /// Writes what is buffered. After an error it stays buffered, and the next flush tries again.
    ///
    /// errors   no_space, io_failed, closed: the system's answer to the write
    [[nodiscard]] result<void> flush();

    /// Flushes and closes the file. Points added later are dropped and counted.
    ///
    /// errors   as flush(); network file systems report lost writes here
    [[nodiscard]] result<void> close();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// The first error of any write.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }

    /// Points that found no room while the disk refused what was before them, or came after
    /// close().
    [[nodiscard]] std::uint64_t scalars_dropped() const noexcept { return dropped_; }

private:
    writer(os::file file, std::string path, writer_options options, const os::env& system)
        : file_(std::move(file)), path_(std::move(path)), options_(std::move(options)),
          system_(&system), flushed_us_(system.boot_time_us()) {}

    void add_event(std::string_view payload);
    bool is_first_of(std::string_view tag);

    os::file file_;
    std::string path_;
    writer_options options_;
    const os::env* system_;
    std::string pending_;
    std::string payload_;
    std::uint64_t written_ = 0;
    std::int64_t flushed_us_;
    std::uint64_t dropped_ = 0;
    bool refused_ = false;                     // the last write failed
    std::set<std::string, std::less<>> tags_;  // that have their metadata; used with doubles alone
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// events.out.tfevents.SECONDS.HOST.PID.N: `serial` tells files of one second and process apart.
inline std::string event_file_name(std::int64_t wall_us, int serial, std::string_view suffix) {
    char seconds[24] = {};
    std::snprintf(seconds, sizeof seconds, "%010lld", static_cast<long long>(wall_us / 1000000));
    std::string host = os::node_name();
    for (char& c : host) {
        c = c == '/' ? '_' : c;
    }
    return "events.out.tfevents." + std::string(seconds) + "." + host + "." +
           std::to_string(os::process_id()) + "." + std::to_string(serial) + std::string(suffix);
}

// The nearest float; what no float can hold becomes infinite, as the processor would have it.
inline float to_float(double value) noexcept {
    constexpr double largest = static_cast<double>(std::numeric_limits<float>::max());
    if (std::fabs(value) > largest && !std::isinf(value)) {
        const float infinite = std::numeric_limits<float>::infinity();
        const double half_step = largest * (1.0 + 1.0 / 33554432.0);  // rounds to the largest float
        if (std::fabs(value) < half_step) {
            return value < 0 ? -std::numeric_limits<float>::max()
                             : std::numeric_limits<float>::max();
        }
        return value < 0 ? -infinite : infinite;
    }
    return static_cast<float>(value);
}

}  // namespace detail

inline result<writer> writer::create(const std::string& directory, writer_options options,
                                     const os::env& system) {
    auto made = os::make_directories(directory, 0777, system);
    if (!made) {
        return std::move(made).error();
    }
    const std::int64_t now_us = system.wall_time_us();
    for (int serial = 0;; ++serial) {
        std::string path =
            join_path(directory, detail::event_file_name(now_us, serial, options.suffix));
        auto file = os::open_file(path, os::open_mode::create_new, system);
        if (file) {
            writer created(std::move(*file), std::move(path), std::move(options), system);
            append_version_event(created.payload_, static_cast<double>(now_us) / 1e6, "guild");
            append_record(created.pending_, created.payload_);
            auto flushed = created.flush();
            if (!flushed) {
                return std::move(flushed).error();
            }
            return created;
        }
        if (file.error().code != errc::already_exists) {
            return std::move(file).error();
        }
    }
}

inline void writer::add_scalar(std::string_view tag, std::int64_t step, double value,
                               std::optional<double> wall_time) {
    const double time = wall_time ? *wall_time : static_cast<double>(system_->wall_time_us()) / 1e6;
    payload_.clear();
    if (options_.double_precision) {
        append_double_event(payload_, time, step, tag, value, is_first_of(tag));
    } else {
        append_simple_event(payload_, time, step, tag, detail::to_float(value));
    }
    add_event(payload_);
}

inline bool writer::is_first_of(std::string_view tag) {
    if (tags_.find(tag) != tags_.end()) {
        return false;
    }
    tags_.emplace(tag);
    return true;
}

inline void writer::add_event(std::string_view payload) {
    if (!file_.is_open() || pending_.size() >= options_.max_pending_bytes) {
        ++dropped_;
        return;
    }
    append_record(pending_, payload);
    const bool full = pending_.size() >= options_.flush_bytes;
    const std::int64_t waited_us = system_->boot_time_us() - flushed_us_;
    // While the disk refuses, it is asked again once a second and not at every point.
    if ((full && !refused_) || waited_us >= options_.flush_interval_ms * 1000) {
        (void)flush();
    }
}

inline result<void> writer::flush() {
    flushed_us_ = system_->boot_time_us();
    if (pending_.empty()) {
        return {};
    }
    if (!file_.is_open()) {
        return make_error(errc::closed, "the event file was closed", path_);
    }
    // At its offset: after a short write the same bytes are written again, and no record is cut.
    auto done = file_.write_at(written_, pending_);
    refused_ = !done;
    if (!done) {
        if (!error_) {
            error_ = done.error();
        }
        return done;
    }
    written_ += pending_.size();
    pending_.clear();
    return {};
}

inline result<void> writer::close() {
    auto flushed = flush();
    auto closed = file_.close();
    if (!closed && !error_) {
        error_ = closed.error();
    }
    return flushed ? closed : flushed;
}

}}}  // namespace guild::tfevents
