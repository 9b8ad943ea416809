#include <guild/series/repair.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <guild/series/writer.hpp>
#include <support/series_log.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::logged_points;
using guild_test::series_log;

namespace {

gs::verify_report must_verify(const std::string& path) {
    const auto found = gs::verify(path);
    REQUIRE(found);
    return *found;
}

// Where the blocks of a good file stand.
std::vector<gs::block> blocks_of(const std::string& bytes, std::uint32_t seed) {
    std::vector<gs::block> found;
    gs::block next;
    for (std::size_t at = gs::header_bytes; at < bytes.size();) {
        REQUIRE(gs::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                gs::block_status::good);
        found.push_back(next);
        at = guild::detail::convert<std::size_t>(next.end());
    }
    return found;
}

std::string whole_message(const gs::verify_report& report) {
    std::string all;
    for (const gs::finding& each : report.damage) {
        all += std::to_string(each.where.begin) + "-" + std::to_string(each.where.end) + " " +
               each.what + "\n";
    }
    return all;
}

void check_clean(const std::string& path) {
    const gs::verify_report report = must_verify(path);
    CHECK_MESSAGE(report.damage.empty(), whole_message(report));
    CHECK(report.bytes_lost() == 0);
}

void flip_byte(std::string& bytes, std::uint64_t at) {
    char& byte = bytes[guild::detail::convert<std::size_t>(at)];
    byte = static_cast<char>(~byte);
}

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

std::size_t count_of(const guild_test::points_by_key& points) {
    std::size_t count = 0;
    for (const auto& series : points) {
        count += series.second.size();
    }
    return count;
}

}  // namespace

