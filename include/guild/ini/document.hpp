// guild/ini/document.hpp - what a Guild file says and where: tokens, sections, entries and
// diagnostics over one buffer.
//
// Layer 2. Includes: base.
// Not here: making a document from text (ini/parser.hpp); its values with @attrs applied
// (ini/expand.hpp); edits (ini/writer.hpp).
//
// A document keeps the text and offsets into it. Every byte of the text belongs to exactly one
// token, so format(parse(text)) == text for every byte string, correct or not. Values are copied
// only where a line is continued.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/text.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace ini {

/// Limits of one file; a longer one is refused with errc::too_large.
///
/// units    bytes; the line limit holds for a line and for a value with all its continuation lines
inline constexpr std::size_t max_file_bytes = std::size_t{16} << 20U;
inline constexpr std::size_t max_line_bytes = std::size_t{1} << 20U;

/// At most so many warnings, and as many errors, are kept for one file; the rest is counted.
inline constexpr std::size_t max_diagnostics = 100;

enum class severity : std::uint8_t { warning, error };

/// The rule of the grammar that a diagnostic is about.
enum class rule : std::uint8_t {
    syntax,              // neither comment, header, directive nor `NAME = VALUE`
    no_section,          // an attribute or @attrs before the first section header
    directive,           // `@` and another word than attrs
    end_of_file,         // the file ends inside a continued value
    too_large,           // over a limit
    greedy_split,        // the name holds `=` or `:`
    skipped_text,        // text before the name
    blank_at_end,        // a blank after a final backslash
    empty_continuation,  // the line after a final backslash is the empty end of the file
    line_end,            // CR alone or byte 0x1A ends a line
    tab,                 // a tab where people expect it to be trimmed
    header_quote,        // a double quote inside the name of a section
    repeated_section,    // a header that was there before
    repeated_name,       // a name set twice in one section
    unknown_section,     // @attrs names a section that is not above it
    unknown_reduction,   // `reduce` of a field is no word that means something
    package_value        // a name, version, source or checksum of GuildPkg
};

/// The name of a rule: `syntax`, `no_section_for_attr`, `directive` and `eof` are those of the 2017
/// reader.
[[nodiscard]] std::string_view to_string(rule about) noexcept;

/// One thing to say about a text: what, where, and what to do about it.
struct diagnostic {
    severity sev = severity::error;
    guild::error what;
    std::string hint;  // one sentence, or empty
    rule about = rule::syntax;
};

/// A diagnostic for people: `path:line:col: message`, or `path:line:col: warning: message`, then
/// the source line, carets, and the hint.
///
/// in       text: what was parsed; of a long line only the part around the place is shown, and
///          control characters in it are shown as dots
/// out      lines, each ended by a newline
/// example  tests/ini/document.cpp "diagnostic: is shown with its line, carets and hint"
[[nodiscard]] std::string render(const diagnostic& about, std::string_view text);

/// Puts diagnostics in file order; those of one place keep theirs.
///
/// cost     O(n^2) moves: for the bounded lists of one file
void sort_by_place(std::vector<diagnostic>& list);

/// A half-open range of bytes of the document's text.
struct piece {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

enum class token_kind : std::uint8_t {
    blank,     // white space inside a line
    line_end,  // CR LF, LF, CR or 0x1A
    comment,
    meta,       // `#+...`
    header,     // `[...]`, whole
    directive,  // `@...`, whole
    skipped,    // text before a name
    name,
    delimiter,  // `=` or `:`
    value,
    continuation,  // final `\`, blanks behind it, and the line end
    invalid
};

struct token {
    token_kind kind = token_kind::invalid;
    piece where;
};

enum class entry_kind : std::uint8_t { attribute, copy /* @attrs */ };

/// One attribute or @attrs directive of a section; read it through document::name() and value().
struct entry {
    entry_kind kind = entry_kind::attribute;
    piece name;                // of @attrs: the word itself
    piece value;               // raw, from its first to its last byte; of @attrs: the arguments
    std::uint32_t joined = 0;  // 1 + index of the joined copy when lines are continued
};

/// One section: its header and the entries up to the next header.
struct section_node {
    piece header;    // `[...]`
    piece parts[3];  // WORD, NAME1, NAME2
    std::uint32_t part_count = 0;
    std::uint32_t first_entry = 0;
    std::uint32_t entry_count = 0;
};

/// Neighbouring entries of a document, for range-based loops.
struct entry_range {
    const entry* first = nullptr;
    const entry* last = nullptr;
    [[nodiscard]] const entry* begin() const noexcept { return first; }
    [[nodiscard]] const entry* end() const noexcept { return last; }
};

namespace detail {
class parser;
}

/// A parsed text. Cheap to move; nothing in it points outside.
class document {
public:
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const std::vector<token>& tokens() const noexcept { return tokens_; }
    [[nodiscard]] const std::vector<section_node>& sections() const noexcept { return sections_; }

