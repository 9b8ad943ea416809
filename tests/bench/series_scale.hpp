// tests/bench/series_scale.hpp - how large everything in the series benchmark is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

inline std::string count_text(std::int64_t count) {
    return count >= 1'000'000 && count % 1'000'000 == 0 ? std::to_string(count / 1'000'000) + " M"
                                                        : std::to_string(count);
}

struct scale {
    int rounds = 5;
    std::int64_t append_points = 5'000'000;
    std::int64_t sqlite_rows = 500'000;
    std::int64_t legacy_rows = 300;
    std::int64_t curve_frames = 200'000;
    std::size_t listing_runs = 1000;
    std::size_t listing_series = 100;
    std::int64_t listing_points = 300;
    std::int64_t pixel_points = 10'000'000;

    [[nodiscard]] std::string listing_name(const std::string& what) const {
        return "listing, " + what + ", " + std::to_string(listing_runs) + " runs x " +
               std::to_string(listing_series) + " series x " + std::to_string(listing_points) +
               " points";
    }
    [[nodiscard]] std::string pixel_name(const std::string& what) const {
        return "1000 pixels, " + what + ", " + count_text(pixel_points) + " points";
    }
};

/// A hundredth or less of everything.
inline scale quick_scale() {
    scale small;
    small.rounds = 1;
    small.append_points = 50'000;
    small.sqlite_rows = 5'000;
    small.legacy_rows = 3;
    small.curve_frames = 2'000;
    small.listing_runs = 8;
    small.listing_series = 20;
    small.listing_points = 30;
    small.pixel_points = 100'000;
    return small;
}

}  // namespace bench
