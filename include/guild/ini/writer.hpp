// guild/ini/writer.hpp - edits of a Guild file in place: one key set, added or removed, every other
// byte left alone.
//
// Layer 2. Includes: base and ini.
// Not here: writing the file (os/file.hpp save_file).
//
// An edit is a text patch. The result is parsed again and compared with what was asked for before
// it is returned, so that a value can never turn into a header, a comment or a second key.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>

namespace guild { inline namespace v0 { namespace ini {

/// The text of `from` with `name` set to `value` in the first section with this key.
///
/// The definition that counts (the last in the section) gets the new value; a name that is not
/// there is added behind the section's last attribute, indented and aligned as that one. A section
/// that is not there is added at the end. Line ends are those of the file; a missing final newline
/// stays missing.
/// in       from: may have errors elsewhere in the file; they stay as they are
/// errors   bad_value: name, value or key cannot be written so that they are read back
/// example  tests/ini/writer.cpp "set_value: touches only the bytes of the value"
[[nodiscard]] result<std::string> set_value(const document& from,
                                            const std::vector<std::string>& key,
                                            std::string_view name, std::string_view value);

/// The text of `from` without `name` in the first section with this key: every definition, each
/// with its whole lines.
///
/// errors   not_found: no such section, or no such name in it; bad_value: the edit would change
///          something else
/// example  tests/ini/writer.cpp "remove_value: takes whole lines, continuations included"
[[nodiscard]] result<std::string>
remove_value(const document& from, const std::vector<std::string>& key, std::string_view name);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// One replacement of bytes.
struct patch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
};

inline std::string apply_patches(std::string_view text, const std::vector<patch>& patches) {
    std::string out;
    std::size_t at = 0;
    for (const patch& each : patches) {
        out += text.substr(at, each.begin - at);
        out += each.text;
        at = each.end;
    }
    return out += text.substr(at);
}

class editor {
public:
    editor(const document& from, const std::vector<std::string>& key, std::string_view name)
        : from_(from), text_(from.text()), key_(key), name_(name) {
        for (const section_node& each : from.sections()) {
            if (from.key(each) == key) {
                section_ = &each;
                break;
            }
        }
    }

    result<std::string> set(std::string_view value);
    result<std::string> remove();

private:
    using line = std::pair<std::string, std::string>;
    using model = std::vector<std::pair<std::vector<std::string>, std::vector<line>>>;

    std::vector<const entry*> definitions() const;
    std::string line_end() const;
    std::size_t token_at(std::size_t at) const;
    std::size_t line_begin(std::size_t at) const;
    piece line_end_behind(std::size_t at) const;
    patch add_line(std::string_view value) const;
    patch add_section(std::string_view value) const;
    bool is_aligned() const;
    std::string new_line_like(const entry& neighbour, std::string_view value) const;
    static model to_model(const document& from);
    model wanted(std::string_view value) const;
    result<std::string> check(std::string text, const model& wanted) const;

