// guild/base/time.hpp - moments (microseconds since 1970-01-01 UTC) and spans of time as text, and
// back.
//
// Layer 1. Includes: the standard library, base/result.hpp. Everything is UTC and proleptic
// Gregorian; no time zone database, no locale, no clock.
// Not here: reading clocks (os/env.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace guild { inline namespace v0 {

/// A moment taken apart into calendar fields, UTC.
struct calendar_time {
    std::int64_t year = 1970;
    int month = 1;  // 1 to 12
    int day = 1;    // 1 to 31
    int hour = 0;
    int minute = 0;
    int second = 0;
    int microsecond = 0;
};

/// Takes a moment apart.
///
/// units    microseconds since 1970-01-01 00:00 UTC; any value, before 1970 too
/// example  tests/base/time.cpp "calendar: the first microsecond before 1970"
[[nodiscard]] calendar_time to_calendar(std::int64_t time_us) noexcept;

/// Puts calendar fields together. The fields must be in range; years from -290000 to 290000.
///
/// units    microseconds since 1970-01-01 00:00 UTC
/// example  tests/base/time.cpp "calendar: every day of 800 years follows the day before"
[[nodiscard]] std::int64_t from_calendar(const calendar_time& fields) noexcept;

/// "20170601T153000Z": the moment cut to seconds, as the names of run directories write it.
///
/// units    microseconds since 1970-01-01 00:00 UTC
/// source   ISO 8601 basic format
/// example  tests/base/time.cpp "format_compact_utc: the second is cut, not rounded"
[[nodiscard]] std::string format_compact_utc(std::int64_t time_us);

/// "2017-06-01T15:30:00.000000Z".
///
/// units    microseconds since 1970-01-01 00:00 UTC
/// source   ISO 8601 extended format
/// example  tests/base/time.cpp "format_iso8601: microseconds are always written"
[[nodiscard]] std::string format_iso8601(std::int64_t time_us);

/// Reads a date, or a date and a time, in extended (2017-06-01T15:30:00.5+02:00) or basic
/// (20170601T153000Z) form.
///
/// in       'T', 't' or one blank between date and time; seconds and their fraction may be missing;
///          zone 'Z', 'z', +HH, +HHMM, +HH:MM or nothing, which means UTC
/// out      microseconds since 1970-01-01 00:00 UTC; digits after the sixth of the fraction are cut
/// errors   bad_syntax, bad_value (a field out of range); where.column is the byte at which reading
///          failed
/// source   ISO 8601, RFC 3339
/// example  tests/base/time.cpp "parse_iso8601: every accepted form"
[[nodiscard]] result<std::int64_t> parse_iso8601(std::string_view text);

/// "0:01:02": hours, minutes and seconds, cut to seconds; "-0:00:01" for negative spans.
///
/// units    microseconds
/// example  tests/base/time.cpp "format_duration: hours keep growing"
[[nodiscard]] std::string format_duration(std::int64_t span_us);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t us_per_second = 1'000'000;
inline constexpr std::int64_t seconds_per_day = 86'400;

constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t by) noexcept {
    return value / by - (value % by < 0 ? 1 : 0);
}

// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its
// year.
constexpr std::int64_t days_from_date(std::int64_t year, int month, int day) noexcept {
    const std::int64_t march_year = month <= 2 ? year - 1 : year;
    const std::int64_t months = month <= 2 ? month + 9 : month - 3;
    const std::int64_t era = floor_divide(march_year, 400);
    const std::int64_t year_of_era = march_year - era * 400;
    const std::int64_t day_of_year = (153 * months + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

constexpr bool is_leap_year(std::int64_t year) noexcept {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int days_in_month(std::int64_t year, int month) noexcept {
    return month == 2 ? (is_leap_year(year) ? 29 : 28)
                      : (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31);
}

inline void append_padded(std::string& out, std::int64_t value, std::size_t width) {
    const std::string digits = std::to_string(value < 0 ? -value : value);
    if (value < 0) {
        out += '-';
    }
    if (digits.size() < width) {
        out.append(width - digits.size(), '0');
    }
    out += digits;
}

// One member per piece of the grammar; every reader stops at the first byte that does not fit.
class iso8601_parser {
public:
    explicit iso8601_parser(std::string_view text) : text_(text) {}

    result<std::int64_t> parse() {
        const bool complete = date() && (at_end() || (separator() && time() && zone())) &&
                              (at_end() || refuse("the end"));
        if (!complete) {
            return std::move(failure_);
        }
        return from_calendar(fields_) - offset_us_;
    }

private:
    // date = 4DIGIT ["-"] 2DIGIT ["-"] 2DIGIT
    bool date() {
        int year = 0;
        if (!number(4, 0, 9999, "a year", year)) {
            return false;
        }
        fields_.year = year;
        extended_ = accept('-');
        return number(2, 1, 12, "a month", fields_.month) && (!extended_ || expect('-')) &&
               number(2, 1, days_in_month(year, fields_.month), "a day of that month", fields_.day);
    }

    // separator = "T" / "t" / " "
    bool separator() { return accept('T') || accept('t') || accept(' ') || refuse("'T'"); }

    // time = 2DIGIT [":"] 2DIGIT [[":"] 2DIGIT ["." 1*DIGIT]]
    bool time() {
        if (!number(2, 0, 23, "an hour", fields_.hour)) {
            return false;
        }
        const bool colons = accept(':');
        if (!number(2, 0, 59, "a minute", fields_.minute)) {
            return false;
        }
        const bool seconds = colons ? accept(':') : at_digit();
        return !seconds || (number(2, 0, 59, "a second", fields_.second) && fraction());
    }

    bool fraction() {
        if (!accept('.') && !accept(',')) {
            return true;
        }
        if (!at_digit()) {
            return refuse("a digit");
        }
        for (int unit = 100'000; at_digit(); unit /= 10) {
            fields_.microsecond += unit * (text_[at_++] - '0');
        }
        return true;
    }

    // zone = ["Z" / "z" / (("+" / "-") 2DIGIT [[":"] 2DIGIT])]
    bool zone() {
        if (at_end() || accept('Z') || accept('z')) {
            return true;
        }
        const bool west = accept('-');
        if (!west && !accept('+')) {
            return refuse("a time zone");
        }
        int hours = 0;
        int minutes = 0;
        if (!number(2, 0, 23, "the hours of a zone", hours)) {
            return false;
        }
        if (accept(':') || at_digit()) {
            if (!number(2, 0, 59, "the minutes of a zone", minutes)) {
                return false;
            }
        }
        offset_us_ = (west ? -1 : 1) * (hours * 60 + minutes) * 60 * us_per_second;
        return true;
    }

    bool number(int width, int least, int most, const char* what, int& out) {
        const std::size_t start = at_;
        int value = 0;
        for (int i = 0; i < width; ++i) {
            if (!at_digit()) {
                return refuse(what);
            }
            value = value * 10 + (text_[at_++] - '0');
        }
        if (value < least || value > most) {
            at_ = start;
            return refuse(what, errc::bad_value);
        }
        out = value;
        return true;
    }

    bool at_end() const { return at_ == text_.size(); }
    bool at_digit() const { return !at_end() && is_digit(text_[at_]); }

    bool accept(char c) {
        if (at_end() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }

    bool expect(char c) {
        const char what[] = {'\'', c, '\'', '\0'};
        return accept(c) || refuse(what);
    }

    bool refuse(const char* expected, errc code = errc::bad_syntax) {
        std::string message = std::string("expected ") + expected + " of a date and time, saw ";
        message += at_end() ? "the end" : "\"" + std::string(text_.substr(at_, 16)) + "\"";
        source_span where;
        where.begin = at_;
        where.end = text_.size();
        where.line = 1;
        where.column = static_cast<std::uint32_t>(at_ + 1);
        failure_ = make_error(code, std::move(message), {}, where);
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool extended_ = false;
    calendar_time fields_;
    std::int64_t offset_us_ = 0;
    error failure_{};
};

}  // namespace detail

inline calendar_time to_calendar(std::int64_t time_us) noexcept {
    const std::int64_t seconds = detail::floor_divide(time_us, detail::us_per_second);
    const std::int64_t days = detail::floor_divide(seconds, detail::seconds_per_day);
    const std::int64_t since_march_0000 = days + 719'468;
    const std::int64_t era = detail::floor_divide(since_march_0000, 146'097);
    const std::int64_t day_of_era = since_march_0000 - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t months = (5 * day_of_year + 2) / 153;
    const int second_of_day = static_cast<int>(seconds - days * detail::seconds_per_day);
    calendar_time fields;
    fields.day = static_cast<int>(day_of_year - (153 * months + 2) / 5 + 1);
    fields.month = static_cast<int>(months < 10 ? months + 3 : months - 9);
    fields.year = era * 400 + year_of_era + (fields.month <= 2 ? 1 : 0);
    fields.hour = second_of_day / 3600;
    fields.minute = second_of_day / 60 % 60;
    fields.second = second_of_day % 60;
    // Not seconds * us_per_second, which overflows for the smallest moment.
    const int rest = static_cast<int>(time_us % detail::us_per_second);
    fields.microsecond = rest < 0 ? rest + 1'000'000 : rest;
    return fields;
}

inline std::int64_t from_calendar(const calendar_time& fields) noexcept {
    const std::int64_t days = detail::days_from_date(fields.year, fields.month, fields.day);
    const std::int64_t seconds =
        days * detail::seconds_per_day + fields.hour * 3600 + fields.minute * 60 + fields.second;
    return seconds * detail::us_per_second + fields.microsecond;
}

inline std::string format_compact_utc(std::int64_t time_us) {
    const calendar_time fields = to_calendar(time_us);
    std::string out;
    detail::append_padded(out, fields.year, 4);
    detail::append_padded(out, fields.month, 2);
    detail::append_padded(out, fields.day, 2);
    out += 'T';
    detail::append_padded(out, fields.hour, 2);
    detail::append_padded(out, fields.minute, 2);
    detail::append_padded(out, fields.second, 2);
    return out + "Z";
}

inline std::string format_iso8601(std::int64_t time_us) {
    const calendar_time fields = to_calendar(time_us);
    std::string out;
    detail::append_padded(out, fields.year, 4);
    out += '-';
    detail::append_padded(out, fields.month, 2);
    out += '-';
    detail::append_padded(out, fields.day, 2);
    out += 'T';
    detail::append_padded(out, fields.hour, 2);
    out += ':';
    detail::append_padded(out, fields.minute, 2);
    out += ':';
    detail::append_padded(out, fields.second, 2);
    out += '.';
    detail::append_padded(out, fields.microsecond, 6);
    return out + "Z";
}

inline result<std::int64_t> parse_iso8601(std::string_view text) {
    return detail::iso8601_parser(text).parse();
}

inline std::string format_duration(std::int64_t span_us) {
    const std::int64_t seconds =
        span_us / detail::us_per_second;  // towards zero; its negation cannot overflow
    const std::int64_t count = seconds < 0 ? -seconds : seconds;
    std::string out = seconds < 0 ? "-" : "";
    out += std::to_string(count / 3600) + ":";
    detail::append_padded(out, count / 60 % 60, 2);
    out += ":";
    detail::append_padded(out, count % 60, 2);
    return out;
}

}}  // namespace guild
