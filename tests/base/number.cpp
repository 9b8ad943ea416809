#include <guild/base/number.hpp>

#include <cfloat>
#include <clocale>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include <doctest/doctest.h>

namespace {

std::int64_t must_parse_int64(std::string_view text) {
    const auto parsed = guild::parse_int64(text);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
    return *parsed;
}

double must_parse_double(std::string_view text) {
    const auto parsed = guild::parse_double(text);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
    return *parsed;
}

std::uint64_t bits_of(double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

}  // namespace

TEST_CASE("parse_int64: the ends of the range are read exactly") {
    CHECK(must_parse_int64("0") == 0);
    CHECK(must_parse_int64("-0") == 0);
    CHECK(must_parse_int64("+7") == 7);
    CHECK(must_parse_int64("007") == 7);
    CHECK(must_parse_int64("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
    CHECK(must_parse_int64("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("parse_int64: one past the range is too large") {
    for (const char* text :
         {"9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
        CAPTURE(text);
        const auto parsed = guild::parse_int64(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == guild::errc::too_large);
    }
}

TEST_CASE("parse_int64: anything beside sign and digits is refused") {
    for (const char* text : {"", "-", "+", "+-1", "--1", "-+1", "++1", " 1", "1 ", "1.0", "1e3",
                             "0x10", "1,000", "1_000", "a"}) {
        CAPTURE(text);
        const auto parsed = guild::parse_int64(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == guild::errc::bad_syntax);
    }
    CHECK(guild::parse_int64("1x").error().message == "expected a whole number, saw \"1x\"");
}

TEST_CASE("parse_int64: a long wrong text is cut in the message") {
    const auto parsed = guild::parse_int64(std::string(5000, 'z'));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.size() < 100);
}

TEST_CASE("parse_double: every accepted form") {
    CHECK(must_parse_double("1") == 1.0);
    CHECK(must_parse_double("-1.5") == -1.5);
    CHECK(must_parse_double("+.5") == 0.5);
    CHECK(must_parse_double("5.") == 5.0);
    CHECK(must_parse_double("1e3") == 1000.0);
    CHECK(must_parse_double("1.25E-2") == 0.0125);
    CHECK(must_parse_double("1e+2") == 100.0);
    CHECK(must_parse_double("0.1") == 0.1);
    CHECK(std::isinf(must_parse_double("inf")));
    CHECK(must_parse_double("-Infinity") == -std::numeric_limits<double>::infinity());
    CHECK(must_parse_double("+INF") == std::numeric_limits<double>::infinity());
    CHECK(std::isnan(must_parse_double("nan")));
    CHECK(std::isnan(must_parse_double("-NaN")));
    CHECK(std::signbit(must_parse_double("-0")));
    CHECK(std::signbit(must_parse_double("-0.0e5")));
}

TEST_CASE("parse_double: anything else is refused") {
    for (const char* text : {"",        "+",         "-",    ".",   "e5",  ".e5",   "1e",
                             "1e+",     "1.2.3",     "1,5",  " 1",  "1 ",  "0x1p3", "nan(1)",
                             "infinit", "infinityy", "1e5x", "--1", "+-1", "1f",    "- 1"}) {
        CAPTURE(text);
        const auto parsed = guild::parse_double(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == guild::errc::bad_syntax);
    }
    CHECK_FALSE(guild::parse_double(std::string_view("1\0", 2)));
}

TEST_CASE("parse_double: too large is an error, too small is zero with its sign") {
    const auto parsed = guild::parse_double("1e309");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == guild::errc::too_large);
    CHECK_FALSE(guild::parse_double("-1e99999999999999999999"));
    CHECK(bits_of(must_parse_double("1e-400")) == bits_of(0.0));
    CHECK(bits_of(must_parse_double("-1e-99999999999999999999")) == bits_of(-0.0));
    CHECK(must_parse_double("0e99999999999999999999") == 0.0);
    CHECK(must_parse_double("0." + std::string(400, '0') + "1e401") == 1.0);
    CHECK(must_parse_double("1" + std::string(400, '0') + "e-400") == 1.0);
    CHECK(must_parse_double("4.9406564584124654e-324") ==
          std::numeric_limits<double>::denorm_min());
    CHECK(must_parse_double("1.7976931348623157e308") == DBL_MAX);
    CHECK_FALSE(guild::parse_double("1.7976931348623159e308"));
}

TEST_CASE("format_double: values as people expect them") {
    CHECK(guild::format_double(0.0) == "0");
    CHECK(guild::format_double(-0.0) == "-0");
    CHECK(guild::format_double(1.0) == "1");
    CHECK(guild::format_double(-1.5) == "-1.5");
    CHECK(guild::format_double(0.1) == "0.1");
    CHECK(guild::format_double(100000.0) == "100000");
    CHECK(guild::format_double(123456.75) == "123456.75");
    CHECK(guild::format_double(0.00001) == "0.00001");
    CHECK(guild::format_double(0.00000123) == "1.23e-06");
    CHECK(guild::format_double(9007199254740993.0) == "9007199254740992");
    CHECK(guild::format_double(1e16) == "1e+16");
    CHECK(guild::format_double(DBL_MAX) == "1.7976931348623157e+308");
    CHECK(guild::format_double(std::numeric_limits<double>::denorm_min()) == "5e-324");
    CHECK(guild::format_double(std::numeric_limits<double>::infinity()) == "inf");
    CHECK(guild::format_double(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(guild::format_double(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("format_double: a million random bit patterns survive the round trip") {
    std::mt19937_64 random(20170601);
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint64_t bits = random();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (std::isnan(value)) {
            continue;
        }
        const auto back = guild::parse_double(guild::format_double(value));
        REQUIRE(back.has_value());
        REQUIRE(bits_of(*back) == bits);
    }
}

TEST_CASE("number fallbacks: without the standard's conversions the digits are the same") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t bits = random() & ~(1ull << 63);
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (!std::isfinite(value) || value == 0) {
            continue;
        }
        const std::string printed = guild::detail::scientific_with_snprintf(value);
        REQUIRE(printed == guild::detail::shortest_scientific(value));
        REQUIRE(bits_of(guild::detail::convert_with_strtod(printed)) == bits);
    }
}

TEST_CASE("number fallbacks: a locale with a decimal comma changes nothing") {
    if (std::setlocale(LC_ALL, "de_DE.utf8") == nullptr) {
        MESSAGE("skipped: no locale de_DE.utf8 on this machine");
        return;
    }
    CHECK(guild::detail::locale_point() == ",");
    CHECK(guild::detail::convert_with_strtod("2.5") == 2.5);
    CHECK(guild::detail::scientific_with_snprintf(2.5) == "2.5e+00");
    CHECK(must_parse_double("2.5") == 2.5);
    CHECK(guild::format_double(2.5) == "2.5");
    std::setlocale(LC_ALL, "C");
}
