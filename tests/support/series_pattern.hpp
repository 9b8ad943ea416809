// tests/support/series_pattern.hpp - what the program tests/child/series_log.cpp logs, known to
// those who read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <guild/series/point.hpp>
#include <support/random_numbers.hpp>

namespace guild_test {

inline constexpr std::int64_t pattern_keys = 8;
inline constexpr std::int64_t frames_per_key = 40;  // series k begins in frame 40 k

inline std::string pattern_key(std::int64_t series) {
    return "k" + std::to_string(series);
}

inline std::int64_t pattern_series_in(std::int64_t frame) {
    const std::int64_t series = 1 + frame / frames_per_key;
    return series < pattern_keys ? series : pattern_keys;
}

/// The point of a series in a frame of one of several writers.
inline guild::series::point pattern_point(std::int64_t writer, std::int64_t series,
                                          std::int64_t frame) {
    const auto mixed = static_cast<std::uint64_t>(writer * 1'000'003 + series * 1009 + frame);
    return {frame, frame * 13 + writer, random_numbers(mixed).number()};
}

/// Whether these are the first points of a series.
template <class Points>
bool is_pattern(const Points& points, std::int64_t writer, std::int64_t series) {
    std::int64_t frame = series * frames_per_key;
    for (const guild::series::point& one : points) {
        if (one != pattern_point(writer, series, frame++)) {
            return false;
        }
    }
    return true;
}

}  // namespace guild_test
