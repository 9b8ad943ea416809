#include <guild/tfevents/tensor.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <support/event_records.hpp>

namespace tf = guild::tfevents;
using guild_test::bytes_field;

namespace {

// A TensorProto of this dtype with these other fields.
std::string proto(std::uint64_t type, std::string_view rest) {
    std::string message;
    tf::append_varint_field(message, 1, type);
    return message.append(rest);
}

std::optional<double> tensor_number(const std::string& message) {
    tf::tensor tensor;
    REQUIRE(tensor.read(message));
    return tensor.number();
}

}  // namespace

TEST_CASE("tensor: one number of every type, as content and in its typed field") {
    const auto varints = [](std::uint32_t number, std::uint64_t value) {
        std::string packed;
        guild::append_varint(packed, value);
        return bytes_field(number, packed);
    };
    struct row {
        std::uint64_t type;
        std::string_view content;
        std::string typed;
        double number;
    };
    using namespace std::string_view_literals;
    const row rows[] = {
        {1, "\0\0\xC0\x3F"sv, bytes_field(5, "\0\0\xC0\x3F"sv), 1.5},
        {2, "\x9A\x99\x99\x99\x99\x99\xB9\x3F"sv,
         bytes_field(6, "\x9A\x99\x99\x99\x99\x99\xB9\x3F"sv), 0.1},
        {3, "\xF9\xFF\xFF\xFF"sv, varints(7, ~std::uint64_t{6}), -7},
        {4, "\xC8"sv, varints(7, 200), 200},
        {5, "\xD4\xFE"sv, varints(7, ~std::uint64_t{299}), -300},
        {6, "\xFB"sv, varints(7, ~std::uint64_t{4}), -5},
        {9, "\0\0\0\0\0\0\0\x40"sv, varints(10, std::uint64_t{1} << 62U), 4611686018427387904.0},
        {10, "\x01"sv, varints(11, 1), 1},
        {14, "\xC0\x3F"sv, varints(13, 0x3FC0), 1.5},
        {17, "\xFF\xFF"sv, varints(7, 65535), 65535},
        {19, "\0\x3E"sv, varints(13, 0x3E00), 1.5},
        {22, "\xFF\xFF\xFF\xFF"sv, varints(16, 4294967295U), 4294967295.0},
        {23, "\0\0\0\0\0\0\0\x80"sv, varints(17, std::uint64_t{1} << 63U), 9223372036854775808.0},
    };
    for (const row& one : rows) {
        CAPTURE(one.type);
        CHECK(tensor_number(proto(one.type, bytes_field(4, one.content))) == one.number);
        CHECK(tensor_number(proto(one.type, one.typed)) == one.number);
    }
}

