#include <guild/series/verify.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <support/series_damage.hpp>
#include <support/series_log.hpp>
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
    const auto lie = [&](std::uint32_t nan, std::int64_t steps = 0) {
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
                piece.points.back().step += id == 1 && level == 1 ? steps : 0;
                gs::append_piece(changed, piece);
            }
            payload = changed;
        });
    };
    CHECK(lie(0) == bytes);
    check_found(lie(1), "the pyramid of series 1 tells of other points");
    check_found(lie(0, 1), "the pyramid of series 1 tells of other points");
    check_found(with_payload(bytes, log.seed(), gs::block_type::pyramid,
                             [](std::string& payload) { payload[2] = '\x01'; }),
                "makes no sense");
    check_found(with_index(bytes, log.seed(),
                           [](gs::index_content& index) { index.pyramids[0].ids.push_back(99); }),
                "the pyramid of series 99 tells of other points");
}

TEST_CASE("verify: pyramids behind damage that tell of what was lost are no damage of their own") {
    series_log log;
    for (std::int64_t i = 0; i < 60'000; ++i) {
        log.add(i, i, {{log.id("a"), static_cast<double>(i)}});
        if (i % 1000 == 999) {
            for (std::int64_t k = 0; k < 200; ++k) {
                log.add(i, k, {{log.id("few" + std::to_string(k)), k}});
            }
        }
    }
    const std::string bytes = log.closed();
    const guild_test::temp_dir dir;
    for (const gs::block& block : blocks_of(bytes, log.seed())) {
        if (block.type == gs::block_type::frames || block.type == gs::block_type::index) {
            std::string damaged = bytes;
            flip_byte(damaged, block.offset + 45);
            const gs::verify_report report = must_verify(dir.write("f.gts", damaged));
            CHECK_MESSAGE(report.damage.size() <= 1, whole_message(report));
        }
    }
}
