#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <guild/runs/catalog_cache.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

// What the clock says is far enough ahead of the files' times that they are believed.
os::env later_env() {
    os::env out = os::system_env;
    out.wall_time_us = [] { return os::system_env.wall_time_us() + 10'000'000; };
    return out;
}

const os::env late_system = later_env();

int opened_files = 0;

os::env stat_counting_env() {
    os::env out = later_env();
    out.open = [](const char* path, int flags, unsigned mode) {
        ++opened_files;
        return os::system_env.open(path, flags, mode);
    };
    return out;
}

const os::env stat_counting_system = stat_counting_env();

std::vector<std::string> ids_of(const runs::run_listing& listing) {
    std::vector<std::string> out;
    for (const auto& each : *listing.runs) {
        out.push_back(each->what.id());
    }
    return out;
}

}  // namespace

TEST_CASE("catalog cache: runs are listed newest first") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    (void)guild_test::make_completed_run(dir.path(), "b", "m", 5);
    runs::catalog_cache cache;
    CHECK(ids_of(cache.look({dir.path(), dir.path()})) == std::vector<std::string>{"b", "a"});
    CHECK(cache.look({dir / "none"}).runs->empty());
}

TEST_CASE("catalog cache: an unchanged list is the same list") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    runs::catalog_cache cache;
    const runs::run_listing first = cache.look({dir.path()});
    const runs::run_listing second = cache.look({dir.path()});
    CHECK(first.version == second.version);
    CHECK((first.runs == second.runs));
}

TEST_CASE("catalog cache: ended runs are read once") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    runs::open_options options;
    options.system = &stat_counting_system;
    runs::catalog_cache cache(options);
    (void)cache.look({dir.path()});
    opened_files = 0;
    (void)cache.look({dir.path()});
    CHECK(opened_files == 0);
}

TEST_CASE("catalog cache: a time of just now is not believed") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    runs::catalog_cache cache;
    const runs::run_listing first = cache.look({dir.path()});
    guild_test::add_pairs(run, runs::user_name, {{"label", "x"}});
    const runs::run_listing second = cache.look({dir.path()});
    CHECK(second.version > first.version);
    CHECK(second.runs->front()->what.user().size() == 1);
    CHECK(first.runs->front()->what.user().empty());
}

TEST_CASE("catalog cache: new, changed and deleted runs are told by version") {
    const guild_test::temp_dir dir;
    const std::string a = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    runs::open_options options;
    options.system = &late_system;
    runs::catalog_cache cache(options);
    const runs::run_listing first = cache.look({dir.path()});
    const std::string b = guild_test::make_completed_run(dir.path(), "b", "m", 5);
    const runs::run_listing second = cache.look({dir.path()});
    CHECK(second.version > first.version);
    REQUIRE(second.runs->size() == 2);
    CHECK(second.runs->front()->version == second.version);
    CHECK(second.runs->back()->version == first.version);
    REQUIRE(os::remove_tree(a));
    const runs::run_listing third = cache.look({dir.path()});
    CHECK(ids_of(third) == std::vector<std::string>{"b"});
    CHECK(cache.gone_since(second.version) == std::vector<std::string>{"a"});
    CHECK(cache.gone_since(third.version)->empty());
    CHECK_FALSE(cache.gone_since(third.version + 1));
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    (void)cache.look({dir.path()});
    CHECK(cache.gone_since(second.version)->empty());
}

TEST_CASE("catalog cache: a directory becomes a run when its data appear") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "a"));
    runs::open_options options;
    options.system = &late_system;
    runs::catalog_cache cache(options);
    CHECK(cache.look({dir.path()}).runs->empty());
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    CHECK(cache.look({dir.path()}).runs->size() == 1);
}

TEST_CASE("catalog cache: other roots are another list") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir / "one", "a", "m", 0);
    (void)guild_test::make_completed_run(dir / "two", "b", "m", 0);
    runs::catalog_cache cache;
    const runs::run_listing first = cache.look({dir / "one"});
    const runs::run_listing second = cache.look({dir / "two"});
    CHECK(ids_of(second) == std::vector<std::string>{"b"});
    CHECK(second.version > first.version);
    CHECK(cache.gone_since(first.version) == std::vector<std::string>{"a"});
}

TEST_CASE("catalog cache: a run that goes on changes with its series") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_run(dir.path(), "a", {{"model", "m"}});
    runs::catalog_cache cache;
    const runs::run_listing first = cache.look({dir.path()});
    CHECK(cache.look({dir.path()}).version == first.version);
    guild_test::add_series(run, "loss", {1.0});
    CHECK(cache.look({dir.path()}).version > first.version);
}

TEST_CASE("series stamp: differs after a point was written") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_run(dir.path(), "a", {});
    const std::string before = runs::series_stamp(run);
    guild_test::add_series(run, "loss", {1.0});
    CHECK(runs::series_stamp(run) != before);
    CHECK(runs::series_stamp(run) == runs::series_stamp(run));
}

TEST_CASE("catalog cache: one run is found without looking at others") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    const std::string b = guild_test::make_run(dir.path(), "b", {{"model", "m"}});
    runs::open_options options;
    options.system = &stat_counting_system;
    runs::catalog_cache cache(options);
    opened_files = 0;
    REQUIRE((cache.find({dir.path()}, "a") != nullptr));
    CHECK(cache.find({dir.path()}, "a")->what.id() == "a");
    const int for_one = opened_files;
    CHECK(cache.look({dir.path()}).runs->size() == 2);
    CHECK(opened_files > for_one);
    CHECK((cache.find({dir.path()}, "c") == nullptr));
    CHECK((cache.find({dir.path()}, "..") == nullptr));
    REQUIRE(os::remove_tree(b));
    CHECK((cache.find({dir.path()}, "b") == nullptr));
    CHECK(cache.look({dir.path()}).runs->size() == 1);
}

TEST_CASE("catalog cache: series of an ended run are followed where they may grow") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    runs::open_options options;
    options.system = &late_system;
    runs::catalog_cache cache(options);
    const runs::run_listing first = cache.look({dir.path()});
    cache.follow_series(first.runs->front()->what, runs::series_stamp(run));
    CHECK(cache.look({dir.path()}).version == first.version);
    guild_test::add_series(run, "loss", {1.0});
    CHECK(cache.look({dir.path()}).version > first.version);
}
