#include <guild/series/block_list.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/compact.hpp>
#include <guild/series/file_builder.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/repair.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;

namespace {

// A closed file: a dictionary, then blocks of one frame each with step and value i, an index at
// the end.
struct listed_file {
    std::string bytes;
    std::vector<std::size_t> offsets;  // of each block, then the end
    std::uint32_t seed = 0;

    explicit listed_file(int frames) {
        gs::file_header header;
        header.id[0] = 7;
        header.start_wall_us = 1'700'000'000'000'000;
        seed = gs::checksum_seed(header.id);
        gs::file_builder builder;
        builder.start(header.id);
        const std::uint32_t id = builder.series("x");
        for (int i = 0; i < frames; ++i) {
            const gs::sample value{id, static_cast<double>(i)};
            builder.add_frame(i, header.start_wall_us + i, &value, 1);
            builder.seal(i + 1 == frames);
        }
        bytes = gs::encode_header(header) + builder.pending();
        gs::block next;
        for (std::size_t at = gs::header_bytes; at < bytes.size(); at = next.end()) {
            REQUIRE(gs::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                    gs::block_status::good);
            offsets.push_back(at);
        }
        offsets.push_back(bytes.size());
    }

    [[nodiscard]] std::string without(std::size_t at, std::size_t count) const {
        return bytes.substr(0, at) + bytes.substr(at + count);
    }
    [[nodiscard]] std::string with(std::size_t at, const std::string& more) const {
        return bytes.substr(0, at) + more + bytes.substr(at);
    }
};

gs::block_list list_file(const std::string& path, std::uint32_t seed) {
    const auto file = os::open_file(path, os::open_mode::read);
    REQUIRE(file);
    const auto list = gs::list_blocks(*file, seed, file->status()->size);
    REQUIRE(list);
    return *list;
}

std::size_t count_displaced(const gs::block_list& list) {
    std::size_t count = 0;
    for (const gs::placed_block& each : list.blocks) {
        count += each.is_displaced() ? 1U : 0U;
    }
    return count;
}

std::vector<std::int64_t> listed_steps(const std::string& path) {
    auto file = gs::reader::open(path);
    REQUIRE(file);
    std::vector<std::int64_t> steps;
    REQUIRE(file->for_each_id_point(
        [&](std::uint32_t, const gs::point& next) { steps.push_back(next.step); }));
    return steps;
}

std::vector<std::string> told(const std::string& path) {
    const auto report = gs::verify(path);
    REQUIRE(report);
    std::vector<std::string> lines;
    for (const gs::finding& each : report->damage) {
        lines.push_back(std::to_string(each.where.begin) + '-' + std::to_string(each.where.end) +
                        ": " + each.what);
    }
    return lines;
}

std::vector<std::int64_t> listed_range(std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> all;
    for (; begin < end; ++begin) {
        all.push_back(begin);
    }
    return all;
}

}  // namespace

TEST_CASE("block list: blocks behind a cut are found at their places") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const std::size_t blocks = whole.offsets.size() - 1;
    for (const std::size_t cut :
         {std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{33}}) {
        CAPTURE(cut);
        const std::string path = dir.write("f", whole.without(whole.offsets[4] + 16, cut));
        const auto list = list_file(path, whole.seed);
        CHECK(list.blocks.size() == blocks - 1);
        CHECK(count_displaced(list) == blocks - 5);
        REQUIRE(list.lost.size() == 1);
        CHECK(list.lost[0].begin == whole.offsets[4]);
        CHECK(list.lost[0].end == whole.offsets[5] - cut);
        CHECK(list.end == whole.bytes.size() - cut);
    }
}

TEST_CASE("block list: a file as it should be is listed in order, its torn tail left out") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const auto list = list_file(dir.write("f", whole.bytes + "torn"), whole.seed);
    CHECK(list.blocks.size() == whole.offsets.size() - 1);
    CHECK_FALSE(list.has_displaced());
    CHECK(list.lost.empty());
    CHECK(list.end == whole.bytes.size());
}

TEST_CASE("block list: of blocks that stand there twice one is listed, that in its place") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const std::size_t begin = whole.offsets[3];
    const std::size_t end = whole.offsets[6];
    const std::string path = dir.write("f", whole.bytes + whole.bytes.substr(begin, end - begin));
    const auto list = list_file(path, whole.seed);
    CHECK(list.blocks.size() == whole.offsets.size() - 1);
    CHECK_FALSE(list.has_displaced());
}

