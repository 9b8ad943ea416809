// guild/runs/catalog.hpp - the runs below one or more run roots: list them, find one, put one into
// the trash and back.
//
// Layer 4. Includes: base, os/file, runs/run.
// Not here: one run (runs/run.hpp); conditions on flags and values (runs/query.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Every run directly below the given run roots, newest first; runs of one moment by name, last
/// first.
///
/// in       roots: directories; one that is missing or given twice adds nothing
/// cost     about six system calls a run; series and output are not read
/// example  tests/runs/catalog.cpp "catalog: runs of several roots are listed newest first"
[[nodiscard]] std::vector<run> list_runs(const std::vector<std::string>& roots,
                                         const open_options& options = {});

/// The run with this name, or the one at this path.
///
/// in       name: a run directory's name below one of the roots, a beginning of it that fits no
///          other run, or a path with a slash
/// errors   not_found; bad_value when more than one run begins so (the message names two)
/// example  tests/runs/catalog.cpp "catalog: a run is found by the beginning of its name"
[[nodiscard]] result<run> find_run(const std::vector<std::string>& roots, const std::string& name,
                                   const open_options& options = {});

/// The run that started last.
///
/// errors   not_found
[[nodiscard]] result<run> find_latest(const std::vector<std::string>& roots,
                                      const open_options& options = {});

/// Moves a run into `.trash` of its run root.
///
/// out      where it is now: under its id, or with -2, -3, ... where that is taken
/// errors   bad_value when it goes on, or is in the trash already; those of rename
/// example  tests/runs/catalog.cpp "catalog: a deleted run is in the trash and not in the list"
[[nodiscard]] result<std::string> trash_run(const run& which,
                                            const os::env& system = os::system_env);

/// The trash of each run root; roots of which nothing was deleted have none.
[[nodiscard]] std::vector<std::string> trash_roots(const std::vector<std::string>& roots);

/// Moves a run out of `.trash`, back to its run root.
///
/// out      where it is now: under its name in the trash, or with -2, -3, ... where that is taken
/// errors   bad_value when it is not in a trash; those of rename
/// example  tests/runs/catalog.cpp "catalog: a restored run is in the list again, beside its
///          namesake"
[[nodiscard]] result<std::string> restore_run(const run& which,
                                              const os::env& system = os::system_env);

/// The run root of a run, also of one in the trash: where a new run beside it belongs.
[[nodiscard]] std::string root_of(const run& which);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::vector<std::string> run_names(const std::string& root) {
    std::vector<std::string> names;
    const auto entries = os::list_directory(root);
    if (!entries) {
        return names;
    }
    for (const os::dir_entry& entry : *entries) {
        const bool may_be =
            entry.kind == os::file_kind::directory || entry.kind == os::file_kind::symlink;
        if (may_be && entry.name[0] != '.') {
            names.push_back(entry.name);
        }
    }
    return names;
}

inline std::vector<std::string> without_repeats(const std::vector<std::string>& roots) {
    std::vector<std::string> absolute;
    for (const std::string& root : roots) {
        std::string path = os::absolute_path(root);
        if (std::find(absolute.begin(), absolute.end(), path) == absolute.end()) {
            absolute.push_back(std::move(path));
        }
    }
    return absolute;
}

inline bool is_newer(const run& a, const run& b) {
    const std::int64_t started_a = a.started_us().value_or(0);
    const std::int64_t started_b = b.started_us().value_or(0);
    if (started_a != started_b) {
        return started_a > started_b;
    }
    return a.id() != b.id() ? a.id() > b.id() : a.path() > b.path();
}

// Two at one moment would take the same free name; the loser's rename then fails, as no run
// directory is empty.
inline result<std::string> move_run(const run& which, const std::string& into,
                                    const os::env& system) {
    const std::string plain = join_path(into, which.id());
    std::string target = plain;
    for (int number = 2; os::find_link_status(target, system); ++number) {
        target = plain + '-' + std::to_string(number);
    }
    const int moved = system.rename(which.path().c_str(), target.c_str());
    if (moved < 0) {
        return os::os_error(-moved, "move to " + into, which.path());
    }
    return target;
}

inline bool is_in_trash(const run& which) {
    return base_name(parent_path(which.path())) == trash_directory;
}

}  // namespace detail

inline std::vector<run> list_runs(const std::vector<std::string>& roots,
                                  const open_options& options) {
    std::vector<run> runs;
    for (const std::string& root : detail::without_repeats(roots)) {
        for (const std::string& name : detail::run_names(root)) {
            if (auto opened = run::open(join_path(root, name), options)) {
                runs.push_back(std::move(*opened));
            }
        }
    }
    std::sort(runs.begin(), runs.end(), detail::is_newer);
    return runs;
}

inline result<run> find_run(const std::vector<std::string>& roots, const std::string& name,
                            const open_options& options) {
    if (name.find('/') != std::string::npos) {
        return run::open(os::absolute_path(name), options);
    }
    std::vector<std::string> found;
    for (const std::string& root : detail::without_repeats(roots)) {
        for (const std::string& id : detail::run_names(root)) {
            const std::string path = join_path(root, id);
            if (id == name && os::is_directory(data_path(path))) {
                return run::open(path, options);
            }
            if (!name.empty() && id.compare(0, name.size(), name) == 0 &&
                os::is_directory(data_path(path))) {
                found.push_back(path);
            }
        }
    }
    if (found.empty()) {
        return make_error(errc::not_found, "cannot find a run named '" + name + "'");
    }
    if (found.size() > 1) {
        return make_error(errc::bad_value, "'" + name + "' fits more than one run: " +
                                               base_name(found[0]) + ", " + base_name(found[1]));
    }
    return run::open(found[0], options);
}

inline result<run> find_latest(const std::vector<std::string>& roots, const open_options& options) {
    std::vector<run> runs = list_runs(roots, options);
    if (runs.empty()) {
        return make_error(errc::not_found, "cannot find any run");
    }
    return std::move(runs.front());
}

inline result<std::string> trash_run(const run& which, const os::env& system) {
    if (which.owner()) {
        return make_error(errc::bad_value, "the run is still going on", which.path());
    }
    if (detail::is_in_trash(which)) {
        return make_error(errc::bad_value, "the run is in the trash already", which.path());
    }
    const std::string trash = join_path(parent_path(which.path()), trash_directory);
    auto made = os::make_directories(trash, 0777, system);
    if (!made) {
        return std::move(made).error();
    }
    return detail::move_run(which, trash, system);
}

inline std::string root_of(const run& which) {
    const std::string parent = parent_path(which.path());
    return detail::is_in_trash(which) ? parent_path(parent) : parent;
}

inline std::vector<std::string> trash_roots(const std::vector<std::string>& roots) {
    std::vector<std::string> trashes;
    for (const std::string& root : detail::without_repeats(roots)) {
        std::string trash = join_path(root, trash_directory);
        if (os::is_directory(trash)) {
            trashes.push_back(std::move(trash));
        }
    }
    return trashes;
}

inline result<std::string> restore_run(const run& which, const os::env& system) {
    if (!detail::is_in_trash(which)) {
        return make_error(errc::bad_value, "the run is not in a trash", which.path());
    }
    return detail::move_run(which, root_of(which), system);
}

}}}  // namespace guild::runs
