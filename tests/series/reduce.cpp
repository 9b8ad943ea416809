#include <guild/series/reduce.hpp>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<gs::point> points_of(const std::vector<double>& values) {
    std::vector<gs::point> points;
    for (const double value : values) {
        const auto step = static_cast<std::int64_t>(points.size()) * 10 + 100;
        points.push_back({step, step * 250'000, value});
    }
    return points;
}

}  // namespace

TEST_CASE("reduce: every word, by hand") {
    const auto points = points_of({4, 1, 3, 9, 5, 2});
    CHECK(gs::reduce("first", points) == 4.0);
    CHECK(gs::reduce("last", points) == 2.0);
    CHECK(gs::reduce("min", points) == 1.0);
    CHECK(gs::reduce("max", points) == 9.0);
    CHECK(gs::reduce("average", points) == 4.0);
    CHECK(gs::reduce("mean", points) == 4.0);
    CHECK(gs::reduce("median", points) == 3.5);
    CHECK(gs::reduce("last_5_average", points) == 4.0);
    CHECK(gs::reduce("last_2_average", points) == 3.5);
    CHECK(gs::reduce("last_100_average", points) == 4.0);
    CHECK(gs::reduce("steps", points) == 50.0);
    CHECK(gs::reduce("duration", points) == 12.5);
}

TEST_CASE("reduce: an unknown word or no points give nothing") {
    const auto points = points_of({1});
    for (const std::string_view word :
         {"", "Last", "last_", "last__average", "last_0_average", "last_x_average",
          "last_-1_average", "last_99999999999999999999_average"}) {
        CHECK_FALSE(gs::is_reducer(word));
        CHECK(gs::reduce(word, points) == std::nullopt);
    }
    CHECK(gs::is_reducer("last_5_average"));
    CHECK(gs::reduce("last", {}) == std::nullopt);
}

TEST_CASE("reduce: NaN is left out of all but first and last, infinities are not") {
    const auto points = points_of({not_a_number, 1, inf, 3, not_a_number});
    CHECK(std::isnan(*gs::reduce("first", points)));
    CHECK(std::isnan(*gs::reduce("last", points)));
    CHECK(gs::reduce("min", points) == 1.0);
    CHECK(gs::reduce("max", points) == inf);
    CHECK(gs::reduce("median", points) == 3.0);
    CHECK(gs::reduce("average", points) == inf);
    CHECK(gs::reduce("last_2_average", points) == 3.0);
    CHECK(gs::reduce("min", points_of({not_a_number})) == std::nullopt);
    CHECK(gs::reduce("last_1_average", points) == std::nullopt);
}

TEST_CASE("reduce: one point is its own everything") {
    const auto points = points_of({7});
    CHECK(gs::reduce("median", points) == 7.0);
    CHECK(gs::reduce("steps", points) == 0.0);
    CHECK(gs::reduce("duration", points) == 0.0);
}

TEST_CASE("reduce_columns: first, smallest, largest and last of each column, in order") {
    const auto reduced = gs::reduce_columns(points_of({5, 9, 1, 6, 2, 2, 2, 2}), 2);
    const auto wanted = points_of({5, 9, 1, 6, 2, 2, 2, 2});
    REQUIRE(reduced.size() == 6);
    CHECK(reduced[0] == wanted[0]);
    CHECK(reduced[1] == wanted[1]);
    CHECK(reduced[2] == wanted[2]);
    CHECK(reduced[3] == wanted[3]);
    CHECK(reduced[4] == wanted[4]);  // a flat column: smallest and largest are its first
    CHECK(reduced[5] == wanted[7]);
}

TEST_CASE("reduce_columns: a spike of one point survives every width") {
    std::vector<double> values(10'000, 0.5);
    values[7'321] = 100;
    values[1'234] = -100;
    const auto points = points_of(values);
    for (const std::size_t columns : {0U, 1U, 7U, 100U, 9'999U, 20'000U}) {
        const auto reduced = gs::reduce_columns(points, columns);
        CHECK(reduced.size() <= 4 * std::max<std::size_t>(columns, 1));
        CHECK(gs::reduce("max", reduced) == 100.0);
        CHECK(gs::reduce("min", reduced) == -100.0);
        CHECK(reduced.front() == points.front());
        CHECK(reduced.back() == points.back());
    }
}

TEST_CASE("reduce_columns: with a column for each point nothing is left out") {
    const auto points = points_of({3, not_a_number, inf, -1, 2});
    CHECK(gs::reduce_columns(points, 1000) == points);
    CHECK(gs::reduce_columns({}, 10).empty());
}

TEST_CASE("reduce_columns: steps that repeat, go back or lie at the limits do no harm") {
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    const std::vector<gs::point> points = {
        {high, 1, 1.0}, {low, 2, 2.0}, {0, 3, not_a_number}, {high, 4, 4.0}};
    CHECK(gs::reduce_columns(points, 3).size() == 4);
    const std::vector<gs::point> same = {{7, 1, 1.0}, {7, 2, 3.0}, {7, 3, 2.0}};
    CHECK(gs::reduce_columns(same, 5) == same);
}
