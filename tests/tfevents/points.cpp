#include <guild/tfevents/points.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

tf::scalar scalar_of(std::string_view tag, std::uint32_t id, std::int64_t step,
                     double value = 0.5) {
    tf::scalar each;
    each.tag = tag;
    each.tag_id = id;
    each.step = step;
    each.value = value;
    each.wall_time = 10;
    return each;
}

tf::restart restart_of(std::uint32_t id, std::int64_t step) {
    tf::restart back;
    back.tag_id = id;
    back.step = step;
    return back;
}

tf::restart restart_of_all(std::int64_t step) {
    tf::restart back;
    back.all_tags = true;
    back.step = step;
    return back;
}

std::vector<std::int64_t> steps_of(const tf::tag_points& tag) {
    std::vector<std::int64_t> steps;
    for (const tf::point& each : tag.points) {
        steps.push_back(each.step);
    }
    return steps;
}

using steps = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("points: are kept by tag, in the order in which tags and points came") {
    tf::run_points kept;
    CHECK(kept.tags().empty());
    kept.add(scalar_of("b", 7, 1, 1.5));
    kept.add(scalar_of("a", 2, 3));
    kept.add(scalar_of("b", 7, 1, 2.5));
    const auto tags = kept.tags();
    REQUIRE(tags.size() == 2);
    CHECK(tags[0]->tag == "b");
    CHECK(tags[0]->points.size() == 2);
    CHECK(tags[0]->points[1].value == 2.5);
    CHECK(tags[0]->points[1].wall_time == 10);
    CHECK(tags[1]->tag == "a");
}

TEST_CASE("points: a restart leaves the earlier steps") {
    tf::run_points kept;
    for (const std::int64_t step : {1, 2, 3, 4}) {
        kept.add(scalar_of("a", 0, step));
        kept.add(scalar_of("b", 1, step * 10));
    }
    kept.take_back(restart_of(0, 3));
    CHECK(steps_of(*kept.tags()[0]) == steps{1, 2});
    CHECK(steps_of(*kept.tags()[1]) == steps{10, 20, 30, 40});
    kept.take_back(restart_of_all(2));
    REQUIRE(kept.tags().size() == 1);
    CHECK(steps_of(*kept.tags()[0]) == steps{1});
}

TEST_CASE("points: a tag that lost all its points comes back in its old place") {
    tf::run_points kept;
    kept.add(scalar_of("a", 0, 1));
    kept.add(scalar_of("b", 1, 1));
    kept.take_back(restart_of(0, -5));
    CHECK(kept.tags().size() == 1);
    kept.add(scalar_of("a", 0, 2));
    REQUIRE(kept.tags().size() == 2);
    CHECK(kept.tags()[0]->tag == "a");
}

TEST_CASE("points: a restart of an unknown tag is nothing") {
    tf::run_points kept;
    kept.take_back(restart_of(5, 0));
    kept.take_back(restart_of_all(0));
    kept.add(scalar_of("a", 9, 1));
    kept.take_back(restart_of(5, 0));
    kept.take_back(restart_of(4'000'000'000U, 0));
    CHECK(kept.tags().size() == 1);
}

TEST_CASE("points: a restart takes back by step, in whatever order the points came") {
    std::mt19937 random(3);
    for (int round = 0; round < 300; ++round) {
        tf::run_points kept;
        steps expected;
        for (int i = 0; i < 60; ++i) {
            const auto step = static_cast<std::int64_t>(random() % 20) - 5;
            if (random() % 4 == 0) {
                kept.take_back(random() % 2 == 0 ? restart_of(0, step) : restart_of_all(step));
                expected.erase(std::remove_if(expected.begin(), expected.end(),
                                              [&](std::int64_t each) { return each >= step; }),
                               expected.end());
            } else {
                kept.add(scalar_of("a", 0, step));
                expected.push_back(step);
            }
            const auto tags = kept.tags();
            REQUIRE((tags.empty() ? steps() : steps_of(*tags[0])) == expected);
        }
    }
}
