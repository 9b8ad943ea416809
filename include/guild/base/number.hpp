// guild/base/number.hpp - text to numbers and numbers to text, the same under every locale.
//
// Layer 1. Includes: the standard library, base/result.hpp.
// Not here: number formats of project files such as "0.00%" (project/number_format.hpp), binary
// numbers (bytes.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace guild { inline namespace v0 {

/// Reads a whole number: an optional sign, then decimal digits, and nothing else.
///
/// in       the whole text must match; no blanks, no thousands marks, no "0x"
/// errors   bad_syntax; too_large when it does not fit 64 bits
/// example  tests/base/number.cpp "parse_int64: the ends of the range are read exactly"
[[nodiscard]] result<std::int64_t> parse_int64(std::string_view text);

/// Reads a real number, correctly rounded, whatever the locale says about decimal points.
///
/// in       [+-] digits [. digits] [e [+-] digits], where one side of the point may be empty; or
///          [+-] and one of inf, infinity, nan in any case. The whole text must match; no blanks,
///          no hexadecimal
/// out      a value too small for a double is zero with its sign
/// errors   bad_syntax; too_large when the value is beyond the largest double
/// example  tests/base/number.cpp "parse_double: every accepted form"
[[nodiscard]] result<double> parse_double(std::string_view text);

/// The shortest decimal text that parse_double reads back as the same value.
///
/// out      "nan", "inf", "-inf"; "-0" keeps its sign; plain digits when the decimal exponent is
///          from -5 to 15 ("100000", "0.00001"), else d.ddde+NN ("1e+16", "1.5e-07")
/// example  tests/base/number.cpp "format_double: a million random bit patterns survive the round
///          trip"
[[nodiscard]] std::string format_double(double value);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error number_error(errc code, const char* expected, std::string_view text) {
    constexpr std::size_t shown = 48;
    std::string message = expected;
    message += ", saw \"";
    message.append(text.substr(0, shown));
    message += text.size() > shown ? "...\"" : "\"";
    return make_error(code, std::move(message));
}

// What the grammar of parse_double found: is it a number, and is its leading digit left of the
// point (after the exponent)?
struct decimal_scan {
    bool valid = false;
    bool zero = true;
    std::int64_t magnitude = 0;  // decimal exponent of the first non-zero digit, saturated
};

inline decimal_scan scan_decimal(std::string_view text) noexcept {
    constexpr std::int64_t far = 1'000'000'000'000'000'000;
    decimal_scan scan;
    std::size_t at = 0;
    std::size_t digits = 0;
    std::int64_t before_point = 0;
    std::int64_t first = 0;
    for (bool fraction = false; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!is_digit(c)) {
            break;
        }
        if (c != '0' && scan.zero) {
            scan.zero = false;
            first = static_cast<std::int64_t>(digits);
        }
        ++digits;
        if (!fraction) {
            ++before_point;
        }
    }
    std::int64_t exponent = 0;
    if (digits != 0 && at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        const bool negative = at < text.size() && text[at] == '-';
        if (negative || (at < text.size() && text[at] == '+')) {
            ++at;
        }
        digits = 0;
        for (; at < text.size() && is_digit(text[at]); ++at, ++digits) {
            exponent = exponent < far / 10 ? exponent * 10 + (text[at] - '0') : far;
        }
        if (negative) {
            exponent = -exponent;
        }
    }
    scan.valid = digits != 0 && at == text.size();
    scan.magnitude = before_point - 1 - first + exponent;
    return scan;
}

// C's number functions use the locale's decimal point; printing one half shows which bytes that is.
inline std::string locale_point() {
    char text[16] = {};
    std::snprintf(text, sizeof text, "%.1f", 0.5);
    const std::string half = text;
    return half.size() >= 3 ? half.substr(1, half.size() - 2) : ".";
}

// For standard libraries without floating-point from_chars. `text` has passed scan_decimal.
inline double convert_with_strtod(std::string_view text) {
    std::string local(text);
    const std::size_t point = local.find('.');
    if (point != std::string::npos) {
        local.replace(point, 1, locale_point());
    }
    return std::strtod(local.c_str(), nullptr);
}

