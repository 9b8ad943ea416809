// guild/tfevents/reader.hpp - the scalars of one TensorFlow event file, followed while it grows.
//
// Layer 3. Includes: base, os, tfevents/record.hpp, tfevents/event.hpp.
// Not here: directories full of event files (tfevents/directory_reader.hpp); writing
// (tfevents/writer.hpp).
//
// A file is never given up. A record that is not whole yet, a hole, a length that does not check:
// reading stops there for now and goes on when the file has changed. A bad payload is stepped over.
// The descriptor is open only while there is something to read.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/crc32c.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/event.hpp>
#include <guild/tfevents/record.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// One point of one tag.
///
/// units    step: as logged; wall_time: seconds since 1970-01-01 UTC; value: as logged, NaN allowed
struct scalar {
    std::string tag;
    std::int64_t step = 0;
    double wall_time = 0;
    double value = 0;
};

/// What the first metadata of each tag of a run says; later ones do not count.
class tag_table {
public:
    /// Whether `value` is a scalar: a simple value, or one number whose tag says that it is one.
    ///
    /// example  tests/tfevents/reader.cpp "reader: a tag's first metadata counts for all its
    /// values"
    [[nodiscard]] bool is_scalar(const summary_value& value);

private:
    std::map<std::string, bool, std::less<>> means_scalar_;
};

/// What was read of a file, and what was not.
///
/// units    *_bytes: bytes; everything else: records. `records` counts every whole frame.
struct reader_counters {
    std::uint64_t records = 0;
    std::uint64_t scalars = 0;
    std::uint64_t bad_lengths = 0;   // 1 while stopped at a length that does not check
    std::uint64_t holes = 0;         // 1 while stopped at twelve zero bytes
    std::uint64_t bad_payloads = 0;  // payload checksum does not hold
    std::uint64_t bad_events = 0;    // payload is not an Event
    std::uint64_t nan_times = 0;     // events without a usable time
    std::uint64_t oversized = 0;     // records over the limit, stepped over unread
    std::uint64_t tail_bytes = 0;    // of a record that is not whole yet
    std::uint64_t lost_bytes = 0;    // damaged records, and what follows a bad length
    std::array<std::uint64_t, event_kind_count> events{};  // good events by kind
};

/// units    max_record_bytes: payloads over it are believed only if the file holds them, and not
/// read
struct reader_options {
    std::uint64_t max_record_bytes = std::uint64_t{64} << 20U;
};

/// Reads the scalars of one event file in file order.
///
/// units    see scalar
/// cost     memory: 256 KiB, or the largest record below the limit, while there is something to
/// read threads  one thread per reader source   TFRecord framing; Event fields 1, 2, 3, 5, 7, 10
/// example  tests/tfevents/reader.cpp "reader: two tags, interleaved"
class reader {
public:
    /// A reader of `path`, which need not exist yet: nothing is read before next().
    explicit reader(std::string path, reader_options options = {},
                    const os::env& system = os::system_env)
        : path_(std::move(path)), options_(options), system_(&system) {}

    /// A reader of `path`, which must be there.
    ///
    /// errors   not_found, permission_denied, bad_value when it is not a regular file
    [[nodiscard]] static result<reader> open(std::string path, reader_options options = {},
                                             const os::env& system = os::system_env);

    /// The next scalar; false at the end of what is there now. Call again after the file changed.
    ///
    /// A file replaced by another one is read from its beginning, unless it starts with all that
    /// was read so far; then reading goes on.
    [[nodiscard]] bool next(scalar& out) { return next(out, own_tags_); }

    /// The same with the table of a run whose files are read one after another.
    [[nodiscard]] bool next(scalar& out, tag_table& tags);

    /// What was read so far, the place where reading stopped included.
    [[nodiscard]] reader_counters counters() const;

    [[nodiscard]] std::uint64_t bytes_lost() const { return counters().lost_bytes; }

    /// The first damage or failure; where holds its byte range.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }

