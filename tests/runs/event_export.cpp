#include <guild/runs/event_export.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/os/file.hpp>
#include <guild/runs/event_points.hpp>
#include <guild/tfevents/reader.hpp>

#include "support/faulty_disk.hpp"
#include "support/nasty_numbers.hpp"
#include "support/temp_dir.hpp"

namespace runs = guild::runs;
namespace gs = guild::series;
namespace os = guild::os;

namespace {

using series_map = std::map<std::string, std::vector<gs::point>>;

constexpr std::int64_t exported_us = 1'700'000'000'000'000;

std::string must_export(const std::string& directory, const series_map& all) {
    auto out = runs::event_exporter::create(directory, exported_us);
    REQUIRE(out);
    for (const auto& [key, points] : all) {
        REQUIRE(out->add(key, points));
    }
    const auto path = out->close();
    REQUIRE(path);
    return *path;
}

series_map must_read_events(const std::string& path) {
    series_map found;
    const auto report = runs::for_each_event_point(path, [&](const gs::keyed_point& each) {
        found[std::string(each.key)].push_back(each.at);
        return guild::result<void>();
    });
    REQUIRE(report);
    CHECK(report->tail_bytes == 0);
    return found;
}

}  // namespace

TEST_CASE("event export: every number, step and key comes back") {
    const guild_test::temp_dir dir;
    series_map all;
    for (const std::string& key : guild_test::nasty_keys()) {
        all[key] = guild_test::nasty_points();
    }
    all["\xEF\xBF\xBD\xEF\xBF\xBD"] = {{1, 2, 3.0}};  // what a tag for FF FE would be
    all["unnamed"] = {{1, 2, 4}};
    must_export(dir / "out", all);
    const series_map found = must_read_events(dir / "out");
    CHECK(found.size() == all.size());
    CHECK((found == all));
}

TEST_CASE("event export: the same points give the same bytes, in one file of a fixed name") {
    const guild_test::temp_dir dir;
    const series_map all = {{"a", guild_test::nasty_points()}};
    const std::string first = must_export(dir / "1", all);
    const std::string second = must_export(dir / "2", all);
    CHECK(first == dir / "1/events.out.tfevents.1700000000.guild");
    CHECK(os::load_file(first).value() == os::load_file(second).value());
    CHECK(os::list_directory(dir / "1")->size() == 1);
}

TEST_CASE("event export: every value is a simple value too, which all readers show") {
    const guild_test::temp_dir dir;
    const std::string path = must_export(
        dir / "out", {{"a", {{1, 2, 0.5}, {2, 3, 0.1}, {3, 4, 16777217}, {4, 5, 1e300}}}});
    guild::tfevents::reader file(path);
    guild::tfevents::scalar point;
    std::vector<double> shown;
    while (file.next(point)) {
        shown.push_back(point.value);
    }
    const double inf = std::numeric_limits<double>::infinity();
    CHECK(shown == std::vector<double>{0.5, static_cast<double>(0.1F), 16777216.0, inf});
    CHECK(file.counters().scalars == 4);
    CHECK_FALSE(file.last_error());
}

TEST_CASE("event export: times beyond 2242 are counted") {
    const guild_test::temp_dir dir;
    auto out = runs::event_exporter::create(dir / "out", 0);
    REQUIRE(out);
    constexpr std::int64_t year_2242 = (std::int64_t{1} << 33) * 1'000'000;
    REQUIRE(out->add("a", {{1, -5, 1}, {2, year_2242 - 1, 1}}));
    CHECK(out->inexact_times() == 0);
    REQUIRE(out->add("b", {{1, 9 * year_2242 + 1, 1}}));
    CHECK(out->inexact_times() == 1);
}

TEST_CASE("event export: a directory with something in it is left alone") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("out/file", "x");
    const auto out = runs::event_exporter::create(dir / "out", 0);
    REQUIRE_FALSE(out);
    CHECK(guild::to_string(out.error()) ==
          (dir / "out") + ": expected an empty directory or none, seen one that holds file");
    CHECK(runs::event_exporter::create(path, 0).error().code == guild::errc::not_a_directory);
    CHECK(os::load_file(path).value() == "x");
}

TEST_CASE("event export: nothing is left of one that was not closed") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "empty"));
    for (const char* name : {"new", "empty"}) {
        auto out = runs::event_exporter::create(dir / name, 0);
        REQUIRE(out);
        REQUIRE(out->add("a", {{1, 2, 3}}));
    }
    CHECK_FALSE(os::find_status(dir / "new"));
    CHECK(os::list_directory(dir / "empty")->empty());
}
