#include <guild/base/bytes.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace guild;

TEST_CASE("little-endian numbers: the lowest byte stands first") {
    std::string out;
    append_le<std::uint32_t>(out, 0x01020304U);
    append_le<std::int64_t>(out, -2);
    append_le<std::uint8_t>(out, 0xFFU);
    CHECK(to_hex(out) == "04030201"
                         "feffffffffffffff"
                         "ff");
    CHECK(load_le<std::uint32_t>(out.data()) == 0x01020304U);
    CHECK(load_le<std::int64_t>(out.data() + 4) == -2);
    CHECK(load_le<std::uint16_t>(out.data() + 1) == 0x0203U);
}

TEST_CASE("varints: seven bits a byte, lowest first") {
    std::string out;
    append_varint(out, 0);
    append_varint(out, 127);
    append_varint(out, 300);
    CHECK(to_hex(out) == "00"
                         "7f"
                         "ac02");
    std::string_view in = out;
    std::uint64_t value = 1;
    CHECK((decode_varint(in, value) && value == 0));
    CHECK((decode_varint(in, value) && value == 127));
    CHECK((decode_varint(in, value) && value == 300));
    CHECK(in.empty());
}

TEST_CASE("store_varint: writes what append_varint appends, and not a byte more") {
    for (unsigned shift = 0; shift <= 64; ++shift) {
        const std::uint64_t power = shift < 64 ? std::uint64_t{1} << shift : 0;
        for (const std::uint64_t value : {power - 1, power, power + 1}) {
            char bytes[12];
            std::memset(bytes, '#', sizeof bytes);
            char* const end = store_varint(bytes, value);
            std::string appended = "before";
            append_varint(appended, value);
            const auto size = static_cast<std::size_t>(end - bytes);
            REQUIRE((size >= 1 && size <= 10));
            CHECK(std::string_view(bytes, size) == appended.substr(6));
            CHECK(*end == '#');
            std::string_view in(bytes, size);
            std::uint64_t read = 0;
            REQUIRE(decode_varint(in, read));
            CHECK(read == value);
            CHECK(in.empty());
        }
    }
}

TEST_CASE("varints: the largest number takes ten bytes and comes back") {
    std::string out;
    append_varint(out, std::numeric_limits<std::uint64_t>::max());
    CHECK(out.size() == 10);
    std::string_view in = out;
    std::uint64_t value = 0;
    CHECK((decode_varint(in, value) && value == std::numeric_limits<std::uint64_t>::max()));
}

TEST_CASE("decode_varint: refuses a cut or overlong number") {
    std::uint64_t value = 5;
    std::string_view cut = "\x80\x80";
    CHECK_FALSE(decode_varint(cut, value));
    CHECK(cut.size() == 2);
    std::string_view longer = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
    CHECK_FALSE(decode_varint(longer, value));
    CHECK(value == 5);
}

TEST_CASE("zigzag: small magnitudes become small numbers, and the limits come back") {
    CHECK(zigzag_encode(0) == 0);
    CHECK(zigzag_encode(-1) == 1);
    CHECK(zigzag_encode(1) == 2);
    CHECK(zigzag_encode(-2) == 3);
    constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t high = std::numeric_limits<std::int64_t>::max();
    CHECK(zigzag_decode(zigzag_encode(low)) == low);
    CHECK(zigzag_decode(zigzag_encode(high)) == high);
}

TEST_CASE("bit patterns: a NaN keeps its payload and minus zero its sign") {
    CHECK(double_bits(bits_double(0x7FF8000000001234U)) == 0x7FF8000000001234U);
    CHECK(double_bits(-0.0) == 0x8000000000000000U);
    CHECK(float_bits(1.0F) == 0x3F800000U);
    CHECK(bits_float(0xFF800000U) == -std::numeric_limits<float>::infinity());
}
