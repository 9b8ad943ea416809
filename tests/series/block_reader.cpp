#include <guild/series/block_reader.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/block_list.hpp>
#include <support/memory_file.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace gs = guild::series;

namespace {

constexpr std::uint32_t file_seed = 77;

// A header's worth of zeros and `count` notes of growing size; their offsets in `offsets`.
std::string file_of_blocks(int count, std::vector<std::uint64_t>& offsets) {
    std::string bytes(gs::header_bytes, '\0');
    for (int i = 0; i < count; ++i) {
        const std::string payload(static_cast<std::size_t>(i) * 13,
                                  static_cast<char>('a' + i % 26));
        gs::block one;
        one.sequence = static_cast<std::uint64_t>(i);
        one.offset = bytes.size();
        one.payload = payload;
        offsets.push_back(bytes.size());
        gs::append_block(bytes, one, file_seed);
    }
    offsets.push_back(bytes.size());
    return bytes;
}

struct seen {
    std::vector<std::uint64_t> sequences;
    std::vector<gs::byte_range> lost;
    std::uint64_t end = 0;
};

seen read_all(const std::string& path, std::uint64_t from = gs::header_bytes) {
    auto file = os::open_file(path, os::open_mode::read);
    REQUIRE(file);
    gs::file_window window(*file);
    gs::block_reader blocks(window, file_seed, from, file->status()->size);
    seen all;
    gs::block one;
    while (blocks.next(one)) {
        all.sequences.push_back(one.sequence);
    }
    CHECK_FALSE(blocks.failure());
    all.lost = blocks.lost();
    all.end = blocks.offset();
    return all;
}

// Heads of blocks, one behind the other, which end one behind the other and are no blocks at all.
std::string make_false_heads(std::size_t count) {
    const std::size_t tails = gs::header_bytes + count * gs::block_head_bytes;
    std::string bytes(tails + count * gs::block_tail_bytes, '\0');
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = gs::header_bytes + i * gs::block_head_bytes;
        const std::size_t tail = tails + i * gs::block_tail_bytes;
        const auto length = static_cast<std::uint32_t>(tail - at - gs::block_head_bytes);
        guild::store_le(&bytes[at], gs::block_magic);
        guild::store_le(&bytes[at + 8], length);
        guild::store_le(&bytes[at + 24], std::uint64_t{at});
        guild::store_le(&bytes[tail], length);
    }
    return bytes;
}

}  // namespace

TEST_CASE("block reader: blocks come in order, a torn one at the end is the end") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    const std::string bytes = file_of_blocks(12, offsets);
    for (std::size_t size = gs::header_bytes; size <= bytes.size(); ++size) {
        const auto got = read_all(dir.write("f", bytes.substr(0, size)));
        std::size_t whole = 0;
        while (whole + 1 < offsets.size() && offsets[whole + 1] <= size) {
            ++whole;
        }
        CHECK(got.sequences.size() == whole);
        CHECK(got.lost.empty());
        CHECK(got.end == offsets[whole]);
    }
}

TEST_CASE("block reader: bytes made to be checked again and again are given up") {
    const std::string bytes = make_false_heads(7000);
    const os::env system = guild_test::memory_env(bytes);
    const auto file = os::open_file("f", os::open_mode::read, system);
    REQUIRE(file);
    gs::block found;
    gs::file_window forward(*file);
    CHECK_FALSE(gs::block_reader(forward, file_seed, gs::header_bytes, bytes.size()).next(found));
    gs::file_window backward(*file);
    CHECK_FALSE(gs::find_last_block(backward, file_seed, bytes.size()));
    gs::file_window anywhere(*file);
    CHECK(gs::find_displaced(anywhere, file_seed, {gs::header_bytes, bytes.size()}).empty());
    CHECK(guild_test::in_memory.read_bytes < 3 * 100 * bytes.size());
}

TEST_CASE("block reader: what follows a damaged block is not lost") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    std::string bytes = file_of_blocks(12, offsets);
    bytes[offsets[5] + 50] ^= 1;
    const auto got = read_all(dir.write("f", bytes));
    CHECK(got.sequences == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11});
    REQUIRE(got.lost.size() == 1);
    CHECK(got.lost[0].begin == offsets[5]);
    CHECK(got.lost[0].end == offsets[6]);
}

TEST_CASE("block reader: a length that was changed does not hide the rest of the file") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    const std::string bytes = file_of_blocks(12, offsets);
    for (std::size_t bit = 0; bit < 32; ++bit) {
        std::string changed = bytes;
        char& byte = changed[offsets[5] + 8 + bit / 8];
        byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
        CHECK(read_all(dir.write("f", changed)).sequences.size() == 11);
    }
}

TEST_CASE("block reader: zeros, garbage and several damaged places are stepped over") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    std::string bytes = file_of_blocks(20, offsets);
    for (std::uint64_t at = offsets[3]; at < offsets[6]; ++at) {
        bytes[at] = '\0';
    }
    for (std::uint64_t at = offsets[10]; at < offsets[11]; ++at) {
        bytes[at] = static_cast<char>(at * 7);
    }
    const auto got = read_all(dir.write("f", bytes));
    CHECK(got.sequences.size() == 16);
    REQUIRE(got.lost.size() == 2);
    CHECK(got.lost[0].end == offsets[6]);
    CHECK(got.lost[1].begin == offsets[10]);
}

TEST_CASE("find_last_block: finds it whole, behind a torn tail, and never a wrong one") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    const std::string bytes = file_of_blocks(30, offsets);
    for (std::size_t size = gs::header_bytes; size <= bytes.size(); size += 5) {
        auto file = os::open_file(dir.write("f", bytes.substr(0, size)), os::open_mode::read);
        REQUIRE(file);
        gs::file_window window(*file);
        const auto last = gs::find_last_block(window, file_seed, size);
        std::size_t whole = 0;
        while (whole + 1 < offsets.size() && offsets[whole + 1] <= size) {
            ++whole;
        }
        REQUIRE(last.has_value() == (whole > 0));
        CHECK((!last || last->offset == offsets[whole - 1]));
    }
}

TEST_CASE("find_last_block: looks back over a tail of garbage larger than its window") {
    const guild_test::temp_dir dir;
    std::vector<std::uint64_t> offsets;
    std::string bytes = file_of_blocks(3, offsets);
    bytes.append(1'000'003, 'g');
    auto file = os::open_file(dir.write("f", bytes), os::open_mode::read);
    REQUIRE(file);
    gs::file_window window(*file);
    const auto last = gs::find_last_block(window, file_seed, bytes.size());
    REQUIRE(last);
    CHECK(last->offset == offsets[2]);
}

TEST_CASE("add_range: ranges that meet become one") {
    std::vector<gs::byte_range> ranges;
    gs::add_range(ranges, {100, 200});
    gs::add_range(ranges, {200, 300});
    CHECK(ranges.size() == 2);
    gs::add_range(ranges, {250, 260});
    CHECK(ranges.size() == 2);
    gs::add_range(ranges, {90, 210});
    REQUIRE(ranges.size() == 1);
    CHECK(ranges[0].begin == 90);
    CHECK(ranges[0].end == 300);
}
