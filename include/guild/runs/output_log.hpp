// guild/runs/output_log.hpp - what a command printed: raw bytes in output.log, time and stream of
// each piece in output.idx.
//
// Layer 4. Includes: base, os/file, runs/layout.
// Not here: reading the command's pipes (runs/command_watch.hpp).
//
// output.idx is a row of 32-byte little-endian records, one per read of a pipe, in the order of
// output.log:
//   0 offset u64 | 8 length u32 | 12 stream u8 | 13 flags u8 | 14 zero u16
//   16 time_us i64 | 24 zero u32 | 28 CRC-32C u32 of bytes 0..27
// The log is written first, then the record. Bytes without a record are shown, their time unknown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/crc32c.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Bytes of one record in output.idx.
inline constexpr std::size_t output_record_bytes = 32;

/// Streams of a command, as records number them.
enum class output_stream : std::uint8_t { unknown = 0, out = 1, err = 2 };

/// One piece of output.
///
/// units    offset: bytes from the start of output.log; length: bytes; time_us: microseconds since
///          1970-01-01 UTC at which the piece was read
struct output_record {
    static constexpr std::uint8_t gap =
        1;  // flag: `length` bytes were dropped here, none are in the log

    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    output_stream stream = output_stream::unknown;
    std::uint8_t flags = 0;
    std::int64_t time_us = 0;
};

/// The 32 bytes of a record.
///
/// example  tests/runs/output_log.cpp "output record: the bytes are as the specification says"
[[nodiscard]] std::string encode_record(const output_record& record);

/// The record in 32 bytes; empty when they are fewer or their checksum is wrong.
[[nodiscard]] std::optional<output_record> decode_record(std::string_view bytes) noexcept;

/// Stores output. One thread at a time.
///
/// example  tests/runs/output_log.cpp "output writer: a full disk leaves a counted gap and goes on"
class output_writer {
public:
    output_writer() = default;

    /// Opens or makes output.log and output.idx in a run's `guild.d`, to append.
    ///
    /// errors   those of os::open_file
    [[nodiscard]] static result<output_writer> open(const std::string& run_directory,
                                                    const os::env& system = os::system_env);

    /// Stores one piece; what cannot be stored is counted, and marked as soon as a record can be
    /// written.
    ///
    /// units    time_us: microseconds since 1970-01-01 UTC
    /// errors   no_space, io_failed, ...: the piece is lost and counted, the files stay whole
    [[nodiscard]] result<void> append(output_stream stream, std::int64_t time_us,
                                      std::string_view bytes);

    /// Counts `bytes` as dropped at this place; the next append writes the mark first.
    void add_gap(std::uint64_t bytes) noexcept {
        gap_bytes_ += bytes;
        lost_bytes_ += bytes;
    }

