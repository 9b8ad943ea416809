// guild/toml.hpp - Guild.toml: the same sections, names and values as a Guild file, in TOML; and
// both converted.
//
// Layer 5. Includes: base, ini, and toml++ (3.3 or later), with or without exceptions.
// Not here: what the sections mean (project/project.hpp). Hand read_project to
// project::load_options::read_toml.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/config.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>

#if __has_include(<toml++/toml.hpp>)
#include <toml++/toml.hpp>
#else
#include <toml++/toml.h>
#endif

//   [model.softmax]                    [model "softmax"]
//   train = "mnist_with_summaries"       train = mnist_with_summaries
//   [flags.quick]                      [flags "quick"]
//   max_steps = 1_00                     max_steps = 1_00
//   [field.loss]                       [field "loss"]
//   templates = ["loss-field"]           @attrs template "loss-field"
//
// Everything keeps its place in the file: sections by their headers, attributes and `templates` by
// their lines. Strings are taken as they are, other values as they are spelled; an array is its
// elements with blanks between.

namespace guild { inline namespace v0 { namespace toml {

/// The sections of a TOML text before templates are applied, and what is wrong with it.
struct written_text {
    std::vector<ini::written_section> sections;
    std::vector<ini::diagnostic> diagnostics;
};

/// Reads the tables of a TOML text as sections.
///
/// out      errors have line and column and stand in the diagnostics; TOML's own end the reading
/// example  tests/toml.cpp "toml: numbers keep their spelling"
[[nodiscard]] written_text parse_sections(std::string_view text, const std::string& path);

/// Reads a Guild.toml with its templates applied; `included` is searched for those it does not
/// define.
///
/// example  tests/toml.cpp "toml: a project loads from Guild.toml as from Guild"
[[nodiscard]] ini::expansion read_project(std::string_view text, const std::string& path,
                                          const std::vector<ini::section>& included);

/// A Guild file as TOML with the same values; comments are not carried over.
///
/// A section that uses `@attrs` in a way that `templates` cannot say has its attributes written
/// out.
/// errors   the first error of the document; bad_value: a name or value that TOML cannot hold
/// example  tests/toml.cpp "toml: every example survives the way there and back"
[[nodiscard]] result<std::string> format_toml(const ini::document& from,
                                              const std::vector<ini::section>& included = {});

/// A Guild.toml as a Guild file with the same values; comments are not carried over.
///
/// errors   the first error of the text; bad_value: a name or value that a Guild file cannot hold
/// example  tests/toml.cpp "toml: every example survives the way there and back"
[[nodiscard]] result<std::string> format_guild(std::string_view text, const std::string& path);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// From toml++'s lines and columns, which count code points, to bytes.
class position_map {
public:
    explicit position_map(std::string_view text) : size_(text.size()) {
        const std::size_t start = starts_with(text, "\xEF\xBB\xBF") ? 3 : 0;
        line_starts_.push_back(0);
        byte_starts_.push_back(start);
        for (std::size_t i = start; i < text.size(); ++i) {
            if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) {
                continue;
            }
            offsets_.push_back(static_cast<std::uint32_t>(i));
            if (text[i] == '\n') {
                line_starts_.push_back(offsets_.size());
                byte_starts_.push_back(i + 1);
            }
        }
    }

    std::size_t offset(::toml::source_position at) const {
        if (at.line == 0 || at.line > line_starts_.size() || at.column == 0) {
            return at.line == 0 ? 0 : size_;
        }
        const std::size_t index = line_starts_[at.line - 1] + at.column - 1;
        return index < offsets_.size() ? offsets_[index] : size_;
    }

    source_span span(const ::toml::source_region& region) const {
        const std::size_t begin = offset(region.begin);
        const std::size_t end = std::max(begin, offset(region.end));
        source_span found{begin, end, region.begin.line, 1};
        if (found.line != 0 && found.line <= byte_starts_.size()) {
            found.column = static_cast<std::uint32_t>(begin - byte_starts_[found.line - 1] + 1);
        }
        return found;
    }

private:
    std::size_t size_;
    std::vector<std::uint32_t> offsets_;    // of each code point
    std::vector<std::size_t> line_starts_;  // as index into offsets_
    std::vector<std::size_t> byte_starts_;
};

/// Walks the tables of one text.
class reader {
public:
    reader(std::string_view text, const std::string& path)
        : text_(text), path_(path), places_(text) {}

