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

// The instruction takes one word a cycle but answers after three: long inputs go as three strands,
// whose registers are put together by what zero bytes in the place of the later ones would do.
inline constexpr std::size_t crc32c_strand_bytes = 2048;

// by_byte[k][b] is the register that holds b in its byte k, after one strand of zero bytes.
struct crc32c_strand_table {
    std::uint32_t by_byte[4][256];

    crc32c_strand_table() noexcept {
        for (std::uint32_t byte = 0; byte < 4; ++byte) {
            std::uint32_t of_bit[8];
            for (std::uint32_t bit = 0; bit < 8; ++bit) {
                of_bit[bit] = after_zeros(1U << (8 * byte + bit));
            }
            for (std::uint32_t value = 0; value < 256; ++value) {
                std::uint32_t sum = 0;  // the register is linear in its bits
                for (std::uint32_t bit = 0; bit < 8; ++bit) {
                    sum ^= (value >> bit & 1U) != 0 ? of_bit[bit] : 0U;
                }
                by_byte[byte][value] = sum;
            }
        }
    }

    [[nodiscard]] std::uint32_t shift(std::uint32_t state) const noexcept {
        return by_byte[0][state & 0xFFU] ^ by_byte[1][state >> 8 & 0xFFU] ^
               by_byte[2][state >> 16 & 0xFFU] ^ by_byte[3][state >> 24];
    }

    __attribute__((target("sse4.2"))) static std::uint32_t
    after_zeros(std::uint64_t state) noexcept {
        for (std::size_t i = 0; i < crc32c_strand_bytes; i += 8) {
            state = _mm_crc32_u64(state, 0);
        }
        return static_cast<std::uint32_t>(state);
    }
};

inline std::uint64_t crc32c_word(const unsigned char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    return word;
}

// The words at `at` and one and two strands behind it.
__attribute__((target("sse4.2"))) inline std::uint32_t
crc32c_three_strands(std::uint32_t state, const unsigned char* at) noexcept {
    static const crc32c_strand_table table;
    std::uint64_t first = state;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const unsigned char* end = at + crc32c_strand_bytes; at != end; at += 8) {
        first = _mm_crc32_u64(first, crc32c_word(at));
        second = _mm_crc32_u64(second, crc32c_word(at + crc32c_strand_bytes));
        third = _mm_crc32_u64(third, crc32c_word(at + 2 * crc32c_strand_bytes));
    }
    const std::uint32_t two =
        table.shift(static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second);
    return table.shift(two) ^ static_cast<std::uint32_t>(third);
}

__attribute__((target("sse4.2"))) inline std::uint32_t
crc32c_short(std::uint32_t state, const unsigned char* at, std::size_t size) noexcept {
    std::uint64_t wide = state;
    for (; size >= 32; at += 32, size -= 32) {
        wide = _mm_crc32_u64(wide, crc32c_word(at));
        wide = _mm_crc32_u64(wide, crc32c_word(at + 8));
        wide = _mm_crc32_u64(wide, crc32c_word(at + 16));
        wide = _mm_crc32_u64(wide, crc32c_word(at + 24));
    }
    for (; size >= 8; at += 8, size -= 8) {
        wide = _mm_crc32_u64(wide, crc32c_word(at));
    }
    state = static_cast<std::uint32_t>(wide);
    if ((size & 4U) != 0) {
        std::uint32_t word = 0;
        std::memcpy(&word, at, 4);
        state = _mm_crc32_u32(state, word);
        at += 4;
    }
    for (size &= 3U; size != 0; ++at, --size) {
        state = _mm_crc32_u8(state, *at);
    }
    return state;
}

// Kept out of crc32c_by_instruction(), so that short inputs do not pay for its registers.
__attribute__((target("sse4.2"), noinline)) inline std::uint32_t
crc32c_long(std::uint32_t state, const unsigned char* at, std::size_t size) noexcept {
    for (; size >= 3 * crc32c_strand_bytes;
         at += 3 * crc32c_strand_bytes, size -= 3 * crc32c_strand_bytes) {
        state = crc32c_three_strands(state, at);
    }
    return crc32c_short(state, at, size);
}

__attribute__((target("sse4.2"))) inline std::uint32_t
crc32c_by_instruction(std::uint32_t state, const unsigned char* at, std::size_t size) noexcept {
    return size < 3 * crc32c_strand_bytes ? crc32c_short(state, at, size)
                                          : crc32c_long(state, at, size);
}

// Two instructions: what the processor can was noted when the program started.
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
    static const bool has = (getauxval(AT_HWCAP) & hwcap_crc32) != 0;
    return has;
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
    const unsigned char* bytes = reinterpret_cast<const unsigned char*>(data.data());
    return ~(detail::has_crc32c_instruction()
                 ? detail::crc32c_by_instruction(~seed, bytes, data.size())
                 : detail::crc32c_by_table(~seed, bytes, data.size()));
}

}}  // namespace guild
