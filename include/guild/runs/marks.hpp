// guild/runs/marks.hpp - what people say about a run: a label, tags and a note, in user.tsv.
//
// Layer 4. Includes: base, os/file hold, runs/layout run tsv.
// Not here: flags and attributes, which belong to whoever records the run.
//
// user.tsv is replaced whole by rename, so that readers see the old marks or the new ones. Keys
// that nobody here knows are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/os/hold.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The marks of one run.
struct run_marks {
    std::string label;              // one line
    std::vector<std::string> tags;  // in order of their names
    std::string note;               // any text
};

/// The marks of a run as it was when it was opened.
[[nodiscard]] run_marks marks_of(const run& which);

/// One change of marks; the rest stays.
struct mark_changes {
    std::vector<std::string> add_tags;
    std::vector<std::string> remove_tags;  // of a tag that is in both lists, the removal counts
    std::optional<std::string> label;      // an empty one removes it
    std::optional<std::string> note;       // likewise
};

/// Says whether changes can be stored.
///
/// errors   bad_value: a tag is empty, longer than 64 bytes, or has white space, a comma or a
/// control
///          character; a label is longer than 200 bytes or has a control character
/// example  tests/runs/marks.cpp "marks: tags are words, labels are one line"
[[nodiscard]] result<void> check_marks(const mark_changes& changes);

/// Changes the marks of a run, whoever else does the same meanwhile.
///
/// out      the marks as they are now
/// errors   those of check_marks and os::save_file; not_found: no run is there; bad_value:
/// `guild.d`
///          or user.tsv is a symbolic link
/// example  tests/runs/marks.cpp "marks: what is not changed stays, and so do unknown keys"
[[nodiscard]] result<run_marks> change_marks(const std::string& run_directory,
                                             const mark_changes& changes,
                                             const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::string_view tag_prefix = "tag.";

inline run_marks marks_in(const pair_list& pairs) {
    run_marks marks;
    for (const auto& [key, value] : pairs) {
        if (key == "label") {
            marks.label = value;
        } else if (key == "note") {
            marks.note = value;
        } else if (starts_with(key, tag_prefix) && key.size() > tag_prefix.size()) {
            marks.tags.push_back(key.substr(tag_prefix.size()));
        }
    }
    std::sort(marks.tags.begin(), marks.tags.end());
    return marks;
}

inline bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

inline bool is_tag(std::string_view tag) {
    return !tag.empty() && tag.size() <= 64 && !has_control(tag) &&
           tag.find_first_of(" ,") == std::string_view::npos;
}

// A run that somebody else made could have any file of the user replaced.
inline result<void> check_unlinked(const std::string& path, const os::env& system) {
    const auto there = os::find_link_status(path, system);
    return there && there->kind == os::file_kind::symlink
               ? make_error(errc::bad_value, "expected no symbolic link here", path)
               : result<void>();
}

inline void set_or_remove(pair_list& pairs, const std::string& key, const std::string* value) {
    const auto at = std::find_if(pairs.begin(), pairs.end(),
                                 [&](const auto& pair) { return pair.first == key; });
    if (value == nullptr) {
        pairs.erase(at, at == pairs.end() ? at : at + 1);
    } else if (at == pairs.end()) {
        pairs.emplace_back(key, *value);
    } else {
        at->second = *value;
    }
}

inline void apply_marks(pair_list& pairs, const mark_changes& changes) {
    const std::string nothing;
    for (const std::string& tag : changes.add_tags) {
        set_or_remove(pairs, std::string(tag_prefix) + tag, &nothing);
    }
    for (const std::string& tag : changes.remove_tags) {
        set_or_remove(pairs, std::string(tag_prefix) + tag, nullptr);
    }
    if (changes.label) {
        set_or_remove(pairs, "label", changes.label->empty() ? nullptr : &*changes.label);
    }
    if (changes.note) {
        set_or_remove(pairs, "note", changes.note->empty() ? nullptr : &*changes.note);
    }
}

}  // namespace detail

inline run_marks marks_of(const run& which) {
    return detail::marks_in(which.user());
}

inline result<void> check_marks(const mark_changes& changes) {
    for (const std::string& tag : changes.add_tags) {
        if (!detail::is_tag(tag)) {
            return make_error(errc::bad_value,
                              "expected a tag of 1 to 64 bytes without blanks, commas and control "
                              "characters, saw '" +
                                  tag.substr(0, 64) + "'");
        }
    }
    if (changes.label && (changes.label->size() > 200 || detail::has_control(*changes.label))) {
        return make_error(errc::bad_value, "expected a label of one line and at most 200 bytes");
    }
    return {};
}

inline result<run_marks> change_marks(const std::string& run_directory, const mark_changes& changes,
                                      const os::env& system) {
    auto checked = check_marks(changes);
    if (!checked) {
        return std::move(checked).error();
    }
    const std::string path = data_path(run_directory, user_name);
    for (const std::string& each : {data_path(run_directory), path}) {
        checked = checked ? detail::check_unlinked(each, system) : std::move(checked);
    }
    if (!checked) {
        return std::move(checked).error();
    }
    const auto held = os::hold_directory(data_path(run_directory), system);
    if (!held) {
        return held.error();
    }
    const auto text = os::load_file(path, std::uint64_t{1} << 26U, system);
    if (!text && text.error().code != errc::not_found) {
        return text.error();
    }
    pair_list pairs = text ? parse_tsv(*text, text->size()) : pair_list();
    detail::apply_marks(pairs, changes);
    std::string lines;
    for (const auto& [key, value] : pairs) {
        lines += format_tsv_line(key, value);
    }
    auto saved = os::save_file(path, lines, system);
    if (!saved) {
        return std::move(saved).error();
    }
    return detail::marks_in(pairs);
}

}}}  // namespace guild::runs
