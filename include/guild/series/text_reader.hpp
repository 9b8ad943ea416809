// guild/series/text_reader.hpp - the points of a CSV or JSON Lines text that comes in pieces.
//
// Layer 3. Includes: base, series/csv.hpp, series/jsonl.hpp. Pure: whoever has the bytes adds them.
// Not here: one line (series/csv.hpp, series/jsonl.hpp).
//
// Memory is one line and the piece that was added last, however long the text is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/config.hpp>
#include <guild/series/csv.hpp>
#include <guild/series/jsonl.hpp>

namespace guild { inline namespace v0 { namespace series {

enum class text_format : std::uint8_t { csv, jsonl };

/// What a text is whose first bytes are these: JSON Lines when the first that is no blank is `{` or
/// `[`, the latter for the sake of the error.
[[nodiscard]] text_format guess_text_format(std::string_view first_bytes) noexcept;

/// A line, a quoted CSV field with line feeds in it included, is no longer than this.
inline constexpr std::size_t max_text_line_bytes = std::size_t{1} << 20U;

/// Reads points as their bytes come.
///
/// A byte order mark at the beginning, empty lines, and the CSV header as first line are passed
/// over; lines may end with a return before the line feed. A CSV line without an end may have lost
/// digits, so it is an error; a JSON object shows by itself that it is whole.
/// example  tests/series/text_reader.cpp "text reader: the pieces in which a text comes do not
///          matter"
class text_reader {
public:
    /// in       path: for errors alone
    explicit text_reader(text_format format, std::string path = {})
        : format_(format), path_(std::move(path)) {}

    /// Takes in more of the text; all points of what came before were read.
    void add(std::string_view bytes);

    /// Says that nothing follows what was added.
    void end() noexcept { is_whole_ = true; }

    /// The next point.
    ///
    /// out      false: the rest is no whole line yet, or with end() nothing is left; the key lives
    ///          until the next call
    /// errors   bad_syntax, truncated, too_large, with line and column; the same again once it
    ///          failed
    [[nodiscard]] result<bool> next(keyed_point& out);

    /// An error about the point that was read last, at its line.
    [[nodiscard]] error at_point(errc code, std::string message) const;

private:
    enum class csv_state : std::uint8_t { field_start, plain, quoted, quote_seen };

    [[nodiscard]] std::size_t find_end();
    [[nodiscard]] std::size_t find_csv_end();
    [[nodiscard]] result<bool> take_line();
    [[nodiscard]] bool is_passed_over() const;
    [[nodiscard]] result<keyed_point> parse_line();
    [[nodiscard]] error place(error what) const;

    text_format format_;
    std::string path_;
    std::string buffer_;
    std::size_t begin_ = 0;    // of the next line, in buffer_
    std::size_t scanned_ = 0;  // up to here there is no end of it
    csv_state state_ = csv_state::field_start;
    std::uint64_t offset_ = 0;  // of buffer_ in the text
    bool is_whole_ = false;

