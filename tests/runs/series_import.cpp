#include <guild/runs/series_import.hpp>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/run.hpp>

#include "support/faulty_disk.hpp"
#include "support/nasty_numbers.hpp"
#include "support/temp_dir.hpp"

namespace runs = guild::runs;
namespace gs = guild::series;
namespace os = guild::os;

namespace {

std::size_t entries_of(const std::string& directory) {
    const auto entries = os::list_directory(directory);
    return entries ? entries->size() : 0;
}

}  // namespace

TEST_CASE("series import: a run with its points, its times and its source") {
    const guild_test::temp_dir dir;
    auto made = runs::series_import::create(dir / "runs");
    REQUIRE(made);
    REQUIRE(made->add({"a", {1, 1'700'000'000'000'000, 0.5}}));
    REQUIRE(made->add({"b", {1, 1'700'000'000'000'000, 7}}));
    REQUIRE(made->add({"a", {2, 1'700'000'009'000'000, 0.25}}));
    CHECK(runs::list_runs({dir / "runs"}).empty());
    const auto path = made->finish("my run", "/data/x.csv");
    REQUIRE(path);
    CHECK(*path == dir / "runs/20231114T221320Z-my_run");
    CHECK(made->points() == 3);
    CHECK(made->series() == 2);
    const auto run = runs::run::open(*path);
    REQUIRE(run);
    CHECK(run->status() == runs::run_status::completed);
    CHECK(run->started_us() == 1'700'000'000'000'000);
    CHECK(run->stopped_us() == 1'700'000'009'000'000);
    CHECK(run->find_meta("imported_from") == "/data/x.csv");
    CHECK(run->notes().empty());
    gs::run_reader series = run->series();
    CHECK(series.is_closed());
    CHECK(series.points("a") == std::vector<gs::point>{{1, 1'700'000'000'000'000, 0.5},
                                                       {2, 1'700'000'009'000'000, 0.25}});
    CHECK(series.points("b") == std::vector<gs::point>{{1, 1'700'000'000'000'000, 7}});
    CHECK(entries_of(dir / "runs") == 1);
}

TEST_CASE("series import: every number, step and key is stored") {
    const guild_test::temp_dir dir;
    auto made = runs::series_import::create(dir / "runs");
    REQUIRE(made);
    for (const std::string& key : guild_test::nasty_keys()) {
        for (const gs::point& at : guild_test::nasty_points()) {
            REQUIRE(made->add({key, at}));
        }
    }
    const auto path = made->finish("", "x");
    REQUIRE(path);
    gs::run_reader series = runs::run::open(*path)->series();
    CHECK(series.summaries().size() == guild_test::nasty_keys().size());
    for (const std::string& key : guild_test::nasty_keys()) {
        CHECK((series.points(key) == guild_test::nasty_points()));
    }
}

TEST_CASE("series import: of one moment the points of several series stand together") {
    const guild_test::temp_dir dir;
    auto made = runs::series_import::create(dir / "runs");
    REQUIRE(made);
    for (std::int64_t step = 0; step < 1000; ++step) {
        for (const char* key : {"a", "b", "c"}) {
            REQUIRE(made->add({key, {step, step, static_cast<double>(step) / 7}}));
        }
    }
    REQUIRE(made->add({"a", {999, 999, 1.0}}));  // one key twice at one moment
    const auto path = made->finish("", "x");
    REQUIRE(path);
    gs::run_reader series = runs::run::open(*path)->series();
    CHECK(series.points("a").size() == 1001);
    CHECK(series.points("c").size() == 1000);
}

TEST_CASE("series import: times that no calendar shows do not name the run") {
    const guild_test::temp_dir dir;
    for (const std::int64_t time :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        auto made = runs::series_import::create(dir / "runs");
        REQUIRE(made);
        REQUIRE(made->add({"a", {1, time, 1}}));
        const auto path = made->finish("", "x");
        REQUIRE(path);
        CHECK(runs::run::open(*path)->series().points("a")[0].time_us == time);
    }
    CHECK(os::is_directory(dir / "runs/19700101T000000Z"));
    CHECK(os::is_directory(dir / "runs/99991231T235959Z"));
}

TEST_CASE("series import: one that is not finished leaves nothing") {
    const guild_test::temp_dir dir;
    {
        auto made = runs::series_import::create(dir / "a/runs");
        REQUIRE(made);
        REQUIRE(made->add({"a", {1, 2, 3}}));
        CHECK(entries_of(dir / "a/runs") == 1);
    }
    CHECK_FALSE(os::find_status(dir / "a/runs"));
    REQUIRE(os::make_directories(dir / "there"));
    {
        auto made = runs::series_import::create(dir / "there");
        REQUIRE(made);
        const auto refused = made->finish("", "x.csv");
        REQUIRE_FALSE(refused);
        CHECK(guild::to_string(refused.error()) == "x.csv: expected points, seen none");
    }
    CHECK(entries_of(dir / "there") == 0);
}

TEST_CASE("series import: two that name the same run get two directories") {
    const guild_test::temp_dir dir;
    auto first = runs::series_import::create(dir / "runs");
    auto second = runs::series_import::create(dir / "runs");
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(first->add({"a", {1, 2, 3}}));
    REQUIRE(second->add({"a", {1, 2, 4}}));
    const auto one = first->finish("x", "");
    const auto two = second->finish("x", "");
    REQUIRE(one);
    REQUIRE(two);
    CHECK(*one != *two);
    CHECK(runs::list_runs({dir / "runs"}).size() == 2);
}

TEST_CASE("series import: a key that is too long is refused, the point before it is not lost") {
    const guild_test::temp_dir dir;
    auto made = runs::series_import::create(dir / "runs");
    REQUIRE(made);
    REQUIRE(made->add({"a", {1, 2, 3}}));
    const std::string key(gs::max_key_bytes + 1, 'k');
    const auto refused = made->add({key, {1, 2, 3}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "expected a key of at most 4096 bytes, seen one of 4097");
    REQUIRE(made->add({"a", {2, 3, 4}}));
    CHECK(runs::run::open(made->finish("", "x").value())->series().points("a").size() == 2);
}

TEST_CASE("series import: whichever call of the disk fails, there is a whole run or none") {
    const guild_test::temp_dir dir;
    int failed = 0;
    for (std::int64_t call = 0; call < 12; ++call) {
        guild_test::plan = {};
        const auto system = guild_test::faulty_env();
        guild_test::plan.calls_left = call;
        guild_test::plan.code = ENOSPC;
        const auto import_one = [&]() -> guild::result<std::string> {
            auto made = runs::series_import::create(dir / "runs", system);
            if (!made) {
                return made.error();
            }
            for (std::int64_t step = 0; step < 20'000; ++step) {
                auto added = made->add({"a", {step, step * 1000, static_cast<double>(step) / 3}});
                if (!added) {
                    return added.error();
                }
            }
            return made->finish("", "x");
        };
        const auto path = import_one();
        guild_test::plan = {};
        if (path) {
            CHECK(runs::run::open(*path)->series().points("a").size() == 20'000);
            REQUIRE(os::remove_tree(*path));
        } else {
            ++failed;
            CHECK(path.error().code == guild::errc::no_space);
        }
        CHECK(entries_of(dir / "runs") == 0);
    }
    CHECK(failed > 2);
}
