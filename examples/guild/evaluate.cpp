// examples/guild/evaluate.cpp - guild evaluate: runs the evaluate operation of a run's model on
// that run, and records it as a run of its own.

#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/recorded_command.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

using guild::runs::run_status;

constexpr const char* evaluation_attribute = "evaluation_of";

bool is_evaluation(const guild::runs::run& run) {
    return guild::runs::find_value(run.attrs(), evaluation_attribute) != nullptr;
}

/// The run that RUNDIR names, or with --latest-run the last one that is no evaluation itself; empty
/// with the error printed.
std::optional<guild::runs::run> select_evaluated(const arguments& given, io& console) {
    if (given.has("RUNDIR") || !given.has("latest-run")) {
        return select_run(given, console);
    }
    const auto roots = load_run_roots(given, console);
    if (!roots) {
        return std::nullopt;
    }
    for (guild::runs::run& run : guild::runs::list_runs(*roots)) {
        if (!is_evaluation(run)) {
            return std::move(run);
        }
    }
    console.fail("There are no runs for this project");
    return std::nullopt;
}

/// Only what does not change any more can be evaluated.
bool can_be_evaluated(const guild::runs::run& run, io& console) {
    const run_status status = run.status();
    if (guild::base_name(guild::parent_path(run.path())) == guild::runs::trash_directory) {
        console.fail(run.path() + " is deleted; 'guild restore' brings it back");
    } else if (is_evaluation(run)) {
        console.fail(run.path() + " is an evaluation itself, of " +
                     printable(*guild::runs::find_value(run.attrs(), evaluation_attribute)));
    } else if (status != run_status::completed && status != run_status::terminated &&
               status != run_status::error) {
        console.fail(run.path() + " is " + std::string(to_string(status)) +
                     "; only runs that have ended are evaluated");
    } else {
        return true;
    }
    return false;
}

/// What the run was trained with, its directory being where it is now; nothing that was withheld.
guild::project::variables recorded_flags(const guild::runs::run& run) {
    const std::string then = run.find_meta("rundir").value_or(run.path());
    guild::project::variables flags;
    for (const auto& [name, value] : run.flags()) {
        if (!guild::contains(value, guild::runs::withheld_text)) {
            flags.emplace_back(name, guild::runs::replace_directory(value, then, run.path()));
        }
    }
    return flags;
}

int evaluate(const arguments& given, io& console) {
    const auto run = select_evaluated(given, console);
    if (!run || !can_be_evaluated(*run, console)) {
        return exit_usage;
    }
    const auto project = load_project(given, console);
    if (!project) {
        return exit_usage;
    }
    const bool has_model = !run->model().empty();
    const auto model =
        project->get_model(has_model ? std::make_optional(run->model()) : std::nullopt);
    if (!model) {
        return fail(console, model.error());
    }
    auto flags =
        resolve_flags(*project, **model, given,
                      given.has("run-flags") ? recorded_flags(*run) : guild::project::variables());
    if (!flags) {
        return fail(console, flags.error());
    }
    operation_request request{*project, **model, "evaluate", std::move(*flags), "$RUNDIR"};
    if (given.has("preview")) {
        return preview(request, "$EVALDIR", console);
    }
    request.evaluates = run->path();
    auto what = make_recording(request, given, console);
    if (!what) {
        return fail(console, what.error());
    }
    auto rules = find_output_rules(given, console);
    if (!rules) {
        return exit_usage;
    }
    what->output_rules = std::move(*rules);
    what->name += "-evaluate";
    what->model.clear();  // lists of a model's runs are those of its trainings
    what->attrs = {{evaluation_attribute, run->id()}};
    return record(*what, console);
}

std::vector<option_spec> evaluate_options() {
    std::vector<option_spec> options = operation_options();
    options.insert(options.begin() + 1, {"-L,--latest-run", "",
                                         "the run that started last and is no evaluation", false});
    options.push_back({"--run-flags", "",
                       "use the values that the run was trained with where it has some", false});
    options.push_back(timeout_option());
    return options;
}

}  // namespace

command_spec evaluate_command() {
    return {"evaluate",
            "evaluate the trained model of a run",
            "Runs the command that the section of the run's model names as evaluate, with the "
            "project's flags as arguments, as for 'guild train'. $RUNDIR is the directory of the "
            "run that is evaluated, which must have ended. What is recorded is a run of its own, "
            "in the directory $EVALDIR, with the attribute evaluation_of; the evaluated run stays "
            "as it is. The exit status is that of the command, 128 + N when signal N ended it.\n"
            "A run without a model is evaluated as the model that 'guild train' trains by default.",
            {run_positional()},
            evaluate_options(),
            evaluate};
}

}  // namespace program
