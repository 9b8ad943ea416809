#include <doctest/doctest.h>

#include <string>

#include <guild/viewer/site_memory.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

TEST_CASE("site memory: a run is opened once and follows what is added") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_run(dir.path(), "a", {{"model", "m"}});
    viewer::site_memory memory;
    const auto count = [&] {
        return memory.with_series(
            memory.catalog().find({dir.path()}, "a"),
            [](viewer::run_values& values) { return values.summaries().size(); });
    };
    CHECK(count() == 0);
    guild_test::add_series(run, "loss", {1.0});
    CHECK(count() == 1);
    guild_test::add_series(run, "acc", {1.0});
    CHECK(count() == 2);
}

TEST_CASE("site memory: more runs than stay open are read all the same") {
    const guild_test::temp_dir dir;
    viewer::site_memory memory;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 20; ++i) {
            const std::string name = "r" + std::to_string(i);
            if (round == 0) {
                guild_test::add_series(guild_test::make_completed_run(dir.path(), name, "m", i),
                                       "loss", {static_cast<double>(i)});
            }
            const double last = memory.with_series(
                memory.catalog().find({dir.path()}, name), [](viewer::run_values& values) {
                    return values.summaries().front().last.value.as_double();
                });
            CHECK(static_cast<int>(last) == i);
        }
    }
}

TEST_CASE("site memory: series behind a link are not read") {
    const guild_test::temp_dir dir;
    const std::string secret = guild_test::make_completed_run(dir / "secret", "s", "m", 0);
    guild_test::add_series(secret, "loss", {1.0});
    const std::string run = guild_test::make_completed_run(dir / "runs", "a", "m", 0);
    const std::string series = runs::data_path(run, runs::series_directory);
    REQUIRE(os::remove_tree(series));
    REQUIRE(::symlink(runs::data_path(secret, runs::series_directory).c_str(), series.c_str()) ==
            0);
    viewer::site_memory memory;
    const auto found = memory.catalog().find({dir / "runs"}, "a");
    REQUIRE((found != nullptr));
    CHECK(memory.with_series(
        found, [](viewer::run_values& values) { return values.summaries().empty(); }));
    CHECK_FALSE(memory.epoch().empty());
    CHECK(viewer::site_memory({}, false).epoch().empty());
}
