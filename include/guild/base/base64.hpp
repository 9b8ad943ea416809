// guild/base/base64.hpp - bytes as text of 64 letters, and back.
//
// Layer 1. Includes: the standard library only.
// Not here: hexadecimal digits (base/bytes.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guild { inline namespace v0 {

/// Standard base64 with padding.
///
/// source   RFC 4648 section 4
/// example  tests/base/base64.cpp "base64: the standard's own examples, both ways"
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// The bytes; empty for any text that encode_base64() would not have made.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace detail

inline std::string encode_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U |
                    (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out +=
                i + k <= bytes.size() ? detail::base64_digits[group >> (18U - 6U * k) & 63U] : '=';
        }
    }
    return out;
}

inline std::optional<std::string> decode_base64(std::string_view text) {
    std::string out;
    std::string_view rest = text;
    for (; rest.size() >= 4; rest.remove_prefix(4)) {
        std::uint32_t group = 0;
        std::size_t digits = 0;
        for (; digits < 4 && rest[digits] != '='; ++digits) {
            const std::size_t digit = detail::base64_digits.find(rest[digits]);
            if (digit == std::string_view::npos) {
                return std::nullopt;
            }
            group |= static_cast<std::uint32_t>(digit) << (18U - 6U * digits);
        }
        for (std::size_t k = 0; k + 1 < digits; ++k) {
            out += static_cast<char>(static_cast<unsigned char>(group >> (16U - 8U * k) & 0xFFU));
        }
    }
    return encode_base64(out) == text ? std::make_optional(out) : std::nullopt;
}

}}  // namespace guild
