// guild/base/sha256.hpp - SHA-256 of bytes.
//
// Layer 1. Includes: base/bytes.hpp and the standard library.
// Not here: of a file (package/file_digest.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 {

/// SHA-256 of bytes that come in pieces.
///
/// source   FIPS 180-4; of "abc": ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61
///          f20015ad
/// example  tests/base/sha256.cpp "sha256: the examples of the standard"
class sha256 {
public:
    void update(std::string_view bytes) noexcept;

    /// The digest of all bytes so far, as 64 lower case hex digits; more may follow.
    [[nodiscard]] std::string hex() const;

private:
    void take_block(const unsigned char* block) noexcept;

    std::array<std::uint32_t, 8> state_ = {0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                                           0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};
    std::array<unsigned char, 64> pending_ = {};
    std::uint64_t size_ = 0;
};

/// The digest of `bytes`, as 64 lower case hex digits.
///
/// example  tests/base/sha256.cpp "sha256: the examples of the standard"
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// ---- implementation ---------------------------------------------------------

namespace detail {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
inline constexpr std::uint32_t sha256_constants[64] = {
    0x428a2f98U, 0x71374491U, 0xb5c0fbcfU, 0xe9b5dba5U, 0x3956c25bU, 0x59f111f1U, 0x923f82a4U,
    0xab1c5ed5U, 0xd807aa98U, 0x12835b01U, 0x243185beU, 0x550c7dc3U, 0x72be5d74U, 0x80deb1feU,
    0x9bdc06a7U, 0xc19bf174U, 0xe49b69c1U, 0xefbe4786U, 0x0fc19dc6U, 0x240ca1ccU, 0x2de92c6fU,
    0x4a7484aaU, 0x5cb0a9dcU, 0x76f988daU, 0x983e5152U, 0xa831c66dU, 0xb00327c8U, 0xbf597fc7U,
    0xc6e00bf3U, 0xd5a79147U, 0x06ca6351U, 0x14292967U, 0x27b70a85U, 0x2e1b2138U, 0x4d2c6dfcU,
    0x53380d13U, 0x650a7354U, 0x766a0abbU, 0x81c2c92eU, 0x92722c85U, 0xa2bfe8a1U, 0xa81a664bU,
    0xc24b8b70U, 0xc76c51a3U, 0xd192e819U, 0xd6990624U, 0xf40e3585U, 0x106aa070U, 0x19a4c116U,
    0x1e376c08U, 0x2748774cU, 0x34b0bcb5U, 0x391c0cb3U, 0x4ed8aa4aU, 0x5b9cca4fU, 0x682e6ff3U,
    0x748f82eeU, 0x78a5636fU, 0x84c87814U, 0x8cc70208U, 0x90befffaU, 0xa4506cebU, 0xbef9a3f7U,
    0xc67178f2U};

constexpr std::uint32_t rotate_right(std::uint32_t value, unsigned by) noexcept {
    return (value >> by) | (value << (32U - by));
}

inline std::uint32_t load_big_endian(const unsigned char* from) noexcept {
    return std::uint32_t{from[0]} << 24U | std::uint32_t{from[1]} << 16U |
           std::uint32_t{from[2]} << 8U | std::uint32_t{from[3]};
}

}  // namespace detail

inline void sha256::take_block(const unsigned char* block) noexcept {
    using detail::rotate_right;
    std::uint32_t words[64];
    for (std::size_t i = 0; i < 16; ++i) {
        words[i] = detail::load_big_endian(block + 4 * i);
    }
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t a = words[i - 15];
        const std::uint32_t b = words[i - 2];
        words[i] = words[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3U)) +
                   words[i - 7] + (rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10U));
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t first =
            h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
            ((e & f) ^ (~e & g)) + detail::sha256_constants[i] + words[i];
        const std::uint32_t second =
            (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
            ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const std::uint32_t after[8] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) {
        state_[i] += after[i];
    }
}

inline void sha256::update(std::string_view bytes) noexcept {
    const void* start = bytes.data();
    const auto* at = static_cast<const unsigned char*>(start);
    std::size_t left = bytes.size();
    const auto held = detail::convert<std::size_t>(size_ % 64);
    size_ += left;
    if (held != 0) {
        const std::size_t taken = left < 64 - held ? left : 64 - held;
        std::memcpy(pending_.data() + held, at, taken);
        if (held + taken < 64) {
            return;
        }
        take_block(pending_.data());
        at += taken;
        left -= taken;
    }
    for (; left >= 64; at += 64, left -= 64) {
        take_block(at);
    }
    if (left != 0) {
        std::memcpy(pending_.data(), at, left);
    }
}

inline std::string sha256::hex() const {
    sha256 last = *this;
    const std::uint64_t bits = size_ * 8;
    const auto held = detail::convert<std::size_t>(size_ % 64);
    std::string padding(held < 56 ? 56 - held : 120 - held, '\0');
    padding[0] = '\x80';
    for (unsigned i = 0; i < 8; ++i) {
        padding += static_cast<char>(static_cast<unsigned char>(bits >> (56U - 8U * i)));
    }
    last.update(padding);
    std::string digest;
    for (const std::uint32_t word : last.state_) {
        for (unsigned i = 0; i < 4; ++i) {
            digest += static_cast<char>(static_cast<unsigned char>(word >> (24U - 8U * i)));
        }
    }
    return to_hex(digest);
}

inline std::string sha256_hex(std::string_view bytes) {
    sha256 sum;
    sum.update(bytes);
    return sum.hex();
}

}}  // namespace guild
