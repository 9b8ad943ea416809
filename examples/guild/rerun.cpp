// examples/guild/rerun.cpp - guild rerun: runs the command of a recorded run again, as a new run.

#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <guild/base/path.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/project/flags.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/recorded_command.hpp>

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// The recorded command with the flags of the command line.
guild::result<guild::runs::recorded_command> make_command(const guild::runs::run& old,
                                                          const arguments& given) {
    auto command = guild::runs::command_of(old);
    if (!command) {
        return command;
    }
    for (const std::string& text : given.all("flag")) {
        auto flag = guild::project::parse_flag_argument(text);
        auto set = flag ? guild::runs::set_flag(*command, flag->first, flag->second)
                        : guild::result<void>(std::move(flag).error());
        if (!set) {
            return std::move(set).error();
        }
    }
    auto complete = guild::runs::check_complete(*command);
    if (!complete) {
        complete.error().message += "; give it with --flag";
        return std::move(complete).error();
    }
    return command;
}

std::vector<guild::project::flag> as_flags(const guild::runs::pair_list& pairs) {
    std::vector<guild::project::flag> flags;
    for (const auto& [name, value] : pairs) {
        guild::project::flag one;
        one.name = name;
        one.value = value;
        flags.push_back(std::move(one));
    }
    return flags;
}

guild::result<guild::project::operation>
make_recorded_operation(const guild::runs::recorded_command& recorded,
                        const std::string& run_directory) {
    const auto command = guild::runs::with_run_directory(recorded, run_directory);
    const auto path = guild::os::find_variable("PATH");
    const bool is_relative = guild::contains(command.argv.front(), "/") &&
                             !guild::starts_with(command.argv.front(), "/");
    const auto found = guild::os::get_program(
        is_relative ? guild::join_path(command.directory, command.argv.front())
                    : command.argv.front(),
        path);
    if (!found) {
        return found.error();
    }
    guild::project::operation operation;
    operation.argv = command.argv;
    operation.directory = command.directory;
    operation.environment = command.environment;
    for (auto& [name, value] : operation_variables(run_directory)) {
        if (guild::runs::find_value(command.environment, name) == nullptr) {
            operation.environment.emplace_back(name, value);
        }
    }
    operation.flags = as_flags(command.flags);
    operation.written_argv = command.argv;
    operation.how_found = command.argv.front() + ", as run " +
                          guild::base_name(recorded.run_directory) + " recorded it";
    return operation;
}

int rerun(const arguments& given, io& console) {
    const auto old = select_run(given, console);
    if (!old) {
        return exit_usage;
    }
    const auto command = make_command(*old, given);
    if (!command) {
        return fail(console, command.error());
    }
    if (!guild::os::is_directory(command->directory)) {
        return console.fail("the working directory of the run is gone: " + command->directory);
    }
    const auto interval = get_sample_interval_ms(as_flags(command->flags));
    if (!interval) {
        return fail(console, interval.error());
    }
    if (given.has("preview")) {
        const auto operation = make_recorded_operation(*command, "$RUNDIR");
        if (!operation) {
            return fail(console, operation.error());
        }
        console.print(guild::project::format_preview(*operation));
        return exit_ok;
    }
    auto rules = find_output_rules(given, console);
    if (!rules) {
        return exit_usage;
    }
    recording what;
    what.output_rules = std::move(*rules);
    what.run_root = guild::runs::root_of(*old);
    what.name = guild::runs::display_name(*old);
    what.model = old->model();
    what.sample_interval_ms = *interval;
    what.project_directory = command->directory;
    what.meta = {{"rerun_of", old->id()}};
    what.make = [&](const std::string& run_directory) {
        return make_recorded_operation(*command, run_directory);
    };
    return record(what, console);
}

}  // namespace

command_spec rerun_command() {
    return {"rerun",
            "run the command of a recorded run again",
            "Makes a new run with the command, flags, working directory and variables that the run "
            "recorded; the project file is not read for them. Where they mention the directory of "
            "the old run, that of the new one is put. The exit status is that of the command.",
            {run_positional()},
            run_options({{"-F,--flag", "NAME[=VAL]",
                          "give a flag another value, true without one; may be given again", true},
                         {"--preview", "", "show the command that would be run, and end"}}),
            rerun};
}

}  // namespace program
