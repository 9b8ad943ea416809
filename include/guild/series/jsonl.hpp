// guild/series/jsonl.hpp - a point as a line of JSON.
//
//     {"key":"loss","step":1,"time_us":1700000000000000,"value":0.5}
//
// Layer 3. Includes: base, series/csv.hpp, series/point_text.hpp. Pure.
// Not here: a file of such lines (series/text_reader.hpp); JSON of everything else (json.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/base64.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/series/csv.hpp>
#include <guild/series/point.hpp>
#include <guild/series/point_text.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Appends a point as a line that ends with a line feed.
///
/// out      numbers as append_number_text() writes them; in strings those that JSON does not have
/// ("NaN",
///          "NaN(0x7ff0000000000001)", "Infinity", "-Infinity") and integers beyond 2^53, which
///          most readers round. A key that is no UTF-8 has U+FFFD in its place, and `key_base64`
///          stands beside it
/// source   RFC 8259; one object a line as in JSON Lines
/// example  tests/series/jsonl.cpp "jsonl: lines, by hand"
void append_json_point(std::string& out, std::string_view key, const point& at);

/// Reads a line, without its end: an object with key (or key_base64, which counts more), step,
/// time_us and value, in any order; other members are passed over. Numbers may be strings; NaN,
/// Infinity and -Infinity may be bare, as Python writes them.
///
/// out      the key lives as long as `scratch`
/// errors   bad_syntax, too_large: where.begin and where.end are the place in `line`
/// example  tests/series/jsonl.cpp "jsonl: a mistake is reported at its byte"
[[nodiscard]] result<keyed_point> parse_json_point(std::string_view line, std::string& scratch);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t largest_json_integer = std::int64_t{1} << 53U;

