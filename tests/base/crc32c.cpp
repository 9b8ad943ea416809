#include <guild/base/crc32c.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

// Bit by bit, straight from the polynomial: what both fast forms are compared with.
std::uint32_t crc32c_bit_by_bit(std::string_view data) {
    std::uint32_t state = 0xFFFFFFFFu;
    for (const char c : data) {
        state ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            state = (state >> 1) ^ ((state & 1u) != 0 ? 0x82F63B78u : 0u);
        }
    }
    return ~state;
}

const unsigned char* bytes_of(std::string_view data) {
    return reinterpret_cast<const unsigned char*>(data.data());
}

std::uint32_t by_table(std::string_view data) {
    return ~guild::detail::crc32c_by_table(0xFFFFFFFFu, bytes_of(data), data.size());
}

std::string random_bytes(std::size_t size) {
    std::mt19937 random(static_cast<unsigned>(size) + 1);
    std::string data(size, '\0');
    for (char& c : data) {
        c = static_cast<char>(random() & 0xFFu);
    }
    return data;
}

}  // namespace

TEST_CASE("crc32c: the check value of the standard") {
    CHECK(guild::crc32c("123456789") == 0xE3069283u);
    CHECK(by_table("123456789") == 0xE3069283u);
    CHECK(guild::crc32c("") == 0u);
}

TEST_CASE("crc32c: the vectors of RFC 3720") {
    std::string ascending(32, '\0');
    std::string descending(32, '\0');
    for (std::size_t i = 0; i < 32; ++i) {
        ascending[i] = static_cast<char>(i);
        descending[i] = static_cast<char>(31 - i);
    }
    const unsigned char read_command[48] = {
        0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0,
        0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0};
    const std::string_view command(reinterpret_cast<const char*>(read_command),
                                   sizeof read_command);
    CHECK(guild::crc32c(std::string(32, '\0')) == 0x8A9136AAu);
    CHECK(guild::crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
    CHECK(guild::crc32c(ascending) == 0x46DD794Eu);
    CHECK(guild::crc32c(descending) == 0x113FDB5Cu);
    CHECK(guild::crc32c(command) == 0xD9963A56u);
}

TEST_CASE("crc32c: table and instruction agree with the polynomial at every length and alignment") {
    const std::string data = random_bytes(600);
    for (std::size_t start = 0; start < 9; ++start) {
        for (std::size_t size = 0; start + size <= data.size(); size += size < 80 ? 1 : 37) {
            const std::string_view piece = std::string_view(data).substr(start, size);
            const std::uint32_t expected = crc32c_bit_by_bit(piece);
            REQUIRE(by_table(piece) == expected);
            REQUIRE(guild::crc32c(piece) == expected);
            if (guild::detail::has_crc32c_instruction()) {
                REQUIRE(~guild::detail::crc32c_by_instruction(0xFFFFFFFFu, bytes_of(piece), size) ==
                        expected);
            }
        }
    }
}

TEST_CASE("crc32c: large pieces agree as well") {
    for (const std::size_t size : {1'000u, 3'071u, 3'072u, 3'073u, 24'576u, 100'003u, 1'000'000u}) {
        const std::string data = random_bytes(size);
        REQUIRE(guild::crc32c(data) == by_table(data));
    }
}

TEST_CASE("crc32c: continues from the value of what came before") {
    const std::string data = random_bytes(300);
    const std::uint32_t whole = guild::crc32c(data);
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
        const std::uint32_t first = guild::crc32c(std::string_view(data).substr(0, cut));
        REQUIRE(guild::crc32c(std::string_view(data).substr(cut), first) == whole);
    }
}

TEST_CASE("mask_crc32c: the mask of TFRecord, computed by hand") {
    // rotate 0x00008000 right by 15 bits: 1; plus 0xA282EAD8
    CHECK(guild::mask_crc32c(0x00008000u) == 0xA282EAD9u);
    CHECK(guild::mask_crc32c(0u) == 0xA282EAD8u);
}

TEST_CASE("unmask_crc32c: takes the mask off") {
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        const std::uint32_t crc = i * 2654435761u;
        REQUIRE(guild::unmask_crc32c(guild::mask_crc32c(crc)) == crc);
    }
}
