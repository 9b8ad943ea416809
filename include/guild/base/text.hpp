// guild/base/text.hpp - small functions on text: trim, split, join, compare, suggest.
//
// Layer 1. Includes: the standard library only.
// Not here: numbers (base/number.hpp), file names (base/path.hpp), patterns (base/pattern.hpp).
//
// Text is bytes, UTF-8 by convention; "space" and "lower case" are ASCII's in every locale.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guild { inline namespace v0 {

/// Whether `c` is ASCII white space: blank, tab, line feed, vertical tab, form feed, return.
[[nodiscard]] constexpr bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Whether `c` is a decimal digit.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Whether `c` is an ASCII letter.
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// `text` without white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// `text` without blanks (only blanks, no tabs) at both ends.
[[nodiscard]] std::string_view trim_spaces(std::string_view text) noexcept;

/// The words of `text`, which are separated by any amount of white space; none is empty.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

/// The parts of `text` between separators; n separators give n + 1 parts, empty ones included.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

/// The parts with `separator` between them.
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

[[nodiscard]] constexpr bool starts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.substr(0, prefix.size()) == prefix;
}
[[nodiscard]] constexpr bool ends_with(std::string_view text, std::string_view suffix) noexcept {
    return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}
[[nodiscard]] constexpr bool contains(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

/// `text` with every occurrence of `from` replaced, left to right; an empty `from` changes nothing.
[[nodiscard]] std::string replace_all(std::string_view text, std::string_view from,
                                      std::string_view to);

/// `text` with every run of white space made one blank, and none at the ends.
[[nodiscard]] std::string collapse_spaces(std::string_view text);

/// `text` with ASCII capitals made small.
[[nodiscard]] std::string to_lower(std::string_view text);

/// The candidate nearest to `word`, for "did you mean": one edit and one more for every 3 letters.
///
/// cost     O(candidates x word x candidate)
/// example  tests/base/text.cpp "find_closest: suggests the nearest name, or nothing"
[[nodiscard]] std::optional<std::string> find_closest(std::string_view word,
                                                      const std::vector<std::string>& candidates);

/// Whether `text` is well-formed UTF-8 (no overlong forms, surrogates or values over U+10FFFF).
///
/// source   RFC 3629 section 4
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// `bytes` as UTF-8: what is none becomes U+FFFD, one for each broken sequence.
///
/// source   Unicode 15, 3.9 "U+FFFD Substitution of Maximal Subparts"
/// example  tests/base/text.cpp "replace_invalid_utf8: one mark a broken sequence"
[[nodiscard]] std::string replace_invalid_utf8(std::string_view bytes);

/// `text` as shown in a command line: in double quotes if empty or with white space or quotes.
///
/// Inside quotes `"` and `\` are preceded by `\`. For people to read, not for a shell.
[[nodiscard]] std::string quote_for_display(std::string_view text);

// ---- implementation ---------------------------------------------------------

inline std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

inline std::string_view trim_spaces(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

inline std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_space(text[at])) {
            ++at;
        }
        if (at == text.size()) {
            return words;
        }
        const std::size_t start = at;
        while (at < text.size() && !is_space(text[at])) {
            ++at;
        }
        words.emplace_back(text.substr(start, at - start));
    }
}

inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

inline std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i != 0) {
            text += separator;
        }
        text += parts[i];
    }
    return text;
}

inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    if (from.empty()) {
        return std::string(text);
    }
    std::string out;
    while (true) {
        const std::size_t at = text.find(from);
        out += text.substr(0, at);
        if (at == std::string_view::npos) {
            return out;
        }
        out += to;
        text.remove_prefix(at + from.size());
    }
}

inline std::string collapse_spaces(std::string_view text) {
    return join(split_words(text), " ");
}

inline std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

namespace detail {

/// Levenshtein distance with one row of memory.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

/// The bytes of the UTF-8 sequence at the start of `text`; 0 if it is malformed, and `broken` says
/// how many bytes began as one. Table 3-7 of the Unicode standard: no overlong forms, no
/// surrogates, nothing above U+10FFFF.
inline std::size_t utf8_sequence_length(std::string_view text, std::size_t& broken) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    broken = 1;
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t wanted = lead >= 0xC2 && lead <= 0xDF   ? 2U
                               : lead >= 0xE0 && lead <= 0xEF ? 3U
                               : lead >= 0xF0 && lead <= 0xF4 ? 4U
                                                              : 0U;
    for (std::size_t i = 1; i < wanted; ++i) {
        const unsigned char low = i == 1 && lead == 0xE0   ? 0xA0
                                  : i == 1 && lead == 0xF0 ? 0x90
                                                           : 0x80;
        const unsigned char high = i == 1 && lead == 0xED   ? 0x9F
                                   : i == 1 && lead == 0xF4 ? 0x8F
                                                            : 0xBF;
        if (i >= text.size() || byte(i) < low || byte(i) > high) {
            broken = i;
            return 0;
        }
    }
    return wanted;
}
inline std::size_t utf8_sequence_length(std::string_view text) noexcept {
    std::size_t broken = 0;
    return utf8_sequence_length(text, broken);
}

}  // namespace detail

inline std::optional<std::string> find_closest(std::string_view word,
                                               const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = word.size() / 3 + 2;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = detail::edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

inline bool is_valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        std::uint64_t eight = 0;  // most text is ASCII
        if (text.size() >= sizeof eight) {
            std::memcpy(&eight, text.data(), sizeof eight);
            if ((eight & 0x8080808080808080U) == 0) {
                text.remove_prefix(sizeof eight);
                continue;
            }
        }
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = detail::utf8_sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

inline std::string replace_invalid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        std::size_t broken = 1;
        const std::size_t good = detail::utf8_sequence_length(bytes, broken);
        out += good > 0 ? bytes.substr(0, good) : std::string_view("\xEF\xBF\xBD");
        bytes.remove_prefix(good > 0 ? good : broken);
    }
    return out;
}

inline std::string quote_for_display(std::string_view text) {
    const auto needs_quotes = [](char c) { return is_space(c) || c == '"'; };
    if (!text.empty() && std::none_of(text.begin(), text.end(), needs_quotes)) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
        }
        quoted += c;
    }
    return quoted + '"';
}

}}  // namespace guild
