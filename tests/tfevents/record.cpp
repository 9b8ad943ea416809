#include <guild/tfevents/record.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

// The first record of every TF2 event file of time 1700000000, as TensorFlow writes it.
constexpr std::string_view version_bytes("\x18\0\0\0\0\0\0\0\xA3\x7F\x4B\x22"
                                         "\x09\0\0\0\x40\xFC\x54\xD9\x41\x1A\x0D"
                                         "brain.Event:2"
                                         "\xEC\xED\x8F\x9D",
                                         40);

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
        std::string bytes(version_bytes);
        bytes[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
        CHECK(tf::decode_record_head(bytes).status == tf::record_status::bad_length);
        CHECK(tf::decode_record(bytes).bytes == 0);
    }
}

TEST_CASE("record: a changed payload is bad, and where the next record begins is known") {
    for (std::size_t bit = 96; bit < version_bytes.size() * 8; ++bit) {
        std::string bytes(version_bytes);
        bytes[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
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
