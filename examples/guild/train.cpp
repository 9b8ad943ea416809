// examples/guild/train.cpp - guild train: runs the train operation of a model and records it.

#include "collectors.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// Records one run of the operation.
int record_training(const operation_request& request, const arguments& given, io& console) {
    auto what = make_recording(request, given, console);
    if (!what) {
        return fail(console, what.error());
    }
    const auto collectors = get_collectors(request.project);
    if (!collectors) {
        return fail(console, collectors.error());
    }
    auto rules = find_output_rules(given, console);
    if (!rules) {
        return exit_usage;
    }
    const auto ready = guild::project::check_requirements(request.project, request.section);
    if (!ready) {
        return fail(console, ready.error());
    }
    what->output_rules = std::move(*rules);
    what->collectors = [&](const std::string& run_directory) {
        return make_collectors(request.project, *collectors, run_directory,
                               what->sample_interval_ms > 0 ? what->sample_interval_ms : 1'000,
                               console);
    };
    return record(*what, console);
}

int train(const arguments& given, io& console) {
    const auto project = load_project(given, console);
    if (!project) {
        return exit_usage;
    }
    const auto model = project->get_model(given.find("MODEL"));
    if (!model) {
        return fail(console, model.error());
    }
    auto flags = resolve_flags(*project, **model, given);
    if (!flags) {
        return fail(console, flags.error());
    }
    const operation_request request{*project, **model, "train", std::move(*flags), ""};
    return given.has("preview") ? preview(request, "$RUNDIR", console)
                                : record_training(request, given, console);
}

std::vector<option_spec> train_options() {
    std::vector<option_spec> options = operation_options();
    options.push_back(timeout_option());
    return options;
}

}  // namespace

command_spec train_command() {
    return {"train",
            "train a model",
            "Runs the command that the model's section names as train, with the project's flags as "
            "arguments, and records "
            "its flags, output, statistics and TensorFlow event scalars in a new run directory. "
            "Without MODEL the first "
            "model of the project is trained. The exit status is that of the command, 128 + N when "
            "signal N ended it.",
            {{"MODEL", how_many::optional, "the model's name"}},
            train_options(),
            train};
}

}  // namespace program
