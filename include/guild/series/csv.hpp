// guild/series/csv.hpp - a point as a line of comma-separated values: key,step,time_us,value.
//
//     key,step,time_us,value
//     train/loss,1,1700000000000000,0.5
//     "with ""quotes"", and a comma",2,1700000001000000,7
//
// Layer 3. Includes: base, series/point_text.hpp. Pure.
// Not here: a file of such lines (series/text_reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/series/point.hpp>
#include <guild/series/point_text.hpp>

namespace guild { inline namespace v0 { namespace series {

/// The first line of a file, without its end.
inline constexpr std::string_view csv_header = "key,step,time_us,value";

/// Appends a point as a line that ends with a line feed.
///
/// out      the key in double quotes where its bytes need it: comma, quote, line feed, return, or a
///          first byte by which a reader could take the file for another
/// source   RFC 4180, but for the line feed alone at the end of a line
/// example  tests/series/csv.cpp "csv: lines, by hand"
void append_csv_point(std::string& out, std::string_view key, const point& at);

/// Reads a line, without its end. Any of its fields may be quoted.
///
/// out      the key lives as long as `line` and `scratch`, which keeps quoted ones
/// errors   bad_syntax, too_large: where.begin and where.end are the place in `line`
/// example  tests/series/csv.cpp "csv: a mistake is reported at its field"
[[nodiscard]] result<keyed_point> parse_csv_point(std::string_view line, std::string& scratch);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool needs_csv_quotes(std::string_view key) noexcept {
    if (key.empty()) {
        return true;  // an empty field is easily taken for a missing one
    }
    const char first = key.front();
    const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; };
    return first == '{' || first == '[' || first == ' ' || first == '\t' || first == '\xEF' ||
           std::any_of(key.begin(), key.end(), is_special);
}

inline error make_text_error(std::string message, std::size_t begin, std::size_t end) {
    return make_error(errc::bad_syntax, std::move(message), {}, {begin, end, 0, 0});
}

// The fields of one line.
class csv_line {
public:
    explicit csv_line(std::string_view line) noexcept : line_(line) {}

    // The text of the next field; quoted ones are put together in `scratch`.
    result<std::string_view> next(std::string& scratch) {
        if (count_ != 0) {
            ++at_;  // the comma
        }
        begin_ = at_;
        ++count_;
        if (at_ < line_.size() && line_[at_] == '"') {
            return quoted(scratch);
        }
        const std::size_t end = std::min(line_.find(',', at_), line_.size());
        const std::string_view text = line_.substr(at_, end - at_);
        at_ = end;
        if (const std::size_t quote = text.find('"'); quote != std::string_view::npos) {
            return make_text_error("expected a field that begins with a quote, saw one inside",
                                   begin_ + quote, begin_ + quote + 1);
        }
        return text;
    }

    [[nodiscard]] bool is_at_end() const noexcept { return at_ >= line_.size(); }

    // Of the field that was read last, quotes included.
    [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t end() const noexcept { return at_; }

private:
    result<std::string_view> quoted(std::string& scratch) {
        scratch.clear();
        for (++at_;; ++at_) {
            const std::size_t quote = line_.find('"', at_);
            if (quote == std::string_view::npos) {
                return make_text_error("expected a quote at the end of the field, saw the end of "
                                       "the line",
                                       begin_, line_.size());
            }
            scratch.append(line_, at_, quote - at_);
            at_ = quote + 1;
            if (at_ == line_.size() || line_[at_] != '"') {
                break;
            }
            scratch += '"';
        }
        if (at_ != line_.size() && line_[at_] != ',') {
            return make_text_error("expected a comma behind the quoted field, saw another byte",
                                   at_, at_ + 1);
        }
        return std::string_view(scratch);
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
    int count_ = 0;
};

inline error too_few_fields(std::size_t end) {
    return make_text_error("expected key,step,time_us,value, saw the end of the line", end, end);
}

inline error at_field(const error& what, const char* name, const csv_line& fields) {
    error placed = what;
    placed.message = std::string(name) + ": " + what.message;
    placed.where = {fields.begin(), fields.end(), 0, 0};
    return placed;
}

inline result<std::int64_t> parse_whole(std::string_view text) {
    const auto value = parse_int64(text);
    if (!value) {
        return not_a_number(value.error().code, "a whole number of 64 bits", text);
    }
    return *value;
}

// The number of the next field, by `parse`.
template <class Value, class Parse>
result<void> read_csv_number(csv_line& fields, const char* name, Value& out, Parse parse) {
    if (fields.is_at_end()) {
        return too_few_fields(fields.end());
    }
    std::string scratch;
    const auto text = fields.next(scratch);
    if (!text) {
        return text.error();
    }
    const auto value = parse(*text);
    if (!value) {
        return at_field(value.error(), name, fields);
    }
    out = *value;
    return {};
}

}  // namespace detail

inline void append_csv_point(std::string& out, std::string_view key, const point& at) {
    if (detail::needs_csv_quotes(key)) {
        out += '"';
        for (const char c : key) {
            out.append(c == '"' ? 2 : 1, c);
        }
        out += '"';
    } else {
        out += key;
    }
    out += ',';
    detail::append_int64(out, at.step);
    out += ',';
    detail::append_int64(out, at.time_us);
    out += ',';
    append_number_text(out, at.value);
    out += '\n';
}

inline result<keyed_point> parse_csv_point(std::string_view line, std::string& scratch) {
    keyed_point out;
    detail::csv_line fields(line);
    const auto key = fields.next(scratch);
    if (!key) {
        return key.error();
    }
    out.key = *key;
    auto read = detail::read_csv_number(fields, "step", out.at.step, detail::parse_whole);
    if (read) {
        read = detail::read_csv_number(fields, "time_us", out.at.time_us, detail::parse_whole);
    }
    if (read) {
        read = detail::read_csv_number(fields, "value", out.at.value, parse_number);
    }
    if (!read) {
        return std::move(read).error();
    }
    if (!fields.is_at_end()) {
        return detail::make_text_error("expected the end of the line behind the value, saw a comma",
                                       fields.end(), fields.end() + 1);
    }
    return out;
}

}}}  // namespace guild::series
