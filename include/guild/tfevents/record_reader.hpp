// guild/tfevents/record_reader.hpp - the records of one file, followed while it grows.
//
// Layer 3. Includes: base, os, tfevents/record.hpp, tfevents/damage.hpp.
// Not here: what payloads mean (tfevents/reader.hpp).
//
// A file is never given up. A record that is not whole yet, a hole, a length that does not check:
// reading stops there for now and goes on when the file has changed. A bad payload is stepped over.
// The descriptor and the buffer are held only while there is something to read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/crc32c.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/damage.hpp>
#include <guild/tfevents/record.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// units    max_record_bytes: of a payload; a longer one is believed only if the file holds it.
///          held_record_bytes: of a payload; a longer one is checked piece by piece and left in the
///          file
struct reader_options {
    std::uint64_t max_record_bytes = std::uint64_t{64} << 20U;
    std::uint64_t held_record_bytes = std::uint64_t{128} << 10U;
};

/// A good record of a file; it ends at record_reader::offset().
///
/// out      payload: valid until the next call of next(); empty when the record is large
/// units    bytes: of the whole frame
struct stored_record {
    std::uint64_t bytes = 0;
    std::string_view payload;
    bool is_large = false;  // over held_record_bytes: to be read with record_reader::source()
};

/// What was read of a file, and what was not.
///
/// units    *_bytes: bytes; everything else: records. `records` counts every whole frame.
struct record_counters {
    std::uint64_t records = 0;
    std::uint64_t bad_lengths = 0;   // 1 while stopped at a length that cannot be believed
    std::uint64_t holes = 0;         // 1 while stopped at twelve zero bytes
    std::uint64_t bad_payloads = 0;  // payload checksum does not hold
    std::uint64_t tail_bytes = 0;    // of a record that is not whole yet, or that a hole begins
    std::uint64_t lost_bytes = 0;    // bad payloads, and what follows a bad length
};

/// Reads the records of one file in file order.
///
/// cost     memory: 64 KiB, or the largest record below held_record_bytes, while there is
///          something to read
/// threads  one thread per reader
/// source   TFRecord framing
/// example  tests/tfevents/record_reader.cpp "record reader: a file is followed as it grows"
class record_reader {
public:
    /// A reader of `path`, which need not exist yet: nothing is read before next().
    explicit record_reader(std::string path, reader_options options = {},
                           const os::env& system = os::system_env)
        : path_(std::move(path)), options_(options), system_(&system) {}

    /// The next good record; false at the end of what is there now. Call again after the file
    /// changed.
    ///
    /// A file replaced by another one is read from its beginning, unless it starts with all that
    /// was read so far; then reading goes on.
    [[nodiscard]] bool next(stored_record& out);

    /// Hands the payloads of the next good records to `bool take(std::string_view payload)`,
    /// without reading the file: those that lie in memory already. Ends where there are none, or
    /// with the first that `take` refuses, which next() then returns.
    ///
    /// cost     half of next()
    template <class Take>
    void take_held(Take&& take);

    /// What was read so far, the place where reading stopped included.
    [[nodiscard]] record_counters counters() const;

    /// The first thousand places of damage, in file order. A place that reading stopped at is the
    /// last one, until it is read again.
    [[nodiscard]] std::vector<damage> damages() const;

    /// Adds a place that whoever reads the payloads found.
    void note_damage(const damage& place);

    /// The first damage or failure; where holds its byte range.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }

    /// Where the next record begins.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    /// How often the file was found replaced by other content and begun again.
    [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_; }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// The open file, between a large record and the next call of next().
    [[nodiscard]] const os::file& source() const noexcept { return file_; }

private:
    static constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;
    static constexpr std::size_t most_damages = 1000;

    // Out of next(): most records are good.
    [[gnu::cold]] bool next_slowly(const record& found, stored_record& out);
    bool take_large(std::uint64_t payload_bytes, stored_record& out);
    std::optional<std::uint32_t> checksum_of(std::uint64_t payload_bytes);
    bool refill(std::uint64_t position);
    bool take_tail(std::uint64_t position, char* tail);
    bool begin_pass();
    bool accept_file(const os::file_status& status);
    bool compare(const os::file_status& status, bool& is_same);
    void start_over();
    bool stop(record_status why);
    bool fail(error what);
    bool fill(std::uint64_t need);
    void drop_buffer() noexcept;
    void reserve(std::size_t bytes);
    void consume(std::uint64_t bytes, std::uint64_t digest) noexcept;
    void lose_payload(std::uint64_t bytes);
    // The digest after one more record; the payload's checksum stands behind it.
    static std::uint64_t digest_with(std::uint64_t before, std::string_view payload) noexcept {
        return before * 0x9E3779B97F4A7C15U +
               load_le<std::uint32_t>(payload.data() + payload.size());
    }
    [[nodiscard]] std::string_view ahead() const noexcept {
        return {buffer_.get() + at_, end_ - at_};
    }
    [[nodiscard]] std::uint64_t rest() const noexcept {
        return seen_ && seen_->size > offset_ ? seen_->size - offset_ : 0;
    }

