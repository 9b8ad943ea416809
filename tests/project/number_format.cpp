#include <guild/project/number_format.hpp>

#include <doctest/doctest.h>

#include <limits>

using guild::project::format_number;

TEST_CASE("number_format: every format of the built-in templates") {
    CHECK(format_number(0.9312, "0.00%") == "93.12%");
    CHECK(format_number(0.12345, "0.0000") == "0.1235");
    CHECK(format_number(2.5, "0.000") == "2.500");
    CHECK(format_number(1234567, "0,0") == "1,234,567");
    CHECK(format_number(3723, "00:00:00") == "1:02:03");
    CHECK(format_number(1610612736, "0.0 b") == "1.5 GB");
    CHECK(format_number(0.345, "%") == "35%");
}

TEST_CASE("number_format: thousands are grouped in whole and broken numbers") {
    CHECK(format_number(0, "0,0") == "0");
    CHECK(format_number(999, "0,0") == "999");
    CHECK(format_number(1000, "0,0") == "1,000");
    CHECK(format_number(-1234567.891, "0,0.00") == "-1,234,567.89");
    CHECK(format_number(-123, "0,0") == "-123");
}

TEST_CASE("number_format: a tie is rounded away from zero, as in browsers") {
    CHECK(format_number(0.5, "0") == "1");
    CHECK(format_number(-2.5, "0") == "-3");
    CHECK(format_number(0.125, "0.00") == "0.13");
    CHECK(format_number(1.005, "0.00") == "1.00");  // the double nearest to 1.005 is below it
}

TEST_CASE("number_format: times are rounded to the second") {
    CHECK(format_number(0, "00:00:00") == "0:00:00");
    CHECK(format_number(59.6, "00:00:00") == "0:01:00");
    CHECK(format_number(360000, "00:00:00") == "100:00:00");
    CHECK(format_number(-61, "00:00:00") == "-0:01:01");
    CHECK(format_number(-0.2, "00:00:00") == "0:00:00");
}

TEST_CASE("number_format: bytes take the unit that fits") {
    CHECK(format_number(0, "0.0 b") == "0 B");
    CHECK(format_number(1023, "0.0 b") == "1023 B");
    CHECK(format_number(1024, "0.0 b") == "1.0 KB");
    CHECK(format_number(-2048, "0.00b") == "-2.00KB");
}

TEST_CASE("number_format: what is no number is named, and no format is the shortest exact text") {
    CHECK(format_number(std::numeric_limits<double>::quiet_NaN(), "0.00%") == "NaN");
    CHECK(format_number(std::numeric_limits<double>::infinity(), "0,0") == "Infinity");
    CHECK(format_number(-std::numeric_limits<double>::infinity(), "0,0") == "-Infinity");
    CHECK(format_number(0.1, "") == "0.1");
    CHECK(format_number(-0.00001, "0.00") == "0.00");
    CHECK(format_number(1e300, "0.0").size() == 303);
    CHECK_FALSE(format_number(1e300, "00:00:00").empty());
}
