#include <guild/series/pyramid.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr double endless = std::numeric_limits<double>::infinity();

gs::point wave_point(std::int64_t i) {
    return {i, 1'700'000'000'000'000 + i * 1000, std::sin(static_cast<double>(i) / 50)};
}

gs::pyramid_piece bucket_of(const std::vector<gs::number>& values) {
    gs::bucket_builder builder;
    std::int64_t step = 0;
    for (const gs::number& value : values) {
        builder.add({step, step * 10, value});
        ++step;
    }
    gs::pyramid_piece piece;
    builder.finish(piece);
    return piece;
}

std::vector<std::int64_t> steps_of(const gs::pyramid_piece& piece) {
    std::vector<std::int64_t> steps;
    for (const gs::point& each : piece.points) {
        steps.push_back(each.step);
    }
    return steps;
}

// All entries of a level, one behind the other.
gs::pyramid_piece read_level(std::string_view payload, gs::pyramid_wish wanted) {
    gs::pyramid_piece all;
    gs::pyramid_piece piece;
    while (!payload.empty()) {
        REQUIRE(gs::decode_piece(payload, wanted, piece));
        all.buckets.insert(all.buckets.end(), piece.buckets.begin(), piece.buckets.end());
        all.points.insert(all.points.end(), piece.points.begin(), piece.points.end());
    }
    return all;
}

}  // namespace

TEST_CASE("bucket: first, smallest, largest and last, each once") {
    CHECK(steps_of(bucket_of({3.0, 9.0, 1.0, 5.0})) == std::vector<std::int64_t>{0, 1, 2, 3});
    CHECK(steps_of(bucket_of({3.0, 4.0, 5.0})) == std::vector<std::int64_t>{0, 2});
    CHECK(steps_of(bucket_of({7.0})) == std::vector<std::int64_t>{0});
    CHECK(steps_of(bucket_of({2.0, 2.0, 2.0})) == std::vector<std::int64_t>{0, 2});
    CHECK(bucket_of({}).buckets.empty());
}

TEST_CASE("bucket: NaN is never smallest or largest, infinities are") {
    const auto mixed = bucket_of({no_number, 1.0, endless, -endless, no_number});
    CHECK(steps_of(mixed) == std::vector<std::int64_t>{0, 2, 3, 4});
    CHECK(mixed.buckets[0].nan == 2);
    CHECK(mixed.buckets[0].infinite == 2);
    CHECK(mixed.buckets[0].points == 5);
    const auto nothing = bucket_of({no_number, no_number, no_number});
    CHECK(steps_of(nothing) == std::vector<std::int64_t>{0, 2});
}

TEST_CASE("bucket: integers over 2^53 are compared exactly") {
    const std::int64_t large = std::int64_t{1} << 53U;
    CHECK(steps_of(bucket_of({large, large + 1, large - 1, large})) ==
          std::vector<std::int64_t>{0, 1, 2, 3});
}

TEST_CASE("pyramid: levels of 256, 4096 and 65536 points agree") {
    gs::pyramid_builder builder;
    const std::int64_t count = 200'000;
    for (std::int64_t i = 0; i < count; ++i) {
        gs::point next = wave_point(i);
        next.value = i == 123'456 ? gs::number(99.0) : next.value;
        next.value = i == 77 ? gs::number(no_number) : next.value;
        builder.add(next);
    }
    std::string payload;
    builder.finish(5, payload);
    for (std::uint32_t level = 0; level < gs::pyramid_levels; ++level) {
        const auto all = read_level(payload, {5, level});
        const auto size = std::uint64_t{gs::bucket_points(level)};
        CHECK(all.buckets.size() == (static_cast<std::uint64_t>(count) + size - 1) / size);
        std::uint64_t points = 0;
        std::uint64_t nan = 0;
        for (const gs::bucket& each : all.buckets) {
            points += each.points;
            nan += each.nan;
        }
        CHECK(points == static_cast<std::uint64_t>(count));
        CHECK(nan == 1);
        CHECK(all.points.front() == wave_point(0));
        CHECK(all.points.back() == wave_point(count - 1));
        bool has_spike = false;
        for (const gs::point& each : all.points) {
            has_spike = has_spike || (each.step == 123'456 && each.value == gs::number(99.0));
        }
        CHECK(has_spike);
    }
    CHECK(read_level(payload, {6, 0}).buckets.empty());
}

TEST_CASE("pyramid: a short series has none, a level of one bucket is left out") {
    gs::pyramid_builder few;
    for (std::int64_t i = 0; i < 511; ++i) {
        few.add(wave_point(i));
    }
    std::string payload;
    few.finish(1, payload);
    CHECK(payload.empty());
    gs::pyramid_builder some;
    for (std::int64_t i = 0; i < 4096; ++i) {
        some.add(wave_point(i));
    }
    some.finish(1, payload);
    CHECK(read_level(payload, {1, 0}).buckets.size() == 16);
    CHECK(read_level(payload, {1, 1}).buckets.empty());
}

TEST_CASE("pyramid: cut and changed entries are refused or read without harm") {
    gs::pyramid_builder builder;
    for (std::int64_t i = 0; i < 2000; ++i) {
        builder.add(wave_point(i));
    }
    std::string payload;
    builder.finish(1, payload);
    gs::pyramid_piece piece;
    for (std::size_t size = 0; size < payload.size(); ++size) {
        std::string_view cut = std::string_view(payload).substr(0, size);
        CHECK_FALSE(gs::decode_piece(cut, {1, 0}, piece));
    }
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string changed = payload;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        std::string_view rest = changed;
        if (gs::decode_piece(rest, {1, 0}, piece)) {
            std::size_t kept = 0;
            for (const gs::bucket& each : piece.buckets) {
                kept += each.kept;
            }
            CHECK(kept == piece.points.size());
        }
    }
}
