// guild/package/working.hpp - working on the sources of a package: copies to edit, and the patch
// that the edits make.
//
// Layer 4. Includes: os, package/source_tree.hpp, package/tool.hpp.
// Not here: fetching sources (package/fetch.hpp); applying the patch, which a packager does.
//
//   working/NAME        each directory of the sources, to be edited
//   working/NAME.orig   the same as it came
//   working/Guild       made of Guild.in, where the package has one
//   NAME.patch          beside GuildPkg: what turns NAME.orig into NAME, by `patch -p1` in NAME
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/source_tree.hpp>
#include <guild/package/tool.hpp>

namespace guild { inline namespace v0 { namespace package {

/// Where the sources, the copies and the patches are.
struct working_place {
    std::string package_directory;  // where NAME.patch and Guild.in are looked for, and written
    std::string srcdir;
    std::string directory;  // of the copies
    tool_options tools;
};

/// Something that was made, or was there already and left as it is.
struct working_item {
    std::string path;
    bool is_new = false;
};

/// Makes the copies that are not there. A NAME.patch that the package has is applied to the copy
/// that is to be edited, so that the next patch holds its changes too.
///
/// errors   bad_value: NAME.patch does not apply; missing_requirement: no `patch`; those of
///          copy_tree; what was made for that NAME is removed
/// example  tests/package/working.cpp "working copy: sources stand there twice, one to be edited"
[[nodiscard]] result<std::vector<working_item>> make_working_copy(const working_place& place);

/// Writes NAME.patch for each NAME.orig that differs from its NAME. Caches of Python, backups and
/// version control are left out. The same trees give the same bytes.
///
/// out      one item for each NAME.orig; is_new is false where nothing differs: no patch is written
/// errors   not_found: no NAME.orig at all, or one without its NAME; bad_value: a binary file
///          differs, path = that file; missing_requirement: no git
/// example  tests/package/working.cpp "working copy: the patch turns the original into the copy"
[[nodiscard]] result<std::vector<working_item>> make_patches(const working_place& place);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::string_view original_ending = ".orig";

inline os::variables plain_tool_environment(const std::string& ceiling) {
    // No repository has a say, not even one that stands in the copies: its filters are programs.
    return os::merge_environment(os::current_environment(), {{"LC_ALL", "C"},
                                                             {"TZ", "UTC"},
                                                             {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                                             {"GIT_CONFIG_NOSYSTEM", "1"},
                                                             {"GIT_CONFIG_COUNT", "0"},
                                                             {"GIT_CONFIG_PARAMETERS", ""},
                                                             {"GIT_DIR", "/dev/null"},
                                                             {"GIT_CEILING_DIRECTORIES", ceiling}});
}

inline result<void> apply_patch(const working_place& place, const std::string& patch,
                                const std::string& directory) {
    os::process_options command;
    command.argv = {"patch",   "-p1", "--unified", "--batch", "--no-backup-if-mismatch",
                    "--quiet", "-i",  patch};
    command.directory = directory;
    command.environment = plain_tool_environment(parent_path(place.directory));
    command.merge_output = true;
    const auto ran = run_tool(std::move(command), place.tools);
    if (!ran) {
        return ran.error();
    }
    if (!ran->status.success()) {
        return make_error(errc::bad_value, "the patch does not apply: " + last_words(*ran), patch);
    }
    return {};
}

// The copies and patches are made in the package's directory, not where a link in it leads.
inline result<void> check_no_link(const std::string& path) {
    const auto there = os::find_link_status(path);
    return there && there->kind == os::file_kind::symlink
               ? make_error(errc::bad_value, "expected no symbolic link here", path)
               : result<void>();
}

// NAME.orig and NAME of one directory of the sources.
inline result<working_item> copy_source_directory(const working_place& place,
                                                  const std::string& name) {
    working_item item = {join_path(place.directory, name), false};
    const std::string original = item.path + std::string(original_ending);
    if (os::find_link_status(item.path) || os::find_link_status(original)) {
        return item;
    }
    os::temporary made_original(original);
    os::temporary made(item.path);
    const std::string from = join_path(place.srcdir, name);
    auto copied = copy_tree(from, original);
    if (copied) {
        copied = copy_tree(from, item.path);
    }
    const std::string patch = join_path(place.package_directory, name + ".patch");
    if (copied && os::is_regular_file(patch)) {
        copied = apply_patch(place, os::absolute_path(patch), item.path);
    }
    if (!copied) {
        return std::move(copied).error();
    }
    made_original.keep();
    made.keep();
    item.is_new = true;
    return item;
}

// One file, unless something stands there; a file that is not there is no item.
inline result<void> copy_working_file(const std::string& from, const std::string& to,
                                      std::vector<working_item>& items) {
    const bool is_there = os::find_link_status(to).has_value();
    if (!is_there && !os::is_regular_file(from)) {
        return {};
    }
    auto copied = is_there ? result<void>() : copy_tree(from, to);
    if (copied) {
        items.push_back({to, !is_there});
    }
    return copied;
}

// Whether a file's part of a difference is about a file that belongs in no patch; `header` is its
// first line.
inline bool is_left_out_of_patch(std::string_view header) {
    for (const std::string_view part : {"/__pycache__/", "/.git/", "/.hg/", "/.svn/"}) {
        if (contains(header, part)) {
            return true;
        }
    }
    header = ends_with(header, "\"") ? header.substr(0, header.size() - 1) : header;
    for (const std::string_view ending : {".pyc", ".orig", ".rej", "~", ".swp", "/.DS_Store"}) {
        if (ends_with(header, ending)) {
            return true;
        }
    }
    return false;
}

// The parts of git's output begin with `diff --git` at the start of a line: every line of a file
// has a byte before it.
inline result<std::string> choose_patch_parts(std::string_view text) {
    constexpr std::string_view start = "diff --git ";
    std::string out;
    while (!text.empty()) {
        const std::size_t next = text.find("\ndiff --git ", start.size());
        const std::string_view part =
            text.substr(0, next == std::string_view::npos ? next : next + 1);
        text.remove_prefix(part.size());
        const std::string_view header = part.substr(0, part.find('\n'));
        if (is_left_out_of_patch(header)) {
            continue;
        }
        if (contains(part, "\nBinary files ") && !contains(part, "\n@@ ")) {
            return make_error(errc::bad_value, "a patch cannot hold files that are not text",
                              std::string(header.substr(header.rfind(' ') + 1)));
        }
        out.append(part);
    }
    return out;
}

inline result<std::string> compare_trees(const working_place& place, const std::string& name) {
    os::process_options command;
    command.argv = {place.tools.git,
                    "-c",
                    "core.safecrlf=false",
                    "diff",
                    "--no-index",
                    "--no-prefix",
                    "--no-color",
                    "--no-ext-diff",
                    "--no-textconv",
                    "--no-renames",
                    "--full-index",
                    "--diff-algorithm=myers",
                    "-U3",
                    "--",
                    name + std::string(original_ending),
                    name};
    command.directory = place.directory;
    command.environment = plain_tool_environment(os::absolute_path(parent_path(place.directory)));
    auto ran = run_tool(std::move(command), place.tools);
    if (!ran) {
        return std::move(ran).error();
    }
    if (ran->output_dropped > 0) {
        return make_error(errc::too_large, "the difference is too large for a patch", name);
    }
    const bool is_told = ran->status.how == os::exit_status::kind::exited && ran->status.code <= 1;
    if (!is_told) {
        return make_error(errc::io_failed, "git diff failed: " + last_words(*ran), name);
    }
    return choose_patch_parts(ran->out);
}

inline result<working_item> make_patch(const working_place& place, const std::string& name) {
    if (!os::is_directory(join_path(place.directory, name))) {
        return make_error(errc::not_found, "there is a " + name + ".orig but no " + name,
                          place.directory);
    }
    auto text = compare_trees(place, name);
    if (!text) {
        return std::move(text).error();
    }
    working_item item = {join_path(place.package_directory, name + ".patch"), !text->empty()};
    if (item.is_new) {
        auto saved = check_no_link(item.path);
        if (saved) {
            saved = os::save_file(item.path, *text);
        }
        if (!saved) {
            return std::move(saved).error();
        }
    }
    return item;
}

}  // namespace detail

inline result<std::vector<working_item>> make_working_copy(const working_place& place) {
    auto made = detail::check_no_link(place.directory);
    if (made) {
        made = os::make_directories(place.directory);
    }
    if (!made) {
        return std::move(made).error();
    }
    const auto entries = os::list_directory(place.srcdir);
    if (!entries) {
        return entries.error();
    }
    std::vector<working_item> items;
    for (const os::dir_entry& entry : *entries) {
        if (entry.kind == os::file_kind::directory) {
            auto item = detail::copy_source_directory(place, entry.name);
            if (!item) {
                return std::move(item).error();
            }
            items.push_back(std::move(*item));
            continue;
        }
        auto copied = detail::copy_working_file(join_path(place.srcdir, entry.name),
                                                join_path(place.directory, entry.name), items);
        if (!copied) {
            return std::move(copied).error();
        }
    }
    const std::string in_sources = join_path(place.srcdir, "Guild.in");
    const std::string guild_in = os::is_regular_file(in_sources)
                                     ? in_sources
                                     : join_path(place.package_directory, "Guild.in");
    auto copied = detail::copy_working_file(guild_in, join_path(place.directory, "Guild"), items);
    if (!copied) {
        return std::move(copied).error();
    }
    return items;
}

namespace detail {

inline error no_working_copy(const working_place& place) {
    return make_error(errc::not_found,
                      "there is no NAME.orig to compare with; guild package --working makes it",
                      place.directory);
}

}  // namespace detail

inline result<std::vector<working_item>> make_patches(const working_place& place) {
    const auto entries = os::list_directory(place.directory);
    if (!entries) {
        return entries.error().code == errc::not_found ? detail::no_working_copy(place)
                                                       : entries.error();
    }
    std::vector<working_item> items;
    for (const os::dir_entry& entry : *entries) {
        if (entry.kind != os::file_kind::directory ||
            !ends_with(entry.name, detail::original_ending)) {
            continue;
        }
        auto item = detail::make_patch(
            place, entry.name.substr(0, entry.name.size() - detail::original_ending.size()));
        if (!item) {
            return std::move(item).error();
        }
        items.push_back(std::move(*item));
    }
    if (items.empty()) {
        return detail::no_working_copy(place);
    }
    return items;
}

}}}  // namespace guild::package