    /// The text of `#+` lines, without the `#+`, in file order; split_meta() gives their words.
    [[nodiscard]] const std::vector<piece>& metas() const noexcept { return metas_; }

    /// Warnings and errors in file order.
    [[nodiscard]] const std::vector<diagnostic>& diagnostics() const noexcept {
        return diagnostics_;
    }

    /// How many more diagnostics there were than max_diagnostics of a kind.
    [[nodiscard]] std::size_t diagnostics_dropped() const noexcept { return dropped_; }

    /// The error that stands first in the file; none: the text is accepted.
    [[nodiscard]] std::optional<guild::error> first_error() const;

    /// Whether the file was over max_file_bytes: it then has one error, and neither tokens nor
    /// sections.
    [[nodiscard]] bool is_refused() const noexcept { return refused_; }

    [[nodiscard]] std::string_view text_of(piece where) const noexcept {
        return std::string_view(text_).substr(where.begin, where.end - where.begin);
    }
    [[nodiscard]] std::string_view name(const entry& of) const noexcept {
        return of.joined == 0 ? text_of(of.name) : std::string_view(joined_[of.joined - 1].name);
    }
    [[nodiscard]] std::string_view value(const entry& of) const noexcept {
        return of.joined == 0 ? text_of(of.value) : std::string_view(joined_[of.joined - 1].value);
    }

    /// WORD, NAME1 and NAME2 of a section, as many as there are.
    [[nodiscard]] std::vector<std::string> key(const section_node& of) const;

    /// The entries of a section, in file order.
    [[nodiscard]] entry_range entries(const section_node& of) const noexcept {
        const entry* first = entries_.data() + of.first_entry;
        return {first, first + of.entry_count};
    }

    /// A piece with its line and column.
    ///
    /// cost     O(log lines)
    [[nodiscard]] source_span span(piece where) const noexcept;

private:
    friend class detail::parser;

    struct joined_entry {
        std::string name;
        std::string value;
    };

    std::string text_;
    std::string path_;
    std::vector<token> tokens_;
    std::vector<std::uint32_t> line_starts_;
    std::vector<section_node> sections_;
    std::vector<entry> entries_;
    std::vector<joined_entry> joined_;
    std::vector<piece> metas_;
    std::vector<diagnostic> diagnostics_;
    std::size_t dropped_ = 0;
    bool refused_ = false;
};

/// The text of a document, put together from its tokens: the very bytes that were parsed.
[[nodiscard]] std::string format(const document& from);

/// The words of a `#+` line: `"..."` without the quotes, or runs of other characters than white
/// space.
///
/// example  tests/ini/document.cpp "split_meta: quoted words lose their quotes"
[[nodiscard]] std::vector<std::string> split_meta(std::string_view text);

/// A section key as it is written in a file: `field "loss"`.
[[nodiscard]] std::string format_key(const std::vector<std::string>& key);

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(rule about) noexcept {
    constexpr std::string_view names[] = {"syntax",
                                          "no_section_for_attr",
                                          "directive",
                                          "eof",
                                          "too_large",
                                          "greedy_split",
                                          "skipped_text",
                                          "blank_at_end",
                                          "empty_continuation",
                                          "line_end",
                                          "tab",
                                          "header_quote",
                                          "repeated_section",
                                          "repeated_name",
                                          "unknown_section",
                                          "unknown_reduction",
                                          "package_value"};
    return names[static_cast<std::size_t>(about)];
}

inline void sort_by_place(std::vector<diagnostic>& list) {  // not stable_sort: deprecated inside
    for (auto each = list.begin(); each != list.end(); ++each) {
        const auto place = std::upper_bound(list.begin(), each, *each,
                                            [](const diagnostic& a, const diagnostic& b) {
                                                return a.what.where.begin < b.what.where.begin;
                                            });
        std::rotate(place, each, each + 1);
    }
}

inline std::optional<guild::error> document::first_error() const {
    for (const diagnostic& each : diagnostics_) {
        if (each.sev == severity::error) {
            return each.what;
        }
    }
    return std::nullopt;
}

inline std::vector<std::string> document::key(const section_node& of) const {
    std::vector<std::string> parts;
    parts.reserve(of.part_count);
    for (std::uint32_t i = 0; i < of.part_count; ++i) {
        parts.emplace_back(text_of(of.parts[i]));
    }
    return parts;
}

inline source_span document::span(piece where) const noexcept {
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), where.begin);
    const auto line = static_cast<std::uint32_t>(after - line_starts_.begin());
    const std::uint32_t start = line == 0 ? 0 : line_starts_[line - 1];
    return {where.begin, where.end, line == 0 ? 1 : line, where.begin - start + 1};
}

