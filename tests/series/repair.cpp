#include <guild/series/repair.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/reader.hpp>
#include <support/series_damage.hpp>
#include <support/series_log.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::blocks_of;
using guild_test::check_clean;
using guild_test::closed_or_columnar;
using guild_test::count_of;
using guild_test::flip_byte;
using guild_test::logged_points;
using guild_test::must_verify;
using guild_test::series_log;
using guild_test::whole_message;

namespace {

// Each series of `read` is a part of what was written, in order.
bool is_part_of(const guild_test::points_by_key& read, const guild_test::points_by_key& written) {
    return std::all_of(read.begin(), read.end(), [&](const auto& series) {
        const auto whole = written.find(series.first);
        if (whole == written.end()) {
            return false;
        }
        auto at = whole->second.begin();
        for (const gs::point& next : series.second) {
            at = std::find(at, whole->second.end(), next);
            if (at == whole->second.end()) {
                return false;
            }
            ++at;
        }
        return true;
    });
}

}  // namespace

TEST_CASE("repair: what is no series file is left as it is") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", std::string(200, 'x'));
    CHECK(gs::repair(path).error().code == guild::errc::bad_syntax);
    CHECK(os::list_directory(dir.path())->size() == 1);
}

TEST_CASE("repair: saves all that is good and keeps the damaged file") {
    series_log log;
    guild_test::random_numbers random(21);
    guild_test::log_anything(log, 3000, random);
    for (const bool is_columnar : {false, true}) {
        const std::string bytes = closed_or_columnar(log, is_columnar);
        const auto blocks = blocks_of(bytes, log.seed());
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            CAPTURE(i);
            std::string damaged = bytes;
            flip_byte(damaged, blocks[i].offset + 50);
            const guild_test::temp_dir dir;
            const std::string path = dir.write("f.gts", damaged);
            gs::reader before = *gs::reader::open(path);
            std::uint64_t unnamed = 0;
            REQUIRE(before.for_each_id_point([&](std::uint32_t, const gs::point&) { ++unnamed; }));
            const auto good = logged_points(before);
            const auto done = gs::repair(path);
            REQUIRE(done);
            if (i + 1 == blocks.size()) {  // a torn end, which a live file may have
                CHECK(done->is_changed == is_columnar);
                CHECK(logged_points(path) == good);
                continue;
            }
            CHECK(done->is_changed);
            CHECK(done->points == unnamed);
            CHECK(done->bytes_lost == blocks[i].end() - blocks[i].offset);
            REQUIRE(done->lost.size() == 1);
            CHECK(done->lost[0].begin == blocks[i].offset);
            CHECK(done->lost[0].end == blocks[i].end());
            CHECK(done->kept_as == path + ".damaged");
            CHECK(*os::load_file(done->kept_as) == damaged);
            CHECK(os::list_directory(dir.path())->size() == 2);
            gs::reader after = *gs::reader::open(path);
            CHECK(after.is_closed());
            CHECK(after.bytes_lost() == 0);
            check_clean(path);
            auto read = logged_points(after);
            for (const auto& [key, points] : good) {
                CHECK(read.at(key) == points);
            }
            CHECK(count_of(read) == unnamed);
            const auto notes = after.notes();
            REQUIRE(notes);
            CHECK(notes->back().texts ==
                  gs::detail::text_pairs{{"mark", "repaired"},
                                         {"bytes_lost", std::to_string(done->bytes_lost)}});
            const auto again = gs::repair(path);
            REQUIRE(again);
            CHECK_FALSE(again->is_changed);
        }
    }
}

TEST_CASE("repair: random damage loses what it hit and nothing is wrong") {
    series_log log;
    guild_test::random_numbers random(22);
    guild_test::log_anything(log, 2000, random);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        guild_test::random_numbers dice(seed);
        std::string bytes = closed_or_columnar(log, seed % 2 != 0);
        for (std::uint64_t hits = 1 + dice.below(6); hits > 0; --hits) {
            const std::size_t at = 96 + guild_test::place_below(bytes.size() - 96, dice);
            const std::size_t size =
                std::min(1 + guild_test::place_below(600, dice), bytes.size() - at);
            bytes.replace(at, size, std::string(size, dice.once_in(2) ? '\0' : '\xA9'));
        }
        const guild_test::temp_dir dir;
        const std::string path = dir.write("f.gts", bytes);
        const auto done = gs::repair(path);
        REQUIRE(done);
        auto read = logged_points(path);
        for (auto series = read.begin(); series != read.end();) {
            const bool is_named = series->first.compare(0, 8, "unnamed/") != 0;
            series = is_named ? std::next(series) : read.erase(series);
        }
        CHECK(is_part_of(read, log.written()));
        check_clean(path);
        CHECK((done->is_changed || *os::load_file(path) == bytes));
    }
}