// RFC 8259 section 7: quotation mark, reverse solidus and control characters are escaped.
inline void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += "0123456789abcdef"[byte >> 4U];
            out += "0123456789abcdef"[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

inline void append_json_number(std::string& out, const number& value) {
    if (value.is_integer()) {
        const std::int64_t whole = value.as_int64();
        const bool is_text = whole > largest_json_integer || whole < -largest_json_integer;
        out.append(is_text ? 1 : 0, '"');
        append_int64(out, whole);
        out.append(is_text ? 1 : 0, '"');
        return;
    }
    constexpr std::uint64_t infinity = 0x7FF0000000000000U;
    const std::uint64_t size = value.bits() & ~(std::uint64_t{1} << 63U);
    if (size < infinity) {
        append_number_text(out, value);
    } else if (size == infinity) {
        out += value.bits() == infinity ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
        out += '"';
        append_number_text(out, value);
        out += '"';
    }
}

// One line; each member function reads one rule of RFC 8259 and, when it fails, sets error_.
class json_point_parser {
public:
    json_point_parser(std::string_view line, std::string& scratch) noexcept
        : text_(line), key_(scratch) {}

    result<keyed_point> parse() {
        skip_blanks();
        if (!read_object()) {
            return std::move(*error_);
        }
        skip_blanks();
        if (at_ != text_.size()) {
            fail("the end of the line behind the object", at_);
            return std::move(*error_);
        }
        return found_;
    }

private:
    static constexpr int max_depth = 64;

    // object = "{" [ member *( "," member ) ] "}"
    bool read_object() {
        if (!take('{', "a JSON object")) {
            return false;
        }
        skip_blanks();
        const bool is_empty = at_ < text_.size() && text_[at_] == '}';
        do {
            skip_blanks();
            if (!is_empty && !read_member()) {
                return false;
            }
            skip_blanks();
        } while (!is_empty && take_if(','));
        return check_members() && take('}', "a comma or } behind the member");
    }

    bool check_members() {
        const std::pair<bool, const char*> members[] = {{has_key_, "a member \"key\""},
                                                        {has_step_, "a member \"step\""},
                                                        {has_time_, "a member \"time_us\""},
                                                        {has_value_, "a member \"value\""}};
        for (const auto& [is_there, name] : members) {
            if (!is_there && at_ < text_.size() && text_[at_] == '}') {
                return fail(name, at_);
            }
        }
        found_.key = key_;
        return true;
    }

    // member = string ":" value
    bool read_member() {
        if (!read_string(name_, "the name of a member, in quotes")) {
            return false;
        }
        skip_blanks();
        if (!take(':', "a colon behind the name")) {
            return false;
        }
        skip_blanks();
        if (name_ == "key" || name_ == "key_base64") {
            return read_key();
        }
        if (name_ == "step") {
            return has_step_ = read_number("step", found_.at.step, parse_whole);
        }
        if (name_ == "time_us") {
            return has_time_ = read_number("time_us", found_.at.time_us, parse_whole);
        }
        if (name_ == "value") {
            return has_value_ = read_number("value", found_.at.value, parse_number);
        }
        return skip_value(0);
    }

    bool read_key() {
        const std::size_t begin = at_;
        if (!read_string(word_, "the key, in quotes")) {
            return false;
        }
        if (name_ == "key_base64") {
            auto bytes = decode_base64(word_);
            if (!bytes) {
                return fail("the key in base64", begin);
            }
            key_ = std::move(*bytes);
            is_exact_ = true;
        } else if (!is_exact_) {
            key_ = word_;
        }
        has_key_ = true;
        return true;
    }

    // A number, or a string that holds one.
    template <class Value, class Read>
    bool read_number(const char* name, Value& out, Read read) {
        const std::size_t begin = at_;
        if (at_ < text_.size() && text_[at_] == '"') {
            if (!read_string(word_, "a number")) {
                return false;
            }
        } else {
            word_.assign(take_word());
        }
        const auto value = read(word_);
        if (!value) {
            error_ = value.error();
            error_->message = std::string(name) + ": " + error_->message;
            error_->where = {begin, at_, 0, 0};
            return false;
        }
        out = *value;
        return true;
    }

    // value = false / null / true / object / array / number / string; of no interest
    bool skip_value(int depth) {
        if (at_ == text_.size()) {
            return fail("a value", at_);
        }
        const char first = text_[at_];
        if (first == '"') {
            return read_string(word_, "a string");
        }
        if (first != '{' && first != '[') {
            return !take_word().empty() || fail("a value", at_);
        }
        if (depth == max_depth) {
            return fail("at most 64 levels of objects and arrays", at_);
        }
        ++at_;
        const char last = first == '{' ? '}' : ']';
        for (skip_blanks(); !take_if(last); skip_blanks()) {
            const bool is_between = take_if(',') || take_if(':');
            if (!is_between && !skip_value(depth + 1)) {
                return false;
            }
        }
        return true;
    }

    // string = quotation-mark *char quotation-mark
    bool read_string(std::string& out, const char* expected) {
        out.clear();
        const std::size_t begin = at_;
        if (!take('"', expected)) {
            return false;
        }
        while (at_ < text_.size() && text_[at_] != '"') {
            const std::size_t run = at_;
            while (at_ < text_.size() && is_plain(text_[at_])) {
                ++at_;
            }
            if (!is_valid_utf8(text_.substr(run, at_ - run))) {
                return fail("UTF-8 in a string", run);
            }
            out.append(text_, run, at_ - run);
            if (at_ < text_.size() && text_[at_] != '"' && !read_escape(out)) {
                return false;
            }
        }
        return take_if('"') || fail("a quote at the end of the string", begin);
    }

    // char = unescaped / escape ( %x22 / %x5C / %x2F / %x62 / %x66 / %x6E / %x72 / %x74 /
    //                             %x75 4HEXDIG )
    bool read_escape(std::string& out) {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (text_[at_] != '\\') {
            return fail("\\u00XX for a control character", at_);
        }
        const std::size_t begin = at_++;
        const char letter = at_ < text_.size() ? text_[at_++] : '\0';
        const std::size_t place = letters.find(letter);
        if (letter != '\0' && place != std::string_view::npos) {
            out += meanings[place];
            return true;
        }
        std::uint32_t unit = 0;
        bool is_good = letter == 'u' && read_hex(unit);
        if (is_good && unit >= 0xD800 && unit < 0xDC00) {  // the first of a surrogate pair
            std::uint32_t second = 0;
            is_good = take_if('\\') && take_if('u') && read_hex(second) && second >= 0xDC00 &&
                      second < 0xE000;
            unit = 0x10000 + ((unit - 0xD800) << 10U) + (second - 0xDC00);
        } else {
            is_good = is_good && (unit < 0xDC00 || unit >= 0xE000);
        }
        if (!is_good) {
            return fail("one of the escapes of JSON", begin);
        }
        append_utf8(out, unit);
        return true;
    }

    bool read_hex(std::uint32_t& unit) {
        const std::string_view digits = text_.substr(at_, 4);
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
        at_ += digits.size();
        return digits.size() == 4 && end.ec == std::errc() && end.ptr == digits.data() + 4;
    }

    static void append_utf8(std::string& out, std::uint32_t point) {
        const auto add = [&](std::uint32_t byte) {
            out += static_cast<char>(static_cast<unsigned char>(byte));
        };
        if (point < 0x80) {
            add(point);
            return;
        }
        if (point < 0x800) {
            add(0xC0U | point >> 6U);
        } else if (point < 0x10000) {
            add(0xE0U | point >> 12U);
            add(0x80U | (point >> 6U & 0x3FU));
        } else {
            add(0xF0U | point >> 18U);
            add(0x80U | (point >> 12U & 0x3FU));
            add(0x80U | (point >> 6U & 0x3FU));
        }
        add(0x80U | (point & 0x3FU));
    }

    static bool is_plain(char c) noexcept {
        return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
    }

    // Everything up to what can stand behind a value.
    std::string_view take_word() {
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of(" \t\r,:{}[]\"", at_), text_.size());
        return text_.substr(begin, at_ - begin);
    }

    void skip_blanks() noexcept {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) {
            ++at_;
        }
    }

    bool take_if(char wanted) noexcept {
        const bool is_there = at_ < text_.size() && text_[at_] == wanted;
        at_ += is_there ? 1 : 0;
        return is_there;
    }

    bool take(char wanted, const char* expected) { return take_if(wanted) || fail(expected, at_); }

    bool fail(const char* expected, std::size_t begin) {
        std::string seen = "the end of the line";
        if (begin < text_.size()) {
            seen = quote_for_display(text_.substr(begin, 12));
        }
        error_ = make_text_error("expected " + std::string(expected) + ", saw " + seen, begin,
                                 begin < text_.size() ? begin + 1 : begin);
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string& key_;
    std::string name_;
    std::string word_;
    keyed_point found_;
    bool is_exact_ = false;  // key_ is from key_base64
    bool has_key_ = false;
    bool has_step_ = false;
    bool has_time_ = false;
    bool has_value_ = false;
    std::optional<error> error_;
};

}  // namespace detail

inline void append_json_point(std::string& out, std::string_view key, const point& at) {
    const bool is_text = is_valid_utf8(key);
    out += "{\"key\":";
    detail::append_json_string(out, is_text ? std::string(key) : replace_invalid_utf8(key));
    if (!is_text) {
        out += ",\"key_base64\":\"" + encode_base64(key) + '"';
    }
    out += ",\"step\":";
    detail::append_json_number(out, at.step);
    out += ",\"time_us\":";
    detail::append_json_number(out, at.time_us);
    out += ",\"value\":";
    detail::append_json_number(out, at.value);
    out += "}\n";
}

inline result<keyed_point> parse_json_point(std::string_view line, std::string& scratch) {
    return detail::json_point_parser(line, scratch).parse();
}

}}}  // namespace guild::series
