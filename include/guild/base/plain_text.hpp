// guild/base/plain_text.hpp - what programs print for terminals, as text: without movements of the
// cursor, without colours or with them alone.
//
// Layer 1. Includes: the standard library only.
// Not here: lines (base/line_splitter.hpp, runs/output_lines.hpp), which lines take the place of
// others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace guild { inline namespace v0 {

/// `text` without escape sequences (ECMA-48) and other control characters; a tab stays.
///
/// example  tests/base/plain_text.cpp "plain text: escape sequences are taken out"
[[nodiscard]] std::string without_escapes(std::string_view text);

/// The same, but colours and other renditions (CSI ... m) stay.
///
/// example  tests/base/plain_text.cpp "plain text: colours may stay alone"
[[nodiscard]] std::string with_colours_alone(std::string_view text);

/// Whether without_escapes() would leave anything out.
[[nodiscard]] bool has_controls(std::string_view text) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

// Behind an escape character: how many bytes belong to it.
inline std::size_t escape_bytes(std::string_view text) noexcept {
    if (text.size() < 2) {
        return text.size();
    }
    if (text[1] == ']') {  // up to BEL, or escape and backslash
        const std::size_t end = text.find_first_of("\x07\x1B", 2);
        const bool is_bell = end != std::string_view::npos && text[end] == '\x07';
        return end == std::string_view::npos ? text.size() : is_bell ? end + 1 : end + 2;
    }
    std::size_t at = text[1] == '[' ? 2 : 1;
    while (at < text.size() && (text[at] < '\x40' || text[at] > '\x7E') &&
           static_cast<unsigned char>(text[at]) < 0x80) {
        ++at;
    }
    return at + 1;
}

inline bool is_control(char c) noexcept {
    return c == '\x7F' || (static_cast<unsigned char>(c) < 0x20 && c != '\t');
}

// ESC [ digits and semicolons m
inline bool is_colour(std::string_view sequence) noexcept {
    return sequence.size() > 2 && sequence[1] == '[' && sequence.back() == 'm' &&
           sequence.substr(2).find_first_not_of("0123456789;:") == sequence.size() - 3;
}

inline std::string take_escapes_out(std::string_view text, bool keeps_colours) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t taken = c == '\x1B' ? std::min(escape_bytes(text), text.size()) : 1;
        if (!is_control(c)) {
            out += c;
        } else if (keeps_colours && taken > 1 && is_colour(text.substr(0, taken))) {
            out += text.substr(0, taken);
        }
        text.remove_prefix(taken);
    }
    return out;
}

}  // namespace detail

inline std::string without_escapes(std::string_view text) {
    return detail::take_escapes_out(text, false);
}

inline std::string with_colours_alone(std::string_view text) {
    return detail::take_escapes_out(text, true);
}

inline bool has_controls(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), detail::is_control);
}

}}  // namespace guild
