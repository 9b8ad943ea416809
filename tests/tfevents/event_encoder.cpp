#include <guild/tfevents/event_encoder.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <guild/tfevents/event.hpp>
#include <support/event_records.hpp>

namespace tf = guild::tfevents;
using guild_test::find_bytes;
using namespace std::string_view_literals;

namespace {

tf::event must_decode_encoded(std::string_view payload) {
    tf::event found;
    REQUIRE(tf::decode_event(payload, found));
    return found;
}

}  // namespace

TEST_CASE("simple event: the bytes that TensorFlow writes") {
    // wall_time 1700000000, step 300, summary { value { tag "loss", simple_value 0.5 } }
    std::string written;
    tf::append_simple_event(written, 1700000000.0, 300, "loss", 0.5F);
    CHECK(written == "\x09\0\0\0\x40\xFC\x54\xD9\x41"
                     "\x10\xAC\x02"
                     "\x2A\x0D\x0A\x0B\x0A\x04"
                     "loss"
                     "\x15\0\0\0\x3F"sv);
}

TEST_CASE("version event: the bytes that TensorFlow's writer of summaries gives") {
    std::string written;
    tf::append_version_event(written, 1700000000.0, "guild");
    CHECK(written == "\x09\0\0\0\x40\xFC\x54\xD9\x41"
                     "\x1A\x0D"
                     "brain.Event:2"
                     "\x52\x07\x0A\x05guild"sv);
}

TEST_CASE("session start: names the step from which points are void") {
    std::string written;
    tf::append_session_start_event(written, 2.0, 7);
    CHECK(written == "\x09\0\0\0\0\0\0\0\x40\x10\x07\x3A\x02\x08\x01"sv);
    const tf::event found = must_decode_encoded(written);
    CHECK(found.kind == tf::event_kind::session_log);
    CHECK(found.session_status == 1);
    CHECK(found.step == 7);
}

