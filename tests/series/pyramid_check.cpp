#include <guild/series/pyramid_check.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/random_numbers.hpp>

namespace gs = guild::series;

namespace {

std::vector<gs::point> far_points(std::int64_t count) {
    guild_test::random_numbers random(31);
    std::vector<gs::point> points;
    for (std::int64_t i = 0; i < count; ++i) {
        const bool is_odd = random.once_in(50);
        points.push_back({i, i * 7,
                          is_odd ? gs::number(std::numeric_limits<double>::quiet_NaN())
                                 : gs::number(static_cast<double>(random.below(1000)))});
    }
    return points;
}

std::string whole_pyramid(const std::vector<gs::point>& points) {
    gs::pyramid_builder builder;
    for (const gs::point& each : points) {
        builder.add(each);
    }
    std::string payload;
    builder.finish(5, payload);
    return payload;
}

bool is_right_of(const std::vector<gs::point>& points, const std::string& payload) {
    gs::pyramid_check check;
    for (const gs::point& each : points) {
        check.add(5, each);
    }
    REQUIRE(check.add_pyramid(payload));
    check.end_section();
    return check.is_right(5);
}

// The entries of a pyramid, each changed by `change(pyramid_piece&)`.
template <class Change>
std::string with_pieces(std::string_view payload, Change&& change) {
    std::string changed;
    while (!payload.empty()) {
        gs::pyramid_piece piece;
        REQUIRE(gs::decode_piece(payload, {5, static_cast<std::uint32_t>(payload[1])}, piece));
        change(piece);
        gs::append_piece(changed, piece);
    }
    return changed;
}

}  // namespace

TEST_CASE("pyramid check: the pyramids that guild writes are right") {
    for (const std::int64_t count : {512, 513, 4096, 5000, 70'000, 300'000}) {
        CAPTURE(count);
        const auto points = far_points(count);
        CHECK(is_right_of(points, whole_pyramid(points)));
    }
}

TEST_CASE("pyramid check: a kept point of any level that is not the file's is found") {
    const auto points = far_points(200'000);
    const std::string good = whole_pyramid(points);
    CHECK(with_pieces(good, [](gs::pyramid_piece&) {}) == good);
    for (std::uint32_t level = 0; level < gs::pyramid_levels; ++level) {
        CAPTURE(level);
        const auto lie = [&](auto&& change) {
            return with_pieces(good, [&](gs::pyramid_piece& piece) {
                if (piece.level == level) {
                    change(piece.points[piece.points.size() / 2]);
                }
            });
        };
        CHECK_FALSE(is_right_of(points, lie([](gs::point& at) { at.value = 1e9; })));
        CHECK_FALSE(is_right_of(points, lie([](gs::point& at) { ++at.step; })));
        CHECK_FALSE(is_right_of(points, lie([](gs::point& at) { --at.time_us; })));
    }
}

TEST_CASE("pyramid check: points that a pyramid leaves out, and one that is missing, are found") {
    auto points = far_points(1000);
    const std::string good = whole_pyramid(points);
    points.push_back({1000, 1000, 0.5});
    CHECK_FALSE(is_right_of(points, good));
    CHECK_FALSE(is_right_of(points, {}));
    CHECK_FALSE(is_right_of({}, good));
}

TEST_CASE("pyramid check: buckets that are cut elsewhere are right when their sums are") {
    const auto points = far_points(1000);
    gs::pyramid_piece piece;
    piece.id = 5;
    gs::bucket_builder bucket;
    for (const gs::point& each : points) {
        bucket.add(each);
        if (bucket.points() == 100) {
            bucket.finish(piece);
        }
    }
    std::string payload;
    gs::append_piece(payload, piece);
    CHECK(is_right_of(points, payload));
    ++piece.buckets[3].nan;
    payload.clear();
    gs::append_piece(payload, piece);
    CHECK_FALSE(is_right_of(points, payload));
}

TEST_CASE("pyramid check: an index ends the open buckets, and no pyramid forgets their points") {
    const auto points = far_points(2000);
    gs::pyramid_check check;
    gs::pyramid_piece piece;
    piece.id = 5;
    gs::bucket_builder bucket;
    for (std::size_t i = 0; i < points.size(); ++i) {
        check.add(5, points[i]);
        bucket.add(points[i]);
        if (bucket.points() == 256) {
            bucket.finish(piece);
        }
        if (i % 700 == 699) {
            check.end_section();
            bucket.finish(piece);
        }
    }
    bucket.finish(piece);
    std::string payload;
    gs::append_piece(payload, piece);
    REQUIRE(check.add_pyramid(payload));
    check.end_section();
    CHECK(check.is_right(5));
    check.clear_points();
    CHECK_FALSE(check.is_right(5));
}

TEST_CASE("pyramid check: bad bytes are refused") {
    const std::string good = whole_pyramid(far_points(600));
    gs::pyramid_check check;
    CHECK_FALSE(check.add_pyramid(good.substr(0, good.size() - 1)));
    CHECK_FALSE(check.add_pyramid("\x05"));
    CHECK_FALSE(check.add_pyramid(std::string("\x05\x10\x01\x00", 4)));  // level 16
    CHECK(check.add_pyramid({}));
}
