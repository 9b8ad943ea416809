#include <guild/tfevents/large_event.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/tfevents/event.hpp>
#include <support/event_records.hpp>
#include <support/memory_file.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::bytes_field;
using guild_test::in_memory;
using guild_test::simple_value;
using guild_test::summary_payload;
using guild_test::value_of;

namespace {

// Reduces an event that stands behind 100 other bytes of a file; empty when it cannot be.
std::optional<std::string> reduce(std::string_view payload) {
    const os::env system =
        guild_test::memory_env(std::string(100, 'z').append(payload) + "behind it");
    const os::file file(guild_test::memory_descriptor, "in memory", system);
    std::string reduced = "old";
    if (!tf::large_event(file, 100, payload.size()).reduce(reduced)) {
        return std::nullopt;
    }
    return reduced;
}

// That the reduced event says the same to a reader of scalars.
void must_agree(std::string_view payload) {
    const auto reduced = reduce(payload);
    tf::event whole;
    const bool is_good = tf::decode_event(payload, whole);
    REQUIRE(reduced.has_value() == is_good);
    if (!is_good) {
        return;
    }
    tf::event found;
    REQUIRE(tf::decode_event(*reduced, found));
    CHECK(guild::double_bits(found.wall_time) == guild::double_bits(whole.wall_time));
    CHECK(found.step == whole.step);
    CHECK(found.kind == whole.kind);
    CHECK(found.file_version == whole.file_version);
    CHECK(found.session_status == whole.session_status);
    CHECK(found.source_writer == whole.source_writer);
    REQUIRE(found.values.size() == whole.values.size());
    for (std::size_t i = 0; i < whole.values.size(); ++i) {
        const tf::summary_value& a = found.values[i];
        const tf::summary_value& b = whole.values[i];
        CHECK(a.tag == b.tag);
        CHECK(a.kind == b.kind);
        CHECK(a.rank == b.rank);
        CHECK(a.type_number == b.type_number);
        CHECK(a.number == b.number);
        REQUIRE(a.meta.has_value() == b.meta.has_value());
        CHECK((!a.meta ||
               (a.meta->plugin_name == b.meta->plugin_name && a.meta->content == b.meta->content &&
                a.meta->data_class == b.meta->data_class)));
    }
}

// A value with a tensor of floats and this many elements, packed or not.
std::string long_tensor(std::size_t count, bool is_packed, std::string_view shape) {
    std::string tensor("\x08\x01", 2);  // dtype float
    tensor += bytes_field(2, shape);
    std::string values;
    for (std::size_t i = 0; i < count; ++i) {
        if (is_packed) {
            guild::append_le(values, 0x3F800000U);
        } else {
            tf::append_float_field(values, 5, 1.0F);
        }
    }
    tensor += is_packed ? bytes_field(5, values) : values;
    return value_of("long", bytes_field(8, tensor));
}

}  // namespace

