// examples/guild/operation_options.hpp - from the options -F and -p and a section to an operation
// of the project.
#pragma once

#include "command.hpp"

#include <guild/base/result.hpp>
#include <guild/project/flags.hpp>
#include <guild/project/operation.hpp>
#include <guild/project/project.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace program {

/// `-P`, `-p, --profile NAME`, `-F, --flag NAME[=VAL]` and `--preview`.
std::vector<option_spec> operation_options();

/// The flags of `section` with the profile and the flags of the command line; `recorded` ones lie
/// between the two.
guild::result<std::vector<guild::project::flag>>
resolve_flags(const guild::project::project& project, const guild::project::section& section,
              const arguments& given, guild::project::variables recorded = {});

/// PKGHOME, GPU_COUNT and, unless `run_directory` is empty, RUNDIR.
guild::project::variables operation_variables(const std::string& run_directory);

/// One operation of a section, as it is to be run.
struct operation_request {
    const guild::project::project& project;
    const guild::project::section& section;
    std::string attribute;  // "train", "prepare" or "evaluate"
    std::vector<guild::project::flag> flags;
    std::string evaluates;  // directory of the run that is evaluated; empty: none
};

/// The operation with `run_directory` as $RUNDIR, of an evaluation as $EVALDIR; without that
/// variable when it is empty.
guild::result<guild::project::operation> make_operation(const operation_request& request,
                                                        const std::string& run_directory,
                                                        const io& console);

/// Milliseconds between two samples of the statistics, as the flag stats_interval says in seconds;
/// 0 without it.
///
/// errors   bad_value
guild::result<std::int64_t> get_sample_interval_ms(const std::vector<guild::project::flag>& flags);

/// `sources` of the section, or of [project].
std::vector<std::string> source_patterns(const operation_request& request);

/// Prints what would be run, with `run_directory` as $RUNDIR.
int preview(const operation_request& request, const std::string& run_directory, io& console);

}  // namespace program
