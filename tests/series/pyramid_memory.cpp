#include <guild/series/pyramid_memory.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/reader.hpp>
#include <support/mapped_series.hpp>
#include <support/memory_file.hpp>
#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::mapped_series;
using guild_test::series_log;

namespace {

std::string rows_of(std::int64_t frames) {
    series_log log;
    guild_test::log_curves(log, frames, 5000);
    return log.closed();
}

constexpr std::uint64_t plenty = std::uint64_t{16} << 20U;

// All that is told of series 0, by the memory or by the file, in one column.
gs::pixel_view told_by_memory(const gs::pyramid_memory& memory, std::uint32_t level,
                              std::size_t& sections) {
    gs::pixel_request request;
    request.columns = 1;
    gs::pixel_reducer reducer(request, {0, 1'000'000});
    sections = memory.add_buckets(0, {0, level}, reducer);
    return reducer.finish();
}

gs::pixel_view told_by_file(mapped_series& from, std::size_t end) {
    gs::pixel_request request;
    request.columns = 1;
    gs::pixel_reducer reducer(request, {0, 1'000'000});
    for (std::size_t at = 0; at < end;) {
        const std::size_t told = gs::add_buckets(from.source, from.map, at, {0, 0}, reducer);
        REQUIRE(told != 0);
        at += told;
    }
    return reducer.finish();
}

}  // namespace

TEST_CASE("pyramid memory: buckets are those of the file") {
    mapped_series from(rows_of(60'000));
    gs::pyramid_memory memory;
    memory.limit(plenty);
    memory.follow(from.source, from.map);
    CHECK(memory.bytes() > 0);
    for (std::uint32_t level = 0; level < gs::pyramid_levels; ++level) {
        std::size_t sections = 0;
        const gs::pixel_view here = told_by_memory(memory, level, sections);
        REQUIRE(sections > 4);
        const gs::pixel_view there = told_by_file(from, sections);
        CHECK(here.points == there.points);
        CHECK(here.kept == there.kept);
    }
}

TEST_CASE("pyramid memory: follows a file that grows") {
    const std::string all = rows_of(60'000);
    mapped_series whole(all);
    const auto& sections = whole.map.sections();
    REQUIRE(sections.size() > 4);
    const std::uint64_t half = sections[sections.size() / 2].end;
    gs::pyramid_memory memory;
    memory.limit(plenty);
    {
        mapped_series begun(all.substr(0, static_cast<std::size_t>(half)));
        memory.follow(begun.source, begun.map);
    }
    mapped_series grown(all);
    memory.follow(grown.source, grown.map);
    for (std::uint32_t level = 0; level < gs::pyramid_levels; ++level) {
        std::size_t told = 0;
        const gs::pixel_view here = told_by_memory(memory, level, told);
        CHECK(told + 1 >= sections.size());
        CHECK(here.kept == told_by_file(grown, told).kept);
    }
}

TEST_CASE("pyramid memory: over the limit the finest level goes, and zero keeps nothing") {
    mapped_series from(rows_of(200'000));
    gs::pyramid_memory memory;
    memory.limit(plenty);
    memory.follow(from.source, from.map);
    const std::uint64_t all = memory.bytes();
    memory.limit(all / 3);
    CHECK(memory.bytes() <= all / 3);
    std::size_t sections = 0;
    (void)told_by_memory(memory, 0, sections);
    CHECK(sections == 0);
    const gs::pixel_view coarse = told_by_memory(memory, 1, sections);
    REQUIRE(sections != 0);
    CHECK(coarse.kept == told_by_file(from, sections).kept);
    memory.limit(0);
    CHECK(memory.bytes() == 0);
    (void)told_by_memory(memory, 1, sections);
    CHECK(sections == 0);
    memory.limit(plenty);  // there is room again
    memory.follow(from.source, from.map);
    CHECK(memory.bytes() == all);
}

TEST_CASE("pyramid memory: a damaged block leaves its sections to the points") {
    mapped_series from(rows_of(60'000));
    const auto& sections = from.map.sections();
    std::size_t damaged = 2;
    while (sections[damaged].content.pyramids.empty()) {
        ++damaged;
    }
    const std::uint64_t offset = sections[damaged].content.pyramids[0].offset;
    char& byte = guild_test::in_memory.bytes[static_cast<std::size_t>(offset) + 60];
    byte = static_cast<char>(~byte);
    gs::file_window window(from.file);
    from.source.window = &window;
    gs::pyramid_memory memory;
    memory.limit(plenty);
    memory.follow(from.source, from.map);
    std::size_t told = 0;
    (void)told_by_memory(memory, 0, told);
    CHECK(told <= damaged);
    auto reader = gs::reader::open("memory.gts", from.system);
    REQUIRE(reader);
    reader->keep_pyramids(plenty);
    gs::pixel_request request;
    request.columns = 50;
    const auto view = reader->pixels("loss", request);
    REQUIRE(view);
    CHECK(view->points == 60'000);
}

TEST_CASE("pyramid memory: a chart is the same with and without it") {
    const std::string bytes = rows_of(150'000);
    for (const std::size_t columns : {1U, 20U, 100U, 250U}) {
        mapped_series from(bytes);
        auto plain = gs::reader::open("memory.gts", from.system);
        auto keeping = gs::reader::open("memory.gts", from.system);
        REQUIRE(plain);
        REQUIRE(keeping);
        keeping->keep_pyramids(plenty);
        gs::pixel_request request;
        request.columns = columns;
        for (const std::int64_t low : {std::int64_t{-1}, std::int64_t{70'000}}) {
            request.range.min_step = low;
            const auto one = plain->pixels("rate", request);
            const auto other = keeping->pixels("rate", request);
            REQUIRE(one);
            REQUIRE(other);
            if (columns > 20 || low < 0) {  // coarse buckets reach over the ends of a range
                CHECK(other->points == one->points);
                CHECK(other->nan == one->nan);
            }
            if (columns > 20) {  // the finest level in both: the file has no other
                CHECK(other->kept == one->kept);
            }
        }
    }
}
