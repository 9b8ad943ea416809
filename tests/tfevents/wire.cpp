#include <guild/tfevents/wire.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

bool is_good(std::string_view message) {
    tf::wire_reader fields(message);
    tf::wire_field field;
    while (fields.next(field)) {
    }
    return !fields.is_bad();
}

}  // namespace

TEST_CASE("wire reader: fields of every type, by hand") {
    // 1: varint 300; 2: fixed64 1.5; 3: bytes "ab"; 4: group holding 5: varint 1; 6: fixed32
    // 0x40000000
    constexpr std::string_view message("\x08\xAC\x02"
                                       "\x11\0\0\0\0\0\0\xF8\x3F"
                                       "\x1A\x02"
                                       "ab"
                                       "\x23\x28\x01\x24"
                                       "\x35\0\0\0\x40",
                                       25);
    tf::wire_reader fields(message);
    tf::wire_field field;
    REQUIRE(fields.next(field));
    CHECK(field.is(1, tf::wire_type::varint));
    CHECK(field.value == 300);
    REQUIRE(fields.next(field));
    CHECK(field.is(2, tf::wire_type::fixed64));
    CHECK(guild::bits_double(field.value) == 1.5);
    REQUIRE(fields.next(field));
    CHECK(field.is(3, tf::wire_type::bytes));
    CHECK(field.bytes == "ab");
    REQUIRE(fields.next(field));
    CHECK(field.is(6, tf::wire_type::fixed32));
    CHECK(field.value == 0x40000000U);
    CHECK_FALSE(fields.next(field));
    CHECK_FALSE(fields.is_bad());
}

TEST_CASE("wire reader: an empty message is good") {
    CHECK(is_good(""));
}

TEST_CASE("wire reader: a cut message is bad wherever a field is cut") {
    constexpr std::string_view message("\x11\0\0\0\0\0\0\xF8\x3F\x1A\x02"
                                       "ab",
                                       13);
    CHECK(is_good(message));
    for (std::size_t size = 1; size < message.size(); ++size) {
        CHECK(is_good(message.substr(0, size)) == (size == 9));
    }
}

TEST_CASE("wire reader: keys that the protocol does not allow are bad") {
    CHECK_FALSE(is_good(std::string_view("\0\0", 2)));                         // field number 0
    CHECK_FALSE(is_good("\x0E\x01"));                                          // type 6
    CHECK_FALSE(is_good("\x0F\x01"));                                          // type 7
    CHECK_FALSE(is_good("\x88\x80\x80\x80\x10\x01"));                          // a key of 33 bits
    CHECK_FALSE(is_good("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));  // 11 bytes
    CHECK_FALSE(is_good("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));      // length 2^64-1
}

TEST_CASE("wire reader: groups nest, and end where they began") {
    CHECK(is_good("\x0B\x13\x14\x0C"));
    CHECK_FALSE(is_good("\x0B\x13\x0C\x14"));  // crossed
    CHECK_FALSE(is_good("\x0B"));              // not ended
    CHECK_FALSE(is_good("\x0C"));              // not begun
    CHECK(is_good(std::string(100, '\x0B') + std::string(100, '\x0C')));
    CHECK_FALSE(is_good(std::string(101, '\x0B') + std::string(101, '\x0C')));
}

TEST_CASE("append fields: give what the reader reads") {
    std::string message;
    tf::append_varint_field(message, 1, 300);
    tf::append_double_field(message, 2, 1.5);
    tf::append_bytes_field(message, 3, "ab");
    tf::append_float_field(message, 6, 2.0F);
    CHECK(message == std::string_view("\x08\xAC\x02\x11\0\0\0\0\0\0\xF8\x3F\x1A\x02"
                                      "ab\x35\0\0\0\x40",
                                      21));
}
