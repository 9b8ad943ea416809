// guild/tfevents/reader.hpp - the scalars of one TensorFlow event file, followed while it grows.
//
// Layer 3. Includes: base, os, tfevents/record_reader.hpp, event.hpp, large_event.hpp, tags.hpp.
// Not here: directories full of event files (tfevents/directory_reader.hpp); what restarts take
// back (tfevents/restart.hpp); writing (tfevents/writer.hpp).
//
// Whatever is wrong with one record, the rest of the file is read; counters and damages tell what
// was lost and where.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/event.hpp>
#include <guild/tfevents/large_event.hpp>
#include <guild/tfevents/record_reader.hpp>
#include <guild/tfevents/tags.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// One point of one tag.
///
/// out      tag: lives as long as the tag table that it comes from; tag_id: its number there
/// units    step: as logged; wall_time: seconds since 1970-01-01 UTC; value: as logged, NaN allowed
struct scalar {
    std::string_view tag;
    std::uint32_t tag_id = 0;
    std::int64_t step = 0;
    double wall_time = 0;
    double value = 0;
};

/// What was read of a file, and what was not.
///
/// units    *_bytes: bytes; everything else: records
struct reader_counters : record_counters {
    std::uint64_t scalars = 0;
    std::uint64_t bad_events = 0;                          // payload is not an Event
    std::uint64_t nan_times = 0;                           // events without a usable time
    std::uint64_t oversized = 0;                           // events too large to be looked into
    std::array<std::uint64_t, event_kind_count> events{};  // good events by kind

    /// Adds the numbers of another file.
    void add(const reader_counters& other) noexcept;
};

/// Reads the scalars of one event file in file order.
///
/// units    see scalar
/// cost     see record_reader; a scalar costs some 20 ns
/// threads  one thread per reader
/// source   TFRecord framing; Event fields 1, 2, 3, 5, 7, 10
/// example  tests/tfevents/reader.cpp "reader: two tags, interleaved"
class reader {
public:
    /// A reader of `path`, which need not exist yet: nothing is read before next().
    explicit reader(std::string path, reader_options options = {},
                    const os::env& system = os::system_env)
        : records_(std::move(path), options, system) {}

    /// A reader of `path`, which must be there.
    ///
    /// errors   not_found, permission_denied, bad_value when it is not a regular file
    [[nodiscard]] static result<reader> open(std::string path, reader_options options = {},
                                             const os::env& system = os::system_env);

    /// The next scalar; false at the end of what is there now. Call again after the file changed.
    ///
    /// A file replaced by another one is read from its beginning, unless it starts with all that
    /// was read so far; then reading goes on.
    [[nodiscard]] bool next(scalar& out) { return next(out, tags_); }

    /// The same with the table of a run whose files are read one after another.
    [[nodiscard]] bool next(scalar& out, tag_table& tags);

    /// The next scalars, `room` at most, into `out`: as next(), at twice the speed.
    ///
    /// out      how many there were; 0 at the end of what is there now, or without room
    [[nodiscard]] std::size_t read(scalar* out, std::size_t room, tag_table& tags);
    [[nodiscard]] std::size_t read(scalar* out, std::size_t room) { return read(out, room, tags_); }

    /// The next good event, whatever it carries; null at the end of what is there now. What next()
    /// or next_of_event() had not delivered of the one before is passed by. Valid until the next
    /// call.
    [[nodiscard]] const event* next_event();

    /// The next scalar of the event that next_event() returned; false after its last.
    [[nodiscard]] bool next_of_event(scalar& out, tag_table& tags);

    /// The tags of this file; empty when next() was called with another table.
    [[nodiscard]] const tag_table& tags() const noexcept { return tags_; }

    /// What was read so far, the place where reading stopped included.
    [[nodiscard]] reader_counters counters() const;

    [[nodiscard]] std::uint64_t bytes_lost() const { return counters().lost_bytes; }

    /// The first thousand places of damage, in file order.
    [[nodiscard]] std::vector<damage> damages() const { return records_.damages(); }

    /// The first damage or failure; where holds its byte range.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept {
        return records_.last_error();
    }

    /// Where the next record begins.
    [[nodiscard]] std::uint64_t offset() const noexcept { return records_.offset(); }

    /// How often the file was found replaced by other content and begun again.
    [[nodiscard]] std::uint64_t restarts() const noexcept { return records_.restarts(); }

    [[nodiscard]] const std::string& path() const noexcept { return records_.path(); }

    /// What the version record says, "brain.Event:2" as a rule; empty without one.
    [[nodiscard]] const std::string& file_version() const noexcept { return file_version_; }

private:
    bool next_record(stored_record& found);
    static bool take_simple(std::string_view payload, scalar& out, tag_table& tags);
    [[gnu::flatten]] std::size_t read_simple(scalar* out, std::size_t room, tag_table& tags);
    bool take_event(const stored_record& found);
    void lose(damage_kind kind, const stored_record& found, std::uint64_t& counter);

    record_reader records_;
    event event_;
    const summary_value* value_ = nullptr;  // of event_: the next to be looked at
    const summary_value* value_end_ = nullptr;
    bool was_simple_ = true;  // the last event: the next is likely to be so too
    std::string reduced_;     // a large event
    tag_table tags_;
    std::string file_version_;
    reader_counters counters_;  // the part of record_counters stays empty
    std::uint64_t restarts_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline void reader_counters::add(const reader_counters& other) noexcept {
    records += other.records;
    bad_lengths += other.bad_lengths;
    holes += other.holes;
    bad_payloads += other.bad_payloads;
    tail_bytes += other.tail_bytes;
    lost_bytes += other.lost_bytes;
    scalars += other.scalars;
    bad_events += other.bad_events;
    nan_times += other.nan_times;
    oversized += other.oversized;
    for (std::size_t kind = 0; kind < event_kind_count; ++kind) {
        events[kind] += other.events[kind];
    }
}

