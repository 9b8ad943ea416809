// guild/ini/parser.hpp - Guild files, GuildPkg and their kin: from text to a document, in one pass,
// whatever the text.
//
// Layer 2. Includes: base and ini/document.hpp.
// Not here: @attrs applied (ini/expand.hpp), what the sections mean (project/project.hpp,
// package/package.hpp).
//
// The language is that of the 2017 reader, quirks included; where a quirk surprises, a warning says
// so. After an error the parser goes on with the next line, so that one run shows every mistake of
// a file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>
#include <guild/ini/scan.hpp>

namespace guild { inline namespace v0 { namespace ini {

/// Parses `text`; never fails: what is wrong stands in diagnostics() of the document.
///
/// in       any bytes; path: for messages and origins alone, no file is opened
/// out      a document with its own copy of the text
/// cost     O(size) time and memory; files over max_file_bytes are refused unread
/// source   the 2017 reader's lines and expressions, as tests/ini/parser.cpp lists them
/// example  tests/ini/parser.cpp "ini parser: a section with one attribute"
[[nodiscard]] document parse(std::string_view text, std::string path = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

class parser {
public:
    explicit parser(document& into) : out_(into), text_(into.text_), lines_(text_) {}

    static document run(std::string_view text, std::string path) {
        document out;
        out.text_ = std::string(text);
        out.path_ = std::move(path);
        parser(out).parse_file();
        return out;
    }

private:
    struct line {
        std::size_t begin = 0;
        std::size_t end = 0;   // where its line end begins
        std::size_t next = 0;  // where the next line begins
    };
    /// A part of one raw line that stands in a joined attribute.
    struct segment {
        std::size_t joined = 0;  // offset in the joined text
        std::size_t begin = 0;   // in the file
        std::size_t end = 0;
    };
    enum class state : std::uint8_t { before_sections, in_section, in_broken_section };

    void parse_file();
    void parse_line(const line& at);
    line read_line(std::size_t begin);
    void parse_meta(std::size_t begin, std::size_t end);
    void parse_header(std::size_t begin, std::size_t end);
    void report_open_header(std::size_t begin, std::size_t end);
    void report_bad_key(std::string_view key, const key_scan& scan, piece where);
    void parse_directive(std::size_t begin, std::size_t end);
    void parse_attribute(const line& at, std::size_t begin, std::size_t end);
    void parse_long_line(const line& at);
    bool join_lines(const line& first, std::size_t begin, std::size_t end);
    void keep_attribute(const attribute_scan& scan, std::string_view text, bool complete);
    void emit_attribute(const attribute_scan& scan, std::string_view text);
    void report_no_attribute(std::string_view text);
    void check_blank_at_end(std::string_view part, std::size_t begin);
    void warn_about_attribute(const attribute_scan& scan, std::string_view text);
    void check_line_end(const line& at);
    std::size_t skip_byte_order_mark();

    void emit(token_kind kind, std::size_t begin, std::size_t end) {
        if (begin < end) {
            out_.tokens_.push_back({kind, to_piece(begin, end)});
        }
    }
    void emit_line_end(const line& at) { emit(token_kind::line_end, at.end, at.next); }
    void emit_joined(token_kind kind, std::size_t begin, std::size_t end);
    void finish_joined(bool complete);
    std::size_t to_raw(std::size_t joined) const;
    piece to_raw_piece(std::size_t begin, std::size_t end) const;

    void add(entry what) {
        out_.entries_.push_back(what);
        ++out_.sections_.back().entry_count;
    }
    void report(severity sev, rule about, errc code, piece where, std::string message,
                std::string hint);
    void fail(rule about, errc code, piece where, std::string message, std::string hint) {
        report(severity::error, about, code, where, std::move(message), std::move(hint));
    }
    void warn(rule about, piece where, std::string message, std::string hint) {
        report(severity::warning, about, errc::ok, where, std::move(message), std::move(hint));
    }

    document& out_;
    std::string_view text_;
    line_finder lines_;
    state state_ = state::before_sections;
    std::size_t at_ = 0;             // where the next line begins
    std::vector<segment> segments_;  // of the attribute at hand
    std::size_t segment_ = 0;        // the first one that is not wholly emitted
    std::string joined_;             // its lines without backslashes and line ends
    line last_;                      // its last line
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
    bool warned_line_end_ = false;
};

inline void parser::report(severity sev, rule about, errc code, piece where, std::string message,
                           std::string hint) {
    std::size_t& count = sev == severity::error ? errors_ : warnings_;
    ++count;
    if (count > max_diagnostics) {
        ++out_.dropped_;
        return;
    }
    diagnostic each;
    each.sev = sev;
    each.about = about;
    each.what = make_error(code, std::move(message), out_.path_, out_.span(where));
    each.hint = std::move(hint);
    out_.diagnostics_.push_back(std::move(each));
}

inline void parser::parse_file() {
    if (text_.size() > max_file_bytes) {
        out_.refused_ = true;
        fail(rule::too_large, errc::too_large, {},
             "expected at most " + std::to_string(max_file_bytes) + " bytes, seen " +
                 std::to_string(text_.size()),
             "");
        return;
    }
    out_.tokens_.reserve(text_.size() / 8);
    out_.line_starts_.reserve(text_.size() / 32);
    while (at_ < text_.size()) {
        const line next = read_line(at_);
        at_ = next.next;
        if (next.end - next.begin > max_line_bytes) {
            parse_long_line(next);
        } else {
            parse_line(next);
        }
    }
    sort_by_place(out_.diagnostics_);
}

inline parser::line parser::read_line(std::size_t begin) {
    out_.line_starts_.push_back(static_cast<std::uint32_t>(begin));
    line found{begin, lines_.next(begin), 0};
    found.next = found.end;
    if (found.end < text_.size()) {
        const bool is_pair = text_.substr(found.end, 2) == "\r\n";
        found.next += is_pair ? 2 : 1;
        if (!is_pair && text_[found.end] != '\n') {
            check_line_end(found);
        }
    }
    return found;
}

inline void parser::check_line_end(const line& at) {
    const bool is_last = at.next == text_.size();
    if (warned_line_end_ || is_last) {
        return;
    }
    warned_line_end_ = true;
    const bool is_return = text_[at.end] == '\r';
    warn(rule::line_end, to_piece(at.end, at.next),
         is_return ? "a carriage return alone ends a line" : "byte 0x1A ends a line",
         "editors show one line where Guild reads two; end lines with a newline");
}

inline void parser::parse_long_line(const line& at) {
    emit(token_kind::invalid, at.begin, at.end);
    emit_line_end(at);
    fail(rule::too_large, errc::too_large, to_piece(at.begin, at.begin + 1),
         "expected at most " + std::to_string(max_line_bytes) + " bytes in a line, seen " +
             std::to_string(at.end - at.begin),
         "");
}

inline std::size_t parser::skip_byte_order_mark() {
    emit(token_kind::invalid, 0, 3);
    fail(rule::syntax, errc::bad_syntax, {0, 3}, "the file begins with a UTF-8 byte order mark",
         "save the file as UTF-8 without a byte order mark");
    return 3;
}

/// line = blanks ( "" | comment | meta | header | directive | attribute ) blanks
inline void parser::parse_line(const line& at) {
    std::size_t begin = at.begin;
    if (begin == 0 && starts_with(text_, "\xEF\xBB\xBF")) {
        begin = skip_byte_order_mark();
    }
    const std::size_t start = begin;
    std::size_t end = at.end;
    while (begin < end && text_[begin] == ' ') {
        ++begin;
    }
    while (end > begin && text_[end - 1] == ' ') {
        --end;
    }
    emit(token_kind::blank, start, begin);
    switch (begin == end ? '\0' : text_[begin]) {
    case '#':
        if (end - begin > 1 && text_[begin + 1] == '+') {
            parse_meta(begin, end);
            break;
        }
        emit(token_kind::comment, begin, end);
        break;
    case ';':
        emit(token_kind::comment, begin, end);
        break;
    case '[':
        parse_header(begin, end);
        break;
    case '@':
        parse_directive(begin, end);
        break;
    default:
        if (begin < end) {
            parse_attribute(at, begin, end);
            return;
        }
    }
    emit(token_kind::blank, end, at.end);
    emit_line_end(at);
}

inline void parser::parse_meta(std::size_t begin, std::size_t end) {
    emit(token_kind::meta, begin, end);
    out_.metas_.push_back(to_piece(begin + 2, end));
}

inline void parser::report_open_header(std::size_t begin, std::size_t end) {
    const std::size_t close = text_.substr(begin, end - begin).rfind(']');
    if (close == std::string_view::npos) {
        fail(rule::syntax, errc::bad_syntax, to_piece(end, end),
             "expected `]` at the end of a section header", "write [WORD] or [WORD \"NAME\"]");
        return;
    }
    const std::size_t behind = begin + close + 1;
    const std::size_t after = skip_space(text_.substr(0, end), behind);
    const bool only_tabs = after == end;
    fail(rule::syntax, errc::bad_syntax, to_piece(only_tabs ? behind : after, end),
         only_tabs ? "expected the line to end after `]`, seen a tab"
                   : "expected the line to end after `]`, seen " +
                         quote_source(text_.substr(after, end - after)),
         only_tabs ? "remove the tab: only blanks are trimmed"
                   : "comments stand on lines of their own");
}

inline void parser::report_bad_key(std::string_view key, const key_scan& scan, piece where) {
    const std::string_view rest = key.substr(scan.where);
    const bool is_plain = !rest.empty() && rest.size() < 40 && !contains(rest, "\"");
    fail(rule::syntax, errc::bad_syntax, where,
         std::string(scan.problem) + (rest.empty() ? "" : ", seen " + quote_source(rest)),
         is_plain ? "write [" + std::string(key.substr(0, scan.parts[0].end)) + " \"" +
                        std::string(rest) + "\"]"
                  : "write [WORD], [WORD \"NAME\"] or [WORD \"NAME\" \"NAME\"]");
}

/// header = "[" WORD [ `"NAME1"` ] [ `"NAME2"` ] "]"
inline void parser::parse_header(std::size_t begin, std::size_t end) {
    emit(token_kind::header, begin, end);
    state_ = state::in_broken_section;
    if (text_[end - 1] != ']') {
        report_open_header(begin, end);
        return;
    }
    std::size_t inner_end = end - 1;
    const std::size_t inner = skip_space(text_.substr(0, inner_end), begin + 1);
    while (inner_end > inner && is_space(text_[inner_end - 1])) {
        --inner_end;
    }
    const std::string_view key_text = text_.substr(inner, inner_end - inner);
    const key_scan scan = scan_key(key_text);
    if (scan.problem != nullptr) {
        const std::size_t where = inner + scan.where;
        report_bad_key(key_text, scan, to_piece(where, where < inner_end ? inner_end : end));
        return;
    }
    if (scan.has_quote) {
        warn(rule::header_quote, to_piece(begin, end), "a name in this header holds a double quote",
             "a header has one word and at most two quoted names");
    }
    section_node node;
    node.header = to_piece(begin, end);
    node.part_count = scan.count;
    for (std::uint32_t i = 0; i < scan.count; ++i) {
        node.parts[i] = to_piece(inner + scan.parts[i].begin, inner + scan.parts[i].end);
    }
    node.first_entry = static_cast<std::uint32_t>(out_.entries_.size());
    out_.sections_.push_back(node);
    state_ = state::in_section;
}

/// directive = "@attrs" WORD [ `"NAME1"` ] [ `"NAME2"` ]
inline void parser::parse_directive(std::size_t begin, std::size_t end) {
    emit(token_kind::directive, begin, end);
    const std::string_view line_text = text_.substr(0, end);
    const std::size_t word_end = skip_word(line_text, begin);
    if (text_.substr(begin, word_end - begin) != "@attrs") {
        fail(rule::directive, errc::unknown_name, to_piece(begin, word_end),
             "unknown directive, expected `@attrs`", "the only directive is @attrs WORD \"NAME\"");
        return;
    }
    if (state_ == state::before_sections) {
        fail(rule::no_section, errc::bad_syntax, to_piece(begin, end),
             "expected a section header before the first `@attrs`", "put [WORD] above this line");
        return;
    }
    const std::size_t arguments = skip_space(line_text, word_end);
    std::size_t last = end;
    while (last > arguments && is_space(text_[last - 1])) {
        --last;
    }
    const key_scan scan = scan_key(text_.substr(arguments, last - arguments));
    if (scan.problem != nullptr) {
        const std::size_t where = arguments + scan.where;
        fail(rule::syntax, errc::bad_syntax, to_piece(where < last ? where : begin, last),
             std::string(scan.problem) + " in `@attrs`", "write @attrs template \"NAME\"");
        return;
    }
    if (state_ == state::in_section) {
        add({entry_kind::copy, to_piece(begin, word_end), to_piece(arguments, last), 0});
    }
}

/// attribute = [ skipped ] NAME ( "=" | ":" ) [ VALUE ], its line continued while it ends in a
/// backslash
inline void parser::parse_attribute(const line& at, std::size_t begin, std::size_t end) {
    segments_.assign(1, {0, begin, end});
    segment_ = 0;
    if (text_[end - 1] != '\\') {
        keep_attribute(scan_attribute(text_.substr(begin, end - begin)),
                       text_.substr(begin, end - begin), true);
        emit(token_kind::blank, end, at.end);
        emit_line_end(at);
        return;
    }
    last_ = at;
    const bool complete = join_lines(at, begin, end);
    if (joined_.size() > max_line_bytes) {
        fail(rule::too_large, errc::too_large, to_piece(begin, begin + 1),
             "expected at most " + std::to_string(max_line_bytes) +
                 " bytes in a value with its continuation lines, seen more",
             "");
        emit(token_kind::invalid, begin, complete ? last_.next : text_.size());
        return;
    }
    keep_attribute(scan_attribute(joined_), joined_, complete);
    finish_joined(complete);
}

/// Collects the lines of a continued attribute in segments_ and joined_; false: the file ends
/// inside.
inline bool parser::join_lines(const line& first, std::size_t begin, std::size_t end) {
    segments_[0].end = end - 1;
    joined_.assign(text_, begin, end - 1 - begin);
    if (end < first.end) {
        warn(rule::blank_at_end, to_piece(end, first.end),
             "the line goes on in spite of the blank after `\\`", "remove the blank");
    }
    line at = first;
    while (true) {
        if (at.next == at.end) {
            const std::size_t slash = segments_.back().end;
            fail(rule::end_of_file, errc::truncated, to_piece(slash, slash + 1),
                 "expected another line after `\\`, seen the end of the file",
                 "remove the `\\`, or write the rest of the value on the next line");
            return false;
        }
        if (at.next == text_.size()) {
            const std::size_t slash = segments_.back().end;
            warn(rule::empty_continuation, to_piece(slash, slash + 1),
                 "the value goes on in an empty line at the end of the file", "remove the `\\`");
            segments_.push_back({joined_.size(), at.next, at.next});
            last_ = {at.next, at.next, at.next};
            return true;
        }
        at = read_line(at.next);
        at_ = at.next;
        const bool goes_on = at.end > at.begin && text_[at.end - 1] == '\\';
        const std::size_t part_end = goes_on ? at.end - 1 : at.end;
        segments_.push_back({joined_.size(), at.begin, part_end});
        if (joined_.size() <= max_line_bytes) {
            joined_.append(text_, at.begin, part_end - at.begin);
        }
        if (!goes_on) {
            check_blank_at_end(text_.substr(at.begin, part_end - at.begin), at.begin);
            last_ = at;
            return true;
        }
    }
}

/// Says that a blank after `\\` ended a continued value, which is easy to miss.
inline void parser::check_blank_at_end(std::string_view part, std::size_t begin) {
    const std::size_t slash = part.find_last_not_of(" \t");
    if (slash != std::string_view::npos && part[slash] == '\\') {
        warn(rule::blank_at_end, to_piece(begin + slash, begin + part.size()),
             "the blank after `\\` ends the value here, and the `\\` stays in it",
             "remove the blank to go on, or the `\\` to end");
    }
}

inline std::size_t parser::to_raw(std::size_t joined) const {
    std::size_t i = segments_.size() - 1;
    if (i != 0) {
        const auto after = std::upper_bound(
            segments_.begin(), segments_.end(), joined,
            [](std::size_t offset, const segment& each) { return offset < each.joined; });
        i = static_cast<std::size_t>(after - segments_.begin()) - 1;
    }
    return segments_[i].begin + (joined - segments_[i].joined);
}

/// The raw range of a joined one; its end stays on the line of its last byte.
inline piece parser::to_raw_piece(std::size_t begin, std::size_t end) const {
    const std::size_t raw = to_raw(begin);
    return to_piece(raw, begin == end ? raw : to_raw(end - 1) + 1);
}

/// Emits tokens for a range of the joined text, and continuation tokens where its lines meet.
inline void parser::emit_joined(token_kind kind, std::size_t begin, std::size_t end) {
    while (begin < end) {
        const segment& each = segments_[segment_];
        const std::size_t size = each.end - each.begin;
        if (begin == each.joined + size) {
            emit(token_kind::continuation, each.end, segments_[segment_ + 1].begin);
            ++segment_;
            continue;
        }
        const std::size_t stop = std::min(end, each.joined + size);
        emit(kind, each.begin + (begin - each.joined), each.begin + (stop - each.joined));
        begin = stop;
    }
}

/// Emits what stands behind the joined text: continuations into empty lines, and the last line end.
inline void parser::finish_joined(bool complete) {
    for (; segment_ + 1 < segments_.size(); ++segment_) {
        emit(token_kind::continuation, segments_[segment_].end, segments_[segment_ + 1].begin);
    }
    if (complete) {
        emit_line_end(last_);
    } else {
        emit(token_kind::continuation, segments_.back().end, text_.size());
    }
}

inline void parser::keep_attribute(const attribute_scan& scan, std::string_view text,
                                   bool complete) {
    if (!scan.found) {
        emit_joined(token_kind::invalid, 0, text.size());
        if (complete) {
            report_no_attribute(text);
        }
        return;
    }
    if (state_ == state::before_sections && complete) {
        fail(rule::no_section, errc::bad_syntax, to_raw_piece(scan.name_begin, scan.name_end),
             "expected a section header before the first attribute",
             "put a header such as [project] above this line");
    }
    warn_about_attribute(scan, text);
    emit_attribute(scan, text);
    if (state_ != state::in_section) {
        return;
    }
    entry kept{entry_kind::attribute, to_raw_piece(scan.name_begin, scan.name_end),
               to_raw_piece(scan.value, text.size()), 0};
    if (segments_.size() > 1) {
        out_.joined_.push_back(
            {std::string(text.substr(scan.name_begin, scan.name_end - scan.name_begin)),
             std::string(text.substr(scan.value))});
        kept.joined = static_cast<std::uint32_t>(out_.joined_.size());
    }
    add(kept);
}

inline void parser::emit_attribute(const attribute_scan& scan, std::string_view text) {
    const std::size_t skipped = skip_space(text, 0);
    if (skipped < scan.name_begin) {
        std::size_t skipped_end = scan.name_begin;
        while (is_space(text[skipped_end - 1])) {
            --skipped_end;
        }
        emit_joined(token_kind::blank, 0, skipped);
        emit_joined(token_kind::skipped, skipped, skipped_end);
        emit_joined(token_kind::blank, skipped_end, scan.name_begin);
    } else {
        emit_joined(token_kind::blank, 0, scan.name_begin);
    }
    emit_joined(token_kind::name, scan.name_begin, scan.name_end);
    emit_joined(token_kind::blank, scan.name_end, scan.delimiter);
    emit_joined(token_kind::delimiter, scan.delimiter, scan.delimiter + 1);
    emit_joined(token_kind::blank, scan.delimiter + 1, scan.value);
    emit_joined(token_kind::value, scan.value, text.size());
}

inline void parser::report_no_attribute(std::string_view text) {
    if (errors_ >= max_diagnostics) {  // before the message is made, which costs most
        ++out_.dropped_;
        return;
    }
    const std::size_t first = skip_space(text, 0);
    std::string message = "expected `NAME = VALUE`, seen " + quote_source(text.substr(first));
    std::string hint = "write NAME = VALUE, or put `#` at the start of a comment";
    if (first == text.size()) {
        message = "expected an empty line, seen white space other than blanks";
        hint = "remove the tab: only blanks are trimmed";
    } else if (first != 0 && contains("[#;@", text.substr(first, 1))) {
        hint = "remove the tab before `" + std::string(text.substr(first, 1)) +
               "`: only blanks are trimmed";
    } else if (starts_with(text, "\xFF\xFE") || starts_with(text, "\xFE\xFF")) {
        hint = "the file seems to be UTF-16; save it as UTF-8";
    } else if (text[first] == '=' || text[first] == ':') {
        hint = "write a name before the `" + std::string(text.substr(first, 1)) + "`";
    }
    fail(rule::syntax, errc::bad_syntax,
         to_raw_piece(first == text.size() ? 0 : first, text.size()), std::move(message),
         std::move(hint));
}

inline void parser::warn_about_attribute(const attribute_scan& scan, std::string_view text) {
    const std::string_view name = text.substr(scan.name_begin, scan.name_end - scan.name_begin);
    const std::size_t skipped = skip_space(text, 0);
    if (skipped < scan.name_begin) {
        const bool is_comment = text[skipped] == '#' || text[skipped] == ';';
        warn(rule::skipped_text, to_raw_piece(skipped, scan.name_begin),
             "text before the name " + quote_source(name) + " is skipped",
             is_comment ? "remove the tab to make this line a comment: only blanks are trimmed"
                        : "a name is one word; join its words, for example with `_`");
    }
    const std::size_t inner = name.find_first_of("=:", 1);
    if (inner != std::string_view::npos) {
        const std::string first(name.substr(0, inner));
        const std::string_view rest = text.substr(scan.name_begin + inner + 1);
        warn(rule::greedy_split, to_raw_piece(scan.name_begin, scan.name_end),
             "the name is " + quote_source(name) + ": a word is split at its last `=` or `:`",
             "to set " + quote_source(first) + ", write " +
                 quote_source(first + " = " + std::string(trim(rest))));
    }
    if (scan.value < text.size() && text.back() == '\t') {
        warn(rule::tab, to_raw_piece(text.size() - 1, text.size()), "the value ends in a tab",
             "remove the tab: only blanks are trimmed");
    }
}

}  // namespace detail

inline document parse(std::string_view text, std::string path) {
    return detail::parser::run(text, std::move(path));
}

}}}  // namespace guild::ini