TEST_CASE("repair: a file with nothing to repair, or a torn end alone, is left as it is") {
    series_log log;
    guild_test::log_curves(log, 5000, 1000);
    const guild_test::temp_dir dir;
    const std::string live = log.killed();
    for (const std::string& bytes : {live, live.substr(0, live.size() - 30), log.closed()}) {
        const std::string path = dir.write("f.gts", bytes);
        const auto done = gs::repair(path);
        REQUIRE(done);
        CHECK_FALSE(done->is_changed);
        CHECK(done->kept_as.empty());
        CHECK(*os::load_file(path) == bytes);
        CHECK(os::list_directory(dir.path())->size() == 1);
    }
}

TEST_CASE("repair: a damaged header is written anew, the uuid tells the blocks") {
    series_log log;
    guild_test::log_curves(log, 3000, 1000);
    std::string bytes = log.closed();
    flip_byte(bytes, 34);  // in the time of the start
    const guild_test::temp_dir dir;
    std::string path = dir.write("f.gts", bytes);
    REQUIRE(must_verify(path).damage.size() == 1);
    CHECK(must_verify(path).damage[0].where.begin == 0);
    CHECK(must_verify(path).damage[0].where.end == gs::header_bytes);
    auto done = gs::repair(path);
    REQUIRE(done);
    CHECK(done->is_changed);
    CHECK(done->bytes_lost == gs::header_bytes);
    CHECK(logged_points(path) == log.written());
    check_clean(path);
}

TEST_CASE("repair: series whose dictionary is lost get a key of their number") {
    series_log log;
    guild_test::log_curves(log, 500, 100);
    const std::string good = log.closed();
    std::string bytes = good;
    for (const gs::block& block : blocks_of(good, log.seed())) {
        if (block.type == gs::block_type::dictionary) {
            flip_byte(bytes, block.offset + 42);
        }
    }
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    CHECK(whole_message(must_verify(path)).find("series 2 has points and no key") !=
          std::string::npos);
    const auto done = gs::repair(path);
    REQUIRE(done);
    CHECK(done->points == 1500);
    const auto read = logged_points(path);
    CHECK(read.size() == 3);
    CHECK(read.at("unnamed/0") == log.written().at("loss"));
    CHECK(read.at("unnamed/2") == log.written().at("epoch"));
}

TEST_CASE("repair: an earlier damaged file keeps its name") {
    series_log log;
    guild_test::log_curves(log, 3000, 1000);
    std::string bytes = log.closed();
    flip_byte(bytes, 1000);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    (void)dir.write("f.gts.damaged", "before");
    const auto done = gs::repair(path);
    REQUIRE(done);
    CHECK(done->kept_as == path + ".damaged-2");
    CHECK(*os::load_file(path + ".damaged") == "before");
    CHECK(*os::load_file(path + ".damaged-2") == bytes);
}

TEST_CASE("repair: whichever call fails, the points are at their place and nothing is lost") {
    using namespace guild_test;
    series_log log;
    random_numbers random(23);
    log_anything(log, 800, random);
    std::string bytes = log.closed();
    flip_byte(bytes, 3000);
    const temp_dir dir;
    const os::env system = simulated_disk::env();
    const std::string path = dir / "f.gts";
    const auto good = [&] {
        const temp_dir other;
        return logged_points(other.write("f.gts", bytes));
    }();
    bool has_failed = true;
    for (std::int64_t at = 0; has_failed; ++at) {
        CAPTURE(at);
        disk.start(dir.path());
        disk.put(path, bytes);
        disk.fault.calls = all_calls;
        disk.fault.after = at;
        disk.is_armed = true;
        const auto done = gs::repair(path, system);
        disk.is_armed = false;
        has_failed = disk.fault.failed != 0;
        auto reader = gs::reader::open(path, system);
        REQUIRE_MESSAGE(reader.has_value(), to_string(reader.error()));
        const auto read = logged_points(*reader);
        for (const auto& [key, points] : good) {
            CHECK(read.at(key) == points);
        }
        const auto again = gs::repair(path, system);
        REQUIRE(again);
        const auto after = gs::verify(path, system);
        REQUIRE(after);
        CHECK(after->damage.empty());
        std::size_t kept = 0;
        for (const auto& entry : disk.entries()) {
            kept += entry.second->now == bytes ? 1U : 0U;
        }
        CHECK(kept == 1);
        std::vector<std::string> left;
        for (const auto& entry : disk.entries()) {
            left.push_back(entry.first);
        }
        for (const std::string& name : left) {
            disk.remove(name);
        }
        (void)os::make_directories(dir.path());
    }
}