    /// Where the next record begins.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    /// How often the file was found replaced by other content and begun again.
    [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_; }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// What the version record says, "brain.Event:2" as a rule; empty without one.
    [[nodiscard]] const std::string& file_version() const noexcept { return file_version_; }

private:
    static constexpr std::size_t chunk_bytes = std::size_t{256} << 10U;

    bool next_event();
    bool next_record(record& found);
    bool take(record& found, std::uint64_t need);
    bool step_over(std::uint64_t payload_bytes);
    bool begin_pass();
    bool accept_file(const os::file_status& status);
    bool has_prefix() const;
    void start_over();
    bool stop(record_status why);
    bool fail(error what);
    bool fill(std::uint64_t need);
    void consume(std::uint64_t bytes, std::uint32_t digest);
    void note_damage(errc code, std::string message, std::uint64_t begin, std::uint64_t bytes);
    void lose_record(errc code, std::string message, const record& taken);
    [[nodiscard]] std::string_view ahead() const noexcept {
        return std::string_view(buffer_).substr(at_);
    }

    std::string path_;
    reader_options options_;
    const os::env* system_;
    os::file file_;
    std::optional<os::file_status> seen_;  // of the file as it was when the last pass began
    bool at_end_ = false;                  // everything that `seen_` covers was looked at

    std::string buffer_;
    std::size_t at_ = 0;        // of the next record in the buffer
    std::uint64_t offset_ = 0;  // of the next record in the file
    std::uint32_t digest_ = 0;  // over the frames of all records before it