    /// Bytes of output that could not be stored.
    [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

    /// Writes a pending mark for dropped bytes.
    ///
    /// errors   as append
    [[nodiscard]] result<void> flush_gap(std::int64_t time_us);

    [[nodiscard]] const os::file& log() const noexcept { return log_; }
    [[nodiscard]] const os::file& index() const noexcept { return index_; }

private:
    [[nodiscard]] result<void> write_record(const output_record& record);

    os::file log_;
    os::file index_;
    std::uint64_t log_end_ = 0;  // of what is whole; more may stand there after a failed write
    std::uint64_t index_end_ = 0;
    std::uint64_t gap_bytes_ = 0;
    std::uint64_t lost_bytes_ = 0;
};

/// A run of bytes of one stream with one time, or a place where bytes were dropped.
///
/// units    offset: bytes in output.log; time_us: microseconds since 1970-01-01 UTC, empty if
///          unknown
struct output_piece {
    output_stream stream = output_stream::unknown;
    std::optional<std::int64_t> time_us;
    std::uint64_t offset = 0;
    std::string text;
    std::uint64_t lost_bytes = 0;  // not 0: a gap, without text
};

/// What one call of read_output found.
///
/// units    next_offset, log_bytes: bytes; call again with next_offset, which is below log_bytes
///          when there is more already; lost_at_end: bytes dropped behind the last byte of the log,
///          which the next pages give as a piece once more output follows
struct output_page {
    std::vector<output_piece> pieces;
    std::uint64_t next_offset = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t lost_at_end = 0;
};

/// Reads at most `max_bytes` of a run's output from byte `from` of output.log on.
///
/// out      pieces in file order, the first and last cut to the range; a run without output has
///          none; a gap is given before the bytes that follow it
/// errors   io_failed, permission_denied; a run that is deleted meanwhile is not an error
/// cost     O(log records + bytes)
/// example  tests/runs/output_log.cpp "output: a range starts and ends inside pieces"
[[nodiscard]] result<output_page> read_output(const std::string& run_directory, std::uint64_t from,
                                              std::uint64_t max_bytes,
                                              const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

inline std::string encode_record(const output_record& record) {
    std::string bytes;
    bytes.reserve(output_record_bytes);
    append_le(bytes, record.offset);
    append_le(bytes, record.length);
    append_le(bytes, static_cast<std::uint8_t>(record.stream));
    append_le(bytes, record.flags);
    append_le(bytes, std::uint16_t{0});
    append_le(bytes, record.time_us);
    append_le(bytes, std::uint32_t{0});
    append_le(bytes, crc32c(bytes));
    return bytes;
}

inline std::optional<output_record> decode_record(std::string_view bytes) noexcept {
    if (bytes.size() < output_record_bytes ||
        load_le<std::uint32_t>(bytes.data() + 28) != crc32c(bytes.substr(0, 28))) {
        return std::nullopt;
    }
    output_record record;
    record.offset = load_le<std::uint64_t>(bytes.data());
    record.length = load_le<std::uint32_t>(bytes.data() + 8);
    record.stream = static_cast<output_stream>(bytes[12]);
    record.flags = static_cast<std::uint8_t>(bytes[13]);
    record.time_us = load_le<std::int64_t>(bytes.data() + 16);
    return record;
}

inline result<output_writer> output_writer::open(const std::string& run_directory,
                                                 const os::env& system) {
    output_writer out;
    for (os::file* target : {&out.log_, &out.index_}) {
        const auto name = target == &out.log_ ? output_log_name : output_index_name;
        const std::string path = data_path(run_directory, name);
        auto opened = os::open_file(path, os::open_mode::append, system);
        if (!opened) {
            return std::move(opened).error();
        }
        *target = std::move(*opened);
        const auto status = target->status();
        if (!status) {
            return status.error();
        }
        (target == &out.log_ ? out.log_end_ : out.index_end_) = status->size;
    }
    const std::uint64_t torn = out.index_end_ % output_record_bytes;
    if (torn != 0) {
        out.index_end_ -= torn;
        auto cut = out.index_.truncate(out.index_end_);
        if (!cut) {
            return std::move(cut).error();
        }
    }
    return out;
}

inline result<void> output_writer::append(output_stream stream, std::int64_t time_us,
                                          std::string_view bytes) {
    auto marked = flush_gap(time_us);
    if (!marked) {
        add_gap(bytes.size());
        return marked;
    }
    auto written = log_.write_all(bytes);
    if (!written) {
        (void)log_.truncate(log_end_);  // a failure here leaves bytes of unknown time, as read
        if (const auto status = log_.status()) {
            log_end_ = status->size;
        }
        add_gap(bytes.size());
        return written;
    }
    output_record record;
    record.offset = std::exchange(log_end_, log_end_ + bytes.size());
    record.length = static_cast<std::uint32_t>(bytes.size());
    record.stream = stream;
    record.time_us = time_us;
    return write_record(record);
}

inline result<void> output_writer::flush_gap(std::int64_t time_us) {
    while (gap_bytes_ > 0) {
        output_record record;
        record.offset = log_end_;
        record.length =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(gap_bytes_, 0xFFFFFFFFU));
        record.flags = output_record::gap;
        record.time_us = time_us;
        auto written = write_record(record);
        if (!written) {
            return written;
        }
        gap_bytes_ -= record.length;
    }
    return {};
}

inline result<void> output_writer::write_record(const output_record& record) {
    auto written = index_.write_all(encode_record(record));
    if (written) {
        index_end_ += output_record_bytes;
    } else {
        (void)index_.truncate(index_end_);
    }
    return written;
}

namespace detail {

// The records of one output.idx, read in blocks; a bad record is skipped.
class output_index {
public:
    output_index(const os::file* file, std::uint64_t bytes) : file_(file), count_(bytes / 32) {}

    std::uint64_t count() const noexcept { return count_; }

    // The first good record at or after `at`, which moves to it; empty at the end.
    std::optional<output_record> find_from(std::uint64_t& at) {
        for (; at < count_; ++at) {
            if (at < first_ || (at - first_) * output_record_bytes >= block_.size()) {
                load(at);
            }
            const std::uint64_t begin = (at - first_) * output_record_bytes;
            if (begin >= block_.size()) {
                return std::nullopt;  // the file became shorter
            }
            const std::string_view bytes =
                std::string_view(block_).substr(guild::detail::convert<std::size_t>(begin));
            if (auto record = decode_record(bytes)) {
                return record;
            }
        }
        return std::nullopt;
    }

