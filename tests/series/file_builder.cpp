#include <guild/series/file_builder.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

// The example of docs/format-series.md, computed by an encoder written from the document alone.
constexpr std::string_view example =
    "4754533101006000000102030405060708090a0b0c0d0e0f0000000000000000"
    "00401e18240a0600404b4c000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000a941cb83"
    "a947544201000000100000000000000000000000000000006000000000000000"
    "00000000000000000200046c6f737300010565706f63680010000000442a8b0c"
    "a94754420200000032000000000000000100000000000000a000000000000000"
    "0000000000000000010000000000000090102218240a06000200000004000000"
    "00000201070000003f0100000002a0c21e000000803e01000000000000000000"
    "3200000028f9573da94754420100000010000000000000000200000000000000"
    "080100000000000000000000000000000200046c6f737300010565706f636800"
    "100000008b81c8a7a9475442030100003d000000000000000300000000000000"
    "48010000000000000000000000000000210c0204a0c2908283898506010a0108"
    "020402010090a10f0223020004b102000000003f02a0c21e0000803e0104a302"
    "000100000002a0c21e010000000000003d00000056f8543c";

gs::uuid example_id() {
    gs::uuid id{};
    for (std::size_t i = 0; i < id.size(); ++i) {
        id[i] = static_cast<unsigned char>(i);
    }
    return id;
}

// How many blocks of each type stand in what the builder has made since its start.
struct counts {
    int dictionaries = 0, frames = 0, indices = 0, notes = 0;
};

counts count_blocks(std::string_view bytes, std::uint64_t offset) {
    counts found;
    gs::block one;
    while (!bytes.empty()) {
        REQUIRE(gs::decode_block(bytes, offset, gs::checksum_seed(example_id()), one) ==
                gs::block_status::good);
        found.dictionaries += one.type == gs::block_type::dictionary;
        found.frames += one.type == gs::block_type::frames;
        found.indices += one.type == gs::block_type::index;
        found.notes += one.type == gs::block_type::note;
        bytes.remove_prefix(one.end() - offset);
        offset = one.end();
    }
    return found;
}

// Which part of a file of `rounds` values of each series are whole dictionaries and indices. Series
// are made as their first values come.
double share_of_index(std::size_t series, int rounds, std::size_t frame_values,
                      std::size_t flush_bytes) {
    gs::file_builder builder;
    builder.start(example_id());
    std::uint64_t others = 0;
    std::uint64_t sealed_before = 0;
    std::vector<gs::sample> frame;
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < series; ++i) {
            frame.push_back({builder.series("a/long/key/" + std::to_string(i)), 0.1 * round});
            if (frame.size() < frame_values) {
                continue;
            }
            builder.add_frame(round, round * 1'000'000, frame.data(), frame.size());
            frame.clear();
            if (builder.frame_bytes() >= flush_bytes) {
                builder.seal_frames();
                others += builder.pending().size();
                (void)builder.commit(builder.pending().size());
                builder.seal(false);
                (void)builder.commit(builder.pending().size());
                sealed_before = builder.written();
            }
        }
    }
    REQUIRE(sealed_before > others);
    return 1.0 - static_cast<double>(others) / static_cast<double>(sealed_before);
}

}  // namespace

TEST_CASE("file builder: the bytes of the document's example") {
    gs::file_header header;
    header.id = example_id();
    header.start_wall_us = 1'700'000'000'000'000;
    header.start_boot_us = 5'000'000;
    gs::file_builder builder;
    builder.start(header.id);
    const auto loss = builder.series("loss");
    const auto epoch = builder.series("epoch");
    const gs::sample first[] = {{loss, 0.5}, {epoch, 1}};
    const gs::sample second[] = {{loss, 0.25}, {epoch, 1}};
    builder.add_frame(1, 1'700'000'000'250'000, first, 2);
    builder.add_frame(2, 1'700'000'000'500'000, second, 2);
    builder.seal(true);
    const std::string hex = guild::to_hex(gs::encode_header(header) + builder.pending());
    CHECK(hex == example);
}

TEST_CASE("file builder: a key has one id, and one that is too long has none") {
    gs::file_builder builder;
    builder.start(example_id());
    CHECK(builder.series("a") == 0);
    CHECK(builder.series("b") == 1);
    CHECK(builder.series("a") == 0);
    CHECK(builder.series(std::string(gs::max_key_bytes, 'k')) == 2);
    CHECK(builder.series(std::string(gs::max_key_bytes + 1, 'k')) == gs::no_series);
    CHECK(builder.series("") == 3);
}

TEST_CASE("file builder: names stand before the frames that use them") {
    gs::file_builder builder;
    builder.start(example_id());
    const gs::sample a{builder.series("a"), 1.0};
    builder.add_frame(1, 1, &a, 1);
    builder.seal(false);
    builder.add_frame(2, 2, &a, 1);
    builder.seal(false);
    const gs::sample b{builder.series("b"), 1.0};
    builder.add_frame(3, 3, &b, 1);
    builder.seal(false);
    const counts found = count_blocks(builder.pending(), builder.written());
    CHECK(found.dictionaries == 2);
    CHECK(found.frames == 3);
    CHECK(found.indices == 0);
}

TEST_CASE("file builder: an index comes at the stated distance, the whole dictionary before it") {
    gs::file_builder builder;
    builder.start(example_id());
    const gs::sample a{builder.series("a"), 0.1};
    std::int64_t step = 0;
    while (builder.pending().size() < (std::size_t{1} << 20U)) {
        for (int i = 0; i < 100; ++i, ++step) {
            builder.add_frame(step, step * 1000, &a, 1);
        }
        builder.seal(false);
    }
    const counts found = count_blocks(builder.pending(), builder.written());
    CHECK(found.indices >= 28);
    CHECK(found.indices <= 32);
    CHECK(found.dictionaries == found.indices + 1);
}

TEST_CASE("file builder: with very many series the index keeps to a quarter of the file") {
    for (const std::size_t series : {500U, 20'000U}) {
        for (const std::size_t frame_values : {std::size_t{1}, series}) {
            for (const std::size_t flush_bytes : {1U, 65'536U}) {
                CAPTURE(series);
                CAPTURE(frame_values);
                CAPTURE(flush_bytes);
                CHECK(share_of_index(series, 20, frame_values, flush_bytes) <= 0.25);
            }
        }
    }
}

TEST_CASE("file builder: series of one value each do not make indices of more than a quarter") {
    CHECK(share_of_index(50'000, 1, 1, 1) <= 0.25);
    CHECK(share_of_index(50'000, 1, 1, 65'536) <= 0.25);
}

TEST_CASE("file builder: only whole blocks count as written") {
    gs::file_builder builder;
    builder.start(example_id());
    const gs::sample a{builder.series("a"), 1.0};
    builder.add_frame(1, 1, &a, 1);
    builder.seal(false);  // a dictionary and a block of frames
    const std::string bytes = builder.pending();
    CHECK(builder.points_pending() == 1);
    CHECK(builder.commit(10) == 0);
    CHECK(builder.pending() == bytes);
    const std::size_t dictionary = gs::block_bytes(5);
    CHECK(builder.commit(dictionary + 30) == dictionary);
    CHECK(builder.written() == gs::header_bytes + dictionary);
    CHECK(builder.pending() == bytes.substr(dictionary));
    CHECK(builder.points_pending() == 1);
    CHECK(builder.commit(builder.pending().size()) == bytes.size() - dictionary);
    CHECK(builder.points_pending() == 0);
}
