#include <guild/series/reader.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/file_builder.hpp>
#include <support/memory_file.hpp>
#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace gs = guild::series;

namespace {

gs::file_header some_header() {
    gs::file_header header;
    header.id[3] = 9;
    return header;
}

double value_of(std::int64_t step) {
    return std::sin(static_cast<double>(step));
}

// A file of `blocks` blocks of frames, each of `frames` frames of two series; closed if asked for.
std::string make_file(int blocks, int frames, bool close) {
    gs::file_builder builder;
    builder.start(some_header().id);
    const auto a = builder.series("a");
    const auto b = builder.series("b");
    std::int64_t step = 0;
    for (int i = 0; i < blocks; ++i) {
        for (int k = 0; k < frames; ++k, ++step) {
            const gs::sample row[] = {{a, value_of(step)}, {b, step}};
            builder.add_frame(step, step * 1000, row, 2);
        }
        builder.seal(false);
    }
    if (close) {
        builder.seal(true);
    }
    return gs::encode_header(some_header()) + builder.pending();
}

void put(const std::string& path, std::string_view bytes) {
    auto file = os::open_file(path, os::open_mode::truncate);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
}

gs::reader must_open(const std::string& path) {
    auto opened = gs::reader::open(path);
    REQUIRE(opened);
    return std::move(*opened);
}

// How many points of the file are as they were written; any other fails the test.
std::size_t count_points(gs::reader& reader) {
    std::size_t count = 0;
    std::int64_t before = -1;
    auto a = reader.points("a");
    REQUIRE(a);
    for (const gs::point& one : *a) {
        const bool right = one.step > before && one.time_us == one.step * 1000 &&
                           one.value == gs::number(value_of(one.step));
        REQUIRE_MESSAGE(right, "invented at step " << one.step);
        before = one.step;
        ++count;
    }
    return count;
}

std::uint64_t count_of(const gs::reader& reader, const std::string& key) {
    for (const gs::series_summary& summary : reader.summaries()) {
        if (summary.key == key) {
            return summary.count;
        }
    }
    return 0;
}

}  // namespace

TEST_CASE("reader: a closed file gives its series and points") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    put(path, make_file(3, 4, true));
    gs::reader reader = must_open(path);
    CHECK(reader.is_closed());
    CHECK(reader.bytes_lost() == 0);
    CHECK(reader.tail_bytes() == 0);
    const auto summaries = reader.summaries();
    REQUIRE(summaries.size() == 2);
    CHECK(summaries[0].key == "a");
    CHECK(summaries[1].key == "b");
    CHECK(summaries[1].count == 12);
    CHECK(summaries[1].first == gs::point{0, 0, 0});
    CHECK(summaries[1].last == gs::point{11, 11000, 11});
    CHECK(summaries[1].max == gs::number(11));
    CHECK(count_points(reader) == 12);
    CHECK(reader.points("none")->empty());
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("reader: opening what is no series file is an error that says so") {
    const guild_test::temp_dir dir;
    CHECK(gs::reader::open(dir / "none").error().code == guild::errc::not_found);
    CHECK(gs::reader::open(dir.path()).error().code == guild::errc::bad_value);
    CHECK(gs::reader::open(dir.write("empty", "")).error().code == guild::errc::truncated);
    const auto text = gs::reader::open(dir.write("text", std::string(200, 'x')));
    REQUIRE_FALSE(text);
    CHECK(text.error().code == guild::errc::bad_syntax);
    CHECK(text.error().path == dir / "text");
}

