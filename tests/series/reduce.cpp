#include <guild/series/reduce.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<gs::point> points_with(const std::vector<double>& values) {
    std::vector<gs::point> points;
    for (const double value : values) {
        const auto step = static_cast<std::int64_t>(points.size()) * 10 + 100;
        points.push_back({step, step * 250'000, value});
    }
    return points;
}

}  // namespace

TEST_CASE("reduce: every word, by hand") {
    const auto points = points_with({4, 1, 3, 9, 5, 2});  // at steps 100, 110, ... 150
    CHECK(gs::reduce("first", points) == 4.0);
    CHECK(gs::reduce("last", points) == 2.0);
    CHECK(gs::reduce("min", points) == 1.0);
    CHECK(gs::reduce("max", points) == 9.0);
    CHECK(gs::reduce("argmin", points) == 110.0);
    CHECK(gs::reduce("argmax", points) == 130.0);
    CHECK(gs::reduce("average", points) == 4.0);
    CHECK(gs::reduce("mean", points) == 4.0);
    CHECK(gs::reduce("median", points) == 3.5);
    CHECK(gs::reduce("last_5_average", points) == 4.0);
    CHECK(gs::reduce("last_2_average", points) == 3.5);
    CHECK(gs::reduce("last_100_average", points) == 4.0);
    CHECK(gs::reduce("at_130", points) == 9.0);
    CHECK(gs::reduce("at_131", points) == std::nullopt);
    CHECK(gs::reduce("p0", points) == 1.0);
    CHECK(gs::reduce("p50", points) == 3.5);
    CHECK(gs::reduce("p90", points) == 7.0);  // place 4.5 of 1 2 3 4 5 9
    CHECK(gs::reduce("p100", points) == 9.0);
    CHECK(gs::reduce("steps", points) == 50.0);
    CHECK(gs::reduce("duration", points) == 12.5);
}

TEST_CASE("reduce: a reducer made by hand does what its word does") {
    const auto points = points_with({4, 1, 3, 9, 5, 2});
    CHECK(gs::reduce({gs::reduction::argmax}, points) == 130.0);
    CHECK(gs::reduce({gs::reduction::last_average, 2}, points) == 3.5);
    CHECK(gs::reduce({gs::reduction::at_step, 130}, points) == 9.0);
    CHECK(gs::reduce({gs::reduction::percentile, 0, 90}, points) == 7.0);
    CHECK(gs::reduce({gs::reduction::percentile, 0, 101}, points) == std::nullopt);
    CHECK(gs::reduce({gs::reduction::percentile, 0, not_a_number}, points) == std::nullopt);
    CHECK(gs::reduce({gs::reduction::last_average, -1}, points) == std::nullopt);
}

