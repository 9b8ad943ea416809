#include <guild/runs/event_time.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>

#include <doctest/doctest.h>

namespace runs = guild::runs;

namespace {

std::int64_t there_and_back(std::int64_t time_us) {
    return runs::find_event_time_us(runs::to_event_time(time_us)).value();
}

}  // namespace

TEST_CASE("event time: microseconds come back for every year up to 2242") {
    constexpr std::int64_t limit = (std::int64_t{1} << 33) * 1'000'000;
    constexpr std::uint64_t seed = 20250118;
    MESSAGE("seed " << seed);
    std::mt19937_64 random(seed);
    int wrong = 0;
    for (int i = 0; i < 200'000; ++i) {
        const auto spread = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
        const std::int64_t size = i % 2 == 0 ? spread : spread >> (random() % 53);
        wrong += there_and_back(size) == size && there_and_back(-size) == -size ? 0 : 1;
    }
    CHECK(wrong == 0);
    for (const std::int64_t base : {std::int64_t{1} << 51, std::int64_t{1} << 52,
                                    (std::int64_t{1} << 32) * 1'000'000, limit - 2000}) {
        for (std::int64_t i = -1000; i < 1000; ++i) {
            wrong += there_and_back(base + i) == base + i ? 0 : 1;
            wrong += there_and_back(-base - i) == -base - i ? 0 : 1;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("event time: beyond 2242 the error is half of what a double has no room for") {
    constexpr std::int64_t limit = (std::int64_t{1} << 33) * 1'000'000;
    for (std::int64_t i = 0; i < 1000; ++i) {
        CHECK(std::llabs(there_and_back(limit + i) - (limit + i)) <= 1);
        CHECK(std::llabs(there_and_back(2 * limit + i) - (2 * limit + i)) <= 2);
    }
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    for (std::int64_t i = 0; i < 5000; i += 7) {
        CHECK(most - i - there_and_back(most - i) <= 2000);
        CHECK(there_and_back(most - i) - (most - i) <= 2000);
        CHECK(std::llabs(there_and_back(least + i) - (least + i)) <= 2000);
    }
}

TEST_CASE("event time: what is no time in 64 bits is none") {
    CHECK(runs::find_event_time_us(0.0000005) == 0);
    CHECK(runs::find_event_time_us(-1.5) == -1'500'000);
    CHECK(runs::find_event_time_us(1700000000.123457) == 1'700'000'000'123'457);
    for (const double none :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(), 1e13, -1e13, 9223372036854.8}) {
        CHECK(runs::find_event_time_us(none) == std::nullopt);
    }
}
