#include <guild/base/time.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

constexpr std::int64_t june_2017 = 1'496'331'000'000'000;  // date -u -d 2017-06-01T15:30:00Z +%s

std::int64_t must_parse_time(std::string_view text) {
    const auto parsed = guild::parse_iso8601(text);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
    return *parsed;
}

void must_fail_time(std::string_view text, guild::errc code, std::uint32_t column) {
    CAPTURE(std::string(text));
    const auto parsed = guild::parse_iso8601(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == code);
    CHECK(parsed.error().where.column == column);
}

}  // namespace

TEST_CASE("format_compact_utc: the second is cut, not rounded") {
    CHECK(guild::format_compact_utc(0) == "19700101T000000Z");
    CHECK(guild::format_compact_utc(june_2017) == "20170601T153000Z");
    CHECK(guild::format_compact_utc(june_2017 + 999'999) == "20170601T153000Z");
    CHECK(guild::format_compact_utc(-1) == "19691231T235959Z");
}

TEST_CASE("format_iso8601: microseconds are always written") {
    CHECK(guild::format_iso8601(june_2017) == "2017-06-01T15:30:00.000000Z");
    CHECK(guild::format_iso8601(june_2017 + 5) == "2017-06-01T15:30:00.000005Z");
    CHECK(guild::format_iso8601(-1) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("format_iso8601: the ends of the range do not overflow") {
    CHECK(guild::format_iso8601(std::numeric_limits<std::int64_t>::max()) ==
          "294247-01-10T04:00:54.775807Z");
    CHECK(guild::format_iso8601(std::numeric_limits<std::int64_t>::min()) ==
          "-290308-12-21T19:59:05.224192Z");
}

TEST_CASE("calendar: the first microsecond before 1970") {
    const guild::calendar_time fields = guild::to_calendar(-1);
    CHECK(fields.year == 1969);
    CHECK(fields.month == 12);
    CHECK(fields.day == 31);
    CHECK(fields.second == 59);
    CHECK(fields.microsecond == 999'999);
    CHECK(guild::from_calendar(fields) == -1);
}

TEST_CASE("calendar: every day of 800 years follows the day before") {
    const std::int64_t day_us = 86'400'000'000;
    guild::calendar_time expected;
    expected.year = 1600;
    std::int64_t time_us = guild::from_calendar(expected);
    for (int day = 0; day < 2 * 146'097; ++day, time_us += day_us) {
        const guild::calendar_time fields = guild::to_calendar(time_us);
        REQUIRE(fields.year == expected.year);
        REQUIRE(fields.month == expected.month);
        REQUIRE(fields.day == expected.day);
        REQUIRE(guild::from_calendar(fields) == time_us);
        const bool leap =
            expected.year % 400 == 0 || (expected.year % 4 == 0 && expected.year % 100 != 0);
        const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (++expected.day > lengths[expected.month - 1]) {
            expected.day = 1;
            if (++expected.month > 12) {
                expected.month = 1;
                ++expected.year;
            }
        }
    }
    CHECK(expected.year == 2400);
}

TEST_CASE("parse_iso8601: every accepted form") {
    CHECK(must_parse_time("2017-06-01T15:30:00Z") == june_2017);
    CHECK(must_parse_time("2017-06-01t15:30:00z") == june_2017);
    CHECK(must_parse_time("2017-06-01 15:30:00") == june_2017);
    CHECK(must_parse_time("2017-06-01T15:30") == june_2017);
    CHECK(must_parse_time("20170601T153000Z") == june_2017);
    CHECK(must_parse_time("20170601T1530Z") == june_2017);
    CHECK(must_parse_time("2017-06-01T15:30:00.5Z") == june_2017 + 500'000);
    CHECK(must_parse_time("2017-06-01T15:30:00,000001Z") == june_2017 + 1);
    CHECK(must_parse_time("2017-06-01T15:30:00.0000019Z") == june_2017 + 1);
    CHECK(must_parse_time("2017-06-01T17:30:00+02:00") == june_2017);
    CHECK(must_parse_time("2017-06-01T10:00:00-0530") == june_2017);
    CHECK(must_parse_time("2017-06-01T17:30:00+02") == june_2017);
    CHECK(must_parse_time("1970-01-01") == 0);
    CHECK(must_parse_time("19700102") == 86'400'000'000);
    CHECK(must_parse_time("2016-02-29") == 1'456'704'000'000'000);
}

TEST_CASE("parse_iso8601: what format_iso8601 and format_compact_utc write is read back") {
    for (std::int64_t time_us = -60'000'000'000'000'000; time_us < 200'000'000'000'000'000;
         time_us += 777'777'777'777'777) {
        CHECK(must_parse_time(guild::format_iso8601(time_us)) == time_us);
        const std::int64_t seconds = time_us - ((time_us % 1'000'000) + 1'000'000) % 1'000'000;
        CHECK(must_parse_time(guild::format_compact_utc(time_us)) == seconds);
    }
}

TEST_CASE("parse_iso8601: a failure says at which byte") {
    using guild::errc;
    must_fail_time("", errc::bad_syntax, 1);
    must_fail_time("201", errc::bad_syntax, 4);
    must_fail_time("2017-13-01", errc::bad_value, 6);
    must_fail_time("2017-00-01", errc::bad_value, 6);
    must_fail_time("2017-02-29", errc::bad_value, 9);
    must_fail_time("1900-02-29", errc::bad_value, 9);
    must_fail_time("2017-0601", errc::bad_syntax, 8);
    must_fail_time("2017-06-01X15:30", errc::bad_syntax, 11);
    must_fail_time("2017-06-01T24:00", errc::bad_value, 12);
    must_fail_time("2017-06-01T15:60", errc::bad_value, 15);
    must_fail_time("2017-06-01T15:30:60Z", errc::bad_value, 18);
    must_fail_time("2017-06-01T15:30:00.Z", errc::bad_syntax, 21);
    must_fail_time("2017-06-01T15:30:00Q", errc::bad_syntax, 20);
    must_fail_time("2017-06-01T15:30:00Z ", errc::bad_syntax, 21);
    must_fail_time("2017-06-01T15:30:00+2", errc::bad_syntax, 22);
    CHECK(guild::parse_iso8601("2017-13-01").error().message ==
          "expected a month of a date and time, saw \"13-01\"");
}

TEST_CASE("format_duration: hours keep growing") {
    CHECK(guild::format_duration(0) == "0:00:00");
    CHECK(guild::format_duration(62'000'000) == "0:01:02");
    CHECK(guild::format_duration(62'999'999) == "0:01:02");
    CHECK(guild::format_duration(1'000ll * 3'600'000'000 + 1'000'000) == "1000:00:01");
    CHECK(guild::format_duration(-1'000'000) == "-0:00:01");
    CHECK(guild::format_duration(std::numeric_limits<std::int64_t>::min()) == "-2562047788:00:54");
}