inline std::string format(const document& from) {
    if (from.is_refused()) {
        return from.text();
    }
    std::string text;
    text.reserve(from.text().size());
    for (const token& each : from.tokens()) {
        text += from.text_of(each.where);
    }
    return text;
}

inline std::vector<std::string> split_meta(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    std::vector<std::string> words;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        const std::size_t close = text[at] == '"' ? text.find('"', at + 1) : std::string_view::npos;
        if (close != std::string_view::npos) {
            words.emplace_back(text.substr(at + 1, close - at - 1));
            at = close + 1;
            continue;
        }
        const std::size_t start = at;
        while (at < text.size() && !is_blank(text[at])) {
            ++at;
        }
        words.emplace_back(text.substr(start, at - start));
    }
    return words;
}

inline std::string format_key(const std::vector<std::string>& key) {
    std::string text = key.empty() ? std::string() : key[0];
    for (std::size_t i = 1; i < key.size(); ++i) {
        text += " \"" + key[i] + '"';
    }
    return text;
}

namespace detail {

/// `text` with dots for what a terminal should not be sent: control characters (but tabs), bytes
/// that are no UTF-8.
inline std::string to_harmless(std::string_view text) {
    const bool is_utf8 = is_valid_utf8(text);
    std::string out(text);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_control = (byte < 0x20 && c != '\t') || byte == 0x7F;
        c = is_control || (byte >= 0x80 && !is_utf8) ? '.' : c;
    }
    return out;
}

/// The longest start of `text`, at most `most` bytes, that does not cut a UTF-8 sequence.
inline std::string_view cut_text(std::string_view text, std::size_t most) {
    std::size_t size = std::min(text.size(), most);
    while (size < text.size() && size > 0 &&
           (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return text.substr(0, size);
}

/// Bytes of a source in backquotes for a message, at most 60 of them.
inline std::string quote_source(std::string_view text) {
    constexpr std::size_t most = 60;
    const std::string_view shown = cut_text(text, most);
    return '`' + to_harmless(shown) + (shown.size() < text.size() ? "...`" : "`");
}

constexpr bool ends_line(char c) noexcept {
    return c == '\n' || c == '\r' || c == '\x1A';
}

/// The line of `text` that holds offset `at`, its control characters made harmless for a terminal.
///
/// Of a line longer than `most` bytes the part around `at` is taken; `column` is then changed to
/// fit it.
inline std::string shown_line(std::string_view text, std::size_t at, std::uint32_t& column) {
    constexpr std::size_t most = 160;
    at = std::min(at, text.size());
    std::size_t begin = at;
    while (begin > 0 && at - begin < most / 2 && !ends_line(text[begin - 1])) {
        --begin;
    }
    std::size_t end = at;
    while (end < text.size() && end - begin < most && !ends_line(text[end])) {
        ++end;
    }
    column = static_cast<std::uint32_t>(at - begin + 1);
    return to_harmless(text.substr(begin, end - begin));
}

}  // namespace detail

inline std::string render(const diagnostic& about, std::string_view text) {
    guild::error what = about.what;
    if (about.sev == severity::warning) {
        what.message = "warning: " + what.message;
    }
    std::string out = to_string(what) + '\n';
    if (what.where.line != 0 && what.where.begin <= text.size()) {
        std::uint32_t column = 0;
        const auto begin = guild::detail::convert<std::size_t>(what.where.begin);
        const auto width = guild::detail::convert<std::size_t>(what.where.end - what.where.begin);
        const std::string line = detail::shown_line(text, begin, column);
        const std::string shown = render_caret(line, column, width);
        const std::size_t split = shown.find('\n');
        out += "  " + shown.substr(0, split) + "\n  " + shown.substr(split + 1) + '\n';
    }
    if (!about.hint.empty()) {
        out += "  hint: " + about.hint + '\n';
    }
    return out;
}

}}}  // namespace guild::ini
