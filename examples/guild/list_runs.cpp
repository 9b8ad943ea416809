// examples/guild/list_runs.cpp - guild list-runs: every run of the project with its status, newest
// first.

#include "commands.hpp"
#include "common.hpp"

#include <guild/json.hpp>
#include <guild/runs/catalog.hpp>

#include <string>
#include <vector>

namespace program {
namespace {

using guild::runs::run_status;

/// Whether `status` passes the filters; several filters must all hold, as in the 2017 tool.
bool passes(run_status status, const arguments& given) {
    const bool failed = status == run_status::error;
    const bool stopped = status == run_status::terminated;
    return (!given.has("completed") || status == run_status::completed) &&
           (!given.has("terminated") || stopped) && (!given.has("error") || failed) &&
           (!given.has("error-or-terminated") || failed || stopped) &&
           (!given.has("running") || status == run_status::running);
}

/// The ANSI colour of a status word.
const char* colour_of(run_status status) {
    switch (status) {
    case run_status::running:
        return "\033[34m";
    case run_status::completed:
        return "\033[32m";
    case run_status::error:
        return "\033[31m";
    default:
        return "\033[33m";
    }
}

int list_runs(const arguments& given, io& console) {
    const auto roots = load_run_roots(given, console);
    if (!roots) {
        return exit_usage;
    }
    guild::json::value list = guild::json::value::array();
    const bool colour = console.use_colour();
    for (const guild::runs::run& run : guild::runs::list_runs(*roots)) {
        const run_status status = run.status();
        if (!passes(status, given)) {
            continue;
        }
        if (given.has("json")) {
            list.push_back(guild::json::to_json(run));
        } else {
            const std::string word(to_string(status));
            console.print(run.path() + '\t' +
                          (colour ? colour_of(status) + word + "\033[0m" : word) + '\n');
        }
    }
    if (given.has("json")) {
        console.print(guild::json::format(list) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec list_runs_command() {
    return {"list-runs",
            "list the runs of a project, newest first",
            "Prints RUNDIR, a tab and the status of each run: running, completed, terminated, "
            "error, pending or lost. A run "
            "is listed when it passes every filter given.",
            {},
            {project_option(),
             {"--completed", "", "only completed runs"},
             {"--terminated", "", "only runs that were stopped"},
             {"--error", "", "only runs that failed"},
             {"--error-or-terminated", "", "only runs that failed or were stopped"},
             {"--running", "", "only runs that are running"},
             json_option()},
            list_runs};
}

}  // namespace program
