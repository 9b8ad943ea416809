// examples/guild/common.hpp - what the commands share: options, loading the project with its
// diagnostics, choosing a run, printing errors.
#pragma once

#include "command.hpp"

#include <guild/base/error.hpp>
#include <guild/ini/document.hpp>
#include <guild/project/load.hpp>
#include <guild/project/project.hpp>
#include <guild/runs/run.hpp>

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

/// `-P`, `-L, --latest-run` and what else the commands on one run take; `more` follows.
std::vector<option_spec> run_options(std::vector<option_spec> more = {});

/// The argument RUNDIR.
positional_spec run_positional();

/// Prints `error`: `path:line:col: message` when it has a line, `guild COMMAND: message` otherwise.
///
/// out      exit_usage
int fail(io& console, const guild::error& error);

/// Prints diagnostics as `path:line:col: message`, each with its source line out of `text`, a caret
/// and its hint.
void print_diagnostics(io& console, const std::vector<guild::ini::diagnostic>& diagnostics,
                       std::string_view text);

/// The project's directory as given with --project, "." without it.
std::string project_directory(const arguments& given);

/// How the program loads projects: Guild or Guild.toml.
guild::project::load_options project_load_options();

/// Loads the project named by --project, whatever is wrong with it, without printing anything.
guild::project::load_report read_project(const arguments& given);

/// Whether `report` is about a directory without a project file.
bool is_missing(const guild::project::load_report& report);

/// `runs` of a directory without a project file, where `guild run` keeps its runs; absolute, as the
/// only run root.
std::optional<std::vector<std::string>>
find_plain_run_root(const guild::project::load_report& report, const arguments& given);

/// Loads the project named by --project and prints what is wrong with it; empty when it cannot be
/// used.
std::optional<guild::project::project> load_project(const arguments& given, io& console);

/// The run roots of the project, or the plain one. Empty when there is neither, with the error
/// printed.
std::optional<std::vector<std::string>> load_run_roots(const arguments& given, io& console);

/// Where new runs that belong to no model are kept; empty when the project cannot be used, with the
/// error printed.
std::optional<std::string> find_run_root(const arguments& given, io& console);

/// The run that RUNDIR or --latest-run names, with what is odd about its directory printed as
/// warnings; empty when there is none, with the error printed.
std::optional<guild::runs::run> select_run(const arguments& given, io& console);

/// The run at a path; failing that, for a name without a slash, the run of that name in the
/// project's run roots. Warnings as select_run; empty with the error printed.
std::optional<guild::runs::run> select_named_run(const std::string& name, const arguments& given,
                                                 io& console);

/// The runs that RUNDIR or --latest-run name, or without them all of the project, newest first,
/// with what is odd about them printed as warnings; empty when one is missing, with the error
/// printed.
std::optional<std::vector<guild::runs::run>> select_runs(const arguments& given, io& console);

using name_values = std::vector<std::pair<std::string, std::string>>;

/// Prints one `NAME: VALUE` on a line; with --json one object.
void print_name_values(const name_values& list, const arguments& given, io& console);

/// Prints an error about bytes that came from somewhere, without their control characters.
///
/// out      exit_failed
int fail_work(io& console, const guild::error& error);

/// Text from files and names of files, for a terminal: control characters, and marks that turn the
/// direction of text around, become '?', except those in `kept`.
std::string printable(std::string_view text, std::string_view kept = {});

/// The directory of the running program, absolute; empty when the system does not tell.
std::string find_program_directory();

}  // namespace program