    // The number of the first record to look at for bytes from `offset` on.
    std::uint64_t seek(std::uint64_t offset) {
        std::uint64_t low = 0;
        std::uint64_t high = count_;
        while (low < high) {
            std::uint64_t middle = low + (high - low) / 2;
            std::uint64_t found = middle;
            const auto record = find_from(found);
            const bool before =
                record && found < high && (record->offset + stored(*record) < offset);
            if (before) {
                low = found + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    static std::uint64_t stored(const output_record& record) noexcept {
        return (record.flags & output_record::gap) != 0 ? 0 : record.length;
    }

private:
    void load(std::uint64_t at) {
        const std::uint64_t records = std::min<std::uint64_t>(count_ - at, 2048);
        const auto want = guild::detail::convert<std::size_t>(records * output_record_bytes);
        block_.resize(want);
        const auto got = file_->read_at(at * output_record_bytes, &block_[0], want);
        block_.resize(got ? *got - *got % output_record_bytes : 0);
        first_ = at;
    }

    const os::file* file_;
    std::uint64_t count_;
    std::uint64_t first_ = 0;
    std::string block_;
};

// Cuts the bytes of a range of output.log into pieces.
class output_cutter {
public:
    output_cutter(std::string bytes, std::uint64_t from, std::uint64_t log_bytes)
        : bytes_(std::move(bytes)), log_bytes_(log_bytes), begin_(from), at_(from) {}

    std::uint64_t end() const noexcept { return begin_ + bytes_.size(); }

    // False once the range is full.
    bool add(const output_record& record) {
        const bool is_gap = (record.flags & output_record::gap) != 0;
        if (record.offset >= end()) {
            page_.lost_at_end += is_gap && record.offset == log_bytes_ ? record.length : 0;
            return record.offset == log_bytes_;
        }
        if (!is_gap) {
            fill(record.offset, nullptr);
            fill(std::min(record.offset + record.length, end()), &record);
        } else if (record.offset >= at_) {
            fill(record.offset, nullptr);
            output_piece piece;
            piece.time_us = record.time_us;
            piece.offset = record.offset;
            piece.lost_bytes = record.length;
            page_.pieces.push_back(std::move(piece));
        }
        return true;
    }

    output_page finish() {
        fill(end(), nullptr);
        page_.next_offset = end();
        page_.log_bytes = log_bytes_;
        return std::move(page_);
    }

private:
    void fill(std::uint64_t until, const output_record* record) {
        if (until <= at_) {
            return;
        }
        output_piece piece;
        piece.offset = at_;
        piece.text = bytes_.substr(guild::detail::convert<std::size_t>(at_ - begin_),
                                   guild::detail::convert<std::size_t>(until - at_));
        if (record != nullptr) {
            piece.stream = record->stream;
            piece.time_us = record->time_us;
        }
        page_.pieces.push_back(std::move(piece));
        at_ = until;
    }

    std::string bytes_;
    std::uint64_t log_bytes_;
    std::uint64_t begin_;
    std::uint64_t at_;
    output_page page_;
};

}  // namespace detail

inline result<output_page> read_output(const std::string& run_directory, std::uint64_t from,
                                       std::uint64_t max_bytes, const os::env& system) {
    output_page nothing;
    nothing.next_offset = from;
    auto log =
        os::open_file(data_path(run_directory, output_log_name), os::open_mode::read, system);
    if (!log) {
        const bool absent = log.error().code == errc::not_found;
        return absent ? result<output_page>(nothing) : std::move(log).error();
    }
    const auto status = log->status();  // before the index: records then reach as far as the bytes
    if (!status) {
        return status.error();
    }
    nothing.log_bytes = status->size;
    if (from > status->size) {
        return nothing;
    }
    constexpr std::uint64_t most = std::string::npos / 2;  // where an address has 32 bits
    const std::uint64_t want = std::min({max_bytes, status->size - from, most});
    std::string bytes(guild::detail::convert<std::size_t>(want), '\0');
    auto got = log->read_at(from, bytes.empty() ? nullptr : &bytes[0], bytes.size());
    if (!got) {
        return std::move(got).error();
    }
    bytes.resize(*got);
    detail::output_cutter cutter(std::move(bytes), from, status->size);
    const auto index =
        os::open_file(data_path(run_directory, output_index_name), os::open_mode::read, system);
    const auto index_status = index ? index->status() : result<os::file_status>(index.error());
    if (index_status) {
        detail::output_index records(&*index, index_status->size);
        std::uint64_t at = records.seek(from);
        for (auto record = records.find_from(at); record && cutter.add(*record);
             record = records.find_from(++at)) {
        }
    }
    return cutter.finish();
}

}}}  // namespace guild::runs
