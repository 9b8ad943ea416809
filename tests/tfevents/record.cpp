#include <guild/tfevents/record.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <support/event_records.hpp>

namespace tf = guild::tfevents;
using guild_test::flipped;

namespace {

// The first record of every TF2 event file of time 1700000000, as TensorFlow writes it.
constexpr std::string_view version_bytes("\x18\0\0\0\0\0\0\0\xA3\x7F\x4B\x22"
                                         "\x09\0\0\0\x40\xFC\x54\xD9\x41\x1A\x0D"
                                         "brain.Event:2"
                                         "\xEC\xED\x8F\x9D",
                                         40);

// Reads a stream with one decoder, and each record with a new one; they have to agree.
void must_agree(tf::record_decoder& decoder, std::string_view rest) {
    while (true) {
        const tf::record found = decoder.decode(rest);
        const tf::record alone = tf::decode_record(rest);
        REQUIRE(found.status == alone.status);
        REQUIRE(found.bytes == alone.bytes);
        REQUIRE(found.payload == alone.payload);
        if (found.bytes == 0) {
            return;
        }
        rest.remove_prefix(static_cast<std::size_t>(found.bytes));
    }
}

}  // namespace

TEST_CASE("record: the first record of every event file, byte by byte") {
    const tf::record found = tf::decode_record(version_bytes);
    CHECK(found.status == tf::record_status::good);
    CHECK(found.bytes == 40);
    CHECK(found.payload == version_bytes.substr(12, 24));
}

TEST_CASE("record: appending gives the bytes that TensorFlow writes") {
    std::string out = "x";
    tf::append_record(out, version_bytes.substr(12, 24));
    CHECK(out == "x" + std::string(version_bytes));
}

TEST_CASE("record: an empty payload is a record of sixteen bytes") {
    std::string out;
    tf::append_record(out, "");
    REQUIRE(out.size() == 16);
    // The checksum of eight zero bytes, from the protocol's own tables.
    CHECK(out.substr(8, 4) == "\x29\x03\x98\x07");
    CHECK(tf::decode_record(out).status == tf::record_status::good);
    CHECK(tf::decode_record(out).bytes == 16);
}

TEST_CASE("record: every beginning of a record is incomplete") {
    for (std::size_t size = 0; size < version_bytes.size(); ++size) {
        const tf::record found = tf::decode_record(version_bytes.substr(0, size));
        CHECK(found.status == tf::record_status::incomplete);
        CHECK(found.bytes == 0);
    }
}

TEST_CASE("record head: a length is believed only with its checksum") {
    for (std::size_t bit = 0; bit < 96; ++bit) {
        const std::string bytes = flipped(std::string(version_bytes), bit);
        CHECK(tf::decode_record_head(bytes).status == tf::record_status::bad_length);
        CHECK(tf::decode_record(bytes).bytes == 0);
    }
}

TEST_CASE("record: a changed payload is bad, and where the next record begins is known") {
    for (std::size_t bit = 96; bit < version_bytes.size() * 8; ++bit) {
        const std::string bytes = flipped(std::string(version_bytes), bit);
        const tf::record found = tf::decode_record(bytes);
        CHECK(found.status == tf::record_status::bad_payload);
        CHECK(found.bytes == 40);
    }
}

TEST_CASE("record head: twelve zero bytes are a hole") {
    CHECK(tf::decode_record_head(std::string(12, '\0')).status == tf::record_status::hole);
    CHECK(tf::decode_record_head(std::string(11, '\0')).status == tf::record_status::incomplete);
}

TEST_CASE("record head: a huge length with a good checksum is incomplete, not read") {
    std::string head("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    guild::append_le(head, guild::mask_crc32c(guild::crc32c(head)));
    CHECK(tf::decode_record_head(head).status == tf::record_status::good);
    CHECK(tf::decode_record(head + "0123456789").status == tf::record_status::incomplete);
}

TEST_CASE("record decoder: agrees with decode_record on every flipped bit") {
    // Lengths that share places in its memory (0, 32, 64; 1, 33; 31, 63) and come again.
    std::string stream;
    for (const std::size_t size : {0U, 32U, 0U, 1U, 33U, 1U, 64U, 32U, 31U, 63U, 31U, 5U, 5U, 0U}) {
        tf::append_record(stream, std::string(size, 'p'));
    }
    tf::record_decoder used;  // that has seen everything before
    must_agree(used, stream);
    for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
        const std::string changed = flipped(stream, bit);
        tf::record_decoder decoder;
        must_agree(decoder, changed);
        must_agree(used, changed);
    }
}

TEST_CASE("record decoder: believes no length for the checksum of another") {
    std::vector<std::string> records;
    for (std::size_t size = 0; size < 100; ++size) {
        records.push_back(guild_test::record_of(std::string(size, 'p')));
    }
    tf::record_decoder decoder;
    std::mt19937 random(23);
    for (int i = 0; i < 100'000; ++i) {
        const std::string& from = records[random() % records.size()];
        std::string mixed = records[random() % records.size()];
        mixed.replace(8, 4, from, 8, 4);
        must_agree(decoder, mixed);
        REQUIRE((decoder.decode(mixed).bytes != 0) == (mixed.size() == from.size()));
    }
}

TEST_CASE("record decoder: a length it knows with a checksum of zero is bad, and zeros are holes") {
    tf::record_decoder decoder;
    must_agree(decoder, guild_test::record_of("") + guild_test::record_of("12345"));
    std::string zero_crc = guild_test::record_of("12345");
    zero_crc.replace(8, 4, 4, '\0');
    CHECK(decoder.decode(zero_crc).status == tf::record_status::bad_length);
    CHECK(decoder.decode(std::string(40, '\0')).status == tf::record_status::hole);
    CHECK(decoder.decode(std::string(11, '\0')).status == tf::record_status::incomplete);
}

TEST_CASE("record: one written in place is the same") {
    std::string by_copy = "before";
    std::string in_place = by_copy;
    for (const std::string payload : {"", "x", "a longer payload than the head"}) {
        tf::append_record(by_copy, payload);
        char* to = tf::append_record_room(in_place, payload.size());
        payload.copy(to, payload.size());
        tf::seal_record(to, payload.size());
        CHECK(in_place == by_copy);
    }
}