TEST_CASE("block list: blocks of another file are not taken") {
    const guild_test::temp_dir dir;
    const listed_file whole(3);
    std::string other = whole.bytes;
    other[8] ^= 1;  // its uuid
    const std::string path = dir.write("f", other.substr(0, gs::header_bytes) + "1234567" +
                                                whole.bytes.substr(gs::header_bytes));
    CHECK(list_file(path, whole.seed + 1).blocks.empty());
}

TEST_CASE("block list: a magic at the border of two reads is found") {
    const guild_test::temp_dir dir;
    const listed_file whole(3);
    constexpr std::size_t window = std::size_t{256} << 10U;
    for (std::size_t before = 0; before < 8; ++before) {
        const std::size_t zeros = window - before - gs::block_head_bytes;
        const std::string path =
            dir.write("f", whole.with(gs::header_bytes, std::string(zeros, '\0')));
        CHECK(count_displaced(list_file(path, whole.seed)) == whole.offsets.size() - 1);
    }
}

TEST_CASE("verify: blocks behind a cut or behind bytes put in are told with their distance") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const std::size_t at = whole.offsets[4];
    const std::string good = std::to_string(whole.offsets.size() - 1 - 5);
    const std::string cut = dir.write("cut", whole.without(at + 16, 9));
    CHECK(told(cut) ==
          std::vector<std::string>{std::to_string(at) + '-' + std::to_string(whole.offsets[5] - 9) +
                                       ": no good block: 1 block is lost",
                                   std::to_string(whole.offsets[5] - 9) + '-' +
                                       std::to_string(whole.bytes.size() - 9) + ": " + good +
                                       " good blocks stand 9 bytes before their place"});
    CHECK(gs::verify(cut)->points == 9);
    CHECK(gs::verify(cut)->is_closed);
    CHECK(gs::verify(cut)->bytes_lost() == whole.offsets[5] - 9 - at);
    const std::string put = dir.write("put", whole.with(at, "!"));
    const std::string all_good = std::to_string(whole.offsets.size() - 1 - 4);
    CHECK(told(put) == std::vector<std::string>{
                           std::to_string(at) + '-' + std::to_string(at + 1) +
                               ": no good block: 0 blocks are lost",
                           std::to_string(at + 1) + '-' + std::to_string(whole.bytes.size() + 1) +
                               ": " + all_good + " good blocks stand 1 byte behind their place"});
    const std::string block = dir.write("block", whole.without(at, whole.offsets[6] - at));
    CHECK(told(block).front() ==
          std::to_string(at) + '-' + std::to_string(at) + ": no good block: 2 blocks are lost");
}

TEST_CASE("repair: blocks that were moved are taken in, in order of their sequence") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const std::size_t a = whole.offsets[2];
    const std::size_t b = whole.offsets[5];
    const std::size_t c = whole.offsets[9];
    const std::string swapped = whole.bytes.substr(0, a) + whole.bytes.substr(b, c - b) +
                                whole.bytes.substr(a, b - a) + whole.bytes.substr(c);
    for (const std::string& bytes : {whole.with(a, "?"), whole.with(a, std::string(24, '\xA9')),
                                     swapped, whole.with(c, whole.bytes.substr(a, b - a))}) {
        const std::string path = dir.write("f.gts", bytes);
        const auto done = gs::repair(path);
        REQUIRE(done);
        CHECK(done->is_changed);
        CHECK(done->points == 10);
        CHECK(listed_steps(path) == listed_range(0, 10));
        CHECK(gs::verify(path)->damage.empty());
        CHECK(os::load_file(done->kept_as, bytes.size()).value() == bytes);
    }
}

TEST_CASE("compact: a file with moved blocks is refused and left as it is") {
    const guild_test::temp_dir dir;
    const listed_file whole(10);
    const std::string bytes = whole.without(whole.offsets[4], 3);
    const std::string path = dir.write("f.gts", bytes);
    const auto done = gs::compact(path, {true});
    REQUIRE_FALSE(done);
    CHECK(done.error().code == guild::errc::bad_checksum);
    CHECK(os::load_file(path, bytes.size()).value() == bytes);
    CHECK(os::list_directory(dir.path())->size() == 1);
}
