#include <guild/tfevents/histogram.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

// What every histogram of these values has to be; returns it.
tf::histogram_buckets must_make(const std::vector<double>& values, std::size_t buckets) {
    const tf::histogram_buckets made = tf::make_histogram(values, buckets);
    double finite = 0;
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const double value : values) {
        if (std::isfinite(value)) {
            ++finite;
            low = std::fmin(low, value);
            high = std::fmax(high, value);
        }
    }
    double sum = 0;
    for (std::size_t i = 0; i < made.size(); ++i) {
        REQUIRE(std::isfinite(made[i].left));
        REQUIRE(std::isfinite(made[i].right));
        REQUIRE(made[i].left <= made[i].right);
        REQUIRE((i == 0 || made[i - 1].right == made[i].left));
        sum += made[i].count;
    }
    CHECK(sum == finite);
    if (!made.empty() && low < high) {
        CHECK(made.size() == buckets);
        CHECK(made.front().left == low);
        CHECK(made.back().right == high);
    }
    return made;
}

}  // namespace

TEST_CASE("histogram: three buckets, by hand") {
    const tf::histogram_buckets made = must_make({0, 0.5, 1, 1.5, 2.9, 3}, 3);
    REQUIRE(made.size() == 3);
    CHECK(made[0].left == 0);
    CHECK(made[0].right == doctest::Approx(1.0));
    CHECK(made[0].count == 2);  // 1 is the left end of the second
    CHECK(made[1].count == 2);
    CHECK(made[2].count == 2);  // the right end of the last belongs to it
    CHECK(made[2].right == 3);
}

TEST_CASE("histogram: no values, no buckets") {
    CHECK(tf::make_histogram(std::vector<double>()).empty());
    CHECK(tf::make_histogram(nullptr, 0).empty());
    CHECK(tf::make_histogram(std::vector<double>{1, 2}, 0).empty());
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(tf::make_histogram({std::nan(""), infinity, -infinity}).empty());
}

TEST_CASE("histogram: equal values are in one bucket, 1 wide") {
    const tf::histogram_buckets made = must_make({7, 7, 7}, 30);
    REQUIRE(made.size() == 1);
    CHECK(made[0].left == 6.5);
    CHECK(made[0].right == 7.5);
    CHECK(made[0].count == 3);
    CHECK(must_make({-0.0, 0.0}, 30).size() == 1);
}

TEST_CASE("histogram: what is no finite number is left out") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(must_make({1, infinity, 2, std::nan(""), -infinity}, 2).size() == 2);
}

TEST_CASE("histogram: the whole range of doubles does not overflow") {
    const double most = std::numeric_limits<double>::max();
    const tf::histogram_buckets made = must_make({-most, 0, most}, 30);
    CHECK(made.front().count == 1);
    CHECK(made.back().count == 1);
    CHECK(made[15].left == 0);
    CHECK(made[15].count == 1);
}

TEST_CASE("histogram: neighbouring and tiny numbers give edges in order") {
    const double tiny = std::numeric_limits<double>::denorm_min();
    for (const std::size_t buckets : {1U, 2U, 3U, 7U, 30U, 1000U}) {
        CAPTURE(buckets);
        (void)must_make({0, tiny}, buckets);
        (void)must_make({-tiny, 2 * tiny}, buckets);
        (void)must_make({1, std::nextafter(1.0, 2.0)}, buckets);
        std::mt19937_64 random(5);
        for (int round = 0; round < 200; ++round) {
            const double low = std::ldexp(static_cast<double>(random() % 100'000'000) - 5e7,
                                          static_cast<int>(random() % 60) - 30);
            double high = low;
            for (std::size_t steps = 1 + random() % 6; steps > 0; --steps) {
                high = std::nextafter(high, std::numeric_limits<double>::infinity());
            }
            (void)must_make({low, high, low}, buckets);
        }
    }
}
