#include <guild/series/point_text.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "support/nasty_numbers.hpp"

namespace gs = guild::series;

namespace {

gs::number real_of(std::uint64_t bits) {
    return gs::number::from_bits(gs::number_kind::real, bits);
}

std::string refusal_of(std::string_view text) {
    const auto read = gs::parse_number(text);
    return read ? "read as " + gs::to_string(*read) : guild::to_string(read.error());
}

}  // namespace

TEST_CASE("number text: every kind, by hand") {
    const std::pair<gs::number, std::string_view> examples[] = {
        {5, "5"},
        {-5, "-5"},
        {0, "0"},
        {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
        {(std::int64_t{1} << 53) + 1, "9007199254740993"},
        {5.0, "5.0"},
        {-0.0, "-0.0"},
        {0.0, "0.0"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {real_of(0x7FF0000000000000U), "inf"},
        {real_of(0xFFF0000000000000U), "-inf"},
        {real_of(0x7FF8000000000000U), "NaN"},
        {real_of(0xFFF8000000000000U), "NaN(0xfff8000000000000)"},
        {real_of(0x7FF0000000000001U), "NaN(0x7ff0000000000001)"}};
    for (const auto& [value, text] : examples) {
        CHECK(gs::to_string(value) == text);
        CHECK(gs::parse_number(text).value() == value);
    }
}

TEST_CASE("number text: nasty numbers and a hundred thousand random ones keep kind and bits") {
    for (const gs::number& value : guild_test::nasty_numbers()) {
        CHECK(gs::parse_number(gs::to_string(value)).value() == value);
    }
    constexpr std::uint64_t seed = 20250117;
    MESSAGE("seed " << seed);
    std::mt19937_64 random(seed);
    int wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto kind = (random() & 1U) != 0 ? gs::number_kind::real : gs::number_kind::integer;
        const gs::number value = gs::number::from_bits(kind, random());
        const auto read = gs::parse_number(gs::to_string(value));
        wrong += read && *read == value ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("number text: other programs' spellings are read") {
    CHECK(gs::parse_number("+5").value() == gs::number(5));
    CHECK(gs::parse_number("5.").value() == gs::number(5.0));
    CHECK(gs::parse_number(".5").value() == gs::number(0.5));
    CHECK(gs::parse_number("1E3").value() == gs::number(1000.0));
    CHECK(gs::parse_number("Infinity").value() == real_of(0x7FF0000000000000U));
    CHECK(gs::parse_number("-INF").value() == real_of(0xFFF0000000000000U));
    CHECK(gs::parse_number("nan").value() == real_of(0x7FF8000000000000U));
    CHECK(gs::parse_number("-nan").value() == real_of(0xFFF8000000000000U));
    CHECK(gs::parse_number("NaN(0xFFFFFFFFFFFFFFFF)").value() == real_of(~std::uint64_t{0}));
}

TEST_CASE("number text: what is no number is refused") {
    CHECK(refusal_of("") == "expected a number, saw nothing");
    CHECK(refusal_of("five") == "expected a number, saw five");
    CHECK(refusal_of(" 5") == "expected a number, saw \" 5\"");
    CHECK(refusal_of("0x10") == "expected a number, saw 0x10");
    CHECK(refusal_of("null") == "expected a number, saw null");
    CHECK(refusal_of("9223372036854775808") ==
          "expected a whole number of 64 bits, or a point in a double, saw 9223372036854775808");
    CHECK(refusal_of("1e400") == "expected a number within the range of a double, saw 1e400");
    CHECK(refusal_of(std::string(100, 'x')) ==
          "expected a number, saw " + std::string(48, 'x') + "...");
    for (const std::string_view text :
         {"NaN(0x7ff8)", "NaN(0x7ff800000000000g)", "NaN(0x3ff0000000000000)",
          "NaN(0x7ff0000000000000)", "NaN(0x7ff8000000000000", "NaN(0x+ff8000000000000)"}) {
        CHECK(refusal_of(text) ==
              "expected NaN(0x...) with the 16 hexadecimal digits of a NaN, saw " +
                  std::string(text));
    }
}
