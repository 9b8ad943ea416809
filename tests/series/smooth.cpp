#include <guild/series/smooth.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

constexpr double smooth_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double smooth_inf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("smooth: a half, by hand") {
    // averages 2, 3, 1.5 before division by 1/2, 3/4, 7/8
    const auto smoothed = gs::smooth(std::vector<double>{4, 4, 0}, 0.5);
    REQUIRE(smoothed.size() == 3);
    CHECK(smoothed[0] == 4.0);
    CHECK(smoothed[1] == 4.0);
    CHECK(smoothed[2] == 1.5 / 0.875);
}

TEST_CASE("smooth: NaN and infinities pass without changing the average") {
    const auto plain = gs::smooth(std::vector<double>{1, 5, 2}, 0.75);
    const auto smoothed = gs::smooth(
        std::vector<double>{smooth_nan, 1, smooth_inf, 5, smooth_nan, -smooth_inf, 2}, 0.75);
    REQUIRE(smoothed.size() == 7);
    CHECK(std::isnan(smoothed[0]));
    CHECK(smoothed[1] == plain[0]);
    CHECK(smoothed[2] == smooth_inf);
    CHECK(smoothed[3] == plain[1]);
    CHECK(std::isnan(smoothed[4]));
    CHECK(smoothed[5] == -smooth_inf);
    CHECK(smoothed[6] == plain[2]);
}

TEST_CASE("smooth: equal values stay what they are, whatever rounding would do") {
    const std::vector<double> values(1000, 0.1);
    CHECK(gs::smooth(values, 0.6) == values);
    CHECK(gs::smooth(std::vector<double>{}, 0.6).empty());
}

TEST_CASE("smooth: a weight of 0 changes nothing, one of 1 gives the mean so far") {
    const std::vector<double> values = {4, 1, 4, 3};
    CHECK(gs::smooth(values, 0) == values);
    CHECK(gs::smooth(values, -1) == values);
    CHECK(gs::smooth(values, smooth_nan) == values);
    CHECK(gs::smooth(values, 1) == std::vector<double>{4, 2.5, 3, 3});
    CHECK(gs::smooth(values, smooth_inf) == std::vector<double>{4, 2.5, 3, 3});
}

TEST_CASE("smooth: a weight just below 1 comes near the mean so far") {
    const std::vector<double> values = {4, 1, 4, 3};
    const auto smoothed = gs::smooth(values, 1 - 1e-9);
    const auto means = gs::smooth(values, 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(std::fabs(smoothed[i] - means[i]) < 1e-6);
    }
}

TEST_CASE("smooth: takes the points of a series") {
    const std::vector<gs::point> points = {{1, 1, 4}, {2, 2, 4.0}, {3, 3, 0.0}};
    CHECK(gs::smooth(points, 0.5) == gs::smooth(std::vector<double>{4, 4, 0}, 0.5));
}