    written_text run();

private:
    using key_type = std::vector<std::string>;
    struct child {
        const ::toml::key* name = nullptr;
        const ::toml::node* value = nullptr;
    };

    void read_root(const ::toml::table& root);
    void read_table(const ::toml::table& table, const key_type& key);
    void read_value(const child& each, ini::written_section& into);
    bool read_templates(const child& each, ini::written_section& into);
    bool read_text(const ::toml::node& node, std::string& out);
    bool is_section(const ::toml::table& table) const;
    bool check_key(const key_type& key, const ::toml::key& at);

    void fail(ini::rule about, errc code, source_span where, std::string message,
              std::string hint) {
        if (out_.diagnostics.size() < ini::max_diagnostics) {
            out_.diagnostics.push_back({ini::severity::error,
                                        make_error(code, std::move(message), path_, where),
                                        std::move(hint), about});
        }
    }

    std::string_view text_;
    const std::string& path_;
    position_map places_;
    written_text out_;
};

inline written_text reader::run() {
    const auto refuse = [&](const ::toml::parse_error& why) {
        fail(ini::rule::syntax, errc::bad_syntax, places_.span(why.source()),
             std::string(why.description()), "");
    };
#if TOML_EXCEPTIONS
    try {
        read_root(::toml::parse(text_, std::string_view(path_)));
    } catch (const ::toml::parse_error& why) {
        refuse(why);
    }
#else
    const ::toml::parse_result parsed = ::toml::parse(text_, std::string_view(path_));
    if (parsed) {
        read_root(parsed.table());
    } else {
        refuse(parsed.error());
    }
#endif
    std::sort(out_.sections.begin(), out_.sections.end(),
              [](const ini::written_section& a, const ini::written_section& b) {
                  return a.where.begin != b.where.begin ? a.where.begin < b.where.begin
                                                        : a.key < b.key;
              });
    return std::move(out_);
}

inline void reader::read_root(const ::toml::table& root) {
    for (const auto& [name, value] : root) {
        const ::toml::table* table = value.as_table();
        if (table == nullptr) {
            fail(ini::rule::no_section, errc::bad_syntax, places_.span(name.source()),
                 "expected a table before the first value", "put a header such as [project] above");
        } else {
            read_table(*table, {std::string(name.str())});
        }
    }
}

/// Whether a table is there by itself, and not only because a table in it has been written.
inline bool reader::is_section(const ::toml::table& table) const {
    bool stands_for_inner = false;
    for (const auto& [name, value] : table) {
        if (!value.is_table()) {
            return true;
        }
        stands_for_inner = stands_for_inner || value.source().begin == table.source().begin;
    }
    return !stands_for_inner;
}

inline bool reader::check_key(const key_type& key, const ::toml::key& at) {
    constexpr std::size_t most_parts = 3;
    if (key.size() > most_parts) {
        fail(ini::rule::syntax, errc::bad_value, places_.span(at.source()),
             "expected at most three names in a table header", "");
        return false;
    }
    if (key.back().empty() || key.back().find_first_of("\"\n\r") != std::string::npos) {
        fail(ini::rule::syntax, errc::bad_value, places_.span(at.source()),
             "expected a table name without double quotes and line breaks that is not empty", "");
        return false;
    }
    return true;
}

inline void reader::read_table(const ::toml::table& table, const key_type& key) {
    std::vector<child> values;
    for (const auto& [name, value] : table) {
        if (const ::toml::table* inner = value.as_table()) {
            key_type inner_key = key;
            inner_key.emplace_back(name.str());
            if (check_key(inner_key, name)) {
                read_table(*inner, inner_key);
            }
        } else {
            values.push_back({&name, &value});
        }
    }
    if (!is_section(table)) {
        return;
    }
    std::sort(values.begin(), values.end(), [&](const child& a, const child& b) {
        return places_.offset(a.name->source().begin) < places_.offset(b.name->source().begin);
    });
    ini::written_section made{key, places_.span(table.source()), {}};
    for (const child& each : values) {
        read_value(each, made);
    }
    out_.sections.push_back(std::move(made));
}

inline void reader::read_value(const child& each, ini::written_section& into) {
    const std::string name(each.name->str());
    if (name == "templates" && each.value->is_array()) {
        read_templates(each, into);
        return;
    }
    const bool is_word = !name.empty() && std::none_of(name.begin(), name.end(), is_space);
    if (!is_word) {
        fail(ini::rule::syntax, errc::bad_value, places_.span(each.name->source()),
             "expected a name without white space, seen " + ini::detail::quote_source(name), "");
        return;
    }
    std::string value;
    if (read_text(*each.value, value)) {
        into.entries.push_back({name,
                                std::move(value),
                                places_.span(each.name->source()),
                                places_.span(each.value->source()),
                                {}});
    }
}

/// templates = [ "NAME" or `WORD "NAME"`, ... ]
inline bool reader::read_templates(const child& each, ini::written_section& into) {
    for (const ::toml::node& element : *each.value->as_array()) {
        const auto* name = element.as_string();
        if (name == nullptr || name->get().empty()) {
            fail(ini::rule::syntax, errc::bad_value, places_.span(element.source()),
                 "expected the name of a template in double quotes", "");
            return false;
        }
        const std::string& text = name->get();
        const ini::key_scan scan = ini::scan_key(text);
        key_type key{"template", text};
        if (scan.problem == nullptr && scan.count > 1) {
            key.clear();
            for (std::uint32_t i = 0; i < scan.count; ++i) {
                key.push_back(
                    text.substr(scan.parts[i].begin, scan.parts[i].end - scan.parts[i].begin));
            }
        }
        into.entries.push_back({"@attrs", ini::format_key(key), places_.span(each.name->source()),
                                places_.span(element.source()), std::move(key)});
    }
    return true;
}

/// The text of a value: strings as they are, arrays with blanks between, anything else as it is
/// spelled.
inline bool reader::read_text(const ::toml::node& node, std::string& out) {
    const source_span where = places_.span(node.source());
    if (const ::toml::array* elements = node.as_array()) {
        for (const ::toml::node& element : *elements) {
            const bool is_plain = !element.is_array() && !element.is_table();
            if (!is_plain) {
                fail(ini::rule::syntax, errc::bad_value, places_.span(element.source()),
                     "expected strings or numbers in an array", "");
                return false;
            }
            out += out.empty() ? "" : " ";
            if (!read_text(element, out)) {
                return false;
            }
        }
        return true;
    }
    const auto* string = node.as_string();
    if (string == nullptr) {
        out += text_.substr(guild::detail::convert<std::size_t>(where.begin),
                            guild::detail::convert<std::size_t>(where.end - where.begin));
        return true;
    }
    if (string->get().find_first_of("\n\r\x1A") != std::string::npos) {
        fail(ini::rule::syntax, errc::bad_value, where, "expected a value of one line",
             "write it in one line, or use `\\` at the end of its lines in \"\"\"");
        return false;
    }
    out += string->get();
    return true;
}

using plain_sections = std::vector<
    std::pair<std::vector<std::string>, std::vector<std::pair<std::string, std::string>>>>;

/// What two languages have to agree on: the first section of each key with the values that count,
/// in any order of names.
inline plain_sections to_plain(const std::vector<ini::section>& sections) {
    plain_sections plain;
    for (const ini::section& each : sections) {
        if (ini::find_section(sections, each.key) != &each) {
            continue;
        }
        plain.push_back({each.key, {}});
        for (const ini::attribute* line : each.effective()) {
            plain.back().second.emplace_back(line->name, line->value);
        }
        std::sort(plain.back().second.begin(), plain.back().second.end());
    }
    return plain;
}

inline result<std::string> check_same(std::string text, const std::vector<ini::section>& wanted,
                                      const ini::expansion& seen, const std::string& path,
                                      const char* language) {
    const auto is_error = [](const ini::diagnostic& d) { return d.sev == ini::severity::error; };
    const auto broken = std::find_if(seen.diagnostics.begin(), seen.diagnostics.end(), is_error);
    if (broken != seen.diagnostics.end() || to_plain(seen.sections) != to_plain(wanted)) {
        return make_error(errc::bad_value,
                          std::string("expected names and values that ") + language + " can hold" +
                              (broken == seen.diagnostics.end() ? "" : ": " + broken->what.message),
                          path);
    }
    return text;
}

inline std::string format_string(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
            continue;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

inline std::string format_name(std::string_view name) {
    const auto is_bare = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; };
    const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), is_bare);
    return bare ? std::string(name) : format_string(name);
}

