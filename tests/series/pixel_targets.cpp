#include <guild/series/pixel_targets.hpp>

#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

gs::pixel_reducer wide_reducer() {
    gs::pixel_request request;
    request.columns = 10;
    return gs::pixel_reducer(request, {0, 100});
}

}  // namespace

TEST_CASE("pixel targets: points are wanted where no pyramid tells") {
    gs::pixel_reducer coarse = wide_reducer();
    gs::pixel_reducer exact = wide_reducer();
    gs::pixel_targets targets;
    CHECK(targets.is_empty());
    targets.add(3, {"coarse", 0, &coarse});
    targets.add(5, {"exact", gs::pyramid_levels, &exact});
    CHECK_FALSE(targets.is_empty());
    int asked = 0;
    const auto two_sections = [&](gs::pyramid_wish wish, gs::pixel_reducer& into) -> std::size_t {
        ++asked;
        CHECK(wish.id == 3);
        CHECK(&into == &coarse);
        return 2;
    };
    targets.enter(0, two_sections);
    CHECK_FALSE(targets.wants(3));
    CHECK(targets.wants(5));
    CHECK_FALSE(targets.wants(4));
    CHECK_FALSE(targets.wants(1'000'000'000));
    targets.enter(1, two_sections);
    CHECK(asked == 1);
    targets.enter(2, [](gs::pyramid_wish, gs::pixel_reducer&) { return std::size_t{0}; });
    CHECK(targets.wants(3));
    targets.add_point(3, {1, 1, 1.0});
    targets.want_all();
    targets.add_point(3, {2, 2, 2.0});
    targets.add_point(5, {3, 3, 3.0});
    CHECK(coarse.finish().points == 2);
    CHECK(exact.finish().points == 1);
}

TEST_CASE("pixel targets: ids may be far apart") {
    gs::pixel_reducer low = wide_reducer();
    gs::pixel_reducer high = wide_reducer();
    gs::pixel_targets targets;
    targets.add(0, {"low", 0, &low});
    targets.add(0xFFFFFFFF, {"high", 0, &high});
    targets.want_all();
    CHECK(targets.wants_any());
    targets.add_point(0xFFFFFFFF, {1, 1, 1.0});
    CHECK_FALSE(targets.wants(0xFFFFFFFE));
    CHECK(high.finish().points == 1);
    targets.enter(0, [](gs::pyramid_wish, gs::pixel_reducer&) { return std::size_t{1}; });
    CHECK_FALSE(targets.wants_any());
}
