// guild/project/load.hpp - from a directory to its project: finds Guild or Guild.toml, reads it,
// and reports what is wrong.
//
// Layer 3. Includes: base, ini, os/file.hpp, project.
// Not here: TOML itself; the program hands toml.hpp's reader in through load_options, so that the
// core needs no library.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/file.hpp>
#include <guild/project/project.hpp>
#include <guild/project/templates.hpp>

namespace guild { inline namespace v0 { namespace project {

/// What a reader of another project language returns: sections and diagnostics, errors among the
/// latter.
using project_reader = ini::expansion (*)(std::string_view text, const std::string& path,
                                          const std::vector<section>& included);

struct load_options {
    bool with_builtins = false;          // built-in sections stand first in project::sections()
    project_reader read_toml = nullptr;  // toml::read_project; null: Guild.toml is not looked for
    std::string default_run_root = "runs";
};

/// A project and the warnings about its file.
struct loaded_project {
    project value;
    std::vector<ini::diagnostic> diagnostics;
    std::string text;  // of the file, for ini::render()
};

/// Everything about loading, for a page that shows a broken file too.
struct load_report {
    std::optional<project> value;              // none when `failure` is set
    std::vector<ini::diagnostic> diagnostics;  // in file order
    std::string text;                          // of the file, empty if there is none
    std::string path;
    std::optional<error> failure;  // the first error, ready to be shown
};

/// Loads the project of a directory: its `Guild` file, or else its `Guild.toml` if options can read
/// one.
///
/// Templates of project/templates.hpp are always there for @attrs, whatever options.with_builtins
/// says.
/// errors   not_found: no project file; bad_syntax, unknown_name, truncated, too_large: the first
///          mistake, with line and column; those of the operating system
/// example  tests/project/load.cpp "load: a directory without a project file says what to do"
[[nodiscard]] result<loaded_project> load_project(const std::string& directory,
                                                  const load_options& options = {});

/// Like load_project(), with the text and every diagnostic also when there are errors.
[[nodiscard]] load_report load_project_report(const std::string& directory,
                                              const load_options& options = {});

/// The project that a text is, without touching files.
[[nodiscard]] load_report parse_project(std::string text, project_place place,
                                        const load_options& options = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error no_project_file(const std::string& directory) {
    const bool is_here = directory.empty() || directory == ".";
    return make_error(errc::not_found,
                      is_here ? "This directory does not contain a Guild file\n"
                                "Try 'guild init' to initialize a project or change directories."
                              : "Directory '" + directory +
                                    "' does not contain a Guild file\nTry 'guild init " +
                                    directory + "' to initialize a project or change directories.");
}

/// The path of the project file, or empty.
inline std::string find_project_file(const std::string& directory, const load_options& options) {
    for (const char* name : {"Guild", "Guild.toml"}) {
        const std::string path = join_path(directory, name);
        const bool can_read = !ends_with(name, ".toml") || options.read_toml != nullptr;
        if (can_read && os::find_status(path) && !os::is_directory(path)) {
            return path;
        }
    }
    return {};
}

inline ini::expansion read_sections(const std::string& text, const std::string& path,
                                    const load_options& options,
                                    const std::vector<section>& included) {
    if (options.read_toml != nullptr && ends_with(path, ".toml")) {
        return options.read_toml(text, path, included);
    }
    const ini::document document = ini::parse(text, path);
    ini::expansion read = ini::expand(document, included);
    read.diagnostics.insert(read.diagnostics.begin(), document.diagnostics().begin(),
                            document.diagnostics().end());
    return read;
}

}  // namespace detail

inline load_report parse_project(std::string text, project_place place,
                                 const load_options& options) {
    load_report report;
    report.text = std::move(text);
    report.path = place.path;
    std::vector<section> included = builtin_sections();
    ini::expansion read = detail::read_sections(report.text, place.path, options, included);
    ini::sort_by_place(read.diagnostics);
    report.diagnostics = std::move(read.diagnostics);
    for (const ini::diagnostic& each : report.diagnostics) {
        if (each.sev == ini::severity::error) {
            report.failure = each.what;
            return report;
        }
    }
    if (!options.with_builtins) {
        included.clear();
    }
    included.insert(included.end(), std::make_move_iterator(read.sections.begin()),
                    std::make_move_iterator(read.sections.end()));
    report.value = project(std::move(place), std::move(included));
    return report;
}

inline load_report load_project_report(const std::string& directory, const load_options& options) {
    load_report report;
    const std::string given = directory.empty() ? "." : directory;
    const std::string path = detail::find_project_file(given, options);
    if (path.empty()) {
        report.failure = detail::no_project_file(given);
        return report;
    }
    const std::string shown = given == "." ? base_name(path) : path;
    auto text = os::load_file(path);
    if (!text) {
        report.path = shown;
        report.failure = std::move(text).error();
        return report;
    }
    return parse_project(std::move(*text),
                         {os::absolute_path(given), given, shown, options.default_run_root},
                         options);
}

inline result<loaded_project> load_project(const std::string& directory,
                                           const load_options& options) {
    load_report report = load_project_report(directory, options);
    if (report.failure) {
        return std::move(*report.failure);
    }
    return loaded_project{std::move(*report.value), std::move(report.diagnostics),
                          std::move(report.text)};
}

}}}  // namespace guild::project
