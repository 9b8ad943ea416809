#include <guild/series/chunk.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

using chunk_points = std::map<std::uint32_t, std::vector<gs::point>>;

chunk_points read_chunk(std::string_view payload) {
    gs::chunk_reader reader;
    REQUIRE(reader.open(payload));
    chunk_points all;
    for (std::size_t at = 0; at < reader.ids().size(); ++at) {
        gs::stretch found;
        REQUIRE(reader.read(at, found));
        for (std::size_t i = 0; i < found.size; ++i) {
            all[reader.ids()[at]].push_back(found[i]);
        }
    }
    return all;
}

// Frames whose series change, one of them twice in a frame; what is expected in `expected`.
std::string changing_frames(int frames, chunk_points& expected) {
    gs::chunk_builder builder;
    std::uint32_t random = 99;
    for (int i = 0; i < frames; ++i) {
        random = random * 1664525U + 1013904223U;
        std::vector<gs::sample> row;
        for (std::uint32_t id = 0; id < 6; ++id) {
            if (((random >> (10U + id)) & 1U) != 0) {
                row.push_back({id * 1000, static_cast<double>(random % 977) / 8});
            }
        }
        row.push_back({7, std::int64_t{i}});
        if (i % 5 == 0) {
            row.push_back({7, -1.5});
        }
        const std::int64_t time_us = std::int64_t{i} * 250;
        builder.add(i % 100, time_us, row.data(), row.size());
        for (const gs::sample& value : row) {
            expected[value.id].push_back({i % 100, time_us, value.value});
        }
    }
    std::string payload;
    builder.finish(payload);
    return payload;
}

}  // namespace

TEST_CASE("chunk: the bytes of a small one, by hand") {
    gs::chunk_builder builder;
    for (std::int64_t i = 0; i < 3; ++i) {
        const gs::sample row[] = {{4, std::int64_t{9}}};
        builder.add(10 + i, 1000, row, 1);
    }
    std::string payload;
    builder.finish(payload);
    using namespace std::string_view_literals;
    CHECK(payload == "\x03"                            // frames
                     "\x01\x08"                        // one id: 4
                     "\x01\x01\x00"                    // one set: the first column
                     "\x05\x00\x02\x00\x14\x24"        // steps: 2 bits each over base 10
                     "\x03\x02\xD0\x0F"                // times: all 1000
                     "\x09\x0A\x09\0\0\0\0\0\0\0"sv);  // values: int64, equal: 9
    const auto all = read_chunk(payload);
    CHECK(all.at(4) == std::vector<gs::point>{{10, 1000, 9}, {11, 1000, 9}, {12, 1000, 9}});
}

TEST_CASE("chunk: frames of changing series come back in order") {
    chunk_points expected;
    const std::string payload = changing_frames(3000, expected);
    CHECK(read_chunk(payload) == expected);
}

TEST_CASE("chunk: the builder starts anew after each payload") {
    gs::chunk_builder builder;
    const gs::sample wide[] = {{1, 0.5}, {2, 1.5}};
    builder.add(1, 1, wide, 2);
    std::string first;
    builder.finish(first);
    CHECK(builder.frames() == 0);
    const gs::sample narrow[] = {{2, 2.5}};
    builder.add(2, 2, narrow, 1);
    std::string second;
    builder.finish(second);
    CHECK(read_chunk(second) == chunk_points{{2, {{2, 2, 2.5}}}});
}

TEST_CASE("chunk: is full at 4096 frames or when its points are many") {
    gs::chunk_builder builder;
    const gs::sample one[] = {{1, 0.5}};
    for (int i = 0; i < 4095; ++i) {
        builder.add(i, i, one, 1);
    }
    CHECK_FALSE(builder.is_full());
    builder.add(4095, 4095, one, 1);
    CHECK(builder.is_full());
    gs::chunk_builder wide;
    std::vector<gs::sample> row(gs::full_chunk_points);
    for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] = {static_cast<std::uint32_t>(i), 1.0};
    }
    wide.add(1, 1, row.data(), row.size());
    CHECK(wide.is_full());
    std::string payload;
    wide.finish(payload);
    gs::chunk_reader reader;
    REQUIRE(reader.open(payload));
    CHECK(reader.points() == row.size());
}

TEST_CASE("chunk: cut and changed ones are refused or read without harm") {
    chunk_points expected;
    const std::string payload = changing_frames(60, expected);
    gs::chunk_reader reader;
    gs::stretch found;
    for (std::size_t size = 0; size < payload.size(); ++size) {
        CHECK_FALSE(reader.open(std::string_view(payload).substr(0, size)));
    }
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string changed = payload;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        if (reader.open(changed)) {
            for (std::size_t at = 0; at < reader.ids().size(); ++at) {
                (void)reader.read(at, found);
            }
        }
    }
}

TEST_CASE("chunk: more sets than frames are refused, whatever memory they would take") {
    const auto chunk_of = [](const std::string& sets) {
        return std::string("\x02\x01", 2) + '\0' + sets +  // two frames, one series
               std::string("\x02\x02\0", 3) +              // all of the first set
               std::string("\x02\x02\x02", 3) + std::string("\x02\x02\x02", 3) +
               std::string("\x09\x0A\x05\0\0\0\0\0\0\0", 10);
    };
    gs::chunk_reader reader;
    gs::stretch found;
    const std::string one_set = chunk_of(std::string("\x02\x01\0\0", 4));
    REQUIRE(reader.open(one_set));
    REQUIRE(reader.read(0, found));
    CHECK(found.size == 2);
    CHECK(found[1] == gs::point{1, 1, 5});
    const std::string three_sets = chunk_of(std::string("\x03\x01\0\0\0", 5));
    CHECK_FALSE(reader.open(three_sets));
    CHECK(reader.is_bad());
}

TEST_CASE("chunk: those of one payload are read one after another") {
    gs::chunk_builder builder;
    gs::chunk_frames before;
    std::string payload;
    std::vector<std::size_t> sizes;
    std::uint32_t random = 5;
    for (const int frames : {100, 100, 30, 100}) {
        for (int i = 0; i < frames; ++i) {
            random = random * 1664525U + 1013904223U;
            const gs::sample row[] = {{static_cast<std::uint32_t>(sizes.size()), i}};
            builder.add(i, (i * 1000003) ^ static_cast<std::int64_t>(i * i * 7777), row, 1);
        }
        const std::size_t size = payload.size();
        builder.finish(payload, before);
        sizes.push_back(payload.size() - size);
    }
    CHECK(sizes[1] * 2 < sizes[0]);  // steps and times as before
    CHECK(sizes[3] > sizes[1] * 2);  // behind one with other frames
    gs::chunk_reader reader;
    std::uint32_t id = 0;
    for (bool is_there = reader.open(payload); is_there; is_there = reader.next(), ++id) {
        gs::stretch found;
        REQUIRE(reader.read(0, found));
        CHECK(reader.ids() == std::vector<std::uint32_t>{id});
        CHECK(found.size == (id == 2 ? 30U : 100U));
        CHECK(found[29] == gs::point{29, (29 * 1000003) ^ std::int64_t{29 * 29 * 7777}, 29});
    }
    CHECK(id == 4);
    CHECK_FALSE(reader.is_bad());
    const std::string longer = payload + "x";
    REQUIRE(reader.open(longer));
    while (reader.next()) {
    }
    CHECK(reader.is_bad());
    CHECK_FALSE(reader.open(std::string_view(payload).substr(sizes[0], sizes[1])));
}
