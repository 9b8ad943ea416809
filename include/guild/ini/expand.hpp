// guild/ini/expand.hpp - the sections of a document as values: every attribute with its origin,
// @attrs copied in.
//
// Layer 2. Includes: base and ini.
// Not here: the grammar (ini/parser.hpp); what the sections mean (project/project.hpp,
// package/package.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>
#include <guild/ini/scan.hpp>

namespace guild { inline namespace v0 { namespace ini {

/// Bounds of one file, above all of what @attrs may copy; beyond them there is an error (too_large)
/// at the place.
///
/// units    attributes of one file; attributes that @attrs copied; their bytes, names and values
///          together
inline constexpr std::size_t max_attributes = 1000000;
inline constexpr std::size_t max_copied_attributes = 100000;
inline constexpr std::size_t max_copied_bytes = std::size_t{16} << 20U;

/// Where something was written.
struct origin {
    std::string path;
    source_span where;
};

/// One attribute of a section.
struct attribute {
    std::string name;
    std::string value;
    origin from;  // of the value, also when it was copied
    std::vector<std::string>
        templates;  // the sections it was copied through, nearest first: `template "loss-field"`
};

/// One section with its attributes in the order in which they were written or copied; a later one
/// wins.
struct section {
    std::vector<std::string> key;
    std::vector<attribute> attributes;
    origin from;

    /// WORD of the header; `model` in [model "softmax"].
    [[nodiscard]] const std::string& kind() const noexcept { return key.front(); }

    /// The first quoted name, or empty.
    [[nodiscard]] std::string name() const { return key.size() > 1 ? key[1] : std::string(); }

    /// The attribute that counts for a name: the last one.
    [[nodiscard]] const attribute* find_attribute(std::string_view name) const noexcept;

    /// The value that counts for a name; none: null.
    [[nodiscard]] const std::string* find(std::string_view name) const noexcept;

    /// The value that counts for a name, or `fallback`.
    [[nodiscard]] std::string get(std::string_view name, std::string_view fallback = {}) const;

    /// Each name once, at the place where it appeared first, with the attribute that counts.
    [[nodiscard]] std::vector<const attribute*> effective() const;
};

/// The first section with exactly this key; none: null.
[[nodiscard]] const section* find_section(const std::vector<section>& sections,
                                          const std::vector<std::string>& key) noexcept;

/// One line of a section before @attrs is applied: an attribute, or (with a key to copy) a
/// directive.
struct written_entry {
    std::string name;
    std::string value;
    source_span name_at;
    source_span value_at;
    std::vector<std::string> copied_key;  // not empty: copies that section's attributes
};

/// One section before @attrs is applied.
struct written_section {
    std::vector<std::string> key;
    source_span where;
    std::vector<written_entry> entries;
};

/// What expand() makes of a document.
struct expansion {
    std::vector<section> sections;        // in file order
    std::vector<diagnostic> diagnostics;  // of this step alone
};

/// Copies attributes as @attrs directives say, and reports names that are set twice.
///
/// `@attrs WORD "NAME"` copies from the nearest finished section above with that key, else from
/// `included`; if there is none it copies nothing and a warning says so.
/// in       any document, also one with errors: what could be read is expanded
/// cost     O(document + copies) x log(sections); copies are bounded
/// example  tests/ini/expand.cpp "expand: templates chain, and the nearest is named first"
[[nodiscard]] expansion expand(const document& from, const std::vector<section>& included = {});

/// The same for sections that another reader (toml.hpp) found.
[[nodiscard]] expansion expand(const std::vector<written_section>& from, const std::string& path,
                               const std::vector<section>& included = {});

/// The sections of a document as they are written.
[[nodiscard]] std::vector<written_section> list_written(const document& from);

// ---- implementation ---------------------------------------------------------

inline const attribute* section::find_attribute(std::string_view name) const noexcept {
    const auto last = std::find_if(attributes.rbegin(), attributes.rend(),
                                   [&](const attribute& each) { return each.name == name; });
    return last == attributes.rend() ? nullptr : &*last;
}

inline const std::string* section::find(std::string_view name) const noexcept {
    const attribute* found = find_attribute(name);
    return found == nullptr ? nullptr : &found->value;
}

inline std::string section::get(std::string_view name, std::string_view fallback) const {
    const std::string* found = find(name);
    return found == nullptr ? std::string(fallback) : *found;
}

inline std::vector<const attribute*> section::effective() const {
    std::vector<const attribute*> kept;
    std::map<std::string_view, std::size_t> places;
    for (const attribute& each : attributes) {
        const auto [place, is_new] = places.emplace(each.name, kept.size());
        if (is_new) {
            kept.push_back(&each);
        } else {
            kept[place->second] = &each;
        }
    }
    return kept;
}

inline const section* find_section(const std::vector<section>& sections,
                                   const std::vector<std::string>& key) noexcept {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const section& each) { return each.key == key; });
    return found == sections.end() ? nullptr : &*found;
}

namespace detail {

class expander {
public:
    expander(const std::string& path, const std::vector<section>& included)
        : path_(path), included_(included) {}

