// guild/base/crc32c.hpp - CRC-32C (Castagnoli) of bytes, and the mask that TFRecord and guild
// series files use.
//
// Layer 1. Includes: the standard library, and the compiler's intrinsics for the instruction of the
// processor.
// Not here: framing (tfevents/record.hpp, series/format.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__) && (defined(__GNUC__) || defined(__clang__))
#include <sys/auxv.h>
#endif

namespace guild { inline namespace v0 {

/// CRC-32C of `data`, continuing from `seed`.
///
/// in       any bytes; seed: a value this function returned, 0 to start
/// cost     O(n); hardware instructions where the machine has them, chosen once
/// source   RFC 3720 appendix B.4; check value of "123456789" is 0xE3069283
/// example  tests/base/crc32c.cpp "crc32c: the check value of the standard"
[[nodiscard]] std::uint32_t crc32c(std::string_view data, std::uint32_t seed = 0) noexcept;

/// The form in which TFRecord and guild store a CRC, so that a CRC over bytes that hold CRCs stays
/// useful.
///
/// source   TFRecord: rotate right by 15 bits, add 0xA282EAD8
/// example  tests/base/crc32c.cpp "mask_crc32c: the mask of TFRecord, computed by hand"
[[nodiscard]] constexpr std::uint32_t mask_crc32c(std::uint32_t crc) noexcept {
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

/// Takes the mask off again.
///
/// example  tests/base/crc32c.cpp "unmask_crc32c: takes the mask off"
[[nodiscard]] constexpr std::uint32_t unmask_crc32c(std::uint32_t masked) noexcept {
    const std::uint32_t rotated = masked - 0xA282EAD8u;
    return (rotated << 15) | (rotated >> 17);
}

// ---- implementation ---------------------------------------------------------

namespace detail {

// Every variant takes and returns the register of the algorithm, that is the CRC with all bits
// flipped.

using crc32c_table = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b] is the register after byte b and k zero bytes.
constexpr crc32c_table make_crc32c_table() noexcept {
    crc32c_table tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1) ^ ((value & 1u) != 0 ? 0x82F63B78u : 0u);
        }
        tables[0][byte] = value;
    }
    for (std::size_t k = 1; k < 8; ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFFu];
        }
    }
    return tables;
}

// Portable: eight bytes a step, read one by one, so that byte order does not matter.
inline std::uint32_t crc32c_by_table(std::uint32_t state, const unsigned char* at,
                                     std::size_t size) noexcept {
    static constexpr crc32c_table tables = make_crc32c_table();
    for (; size >= 8; at += 8, size -= 8) {
        state = tables[7][(state ^ at[0]) & 0xFFu] ^ tables[6][((state >> 8) ^ at[1]) & 0xFFu] ^
                tables[5][((state >> 16) ^ at[2]) & 0xFFu] ^
                tables[4][((state >> 24) ^ at[3]) & 0xFFu] ^ tables[3][at[4]] ^ tables[2][at[5]] ^
                tables[1][at[6]] ^ tables[0][at[7]];
    }
    for (; size != 0; ++at, --size) {
        state = (state >> 8) ^ tables[0][(state ^ *at) & 0xFFu];
    }
    return state;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

__attribute__((target("sse4.2"))) inline std::uint32_t
crc32c_by_instruction(std::uint32_t state, const unsigned char* at, std::size_t size) noexcept {
    std::uint64_t wide = state;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    state = static_cast<std::uint32_t>(wide);
    for (; size != 0; ++at, --size) {
        state = _mm_crc32_u8(state, *at);
    }
    return state;
}

inline bool has_crc32c_instruction() noexcept {
    return __builtin_cpu_supports("sse4.2") != 0;
}

#elif defined(__aarch64__) && defined(__linux__) && (defined(__GNUC__) || defined(__clang__))

// The builtins, not <arm_acle.h>: older Clang hides them there unless the whole file is compiled
// for the instruction.
#if defined(__clang__)
__attribute__((target("crc"))) inline std::uint32_t crc32c_step(std::uint32_t state,
                                                                unsigned char byte) noexcept {
    return __builtin_arm_crc32cb(state, byte);
}
__attribute__((target("crc"))) inline std::uint32_t crc32c_step8(std::uint32_t state,
                                                                 std::uint64_t word) noexcept {
    return __builtin_arm_crc32cd(state, word);
}
#else
__attribute__((target("+crc"))) inline std::uint32_t crc32c_step(std::uint32_t state,
                                                                 unsigned char byte) noexcept {
    return __builtin_aarch64_crc32cb(state, byte);
}
__attribute__((target("+crc"))) inline std::uint32_t crc32c_step8(std::uint32_t state,
                                                                  std::uint64_t word) noexcept {
    return __builtin_aarch64_crc32cx(state, word);
}
#endif

#if defined(__clang__)
__attribute__((target("crc")))
#else
__attribute__((target("+crc")))
#endif
inline std::uint32_t
crc32c_by_instruction(std::uint32_t state, const unsigned char* at, std::size_t size) noexcept {
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
#if defined(__AARCH64EB__)
        word = __builtin_bswap64(word);
#endif
        state = crc32c_step8(state, word);
    }
    for (; size != 0; ++at, --size) {
        state = crc32c_step(state, *at);
    }
    return state;
}

inline bool has_crc32c_instruction() noexcept {
    constexpr unsigned long hwcap_crc32 = 1ul << 7;  // HWCAP_CRC32 of <asm/hwcap.h>
    return (getauxval(AT_HWCAP) & hwcap_crc32) != 0;
}

#else

inline std::uint32_t crc32c_by_instruction(std::uint32_t state, const unsigned char* at,
                                           std::size_t size) noexcept {
    return crc32c_by_table(state, at, size);
}

inline bool has_crc32c_instruction() noexcept {
    return false;
}

#endif

}  // namespace detail

inline std::uint32_t crc32c(std::string_view data, std::uint32_t seed) noexcept {
    static const bool by_instruction = detail::has_crc32c_instruction();
    const unsigned char* bytes = reinterpret_cast<const unsigned char*>(data.data());
    return ~(by_instruction ? detail::crc32c_by_instruction(~seed, bytes, data.size())
                            : detail::crc32c_by_table(~seed, bytes, data.size()));
}

}}  // namespace guild