TEST_CASE("events: any tag and step are read back, and a step of zero is left out") {
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    for (const std::size_t size : {0U, 1U, 54U, 110U, 118U, 119U, 127U, 128U, 300U, 20'000U}) {
        const std::string tag(size, 't');
        for (const std::int64_t step : {low, std::int64_t{-1}, std::int64_t{0}, high}) {
            std::string simple;
            tf::append_simple_event(simple, 1.5, step, tag, 0.25F);
            std::string precise;
            tf::append_double_event(precise, 1.5, step, tag, 0.1, size % 2 == 0);
            std::string other;
            const std::string tensor = tf::encode_double_tensor({}, {0.5});
            tf::append_value_event(other, 1.5, step, {tag, {}, tensor});
            for (const auto& [payload, number] :
                 {std::make_pair(simple, 0.25), std::make_pair(precise, 0.1),
                  std::make_pair(other, 0.5)}) {
                const tf::event found = must_decode_encoded(payload);
                CHECK(found.step == step);
                CHECK(found.wall_time == 1.5);
                REQUIRE(found.values.size() == 1);
                CHECK(found.values[0].tag == tag);
                CHECK(found.values[0].number == number);
                CHECK((payload[9] == '\x10') == (step != 0));
            }
        }
    }
}

TEST_CASE("value event: parts that are empty are left out") {
    std::string payload;
    tf::append_value_event(payload, 1.0, 1, {"t", {}, {}});
    CHECK(payload == "\x09\0\0\0\0\0\0\xF0\x3F\x10\x01\x2A\x05\x0A\x03\x0A\x01t"sv);
    const tf::event found = must_decode_encoded(payload);
    CHECK(found.values[0].kind == tf::value_kind::none);
    CHECK_FALSE(found.values[0].meta);
}

TEST_CASE("number tensor: type and bits, by hand") {
    CHECK(tf::encode_number_tensor({true, 1}) == "\x08\x09\x12\0\x22\x08\x01\0\0\0\0\0\0\0"sv);
    CHECK(tf::encode_number_tensor({false, 0x7FF0000000000001U}) ==
          "\x08\x02\x12\0\x22\x08\x01\0\0\0\0\0\xF0\x7F"sv);
}

TEST_CASE(
    "value event: a simple value behind a tensor is what is read, the tensor is kept beside it") {
    const std::string tensor = tf::encode_number_tensor({true, 16777217});
    std::string payload;
    tf::append_value_event(payload, 1.0, 1, {"t", {}, tensor, 16777216.0F});
    CHECK(payload ==
          "\x09\0\0\0\0\0\0\xF0\x3F\x10\x01\x2A\x1A\x0A\x18\x0A\x01t\x42\x0E\x08\x09\x12\0"
          "\x22\x08\x01\0\0\x01\0\0\0\0\x15\0\0\x80\x4B"sv);
    const tf::event found = must_decode_encoded(payload);
    CHECK(found.values[0].kind == tf::value_kind::simple);
    CHECK(found.values[0].number == 16777216.0);
    CHECK(found.values[0].exact == tf::exact_number{true, 16777217});
}

TEST_CASE("metadata: plugin, content and class are read back") {
    const std::string meta = tf::encode_metadata("hparams", "\x01\x02"sv, tf::data_class::tensor);
    CHECK(meta == "\x0A\x0D\x0A\x07hparams\x12\x02\x01\x02\x20\x02"sv);
    std::string payload;
    tf::append_value_event(payload, 1.0, 1, {"t", meta, {}});
    const tf::event found = must_decode_encoded(payload);
    REQUIRE(found.values[0].meta);
    CHECK(found.values[0].meta->plugin_name == "hparams");
    CHECK(found.values[0].meta->content == "\x01\x02"sv);
    CHECK(found.values[0].meta->data_class == 2);
    CHECK_FALSE(found.values[0].meta->means_scalar());
}

TEST_CASE("double tensor: type, shape and rows, by hand") {
    const std::string tensor = tf::encode_double_tensor({2, 1}, {1.0, 2.0});
    CHECK(tensor == "\x08\x02\x12\x08\x12\x02\x08\x02\x12\x02\x08\x01"
                    "\x22\x10\0\0\0\0\0\0\xF0\x3F\0\0\0\0\0\0\0\x40"sv);
    tf::tensor read;
    REQUIRE(read.read(tensor));
    CHECK(read.rank() == 2);
    CHECK(read.number() == std::nullopt);
    REQUIRE(read.read(""));
    tf::tensor one;
    const std::string minus_zero = tf::encode_double_tensor({}, {-0.0});
    REQUIRE(one.read(minus_zero));
    CHECK(guild::double_bits(one.number().value()) == guild::double_bits(-0.0));
}

TEST_CASE("string tensor: a plain one and a list") {
    CHECK(tf::encode_string_tensor({"ab"}, false) == "\x08\x07\x12\0\x42\x02"
                                                     "ab"sv);
    const std::string list = tf::encode_string_tensor({"a", "", "c"}, true);
    CHECK(list == "\x08\x07\x12\x04\x12\x02\x08\x03\x42\x01"
                  "a\x42\0\x42\x01"
                  "c"sv);
    CHECK(find_bytes(list, {8}) == "a");
    tf::tensor read;
    REQUIRE(read.read(list));
    CHECK(tf::data_type_name(read.type_number()) == "string");
    CHECK(read.rank() == 1);
}

TEST_CASE(
    "nearest_float: numbers between the largest float and infinity round as the processor does") {
    using tf::nearest_float;
    const double largest = static_cast<double>(std::numeric_limits<float>::max());
    CHECK(nearest_float(largest) == std::numeric_limits<float>::max());
    CHECK(nearest_float(std::nextafter(largest, 1e39)) == std::numeric_limits<float>::max());
    const double half_way = largest + std::ldexp(1.0, 103);  // to the float that there is not
    CHECK(nearest_float(std::nextafter(half_way, 0)) == std::numeric_limits<float>::max());
    CHECK(nearest_float(-std::nextafter(half_way, 0)) == -std::numeric_limits<float>::max());
    CHECK(nearest_float(half_way) == std::numeric_limits<float>::infinity());
    CHECK(nearest_float(3.5e38) == std::numeric_limits<float>::infinity());
    CHECK(nearest_float(-3.5e38) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(nearest_float(std::numeric_limits<double>::quiet_NaN())));
}
