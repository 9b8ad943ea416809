// guild/package/lock.hpp - GuildPkg.lock: what the sources were at the last build, and what it
// made.
//
// Layer 4. Includes: base, ini, os/file.hpp.
// Not here: fetching (package/fetch.hpp). docs/format-package.md specifies the file.
//
//   [package]                                     [source "TEXT"]
//     name = mnist-tutorial-src                     url = https://github.com/o/r.git
//     version = 1                                   ref = refs/heads/master
//     tar_sha256 = 64 hex digits                    path = a/b
//                                                   commit, tree = ids of git
//                                                   sha256 = of the file, or of its tree
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What one source was. Texts that do not apply are empty.
struct locked_source {
    std::string text;  // the source as GuildPkg has it: the key
    std::string url;   // mirrors not applied
    std::string ref;   // in full
    std::string path;  // within the repository
    std::string commit;
    std::string tree;    // git's id of what is at the path
    std::string sha256;  // of a downloaded or local file, else hash_tree() of the directory
};

/// The file as values.
struct lock_file {
    std::string name;
    std::string version;
    std::string tar_sha256;  // of the package as it was built; empty until it was
    std::vector<locked_source> sources;

    /// The entry of a source; none: null.
    [[nodiscard]] const locked_source* find(std::string_view text) const noexcept;
};

/// The name of the file in a package's directory.
inline constexpr const char* lock_file_name = "GuildPkg.lock";

/// Reads the text of a lock file. Names it does not know are ignored: newer versions may add some.
///
/// errors   bad_syntax, bad_value, with line and column
/// example  tests/package/lock.cpp "lock: what was written is read back"
[[nodiscard]] result<lock_file> parse_lock(std::string_view text, const std::string& path);

/// The text of a lock file; the same values give the same bytes.
[[nodiscard]] std::string format_lock(const lock_file& from);

/// Reads PACKAGE_DIRECTORY/GuildPkg.lock; without one, an empty value.
///
/// errors   as parse_lock; those of os::load_file; bad_value: a symbolic link
[[nodiscard]] result<lock_file> load_lock(const std::string& package_directory);

/// Writes it, in one step; a file that says the same already is not touched.
///
/// errors   those of os::save_file; bad_value: a symbolic link, which a package could come with
[[nodiscard]] result<void> save_lock(const std::string& package_directory, const lock_file& lock);

/// What differs between two locks, for people: one line a difference.
///
/// example  tests/package/lock.cpp "lock: differences are told by source and field"
[[nodiscard]] std::vector<std::string> list_differences(const lock_file& before,
                                                        const lock_file& after);

// ---- implementation ---------------------------------------------------------

inline const locked_source* lock_file::find(std::string_view text) const noexcept {
    for (const locked_source& each : sources) {
        if (each.text == text) {
            return &each;
        }
    }
    return nullptr;
}

namespace detail {

struct lock_field {
    const char* name;
    std::string locked_source::* member;
};

inline constexpr lock_field lock_fields[] = {
    {"url", &locked_source::url},   {"ref", &locked_source::ref},
    {"path", &locked_source::path}, {"commit", &locked_source::commit},
    {"tree", &locked_source::tree}, {"sha256", &locked_source::sha256},
};

inline error lock_error(const ini::attribute& at, std::string_view expected) {
    return make_error(errc::bad_value,
                      "expected " + std::string(expected) + " as " + at.name + ", seen `" +
                          at.value + "`",
                      at.from.path, at.from.where);
}

inline bool is_hex(std::string_view text, std::size_t size) {
    return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
               return is_digit(c) || (c >= 'a' && c <= 'f');
           });
}

inline result<void> check_lock_value(const ini::attribute& at) {
    const bool is_sum = at.name == "sha256" || at.name == "tar_sha256";
    if (is_sum && !is_hex(at.value, 64)) {
        return lock_error(at, "64 small hex digits");
    }
    const bool is_id = at.name == "commit" || at.name == "tree";
    if (is_id && !is_hex(at.value, 40) && !is_hex(at.value, 64)) {
        return lock_error(at, "40 or 64 small hex digits");
    }
    const bool leaves =
        at.name == "path" &&
        (is_absolute(at.value) || starts_with(at.value, "../") || contains(at.value, "/../"));
    if (leaves || (at.name == "ref" && !starts_with(at.value, "refs/") && at.value != "HEAD")) {
        return lock_error(at, leaves ? "a path within the repository" : "a ref in full");
    }
    return {};
}

