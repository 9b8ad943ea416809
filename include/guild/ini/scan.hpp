// guild/ini/scan.hpp - the smallest pieces of the grammar: a section key, NAME = VALUE in a line,
// and where lines end.
//
// Layer 2. Includes: base and ini/document.hpp.
// Not here: the parser made of them (ini/parser.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>

namespace guild { inline namespace v0 { namespace ini {

/// WORD ["NAME1"] ["NAME2"], as headers and @attrs have it.
///
/// units    parts and where are offsets into the scanned text
struct key_scan {
    piece parts[3];
    std::uint32_t count = 0;
    const char* problem = nullptr;  // set: it is not a key, and `where` is the offset to look at
    std::size_t where = 0;
    bool has_quote = false;  // a double quote inside a name
};

/// Reads a section key; `text` has no white space at its ends.
///
/// in       the last of two names reaches to the last quote, so `a "b" "c" "d"` ends in the name
///          `c" "d`
/// example  tests/ini/scan.cpp "scan_key: a word and up to two quoted names"
[[nodiscard]] key_scan scan_key(std::string_view text);

/// Where a line splits into name and value.
///
/// units    offsets into the scanned text; the value reaches to the end of the text
struct attribute_scan {
    bool found = false;
    std::size_t name_begin = 0;
    std::size_t name_end = 0;
    std::size_t delimiter = 0;
    std::size_t value = 0;
};

/// Splits a line as the expression `(\S+)\s*[=:]\s*(.*)` does, unanchored and greedy: the name is
/// the first word that is followed by a delimiter, or that holds one behind its first byte, where
/// the last one splits it.
///
/// cost     O(size)
/// source   the 2017 reader
/// example  tests/ini/scan.cpp "scan_attribute: splits as the greedy expression does"
[[nodiscard]] attribute_scan scan_attribute(std::string_view text) noexcept;

/// Finds line ends (LF, CR, 0x1A): each of the bytes is searched for once over the whole text.
///
/// example  tests/ini/scan.cpp "line_finder: finds the nearest of the three bytes"
class line_finder {
public:
    explicit line_finder(std::string_view text) noexcept : text_(text) {}

    /// The offset of the first line end at or behind `from`, or the size of the text; `from` never
    /// goes back.
    [[nodiscard]] std::size_t next(std::size_t from) noexcept;

private:
    struct mark {
        char byte;
        bool searched;
        std::size_t at;
    };
    std::string_view text_;
    mark marks_[3] = {{'\n', false, 0}, {'\r', false, 0}, {'\x1A', false, 0}};
};

// ---- implementation ---------------------------------------------------------

namespace detail {

constexpr piece to_piece(std::size_t begin, std::size_t end) noexcept {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

inline std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_space(text[at])) {
        ++at;
    }
    return at;
}

inline std::size_t skip_word(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && !is_space(text[at])) {
        ++at;
    }
    return at;
}

/// Reads `"NAME"` at scan.where. The last name reaches to the last quote, so it may hold `" "`.
inline bool scan_quoted(std::string_view text, bool is_last, key_scan& scan) {
    const std::size_t open = scan.where;
    if (text[open] != '"') {
        scan.problem = "expected a name in double quotes";
        return false;
    }
    const std::size_t close = is_last ? text.size() - 1 : text.find('"', open + 1);
    if (close == std::string_view::npos || close <= open || text[close] != '"') {
        scan.problem = "expected a closing double quote";
        return false;
    }
    if (close == open + 1) {
        scan.problem = "expected a name between the double quotes, seen none";
        return false;
    }
    scan.parts[scan.count] = to_piece(open + 1, close);
    ++scan.count;
    const std::string_view name = text.substr(open + 1, close - open - 1);
    scan.has_quote = scan.has_quote || contains(name, "\"");
    scan.where = close + 1;
    return true;
}

}  // namespace detail

inline key_scan scan_key(std::string_view text) {
    key_scan scan;
    using detail::skip_space;
    const std::size_t word_end = detail::skip_word(text, 0);
    if (word_end == 0) {
        scan.problem = "expected a section name, seen nothing";
        return scan;
    }
    scan.parts[0] = detail::to_piece(0, word_end);
    scan.count = 1;
    scan.has_quote = contains(text.substr(0, word_end), "\"");
    scan.where = skip_space(text, word_end);
    if (scan.where == text.size() || !detail::scan_quoted(text, false, scan)) {
        return scan;
    }
    const std::size_t next = skip_space(text, scan.where);
    if (next < text.size() && next == scan.where) {
        scan.problem = "expected white space after the double quote";
        return scan;
    }
    scan.where = next;
    if (next < text.size()) {
        detail::scan_quoted(text, true, scan);
    }
    return scan;
}

inline attribute_scan scan_attribute(std::string_view text) noexcept {
    const auto is_delimiter = [](char c) { return c == '=' || c == ':'; };
    std::size_t at = detail::skip_space(text, 0);
    while (at < text.size()) {
        const std::size_t begin = at;
        std::size_t inner = 0;
        for (; at < text.size() && !is_space(text[at]); ++at) {
            if (is_delimiter(text[at]) && at != begin) {
                inner = at;
            }
        }
        const std::size_t end = at;
        at = detail::skip_space(text, at);
        if (at < text.size() && is_delimiter(text[at])) {
            return {true, begin, end, at, detail::skip_space(text, at + 1)};
        }
        if (inner != 0) {
            return {true, begin, inner, inner, detail::skip_space(text, inner + 1)};
        }
    }
    return {};
}

inline std::size_t line_finder::next(std::size_t from) noexcept {
    std::size_t nearest = text_.size();
    for (mark& each : marks_) {
        if (!each.searched || each.at < from) {
            const void* hit = from < text_.size()
                                  ? std::memchr(text_.data() + from, each.byte, text_.size() - from)
                                  : nullptr;
            each.at = hit == nullptr
                          ? text_.size()
                          : static_cast<std::size_t>(static_cast<const char*>(hit) - text_.data());
            each.searched = true;
        }
        nearest = each.at < nearest ? each.at : nearest;
    }
    return nearest;
}

}}}  // namespace guild::ini