    void add_section(const written_section& written);
    expansion take() { return std::move(out_); }

private:
    using key_type = std::vector<std::string>;

    void add_attribute(const written_entry& each, section& into,
                       std::map<std::string_view, std::uint32_t>& lines);
    void copy_all(const section& source, const written_entry& directive, section& into);
    bool count_copy(const attribute& each, const std::string& through);
    const section* find_source(const key_type& key) const;
    void report_unknown(const written_entry& directive);

    void report(severity sev, rule about, errc code, source_span where, std::string message,
                std::string hint) {
        warnings_ += sev == severity::warning ? 1 : 0;
        if (sev == severity::error || warnings_ <= max_diagnostics) {  // there is one error at most
            out_.diagnostics.push_back(
                {sev, make_error(code, std::move(message), path_, where), std::move(hint), about});
        }
    }
    void fail_full(source_span where, std::string message) {
        is_full_ = true;
        report(severity::error, rule::too_large, errc::too_large, where, std::move(message), "");
    }

    const std::string& path_;
    const std::vector<section>& included_;
    expansion out_;
    std::map<key_type, std::size_t> finished_;  // the last finished section of each key
    std::size_t attributes_ = 0;
    std::size_t copied_attributes_ = 0;
    std::size_t copied_bytes_ = 0;
    std::size_t warnings_ = 0;
    bool is_full_ = false;
};

inline void expander::add_section(const written_section& written) {
    section made;
    made.key = written.key;
    made.from = {path_, written.where};
    const auto earlier = finished_.find(made.key);
    if (earlier != finished_.end()) {
        report(severity::warning, rule::repeated_section, errc::ok, written.where,
               "section " + quote_source("[" + format_key(made.key) + "]") + " is in line " +
                   std::to_string(out_.sections[earlier->second].from.where.line) + " already",
               "sections are not merged, the first one counts: move these attributes there");
    }
    std::map<std::string_view, std::uint32_t> lines;
    for (const written_entry& each : written.entries) {
        if (each.copied_key.empty()) {
            add_attribute(each, made, lines);
            continue;
        }
        const section* source = find_source(each.copied_key);
        if (source == nullptr) {
            report_unknown(each);
        } else {
            copy_all(*source, each, made);
        }
    }
    finished_[made.key] = out_.sections.size();
    out_.sections.push_back(std::move(made));
}

inline void expander::add_attribute(const written_entry& each, section& into,
                                    std::map<std::string_view, std::uint32_t>& lines) {
    if (is_full_) {
        return;
    }
    ++attributes_;
    if (attributes_ > max_attributes) {
        fail_full(each.name_at, "expected at most " + std::to_string(max_attributes) +
                                    " attributes in a file, seen more");
        return;
    }
    const auto [earlier, is_new] = lines.emplace(each.name, each.name_at.line);
    if (!is_new) {
        report(severity::warning, rule::repeated_name, errc::ok, each.name_at,
               quote_source(each.name) + " is set in line " + std::to_string(earlier->second) +
                   " already",
               "the last one counts; remove the other");
    }
    into.attributes.push_back({each.name, each.value, {path_, each.value_at}, {}});
}

/// Counts one attribute to be copied; false: it would be one too many.
inline bool expander::count_copy(const attribute& each, const std::string& through) {
    ++copied_attributes_;
    copied_bytes_ += each.name.size() + each.value.size() + through.size() + each.from.path.size();
    for (const std::string& step : each.templates) {
        copied_bytes_ += step.size();
    }
    return copied_attributes_ <= max_copied_attributes && copied_bytes_ <= max_copied_bytes;
}

inline void expander::copy_all(const section& source, const written_entry& directive,
                               section& into) {
    const std::string through = format_key(source.key);
    for (const attribute& each : source.attributes) {
        if (is_full_) {
            return;
        }
        if (!count_copy(each, through)) {
            fail_full(directive.value_at,
                      "expected `@attrs` to copy at most " + std::to_string(max_copied_attributes) +
                          " attributes and " + std::to_string(max_copied_bytes) +
                          " bytes, seen more");
            return;
        }
        attribute copied = each;
        copied.templates.insert(copied.templates.begin(), through);
        into.attributes.push_back(std::move(copied));
    }
}

inline const section* expander::find_source(const key_type& key) const {
    const auto above = finished_.find(key);
    return above != finished_.end() ? &out_.sections[above->second] : find_section(included_, key);
}

inline void expander::report_unknown(const written_entry& directive) {
    constexpr std::size_t most_candidates = 1000;
    const key_type& key = directive.copied_key;
    std::vector<std::string> known;
    const auto take = [&](const section& each) {
        if (each.kind() == key.front() && known.size() < most_candidates) {
            known.push_back(format_key(each.key));
        }
    };
    if (warnings_ >= max_diagnostics) {
        return;
    }
    std::for_each(out_.sections.begin(), out_.sections.end(), take);
    std::for_each(included_.begin(), included_.end(), take);
    const auto near = find_closest(format_key(key), known);
    report(severity::warning, rule::unknown_section, errc::unknown_name, directive.value_at,
           "no section " + quote_source("[" + format_key(key) + "]") +
               " above this line, nothing is copied",
           near ? "did you mean " + quote_source(*near) + "?"
                : "define it above, or remove the line");
}

inline written_section to_written(const document& from, const section_node& node) {
    written_section made{from.key(node), from.span(node.header), {}};
    for (const entry& each : from.entries(node)) {
        written_entry line{std::string(from.name(each)),
                           std::string(from.value(each)),
                           from.span(each.name),
                           from.span(each.value),
                           {}};
        if (each.kind == entry_kind::copy) {
            const key_scan scan = scan_key(line.value);
            for (std::uint32_t i = 0; i < scan.count; ++i) {
                const piece& part = scan.parts[i];
                line.copied_key.push_back(line.value.substr(part.begin, part.end - part.begin));
            }
        }
        made.entries.push_back(std::move(line));
    }
    return made;
}

}  // namespace detail

inline expansion expand(const document& from, const std::vector<section>& included) {
    detail::expander work(from.path(), included);
    for (const section_node& node : from.sections()) {
        work.add_section(detail::to_written(from, node));
    }
    return work.take();
}

inline expansion expand(const std::vector<written_section>& from, const std::string& path,
                        const std::vector<section>& included) {
    detail::expander work(path, included);
    for (const written_section& each : from) {
        work.add_section(each);
    }
    return work.take();
}

inline std::vector<written_section> list_written(const document& from) {
    std::vector<written_section> sections;
    for (const section_node& node : from.sections()) {
        sections.push_back(detail::to_written(from, node));
    }
    return sections;
}

}}}  // namespace guild::ini
