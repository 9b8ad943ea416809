#include <guild/series/index.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

gs::index_content example_index() {
    gs::index_content content;
    content.dictionary_offset = 1000;
    content.covers_offset = 96;
    content.frames = 5;
    content.points = 7;
    content.blocks = {{104, 2, 3, -5, 5, 100, 200}, {512, 3, 4, 4, 9, 150, 150}};
    gs::series_summary summary;
    summary.add({3, 100, 0.5});
    summary.add({-7, 90, std::numeric_limits<double>::infinity()});
    content.summaries.emplace_back(7U, summary);
    gs::series_summary no_values;
    no_values.add({1, 1, std::numeric_limits<double>::quiet_NaN()});
    content.summaries.emplace_back(9U, no_values);
    return content;
}

gs::index_content columnar_index() {
    gs::index_content content = example_index();
    content.blocks.clear();
    content.groups = {{7, 3, 9}, {4000000000}};
    gs::chunk_entry chunk;
    chunk.offset = 96 + 800;
    chunk.frames = 4096;
    chunk.points = 8192;
    chunk.min_step = -1;
    chunk.max_step = 77;
    chunk.group = 1;
    content.chunks = {chunk, chunk};
    content.chunks[1].offset += 8000;
    content.chunks[1].group = 0;
    content.pyramids = {{20000, {7, 9}}, {30000, {3}}};
    return content;
}

}  // namespace

TEST_CASE("index: everything in it comes back") {
    const gs::index_content content = example_index();
    std::string bytes;
    gs::append_index(bytes, content);
    gs::index_content read;
    REQUIRE(gs::decode_index(bytes, read));
    CHECK(read.dictionary_offset == 1000);
    CHECK(read.covers_offset == 96);
    CHECK(read.frames == 5);
    CHECK(read.points == 7);
    REQUIRE(read.blocks.size() == 2);
    CHECK(read.blocks[0].offset == 104);
    CHECK(read.blocks[0].min_step == -5);
    CHECK(read.blocks[1].offset == 512);
    CHECK(read.blocks[1].frames == 3);
    CHECK(read.blocks[1].points == 4);
    CHECK(read.blocks[1].max_step == 9);
    CHECK(read.blocks[1].min_time_us == 150);
    CHECK(read.blocks[1].max_time_us == 150);
    REQUIRE(read.summaries.size() == 2);
    const gs::series_summary& first = read.summaries[0].second;
    CHECK(read.summaries[0].first == 7);
    CHECK(first.count == 2);
    CHECK(first.inf == 1);
    CHECK(first.first == gs::point{3, 100, 0.5});
    CHECK(first.last.step == -7);
    CHECK(first.min == gs::number(0.5));
    CHECK(first.max == gs::number(0.5));
    CHECK(first.min_step == -7);
    CHECK(first.max_step == 3);
    CHECK(read.summaries[1].second.nan == 1);
    CHECK_FALSE(read.summaries[1].second.has_finite());
}

TEST_CASE("index: a section that a later writer adds is stepped over") {
    std::string bytes;
    gs::append_index(bytes, example_index());
    bytes += "\x63\x03xyz";
    gs::index_content read;
    REQUIRE(gs::decode_index(bytes, read));
    CHECK(read.summaries.size() == 2);
}

TEST_CASE("index: a cut or changed one is refused or read without harm") {
    std::string bytes;
    gs::append_index(bytes, example_index());
    gs::index_content read;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        (void)gs::decode_index(std::string_view(bytes).substr(0, size), read);
        CHECK(read.summaries.size() <= 2);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string changed = bytes;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        (void)gs::decode_index(changed, read);
        CHECK(read.blocks.size() <= bytes.size());
    }
}

TEST_CASE("index: chunks, the series of their groups, and pyramids come back") {
    std::string bytes;
    gs::append_index(bytes, columnar_index());
    gs::index_content read;
    REQUIRE(gs::decode_index(bytes, read));
    CHECK(read.groups == columnar_index().groups);
    REQUIRE(read.chunks.size() == 2);
    CHECK(read.chunks[0].offset == 896);
    CHECK(read.chunks[0].group == 1);
    CHECK(read.chunks[0].frames == 4096);
    CHECK(read.chunks[1].offset == 8896);
    CHECK(read.chunks[1].max_step == 77);
    REQUIRE(read.pyramids.size() == 2);
    CHECK(read.pyramids[0].offset == 20000);
    CHECK(read.pyramids[1].offset == 30000);
    CHECK(read.pyramids[1].ids == std::vector<std::uint32_t>{3});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        (void)gs::decode_index(std::string_view(bytes).substr(0, size), read);
        CHECK(read.chunks.size() <= 2);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string changed = bytes;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        if (gs::decode_index(changed, read)) {
            for (const gs::chunk_entry& chunk : read.chunks) {
                CHECK(chunk.group < read.groups.size());
            }
        }
    }
}

TEST_CASE("index: blocks that are not listed in order are refused") {
    const auto is_good = [](const gs::index_content& content) {
        std::string bytes;
        gs::append_index(bytes, content);
        gs::index_content read;
        return gs::decode_index(bytes, read);
    };
    gs::index_content rows = example_index();
    CHECK(is_good(rows));
    std::swap(rows.blocks[0], rows.blocks[1]);
    CHECK_FALSE(is_good(rows));
    for (const bool is_chunk : {true, false}) {
        gs::index_content columns = columnar_index();
        CHECK(is_good(columns));
        (is_chunk ? columns.chunks[1].offset : columns.pyramids[1].offset) = 96;
        CHECK_FALSE(is_good(columns));
    }
}

TEST_CASE("index: a glance at it tells the same summaries") {
    std::string bytes;
    gs::append_index(bytes, columnar_index());
    gs::index_glance glance;
    REQUIRE(gs::decode_glance(bytes, glance));
    CHECK(glance.dictionary_offset == 1000);
    REQUIRE(glance.summaries.size() == 2);
    REQUIRE(glance.summaries.find(7) != nullptr);
    CHECK(glance.summaries.find(7)->last ==
          gs::point{-7, 90, std::numeric_limits<double>::infinity()});
    CHECK(glance.summaries.find(9)->nan == 1);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        (void)gs::decode_glance(std::string_view(bytes).substr(0, size), glance);
        CHECK(glance.summaries.size() <= 2);
    }
}