    std::string path_;
    reader_options options_;
    const os::env* system_;
    os::file file_;
    std::optional<os::file_status> seen_;      // of the file as it was when the last pass began
    bool at_end_ = false;                      // everything that `seen_` covers was looked at
    bool was_young_ = false;                   // it may have changed since without another time
    bool was_gone_ = false;                    // another file may have got its inode
    std::uint64_t limit_ = ~std::uint64_t{0};  // of the file, to look at a part of it

    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t at_ = 0;   // of the next record in the buffer
    std::size_t end_ = 0;  // of what the buffer holds

    record_decoder decoder_;
    std::uint64_t offset_ = 0;  // of the next record in the file
    std::uint64_t digest_ = 0;  // over the checksums of all payloads before it
    record_counters counters_;
    record_status stopped_ = record_status::incomplete;
    std::uint64_t restarts_ = 0;
    std::vector<damage> damages_;
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

inline bool record_reader::next(stored_record& out) {
    record found = decoder_.decode(ahead());
    while (found.status != record_status::good) {
        if (!next_slowly(found, out)) {
            return false;
        }
        if (out.is_large) {
            return true;
        }
        found = decoder_.decode(ahead());
    }
    out.bytes = found.bytes;
    out.payload = found.payload;
    out.is_large = false;
    consume(found.bytes, digest_with(digest_, found.payload));
    ++counters_.records;
    return true;
}

template <class Take>
void record_reader::take_held(Take&& take) {
    std::size_t at = at_;
    std::uint64_t digest = digest_;
    std::uint64_t taken = 0;
    while (true) {
        const record found = decoder_.decode({buffer_.get() + at, end_ - at});
        if (found.status != record_status::good || !take(found.payload)) {
            break;
        }
        digest = digest_with(digest, found.payload);
        at += guild::detail::convert<std::size_t>(found.bytes);
        ++taken;
    }
    offset_ += at - at_;
    at_ = at;
    digest_ = digest;
    counters_.records += taken;
}

// Does what is to be done before the buffer begins with a good record: reads more, steps over a bad
// payload, takes a large record into `out`; false where reading stops for now.
inline bool record_reader::next_slowly(const record& found, stored_record& out) {
    out.is_large = false;
    if (!file_.is_open() && !begin_pass()) {
        return false;
    }
    constexpr std::uint64_t frame = record_head_bytes + record_tail_bytes;
    if (found.status == record_status::bad_payload) {
        // At the very end it may be a page that a network file system has not filled yet.
        if (offset_ + found.bytes >= seen_->size) {
            return stop(record_status::bad_payload);
        }
        lose_payload(found.bytes);
        consume(found.bytes, digest_with(digest_, found.payload));
        return true;
    }
    if (!fill(record_head_bytes)) {
        return stop(record_status::incomplete);
    }
    const record_head head = decode_record_head(ahead());
    if (head.status != record_status::good) {
        return stop(head.status);
    }
    if (rest() < frame || head.payload_bytes > rest() - frame) {
        return stop(head.payload_bytes <= options_.max_record_bytes ? record_status::incomplete
                                                                    : record_status::bad_length);
    }
    if (head.payload_bytes > options_.held_record_bytes) {
        return take_large(head.payload_bytes, out);
    }
    return fill(frame + head.payload_bytes) || stop(record_status::incomplete);
}

// A record that the file holds and memory should not: its payload is checked piece by piece.
inline bool record_reader::take_large(std::uint64_t payload_bytes, stored_record& out) {
    const std::uint64_t bytes = record_head_bytes + payload_bytes + record_tail_bytes;
    const auto crc = checksum_of(payload_bytes);
    char tail[record_tail_bytes] = {};
    if (!crc || !take_tail(offset_ + bytes - record_tail_bytes, tail)) {
        return stop(record_status::incomplete);
    }
    const bool is_good = mask_crc32c(*crc) == load_le<std::uint32_t>(tail);
    if (!is_good && bytes >= rest()) {
        return stop(record_status::bad_payload);
    }
    out.bytes = bytes;
    out.payload = {};
    out.is_large = is_good;
    if (is_good) {
        ++counters_.records;
    } else {
        lose_payload(bytes);
    }
    digest_ = digest_with(digest_, {tail, 0});
    offset_ += bytes;
    return true;
}

// CRC-32C of the payload whose head stands at at_, read through the buffer; at_ is behind it then.
// Empty when it is not all there.
inline std::optional<std::uint32_t> record_reader::checksum_of(std::uint64_t payload_bytes) {
    std::uint64_t position = offset_ + record_head_bytes;  // in the file, of at_
    std::uint32_t crc = 0;
    at_ += record_head_bytes;
    for (std::uint64_t left = payload_bytes; left > 0;) {
        if (at_ == end_ && !refill(position)) {
            return std::nullopt;
        }
        const auto size =
            guild::detail::convert<std::size_t>(std::min<std::uint64_t>(left, end_ - at_));
        crc = crc32c({buffer_.get() + at_, size}, crc);
        at_ += size;
        position += size;
        left -= size;
    }
    return crc;
}

// Fills the empty buffer from `position` of the file; false when nothing is there.
inline bool record_reader::refill(std::uint64_t position) {
    at_ = end_ = 0;
    reserve(chunk_bytes);
    const std::uint64_t left = seen_->size > position ? seen_->size - position : 0;
    const auto got = file_.read_at(
        position, buffer_.get(),
        guild::detail::convert<std::size_t>(std::min<std::uint64_t>(left, chunk_bytes)));
    if (!got) {
        return fail(got.error());
    }
    end_ = *got;
    return end_ != 0;
}

// The checksum at `position`, where at_ is, out of the buffer or the file; false when it is not
// there.
inline bool record_reader::take_tail(std::uint64_t position, char* tail) {
    if (end_ - at_ >= record_tail_bytes) {
        std::memcpy(tail, buffer_.get() + at_, record_tail_bytes);
        at_ += record_tail_bytes;
        return true;
    }
    at_ = end_ = 0;
    const auto got = file_.read_at(position, tail, record_tail_bytes);
    if (!got) {
        return fail(got.error());
    }
    return *got == record_tail_bytes;
}

inline void record_reader::lose_payload(std::uint64_t bytes) {
    ++counters_.records;
    ++counters_.bad_payloads;
    counters_.lost_bytes += bytes;
    note_damage({damage_kind::bad_payload, offset_, offset_ + bytes});
}

inline void record_reader::note_damage(const damage& place) {
    if (damages_.size() < most_damages) {
        damages_.push_back(place);
    }
    if (!error_) {
        error_ = to_error(place, path_);
    }
}

inline void record_reader::consume(std::uint64_t bytes, std::uint64_t digest) noexcept {
    digest_ = digest;
    offset_ += bytes;
    if (bytes <= end_ - at_) {
        at_ += guild::detail::convert<std::size_t>(bytes);
    } else {
        at_ = end_ = 0;
    }
}

// Opens the file if it changed since the last pass.
inline bool record_reader::begin_pass() {
    os::file_status now;
    if (system_->stat(path_.c_str(), &now) < 0 || now.kind != os::file_kind::regular) {
        was_gone_ = true;
        return false;  // vanished for now, or not a file of records
    }
    // Where reading stopped at bytes that may be filled in, the time of a young file proves
    // nothing: changes within one tick of the clock leave the same.
    const bool may_have_changed = was_young_ && stopped_ != record_status::incomplete;
    if (at_end_ && seen_ && !was_gone_ && !may_have_changed && now.size == seen_->size &&
        now.modified_ns == seen_->modified_ns && now.inode == seen_->inode &&
        now.device == seen_->device) {
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

inline bool record_reader::accept_file(const os::file_status& status) {
    const bool may_be_another =
        was_gone_ || (seen_ && (status.inode != seen_->inode || status.device != seen_->device));
    bool is_same = status.size >= offset_;
    if (is_same && may_be_another && offset_ > 0 && !compare(status, is_same)) {
        (void)file_.close();
        return false;
    }
    if (!is_same) {
        start_over();
    }
    constexpr std::int64_t settled_ns = 2'000'000'000;
    was_young_ = system_->wall_time_us() * 1000 - status.modified_ns <= settled_ns;
    was_gone_ = false;
    seen_ = status;
    seen_->size = std::min(status.size, limit_);
    at_end_ = false;
    stopped_ = record_status::incomplete;
    return true;
}

// Whether the file of this status begins with exactly the records read so far, judged by where they
// end and by their checksums; false when that cannot be found out now.
inline bool record_reader::compare(const os::file_status& status, bool& is_same) {
    record_reader again(path_, options_, *system_);
    again.limit_ = offset_ + 1;  // one byte more: a bad payload is stepped over and not waited for
    stored_record each;
    while (again.next(each)) {
    }
    if (!again.at_end_ || again.seen_->inode != status.inode ||
        again.seen_->device != status.device) {
        if (!error_) {
            error_ = again.error_;
        }
        return false;
    }
    is_same = again.offset_ == offset_ && again.digest_ == digest_;
    return true;
}

inline void record_reader::start_over() {
    at_ = end_ = 0;
    offset_ = 0;
    digest_ = 0;
    counters_ = {};
    damages_.clear();
    ++restarts_;
}

// Ends the pass: nothing more to read until the file changes. Gives descriptor and memory back.
inline bool record_reader::stop(record_status why) {
    if (!file_.is_open()) {
        return false;  // a read failed: tried again at the next call
    }
    stopped_ = why;
    at_end_ = true;
    if (!error_ && (why == record_status::bad_length || why == record_status::bad_payload)) {
        error_ = to_error(damages().back(), path_);
    }
    (void)file_.close();
    drop_buffer();
    return false;
}

inline bool record_reader::fail(error what) {
    if (!error_) {
        error_ = std::move(what);
    }
    (void)file_.close();
    drop_buffer();
    return false;
}

inline void record_reader::drop_buffer() noexcept {
    buffer_.reset();
    capacity_ = at_ = end_ = 0;
}

// Room for so many bytes; what the buffer holds is kept and moved to its front.
inline void record_reader::reserve(std::size_t bytes) {
    if (capacity_ < bytes) {
        std::unique_ptr<char[]> larger(new char[bytes]);  // not filled with zeros
        if (end_ != at_) {
            std::memcpy(larger.get(), buffer_.get() + at_, end_ - at_);
        }
        buffer_ = std::move(larger);
        capacity_ = bytes;
    } else if (at_ != 0 && end_ != at_) {
        std::memmove(buffer_.get(), buffer_.get() + at_, end_ - at_);
    }
    end_ -= at_;
    at_ = 0;
}

// Makes `need` bytes available at at_; false when the file does not hold them.
inline bool record_reader::fill(std::uint64_t need) {
    if (end_ - at_ >= need) {
        return true;
    }
    const std::uint64_t have = end_ - at_;
    const std::uint64_t left = rest() > have ? rest() - have : 0;
    const std::uint64_t want = std::min(left, std::max<std::uint64_t>(need - have, chunk_bytes));
    if (want == 0) {
        return false;
    }
    const auto size = guild::detail::convert<std::size_t>(want);
    reserve(end_ - at_ + size);
    const auto got = file_.read_at(offset_ + have, buffer_.get() + end_, size);
    if (!got) {
        return fail(got.error());
    }
    end_ += *got;
    return end_ >= need;
}

inline record_counters record_reader::counters() const {
    record_counters all = counters_;
    const std::uint64_t left = at_end_ ? rest() : 0;
    switch (left == 0 ? record_status::good : stopped_) {
    case record_status::good:
        break;
    case record_status::incomplete:
        all.tail_bytes = left;
        break;
    case record_status::hole:
        all.tail_bytes = left;
        all.holes = 1;
        break;
    case record_status::bad_length:
        all.bad_lengths = 1;
        all.lost_bytes += left;
        break;
    case record_status::bad_payload:
        ++all.records;
        ++all.bad_payloads;
        all.lost_bytes += left;
        break;
    }
    return all;
}

inline std::vector<damage> record_reader::damages() const {
    std::vector<damage> all = damages_;
    if (at_end_ && rest() > 0) {
        if (stopped_ == record_status::bad_length) {
            all.push_back({damage_kind::bad_length, offset_, seen_->size});
        } else if (stopped_ == record_status::bad_payload) {
            all.push_back({damage_kind::bad_payload, offset_, seen_->size});
        }
    }
    return all;
}

}}}  // namespace guild::tfevents
