// Files in columns, and what charts and ranges show of files of every state, against the points
// that were logged.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <guild/series/reduce.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/effort.hpp>
#include <support/faulty_disk.hpp>
#include <support/memory_file.hpp>
#include <support/series_log.hpp>
#include <support/series_sample.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::in_memory;
using guild_test::points_by_key;
using guild_test::series_log;

namespace {

std::string columns_of(const std::string& bytes) {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    gs::compact_options options;
    options.is_writer_gone = true;
    REQUIRE(gs::compact(path, options));
    return *os::load_file(path);
}

// ---- flipped bits -----------------------------------------------------------

// Whether `some` are among `all`, in the same order.
bool is_subset(const std::vector<gs::point>& some, const std::vector<gs::point>& all) {
    auto at = all.begin();
    for (const gs::point& next : some) {
        at = std::find(at, all.end(), next);
        if (at == all.end()) {
            return false;
        }
        ++at;
    }
    return true;
}

std::string find_wrong_point(const points_by_key& read, const points_by_key& written) {
    for (const auto& [key, points] : read) {
        const auto whole = written.find(key);
        if (whole == written.end() || !is_subset(points, whole->second)) {
            return "a point of " + key + " that was not written";
        }
    }
    return "";
}

// What is wrong about a file with a flipped bit, as every way to read it shows it.
std::string find_wrong(const os::env& system, const points_by_key& written, std::size_t bit) {
    auto reader = gs::reader::open("memory.gts", system);
    if (!reader) {
        return bit < 32 ? "" : "the file was refused: " + to_string(reader.error());
    }
    std::string wrong = find_wrong_point(guild_test::logged_points(*reader), written);
    if (wrong.empty() && reader->bytes_lost() + reader->tail_bytes() == 0) {
        wrong = "nobody noticed";
    }
    points_by_key by_key;
    points_by_key charts;
    for (const gs::series_summary& one : reader->summaries()) {
        const auto points = reader->points(one.key);
        gs::pixel_request request;
        request.columns = 1;
        const auto view = reader->pixels(one.key, request);
        if (!points || !view) {
            return "a read failed";
        }
        by_key[one.key] = *points;
        charts[one.key] = view->kept;
    }
    wrong += find_wrong_point(by_key, written);
    return wrong + find_wrong_point(charts, written);
}

void check_every_bit(const series_log& log, const std::string& bytes, std::size_t stride) {
    const os::env system = guild_test::memory_env(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += stride) {
        char& byte = in_memory.bytes[bit / 8];
        const char before = byte;
        byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
        ++in_memory.modified_ns;
        const std::string wrong = find_wrong(system, log.written(), bit);
        in_memory.bytes[bit / 8] = before;
        if (!wrong.empty()) {
            FAIL("bit " << bit << ": " << wrong);
        }
    }
}

series_log flipped_log() {
    series_log log;
    guild_test::random_numbers random(31);
    guild_test::log_curves(log, 600, 50);
    guild_test::log_anything(log, 500, random);
    return log;
}

}  // namespace

TEST_CASE("columns: a flipped bit, some of all, loses points and makes none wrong") {
    series_log log = flipped_log();
    const std::string bytes = columns_of(log.closed());
    MESSAGE(bytes.size() << " bytes");
    check_every_bit(log, bytes, 29 * guild_test::stride);
}

TEST_CASE("columns: every flipped bit" * doctest::test_suite("long")) {
    series_log log = flipped_log();
    check_every_bit(log, columns_of(log.closed()), guild_test::stride);
}

// ---- files of every state ---------------------------------------------------