inline std::string lock_line(std::string_view name, const std::string& value) {
    return value.empty() ? std::string() : "  " + std::string(name) + " = " + value + '\n';
}

}  // namespace detail

inline result<lock_file> parse_lock(std::string_view text, const std::string& path) {
    const ini::document document = ini::parse(text, path);
    if (auto wrong = document.first_error()) {
        return std::move(*wrong);
    }
    lock_file lock;
    for (const ini::section& section : ini::expand(document).sections) {
        for (const ini::attribute& each : section.attributes) {
            const auto checked = detail::check_lock_value(each);
            if (!checked) {
                return checked.error();
            }
        }
        if (section.kind() == "package") {
            lock.name = section.get("name");
            lock.version = section.get("version");
            lock.tar_sha256 = section.get("tar_sha256");
        } else if (section.kind() == "source" && !section.name().empty()) {
            locked_source made;
            made.text = section.name();
            for (const detail::lock_field& field : detail::lock_fields) {
                made.*field.member = section.get(field.name);
            }
            lock.sources.push_back(std::move(made));
        }
    }
    return lock;
}

inline std::string format_lock(const lock_file& from) {
    std::string out = "# What guild package built and from what. Keep it with GuildPkg; "
                      "--update makes it anew.\n\n[package]\n";
    out += detail::lock_line("name", from.name) + detail::lock_line("version", from.version) +
           detail::lock_line("tar_sha256", from.tar_sha256);
    for (const locked_source& each : from.sources) {
        out += "\n[source \"" + each.text + "\"]\n";
        for (const detail::lock_field& field : detail::lock_fields) {
            out += detail::lock_line(field.name, each.*field.member);
        }
    }
    return out;
}

namespace detail {

inline error linked_lock(const std::string& path) {
    return make_error(errc::bad_value, "expected a file, seen a symbolic link", path);
}

}  // namespace detail

inline result<lock_file> load_lock(const std::string& package_directory) {
    const std::string path = join_path(package_directory, lock_file_name);
    const auto there = os::find_link_status(path);
    if (!there) {
        return lock_file{};
    }
    if (there->kind == os::file_kind::symlink) {
        return detail::linked_lock(path);
    }
    const auto text = os::load_file(path, ini::max_file_bytes);
    if (!text) {
        return text.error();
    }
    return parse_lock(*text, path);
}

inline result<void> save_lock(const std::string& package_directory, const lock_file& lock) {
    const std::string path = join_path(package_directory, lock_file_name);
    const std::string text = format_lock(lock);
    const auto there = os::find_link_status(path);
    if (there && there->kind == os::file_kind::symlink) {
        return detail::linked_lock(path);
    }
    const auto old = os::load_file(path, ini::max_file_bytes);
    return old && *old == text ? result<void>() : os::save_file(path, text);
}

inline std::vector<std::string> list_differences(const lock_file& before, const lock_file& after) {
    std::vector<std::string> lines;
    const auto compare = [&](const std::string& what, const std::string& old,
                             const std::string& now) {
        if (old != now) {
            lines.push_back(what + ": " + (old.empty() ? "(none)" : old) + " -> " +
                            (now.empty() ? "(none)" : now));
        }
    };
    compare("name", before.name, after.name);
    compare("version", before.version, after.version);
    compare("tar_sha256", before.tar_sha256, after.tar_sha256);
    for (const locked_source& each : before.sources) {
        if (after.find(each.text) == nullptr) {
            lines.push_back(each.text + ": is gone");
        }
    }
    for (const locked_source& each : after.sources) {
        const locked_source* old = before.find(each.text);
        if (old == nullptr) {
            lines.push_back(each.text + ": is new");
            continue;
        }
        for (const detail::lock_field& field : detail::lock_fields) {
            compare(each.text + " " + field.name, old->*field.member, each.*field.member);
        }
    }
    return lines;
}

}}}  // namespace guild::package
