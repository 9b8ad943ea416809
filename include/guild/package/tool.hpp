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

}}}  // namespace guild::package