    event event_;
    std::size_t value_ = 0;
    tag_table own_tags_;
    std::string file_version_;
    reader_counters counters_;
    record_status stopped_ = record_status::incomplete;
    std::uint64_t restarts_ = 0;
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

inline bool tag_table::is_scalar(const summary_value& value) {
    bool means_scalar = value.kind == value_kind::simple;
    if (value.meta || (value.kind == value_kind::tensor && value.number)) {
        const auto known = means_scalar_.find(value.tag);
        if (known != means_scalar_.end()) {
            means_scalar = means_scalar || known->second;
        } else if (value.meta) {
            means_scalar_.emplace(value.tag, value.meta->means_scalar());
            means_scalar = means_scalar || value.meta->means_scalar();
        }
    }
    return means_scalar && value.number.has_value();
}

inline result<reader> reader::open(std::string path, reader_options options,
                                   const os::env& system) {
    auto file = os::open_file(path, os::open_mode::read, system);
    if (!file) {
        return std::move(file).error();
    }
    const auto status = file->status();
    if (!status) {
        return status.error();
    }
    if (status->kind != os::file_kind::regular) {
        return make_error(errc::bad_value, "expected a regular file", std::move(path));
    }
    return reader(std::move(path), options, system);
}

inline bool reader::next(scalar& out, tag_table& tags) {
    while (true) {
        while (value_ < event_.values.size()) {
            const summary_value& value = event_.values[value_++];
            if (tags.is_scalar(value)) {
                out.tag.assign(value.tag);
                out.step = event_.step;
                out.wall_time = event_.wall_time;
                out.value = *value.number;
                ++counters_.scalars;
                return true;
            }
        }
        if (!next_event()) {
            return false;
        }
    }
}

// Steps to the next good event; the texts of event_ point into the buffer until the next call.
inline bool reader::next_event() {
    event_.values.clear();
    value_ = 0;
    record found;
    while (next_record(found)) {
        if (found.status == record_status::bad_payload) {
            ++counters_.bad_payloads;
            lose_record(errc::bad_checksum, "payload checksum of a record does not hold", found);
        } else if (!decode_event(found.payload, event_)) {
            event_.values.clear();
            ++counters_.bad_events;
            lose_record(errc::bad_syntax, "payload of a record is not an event", found);
        } else if (std::isnan(event_.wall_time)) {
            event_.values.clear();
            ++counters_.nan_times;
        } else {
            ++counters_.events[static_cast<std::size_t>(event_.kind)];
            if (event_.kind == event_kind::file_version && file_version_.empty()) {
                file_version_.assign(event_.file_version);
            }
            if (!event_.values.empty()) {
                return true;
            }
        }
    }
    return false;
}

// Takes the next whole record, or stops until the file changes.
inline bool reader::next_record(record& found) {
    while (file_.is_open() || begin_pass()) {
        if (!fill(record_head_bytes)) {
            return stop(record_status::incomplete);
        }
        const record_head head = decode_record_head(ahead());
        if (head.status != record_status::good) {
            return stop(head.status);
        }
        constexpr std::uint64_t frame = record_head_bytes + record_tail_bytes;
        const std::uint64_t rest = seen_->size > offset_ ? seen_->size - offset_ : 0;
        const bool fits = rest >= frame && head.payload_bytes <= rest - frame;
        if (head.payload_bytes <= options_.max_record_bytes) {
            return fits ? take(found, frame + head.payload_bytes) : stop(record_status::incomplete);
        }
        if (!fits) {
            return stop(record_status::bad_length);
        }
        if (!step_over(head.payload_bytes)) {
            return false;
        }
    }
    return false;
}

inline bool reader::take(record& found, std::uint64_t need) {
    if (!fill(need)) {
        return stop(record_status::incomplete);
    }
    found = decode_record(ahead());
    // A bad payload at the very end may be a page that a network file system has not filled yet.
    if (found.status == record_status::bad_payload && offset_ + found.bytes >= seen_->size) {
        return stop(record_status::bad_payload);
    }
    const std::string_view bytes = ahead();
    const auto tail = guild::detail::convert<std::size_t>(found.bytes - record_tail_bytes);
    const std::uint32_t head = crc32c(bytes.substr(0, record_head_bytes), digest_);
    consume(found.bytes, crc32c(bytes.substr(tail, record_tail_bytes), head));
    ++counters_.records;
    return true;
}

// A record over the limit that the file really holds: only its frame is read.
inline bool reader::step_over(std::uint64_t payload_bytes) {
    char tail[record_tail_bytes] = {};
    const std::uint64_t bytes = record_head_bytes + payload_bytes + record_tail_bytes;
    const auto got = file_.read_at(offset_ + bytes - record_tail_bytes, tail, sizeof tail);
    if (!got) {
        return fail(got.error());
    }
    if (*got != sizeof tail) {
        return stop(record_status::incomplete);
    }
    const std::uint32_t head = crc32c(ahead().substr(0, record_head_bytes), digest_);
    note_damage(errc::too_large, "record is over the limit and was not read", offset_, bytes);
    consume(bytes, crc32c(std::string_view(tail, sizeof tail), head));
    ++counters_.records;
    ++counters_.oversized;
    counters_.lost_bytes += bytes;
    return true;
}

inline void reader::consume(std::uint64_t bytes, std::uint32_t digest) {
    digest_ = digest;
    offset_ += bytes;
    if (bytes <= buffer_.size() - at_) {
        at_ += guild::detail::convert<std::size_t>(bytes);
    } else {
        buffer_.clear();
        at_ = 0;
    }
}

// Opens the file if it changed since the last pass.
inline bool reader::begin_pass() {
    os::file_status now;
    if (system_->stat(path_.c_str(), &now) < 0 || now.kind != os::file_kind::regular) {
        return false;  // vanished for now, or not a file of records
    }
    if (at_end_ && seen_ && now.size == seen_->size && now.modified_ns == seen_->modified_ns &&
        now.inode == seen_->inode && now.device == seen_->device) {
        return false;
    }
    auto file = os::open_file(path_, os::open_mode::read, *system_);
    if (!file) {
        return fail(std::move(file).error());
    }
    const auto status = file->status();
    if (!status) {
        return fail(status.error());
    }
    file_ = std::move(*file);
    return accept_file(*status);
}

inline bool reader::accept_file(const os::file_status& status) {
    const bool replaced = seen_ && (status.inode != seen_->inode || status.device != seen_->device);
    if (status.size < offset_ || (replaced && offset_ > 0 && !has_prefix())) {
        start_over();
    }
    seen_ = status;
    at_end_ = false;
    stopped_ = record_status::incomplete;
    return true;
}

// Whether the open file begins with exactly the records read so far, judged by their checksums.
inline bool reader::has_prefix() const {
    std::uint64_t at = 0;
    std::uint32_t digest = 0;
    while (at < offset_) {
        char frame[record_head_bytes + record_tail_bytes] = {};
        const auto got = file_.read_at(at, frame, record_head_bytes);
        const record_head head = decode_record_head(std::string_view(frame, record_head_bytes));
        if (!got || *got != record_head_bytes || head.status != record_status::good ||
            head.payload_bytes > offset_ - at) {
            return false;
        }
        at += record_head_bytes + head.payload_bytes;
        const auto tail = file_.read_at(at, frame + record_head_bytes, record_tail_bytes);
        if (!tail || *tail != record_tail_bytes) {
            return false;
        }
        at += record_tail_bytes;
        digest = crc32c(std::string_view(frame, sizeof frame), digest);
    }
    return at == offset_ && digest == digest_;
}

inline void reader::start_over() {
    buffer_.clear();
    at_ = 0;
    offset_ = 0;
    digest_ = 0;
    counters_ = {};
    file_version_.clear();
    own_tags_ = {};
    ++restarts_;
}

// Ends the pass: nothing more to read until the file changes. Gives descriptor and memory back.
inline bool reader::stop(record_status why) {
    if (!file_.is_open()) {
        return false;  // a read failed: tried again at the next call
    }
    stopped_ = why;
    at_end_ = true;
    const std::uint64_t rest = seen_->size > offset_ ? seen_->size - offset_ : 0;
    if (why == record_status::bad_length) {
        note_damage(errc::bad_checksum, "length of a record cannot be believed", offset_, rest);
    } else if (why == record_status::bad_payload) {
        note_damage(errc::bad_checksum, "payload checksum of a record does not hold", offset_,
                    rest);
    }
    (void)file_.close();
    std::string().swap(buffer_);
    at_ = 0;
    return false;
}

inline bool reader::fail(error what) {
    if (!error_) {
        error_ = std::move(what);
    }
    (void)file_.close();
    std::string().swap(buffer_);
    at_ = 0;
    return false;
}

inline void reader::note_damage(errc code, std::string message, std::uint64_t begin,
                                std::uint64_t bytes) {
    if (!error_) {
        error_ = make_error(code, std::move(message), path_, {begin, begin + bytes, 0, 0});
    }
}

// A record that was taken and is of no use.
inline void reader::lose_record(errc code, std::string message, const record& taken) {
    note_damage(code, std::move(message), offset_ - taken.bytes, taken.bytes);
    counters_.lost_bytes += taken.bytes;
}

// Makes `need` bytes available at at_; false when the file does not hold them.
inline bool reader::fill(std::uint64_t need) {
    if (buffer_.size() - at_ >= need) {
        return true;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    const std::uint64_t have = buffer_.size();
    const std::uint64_t rest = seen_->size > offset_ + have ? seen_->size - offset_ - have : 0;
    const std::uint64_t want = std::min(rest, std::max<std::uint64_t>(need - have, chunk_bytes));
    buffer_.resize(guild::detail::convert<std::size_t>(have + want));
    const auto begin = guild::detail::convert<std::size_t>(have);
    const auto got = file_.read_at(offset_ + have, &buffer_[begin], buffer_.size() - begin);
    if (!got) {
        return fail(got.error());
    }
    buffer_.resize(begin + *got);
    return buffer_.size() >= need;
}

inline reader_counters reader::counters() const {
    reader_counters all = counters_;
    const std::uint64_t rest = at_end_ && seen_->size > offset_ ? seen_->size - offset_ : 0;
    switch (rest == 0 ? record_status::good : stopped_) {
    case record_status::good:
        break;
    case record_status::incomplete:
        all.tail_bytes = rest;
        break;
    case record_status::hole:
        all.holes = 1;
        break;
    case record_status::bad_length:
        all.bad_lengths = 1;
        all.lost_bytes += rest;
        break;
    case record_status::bad_payload:
        ++all.records;
        ++all.bad_payloads;
        all.lost_bytes += rest;
        break;
    }
    return all;
}

}}}  // namespace guild::tfevents