TEST_CASE("reader: a future version is refused, a block of an unknown type is not") {
    const guild_test::temp_dir dir;
    std::string bytes = make_file(1, 1, false);
    gs::block unknown;
    unknown.type = static_cast<gs::block_type>(200);
    unknown.offset = bytes.size();
    unknown.sequence = 2;
    unknown.payload = "what a later writer has to say";
    gs::append_block(bytes, unknown, gs::checksum_seed(some_header().id));
    gs::reader reader = must_open(dir.write("f.gts", bytes));
    CHECK(count_points(reader) == 1);
    CHECK(reader.bytes_lost() == 0);
    CHECK(reader.tail_bytes() == 0);
    bytes[4] = 9;
    guild::store_le(&bytes[92], guild::mask_crc32c(guild::crc32c(bytes.substr(0, 92))));
    CHECK(gs::reader::open(dir.write("g.gts", bytes)).error().code == guild::errc::unsupported);
}

TEST_CASE("reader: every prefix gives the points of its whole blocks, without an error") {
    const guild_test::temp_dir dir;
    const std::string bytes = make_file(8, 2, true);
    std::size_t before = 0;
    for (std::size_t size = gs::header_bytes; size <= bytes.size(); ++size) {
        put(dir / "f.gts", std::string_view(bytes).substr(0, size));
        gs::reader reader = must_open(dir / "f.gts");
        const std::size_t count = count_points(reader);
        CHECK(count % 2 == 0);
        CHECK(count >= before);
        CHECK(count_of(reader, "a") == count);
        CHECK(reader.bytes_lost() == 0);
        before = count;
    }
    CHECK(before == 16);
}

TEST_CASE("reader: every flipped bit is detected or harmless, no value is wrong") {
    const guild_test::temp_dir dir;
    const std::string bytes = make_file(4, 3, true);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        CAPTURE(bit);
        std::string changed = bytes;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        put(dir / "f.gts", changed);
        auto reader = gs::reader::open(dir / "f.gts");
        if (!reader) {
            CHECK(bit < 32);  // the magic
            continue;
        }
        const std::size_t count = count_points(*reader);
        CHECK(count + 3 >= (bit < 96 * 8 ? 3 : 12));  // a block of three frames at most
        CHECK(reader->bytes_lost() + reader->tail_bytes() > 0);
    }
}

TEST_CASE("reader: follows a file while it is written, byte by byte") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    const std::string bytes = make_file(6, 2, true);
    put(path, std::string_view(bytes).substr(0, gs::header_bytes));
    gs::reader reader = must_open(path);
    auto file = os::open_file(path, os::open_mode::read_write);
    std::uint64_t before = 0;
    for (std::size_t at = gs::header_bytes; at < bytes.size(); ++at) {
        REQUIRE(file->write_at(at, std::string_view(bytes).substr(at, 1)));
        REQUIRE(reader.refresh());
        const std::uint64_t count = count_of(reader, "a");
        CHECK(count >= before);
        before = count;
    }
    CHECK(before == 12);
    CHECK(reader.is_closed());
    CHECK(count_points(reader) == 12);
}