inline result<reader> reader::open(std::string path, reader_options options,
                                   const os::env& system) {
    auto opened = os::open_regular_file(path, system);
    if (!opened) {
        return std::move(opened).error();
    }
    return reader(std::move(path), options, system);
}

inline bool reader::next(scalar& out, tag_table& tags) {
    stored_record found;
    while (!next_of_event(out, tags)) {
        if (!next_record(found)) {
            return false;
        }
        was_simple_ = take_simple(found.payload, out, tags);
        if (was_simple_) {
            ++counters_.events[static_cast<std::size_t>(event_kind::summary)];
            ++counters_.scalars;
            return true;
        }
        (void)take_event(found);
    }
    return true;
}

// Nearly all events are of one layout, with a tag that was seen, and checked, before.
inline bool reader::take_simple(std::string_view payload, scalar& out, tag_table& tags) {
    simple_event simple;
    if (!decode_simple_event(payload, simple) || std::isnan(simple.wall_time) ||
        !tags.find_next(simple.tag, out.tag_id)) {
        return false;
    }
    out.tag = tags.name(out.tag_id);
    out.step = simple.step;
    out.wall_time = simple.wall_time;
    out.value = simple.value;
    return true;
}

inline std::size_t reader::read(scalar* out, std::size_t room, tag_table& tags) {
    std::size_t count = 0;
    while (count < room) {
        if (value_ == value_end_ && was_simple_) {
            count += read_simple(out + count, room - count, tags);
        }
        if (count == room || !next(out[count], tags)) {
            break;
        }
        ++count;
    }
    return count;
}

inline std::size_t reader::read_simple(scalar* out, std::size_t room, tag_table& tags) {
    std::size_t count = 0;
    records_.take_held([&](std::string_view payload) {
        const bool is_taken = count < room && take_simple(payload, out[count], tags);
        count += is_taken ? 1 : 0;
        return is_taken;
    });
    counters_.events[static_cast<std::size_t>(event_kind::summary)] += count;
    counters_.scalars += count;
    return count;
}

inline bool reader::next_of_event(scalar& out, tag_table& tags) {
    while (value_ != value_end_) {
        const summary_value& value = *value_++;
        if (tags.take(value, out.tag_id)) {
            ++counters_.scalars;
            out.tag = tags.name(out.tag_id);
            out.step = event_.step;
            out.wall_time = event_.wall_time;
            out.value = *value.number;
            return true;
        }
    }
    return false;
}

inline const event* reader::next_event() {
    stored_record found;
    while (next_record(found)) {
        if (take_event(found)) {
            return &event_;
        }
    }
    return nullptr;
}

// Steps to the next good record; what event_ held is over.
inline bool reader::next_record(stored_record& found) {
    value_ = value_end_;
    const bool is_there = records_.next(found);
    if (restarts_ != records_.restarts()) {
        restarts_ = records_.restarts();
        counters_ = {};
        file_version_.clear();
    }
    if (!is_there) {  // thousands of readers may wait for their files to grow
        event_ = event();
        value_ = value_end_ = nullptr;
        std::string().swap(reduced_);
    }
    return is_there;
}

// Makes event_ out of a record; false, with the loss counted, when it is none. Its texts point into
// the record or reduced_ until the next call.
inline bool reader::take_event(const stored_record& found) {
    std::string_view payload = found.payload;
    if (found.is_large) {
        reduced_.reserve(64);  // so that it stays where it is when the reader is moved
        large_event large(records_.source(), records_.offset() - found.bytes + record_head_bytes,
                          found.bytes - record_head_bytes - record_tail_bytes);
        if (!large.reduce(reduced_)) {
            lose(damage_kind::oversized, found, counters_.oversized);
            return false;
        }
        payload = reduced_;
    }
    if (!decode_event(payload, event_)) {
        lose(damage_kind::bad_event, found, counters_.bad_events);
        return false;
    }
    if (std::isnan(event_.wall_time)) {
        lose(damage_kind::nan_time, found, counters_.nan_times);
        return false;
    }
    ++counters_.events[static_cast<std::size_t>(event_.kind)];
    if (event_.kind == event_kind::file_version && file_version_.empty()) {
        file_version_.assign(event_.file_version);
    }
    value_ = event_.values.data();
    value_end_ = value_ + event_.values.size();
    return true;
}

inline void reader::lose(damage_kind kind, const stored_record& found, std::uint64_t& counter) {
    ++counter;
    counters_.lost_bytes += found.bytes;
    records_.note_damage({kind, records_.offset() - found.bytes, records_.offset()});
}

inline reader_counters reader::counters() const {
    reader_counters all = counters_;
    record_counters read = records_.counters();
    read.lost_bytes += counters_.lost_bytes;
    static_cast<record_counters&>(all) = read;
    return all;
}

}}}  // namespace guild::tfevents
