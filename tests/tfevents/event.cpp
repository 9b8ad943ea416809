#include <guild/tfevents/event.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <guild/tfevents/event_encoder.hpp>
#include <support/event_records.hpp>

namespace tf = guild::tfevents;
using guild_test::bytes_field;
using guild_test::flipped;
using guild_test::simple_payload;
using guild_test::simple_value;
using guild_test::summary_payload;

namespace {

tf::event must_decode(std::string_view payload) {
    tf::event found;
    REQUIRE(tf::decode_event(payload, found));
    return found;
}

// An Event of time 1, step 1, with one value made of these fields.
std::string with_value(std::string_view fields) {
    return summary_payload(1, {guild_test::value_of("t", fields)});
}

std::string tensor(std::uint64_t type, std::string_view rest) {
    std::string message;
    tf::append_varint_field(message, 1, type);
    message += rest;
    return bytes_field(8, message);
}

std::optional<double> number_of(const std::string& value_fields) {
    const std::string payload = with_value(value_fields);
    const tf::event found = must_decode(payload);
    REQUIRE(found.values.size() == 1);
    return found.values[0].number;
}

// Whether decode_simple_event takes it; if so, decode_event has to read the same.
bool must_read_alike(std::string_view payload) {
    tf::simple_event simple;
    if (!tf::decode_simple_event(payload, simple)) {
        return false;
    }
    tf::event whole;
    if (!tf::decode_event(payload, whole)) {
        REQUIRE_FALSE(guild::is_valid_utf8(simple.tag));  // which it does not look at
        return true;
    }
    REQUIRE(guild::double_bits(simple.wall_time) == guild::double_bits(whole.wall_time));
    REQUIRE(simple.step == whole.step);
    REQUIRE(whole.kind == tf::event_kind::summary);
    REQUIRE(whole.source_writer.empty());
    REQUIRE(whole.values.size() == 1);
    REQUIRE(whole.values[0].kind == tf::value_kind::simple);
    REQUIRE(whole.values[0].tag == simple.tag);
    REQUIRE_FALSE(whole.values[0].meta);
    REQUIRE(guild::double_bits(*whole.values[0].number) == guild::double_bits(simple.value));
    return true;
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
    const std::string version = payload + bytes_field(3, "brain.Event:2");
    CHECK(must_decode(version).kind == tf::event_kind::file_version);
    CHECK(must_decode(version).values.empty());
}

TEST_CASE("event: a value's last kind counts") {
    std::string simple;
    tf::append_float_field(simple, 2, 1.0F);
    CHECK(number_of(simple + bytes_field(5, "")) == std::nullopt);  // a histogram after it
    CHECK(number_of(bytes_field(4, "") + simple) == 1.0);
}

TEST_CASE("event: text that is not UTF-8 makes the event bad") {
    std::string payload;
    tf::event found;
    tf::append_simple_event(payload, 1, 1, "\xFF\xFE", 1);
    CHECK_FALSE(tf::decode_event(payload, found));
    CHECK_FALSE(tf::decode_event(bytes_field(3, "\xC0\x80"), found));
}

TEST_CASE("event: garbage within a tensor, a shape or metadata makes the event bad") {
    tf::event found;
    CHECK_FALSE(tf::decode_event(with_value(bytes_field(8, "\x0A")), found));
    CHECK_FALSE(tf::decode_event(with_value(tensor(1, bytes_field(2, "\x12\x05"))), found));
    CHECK_FALSE(tf::decode_event(with_value(tensor(1, bytes_field(5, "abc"))), found));
    CHECK_FALSE(tf::decode_event(with_value(bytes_field(9, "\x0A\x05")), found));
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
        const std::string changed = flipped(payload, bit);
        if (tf::decode_event(changed, found)) {
            CHECK(found.values.size() <= 1);
        }
    }
}

