// examples/guild/prepare.cpp - guild prepare: runs the prepare operation of a model or resource;
// nothing is recorded.

#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "signals.hpp"

#include <guild/os/child.hpp>
#include <guild/os/environment.hpp>

#include <signal.h>

#include <atomic>
#include <string>
#include <utility>

namespace program {
namespace {

/// The process group of the command, which gets the signals that guild gets.
std::atomic<int> command_group{0};
volatile sig_atomic_t last_prepare_signal = 0;

void forward_signal(int signal) {
    last_prepare_signal = signal;
    if (const int group = command_group.load()) {
        ::kill(-group, signal);
    }
}

/// Runs the command until it ends and passes its status on.
int run_operation(const guild::project::operation& operation, io& console) {
    guild::os::process_options options;
    options.argv = operation.argv;
    options.directory = operation.directory;
    options.environment =
        guild::os::merge_environment(guild::os::current_environment(), operation.environment);
    options.out = guild::os::stream_mode::inherit;
    options.err = guild::os::stream_mode::inherit;
    console.flush();
    const signal_watch watch(forward_signal);
    auto child = guild::os::child::start(options);
    if (!child) {
        return fail(console, child.error());
    }
    command_group = child->pid();
    if (last_prepare_signal != 0) {
        ::kill(-child->pid(), last_prepare_signal);
    }
    const auto ended = child->wait();
    command_group = 0;
    if (!ended) {
        return fail(console, ended.error());
    }
    if (ended->how == guild::os::exit_status::kind::signalled && last_prepare_signal == 0) {
        console.fail("operation interrupted with " + guild::os::signal_name(ended->signal));
    }
    return guild::os::shell_code(*ended);
}

int prepare(const arguments& given, io& console) {
    const auto project = load_project(given, console);
    if (!project) {
        return exit_usage;
    }
    const auto section = project->get_model_or_resource(given.find("MODEL"));
    if (!section) {
        return fail(console, section.error());
    }
    auto flags = resolve_flags(*project, **section, given);
    if (!flags) {
        return fail(console, flags.error());
    }
    const operation_request request{*project, **section, "prepare", std::move(*flags), ""};
    if (given.has("preview")) {
        return preview(request, "", console);
    }
    const auto operation = make_operation(request, "", console);
    return operation ? run_operation(*operation, console) : fail(console, operation.error());
}

}  // namespace

command_spec prepare_command() {
    return {"prepare",
            "prepare a model or resource, for example fetch its data",
            "Runs the command that the section names as prepare, with the project's flags as "
            "arguments. Nothing is "
            "recorded. The exit status is that of the command, 128 + N when signal N ended it.",
            {{"MODEL", how_many::optional,
              "the name of a model or resource (default: the first model)"}},
            operation_options(),
            prepare};
}

}  // namespace program
