// tests/support/nasty_numbers.hpp - the numbers, steps and times on which text and files go wrong.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <guild/series/point.hpp>

namespace guild_test {

inline std::vector<guild::series::number> nasty_numbers() {
    using guild::series::number;
    using guild::series::number_kind;
    std::vector<number> all;
    constexpr std::uint64_t reals[] = {
        0x0000000000000000U, 0x8000000000000000U,   // zeros
        0x0000000000000001U, 0x8000000000000001U,   // the smallest
        0x000FFFFFFFFFFFFFU, 0x0010000000000000U,   // around the smallest normal
        0x36A0000000000000U, 0x3690000000000000U,   // the smallest float, and half of it
        0x47EFFFFFE0000000U, 0x47EFFFFFF0000000U,   // the largest float, and what rounds beyond
        0x7FEFFFFFFFFFFFFFU, 0xFFEFFFFFFFFFFFFFU,   // the largest
        0x7FF0000000000000U, 0xFFF0000000000000U,   // infinities
        0x7FF8000000000000U, 0xFFF8000000000000U,   // NaN
        0x7FF0000000000001U, 0xFFF0000000000001U,   // signalling NaN
        0x7FFFFFFFFFFFFFFFU, 0x7FF8000020000000U,   // other payloads, the last one a float's
        0x3FB999999999999AU, 0x3FF0000000000001U,   // 0.1, the double behind 1
        0x4340000000000000U, 0x4340000000000001U};  // 2^53, 2^53 + 2
    for (const std::uint64_t bits : reals) {
        all.push_back(number::from_bits(number_kind::real, bits));
    }
    constexpr std::int64_t large = std::int64_t{1} << 53;
    constexpr std::int64_t integers[] = {0,
                                         -1,
                                         16777217,
                                         large - 1,
                                         large,
                                         large + 1,
                                         -large - 1,
                                         std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max()};
    for (const std::int64_t value : integers) {
        all.emplace_back(value);
    }
    for (const double value : {5.0, 0.5, 1e15, 1e16, 1e22, 123456.789, 1.7976931348623157e308}) {
        all.emplace_back(value);
    }
    return all;
}

/// Steps and times at the limits, each with every number.
inline std::vector<guild::series::point> nasty_points() {
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t century_us = std::int64_t{3'155'760'000} * 1'000'000;
    const std::int64_t steps[] = {0, -1, 1, lowest, highest, 7, 7};
    const std::int64_t times[] = {
        1'700'000'000'123'457,      0, -1, 1, -century_us - 1, (std::int64_t{1} << 52) - 1,
        1 - (std::int64_t{1} << 52)};
    std::vector<guild::series::point> all;
    for (const guild::series::number& value : nasty_numbers()) {
        all.push_back({steps[all.size() % 7], times[all.size() / 3 % 7], value});
    }
    return all;
}

/// Keys that formats have to quote, escape or mend.
inline std::vector<std::string> nasty_keys() {
    return {"loss",
            "train/loss",
            "tf/a b",
            "a,b",
            "a\"b\"",
            "\"",
            "line\nend",
            "cr\rlf\r\n",
            "\ttab",
            std::string("nul\0end", 7),
            " blank ",
            "{\"key\":",
            "key",
            "",
            "\xEF\xBB\xBFmark",
            "\xC3\xA4\xE2\x82\xAC",
            "\xFF\xFE",
            "\xFF\xFF",
            "\xED\xA0\x80",
            "\xF0\x9F\x98\x80",
            "\x7F\x01\x1B[31m",
            "=1+1",
            "NaN",
            "1,2",
            std::string(4096, 'k')};
}

}  // namespace guild_test
