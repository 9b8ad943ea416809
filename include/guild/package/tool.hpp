// guild/package/tool.hpp - running git, curl and the like: what they are given, and what their
// failures mean.
//
// Layer 4. Includes: base, os/process.hpp.
// Not here: the options of each (package/git.hpp, package/download.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/process.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What the caller is told while something is fetched; both may be empty. `say` gets whole lines
/// without their ends, `progress` texts of which each replaces the last, as on a terminal.
using line_function = std::function<void(std::string_view line)>;

/// How programs are run.
///
/// units    timeout_ms: milliseconds for one program from start to end; below 0: no limit
struct tool_options {
    std::string git = "git";
    std::string curl = "curl";
    os::variables environment;  // what programs see; empty: this process's own
    std::int64_t timeout_ms = -1;
    int stop_fd = -1;  // when this can be read, the program is stopped: interrupted
    line_function say;
    line_function warn;  // one warning, without `warning: `
    line_function progress;
};

/// Runs one program; `limits` may hold an input and on_output.
///
/// errors   missing_requirement: it is not installed; timed_out; interrupted; those of os::run. A
///          program that fails is no error here
/// example  tests/package/tool.cpp "tool: a missing program is named"
[[nodiscard]] result<os::run_result>
run_tool(os::process_options command, const tool_options& options, os::run_options limits = {});

/// What a program that failed said last, for a message: one line, without control characters.
///
/// example  tests/package/tool.cpp "tool: the last words are one clean line"
[[nodiscard]] std::string last_words(const os::run_result& ran);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error missing_tool(const std::string& name, const error& why) {
    return make_error(errc::missing_requirement,
                      "`" + name + "` is needed and cannot be run: " + why.message, why.path);
}

/// The lines of what a program printed; a carriage return ends one, too.
inline std::vector<std::string> clean_lines(std::string_view text) {
    std::vector<std::string> lines(1);
    for (const char c : text) {
        if (c != '\n' && c != '\r') {
            lines.back() += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
        } else if (!trim(lines.back()).empty()) {
            lines.emplace_back();
        }
    }
    if (trim(lines.back()).empty()) {
        lines.pop_back();
    }
    return lines;
}

inline const os::variables& environment_of(const tool_options& options, os::variables& own) {
    if (!options.environment.empty()) {
        return options.environment;
    }
    own = os::current_environment();
    return own;
}

}  // namespace detail

inline result<os::run_result> run_tool(os::process_options command, const tool_options& options,
                                       os::run_options limits) {
    const std::string name = command.argv.empty() ? std::string() : command.argv.front();
    if (!command.environment && !options.environment.empty()) {
        command.environment = options.environment;
    }
    if (limits.timeout_ms < 0) {
        limits.timeout_ms = options.timeout_ms;
    }
    if (limits.stop_fd < 0) {
        limits.stop_fd = options.stop_fd;
    }
    auto ran = os::run(command, limits);
    if (!ran) {
        const errc code = ran.error().code;
        const bool is_missing = code == errc::not_found || code == errc::not_executable;
        return is_missing ? detail::missing_tool(name, ran.error()) : std::move(ran).error();
    }
    if (ran->timed_out) {
        return make_error(errc::timed_out, "`" + name + "` was stopped after " +
                                               std::to_string(limits.timeout_ms) + " ms");
    }
    if (ran->stopped && options.stop_fd >= 0 && limits.stop_fd == options.stop_fd) {
        return make_error(errc::interrupted, "`" + name + "` was stopped");
    }
    return ran;
}

inline std::string last_words(const os::run_result& ran) {
    constexpr std::size_t most = 300;
    const std::vector<std::string> lines = detail::clean_lines(ran.err.empty() ? ran.out : ran.err);
    std::string words;
    for (const std::string& line : lines) {
        for (const std::string_view mark : {"fatal: ", "error: ", "ERROR: "}) {
            if (words.empty() && starts_with(line, mark)) {
                words = line.substr(mark.size());
            }
        }
    }
    if (words.empty() && !lines.empty()) {
        words = lines.back();
    }
    words = std::string(trim(words)).substr(0, most);
    return words.empty() ? to_string(ran.status) : words;
}

}}}  // namespace guild::package