namespace {

enum class file_state { live, closed, killed, columnar };

std::string bytes_in(file_state state, series_log& log) {
    switch (state) {
    case file_state::live:
        return log.killed();
    case file_state::killed:
        return log.killed() + std::string(35, '\xA9');
    case file_state::closed:
        return log.closed();
    default:
        return columns_of(log.closed());
    }
}

gs::point_range random_range(const std::vector<gs::point>& points,
                             guild_test::random_numbers& random) {
    gs::point_range range;
    const auto any = [&] { return points[guild_test::place_below(points.size(), random)]; };
    if (random.once_in(2)) {
        range.min_step = any().step;
        range.max_step = any().step;
        if (range.min_step > range.max_step && !random.once_in(8)) {
            std::swap(range.min_step, range.max_step);
        }
    }
    if (random.once_in(2)) {
        range.min_time_us = any().time_us - static_cast<std::int64_t>(random.below(2));
    }
    if (random.once_in(3)) {
        range.max_time_us = any().time_us;
    }
    return range;
}

std::vector<gs::point> filter(const std::vector<gs::point>& points, const gs::point_range& range) {
    std::vector<gs::point> some;
    std::copy_if(points.begin(), points.end(), std::back_inserter(some),
                 [&](const gs::point& each) { return range.holds(each.step, each.time_us); });
    return some;
}

void check_ranges(std::uint64_t seed) {
    MESSAGE("seed " << seed);
    guild_test::random_numbers random(seed);
    series_log log;
    guild_test::log_anything(log, 2000 + guild_test::place_below(4000, random), random);
    if (random.once_in(2)) {
        guild_test::log_curves(log, 5000, 100);
    }
    for (const auto state :
         {file_state::live, file_state::killed, file_state::closed, file_state::columnar}) {
        const os::env system = guild_test::memory_env(bytes_in(state, log));
        auto reader = gs::reader::open("memory.gts", system);
        REQUIRE(reader);
        for (int i = 0; i < 60; ++i) {
            auto at = log.written().begin();
            std::advance(at, static_cast<std::ptrdiff_t>(random.below(log.written().size())));
            const gs::point_range range = random_range(at->second, random);
            const auto read = reader->points(at->first, range);
            REQUIRE(read);
            CHECK(*read == filter(at->second, range));
        }
        CHECK(reader->bytes_lost() == 0);
    }
}

}  // namespace

TEST_CASE("columns: the points in a range are those of all that lie in it, in files of any state") {
    const std::uint64_t first = guild_test::number_from_environment("GUILD_SEED", 100);
    for (std::uint64_t seed = first; seed < first + 6; ++seed) {
        check_ranges(seed);
    }
}

// ---- charts -----------------------------------------------------------------

namespace {

struct number_counts {
    std::uint64_t points = 0;
    std::uint64_t nan = 0;
    std::uint64_t infinite = 0;

    explicit number_counts(const std::vector<gs::point>& of) : points(of.size()) {
        for (const gs::point& each : of) {
            nan += std::isnan(each.value.as_double()) ? 1U : 0U;
            infinite += std::isinf(each.value.as_double()) ? 1U : 0U;
        }
    }
};

// The points alone, put into columns.
gs::pixel_view reference(const std::vector<gs::point>& points, const gs::pixel_request& request,
                         gs::pixel_reducer::extent axis) {
    gs::pixel_reducer reducer(request, axis);
    for (const gs::point& each : points) {
        reducer.add(each);
    }
    return reducer.finish();
}

// What is true of a chart of all points of a series.
void check_whole_chart(const gs::pixel_view& view, const std::vector<gs::point>& points) {
    const number_counts counts(points);
    CHECK(view.points == counts.points);
    CHECK(view.nan == counts.nan);
    CHECK(view.infinite == counts.infinite);
    CHECK(is_subset(view.kept, points));
    CHECK(view.kept.front() == points.front());
    CHECK(view.kept.back() == points.back());
    // The largest and smallest of all are kept.
    const auto least = gs::reduce("min", points);
    const auto most = gs::reduce("max", points);
    CHECK(gs::reduce("min", view.kept) == least);
    CHECK(gs::reduce("max", view.kept) == most);
}

void check_spikes(const gs::pixel_view& view, const std::vector<gs::point>& points) {
    for (const gs::point& each : points) {
        if (each.value.as_double() >= 1e6 &&
            std::find(view.kept.begin(), view.kept.end(), each) == view.kept.end()) {
            FAIL("the spike at step " << each.step << " is lost");
        }
    }
}

void check_curves(gs::reader& reader, const points_by_key& written) {
    for (const std::size_t columns : {1U, 10U, 40U, 100U, 400U, 3000U}) {
        for (const auto axis : {gs::x_axis::step, gs::x_axis::time}) {
            gs::pixel_request request;
            request.columns = columns;
            request.axis = axis;
            for (const auto& [key, points] : written) {
                const auto view = reader.pixels(key, request);
                REQUIRE(view);
                check_whole_chart(*view, points);
                CHECK(view->kept.size() <= 4 * columns);
                if (view->is_exact) {
                    const bool by_step = axis == gs::x_axis::step;
                    const gs::pixel_reducer::extent ends =
                        by_step ? gs::pixel_reducer::extent{points.front().step, points.back().step}
                                : gs::pixel_reducer::extent{points.front().time_us,
                                                            points.back().time_us};
                    CHECK(view->kept == reference(points, request, ends).kept);
                }
            }
            // Spikes are 1700 apart: with 100 columns or more at most one a column.
            if (columns >= 100) {
                check_spikes(*reader.pixels("loss", request), written.at("loss"));
            }
        }
    }
}

void check_zoom(gs::reader& reader, const points_by_key& written,
                guild_test::random_numbers& random) {
    for (int i = 0; i < 40; ++i) {
        const auto& points = written.at("loss");
        gs::pixel_request request;
        request.columns = 1 + guild_test::place_below(300, random);
        const std::size_t begin = guild_test::place_below(points.size(), random);
        const std::size_t size =
            1 + guild_test::place_below(random.once_in(2) ? 500 : points.size(), random);
        request.range.min_step = points[begin].step;
        request.range.max_step = points[std::min(begin + size, points.size()) - 1].step;
        const auto view = reader.pixels("loss", request);
        REQUIRE(view);
        const auto inside = filter(points, request.range);
        CHECK(is_subset(view->kept, inside));
        CHECK(view->points <= inside.size());
        CHECK(view->points + 512 >= inside.size());
        CHECK((view->is_exact || inside.size() >= 512));
        if (view->is_exact) {
            const gs::pixel_reducer::extent ends{request.range.min_step, request.range.max_step};
            CHECK(view->kept == reference(inside, request, ends).kept);
            CHECK(view->points == inside.size());
        }
    }
}

}  // namespace