TEST_CASE("reader: a large live file is opened from its last index") {
    const guild_test::temp_dir dir;
    std::string bytes = make_file(60, 1000, false);
    REQUIRE(bytes.size() > (std::size_t{600} << 10U));
    // Damage before the last index: opening does not read there, reading the points does.
    bytes[5000] ^= 1;
    gs::reader reader = must_open(dir.write("f.gts", bytes));
    CHECK(count_of(reader, "a") == 60'000);
    CHECK(reader.bytes_lost() == 0);
    CHECK(count_points(reader) == 59'000);
    CHECK(reader.bytes_lost() > 0);
}

TEST_CASE("reader: without its last indices a file is read all the same") {
    const guild_test::temp_dir dir;
    const std::string bytes = make_file(60, 1000, true);
    std::string changed = bytes;
    for (std::size_t at = gs::header_bytes; at + 48 <= bytes.size(); at += 8) {
        const bool is_index = guild::load_le<std::uint32_t>(&changed[at]) == gs::block_magic &&
                              changed[at + 4] == static_cast<char>(gs::block_type::index);
        changed[at + 44] = static_cast<char>(changed[at + 44] ^ (is_index ? 1 : 0));
    }
    gs::reader reader = must_open(dir.write("f.gts", changed));
    CHECK(count_of(reader, "a") == 60'000);
    CHECK(reader.summaries()[1].last.step == 59'999);
    CHECK(count_points(reader) == 60'000);
}

TEST_CASE("reader: a damaged range of a live file is read again when the file has changed") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    const std::string bytes = make_file(6, 2, false);
    std::string holed = bytes;
    for (std::size_t at = 400; at < 700; ++at) {
        holed[at] = '\0';  // a page that a network file system has not delivered yet
    }
    put(path, holed);
    gs::reader reader = must_open(path);
    CHECK(count_of(reader, "a") < 12);
    CHECK(reader.bytes_lost() > 0);
    auto file = os::open_file(path, os::open_mode::read_write);
    REQUIRE(file->write_at(0, bytes));
    REQUIRE(reader.refresh());
    CHECK(count_of(reader, "a") == 12);
    CHECK(reader.summaries()[0].last.step == 11);
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("reader: an index whose dictionary is damaged takes the place of no damage") {
    const std::string bytes = make_file(3, 2, true);
    std::string holed = bytes;
    const std::string_view dictionary_head("\xA9\x47\x54\x42\x01\x00", 6);
    for (auto at = bytes.find(dictionary_head); at != std::string::npos;
         at = bytes.find(dictionary_head, at + 1)) {
        std::fill_n(&holed[at], dictionary_head.size(), '\0');
    }
    const os::env system = guild_test::memory_env(holed);
    auto reader = gs::reader::open("f.gts", system);
    REQUIRE(reader);
    CHECK(reader->summaries().empty());
    CHECK(reader->bytes_lost() > 0);
    guild_test::in_memory.set(bytes);
    REQUIRE(reader->refresh());
    CHECK(count_of(*reader, "a") == 6);
    CHECK(reader->bytes_lost() == 0);
}

TEST_CASE("reader: a file replaced by another is read anew, a deleted one stays readable") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    put(path, make_file(2, 2, false));
    gs::reader reader = must_open(path);
    put(dir / "new", make_file(5, 2, true));
    REQUIRE(os::system_env.rename((dir / "new").c_str(), path.c_str()) == 0);
    REQUIRE(reader.refresh());
    CHECK(count_of(reader, "a") == 10);
    REQUIRE(os::system_env.unlink(path.c_str()) == 0);
    REQUIRE(reader.refresh());
    CHECK(count_points(reader) == 10);
}

TEST_CASE(
    "reader: what was known stays when a new file cannot be read, and the next look reads it") {
    const std::string old = make_file(2, 2, false);
    const std::string next = make_file(5, 2, true);
    bool has_failed = true;
    for (std::int64_t at = 1; has_failed; ++at) {  // reads of the new file, its header and so on
        CAPTURE(at);
        const os::env system = guild_test::memory_env(old);
        auto reader = gs::reader::open("f.gts", system);
        REQUIRE(reader);
        guild_test::in_memory.set(next);
        guild_test::in_memory.inode = 2;
        guild_test::in_memory.reads_left = at;
        has_failed = !reader->refresh();
        CHECK(count_of(*reader, "a") == (has_failed ? 4 : 10));
        guild_test::in_memory.reads_left = -1;
        REQUIRE(reader->refresh());
        CHECK(count_of(*reader, "a") == 10);
        CHECK((has_failed || at >= 2));
    }
}

TEST_CASE("reader: a limit that cannot be read up to is tried again by the next refresh") {
    for (std::int64_t at = 0; at < 3; ++at) {
        const os::env system = guild_test::memory_env(make_file(4, 2, true));
        auto reader = gs::reader::open("f.gts", system);
        REQUIRE(reader);
        guild_test::in_memory.reads_left = at;
        const bool has_ended = reader->end_before(3).has_value();
        guild_test::in_memory.reads_left = -1;
        REQUIRE(reader->refresh());
        CHECK(count_of(*reader, "a") == 4);
        CHECK(has_ended == (at > 0));
    }
}

TEST_CASE("reader: a file that another is written over is read anew, its header too") {
    const os::env system = guild_test::memory_env(make_file(4, 2, false));
    auto reader = gs::reader::open("f.gts", system);
    REQUIRE(reader);
    CHECK(reader->tail_bytes() == 0);
    guild_test::in_memory.set("");
    REQUIRE(reader->refresh());
    CHECK(reader->tail_bytes() == 0);
    CHECK(reader->summaries().empty());
    gs::file_header header = some_header();
    header.id[3] = 10;
    gs::file_builder builder;
    builder.start(header.id);
    const gs::sample one{builder.series("a"), 1};
    builder.add_frame(1, 1, &one, 1);
    builder.seal(true);
    guild_test::in_memory.set(gs::encode_header(header) + builder.pending());
    REQUIRE(reader->refresh());
    CHECK(reader->header().id == header.id);
    CHECK(count_of(*reader, "a") == 1);
    guild_test::in_memory.set(gs::encode_header(some_header()));
    REQUIRE(reader->refresh());
    CHECK(reader->header().id == some_header().id);
    CHECK(reader->summaries().empty());
}

TEST_CASE("reader: blocks that another file repeats are left out") {
    const guild_test::temp_dir dir;
    gs::reader reader = must_open(dir.write("f.gts", make_file(4, 2, true)));
    REQUIRE(reader.end_before(3));  // the dictionary, then two of the four blocks of frames
    CHECK(count_points(reader) == 4);
    CHECK(count_of(reader, "a") == 4);
    CHECK(count_of(reader, "b") == 4);
}

TEST_CASE("reader: every point is visited in file order with its key") {
    const guild_test::temp_dir dir;
    gs::reader reader = must_open(dir.write("f.gts", make_file(2, 2, true)));
    std::string keys;
    REQUIRE(reader.for_each_point(
        [&](const gs::series_name& name, const gs::point&) { keys += name.key; }));
    CHECK(keys == "abababab");
}

TEST_CASE("reader: a hole with many blocks that an index lists is looked through once") {
    gs::file_builder builder;
    builder.start(some_header().id);
    const std::uint32_t a = builder.series("a");
    for (std::int64_t step = 0; step < 8000; ++step) {
        const gs::sample one{a, step};
        builder.add_frame(step, step, &one, 1);
        builder.seal_frames();
    }
    builder.seal(true);
    std::string bytes = gs::encode_header(some_header()) + builder.pending();
    std::fill(bytes.begin() + 1000, bytes.begin() + 600'000, '\0');
    const os::env system = guild_test::memory_env(bytes);
    auto reader = gs::reader::open("f.gts", system);
    REQUIRE(reader);
    gs::point_range range;
    range.min_step = 0;
    guild_test::in_memory.read_bytes = 0;
    REQUIRE(reader->points("a", range));
    CHECK(reader->lost().size() == 1);
    CHECK(guild_test::in_memory.read_bytes < 4 * bytes.size());
}

TEST_CASE("reader: damage over several blocks that an index lists is counted once") {
    guild_test::series_log log;
    guild_test::log_curves(log, 3000, 100);
    const guild_test::temp_dir dir;
    std::string bytes = log.closed();
    std::fill(bytes.begin() + 5000, bytes.begin() + 15'000, '\xA9');
    gs::reader reader = *gs::reader::open(dir.write("f.gts", bytes));
    gs::point_range range;
    range.min_step = 0;
    REQUIRE(reader.points("loss", range));
    REQUIRE(reader.lost().size() == 1);
    CHECK(reader.lost()[0].begin <= 5000);
    CHECK(reader.lost()[0].end >= 15'000);
    CHECK(reader.bytes_lost() < 20'000);
}
