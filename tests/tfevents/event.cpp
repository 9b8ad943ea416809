#include <guild/tfevents/event.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <guild/tfevents/event_encoder.hpp>

namespace tf = guild::tfevents;

namespace {

tf::event must_decode(std::string_view payload) {
    tf::event found;
    REQUIRE(tf::decode_event(payload, found));
    return found;
}

// An Event of time 1, step 1, with one value made of these fields.
std::string with_value(std::string_view fields) {
    std::string value;
    tf::append_bytes_field(value, 1, "t");
    value += fields;
    std::string summary;
    tf::append_bytes_field(summary, 1, value);
    std::string payload;
    tf::append_double_field(payload, 1, 1.0);
    tf::append_varint_field(payload, 2, 1);
    tf::append_bytes_field(payload, 5, summary);
    return payload;
}

std::string tensor(std::uint64_t type, std::string_view rest) {
    std::string message;
    tf::append_varint_field(message, 1, type);
    message += rest;
    std::string field;
    tf::append_bytes_field(field, 8, message);
    return field;
}

std::string field(std::uint32_t number, std::string_view bytes) {
    std::string out;
    tf::append_bytes_field(out, number, bytes);
    return out;
}

std::optional<double> number_of(const std::string& value_fields) {
    const std::string payload = with_value(value_fields);
    const tf::event found = must_decode(payload);
    REQUIRE(found.values.size() == 1);
    return found.values[0].number;
}

}  // namespace

TEST_CASE("event: the version record, by hand") {
    constexpr std::string_view payload("\x09\0\0\0\x40\xFC\x54\xD9\x41\x1A\x0D"
                                       "brain.Event:2",
                                       24);
    const tf::event found = must_decode(payload);
    CHECK(found.wall_time == 1700000000.0);
    CHECK(found.step == 0);
    CHECK(found.kind == tf::event_kind::file_version);
    CHECK(found.file_version == "brain.Event:2");
}

TEST_CASE("event: one simple value, by hand") {
    // wall_time 5, step 3, summary { value { tag "x", simple_value 4 } }
    constexpr std::string_view payload("\x09\0\0\0\0\0\0\x14\x40\x10\x03\x2A\x0A\x0A\x08\x0A\x01"
                                       "x\x15\0\0\x80\x40",
                                       23);
    const tf::event found = must_decode(payload);
    CHECK(found.kind == tf::event_kind::summary);
    CHECK(found.step == 3);
    REQUIRE(found.values.size() == 1);
    CHECK(found.values[0].tag == "x");
    CHECK(found.values[0].kind == tf::value_kind::simple);
    CHECK(found.values[0].number == 4.0);
    std::string written;
    tf::append_simple_event(written, 5.0, 3, "x", 4.0F);
    CHECK(written == payload);
}

TEST_CASE("event: no wall time and no step are zero, a negative step is negative") {
    CHECK(must_decode("").wall_time == 0);
    CHECK(must_decode("").kind == tf::event_kind::empty);
    std::string payload;
    tf::append_varint_field(payload, 2, ~std::uint64_t{0});
    CHECK(must_decode(payload).step == -1);
}

TEST_CASE("event: the last of two kinds counts, and summaries that come twice are one") {
    std::string payload;
    tf::append_simple_event(payload, 1, 1, "a", 1);
    std::string second;
    tf::append_simple_event(second, 1, 1, "b", 2);
    const std::string both = payload + second;
    REQUIRE(must_decode(both).values.size() == 2);
    const std::string version = payload + field(3, "brain.Event:2");
    CHECK(must_decode(version).kind == tf::event_kind::file_version);
    CHECK(must_decode(version).values.empty());
}

TEST_CASE("event: a value's last kind counts") {
    std::string simple;
    tf::append_float_field(simple, 2, 1.0F);
    CHECK(number_of(simple + field(5, "")) == std::nullopt);  // a histogram after it
    CHECK(number_of(field(4, "") + simple) == 1.0);
}

TEST_CASE("event: text that is not UTF-8 makes the event bad") {
    std::string payload;
    tf::event found;
    tf::append_simple_event(payload, 1, 1, "\xFF\xFE", 1);
    CHECK_FALSE(tf::decode_event(payload, found));
    CHECK_FALSE(tf::decode_event(field(3, "\xC0\x80"), found));
}

TEST_CASE("event: garbage within a tensor, a shape or metadata makes the event bad") {
    tf::event found;
    CHECK_FALSE(tf::decode_event(with_value(field(8, "\x0A")), found));
    CHECK_FALSE(tf::decode_event(with_value(tensor(1, field(2, "\x12\x05"))), found));
    CHECK_FALSE(tf::decode_event(with_value(tensor(1, field(5, "abc"))), found));
    CHECK_FALSE(tf::decode_event(with_value(field(9, "\x0A\x05")), found));
}

TEST_CASE("event: what is written as a double is read as that double, with metadata or without") {
    for (const bool first : {true, false}) {
        std::string payload;
        tf::append_double_event(payload, 7.5, -9, "tag", 0.1, first);
        const tf::event found = must_decode(payload);
        CHECK(found.wall_time == 7.5);
        CHECK(found.step == -9);
        REQUIRE(found.values.size() == 1);
        CHECK(found.values[0].type_number == 2);
        CHECK(found.values[0].number == 0.1);
        CHECK(found.values[0].meta.has_value() == first);
        CHECK((!first || found.values[0].meta->means_scalar()));
    }
}

TEST_CASE("event: the version record names who wrote the file") {
    std::string payload;
    tf::append_version_event(payload, 2.0, "somebody");
    const tf::event found = must_decode(payload);
    CHECK(found.file_version == "brain.Event:2");
    CHECK(found.source_writer == "somebody");
    CHECK(found.wall_time == 2.0);
}

TEST_CASE("event: every prefix and every flipped bit of an event is read without harm") {
    std::string payload;
    tf::append_double_event(payload, 7.5, -9, "tag", 0.1, true);
    tf::event found;
    for (std::size_t size = 0; size < payload.size(); ++size) {
        (void)tf::decode_event(std::string_view(payload).substr(0, size), found);
    }
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string changed = payload;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        if (tf::decode_event(changed, found)) {
            CHECK(found.values.size() <= 1);
        }
    }
}