TEST_CASE("columns: a chart keeps every spike and counts all, of files of any state") {
    guild_test::random_numbers random(41);
    series_log log;
    guild_test::log_curves(log, 70'000, 1700);
    for (const auto state :
         {file_state::live, file_state::killed, file_state::closed, file_state::columnar}) {
        CAPTURE(static_cast<int>(state));
        const os::env system = guild_test::memory_env(bytes_in(state, log));
        auto reader = gs::reader::open("memory.gts", system);
        REQUIRE(reader);
        check_curves(*reader, log.written());
        check_zoom(*reader, log.written(), random);
    }
}

TEST_CASE("columns: charts of any numbers, steps and times count all and invent nothing") {
    const std::uint64_t first = guild_test::number_from_environment("GUILD_SEED", 200);
    for (std::uint64_t seed = first; seed < first + 5; ++seed) {
        MESSAGE("seed " << seed);
        guild_test::random_numbers random(seed);
        series_log log;
        guild_test::log_anything(log, 3000 + guild_test::place_below(12'000, random), random);
        for (const auto state : {file_state::live, file_state::closed, file_state::columnar}) {
            CAPTURE(static_cast<int>(state));
            const os::env system = guild_test::memory_env(bytes_in(state, log));
            auto reader = gs::reader::open("memory.gts", system);
            REQUIRE(reader);
            for (const auto& [key, points] : log.written()) {
                gs::pixel_request request;
                request.columns = 1 + guild_test::place_below(12, random);
                request.axis = random.once_in(2) ? gs::x_axis::step : gs::x_axis::time;
                const std::string& name = key;  // a name that can be captured
                CAPTURE(name);
                check_whole_chart(*reader->pixels(key, request), points);
                request.range = random_range(points, random);
                const auto view = reader->pixels(key, request);
                REQUIRE(view);
                CHECK(is_subset(view->kept, filter(points, request.range)));
            }
        }
    }
}

TEST_CASE("columns: a chart of files that continue each other, before and after they are columns") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options;
    options.sync = gs::sync_policy::every;
    options.flush_interval_ms = -1;
    std::vector<std::string> paths;
    std::vector<gs::point> written;
    {
        auto writer = gs::writer::create(dir.path(), options, system);
        REQUIRE(writer);
        const std::uint32_t id = writer->series("loss");
        paths.push_back(writer->path());
        for (std::int64_t step = 0; step < 60'000; ++step) {
            const double value = step % 1700 == 300 ? 1e6 + static_cast<double>(step) : 0.5;
            written.push_back({step, step * 10, value});
            writer->append_one(step, step * 10, id, value);
            if (step % 500 == 499) {
                guild_test::plan.calls_left = step == 20'499 || step == 40'999 ? 1 : -1;
                guild_test::plan.failures = 1;
                REQUIRE(writer->flush());
            }
            if (paths.back() != writer->path()) {
                paths.push_back(writer->path());
            }
        }
        REQUIRE(writer->close());
    }
    REQUIRE(paths.size() == 3);
    gs::run_reader live(dir.path());
    for (std::size_t turn = 0; turn <= paths.size(); ++turn) {
        for (const std::size_t columns : {1U, 50U, 1000U}) {
            gs::pixel_request request;
            request.columns = columns;
            const gs::pixel_view view = live.pixels("loss", request);
            check_whole_chart(view, written);
            if (columns >= 50) {
                check_spikes(view, written);
            }
        }
        if (turn < paths.size()) {
            gs::compact_options gone;
            gone.is_writer_gone = true;
            REQUIRE(gs::compact(paths[2 - turn], gone));
            CHECK(live.refresh());
        }
    }
}