    std::string_view line_;       // the one that is read, without its end
    bool is_cut_ = false;         // it has no end
    std::size_t mark_bytes_ = 0;  // of a byte order mark before it
    std::uint64_t line_begin_ = 0;
    std::uint64_t number_ = 0;
    std::uint64_t next_number_ = 1;
    std::string scratch_;
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

inline text_format guess_text_format(std::string_view first_bytes) noexcept {
    if (starts_with(first_bytes, "\xEF\xBB\xBF")) {
        first_bytes.remove_prefix(3);
    }
    const std::string_view text = trim(first_bytes);
    const bool is_json = !text.empty() && (text.front() == '{' || text.front() == '[');
    return is_json ? text_format::jsonl : text_format::csv;
}

inline void text_reader::add(std::string_view bytes) {
    buffer_.erase(0, begin_);
    offset_ += begin_;
    scanned_ -= begin_;
    begin_ = 0;
    buffer_ += bytes;
}

// Where the line at begin_ ends: its line feed, or npos when that is not there yet.
inline std::size_t text_reader::find_end() {
    if (format_ == text_format::csv && scanned_ != begin_) {
        return find_csv_end();
    }
    const std::size_t end = buffer_.find('\n', scanned_);
    if (format_ == text_format::jsonl) {
        scanned_ = std::min(end, buffer_.size());
        return end;
    }
    const bool is_plain =
        end != std::string::npos &&
        std::string_view(buffer_).substr(begin_, end - begin_).find('"') == std::string_view::npos;
    return is_plain ? end : find_csv_end();
}

// Quotes count where a field begins, and line feeds inside of them do not end a line.
inline std::size_t text_reader::find_csv_end() {
    for (; scanned_ < buffer_.size(); ++scanned_) {
        const char c = buffer_[scanned_];
        if (c == '\n' && state_ != csv_state::quoted) {
            return scanned_;
        }
        if (c == '"') {
            state_ = state_ == csv_state::quoted  ? csv_state::quote_seen
                     : state_ == csv_state::plain ? csv_state::plain
                                                  : csv_state::quoted;
        } else if (state_ != csv_state::quoted) {
            state_ = c == ',' ? csv_state::field_start : csv_state::plain;
        }
    }
    return std::string::npos;
}

// Steps to the next line; false when there is none yet.
inline result<bool> text_reader::take_line() {
    const std::size_t end = find_end();
    const std::size_t past = std::min(end, buffer_.size());
    is_cut_ = end == std::string::npos;
    if (is_cut_ && (!is_whole_ || begin_ == past) && past - begin_ <= max_text_line_bytes) {
        return false;
    }
    number_ = next_number_;
    line_begin_ = offset_ + begin_;
    if (past - begin_ > max_text_line_bytes) {
        return make_error(
            errc::too_large,
            "expected a line of at most 1048576 bytes, saw a longer one" +
                std::string(state_ == csv_state::quoted ? ": a quote may be missing" : ""));
    }
    line_ = std::string_view(buffer_).substr(begin_, past - begin_);
    mark_bytes_ = line_begin_ == 0 && starts_with(line_, "\xEF\xBB\xBF") ? 3 : 0;
    line_.remove_prefix(mark_bytes_);
    next_number_ += 1 + static_cast<std::uint64_t>(std::count(line_.begin(), line_.end(), '\n'));
    line_.remove_suffix(!line_.empty() && line_.back() == '\r' ? 1 : 0);
    begin_ = scanned_ = is_cut_ ? past : past + 1;
    state_ = csv_state::field_start;
    return true;
}

inline bool text_reader::is_passed_over() const {
    const bool is_empty = format_ == text_format::csv ? line_.empty() : trim(line_).empty();
    return is_empty || (format_ == text_format::csv && number_ == 1 && line_ == csv_header);
}

inline result<keyed_point> text_reader::parse_line() {
    if (format_ == text_format::jsonl) {
        return parse_json_point(line_, scratch_);
    }
    auto parsed = parse_csv_point(line_, scratch_);
    if (parsed && is_cut_) {
        return make_error(errc::truncated,
                          "expected a line feed behind the value, saw the end: it may be cut", {},
                          {line_.size(), line_.size(), 0, 0});
    }
    const bool is_other = number_ == 1 && std::none_of(line_.begin(), line_.end(), is_digit);
    if (!parsed && (is_other || is_cut_)) {
        error what = parsed.error();
        what.message += is_other ? " (the first line is neither key,step,time_us,value nor a point)"
                                 : " (the last line has no line feed: it may be cut)";
        return what;
    }
    return parsed;
}

// An error of a place in the line as one of a place in the text.
inline error text_reader::place(error what) const {
    const std::string_view before =
        line_.substr(0, guild::detail::convert<std::size_t>(what.where.begin));
    const std::size_t row = before.rfind('\n') + 1;  // npos + 1 is 0
    const std::uint64_t lines =
        static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
    const std::uint64_t column = 1 + before.size() - row + (row == 0 ? mark_bytes_ : 0);
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    what.path = path_;
    what.where.begin += line_begin_ + mark_bytes_;
    what.where.end += line_begin_ + mark_bytes_;
    what.where.line = static_cast<std::uint32_t>(std::min(most, number_ + lines));
    what.where.column = static_cast<std::uint32_t>(std::min(most, column));
    return what;
}

inline error text_reader::at_point(errc code, std::string message) const {
    return place(make_error(code, std::move(message), {}, {0, line_.size(), 0, 0}));
}

inline result<bool> text_reader::next(keyed_point& out) {
    while (!error_) {
        const auto is_there = take_line();
        if (!is_there) {
            line_ = {};
            error_ = place(is_there.error());
            break;
        }
        if (!*is_there) {
            return false;
        }
        if (is_passed_over()) {
            continue;
        }
        const auto parsed = parse_line();
        if (parsed) {
            out = *parsed;
            return true;
        }
        error_ = place(parsed.error());
    }
    return *error_;
}

}}}  // namespace guild::series
