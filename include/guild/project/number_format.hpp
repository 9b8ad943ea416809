// guild/project/number_format.hpp - numbers as fields and series ask for them: "0.00%", "0,0",
// "00:00:00", "0.0 b".
//
// Layer 3. Includes: the standard library, base/number.hpp.
// Not here: exact numbers (base/number.hpp). viewer/page/format.js does the same for chart ticks.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace project {

/// A number as text in one of the project file's formats, the same under every locale.
///
/// in       format: zeros behind a dot are the decimals; `0,0` groups thousands by commas; `%` is a
///          hundredth; `00:00:00` takes seconds; `b` takes bytes, in steps of 1024; empty: the
///          shortest exact text
/// out      `93.12%`, `0.1234`, `12,345`, `1:02:03`, `1.5 GB`; NaN and infinities as `NaN`,
///          `Infinity`, `-Infinity`
/// source   Numeral.js, the formats that the 2017 tool's files used
/// example  tests/project/number_format.cpp "number_format: every format of the built-in templates"
[[nodiscard]] std::string format_number(double value, std::string_view format);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// The number of zeros behind the dot of a format.
inline std::size_t count_decimals(std::string_view format) noexcept {
    constexpr std::size_t most = 15;
    const std::size_t dot = format.find('.');
    if (dot == std::string_view::npos) {
        return 0;
    }
    std::size_t count = 0;
    while (count < most && dot + 1 + count < format.size() && format[dot + 1 + count] == '0') {
        ++count;
    }
    return count;
}

/// `value`, moved away from zero where it lies just between two numbers of so many decimals, as
/// browsers round.
inline double round_tie(double value, std::size_t decimals) noexcept {
    const double scale = std::pow(10.0, static_cast<double>(decimals));
    const double scaled = std::fabs(value) * scale;
    const double whole = std::floor(scaled);
    const bool is_tie = scaled - whole == 0.5 && std::fma(std::fabs(value), scale, -scaled) == 0.0;
    return is_tie ? std::copysign((whole + 1) / scale, value) : value;
}

/// `value` with a fixed number of decimals and a dot, whatever the locale says.
inline std::string format_fixed(double value, std::size_t decimals) {
    value = round_tie(value, decimals);
    char buffer[400];
    const int size =
        std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(decimals), value);
    std::string out;
    for (int i = 0; i < size; ++i) {
        const char c = buffer[i];
        if (is_digit(c) || c == '-') {
            out += c;
        } else if (out.empty() || out.back() != '.') {
            out += '.';
        }
    }
    const bool is_zero = out.find_first_not_of("-0.") == std::string::npos;
    return is_zero && out.front() == '-' ? out.substr(1) : out;
}

inline std::string group_thousands(std::string text) {
    const std::size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
    std::size_t end = text.find('.');
    end = end == std::string::npos ? text.size() : end;
    while (end > first + 3) {
        end -= 3;
        text.insert(end, 1, ',');
    }
    return text;
}

inline std::string format_bytes(double value, std::size_t decimals, bool has_space) {
    constexpr std::string_view units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    while (std::fabs(value) >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        ++unit;
    }
    return format_fixed(value, unit == 0 ? 0 : decimals) + (has_space ? " " : "") +
           std::string(units[unit]);
}

inline std::string format_seconds(double value) {
    constexpr double most = 9e15;
    const double whole = std::floor(std::fabs(value) + 0.5);
    if (whole > most) {
        return format_fixed(value, 0);
    }
    const auto seconds = static_cast<std::int64_t>(whole);
    const auto two_digits = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return (value < 0 && seconds != 0 ? "-" : "") + std::to_string(seconds / 3600) + ':' +
           two_digits(seconds / 60 % 60) + ':' + two_digits(seconds % 60);
}

}  // namespace detail

inline std::string format_number(double value, std::string_view format) {
    if (!std::isfinite(value)) {
        return std::isnan(value) ? "NaN" : (value > 0 ? "Infinity" : "-Infinity");
    }
    format = trim(format);
    if (format.empty()) {
        return format_double(value);
    }
    const std::size_t decimals = detail::count_decimals(format);
    const bool has_space = contains(format, " ");
    if (contains(format, "%")) {
        return detail::format_fixed(value * 100, decimals) + (has_space ? " %" : "%");
    }
    if (contains(format, ":")) {
        return detail::format_seconds(value);
    }
    if (contains(format, "b") || contains(format, "B")) {
        return detail::format_bytes(value, decimals, has_space);
    }
    const std::string plain = detail::format_fixed(value, decimals);
    return contains(format, "0,0") ? detail::group_thousands(plain) : plain;
}

}}}  // namespace guild::project
