// guild/runs/source_snapshot.hpp - what a run's sources were: copies of files, and what git says.
//
// Layer 4. Includes: base, os, runs/layout secrets.
// Not here: which patterns a project has (its Guild file); the program itself (build_identity.hpp).
//
// A pattern is a path below the project with * ? and ** (any directories); one without a slash is a
// file's name in any directory; one that ends in a slash is a directory with all that is in it.
// In a git repository files that .gitignore names are left out (the git program lists the others).
// Elsewhere directories that begin with a dot, and directories of runs, are not entered.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/os/process.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/secrets.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Whether a path below the project fits a pattern.
///
/// cost     O(path x pattern)
/// example  tests/runs/source_snapshot.cpp "sources: patterns are names, paths or directories"
[[nodiscard]] bool fits_source_pattern(std::string_view pattern, std::string_view path);

/// What may be copied. A file over a limit is left out and told.
struct snapshot_limits {
    std::uint64_t max_file_bytes = 1U << 20U;
    std::uint64_t max_bytes = 16U << 20U;
    std::size_t max_files = 2000;
};

struct snapshot_report {
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> left_out;  // paths over a limit, not readable, or made for secrets
};

/// Copies the files that fit any of the patterns into `guild.d/sources` of a run.
///
/// Symbolic links are left out, and files whose names say that they hold secrets. Files that can be
/// executed can be in the copy.
/// cost     a walk through the project; the git program in a repository, 10 s at most
/// example  tests/runs/source_snapshot.cpp "sources: what .gitignore names is left out"
snapshot_report save_sources(const std::string& project_directory,
                             const std::vector<std::string>& patterns,
                             const std::string& run_directory, const snapshot_limits& limits = {});

/// Copies these files of a directory into `guild.d/sources` of a run; the same otherwise.
snapshot_report copy_sources(const std::string& from, const std::vector<std::string>& files,
                             const std::string& run_directory, const snapshot_limits& limits = {});

/// Paths of the files in a run's snapshot, relative to it, sorted; none without one.
[[nodiscard]] std::vector<std::string> list_saved_sources(const std::string& run_directory);

/// What git says of a directory.
struct git_state {
    std::string commit;  // empty: no repository, no commit in it, or no git program
    std::string branch;  // empty: none is checked out
    std::string diff;    // of tracked files against the commit; empty: none differ
};

/// cost     the git program three times, 10 s each at most; nothing outside of a repository
/// example  tests/runs/source_snapshot.cpp "git state: commit, branch and what differs"
[[nodiscard]] git_state read_git_state(const std::string& directory);

/// git_commit, git_branch, git_dirty (0 or 1); none outside of a repository.
[[nodiscard]] pair_list git_attributes(const git_state& state);

/// Writes the diff as `guild.d/git.diff`, without secrets and at most 4 MiB of it; nothing when
/// there is none.
///
/// errors   those of os::save_file
[[nodiscard]] result<void> save_git_diff(const git_state& state, const std::string& run_directory);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t git_limit_ms = 10'000;

inline bool is_in_repository(const std::string& directory) {
    for (std::string at = os::absolute_path(directory);;) {
        if (os::find_status(join_path(at, ".git"))) {
            return true;
        }
        const std::string above = parent_path(at);
        if (above == at || above.empty()) {
            return false;
        }
        at = above;
    }
}

// What git prints; empty when it cannot be run or fails.
inline std::string ask_git(const std::string& directory, std::vector<std::string> words) {
    os::process_options options;
    options.argv = {"git", "-C", directory, "--no-optional-locks"};
    options.argv.insert(options.argv.end(), words.begin(), words.end());
    os::run_options limits;
    limits.timeout_ms = git_limit_ms;
    limits.max_output_bytes = 64U << 20U;
    auto ran = os::run(options, limits);
    const bool is_good = ran && ran->status.how == os::exit_status::kind::exited &&
                         ran->status.code == 0 && ran->output_dropped == 0;
    return is_good ? std::move(ran->out) : std::string();
}

