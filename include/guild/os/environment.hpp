// guild/os/environment.hpp - environment variables as values, and programs found by them.
//
// Layer 2. Includes: the standard library, POSIX, os/env.hpp. Nothing here changes the environment
// of this process: setting variables while other threads read them is undefined, so children get
// theirs as a list (os/process.hpp).
// Not here: the calls that storage is made of (os/env.hpp, whose name means something else).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <crt_externs.h>
#else
extern char** environ;
#endif

namespace guild { inline namespace v0 { namespace os {

/// Name and value of one variable.
using variable = std::pair<std::string, std::string>;

/// Variables in the order in which a process sees them. With a name twice, the last one counts
/// here.
using variables = std::vector<variable>;

/// A variable of this process.
///
/// example  tests/os/environment.cpp "find_variable: set, empty and missing are three things"
[[nodiscard]] std::optional<std::string> find_variable(const std::string& name);

/// A variable of a list.
[[nodiscard]] std::optional<std::string> find_variable(const variables& list,
                                                       std::string_view name);

/// All variables of this process. An entry without '=' cannot be told as name and value: left out.
[[nodiscard]] variables current_environment();

/// `base` with `overrides` written over it. Each name is there once, where it first stood; new ones
/// follow.
///
/// example  tests/os/environment.cpp "merge_environment: the last of a name wins and order is kept"
[[nodiscard]] variables merge_environment(const variables& base, const variables& overrides);

/// Where a program is: what to check it by, and what to execute.
struct program_path {
    std::string found;    // as this process can open it
    std::string execute;  // as a child that has changed into the directory executes it
};

/// Finds the program that a child with this PATH would execute from this directory.
///
/// in       name: with a '/' it is a path, relative to `directory`; else it is looked for along
///          `path`, where an empty element means the directory and relative ones are relative to
///          it. No path: "/bin:/usr/bin". directory: "" is the current one
/// errors   not_found, not_executable (also a directory), permission_denied (a directory on the
///          way), not_a_directory, bad_value (too many links, name too long); error.path is the
///          file that was tried, or the name
/// example  tests/os/environment.cpp "get_program: every way to fail is told apart"
[[nodiscard]] result<program_path> get_program(const std::string& name,
                                               const std::optional<std::string>& path,
                                               const std::string& directory = {});

/// The same, where nothing found is normal.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name,
                                                      const std::optional<std::string>& path,
                                                      const std::string& directory = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

inline char** process_environment() noexcept {
#if defined(__APPLE__)
    return *_NSGetEnviron();
#else
    return ::environ;
#endif
}

struct program_check {
    int code = 0;          // errno's value; 0: this process may execute the file
    bool at_file = false;  // the file is there, but is a directory or lacks the permission
};

inline program_check check_program(const std::string& path) {
    raw_status status{};
    if (raw_stat(path.c_str(), &status) != 0) {
        return {errno, false};
    }
    if (S_ISDIR(status.st_mode)) {
        return {EISDIR, true};
    }
    const bool allowed = ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
    return {allowed ? 0 : EACCES, true};
}

inline error program_error(program_check what, std::string path) {
    error failure = os_error(what.code, what.at_file ? "executing the file" : "finding the program",
                             std::move(path));
    if (what.at_file) {
        failure.code = errc::not_executable;
    }
    return failure;
}

inline result<program_path> search_program(const std::string& name, std::string_view path,
                                           const std::string& directory) {
    program_check blocked;  // of the first file that has the name but cannot be run
    std::string blocked_path;
    while (true) {
        const std::size_t colon = path.find(':');
        const std::string_view element = path.substr(0, colon);
        program_path tried;
        tried.execute = element.empty() ? "./" + name : join_path(element, name);
        tried.found = join_path(directory, tried.execute);
        const program_check check = check_program(tried.found);
        if (check.code == 0) {
            return tried;
        }
        if (blocked.code == 0 && check.code != ENOENT && check.code != ENOTDIR) {
            blocked = check;
            blocked_path = tried.found;
        }
        if (colon == std::string_view::npos) {
            break;
        }
        path.remove_prefix(colon + 1);
    }
    return blocked.code != 0 ? program_error(blocked, blocked_path)
                             : program_error({ENOENT, false}, name);
}

}  // namespace detail

inline std::optional<std::string> find_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

inline std::optional<std::string> find_variable(const variables& list, std::string_view name) {
    for (auto it = list.rbegin(); it != list.rend(); ++it) {
        if (it->first == name) {
            return it->second;
        }
    }
    return std::nullopt;
}

inline variables current_environment() {
    variables list;
    for (char** at = detail::process_environment(); at != nullptr && *at != nullptr; ++at) {
        const std::string_view entry = *at;
        const std::size_t equals = entry.find('=', 1);
        if (equals != std::string_view::npos) {
            list.emplace_back(std::string(entry.substr(0, equals)),
                              std::string(entry.substr(equals + 1)));
        }
    }
    return list;
}

inline variables merge_environment(const variables& base, const variables& overrides) {
    variables merged;
    const auto put = [&merged](const variable& next) {
        for (variable& present : merged) {
            if (present.first == next.first) {
                present.second = next.second;
                return;
            }
        }
        merged.push_back(next);
    };
    for (const variable& next : base) {
        put(next);
    }
    for (const variable& next : overrides) {
        put(next);
    }
    return merged;
}

inline result<program_path> get_program(const std::string& name,
                                        const std::optional<std::string>& path,
                                        const std::string& directory) {
    if (name.empty()) {
        return make_error(errc::not_found, "expected the name of a program, saw an empty one");
    }
    if (name.find('/') == std::string::npos) {
        return detail::search_program(name, path ? std::string_view(*path) : "/bin:/usr/bin",
                                      directory);
    }
    program_path tried;
    tried.execute = name;
    tried.found = join_path(directory, name);
    const detail::program_check check = detail::check_program(tried.found);
    if (check.code != 0) {
        return detail::program_error(check, tried.found);
    }
    return tried;
}

inline std::optional<std::string> find_program(const std::string& name,
                                               const std::optional<std::string>& path,
                                               const std::string& directory) {
    result<program_path> found = get_program(name, path, directory);
    return found ? std::optional<std::string>(std::move(found->found)) : std::nullopt;
}

}}}  // namespace guild::os
