// examples/guild/train.cpp - guild train: runs the train operation of a model and records it.

#include "collectors.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <guild/base/text.hpp>

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// `sources` of the model, or of [project].
std::vector<std::string> source_patterns(const operation_request& request) {
    const std::string* own = request.section.find("sources");
    const guild::project::section* whole = request.project.find_section({"project"});
    const std::string* all = whole == nullptr ? nullptr : whole->find("sources");
    const std::string* text = own != nullptr ? own : all;
    return text == nullptr ? std::vector<std::string>() : guild::split_words(*text);
}

/// Records one run of the operation.
int record_training(const operation_request& request, const arguments& given, io& console) {
    const auto timeout = get_timeout_ms(given);
    if (!timeout) {
        return fail(console, timeout.error());
    }
    const auto interval = get_sample_interval_ms(request.flags);
    if (!interval) {
        return fail(console, interval.error());
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
    recording what;
    what.run_root = request.project.run_root(&request.section);
    what.name = request.project.model_display_name(request.section);
    what.model = request.section.name();
    what.sample_interval_ms = *interval;
    what.timeout_ms = *timeout;
    what.project_directory = request.project.directory();
    what.source_patterns = source_patterns(request);
    what.output_rules = std::move(*rules);
    what.make = [&](const std::string& run_directory) {
        return make_operation(request, run_directory, console);
    };
    what.collectors = [&](const std::string& run_directory) {
        return make_collectors(request.project, *collectors, run_directory,
                               *interval > 0 ? *interval : 1'000, console);
    };
    return record(what, console);
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
    const operation_request request{*project, **model, "train", std::move(*flags)};
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
