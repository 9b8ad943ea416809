// guild/series/point_text.hpp - a number as text that keeps its kind and all its bits.
//
// Layer 3. Includes: base, series/point.hpp. Pure.
// Not here: lines of a point each (series/csv.hpp, series/jsonl.hpp); numbers for people
// (project/number_format.hpp).
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/bytes.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A point with the series that it belongs to.
///
/// out      key: any bytes; lives as long as whoever gave it says
struct keyed_point {
    std::string_view key;
    point at;
};

/// Appends a number, so that parse_number() gives the same kind and bits.
///
/// out      an integer as digits, "5"; a double as the shortest digits that read back the same,
///          always with a point or an exponent: "5.0", "-0.0", "1e+16"; "inf", "-inf", "NaN"; any
///          other NaN than the one of bits 7ff8000000000000 with its bits:
///          "NaN(0xfff8000000000000)"
/// example  tests/series/point_text.cpp "number text: every kind, by hand"
void append_number_text(std::string& out, const number& value);
[[nodiscard]] std::string to_string(const number& value);

/// Reads a number: digits alone are an integer, everything else that parse_double() or
/// append_number_text() knows is a double.
///
/// errors   bad_syntax; too_large: an integer beyond 64 bits, a double beyond the largest
/// example  tests/series/point_text.cpp "number text: what is no number is refused"
[[nodiscard]] result<number> parse_number(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::uint64_t default_nan = 0x7FF8000000000000U;

inline bool is_nan_bits(std::uint64_t bits) noexcept {
    return (bits & 0x7FFFFFFFFFFFFFFFU) > 0x7FF0000000000000U;
}

inline void append_int64(std::string& out, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end.ptr);
}

inline void append_nan(std::string& out, std::uint64_t bits) {
    out += "NaN";
    if (bits != default_nan) {
        out += "(0x";
        for (unsigned shift = 64; shift > 0; shift -= 4) {
            out += "0123456789abcdef"[bits >> (shift - 4) & 15U];
        }
        out += ')';
    }
}

inline error not_a_number(errc code, std::string_view expected, std::string_view text) {
    constexpr std::size_t shown = 48;
    std::string message = "expected " + std::string(expected) + ", saw ";
    message += text.empty() ? "nothing" : quote_for_display(text.substr(0, shown));
    message += text.size() > shown ? "..." : "";
    return make_error(code, std::move(message));
}

// "NaN(0x" and 16 digits and ")".
inline result<number> parse_nan_bits(std::string_view text) {
    constexpr std::size_t digits = 16;
    std::uint64_t bits = 0;
    const char* begin = text.data() + 6;
    const bool is_whole = text.size() == 6 + digits + 1 && text.back() == ')';
    const auto end = is_whole ? std::from_chars(begin, begin + digits, bits, 16)
                              : std::from_chars_result{begin, std::errc()};
    if (!is_whole || end.ptr != begin + digits || !is_nan_bits(bits)) {
        return not_a_number(errc::bad_syntax, "NaN(0x...) with the 16 hexadecimal digits of a NaN",
                            text);
    }
    return number::from_bits(number_kind::real, bits);
}

inline bool is_whole_number(std::string_view text) noexcept {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        text.remove_prefix(1);
    }
    for (const char c : text) {
        if (!is_digit(c)) {
            return false;
        }
    }
    return !text.empty();
}

}  // namespace detail

inline void append_number_text(std::string& out, const number& value) {
    if (value.is_integer()) {
        detail::append_int64(out, value.as_int64());
        return;
    }
    if (detail::is_nan_bits(value.bits())) {
        detail::append_nan(out, value.bits());
        return;
    }
    const std::string text = format_double(value.as_double());
    out += text;
    if (text.find_first_of(".ein") == std::string::npos) {  // "inf" is no integer either
        out += ".0";
    }
}

inline std::string to_string(const number& value) {
    std::string out;
    append_number_text(out, value);
    return out;
}

inline result<number> parse_number(std::string_view text) {
    if (detail::is_whole_number(text)) {
        const auto value = parse_int64(text);
        if (!value) {
            return detail::not_a_number(errc::too_large,
                                        "a whole number of 64 bits, or a point in a double", text);
        }
        return number(*value);
    }
    if (starts_with(text, "NaN(0x")) {
        return detail::parse_nan_bits(text);
    }
    const auto value = parse_double(text);
    if (!value) {
        return detail::not_a_number(value.error().code,
                                    value.error().code == errc::too_large
                                        ? "a number within the range of a double"
                                        : "a number",
                                    text);
    }
    if (std::isnan(*value)) {  // the processor's own may be another
        const std::uint64_t sign = starts_with(text, "-") ? std::uint64_t{1} << 63U : 0;
        return number::from_bits(number_kind::real, detail::default_nan | sign);
    }
    return number(*value);
}

}}}  // namespace guild::series
