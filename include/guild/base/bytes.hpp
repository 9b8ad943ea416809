// guild/base/bytes.hpp - numbers to bytes and back: little-endian, varints, bit patterns.
//
// Layer 1. Includes: the standard library only.
// Not here: checksums (base/crc32c.hpp); what bytes mean (tfevents/wire.hpp, series/format.hpp).
//
// Files of guild are little-endian on every host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace guild { inline namespace v0 {

/// The integer that `sizeof(Integer)` little-endian bytes at `from` hold.
template <class Integer>
[[nodiscard]] Integer load_le(const void* from) noexcept;

/// Writes `value` to `to` as `sizeof(Integer)` little-endian bytes.
template <class Integer>
void store_le(void* to, Integer value) noexcept;

/// Appends `value` to `out` as `sizeof(Integer)` little-endian bytes.
template <class Integer>
void append_le(std::string& out, Integer value);

/// Appends `value` as a base-128 varint: 1 to 10 bytes, 7 bits each, lowest first.
///
/// source   Protocol Buffers encoding, "Base 128 Varints"
void append_varint(std::string& out, std::uint64_t value);

/// Writes the same 1 to 10 bytes to `to`.
///
/// out      one past the last byte written
char* store_varint(char* to, std::uint64_t value) noexcept;

/// Takes one varint off the front of `in`.
///
/// out      false, and `in` unchanged, if it is cut off or longer than 10 bytes
/// example  tests/base/bytes.cpp "decode_varint: refuses a cut or overlong number"
[[nodiscard]] bool decode_varint(std::string_view& in, std::uint64_t& value) noexcept;

/// Signed numbers as unsigned ones, small for small magnitudes: 0, -1, 1, -2 -> 0, 1, 2, 3.
[[nodiscard]] constexpr std::uint64_t zigzag_encode(std::int64_t value) noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    return (bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : std::uint64_t{0});
}
[[nodiscard]] constexpr std::int64_t zigzag_decode(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

/// The bit pattern of a floating-point number, and back; NaN payloads pass unchanged.
[[nodiscard]] inline std::uint64_t double_bits(double value) noexcept;
[[nodiscard]] inline double bits_double(std::uint64_t bits) noexcept;
[[nodiscard]] inline std::uint32_t float_bits(float value) noexcept;
[[nodiscard]] inline float bits_float(std::uint32_t bits) noexcept;

/// Two lower-case hexadecimal digits a byte.
[[nodiscard]] std::string to_hex(std::string_view bytes);

// ---- implementation ---------------------------------------------------------

namespace detail {

// Compilers do not always make one load out of shifts in a loop, and copy in any case.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
inline constexpr bool host_is_little_endian = true;
#else
inline constexpr bool host_is_little_endian = false;
#endif

[[nodiscard]] bool decode_long_varint(std::string_view& in, std::uint64_t& value) noexcept;

}  // namespace detail

template <class Integer>
Integer load_le(const void* from) noexcept {
    if constexpr (detail::host_is_little_endian) {
        Integer value;
        std::memcpy(&value, from, sizeof value);
        return value;
    } else {
        const auto* bytes = static_cast<const unsigned char*>(from);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            value |= static_cast<std::uint64_t>(bytes[i]) << (8U * i);
        }
        return static_cast<Integer>(static_cast<std::make_unsigned_t<Integer>>(value));
    }
}

template <class Integer>
void store_le(void* to, Integer value) noexcept {
    if constexpr (detail::host_is_little_endian) {
        std::memcpy(to, &value, sizeof value);
    } else {
        const auto bits =
            static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<Integer>>(value));
        auto* bytes = static_cast<unsigned char*>(to);
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            bytes[i] = static_cast<unsigned char>(bits >> (8U * i));
        }
    }
}

template <class Integer>
void append_le(std::string& out, Integer value) {
    char bytes[sizeof(Integer)];
    store_le(bytes, value);
    out.append(bytes, sizeof(Integer));
}

