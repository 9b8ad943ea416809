// examples/guild/recording.hpp - runs a command as a recorded run, for `guild train` and `guild
// run`.
#pragma once

#include "command.hpp"
#include "operation_options.hpp"

#include <guild/base/result.hpp>
#include <guild/project/operation.hpp>
#include <guild/runs/external_collector.hpp>
#include <guild/runs/output_rules.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/tsv.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace program {

/// What is to be recorded.
struct recording {
    std::string run_root;
    std::string name;               // last part of the run directory's name; may be empty
    std::string model;              // for meta.tsv; empty without a model
    guild::runs::pair_list meta;    // more keys of meta.tsv
    guild::runs::pair_list attrs;   // more keys of attrs.tsv
    std::string evaluates;          // directory of the run that is evaluated; empty: none
    std::string project_directory;  // whose sources and git state are recorded
    std::vector<std::string> source_patterns;  // which files are copied into the run
    std::vector<std::string> source_files;     // and which of the project, by their paths
    /// The run whose snapshot and git state are copied, in place of the project's.
    std::optional<guild::runs::run> sources_of;
    /// The operation for one run directory. Called once with the text "$RUNDIR" before anything is
    /// made, to see that the command can be started.
    std::function<guild::result<guild::project::operation>(const std::string& run_directory)> make;
    /// Programs whose metrics are recorded beside the command; not given: none.
    std::function<std::vector<guild::runs::collector_spec>(const std::string& run_directory)>
        collectors;
    std::vector<guild::runs::output_rule> output_rules;  // values of series in what it prints
    std::int64_t sample_interval_ms = 0;                 // 0: as the supervisor does by itself
    std::int64_t timeout_ms = -1;                        // below 0: no limit
};

/// What is to be recorded of an operation of a model, with the options of `given`. `request` must
/// outlive it.
///
/// errors   bad_value
guild::result<recording> make_recording(const operation_request& request, const arguments& given,
                                        const io& console);

/// `--timeout TIME`, for the commands that record.
option_spec timeout_option();

/// Milliseconds as --timeout says: a number with or without s, m, h or d; below 0 without it.
///
/// errors   bad_value
guild::result<std::int64_t> get_timeout_ms(const arguments& given);

/// Makes the run directory, runs the command in it under the supervisor until it ends, and passes
/// its status on. How a run ended that did not complete is printed on standard error, with the last
/// lines of its output where those went elsewhere.
///
/// out      exit code of the command; 128 + n when signal n ended it or asked guild to stop;
/// exit_usage when it could not
///          be started, with the error printed and no run left
int record(const recording& what, io& console);

}  // namespace program
