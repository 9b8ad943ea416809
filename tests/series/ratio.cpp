#include <guild/series/ratio.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

constexpr auto four = gs::word_size::four;
constexpr auto eight = gs::word_size::eight;
using word_list = std::vector<std::uint64_t>;

word_list float_words(const std::vector<float>& values) {
    word_list made;
    for (const float value : values) {
        made.push_back(guild::float_bits(value));
    }
    return made;
}

word_list double_words(const std::vector<double>& values) {
    word_list made;
    for (const double value : values) {
        made.push_back(guild::double_bits(value));
    }
    return made;
}

std::string ratio_bytes(const word_list& words, std::int64_t divisor, gs::word_size size) {
    std::string bytes;
    return gs::append_ratios(bytes, words.data(), words.size(), divisor, size) ? bytes : "none";
}

bool take_ratios(std::string_view bytes, std::size_t count, gs::word_size size, word_list& out) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::string_view in(exact.data(), exact.size());
    out.assign(count, 0);
    return gs::decode_ratios(in, out.data(), count, size) && in.empty();
}

bool keeps_ratios(const word_list& words, std::int64_t divisor, gs::word_size size) {
    word_list back;
    return take_ratios(ratio_bytes(words, divisor, size), words.size(), size, back) &&
           back == words;
}

}  // namespace

TEST_CASE("ratios: the bytes of decimals and an exception, by hand") {
    std::vector<float> values(17, 0.1F);
    values[1] = -0.0F;
    CHECK(guild::to_hex(ratio_bytes(float_words(values), 10, four)) ==
          "0a"          // divisor
          "01"          // one exception
          "0100000080"  // word 1: -0
          "0202");      // all dividends are 1
    CHECK(keeps_ratios(float_words(values), 10, four));
    CHECK(keeps_ratios(double_words({0.1, 0.2, 0.3, 12345.6}), 10, eight));
}

TEST_CASE("ratios: divisors of decimals and of fractions are found") {
    const auto divisor_of = [](const word_list& words, gs::word_size size) {
        return gs::find_divisor(words.data(), words.size(), size);
    };
    CHECK(divisor_of(float_words({1, 2, 3, 1e6F, -7}), four) == 1);
    CHECK(divisor_of(float_words({0.25F, 0.5F, 0.1F}), four) == 20);
    CHECK(divisor_of(float_words({77.0F / 150, 74.0F / 150, -0.5F, 11.0F / 25}), four) == 150);
    CHECK(divisor_of(float_words({0.9587F, 0.9716F, 0.9721F}), four) == 10'000);
    CHECK(divisor_of(float_words({55403.0F / 60000, 58141.0F / 60000}), four) == 300'000);
    CHECK(divisor_of(double_words({0.1, 1e-7, 3.0000001}), eight) == 10'000'000);
    CHECK(divisor_of(double_words({1234567.0 / 1281167, 7.0 / 1281167}), eight) == 1'281'167);
    CHECK(divisor_of(double_words({1.0 / 3, 2.0 / 7, std::sqrt(2.0), std::exp(1.0)}), eight) == 0);
    CHECK(divisor_of(float_words({0.69314718F, 0.016486658F, 2.71828F, 3.14159274F}), four) == 0);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(divisor_of(float_words({nan, nan, -0.0F, nan}), four) == 0);
}

TEST_CASE("ratios: a divisor larger than necessary is made smaller") {
    const std::string bytes =
        ratio_bytes(float_words({55403.0F / 60000, 58141.0F / 60000}), 300'000, four);
    CHECK(guild::to_hex(bytes.substr(0, 3)) == "e0d403");  // 60000
    CHECK(ratio_bytes(double_words({0.5, 0.25, -1.75}), 1'000, eight) ==
          ratio_bytes(double_words({0.5, 0.25, -1.75}), 4, eight));
}

TEST_CASE("ratios: more than a sixteenth of exceptions is refused and appends nothing") {
    std::vector<float> values(32, 0.5F);
    values[3] = values[4] = -0.0F;
    CHECK(keeps_ratios(float_words(values), 2, four));
    values[5] = std::numeric_limits<float>::infinity();
    std::string bytes = "x";
    const word_list words = float_words(values);
    CHECK_FALSE(gs::append_ratios(bytes, words.data(), words.size(), 2, four));
    CHECK(bytes == "x");
}

TEST_CASE("ratios: no dividend is found for NaN, infinities, -0 and what is too large") {
    std::int64_t dividend = 0;
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(), -0.0, 1e300, 9007199254740994.0}) {
        CAPTURE(value);
        CHECK_FALSE(gs::find_dividend(guild::double_bits(value), 1, eight, dividend));
        const auto single = static_cast<float>(value);
        CHECK_FALSE(gs::find_dividend(guild::float_bits(single), 7, four, dividend));
    }
    REQUIRE(gs::find_dividend(guild::double_bits(-0.3), 10, eight, dividend));
    CHECK(dividend == -3);
}

TEST_CASE("ratios: division in integers gives the bits of the processor's division") {
    constexpr unsigned seed = 20260411;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 200'000; ++round) {
        const auto dividend =
            static_cast<std::int64_t>(random() >> (11 + random() % 53)) * (round % 2 == 0 ? 1 : -1);
        const auto divisor = static_cast<std::int64_t>(random() >> (11 + random() % 52)) + 1;
        CAPTURE(dividend);
        CAPTURE(divisor);
        REQUIRE(gs::detail::divide_slowly(dividend, divisor) ==
                gs::detail::divide(dividend, divisor));
    }
    CHECK(gs::detail::divide_slowly(gs::max_dividend, 1) == guild::double_bits(9007199254740992.0));
    CHECK(gs::detail::divide_slowly(1, gs::max_dividend) == guild::double_bits(0x1p-53));
    CHECK(gs::detail::divide_slowly(2, 3) == guild::double_bits(0x1.5555555555555p-1));
}

TEST_CASE("ratios: bytes that are cut off or cannot be are refused") {
    std::vector<float> values(17, 0.1F);
    values[1] = 1e30F;
    values[9] = 2.5F;
    const std::string bytes = ratio_bytes(float_words(values), 10, four);
    word_list back;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(take_ratios(bytes.substr(0, size), values.size(), four, back));
    }
    CHECK(take_ratios(bytes, values.size(), four, back));
    CHECK_FALSE(take_ratios(std::string_view("\0\0\x02\x02", 4), 3, four, back));  // divisor 0
    CHECK_FALSE(take_ratios("\x01\x04\x02\x02", 3, four, back));                   // 4 of 3 words
    CHECK_FALSE(take_ratios("\x01\x01\x03....\x02\x02", 3, four, back));           // word 3 of 3
    CHECK_FALSE(take_ratios(std::string_view("\x01\0\x02\x84\x80\x80\x80\x80\x80\x80\x20", 11), 3,
                            four,
                            back));  // 2^53 + 2
    CHECK(take_ratios(std::string_view("\x01\0\x02\x80\x80\x80\x80\x80\x80\x80\x20", 11), 3, four,
                      back));
}