/// Whether the @attrs of a section are one run of named sections, as `templates` can say.
inline bool can_say_templates(const ini::written_section& from) {
    std::size_t runs = 0;
    bool was_copy = false;
    for (const ini::written_entry& each : from.entries) {
        const bool is_copy = !each.copied_key.empty();
        runs += is_copy && !was_copy ? 1 : 0;
        was_copy = is_copy;
        if (is_copy && each.copied_key.size() < 2) {
            return false;
        }
    }
    return runs <= 1;
}

inline std::string format_section(const ini::written_section& from, const ini::section& expanded) {
    std::string out;
    for (std::size_t i = 0; i < from.key.size(); ++i) {
        out += (i == 0 ? "[" : ".") + format_name(from.key[i]);
    }
    out += "]\n";
    if (!can_say_templates(from)) {
        for (const ini::attribute* each : expanded.effective()) {
            out += format_name(each->name) + " = " + format_string(each->value) + '\n';
        }
        return out;
    }
    bool in_templates = false;
    for (auto each = from.entries.begin(); each != from.entries.end(); ++each) {
        const auto same_name = [&](const ini::written_entry& other) {
            return other.copied_key.empty() && other.name == each->name;
        };
        if (!each->copied_key.empty()) {
            const bool is_template =
                each->copied_key[0] == "template" && each->copied_key.size() == 2;
            out += in_templates ? ", " : "templates = [";
            out += format_string(is_template ? each->copied_key[1]
                                             : ini::format_key(each->copied_key));
            in_templates = true;
            continue;
        }
        out += in_templates ? "]\n" : "";
        in_templates = false;
        if (std::none_of(each + 1, from.entries.end(), same_name)) {
            out += format_name(each->name) + " = " + format_string(each->value) + '\n';
        }
    }
    return out + (in_templates ? "]\n" : "");
}

}  // namespace detail

