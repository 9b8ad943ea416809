#include <guild/series/file_map.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <support/memory_file.hpp>
#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::series_log;

namespace {

// A file in memory, and where its blocks of a type stand.
struct mapped_file {
    explicit mapped_file(std::string content)
        : bytes(std::move(content)), system(guild_test::memory_env(bytes)),
          file(*os::open_file("memory.gts", os::open_mode::read, system)),
          seed(gs::checksum_seed(gs::decode_header(bytes.substr(0, gs::header_bytes))->id)) {}

    [[nodiscard]] std::vector<gs::block> blocks(gs::block_type type) const {
        std::vector<gs::block> found;
        gs::block next;
        for (std::size_t at = gs::header_bytes; at < bytes.size();) {
            REQUIRE(gs::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                    gs::block_status::good);
            if (next.type == type) {
                found.push_back(next);
            }
            at = guild::detail::convert<std::size_t>(next.end());
        }
        return found;
    }
    bool load(gs::file_map& map, std::uint64_t index) const {
        gs::file_window window(file);
        return map.load(window, seed, index, bytes.size());
    }

    std::string bytes;
    os::env system;
    os::file file;
    std::uint32_t seed;
};

std::string long_live_file() {
    series_log log;
    guild_test::log_curves(log, 40'000, 1000);
    return log.closed();
}

}  // namespace

TEST_CASE("file map: the indices of a live file join without a gap") {
    const mapped_file from(long_live_file());
    const auto indices = from.blocks(gs::block_type::index);
    REQUIRE(indices.size() > 3);
    gs::file_map map;
    CHECK_FALSE(map.has_chunks());
    REQUIRE(from.load(map, indices.back().offset));
    REQUIRE(map.sections().size() == indices.size());
    std::vector<std::uint64_t> listed;
    std::uint64_t end = gs::header_bytes;
    for (std::size_t i = 0; i < indices.size(); ++i) {
        const gs::file_section& section = map.sections()[i];
        CHECK(section.begin == end);
        CHECK(section.index_offset == indices[i].offset);
        CHECK(section.content.summaries.empty());
        end = section.end;
        for (const gs::frames_entry& entry : section.content.blocks) {
            listed.push_back(entry.offset);
        }
    }
    CHECK(end == from.bytes.size());
    std::vector<std::uint64_t> expected;
    for (const gs::block& each : from.blocks(gs::block_type::frames)) {
        expected.push_back(each.offset);
    }
    CHECK(listed == expected);
    CHECK_FALSE(map.has_chunks());
}

TEST_CASE("file map: a file that grew is gathered from what is known on") {
    const mapped_file from(long_live_file());
    const auto indices = from.blocks(gs::block_type::index);
    gs::file_map map;
    REQUIRE(from.load(map, indices[1].offset));
    CHECK(map.sections().size() == 2);
    const std::uint64_t before = guild_test::in_memory.read_bytes;
    REQUIRE(from.load(map, indices[1].offset));
    CHECK(guild_test::in_memory.read_bytes == before);
    REQUIRE(from.load(map, indices.back().offset));
    CHECK(map.sections().size() == indices.size());
    CHECK(map.sections()[1].index_offset == indices[1].offset);
}

TEST_CASE("file map: with a damaged index on the way nothing is known") {
    mapped_file from(long_live_file());
    const auto indices = from.blocks(gs::block_type::index);
    for (std::size_t i = 0; i < indices.size(); ++i) {
        guild_test::in_memory.bytes = from.bytes;
        char& byte = guild_test::in_memory.bytes[static_cast<std::size_t>(indices[i].offset) + 60];
        byte = static_cast<char>(~byte);
        gs::file_map map;
        CHECK_FALSE(from.load(map, indices.back().offset));
        CHECK(map.sections().empty());
    }
    guild_test::in_memory.bytes = from.bytes;
    gs::file_map map;
    CHECK_FALSE(from.load(map, indices.back().offset + 8));
    CHECK_FALSE(from.load(map, from.blocks(gs::block_type::frames).front().offset));
    CHECK_FALSE(from.load(map, from.bytes.size() + 1000));
}

TEST_CASE("file map: a smaller file that took the place of a known one is gathered anew") {
    gs::file_map map;
    {
        const mapped_file from(long_live_file());
        REQUIRE(from.load(map, from.blocks(gs::block_type::index).back().offset));
    }
    series_log log;
    guild_test::log_curves(log, 3000, 1000);
    const mapped_file from(log.closed());
    const auto indices = from.blocks(gs::block_type::index);
    if (!from.load(map, indices.back().offset)) {
        REQUIRE(from.load(map, indices.back().offset));
    }
    REQUIRE(map.sections().size() == indices.size());
    CHECK(map.sections()[0].begin == gs::header_bytes);
}

TEST_CASE("file map: a file in columns has one section, with groups") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", long_live_file());
    REQUIRE(gs::compact(path));
    const mapped_file from(*os::load_file(path));
    gs::file_map map;
    REQUIRE(from.load(map, from.blocks(gs::block_type::index).back().offset));
    REQUIRE(map.sections().size() == 1);
    CHECK(map.has_chunks());
    const gs::index_content& content = map.sections()[0].content;
    CHECK(content.chunks.size() == from.blocks(gs::block_type::chunk).size());
    CHECK(content.pyramids.size() == from.blocks(gs::block_type::pyramid).size());
    REQUIRE(content.groups.size() == 1);
    CHECK(gs::has_id(content.groups[0], 2));
    CHECK_FALSE(gs::has_id(content.groups[0], 3));
}

TEST_CASE("point range: both ends are in it, steps and times must both fit") {
    gs::point_range range;
    CHECK(range.holds_all());
    CHECK(range.holds(std::numeric_limits<std::int64_t>::min(),
                      std::numeric_limits<std::int64_t>::max()));
    range.min_step = 5;
    range.max_step = 7;
    range.min_time_us = -3;
    CHECK_FALSE(range.holds_all());
    CHECK(range.holds(5, -3));
    CHECK(range.holds(7, 0));
    CHECK_FALSE(range.holds(4, 0));
    CHECK_FALSE(range.holds(8, 0));
    CHECK_FALSE(range.holds(6, -4));
    gs::frames_entry entry;
    entry.min_step = 7;
    entry.max_step = 90;
    entry.min_time_us = -100;
    entry.max_time_us = -3;
    CHECK(range.meets(entry));
    entry.max_time_us = -4;
    CHECK_FALSE(range.meets(entry));
    entry.max_time_us = 0;
    entry.min_step = 8;
    CHECK_FALSE(range.meets(entry));
}