TEST_CASE("tensor: an exact number keeps its kind and bits") {
    using namespace std::string_view_literals;
    const auto exact = [](std::uint64_t type, std::string_view content) {
        const std::string message = proto(type, bytes_field(4, content));
        tf::tensor tensor;
        REQUIRE(tensor.read(message));
        return tensor.exact();
    };
    const auto integer = [](std::int64_t value) {
        return tf::exact_number{true, static_cast<std::uint64_t>(value)};
    };
    const auto real = [](std::uint64_t bits) { return tf::exact_number{false, bits}; };
    CHECK(exact(2, "\x01\0\0\0\0\0\xF0\x7F"sv) == real(0x7FF0000000000001U));
    CHECK(exact(9, "\x01\0\0\0\0\0\x20\0"sv) == integer((std::int64_t{1} << 53) + 1));
    CHECK(exact(9, "\0\0\0\0\0\0\0\x80"sv) == integer(std::numeric_limits<std::int64_t>::min()));
    CHECK(exact(3, "\xF9\xFF\xFF\xFF"sv) == integer(-7));
    CHECK(exact(5, "\xD4\xFE"sv) == integer(-300));
    CHECK(exact(6, "\xFB"sv) == integer(-5));
    CHECK(exact(4, "\xC8"sv) == integer(200));
    CHECK(exact(17, "\xFF\xFF"sv) == integer(65535));
    CHECK(exact(22, "\xFF\xFF\xFF\xFF"sv) == integer(4294967295));
    CHECK(exact(23, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"sv) ==
          integer(std::numeric_limits<std::int64_t>::max()));
    CHECK(exact(23, "\0\0\0\0\0\0\0\x80"sv) == real(guild::double_bits(0x1p63)));
    CHECK(exact(1, "\0\0\xC0\x3F"sv) == real(guild::double_bits(1.5)));
    CHECK(exact(19, "\0\x3E"sv) == real(guild::double_bits(1.5)));
    CHECK(exact(10, "\x01"sv) == real(guild::double_bits(1)));
    CHECK(exact(7, "x") == std::nullopt);
}

TEST_CASE("tensor: unpacked numbers count like packed ones") {
    std::string one;
    tf::append_float_field(one, 5, 2.5F);
    CHECK(tensor_number(proto(1, one)) == 2.5);
    CHECK(tensor_number(proto(1, one + one)) == std::nullopt);
}

TEST_CASE("tensor: half numbers at their edges") {
    const auto half = [](std::uint16_t bits) {
        std::string content;
        guild::append_le(content, bits);
        return tensor_number(proto(19, bytes_field(4, content)));
    };
    CHECK(half(0x0001) == std::ldexp(1.0, -24));
    CHECK(half(0x0400) == std::ldexp(1.0, -14));
    CHECK(half(0x7BFF) == 65504.0);
    CHECK(half(0x7C00) == std::numeric_limits<double>::infinity());
    CHECK(half(0xFC00) == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(half(0x7E00).value()));
    CHECK(std::signbit(half(0x8000).value()));
}

TEST_CASE("tensor: only one numeric element is a number") {
    using namespace std::string_view_literals;
    const std::string value = bytes_field(4, "\0\0\xC0\x3F"sv);
    const auto shape = [](std::string_view dims) { return bytes_field(2, dims); };
    CHECK(tensor_number(proto(1, shape("") + value)) == 1.5);
    CHECK(tensor_number(proto(1, shape("\x12\x02\x08\x01"sv) + value)) == 1.5);           // [1]
    CHECK(tensor_number(proto(1, shape("\x12\x02\x08\x02"sv) + value)) == std::nullopt);  // [2]
    CHECK(tensor_number(proto(1, shape("\x12\x02\x08\0"sv) + value)) == std::nullopt);    // [0]
    CHECK(tensor_number(proto(1, shape("\x18\x01"sv) + value)) == std::nullopt);  // rank unknown
    CHECK(tensor_number(proto(1, "")) == std::nullopt);                           // no value
    CHECK(tensor_number(proto(1, bytes_field(4, "\0\0"sv))) == std::nullopt);     // half a float
    CHECK(tensor_number(proto(7, bytes_field(8, "text"))) == std::nullopt);       // text
    CHECK(tensor_number(proto(8, bytes_field(9, "\0\0\xC0\x3F\0\0\xC0\x3F"sv))) ==
          std::nullopt);  // complex
    CHECK(tensor_number(proto(99, value)) == std::nullopt);
}

TEST_CASE("tensor: says its type and rank, also of types that are no numbers") {
    using namespace std::string_view_literals;
    const auto read = [](const std::string& message) {
        tf::tensor tensor;
        REQUIRE(tensor.read(message));
        return tensor;
    };
    CHECK(read("").type_number() == 0);
    CHECK(read("").rank() == 0);
    CHECK(read(proto(7, "")).type_number() == 7);
    CHECK(read(proto(7, "")).type() == tf::data_type::other);
    CHECK(read(proto(2, "")).type() == tf::data_type::float64);
    CHECK(read(proto(std::uint64_t{1} << 40U, "")).type() == tf::data_type::other);
    CHECK(read(proto(257, "")).type() == tf::data_type::other);  // 1 in eight bits
    CHECK(read(proto(1, bytes_field(2, "\x12\0\x12\0\x12\0"sv))).rank() == 3);
    CHECK(read(proto(1, bytes_field(2, "\x12\0\x18\x01"sv))).rank() == -1);
    CHECK(read(proto(1, bytes_field(2, "\x18\x01\x18\0"sv))).rank() == 0);
    // A shape that comes twice is merged.
    const std::string one = bytes_field(2, "\x12\x02\x08\x01"sv);
    CHECK(read(proto(1, one + one)).rank() == 2);
}

TEST_CASE("tensor: an unknown rank is no number") {
    const std::string shape = bytes_field(2, std::string("\x18\x01", 2));
    CHECK(tensor_number(proto(2, shape + bytes_field(4, std::string(8, '\0')))) == std::nullopt);
}

TEST_CASE("data type names: are the protocol's words") {
    CHECK(tf::data_type_name(0) == "invalid");
    CHECK(tf::data_type_name(1) == "float");
    CHECK(tf::data_type_name(2) == "double");
    CHECK(tf::data_type_name(7) == "string");
    CHECK(tf::data_type_name(9) == "int64");
    CHECK(tf::data_type_name(10) == "bool");
    CHECK(tf::data_type_name(14) == "bfloat16");
    CHECK(tf::data_type_name(17) == "uint16");
    CHECK(tf::data_type_name(19) == "half");
    CHECK(tf::data_type_name(23) == "uint64");
    CHECK(tf::data_type_name(24) == "float8_e5m2");
    CHECK(tf::data_type_name(30) == "uint4");
    CHECK(tf::data_type_name(31) == "unknown");
    CHECK(tf::data_type_name(101) == "unknown");
    CHECK(tf::data_type_name(~std::uint64_t{0}) == "unknown");
}
