#include <guild/series/point.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("number: equal means equal kind and equal bits") {
    CHECK(gs::number(1.0) == gs::number(1.0));
    CHECK(gs::number(1.0) != gs::number(1));
    CHECK(gs::number(0.0) != gs::number(-0.0));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(gs::number(nan) == gs::number(nan));
    CHECK(gs::number(1.5F) == gs::number(1.5));
}

TEST_CASE("number: integers are kept beyond what a double holds") {
    const std::int64_t odd = (std::int64_t{1} << 53U) + 1;
    CHECK(gs::number(odd).as_int64() == odd);
    CHECK(gs::number(odd).as_double() == 9007199254740992.0);
    CHECK(gs::number(std::numeric_limits<std::int64_t>::min()).as_double() == -0x1p63);
}

TEST_CASE("is_less: integers are compared exactly, NaN is less than nothing") {
    const std::int64_t large = std::int64_t{1} << 53U;
    CHECK(gs::is_less(large, large + 1));
    CHECK_FALSE(gs::is_less(large + 1, large));
    CHECK(gs::is_less(1, 1.5));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(gs::is_less(nan, 1.0));
    CHECK_FALSE(gs::is_less(1.0, nan));
}

TEST_CASE("summary: counts what is finite and what is not") {
    gs::series_summary sum;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    CHECK_FALSE(sum.has_finite());
    std::int64_t step = 5;
    for (const double value : {nan, 2.0, -inf, -3.0, inf, 1.0}) {
        sum.add({step, step * 10, value});
        --step;
    }
    CHECK(sum.count == 6);
    CHECK(sum.nan == 1);
    CHECK(sum.inf == 2);
    CHECK(sum.min == gs::number(-3.0));
    CHECK(sum.max == gs::number(2.0));
    CHECK(sum.first.step == 5);
    CHECK(sum.last == gs::point{0, 0, 1.0});
    CHECK(sum.min_step == 0);
    CHECK(sum.max_step == 5);
}

TEST_CASE("summary: two halves make the whole") {
    gs::series_summary whole;
    gs::series_summary halves[2];
    for (int i = 0; i < 20; ++i) {
        const gs::point one{i, i, std::sin(i)};
        whole.add(one);
        halves[i < 7 ? 0 : 1].add(one);
    }
    gs::series_summary sum;
    sum.add(gs::series_summary{});
    sum.add(halves[0]);
    sum.add(halves[1]);
    CHECK(sum.count == whole.count);
    CHECK(sum.first == whole.first);
    CHECK(sum.last == whole.last);
    CHECK(sum.min == whole.min);
    CHECK(sum.max == whole.max);
    CHECK(sum.max_step == 19);
}
