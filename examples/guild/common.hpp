// examples/guild/common.hpp - what the commands share: loading the project with its diagnostics, choosing a run,
// printing errors.
#pragma once

#include "command.hpp"

#include <guild/base/result.hpp>
#include <guild/ini/document.hpp>
#include <guild/project/load.hpp>
#include <guild/project/project.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {

/// `-P, --project DIR`, which every command that reads a project takes.
option_spec project_option();

/// `--json`.
option_spec json_option();

/// `-p, --profile NAME` and `-F, --flag NAME[=VAL]`.
std::vector<option_spec> flag_options();

/// Prints `error`: `path:line:col: message` when it has a place in a file, `guild COMMAND: message` otherwise.
/// Returns exit_usage.
int fail(io& console, const guild::error& error);

/// Prints diagnostics as `path:line:col: message` (warnings as `path:line:col: warning: message`), each with its source
/// line out of `text`, a caret, and its hint.
void print_diagnostics(io& console, const std::vector<guild::ini::diagnostic>& diagnostics, std::string_view text);

/// Loads the project named by --project and prints what is wrong with it; empty when it cannot be used, with the message
/// printed.
std::optional<guild::project::project> load_project(const arguments& given, io& console, bool with_builtins = false);

/// The directory of the running program, absolute; empty when the system does not tell.
std::string find_program_directory();

/// The project's directory as given with --project, "." without it.
std::string project_directory(const arguments& given);

}  // namespace program