TEST_CASE("verify: finds nothing in live, closed, killed and columnar files") {
    for (const std::uint64_t seed : {11U, 12U, 13U, 14U, 15U}) {
        CAPTURE(seed);
        guild_test::random_numbers random(seed);
        series_log log;
        guild_test::log_anything(log, 400U << (seed - 11), random);
        if (seed % 2 == 0) {
            guild_test::log_curves(log, 30'000, 1000);
        }
        const guild_test::temp_dir dir;
        const std::string live = log.killed();
        check_clean(dir.write("live.gts", live));
        const std::string killed = dir.write("killed.gts", live.substr(0, live.size() - 21));
        check_clean(killed);
        CHECK(must_verify(killed).tail_bytes > 0);
        const std::string path = dir.write("f.gts", log.closed());
        check_clean(path);
        const gs::verify_report report = must_verify(path);
        CHECK(report.is_closed);
        CHECK_FALSE(report.is_columnar);
        CHECK(report.points == count_of(log.written()));
        CHECK(report.series == log.written().size());
        CHECK(report.tail_bytes == 0);
        REQUIRE(gs::compact(path));
        check_clean(path);
        CHECK(must_verify(path).is_columnar);
        CHECK(must_verify(path).points == report.points);
    }
}

TEST_CASE("verify: finds nothing in a file whose writer added series late and pyramids early") {
    series_log log;
    for (std::int64_t i = 0; i < 60'000; ++i) {
        log.add(i, i, {{log.id("a"), static_cast<double>(i)}});
        if (i > 30'000 && i % 3 == 0) {
            log.add(i, i, {{log.id("late"), i}});
        }
        if (i % 5000 == 0) {
            log.add(i, i, {{log.id("few" + std::to_string(i)), i}});
        }
    }
    const guild_test::temp_dir dir;
    check_clean(dir.write("a.gts", log.killed()));
    check_clean(dir.write("b.gts", log.closed()));
}

TEST_CASE("verify: names the byte ranges of damage") {
    series_log log;
    guild_test::log_curves(log, 40'000, 1000);
    const guild_test::temp_dir dir;
    for (const bool is_columnar : {false, true}) {
        const std::string path = dir.write("f.gts", log.closed());
        if (is_columnar) {
            REQUIRE(gs::compact(path));
        }
        const std::string bytes = *os::load_file(path);
        const auto blocks = blocks_of(bytes, log.seed());
        REQUIRE(blocks.size() > 7);
        for (std::size_t i = 0; i + 1 < blocks.size(); ++i) {
            std::string damaged = bytes;
            flip_byte(damaged, blocks[i].offset + 45);
            REQUIRE(os::save_file(path, damaged));
            const gs::verify_report report = must_verify(path);
            REQUIRE_FALSE(report.damage.empty());
            CHECK(report.damage[0].where.begin == blocks[i].offset);
            CHECK(report.damage[0].where.end == blocks[i].end());
            CHECK(report.damage[0].what == "no good block: 1 block is lost");
            CHECK(report.blocks == blocks.size() - 1);
            const bool is_only_dictionary =  // then keys are lost as well
                is_columnar && blocks[i].type == gs::block_type::dictionary;
            CHECK_MESSAGE(report.damage.size() == (is_only_dictionary ? 4 : 1),
                          whole_message(report));
        }
        std::string damaged = bytes;
        flip_byte(damaged, blocks[1].offset);
        flip_byte(damaged, blocks[2].offset + 8);
        flip_byte(damaged, blocks[5].end() - 1);
        REQUIRE(os::save_file(path, damaged));
        const gs::verify_report report = must_verify(path);
        REQUIRE(report.damage.size() == 2);
        CHECK(report.damage[0].where.begin == blocks[1].offset);
        CHECK(report.damage[0].where.end == blocks[2].end());
        CHECK(report.damage[0].what == "no good block: 2 blocks are lost");
        CHECK(report.damage[1].where.begin == blocks[5].offset);
        CHECK(report.damage[1].where.end == blocks[5].end());
    }
}

TEST_CASE("verify: what is no series file is an error with its path") {
    const guild_test::temp_dir dir;
    CHECK(gs::verify(dir / "none.gts").error().code == guild::errc::not_found);
    const std::string path = dir.write("f.gts", std::string(200, 'x'));
    const auto refused = gs::verify(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::bad_syntax);
    CHECK(refused.error().path == path);
    CHECK_FALSE(gs::verify(dir.path()));
    CHECK_FALSE(gs::repair(path));
}

// ---- files that lie ---------------------------------------------------------

namespace {

// Changes the index at the end of a file, or a pyramid, and puts the checksum right.
template <class Change>
std::string with_payload(const std::string& bytes, std::uint32_t seed, gs::block_type type,
                         Change&& change) {
    const auto blocks = blocks_of(bytes, seed);
    std::string made = bytes.substr(0, gs::header_bytes);
    std::size_t last = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        last = blocks[i].type == type ? i : last;
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        gs::block block = blocks[i];
        std::string payload(block.payload);
        if (i == last) {
            change(payload);
        }
        block.payload = payload;
        REQUIRE(block.offset == made.size());
        gs::append_block(made, block, seed);
    }
    return made;
}

template <class Change>
std::string with_index(const std::string& bytes, std::uint32_t seed, Change&& change) {
    return with_payload(bytes, seed, gs::block_type::index, [&](std::string& payload) {
        gs::index_content content;
        REQUIRE(gs::decode_index(payload, content));
        change(content);
        payload.clear();
        gs::append_index(payload, content);
    });
}

void check_found(const std::string& bytes, std::string_view what) {
    const guild_test::temp_dir dir;
    const gs::verify_report report = must_verify(dir.write("f.gts", bytes));
    const std::string all = whole_message(report);
    CHECK_MESSAGE(all.find(what) != std::string::npos, all);
}

std::string closed_or_columnar(series_log& log, bool is_columnar) {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    if (is_columnar) {
        REQUIRE(gs::compact(path));
    }
    return *os::load_file(path);
}

}  // namespace

TEST_CASE("verify: an index that lies is found") {
    series_log log;
    guild_test::log_curves(log, 20'000, 1000);
    for (const bool is_columnar : {false, true}) {
        const std::string bytes = closed_or_columnar(log, is_columnar);
        const auto lie = [&](auto change) { return with_index(bytes, log.seed(), change); };
        CHECK(lie([](gs::index_content&) {}) == bytes);
        check_found(lie([](gs::index_content& index) { ++index.points; }),
                    "the index counts 60001 points, the file has 60000");
        check_found(lie([](gs::index_content& index) { --index.frames; }), "the index counts");
        check_found(lie([](gs::index_content& index) { ++index.summaries[1].second.count; }),
                    "the index tells of series 1 other numbers");
        check_found(lie([](gs::index_content& index) { index.summaries[0].second.max = 1.0; }),
                    "the index tells of series 0 other numbers");
        check_found(lie([](gs::index_content& index) { index.summaries[2].second.last.step = 1; }),
                    "the index tells of series 2 other numbers");
        check_found(lie([](gs::index_content& index) {
                        (index.chunks.empty() ? index.blocks.back() : index.chunks.back()).offset +=
                            8;
                    }),
                    "the index lists other blocks");
        check_found(lie([](gs::index_content& index) {
                        if (index.chunks.empty()) {
                            index.blocks.pop_back();
                        } else {
                            index.chunks.pop_back();
                        }
                    }),
                    "the index lists other blocks");
        check_found(lie([](gs::index_content& index) { index.dictionary_offset = 96; }),
                    "the index names another dictionary");
        check_found(with_payload(bytes, log.seed(), gs::block_type::index,
                                 [](std::string& payload) { payload.pop_back(); }),
                    "makes no sense");
    }
}

TEST_CASE("verify: an index without a series that the file has is found") {
    series_log log;
    guild_test::log_curves(log, 2000, 1000);
    check_found(with_index(closed_or_columnar(log, false), log.seed(),
                           [](gs::index_content& index) { index.summaries.pop_back(); }),
                "the index");
}

TEST_CASE("verify: an index whose ranges leave points out is found") {
    series_log log;
    guild_test::log_curves(log, 2000, 1000);
    check_found(with_index(closed_or_columnar(log, false), log.seed(),
                           [](gs::index_content& index) { index.blocks[0].max_step = 1; }),
                "the index");
}

TEST_CASE("verify: a pyramid that tells of other points is found") {
    series_log log;
    guild_test::log_curves(log, 20'000, 1000);
    const std::string bytes = closed_or_columnar(log, true);
    const auto lie = [&](std::uint32_t nan) {
        return with_payload(bytes, log.seed(), gs::block_type::pyramid, [&](std::string& payload) {
            std::string changed;
            std::string_view rest = payload;
            while (!rest.empty()) {
                gs::pyramid_piece piece;
                const auto id = static_cast<std::uint32_t>(rest[0]);
                const auto level = static_cast<std::uint32_t>(rest[1]);
                REQUIRE(gs::decode_piece(rest, {id, level}, piece));
                for (gs::bucket& each : piece.buckets) {
                    each.nan += id == 1 && level == 0 ? nan : 0;
                }
                gs::append_piece(changed, piece);
            }
            payload = changed;
        });
    };
    CHECK(lie(0) == bytes);
    check_found(lie(1), "the pyramid of series 1 tells of other points");
    check_found(with_payload(bytes, log.seed(), gs::block_type::pyramid,
                             [](std::string& payload) { payload[2] = '\x01'; }),
                "makes no sense");
    check_found(with_index(bytes, log.seed(),
                           [](gs::index_content& index) { index.pyramids[0].ids.push_back(99); }),
                "the pyramid of series 99 tells of other points");
}

// ---- repair -----------------------------------------------------------------

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
