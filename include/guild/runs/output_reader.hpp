// guild/runs/output_reader.hpp - what a command printed, from some byte on, as the pieces of its
// two streams.
//
// Layer 4. Includes: base, os/file, runs/output_log.
// Not here: a page of it (runs/output_log.hpp), lines (runs/output_lines.hpp).
//
// Neighbouring pieces of one stream are given as one, so that a gigabyte that was written word by
// word is read as quickly as one that came in blocks. The files may grow: call next() again.
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

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_log.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// From `offset` on the bytes were read at this time.
///
/// units    offset: bytes in output.log; time_us: microseconds since 1970-01-01 UTC
struct output_moment {
    std::uint64_t offset = 0;
    std::int64_t time_us = 0;
};

/// Bytes of one stream, or a place where bytes were dropped. Valid until the next call.
///
/// units    offset, lost_bytes: bytes
struct output_span {
    output_stream stream = output_stream::unknown;
    std::uint64_t offset = 0;
    std::string_view text;
    std::uint64_t lost_bytes = 0;  // not 0: a gap, without text
    const std::vector<output_moment>* moments = nullptr;

    /// When the byte at `at` was read; empty if that is unknown.
    [[nodiscard]] std::optional<std::int64_t> time_at(std::uint64_t at) const;
};

/// Reads spans in the order of output.log.
///
/// cost     2 MiB; each byte and each record is read once
/// threads  one at a time
/// example  tests/runs/output_reader.cpp "output reader: neighbouring pieces of a stream are one"
class output_reader {
public:
    /// Opens the output of a run; a run without any has no span.
    ///
    /// errors   io_failed, permission_denied
    [[nodiscard]] static result<output_reader> open(const std::string& run_directory,
                                                    std::uint64_t from = 0,
                                                    const os::env& system = os::system_env);

    /// Reads files that somebody else keeps open, longer than the reader lives.
    output_reader(const os::file& log, const os::file& index) : log_(&log), index_(&index) {}

    /// The next span; empty at the end of what is there now.
    ///
    /// errors   io_failed
    [[nodiscard]] result<std::optional<output_span>> next();

    /// The byte of output.log that comes next.
    [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }

private:
    output_reader() = default;
    [[nodiscard]] result<void> load();
    [[nodiscard]] std::optional<output_record> find_record();
    [[nodiscard]] std::uint64_t end() const noexcept { return window_at_ + window_size_; }
    void extend(output_record record, output_span& span);

    static constexpr std::size_t window_bytes = std::size_t{1} << 20U;
    static constexpr std::size_t most_moments = 16'384;

    std::unique_ptr<os::file> own_log_;
    std::unique_ptr<os::file> own_index_;
    const os::file* log_ = nullptr;
    const os::file* index_ = nullptr;
    std::optional<detail::output_index> records_;
    std::uint64_t record_ = 0;  // number of the one that is looked at next
    std::string window_;
    std::uint64_t window_at_ = 0;
    std::size_t window_size_ = 0;
    std::uint64_t at_ = 0;
    std::vector<output_moment> moments_;
};

/// Where the last `lines` lines of a log begin: behind a line feed, or at 0.
///
/// in       most_bytes: no further back than that
/// errors   io_failed
/// example  tests/runs/output_reader.cpp "output tail: begins behind a line feed, however far back"
[[nodiscard]] result<std::uint64_t> find_output_tail(const os::file& log, std::uint64_t lines,
                                                     std::uint64_t most_bytes = std::uint64_t{64}
                                                                                << 20U);

// ---- implementation ---------------------------------------------------------

inline std::optional<std::int64_t> output_span::time_at(std::uint64_t at) const {
    if (moments == nullptr || moments->empty() || at < moments->front().offset) {
        return std::nullopt;
    }
    const auto after = std::upper_bound(
        moments->begin(), moments->end(), at,
        [](std::uint64_t value, const output_moment& each) { return value < each.offset; });
    return std::prev(after)->time_us;
}

inline result<output_reader> output_reader::open(const std::string& run_directory,
                                                 std::uint64_t from, const os::env& system) {
    output_reader made;
    made.at_ = made.window_at_ = from;
    for (const bool is_log : {true, false}) {
        auto file =
            os::open_file(data_path(run_directory, is_log ? output_log_name : output_index_name),
                          os::open_mode::read, system);
        if (file) {
            auto& own = is_log ? made.own_log_ : made.own_index_;
            own = std::make_unique<os::file>(std::move(*file));
            (is_log ? made.log_ : made.index_) = own.get();
        } else if (file.error().code != errc::not_found) {
            return std::move(file).error();
        }
    }
    const auto status = made.index_ != nullptr ? made.index_->status() : os::file_status();
    if (status && from > 0 && made.index_ != nullptr) {
        made.records_.emplace(made.index_, status->size);
        made.record_ = made.records_->seek(from);
    }
    return result<output_reader>(std::move(made));
}