    const document& from_;
    std::string_view text_;
    const std::vector<std::string>& key_;
    std::string_view name_;
    const section_node* section_ = nullptr;
};

inline std::vector<const entry*> editor::definitions() const {
    std::vector<const entry*> found;
    for (const entry& each : from_.entries(*section_)) {
        if (each.kind == entry_kind::attribute && from_.name(each) == name_) {
            found.push_back(&each);
        }
    }
    return found;
}

/// The line end that the file uses first; a newline if it has none.
inline std::string editor::line_end() const {
    const std::size_t at = text_.find_first_of("\r\n");
    if (at == std::string_view::npos) {
        return "\n";
    }
    return std::string(text_.substr(at, text_.substr(at, 2) == "\r\n" ? 2 : 1));
}

/// The index of the token that holds offset `at`, or behind the last one.
inline std::size_t editor::token_at(std::size_t at) const {
    const std::vector<token>& all = from_.tokens();
    const auto behind =
        std::upper_bound(all.begin(), all.end(), at, [](std::size_t offset, const token& each) {
            return offset < each.where.end;
        });
    return static_cast<std::size_t>(behind - all.begin());
}

/// Where the line that holds `at` begins; lines that are continued count as one.
inline std::size_t editor::line_begin(std::size_t at) const {
    const std::vector<token>& all = from_.tokens();
    std::size_t i = token_at(at);
    while (i > 0 && all[i - 1].kind != token_kind::line_end) {
        --i;
    }
    return all[i].where.begin;
}

/// The line end of the line that holds `at`; empty at the end of the text.
inline piece editor::line_end_behind(std::size_t at) const {
    const std::vector<token>& all = from_.tokens();
    std::size_t i = token_at(at);
    while (i < all.size() && all[i].kind != token_kind::line_end) {
        ++i;
    }
    return i < all.size() ? all[i].where : to_piece(text_.size(), text_.size());
}

/// Whether a name of the section has more than one blank behind it, as names have that are aligned.
inline bool editor::is_aligned() const {
    const entry_range all = from_.entries(*section_);
    return std::any_of(all.begin(), all.end(), [&](const entry& each) {
        return each.joined == 0 && text_.substr(each.name.end, 2) == "  ";
    });
}

/// A line for name_ with the indentation of `neighbour`, and its column of delimiters.
inline std::string editor::new_line_like(const entry& neighbour, std::string_view value) const {
    const std::size_t start = line_begin(neighbour.name.begin);
    const std::string_view indent = text_.substr(start, neighbour.name.begin - start);
    const std::string_view between =
        text_.substr(neighbour.name.end, neighbour.value.begin - neighbour.name.end);
    const std::size_t delimiter = std::min(between.find_first_of("=:"), between.size());
    const bool is_plain = neighbour.joined == 0 && trim(indent).empty();
    if (!is_plain || delimiter == between.size()) {
        return std::string(name_) + " = " + std::string(value);
    }
    const std::size_t column = neighbour.name.end - neighbour.name.begin + delimiter;
    const std::size_t least = delimiter == 0 ? 0 : 1;
    const std::size_t gap = is_aligned() && column > name_.size() ? column - name_.size() : least;
    std::string_view after = between.substr(delimiter + 1);
    if (neighbour.value.begin == neighbour.value.end) {
        after = delimiter == 0 ? "" : " ";
    }
    return std::string(indent) + std::string(name_) + std::string(gap, ' ') + between[delimiter] +
           std::string(after) + std::string(value);
}

inline patch editor::add_line(std::string_view value) const {
    const entry* last = nullptr;
    for (const entry& each : from_.entries(*section_)) {
        last = each.kind == entry_kind::attribute || last == nullptr ? &each : last;
    }
    const entry_range all = from_.entries(*section_);
    const std::size_t anchor =
        all.begin() == all.end() ? section_->header.end
                                 : std::max((all.end() - 1)->name.end, (all.end() - 1)->value.end);
    const piece end_of_line = line_end_behind(anchor);
    const bool has_line_end = end_of_line.begin < end_of_line.end;
    const bool can_copy = last != nullptr && last->kind == entry_kind::attribute;
    const std::string added =
        can_copy ? new_line_like(*last, value) : std::string(name_) + " = " + std::string(value);
    return {end_of_line.end, end_of_line.end,
            has_line_end ? added + line_end() : line_end() + added};
}

inline patch editor::add_section(std::string_view value) const {
    const std::string end = line_end();
    const bool has_final = text_.empty() || ends_line(text_.back());
    std::string added = has_final ? "" : end;
    added += text_.empty() ? "" : end;
    added += '[' + format_key(key_) + ']' + end + std::string(name_) + " = " + std::string(value);
    return {text_.size(), text_.size(), added + (has_final ? end : "")};
}

inline editor::model editor::to_model(const document& from) {
    model made;
    for (const section_node& node : from.sections()) {
        std::vector<line> lines;
        for (const entry& each : from.entries(node)) {
            lines.emplace_back(from.name(each), from.value(each));
        }
        made.emplace_back(from.key(node), std::move(lines));
    }
    return made;
}

inline editor::model editor::wanted(std::string_view value) const {
    model made = to_model(from_);
    const line added{std::string(name_), std::string(value)};
    const auto place = std::find_if(made.begin(), made.end(),
                                    [&](const auto& each) { return each.first == key_; });
    if (place == made.end()) {
        made.push_back({key_, {added}});
        return made;
    }
    std::vector<line>& lines = place->second;
    const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                   [&](const line& each) { return each.first == name_; });
    if (last == lines.rend()) {
        lines.push_back(added);
    } else {
        last->second = added.second;
    }
    return made;
}

/// The edited text, if it reads back as wanted and has no error that was not there before.
inline result<std::string> editor::check(std::string text, const model& wanted) const {
    const auto count_errors = [](const document& of) {
        return std::count_if(of.diagnostics().begin(), of.diagnostics().end(),
                             [](const diagnostic& each) { return each.sev == severity::error; });
    };
    const document edited = parse(text, from_.path());
    if (to_model(edited) != wanted || count_errors(edited) != count_errors(from_)) {
        return make_error(errc::bad_value,
                          "expected a name and value that are read back as they are, seen " +
                              quote_source(name_) + " in section " +
                              quote_source("[" + format_key(key_) + "]"),
                          from_.path());
    }
    return text;
}

inline result<std::string> editor::set(std::string_view value) {
    if (section_ == nullptr) {
        return check(apply_patches(text_, {add_section(value)}), wanted(value));
    }
    const std::vector<const entry*> all = definitions();
    if (all.empty()) {
        return check(apply_patches(text_, {add_line(value)}), wanted(value));
    }
    const entry& last = *all.back();
    patch change{last.value.begin, last.value.end, std::string(value)};
    const char before = text_[last.value.begin - 1];
    const bool was_empty = last.value.begin == last.value.end;
    const bool has_space_before = text_[last.name.end] == ' ';
    if (was_empty && !value.empty() && (before == '=' || before == ':') && has_space_before) {
        change.text.insert(0, 1, ' ');
    }
    return check(apply_patches(text_, {change}), wanted(value));
}

inline result<std::string> editor::remove() {
    const std::vector<const entry*> all =
        section_ == nullptr ? std::vector<const entry*>{} : definitions();
    if (all.empty()) {
        return make_error(errc::not_found,
                          "no " + quote_source(name_) + " in section " +
                              quote_source("[" + format_key(key_) + "]"),
                          from_.path());
    }
    std::vector<patch> patches;
    for (const entry* each : all) {
        const std::size_t last = std::max(each->name.end, each->value.end);
        patches.push_back({line_begin(each->name.begin), line_end_behind(last).end, ""});
    }
    model left = to_model(from_);
    std::vector<line>& lines = std::find_if(left.begin(), left.end(), [&](const auto& each) {
                                   return each.first == key_;
                               })->second;
    lines.erase(std::remove_if(lines.begin(), lines.end(),
                               [&](const line& each) { return each.first == name_; }),
                lines.end());
    return check(apply_patches(text_, patches), left);
}

}  // namespace detail

inline result<std::string> set_value(const document& from, const std::vector<std::string>& key,
                                     std::string_view name, std::string_view value) {
    return detail::editor(from, key, name).set(value);
}

inline result<std::string> remove_value(const document& from, const std::vector<std::string>& key,
                                        std::string_view name) {
    return detail::editor(from, key, name).remove();
}

}}}  // namespace guild::ini