// For standard libraries without floating-point to_chars: the fewest digits that read back, as
// d.ddde+NN.
inline std::string scientific_with_snprintf(double value) {
    const std::string point = locale_point();
    for (int precision = 0;; ++precision) {
        char text[64] = {};
        std::snprintf(text, sizeof text, "%.*e", precision, value);
        if (precision < 16 && std::strtod(text, nullptr) != value) {
            continue;
        }
        std::string out = text;
        const std::size_t at = out.find(point);
        if (at != std::string::npos) {
            out.replace(at, point.size(), ".");
        }
        return out;
    }
}

inline double convert_decimal(std::string_view text, const decimal_scan& scan) {
    if (scan.zero) {
        return 0.0;
    }
#if defined(__cpp_lib_to_chars)
    double value = 0.0;
    const std::from_chars_result end =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec == std::errc::result_out_of_range) {
        return scan.magnitude > 0 ? std::numeric_limits<double>::infinity() : 0.0;
    }
    return value;
#else
    return convert_with_strtod(text);
#endif
}

inline std::string shortest_scientific(double value) {
#if defined(__cpp_lib_to_chars)
    char text[64];
    const std::to_chars_result end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    return std::string(text, end.ptr);
#else
    return scientific_with_snprintf(value);
#endif
}

// "d.ddde+NN" into plain digits where that is easy to read.
inline std::string lay_out_decimal(const std::string& scientific) {
    const std::size_t mark = scientific.find('e');
    const int exponent = std::atoi(scientific.c_str() + mark + 1);
    if (exponent < -5 || exponent > 15) {
        return scientific;
    }
    std::string digits = scientific.substr(0, 1);
    if (mark > 1) {
        digits += scientific.substr(2, mark - 2);
    }
    if (exponent < 0) {
        return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    }
    const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
        return digits + std::string(whole - digits.size(), '0');
    }
    return digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace detail

inline result<std::int64_t> parse_int64(std::string_view text) {
    std::string_view digits = text;
    if (!digits.empty() && digits.front() == '+') {
        digits.remove_prefix(1);
    }
    const bool signed_twice =
        digits.size() < text.size() && !digits.empty() && digits.front() == '-';
    std::int64_t value = 0;
    const std::from_chars_result end =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (signed_twice || end.ec == std::errc::invalid_argument ||
        end.ptr != digits.data() + digits.size()) {
        return detail::number_error(errc::bad_syntax, "expected a whole number", text);
    }
    if (end.ec == std::errc::result_out_of_range) {
        return detail::number_error(errc::too_large, "expected a whole number of 64 bits", text);
    }
    return value;
}

inline result<double> parse_double(std::string_view text) {
    std::string_view magnitude = text;
    const bool negative = !text.empty() && text.front() == '-';
    if (negative || (!text.empty() && text.front() == '+')) {
        magnitude.remove_prefix(1);
    }
    double value = std::numeric_limits<double>::infinity();
    const detail::decimal_scan scan = detail::scan_decimal(magnitude);
    if (scan.valid) {
        value = detail::convert_decimal(magnitude, scan);
        if (value == std::numeric_limits<double>::infinity()) {
            return detail::number_error(errc::too_large,
                                        "expected a number within the range of a double", text);
        }
    } else if (to_lower(magnitude.substr(0, 9)) == "nan") {
        value = std::numeric_limits<double>::quiet_NaN();
    } else if (to_lower(magnitude.substr(0, 9)) != "inf" &&
               to_lower(magnitude.substr(0, 9)) != "infinity") {
        return detail::number_error(errc::bad_syntax, "expected a number", text);
    }
    return negative ? -value : value;
}

inline std::string format_double(double value) {
    if (std::isnan(value)) {
        return "nan";
    }
    const std::string sign = std::signbit(value) ? "-" : "";
    if (std::isinf(value)) {
        return sign + "inf";
    }
    const double magnitude = std::fabs(value);
    return sign + (magnitude == 0.0
                       ? "0"
                       : detail::lay_out_decimal(detail::shortest_scientific(magnitude)));
}

}}  // namespace guild