TEST_CASE("find_reducer: the forms of words with numbers") {
    CHECK(gs::find_reducer("last_7_average")->number == 7);
    CHECK(gs::find_reducer("at_0")->number == 0);
    CHECK(gs::find_reducer("at_-5")->number == -5);
    CHECK(gs::find_reducer("at_9223372036854775807")->number ==
          std::numeric_limits<std::int64_t>::max());
    CHECK(gs::find_reducer("at_-9223372036854775808")->number ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(gs::find_reducer("p99.9")->percent == 99.9);
    CHECK(gs::find_reducer("p0.1")->percent == 0.1);
    CHECK(gs::find_reducer("p100")->percent == 100.0);
    CHECK(gs::find_reducer("p100.00")->percent == 100.0);
    for (const std::string_view word : gs::reducer_words()) {
        CHECK(gs::is_reducer(word));
    }
}

TEST_CASE("reduce: an unknown word or no points give nothing") {
    const auto points = points_with({1});
    for (const std::string_view word : {"",
                                        "Last",
                                        "last_",
                                        "last__average",
                                        "last_0_average",
                                        "last_x_average",
                                        "last_-1_average",
                                        "last_99999999999999999999_average",
                                        "at_",
                                        "at_-",
                                        "at_x",
                                        "at_1.5",
                                        "at_9223372036854775808",
                                        "at_-9223372036854775809",
                                        "at_+1",
                                        "p",
                                        "p-1",
                                        "p100.1",
                                        "p101",
                                        "p1e1",
                                        "p.5",
                                        "p5.",
                                        "p 5",
                                        "p1000",
                                        "percentile"}) {
        INFO(word);
        CHECK_FALSE(gs::is_reducer(word));
        CHECK(gs::reduce(word, points) == std::nullopt);
    }
    for (const std::string_view word : gs::reducer_words()) {
        CHECK(gs::reduce(word, {}) == std::nullopt);
    }
}

TEST_CASE("reduce: NaN is left out of all but first, last and at, infinities are not") {
    const auto points = points_with({not_a_number, 1, inf, 3, not_a_number});
    CHECK(std::isnan(*gs::reduce("first", points)));
    CHECK(std::isnan(*gs::reduce("last", points)));
    CHECK(std::isnan(*gs::reduce("at_100", points)));
    CHECK(gs::reduce("min", points) == 1.0);
    CHECK(gs::reduce("max", points) == inf);
    CHECK(gs::reduce("argmin", points) == 110.0);
    CHECK(gs::reduce("argmax", points) == 120.0);
    CHECK(gs::reduce("median", points) == 3.0);
    CHECK(gs::reduce("p25", points) == 2.0);  // of 1 3 inf
    CHECK(gs::reduce("p75", points) == inf);
    CHECK(gs::reduce("average", points) == inf);
    CHECK(gs::reduce("last_2_average", points) == 3.0);
    for (const std::string_view word :
         {"min", "max", "argmin", "argmax", "average", "median", "p9", "last_9_average"}) {
        CHECK(gs::reduce(word, points_with({not_a_number})) == std::nullopt);
    }
    CHECK(gs::reduce("last_1_average", points) == std::nullopt);
}

TEST_CASE("reduce: of equal extremes the first counts, of repeated steps the last") {
    const std::vector<gs::point> points = {
        {7, 1, 2.0}, {5, 2, 1.0}, {5, 3, 9.0}, {6, 4, 1.0}, {8, 5, 9.0}};
    CHECK(gs::reduce("argmin", points) == 5.0);
    CHECK(gs::reduce("argmax", points) == 5.0);
    CHECK(gs::reduce("at_5", points) == 9.0);
}

TEST_CASE("reduce: integers beyond 2^53 are compared exactly") {
    constexpr std::int64_t large = std::int64_t{1} << 53;
    const std::vector<gs::point> points = {{1, 1, large}, {2, 2, large + 1}, {3, 3, large}};
    CHECK(gs::reduce("argmax", points) == 2.0);
}

// numpy.percentile(values, q) of numpy 2.4, with 17 digits.
TEST_CASE("reduce: percentiles are numpy's") {
    const auto points = points_with({0.1, 0.7, 0.3, 2.5, -1.25, 1e-3, 40});
    const std::pair<std::string_view, double> wanted[] = {
        {"p0", -1.25},
        {"p1", -1.1749400000000001},
        {"p10", -0.49939999999999984},
        {"p33.3", 0.099801999999999988},
        {"p50", 0.29999999999999999},
        {"p66", 0.68399999999999994},
        {"p90", 17.500000000000014},
        {"p99.9", 39.775000000000027},
        {"p100", 40},
    };
    for (const auto& each : wanted) {
        INFO(each.first);
        CHECK(std::fabs(*gs::reduce(each.first, points) - each.second) <= 1e-14);
    }
}

TEST_CASE("reduce: a percentile between the largest doubles does not overflow") {
    CHECK(gs::reduce("p50", points_with({-1.5e308, 1.5e308})) == 0.0);
    CHECK(gs::reduce("p50", points_with({-inf, 5})) == -inf);
    CHECK(gs::reduce("p50", points_with({inf, inf})) == inf);
}

TEST_CASE("reduce: one point is its own everything") {
    const auto points = points_with({7});
    CHECK(gs::reduce("median", points) == 7.0);
    CHECK(gs::reduce("steps", points) == 0.0);
    CHECK(gs::reduce("duration", points) == 0.0);
}

TEST_CASE("reduce_columns: first, smallest, largest and last of each column, in order") {
    const auto reduced = gs::reduce_columns(points_with({5, 9, 1, 6, 2, 2, 2, 2}), 2);
    const auto wanted = points_with({5, 9, 1, 6, 2, 2, 2, 2});
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
    const auto points = points_with(values);
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
    const auto points = points_with({3, not_a_number, inf, -1, 2});
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