TEST_CASE("large event: a scalar beside an image of 9 MiB") {
    const std::string image =
        value_of("image", bytes_field(4, std::string(std::size_t{9} << 20U, 'p')));
    const std::string payload = summary_payload(7, {image, simple_value("loss", 0.5F)});
    const auto reduced = reduce(payload);
    REQUIRE(reduced);
    CHECK(reduced->size() < 100);
    CHECK(in_memory.read_bytes < 300'000);  // the image is stepped over, not read
    must_agree(payload);
}

TEST_CASE("large event: what is left says the same as the whole, for every kind of field") {
    const std::string big(200'000, 'x');
    const std::string meta = bytes_field(
        9, tf::encode_metadata("hparams", std::string(100'000, 'c'), tf::data_class::tensor));
    must_agree("");
    must_agree(summary_payload(-1, {}));
    must_agree(bytes_field(4, big));
    must_agree(bytes_field(6, big) + bytes_field(3, "brain.Event:2") + bytes_field(99, big));
    must_agree(bytes_field(7, std::string("\x08\x01", 2)) + bytes_field(10, bytes_field(1, "w")));
    must_agree(summary_payload(
        1, {value_of("h", bytes_field(5, big)), value_of("a", bytes_field(6, big) + meta),
            value_of("old", bytes_field(3, big)), value_of(std::string(3000, 't'), ""),
            value_of("n", bytes_field(7, "node") + bytes_field(77, big)), simple_value("s", 2)}));
    must_agree(summary_payload(1, {simple_value("s", 2)}) + bytes_field(8, big));
    must_agree(summary_payload(1, {simple_value("s", 2)}) + summary_payload(2, {meta}));
    std::string precise;
    tf::append_double_event(precise, 1.0, 1, "d", 0.1, true);
    must_agree(precise);
}

TEST_CASE("large event: long tensors keep type and shape and are no numbers") {
    const std::string vector("\x12\x04\x08\xC0\xC4\x07", 6);  // 123456
    must_agree(summary_payload(1, {long_tensor(123'456, true, vector), simple_value("s", 1)}));
    must_agree(summary_payload(1, {long_tensor(123'456, false, vector)}));
    must_agree(summary_payload(1, {long_tensor(123'456, true, "")}));
    must_agree(summary_payload(1, {long_tensor(123'456, false, "")}));
    must_agree(summary_payload(1, {long_tensor(1, true, "")}));
    must_agree(summary_payload(1, {long_tensor(10, false, "")}));
}

TEST_CASE("large event: a long tensor is no number, though one of its numbers stands alone") {
    std::string alone;
    tf::append_float_field(alone, 5, 2.0F);
    for (const std::uint32_t other : {4U, 5U}) {
        const std::string tensor =
            std::string("\x08\x01", 2) + bytes_field(other, std::string(100'000, '\0')) + alone;
        must_agree(summary_payload(1, {value_of("t", bytes_field(8, tensor))}));
    }
}

TEST_CASE("large event: a million unpacked numbers do not make it too large") {
    const std::string payload =
        summary_payload(1, {long_tensor(1'000'000, false, ""), simple_value("s", 1)});
    CHECK(reduce(payload));
    must_agree(payload);
}

TEST_CASE("large event: a cut or garbled one is refused") {
    const std::string payload = summary_payload(
        7, {value_of("image", bytes_field(4, std::string(300, 'p'))), simple_value("loss", 0.5F)});
    for (std::size_t size = 0; size < payload.size(); ++size) {
        must_agree(std::string_view(payload).substr(0, size));
    }
    std::mt19937 random(11);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        std::string changed = payload;
        changed[i] = static_cast<char>(random());
        if (changed.find_first_of("\x0B\x13\x1B\x23\x2B\x33\x3B\x43\x4B\x53") ==
            std::string::npos) {  // no groups
            must_agree(changed);
        }
    }
    CHECK_FALSE(reduce("\x0B\x0C"));                                      // a group
    CHECK_FALSE(reduce(std::string("\0\0", 2)));                          // field number 0
    CHECK_FALSE(reduce("\x2A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));  // length 2^64-1
}

TEST_CASE("large event: what would be left over is bounded") {
    CHECK_FALSE(reduce(summary_payload(1, {value_of(std::string(1'100'000, 't'), "")})));
    std::string many;
    for (int i = 0; i < 6; ++i) {
        many += bytes_field(1, value_of(std::string(900'000, 't'), ""));
    }
    CHECK_FALSE(reduce(bytes_field(5, many)));
    CHECK_FALSE(reduce(bytes_field(5, std::string(5'000'000, '\x0A'))));
}

TEST_CASE("large event: a file that ends early or cannot be read is refused") {
    const std::string payload = summary_payload(
        1, {value_of("image", bytes_field(4, std::string(200'000, 'p'))), simple_value("s", 1)});
    const os::env system = guild_test::memory_env(payload);
    const os::file file(guild_test::memory_descriptor, "in memory", system);
    std::string reduced;
    CHECK(tf::large_event(file, 0, payload.size()).reduce(reduced));
    in_memory.is_sudden = true;
    CHECK_FALSE(tf::large_event(file, 0, payload.size()).reduce(reduced));
    in_memory.is_sudden = false;
    for (std::int64_t reads = 0; reads < 2; ++reads) {
        in_memory.reads_left = reads;
        CHECK_FALSE(tf::large_event(file, 0, payload.size()).reduce(reduced));
    }
}