inline char* store_varint(char* to, std::uint64_t value) noexcept {
    while (value >= 0x80U) {
        *to++ = static_cast<char>(static_cast<unsigned char>(value | 0x80U));
        value >>= 7U;
    }
    *to++ = static_cast<char>(static_cast<unsigned char>(value));
    return to;
}

inline void append_varint(std::string& out, std::uint64_t value) {
    char bytes[10];
    out.append(bytes, static_cast<std::size_t>(store_varint(bytes, value) - bytes));
}

inline bool decode_varint(std::string_view& in, std::uint64_t& value) noexcept {
    if (!in.empty() && static_cast<unsigned char>(in.front()) < 0x80U) {
        value = static_cast<unsigned char>(in.front());  // most are below 128
        in.remove_prefix(1);
        return true;
    }
    return detail::decode_long_varint(in, value);
}

namespace detail {

inline bool decode_varint_bytewise(std::string_view& in, std::uint64_t& value) noexcept {
    const char* at = in.data();
    const char* const end = at + (in.size() < 10 ? in.size() : 10);
    std::uint64_t number = 0;
    for (unsigned shift = 0; at != end; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at++);
        number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80U) {
            value = number;
            in.remove_prefix(static_cast<std::size_t>(at - in.data()));
            return true;
        }
    }
    return false;
}

// The low seven bits of each of eight bytes, put together.
constexpr std::uint64_t join_sevens(std::uint64_t word) noexcept {
    word &= 0x7F7F7F7F7F7F7F7FU;
    word = (word & 0x007F007F007F007FU) | ((word & 0x7F007F007F007F00U) >> 1U);
    word = (word & 0x00003FFF00003FFFU) | ((word & 0x3FFF00003FFF0000U) >> 2U);
    return (word & 0x000000000FFFFFFFU) | ((word & 0x0FFFFFFF00000000U) >> 4U);
}

// How many bytes `ones`, ones from the lowest bit on, fills.
inline std::size_t whole_bytes(std::uint64_t ones) noexcept {
#if defined(__GNUC__)
    return (64 - static_cast<std::size_t>(__builtin_clzll(ones))) / 8;
#else
    std::size_t bytes = 0;
    for (; ones != 0; ones >>= 8U) {
        ++bytes;
    }
    return bytes;
#endif
}

// Eight bytes at once: a time in microseconds takes eight or nine.
inline bool decode_long_varint(std::string_view& in, std::uint64_t& value) noexcept {
    if (in.size() < 10) {
        return decode_varint_bytewise(in, value);
    }
    const auto word = load_le<std::uint64_t>(in.data());
    const std::uint64_t ends = ~word & 0x8080808080808080U;
    if (ends != 0) {
        const std::uint64_t used = ends ^ (ends - 1);  // up to the first byte that ends a number
        value = join_sevens(word & used);
        in.remove_prefix(whole_bytes(used));
        return true;
    }
    const auto ninth = static_cast<unsigned char>(in[8]);
    const auto tenth = static_cast<unsigned char>(in[9]);
    if (ninth >= 0x80U && tenth >= 0x80U) {
        return false;
    }
    const std::uint64_t high = ninth & 0x7FU;
    value = join_sevens(word) | high << 56U |
            (ninth >= 0x80U ? static_cast<std::uint64_t>(tenth) << 63U : 0);
    in.remove_prefix(ninth >= 0x80U ? 10 : 9);
    return true;
}

}  // namespace detail

namespace detail {

template <class To, class From>
To copy_bits(From from) noexcept {
    static_assert(sizeof(To) == sizeof(From), "the two types have one size");
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
}

}  // namespace detail

inline std::uint64_t double_bits(double value) noexcept {
    return detail::copy_bits<std::uint64_t>(value);
}
inline double bits_double(std::uint64_t bits) noexcept {
    return detail::copy_bits<double>(bits);
}
inline std::uint32_t float_bits(float value) noexcept {
    return detail::copy_bits<std::uint32_t>(value);
}
inline float bits_float(std::uint32_t bits) noexcept {
    return detail::copy_bits<float>(bits);
}

inline std::string to_hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4U];
        text += digits[byte & 0xFU];
    }
    return text;
}

}}  // namespace guild