// Relative paths of all files in the directories that are to be entered, sorted.
template <class Enter>
std::vector<std::string> walk_files(const std::string& root, std::size_t most, Enter enter) {
    std::vector<std::string> files;
    std::vector<std::string> waiting = {""};
    while (!waiting.empty() && files.size() < most) {
        const std::string below = std::move(waiting.back());
        waiting.pop_back();
        const auto entries = os::list_directory(below.empty() ? root : join_path(root, below));
        for (std::size_t i = 0; entries && i < entries->size(); ++i) {
            const os::dir_entry& entry = (*entries)[i];
            const std::string path = below.empty() ? entry.name : join_path(below, entry.name);
            if (entry.kind == os::file_kind::regular) {
                files.push_back(path);
            } else if (entry.kind == os::file_kind::directory && enter(path)) {
                waiting.push_back(path);
            }
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

inline std::vector<std::string> walk_sources(const std::string& root) {
    return walk_files(root, 100'000, [&](const std::string& path) {
        return base_name(path)[0] != '.' && !os::is_directory(data_path(join_path(root, path)));
    });
}

// Files below a run directory are no sources: a snapshot would hold the ones before it.
class run_finder {
public:
    explicit run_finder(const std::string& root) : root_(root) {}

    bool is_in_run(const std::string& path) {
        for (std::size_t at = path.find('/'); at != std::string::npos;
             at = path.find('/', at + 1)) {
            const std::string directory = path.substr(0, at);
            const auto [known, is_new] = known_.try_emplace(directory, false);
            if (is_new) {
                known->second = os::is_directory(data_path(join_path(root_, directory)));
            }
            if (known->second) {
                return true;
            }
        }
        return false;
    }

private:
    const std::string& root_;
    std::map<std::string, bool> known_;
};

inline std::vector<std::string> list_project_files(const std::string& root) {
    if (is_in_repository(root)) {
        const std::string listed =
            ask_git(root, {"ls-files", "-z", "--cached", "--others", "--exclude-standard"});
        if (!listed.empty()) {
            std::vector<std::string> files = split(listed, '\0');
            std::sort(files.begin(), files.end());
            run_finder runs(root);
            const auto unwanted = [&](const auto& path) { return runs.is_in_run(path); };
            files.erase(std::unique(files.begin(), files.end()), files.end());
            files.erase(std::remove_if(files.begin(), files.end(), unwanted), files.end());
            return files;
        }
    }
    return walk_sources(root);
}

// Glob over a whole text; `*` and `?` stop at a slash, `**` does not. `states` are the places of
// the pattern that fit what was read.
inline bool fits_glob(std::string_view pattern, std::string_view text) {
    std::vector<char> here(pattern.size() + 1);
    const auto is_star = [&](std::size_t at) { return at < pattern.size() && pattern[at] == '*'; };
    const auto spread = [&](std::vector<char>& states) {
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (states[i] && is_star(i)) {
                states[i + 1] = 1;
            }
        }
    };
    here[0] = 1;
    spread(here);
    for (const char c : text) {
        std::vector<char> next(pattern.size() + 1);
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (!here[i]) {
                continue;
            }
            const bool is_deep = is_star(i) && (is_star(i + 1) || (i > 0 && is_star(i - 1)));
            if (is_star(i)) {
                next[i] = next[i] || c != '/' || is_deep;
            } else if (pattern[i] == c || (pattern[i] == '?' && c != '/')) {
                next[i + 1] = 1;
            }
        }
        spread(next);
        here.swap(next);
    }
    return here[pattern.size()] != 0;
}

}  // namespace detail

inline bool fits_source_pattern(std::string_view pattern, std::string_view path) {
    if (starts_with(pattern, "/")) {
        pattern.remove_prefix(1);
        return detail::fits_glob(pattern, path);
    }
    if (ends_with(pattern, "/")) {
        return starts_with(path, pattern) || detail::fits_glob(std::string(pattern) + "**", path);
    }
    if (!contains(pattern, "/")) {
        return detail::fits_glob(pattern, path.substr(path.rfind('/') + 1));
    }
    return detail::fits_glob(pattern, path) ||
           (starts_with(pattern, "**/") && detail::fits_glob(pattern.substr(3), path));
}

inline snapshot_report save_sources(const std::string& project_directory,
                                    const std::vector<std::string>& patterns,
                                    const std::string& run_directory,
                                    const snapshot_limits& limits) {
    std::vector<std::string> files = detail::list_project_files(project_directory);
    const auto fits_none = [&](const std::string& path) {
        return std::none_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
            return fits_source_pattern(pattern, path);
        });
    };
    files.erase(std::remove_if(files.begin(), files.end(), fits_none), files.end());
    return copy_sources(project_directory, files, run_directory, limits);
}

inline snapshot_report copy_sources(const std::string& from, const std::vector<std::string>& files,
                                    const std::string& run_directory,
                                    const snapshot_limits& limits) {
    snapshot_report report;
    const std::string into = data_path(run_directory, sources_directory);
    for (const std::string& path : files) {
        const std::string source = join_path(from, path);
        const auto status = os::find_link_status(source);
        if (!status || status->kind != os::file_kind::regular) {
            continue;
        }
        const bool is_small = !is_secret_file(path) && status->size <= limits.max_file_bytes &&
                              report.bytes + status->size <= limits.max_bytes &&
                              report.files < limits.max_files;
        const auto text = is_small ? os::load_file(source, limits.max_file_bytes)
                                   : result<std::string>(make_error(errc::too_large, path));
        const std::string target = join_path(into, path);
        if (!text || !os::make_directories(parent_path(target)) || !os::save_file(target, *text)) {
            report.left_out.push_back(path);
            continue;
        }
        if ((status->mode & 0100U) != 0) {
            (void)os::set_permissions(target, 0755U & (status->mode | 0700U));
        }
        ++report.files;
        report.bytes += text->size();
    }
    return report;
}

inline std::vector<std::string> list_saved_sources(const std::string& run_directory) {
    return detail::walk_files(data_path(run_directory, sources_directory), 100'000,
                              [](const std::string&) { return true; });
}

inline git_state read_git_state(const std::string& directory) {
    git_state state;
    if (!detail::is_in_repository(directory)) {
        return state;
    }
    const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
    state.commit =
        first_line(detail::ask_git(directory, {"rev-parse", "--verify", "--quiet", "HEAD"}));
    if (state.commit.empty()) {
        return state;
    }
    state.branch =
        first_line(detail::ask_git(directory, {"symbolic-ref", "--quiet", "--short", "HEAD"}));
    state.diff = detail::ask_git(directory,
                                 {"diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv"});
    return state;
}

inline pair_list git_attributes(const git_state& state) {
    if (state.commit.empty()) {
        return {};
    }
    pair_list attributes = {{"git_commit", state.commit}};
    if (!state.branch.empty()) {
        attributes.emplace_back("git_branch", state.branch);
    }
    attributes.emplace_back("git_dirty", state.diff.empty() ? "0" : "1");
    return attributes;
}

inline result<void> save_git_diff(const git_state& state, const std::string& run_directory) {
    if (state.diff.empty()) {
        return {};
    }
    constexpr std::size_t most = 4U << 20U;
    const std::string text = withhold_in_text(std::string_view(state.diff).substr(0, most));
    return os::save_file(data_path(run_directory, git_diff_name), text);
}

}}}  // namespace guild::runs