inline written_text parse_sections(std::string_view text, const std::string& path) {
    if (text.size() > ini::max_file_bytes) {
        return {{},
                {{ini::severity::error,
                  make_error(errc::too_large,
                             "expected at most " + std::to_string(ini::max_file_bytes) +
                                 " bytes, seen " + std::to_string(text.size()),
                             path),
                  "", ini::rule::too_large}}};
    }
    return detail::reader(text, path).run();
}

inline ini::expansion read_project(std::string_view text, const std::string& path,
                                   const std::vector<ini::section>& included) {
    written_text written = parse_sections(text, path);
    ini::expansion read = ini::expand(written.sections, path, included);
    read.diagnostics.insert(read.diagnostics.begin(), written.diagnostics.begin(),
                            written.diagnostics.end());
    return read;
}

inline result<std::string> format_toml(const ini::document& from,
                                       const std::vector<ini::section>& included) {
    if (auto wrong = from.first_error()) {
        return std::move(*wrong);
    }
    const std::vector<ini::written_section> written = ini::list_written(from);
    const std::vector<ini::section> expanded = ini::expand(from, included).sections;
    std::string out;
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (ini::find_section(expanded, written[i].key) != &expanded[i]) {
            out += "\n# a second [" + ini::detail::quote_source(ini::format_key(written[i].key)) +
                   "] is left out: the first one counts\n";
            continue;
        }
        out += (out.empty() ? "" : "\n") + detail::format_section(written[i], expanded[i]);
    }
    const ini::expansion seen = read_project(out, from.path(), included);
    return detail::check_same(std::move(out), expanded, seen, from.path(), "TOML");
}

inline result<std::string> format_guild(std::string_view text, const std::string& path) {
    const written_text written = parse_sections(text, path);
    if (!written.diagnostics.empty()) {
        return written.diagnostics.front().what;
    }
    std::string out;
    for (const ini::written_section& section : written.sections) {
        out += (out.empty() ? "[" : "\n[") + ini::format_key(section.key) + "]\n\n";
        for (const ini::written_entry& each : section.entries) {
            out += each.copied_key.empty() ? "  " + each.name + " = " + each.value + '\n'
                                           : "  @attrs " + ini::format_key(each.copied_key) + '\n';
        }
    }
    const ini::expansion wanted = ini::expand(written.sections, path);
    const ini::document parsed = ini::parse(out, path);
    ini::expansion seen = ini::expand(parsed);
    seen.diagnostics.insert(seen.diagnostics.begin(), parsed.diagnostics().begin(),
                            parsed.diagnostics().end());
    return detail::check_same(std::move(out), wanted.sections, seen, path, "a Guild file");
}

}}}  // namespace guild::toml