inline result<void> output_reader::load() {
    window_.resize(window_bytes);
    const auto got = log_->read_at(at_, &window_[0], window_bytes);
    if (!got) {
        return got.error();
    }
    window_at_ = at_;
    window_size_ = *got;
    return {};
}

// The first record that says something of bytes from at_ on. The log was looked at before, so the
// records reach as far as its bytes.
inline std::optional<output_record> output_reader::find_record() {
    for (bool is_again = false; index_ != nullptr; is_again = true) {
        while (records_) {
            const auto record = records_->find_from(record_);
            if (!record) {
                break;
            }
            const bool is_gap = (record->flags & output_record::gap) != 0;
            if (is_gap ? record->offset >= at_ : record->offset + record->length > at_) {
                return record;
            }
            ++record_;
        }
        const auto status = index_->status();
        if (is_again || !status || (records_ && status->size / output_record_bytes <= record_)) {
            return std::nullopt;
        }
        records_.emplace(index_, status->size);
    }
    return std::nullopt;
}

inline void output_reader::extend(output_record record, output_span& span) {
    // Files may be a stranger's, with streams that there are none of.
    const bool is_known = record.stream <= output_stream::err;
    span.stream = is_known ? record.stream : output_stream::unknown;
    while (true) {
        moments_.push_back({at_, record.time_us});
        const std::uint64_t record_end = record.offset + record.length;
        at_ = std::min(record_end, end());
        if (at_ < record_end || moments_.size() >= most_moments) {
            return;
        }
        ++record_;
        if (at_ == end()) {
            return;
        }
        const auto next = find_record();
        const bool is_more = next && next->offset <= at_ && next->stream == record.stream &&
                             (next->flags & output_record::gap) == 0;
        if (!is_more) {
            return;
        }
        record = *next;
    }
}

inline result<std::optional<output_span>> output_reader::next() {
    moments_.clear();
    output_span span;
    span.moments = &moments_;
    if (log_ == nullptr) {
        return std::optional<output_span>();
    }
    if (at_ == end()) {
        auto loaded = load();
        if (!loaded) {
            return std::move(loaded).error();
        }
    }
    const auto record = find_record();
    const std::uint64_t begin = span.offset = at_;
    if (record && (record->flags & output_record::gap) != 0 && record->offset == at_) {
        ++record_;
        span.lost_bytes = record->length;
        return std::make_optional(span);
    }
    if (at_ == end()) {
        return std::optional<output_span>();
    }
    if (!record || record->offset > at_) {
        at_ = record ? std::min(record->offset, end()) : end();
    } else {
        extend(*record, span);
    }
    span.text =
        std::string_view(window_).substr(guild::detail::convert<std::size_t>(begin - window_at_),
                                         guild::detail::convert<std::size_t>(at_ - begin));
    return std::make_optional(span);
}

inline result<std::uint64_t> find_output_tail(const os::file& log, std::uint64_t lines,
                                              std::uint64_t most_bytes) {
    constexpr std::uint64_t block_bytes = 65'536;
    const auto status = log.status();
    if (!status) {
        return status.error();
    }
    const std::uint64_t least = status->size > most_bytes ? status->size - most_bytes : 0;
    std::string block;
    // The line feed of the last line ends it and begins none.
    std::uint64_t wanted = lines + 1;
    for (std::uint64_t end = status->size; end > least;) {
        const std::uint64_t begin = end - std::min(end - least, block_bytes);
        block.resize(guild::detail::convert<std::size_t>(end - begin));
        const auto got = log.read_at(begin, &block[0], block.size());
        if (!got) {
            return got.error();
        }
        block.resize(*got);
        if (end == status->size && !block.empty() && block.back() != '\n') {
            --wanted;
        }
        for (std::size_t at = block.rfind('\n'); at != std::string::npos;
             at = at == 0 ? std::string::npos : block.rfind('\n', at - 1)) {
            if (wanted == 0 || --wanted == 0) {
                return begin + at + 1;
            }
        }
        end = begin;
    }
    return least;
}

}}}  // namespace guild::runs