TEST_CASE("event: what a session log or a writer says in another form is not taken for it") {
    const std::string status("\x0A\x01z\x11\0\0\0\0\0\0\0\0", 12);  // field 1 as bytes
    CHECK(must_decode(bytes_field(7, status)).session_status == 0);
    const std::string writer("\x12\x03vwx\x08\x05", 7);  // field 1 as a number
    CHECK(must_decode(bytes_field(10, writer)).source_writer.empty());
}

TEST_CASE("simple event: whatever it takes, decode_event reads alike") {
    std::mt19937_64 random(17);
    int taken = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string tag(random() % 140, '\0');
        for (char& c : tag) {
            c = static_cast<char>(random() % (i % 3 == 0 ? 256 : 128));
        }
        const auto step = static_cast<std::int64_t>(random() >> random() % 64);
        const auto bits = static_cast<std::uint32_t>(random());
        std::string payload;
        tf::append_simple_event(payload, guild::bits_double(random()), i % 5 == 0 ? 0 : step, tag,
                                guild::bits_float(bits));
        CHECK(must_read_alike(payload) == (tag.size() <= 118));
        taken += tag.size() <= 118 ? 1 : 0;
    }
    CHECK(taken > 2000);
}

TEST_CASE("simple event: every change of one byte is read as decode_event reads it") {
    for (const std::size_t size : {0U, 1U, 7U, 30U, 117U, 118U, 119U, 126U}) {
        for (const std::int64_t step : {std::int64_t{0}, std::int64_t{5}, std::int64_t{-5}}) {
            const std::string payload = simple_payload(step, 0.5, std::string(size, 't'), 10.0);
            for (std::size_t at = 0; at < payload.size(); ++at) {
                std::string changed = payload;
                for (int byte = 0; byte < 256; ++byte) {
                    changed[at] = static_cast<char>(static_cast<unsigned char>(byte));
                    (void)must_read_alike(changed);
                }
                (void)must_read_alike(std::string_view(payload).substr(0, at));
                (void)must_read_alike(payload.substr(0, at) + payload.substr(at + 1));
                (void)must_read_alike(payload.substr(0, at) + "\x10" + payload.substr(at));
            }
        }
    }
}

TEST_CASE("simple event: takes steps at the limits and tags of 0 to 118 bytes") {
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t step : {high, -high - 1, std::int64_t{-1}, std::int64_t{0}}) {
        tf::simple_event simple;
        const std::string payload = simple_payload(step, 0.5, "x", 10.0);
        REQUIRE(tf::decode_simple_event(payload, simple));
        CHECK(simple.step == step);
        CHECK(simple.wall_time == 10.0);
        CHECK(simple.tag == "x");
        CHECK(simple.value == 0.5);
    }
    CHECK(must_read_alike(simple_payload(1, 0.5, "", 10.0)));
    CHECK(must_read_alike(simple_payload(1, 0.5, std::string(118, 't'), 10.0)));
    CHECK_FALSE(must_read_alike(simple_payload(1, 0.5, std::string(119, 't'), 10.0)));
}

TEST_CASE("simple event: leaves every other layout to decode_event") {
    CHECK_FALSE(must_read_alike(""));
    CHECK_FALSE(must_read_alike(summary_payload(1, {})));
    CHECK(must_read_alike(summary_payload(1, {simple_value("a", 1)})));
    CHECK(must_read_alike(summary_payload(0, {simple_value("a", 1)})));  // a step of 0 written
    CHECK_FALSE(must_read_alike(summary_payload(1, {simple_value("a", 1), simple_value("b", 1)})));
    CHECK_FALSE(must_read_alike(simple_payload(1, 1) + bytes_field(3, "brain.Event:2")));
    CHECK_FALSE(must_read_alike(simple_payload(1, 1) + std::string("\x10\x02", 2)));
    std::string precise;
    tf::append_double_event(precise, 1.0, 1, "d", 0.1, false);
    CHECK_FALSE(must_read_alike(precise));
}
