// guild/project/text_template.hpp - text with `{{ NAME|FILTER:"TEXT" }}` in it: puts values in
// their places.
//
// Layer 3. Includes: base.
// Not here: which names and filters there are (project/guild_in.hpp).
//
//   text       = { plain text | "{{" expression "}}" | "{#" remark "#}" }
//   expression = operand { "|" NAME [ ":" operand ] }
//   operand    = NAME | '"' text with \" and \\ '"'
//
// An expression or a remark ends on its line. There are no tags (`{% %}`), and nothing is escaped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace project {

/// A filter: what becomes of a value. Its errors get the place of the filter's name.
struct template_filter {
    std::string name;
    bool takes_text = false;  // `:operand` must follow; else it must not
    std::function<result<std::string>(const std::string& value, const std::string& text)> apply;
};

/// Values by name; of a name twice the last one counts.
using template_values = std::vector<std::pair<std::string, std::string>>;

/// `text` with each expression replaced by its value.
///
/// in       path: for errors alone
/// errors   bad_syntax; unknown_name: a name without a value, or an unknown filter; those of
///          filters; always with line and column
/// cost     O(text + what comes out)
/// example  tests/project/text_template.cpp "text template: names and filters"
[[nodiscard]] result<std::string> render_template(std::string_view text, const std::string& path,
                                                  const template_values& values,
                                                  const std::vector<template_filter>& filters = {});

/// Whether `text` is a name in the sense of the grammar: letters, digits, `_`, `-` and `.`, the
/// first no digit, `-` or `.`.
[[nodiscard]] bool is_template_name(std::string_view text) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

constexpr bool is_template_name_byte(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

// Reads one text from its beginning to its end; one member per rule.
class template_reader {
public:
    template_reader(std::string_view text, const std::string& path, const template_values& values,
                    const std::vector<template_filter>& filters)
        : text_(text), path_(path), values_(values), filters_(filters) {}

    // text = { plain text | "{{" expression "}}" | "{#" remark "#}" }
    result<std::string> read_text() {
        std::string out;
        while (at_ < text_.size()) {
            const std::size_t brace = find_opening();
            out.append(text_.substr(at_, brace - at_));
            at_ = brace;
            if (at_ == text_.size()) {
                break;
            }
            auto part = read_braces();
            if (!part) {
                return part;
            }
            out += *part;
        }
        return out;
    }

private:
    std::size_t find_opening() const {
        for (std::size_t at = text_.find('{', at_); at != std::string_view::npos;
             at = text_.find('{', at + 1)) {
            const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
            if (next == '{' || next == '#' || next == '%') {
                return at;
            }
        }
        return text_.size();
    }

    result<std::string> read_braces() {
        const std::size_t opening = at_;
        const char kind = text_[at_ + 1];
        if (kind == '%') {
            return fail(opening, "`{%` begins a tag, and there are none: only `{{ name }}`");
        }
        line_end_ = std::min(text_.find('\n', at_), text_.size());
        at_ += 2;
        if (kind == '#') {
            const std::size_t end = text_.substr(0, line_end_).find("#}", at_);
            if (end == std::string_view::npos) {
                return fail(opening, "expected `#}` on this line");
            }
            at_ = end + 2;
            return std::string();
        }
        auto value = read_expression();
        if (value && !skip("}}")) {
            return fail(at_, "expected `}}`, or `|` and a filter");
        }
        return value;
    }

    // expression = operand { "|" NAME [ ":" operand ] }
    result<std::string> read_expression() {
        auto value = read_operand();
        while (value && skip("|")) {
            value = read_filter(*value);
        }
        return value;
    }

    result<std::string> read_filter(const std::string& value) {
        skip_blanks();
        const std::size_t begin = at_;
        const std::string name = read_name();
        if (name.empty()) {
            return fail(begin, "expected the name of a filter");
        }
        const template_filter* filter = nullptr;
        std::vector<std::string> names;
        for (const template_filter& each : filters_) {
            names.push_back(each.name);
            filter = each.name == name ? &each : filter;
        }
        if (filter == nullptr) {
            return fail(begin, suggest("there is no filter '" + name + "'", name, names),
                        errc::unknown_name);
        }
        const bool has_text = skip(":");
        if (has_text != filter->takes_text) {
            return fail(begin, "filter '" + name +
                                   (has_text ? "' takes no text" : "' takes a text: `:\"...\"`"));
        }
        auto text = has_text ? read_operand() : result<std::string>(std::string());
        if (!text) {
            return text;
        }
        auto filtered = filter->apply(value, *text);
        if (!filtered) {
            return fail(begin, filtered.error().message, filtered.error().code);
        }
        return filtered;
    }

    // operand = NAME | '"' text with \" and \\ '"'
    result<std::string> read_operand() {
        skip_blanks();
        if (at_ < line_end_ && text_[at_] == '"') {
            return read_quoted();
        }
        const std::size_t begin = at_;
        const std::string name = read_name();
        if (!is_template_name(name)) {
            return fail(begin, "expected a name or a text in double quotes");
        }
        for (std::size_t i = values_.size(); i > 0; --i) {
            if (values_[i - 1].first == name) {
                return values_[i - 1].second;
            }
        }
        std::vector<std::string> names;
        for (const auto& [known, value] : values_) {
            names.push_back(known);
        }
        return fail(begin, suggest("there is no variable '" + name + "'", name, names),
                    errc::unknown_name);
    }

    result<std::string> read_quoted() {
        const std::size_t begin = at_++;
        std::string out;
        while (at_ < line_end_ && text_[at_] != '"') {
            at_ += text_[at_] == '\\' && at_ + 1 < line_end_ ? 1U : 0U;
            out += text_[at_++];
        }
        if (!skip("\"")) {
            return fail(begin, "expected a closing `\"` on this line");
        }
        return out;
    }

    std::string read_name() {
        const std::size_t begin = at_;
        while (at_ < line_end_ && is_template_name_byte(text_[at_])) {
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    void skip_blanks() {
        while (at_ < line_end_ && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
    }

    bool skip(std::string_view what) {
        skip_blanks();
        if (!starts_with(text_.substr(at_, line_end_ - at_), what)) {
            return false;
        }
        at_ += what.size();
        return true;
    }

    static std::string suggest(std::string message, const std::string& word,
                               const std::vector<std::string>& candidates) {
        if (const auto closest = find_closest(word, candidates)) {
            message += ": did you mean '" + *closest + "'?";
        }
        return message;
    }

    error fail(std::size_t offset, std::string message, errc code = errc::bad_syntax) const {
        source_span where = {offset, offset, 1, 1};
        for (std::size_t i = 0; i < offset; ++i) {
            where.column = text_[i] == '\n' ? 1 : where.column + 1;
            where.line += text_[i] == '\n' ? 1U : 0U;
        }
        return make_error(code, std::move(message), path_, where);
    }

    std::string_view text_;
    const std::string& path_;
    const template_values& values_;
    const std::vector<template_filter>& filters_;
    std::size_t at_ = 0;
    std::size_t line_end_ = 0;
};

}  // namespace detail

inline result<std::string> render_template(std::string_view text, const std::string& path,
                                           const template_values& values,
                                           const std::vector<template_filter>& filters) {
    return detail::template_reader(text, path, values, filters).read_text();
}

inline bool is_template_name(std::string_view text) noexcept {
    if (text.empty() || is_digit(text.front()) || text.front() == '-' || text.front() == '.') {
        return false;
    }
    for (const char c : text) {
        if (!detail::is_template_name_byte(c)) {
            return false;
        }
    }
    return true;
}

}}}  // namespace guild::project
