// guild/runs/source_overlay.hpp - the sources of a run beside those that a project has now: what
// differs, and a directory in which the run's own stand in their places.
//
// Layer 4. Includes: base, os, runs/layout recorded_command source_snapshot.
// Not here: making the snapshot (source_snapshot.hpp); running anything (supervisor.hpp).
//
// A snapshot has only the files that were asked for. Data, programs that were built and all the
// rest are not in it: in an overlay they are symbolic links into the project.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/recorded_command.hpp>
#include <guild/runs/source_snapshot.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Files of a run's snapshot that are missing or not the same in a directory; paths, sorted.
///
/// cost     O(snapshot) time, one file of each in memory
/// example  tests/runs/source_overlay.cpp "source overlay: changed and missing files are told"
[[nodiscard]] std::vector<std::string> list_changed_sources(const std::string& run_directory,
                                                            const std::string& directory);

/// Makes the directory `target`: the files of a run's snapshot, and for everything else that stands
/// in `directory` symbolic links to it.
///
/// errors   already_exists: `target`; not_found: `directory`, or a snapshot; no_space, ...: what
///          was made before is left
/// example  tests/runs/source_overlay.cpp "source overlay: files of the snapshot stand among links"
[[nodiscard]] result<void> make_source_overlay(const std::string& run_directory,
                                               const std::string& directory,
                                               const std::string& target);

/// The command with the overlay as its working directory; arguments that name files of the snapshot
/// by their absolute paths name those in the overlay.
///
/// example  tests/runs/source_overlay.cpp "source overlay: a command is moved into it"
[[nodiscard]] recorded_command move_into_overlay(recorded_command command,
                                                 const std::string& run_directory,
                                                 const std::string& overlay);

/// The command as it is outside of the overlay in which it ran, in `directory`.
[[nodiscard]] recorded_command move_out_of_overlay(recorded_command command,
                                                   const std::string& directory);

// ---- implementation ---------------------------------------------------------

namespace detail {

// Lays links and the snapshot's files, directory by directory.
class overlay_builder {
public:
    overlay_builder(const std::string& sources, const std::string& directory,
                    const std::string& target)
        : sources_(sources), directory_(directory), target_(target) {}

    result<void> build(const std::vector<std::string>& files) {
        std::vector<std::string> waiting = {""};
        while (!waiting.empty()) {
            const std::string below = std::move(waiting.back());
            waiting.pop_back();
            auto linked = link_entries(below, files, waiting);
            if (!linked) {
                return linked;
            }
        }
        for (const std::string& path : files) {
            auto copied = copy(path);
            if (!copied) {
                return copied;
            }
        }
        return {};
    }

private:
    // Links for what stands in one directory; into those that hold files of the snapshot it goes.
    result<void> link_entries(const std::string& below, const std::vector<std::string>& files,
                              std::vector<std::string>& waiting) {
        const auto entries = os::list_directory(join_path(directory_, below));
        if (!entries) {
            return entries.error();
        }
        for (const os::dir_entry& entry : *entries) {
            const std::string path = below.empty() ? entry.name : join_path(below, entry.name);
            const auto at = std::lower_bound(files.begin(), files.end(), path);
            const auto inside = std::lower_bound(at, files.end(), path + '/');
            if (at != files.end() && *at == path) {
                continue;
            }
            auto made = result<void>();
            if (inside == files.end() || !starts_with(*inside, path + '/')) {
                made = os::make_link(join_path(directory_, path), join_path(target_, path));
            } else if (entry.kind == os::file_kind::directory) {
                made = os::make_directories(join_path(target_, path));
                waiting.push_back(path);
            }
            if (!made) {
                return made;
            }
        }
        return {};
    }

    result<void> copy(const std::string& path) {
        const std::string from = join_path(sources_, path);
        const std::string to = join_path(target_, path);
        const auto text = os::load_file(from);
        if (!text) {
            return text.error();
        }
        auto made = os::make_directories(parent_path(to));
        if (made) {
            made = os::save_file(to, *text);
        }
        const auto status = os::find_status(from);
        return made && status ? os::set_permissions(to, status->mode & 0777U) : made;
    }

    const std::string& sources_;
    const std::string& directory_;
    const std::string& target_;
};

}  // namespace detail

inline std::vector<std::string> list_changed_sources(const std::string& run_directory,
                                                     const std::string& directory) {
    std::vector<std::string> changed;
    for (const std::string& path : list_saved_sources(run_directory)) {
        const auto then =
            os::load_file(join_path(data_path(run_directory, sources_directory), path));
        const auto now = os::load_file(join_path(directory, path));
        if (then && !(now && *now == *then)) {
            changed.push_back(path);
        }
    }
    return changed;
}

inline result<void> make_source_overlay(const std::string& run_directory,
                                        const std::string& directory, const std::string& target) {
    const std::vector<std::string> files = list_saved_sources(run_directory);
    if (files.empty()) {
        return make_error(errc::not_found, "there is no snapshot of sources", run_directory);
    }
    if (os::find_link_status(target)) {
        return make_error(errc::already_exists, "expected nothing there", target);
    }
    auto made = os::make_directories(target);
    if (!made) {
        return made;
    }
    const std::string sources = data_path(run_directory, sources_directory);
    const std::string from = os::absolute_path(directory);
    return detail::overlay_builder(sources, from, target).build(files);
}

inline recorded_command move_into_overlay(recorded_command command,
                                          const std::string& run_directory,
                                          const std::string& overlay) {
    for (const std::string& path : list_saved_sources(run_directory)) {
        const std::string from = join_path(command.directory, path);
        for (std::string& word : command.argv) {
            word = replace_directory(word, from, join_path(overlay, path));
        }
    }
    command.directory = overlay;
    return command;
}

inline recorded_command move_out_of_overlay(recorded_command command,
                                            const std::string& directory) {
    for (std::string& word : command.argv) {
        word = replace_directory(word, command.directory, directory);
    }
    command.directory = directory;
    return command;
}

}}}  // namespace guild::runs
