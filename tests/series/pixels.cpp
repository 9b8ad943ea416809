#include <guild/series/pixels.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/reduce.hpp>

namespace gs = guild::series;

namespace {

std::vector<gs::point> noisy_line(std::int64_t count) {
    std::vector<gs::point> points;
    std::uint32_t random = 7;
    for (std::int64_t i = 0; i < count; ++i) {
        random = random * 1664525U + 1013904223U;
        points.push_back({i, i * 1000, static_cast<double>(random >> 8U) / 1e7});
    }
    return points;
}

gs::pixel_view view_of(const std::vector<gs::point>& points, const gs::pixel_request& request,
                       gs::pixel_reducer::extent axis) {
    gs::pixel_reducer reducer(request, axis);
    for (const gs::point& each : points) {
        reducer.add(each);
    }
    return reducer.finish();
}

}  // namespace

TEST_CASE("pixels: from points they are what reduce_columns gives") {
    const auto points = noisy_line(10'000);
    for (const std::size_t columns : {1U, 2U, 7U, 100U, 999U}) {
        gs::pixel_request request;
        request.columns = columns;
        const auto view = view_of(points, request, {0, 9999});
        CHECK(view.kept == gs::reduce_columns(points, columns));
        CHECK(view.points == 10'000);
        CHECK(view.is_exact);
    }
}

TEST_CASE("pixels: where they are few every point in the range is kept") {
    const auto points = noisy_line(1000);
    gs::pixel_request request;
    request.columns = 3;
    request.range.min_step = 900;
    request.most_exact = 99;
    CHECK_FALSE(view_of(points, request, {900, 999}).is_whole);
    request.most_exact = 100;
    const auto view = view_of(points, request, {900, 999});
    CHECK(view.is_whole);
    CHECK(view.points == 100);
    CHECK(view.kept == std::vector<gs::point>(points.begin() + 900, points.end()));
}

TEST_CASE("pixels: a spike of one point is kept at every width") {
    auto points = noisy_line(3000);
    points[1234].value = 1e9;
    for (std::size_t columns = 1; columns < 400; columns += 13) {
        gs::pixel_request request;
        request.columns = columns;
        const auto view = view_of(points, request, {0, 2999});
        CHECK(std::find(view.kept.begin(), view.kept.end(), points[1234]) != view.kept.end());
        CHECK(view.kept.size() <= 4 * columns);
    }
}

TEST_CASE("pixels: only what is in the range counts, by step and by time") {
    const auto points = noisy_line(1000);
    gs::pixel_request request;
    request.columns = 10;
    request.range.min_step = 100;
    request.range.max_step = 199;
    auto view = view_of(points, request, {100, 199});
    CHECK(view.points == 100);
    CHECK(view.kept.front().step == 100);
    CHECK(view.kept.back().step == 199);
    request = {};
    request.axis = gs::x_axis::time;
    request.columns = 4;
    request.range.max_time_us = 50'000;
    view = view_of(points, request, {0, 50'000});
    CHECK(view.points == 51);
    CHECK(view.kept.back().step == 50);
}

TEST_CASE("pixels: whole buckets give each column what their points hold") {
    const auto points = noisy_line(256 * 64);
    gs::pixel_request request;
    request.columns = 16;
    gs::pixel_reducer reducer(request, {0, 256 * 64 - 1});
    gs::pyramid_piece piece;
    for (std::size_t i = 0; i < points.size(); i += 256) {
        gs::bucket_builder builder;
        for (std::size_t k = i; k < i + 256; ++k) {
            builder.add(points[k]);
        }
        builder.finish(piece);
    }
    const gs::point* kept = piece.points.data();
    for (const gs::bucket& each : piece.buckets) {
        reducer.add(each, kept);
        kept += each.kept;
    }
    const auto view = reducer.finish();
    CHECK(view.kept == gs::reduce_columns(points, 16));  // the borders are the buckets' own here
    CHECK(view.points == points.size());
    CHECK_FALSE(view.is_exact);
}

TEST_CASE("pixels: NaN and infinities are counted, limits of int64 do no harm") {
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    const std::vector<gs::point> points = {{low, low, std::numeric_limits<double>::quiet_NaN()},
                                           {0, 0, std::numeric_limits<double>::infinity()},
                                           {high, high, -1.0}};
    gs::pixel_request request;
    request.columns = 0;
    auto view = view_of(points, request, {low, high});
    CHECK(view.nan == 1);
    CHECK(view.infinite == 1);
    CHECK(view.points == 3);
    request.columns = 1000;
    CHECK(view_of(points, request, {low, high}).kept == points);
    CHECK(view_of(points, request, {high, low}).kept.size() == 3);
    CHECK(view_of({}, request, {0, 0}).kept.empty());
}

TEST_CASE("pixels: a level is used when it gives each column two buckets") {
    CHECK(gs::level_for(0, 1000) == gs::pyramid_levels);
    CHECK(gs::level_for(511'999, 1000) == gs::pyramid_levels);
    CHECK(gs::level_for(512'000, 1000) == 0);
    CHECK(gs::level_for(10'000'000, 1000) == 1);
    CHECK(gs::level_for(1'000'000'000, 1000) == 2);
    CHECK(gs::level_for(512, 0) == 0);
}
