#include <guild/series/pyramid_source.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/reduce.hpp>
#include <support/mapped_series.hpp>
#include <support/memory_file.hpp>
#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::mapped_series;
using guild_test::series_log;

namespace {

std::string curves(std::int64_t frames, bool is_columnar) {
    series_log log;
    guild_test::log_curves(log, frames, 5000);
    if (!is_columnar) {
        return log.closed();
    }
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    REQUIRE(gs::compact(path));
    return *os::load_file(path);
}

// All buckets of series 0 that the file's pyramids have, of a level or finer.
gs::pixel_view all_buckets(mapped_series& from, std::uint32_t level, std::size_t& sections) {
    gs::pixel_request request;
    request.columns = 1;
    gs::pixel_reducer reducer(request, {0, 1'000'000});
    for (sections = 0; sections < from.map.sections().size();) {
        const std::size_t told =
            gs::add_buckets(from.source, from.map, sections, {0, level}, reducer);
        if (told == 0) {
            break;
        }
        sections += told;
    }
    return reducer.finish();
}

}  // namespace

TEST_CASE("pyramid source: the pyramids of a live file tell of every point but the last few") {
    mapped_series from(curves(60'000, false));
    REQUIRE(from.map.sections().size() > 4);
    std::size_t sections = 0;
    const gs::pixel_view view = all_buckets(from, 0, sections);
    CHECK(sections + 1 >= from.map.sections().size());  // the last points may be too few
    CHECK(view.points > 60'000 - gs::pyramid_min_points);
    REQUIRE(view.kept.size() >= 3);
    CHECK(view.kept.front().step == 0);
    CHECK(std::any_of(view.kept.begin(), view.kept.end(),
                      [](const gs::point& each) { return each.step == 55'000 + 1666; }));
}

TEST_CASE("pyramid source: a level that a live file has not is made of the finest") {
    mapped_series from(curves(60'000, false));
    std::size_t sections = 0;
    const std::uint64_t points = all_buckets(from, 0, sections).points;
    CHECK(all_buckets(from, 2, sections).points == points);
}

TEST_CASE("pyramid source: a file in columns has every level") {
    mapped_series from(curves(140'000, true));
    std::size_t sections = 0;
    for (std::uint32_t level = 0; level < gs::pyramid_levels; ++level) {
        const gs::pixel_view view = all_buckets(from, level, sections);
        CHECK(view.points == 140'000);
        CHECK(sections == 1);
        CHECK_FALSE(view.is_exact);
    }
}

TEST_CASE("pyramid source: none for a series that has none, or when its block is damaged") {
    mapped_series from(curves(20'000, true));
    gs::pixel_reducer reducer({}, {0, 20'000});
    CHECK(gs::add_buckets(from.source, from.map, 0, {9, 0}, reducer) == 0);
    CHECK(gs::add_buckets(from.source, from.map, 0, {0, 0}, reducer) == 1);
    const std::uint64_t offset = from.map.sections()[0].content.pyramids[0].offset;
    char& byte = guild_test::in_memory.bytes[static_cast<std::size_t>(offset) + 100];
    byte = static_cast<char>(~byte);
    gs::pixel_reducer again({}, {0, 20'000});
    gs::file_window window(from.file);
    from.source.window = &window;
    CHECK(gs::add_buckets(from.source, from.map, 0, {0, 0}, again) == 0);
    CHECK(again.finish().points == 0);
    // Then a chart reads the points.
    auto reader = gs::reader::open("memory.gts", from.system);
    REQUIRE(reader);
    gs::pixel_request request;
    request.columns = 10;
    const auto view = reader->pixels("loss", request);
    REQUIRE(view);
    CHECK(view->points == 20'000);
    CHECK(view->is_exact);
}

TEST_CASE("measure: points in the blocks that meet the range, and the ends of the axis") {
    for (const bool is_columnar : {false, true}) {
        mapped_series from(curves(20'000, is_columnar));
        gs::series_summary summary;
        for (std::int64_t step = 0; step < 20'000; ++step) {
            summary.add({step, 1'700'000'000'000'000 + step * 1000, 0.0});
        }
        gs::pixel_request request;
        gs::measured found = gs::measure(from.map, 0, summary, request);
        CHECK(found.points == 20'000);
        CHECK(found.axis.low == 0);
        CHECK(found.axis.high == 19'999);
        request.range.min_step = 6000;
        request.range.max_step = 6009;
        found = gs::measure(from.map, 0, summary, request);
        CHECK(found.points >= 10);
        CHECK(found.points <= 8192);
        CHECK(found.axis.low == 6000);
        CHECK(found.axis.high == 6009);
        request.range = {};
        request.range.min_step = 50'000;
        CHECK(gs::measure(from.map, 0, summary, request).points == 1);
        request = {};
        request.axis = gs::x_axis::time;
        found = gs::measure(from.map, 0, summary, request);
        CHECK(found.axis.low == 1'700'000'000'000'000);
        CHECK(found.axis.high == 1'700'000'019'999'000);
    }
}
