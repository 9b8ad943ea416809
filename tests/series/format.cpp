#include <guild/series/format.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

gs::file_header example_header() {
    gs::file_header header;
    for (std::size_t i = 0; i < header.id.size(); ++i) {
        header.id[i] = static_cast<unsigned char>(i);
    }
    header.start_wall_us = 1'700'000'000'000'000;
    header.start_boot_us = 5'000'000;
    return header;
}

std::string flipped(std::string bytes, std::size_t bit) {
    bytes[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
    return bytes;
}

// Puts the right checksum under changed header bytes.
std::string mended(std::string bytes) {
    const auto crc = guild::crc32c(std::string_view(bytes).substr(0, gs::header_bytes - 4));
    guild::store_le(&bytes[gs::header_bytes - 4], guild::mask_crc32c(crc));
    return bytes;
}

}  // namespace

TEST_CASE("header: its 96 bytes, by hand") {
    const std::string bytes = gs::encode_header(example_header());
    REQUIRE(bytes.size() == 96);
    CHECK(guild::to_hex(bytes) == "47545331"                          // GTS1
                                  "01006000"                          // version 1, 96 bytes
                                  "000102030405060708090a0b0c0d0e0f"  // uuid
                                  "0000000000000000"                  // generation, attempt
                                  "00401e18240a0600"                  // start, wall clock
                                  "404b4c0000000000"                  // start, since boot
                                  "00000000000000000000000000000000"  // continues nothing
                                  "0000000000000000"
                                  "0000000000000000000000000000000000000000"
                                  "a941cb83");
}

TEST_CASE("header: every field comes back") {
    gs::file_header header = example_header();
    header.generation = 3;
    header.attempt = 2;
    header.continues[15] = 1;
    header.continues_sequence = 99;
    header.rank = 0;
    const auto read = gs::decode_header(gs::encode_header(header));
    REQUIRE(read);
    CHECK(read->id == header.id);
    CHECK(read->generation == 3);
    CHECK(read->attempt == 2);
    CHECK(read->start_wall_us == header.start_wall_us);
    CHECK(read->start_boot_us == header.start_boot_us);
    CHECK(read->is_continuation());
    CHECK(read->continues == header.continues);
    CHECK(read->continues_sequence == 99);
    CHECK(read->rank == 0U);
}

TEST_CASE("header: a rank is told as one more, and none as zero") {
    gs::file_header header = example_header();
    CHECK_FALSE(gs::decode_header(gs::encode_header(header))->rank);
    header.rank = 258;
    const std::string bytes = gs::encode_header(header);
    CHECK(guild::to_hex(bytes.substr(72, 8)) == "0301000000000000");
    CHECK(gs::decode_header(bytes)->rank == 258U);
}

TEST_CASE("header: every changed bit is noticed") {
    const std::string bytes = gs::encode_header(example_header());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const auto read = gs::decode_header(flipped(bytes, bit));
        REQUIRE_FALSE(read);
        CHECK(read.error().code ==
              (bit < 32 ? guild::errc::bad_syntax : guild::errc::bad_checksum));
    }
}

TEST_CASE("header: too few bytes are truncated, other bytes are no series file") {
    const std::string bytes = gs::encode_header(example_header());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK(gs::decode_header(bytes.substr(0, size)).error().code == guild::errc::truncated);
    }
    CHECK(gs::decode_header("no").error().code == guild::errc::bad_syntax);
    CHECK(gs::decode_header(std::string(96, '\0')).error().code == guild::errc::truncated);
}

TEST_CASE("header: a future version is refused in clear words") {
    std::string bytes = gs::encode_header(example_header());
    bytes[4] = 2;
    const auto read = gs::decode_header(mended(bytes));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == guild::errc::unsupported);
    CHECK(read.error().message ==
          "series format 2 is newer than this program, which reads format 1");
}

TEST_CASE("block: the bytes of a small one, by hand") {
    gs::block made;
    made.type = gs::block_type::dictionary;
    made.offset = 96;
    using namespace std::string_view_literals;
    made.payload = "\x02\0\x04loss\0\x01\x05"
                   "epoch\0"sv;
    std::string bytes;
    gs::append_block(bytes, made, gs::checksum_seed(example_header().id));
    CHECK(guild::to_hex(bytes) == "a9475442"          // magic
                                  "01000000"          // DICT, no flags
                                  "1000000000000000"  // 16 bytes of payload
                                  "0000000000000000"  // the first block
                                  "6000000000000000"  // at byte 96
                                  "0000000000000000"  // no index before it
                                  "0200046c6f7373000105657"
                                  "06f636800"   // payload
                                  "10000000"    // length again
                                  "442a8b0c");  // checksum
    CHECK(bytes.size() == gs::block_bytes(16));
    gs::block read;
    REQUIRE(gs::decode_block(bytes, 96, gs::checksum_seed(example_header().id), read) ==
            gs::block_status::good);
    CHECK(read.payload == made.payload);
    CHECK(read.end() == 96 + bytes.size());
}

TEST_CASE("block: sizes are multiples of eight whatever the payload") {
    for (std::size_t size = 0; size < 40; ++size) {
        gs::block made;
        const std::string payload(size, 'p');
        made.payload = payload;
        made.offset = 8;
        std::string bytes;
        gs::append_block(bytes, made, 7);
        CHECK(bytes.size() == gs::block_bytes(size));
        CHECK(bytes.size() % 8 == 0);
        gs::block read;
        const std::string longer = bytes + "more";
        CHECK(gs::decode_block(longer, 8, 7, read) == gs::block_status::good);
        CHECK(read.payload == payload);
    }
}

TEST_CASE("block: every beginning is incomplete, every changed bit is noticed") {
    gs::block made;
    made.payload = "some payload";
    made.offset = 800;
    made.sequence = 5;
    std::string bytes;
    gs::append_block(bytes, made, 1);
    gs::block read;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK(gs::decode_block(bytes.substr(0, size), 800, 1, read) ==
              gs::block_status::incomplete);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        CHECK(gs::decode_block(flipped(bytes, bit), 800, 1, read) != gs::block_status::good);
    }
}

TEST_CASE("block: one of another place or another file is not taken for one of here") {
    gs::block made;
    made.offset = 800;
    std::string bytes;
    gs::append_block(bytes, made, 1);
    gs::block read;
    CHECK(gs::decode_block(bytes, 808, 1, read) == gs::block_status::bad);
    CHECK(gs::decode_block(bytes, 800, 2, read) == gs::block_status::bad);
}
