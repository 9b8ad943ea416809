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

std::uint32_t by_table(std::string_view data, std::uint32_t seed = 0) {
    return ~guild::detail::crc32c_by_table(~seed, bytes_of(data), data.size());
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

TEST_CASE("crc32c: agrees around the lengths at which its strands begin, and with any seed") {
    constexpr std::size_t strands = 3 * std::size_t{2048};
    const std::string data = random_bytes(2 * strands + 100);
    for (const std::size_t around : {strands, 2 * strands}) {
        for (std::size_t size = around - 40; size <= around + 40; ++size) {
            for (const std::size_t start : {0U, 1U, 4U, 7U}) {
                const std::string_view piece = std::string_view(data).substr(start, size);
                REQUIRE(guild::crc32c(piece) == crc32c_bit_by_bit(piece));
                for (const std::uint32_t seed : {1U, 0x80000000U, 0xFFFFFFFFU, 0xE3069283U}) {
                    REQUIRE(guild::crc32c(piece, seed) == by_table(piece, seed));
                }
            }
        }
    }
}

TEST_CASE("crc32c: large pieces agree as well") {
    constexpr std::size_t mebibyte = std::size_t{1} << 20U;
    for (const std::size_t size :
         {std::size_t{1'000}, std::size_t{3'071}, std::size_t{3'072}, std::size_t{3'073},
          std::size_t{24'576}, std::size_t{100'003}, std::size_t{1'000'000}, mebibyte - 1, mebibyte,
          mebibyte + 1, mebibyte + 6143, mebibyte + 6144}) {
        const std::string data = random_bytes(size);
        REQUIRE(guild::crc32c(data) == by_table(data));
        REQUIRE(guild::crc32c(data, 0x12345678U) == by_table(data, 0x12345678U));
    }
}

TEST_CASE("crc32c: a flipped bit anywhere in three strands changes it") {
    const std::string data(6144, '\0');
    const std::uint32_t whole = guild::crc32c(data);
    for (std::size_t at = 0; at < data.size(); at += 61) {
        std::string changed = data;
        changed[at] = '\x10';
        REQUIRE(guild::crc32c(changed) != whole);
        REQUIRE(guild::crc32c(changed) == by_table(changed));
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
