// examples/guild/run.cpp - guild run: records any command as a run.

#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <guild/base/path.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// The command as the user wrote it, from the directory where the user is.
guild::result<guild::project::operation> make_plain_operation(const std::vector<std::string>& words,
                                                              const std::string& run_directory) {
    const auto found = guild::os::get_program(words.front(), guild::os::find_variable("PATH"));
    if (!found) {
        return found.error();
    }
    guild::project::operation operation;
    operation.argv = words;
    operation.directory = guild::os::current_directory();
    operation.environment = operation_variables(run_directory);
    return operation;
}

int run(const arguments& given, io& console) {
    const auto root = find_run_root(given, console);
    if (!root) {
        return exit_usage;
    }
    auto rules = find_output_rules(given, console);
    if (!rules) {
        return exit_usage;
    }
    const auto timeout = get_timeout_ms(given);
    if (!timeout) {
        return fail(console, timeout.error());
    }
    const std::vector<std::string> words = given.all("COMMAND");
    recording what;
    what.run_root = *root;
    what.name = guild::base_name(words.front());
    what.timeout_ms = *timeout;
    what.output_rules = std::move(*rules);
    what.project_directory = guild::os::current_directory();
    what.make = [&](const std::string& run_directory) {
        return make_plain_operation(words, run_directory);
    };
    return record(what, console);
}

}  // namespace

command_spec run_command() {
    return {"run",
            "run any command and record it",
            "The command runs in the current directory, with its run directory in the environment "
            "variable RUNDIR; what is "
            "recorded is the same as for 'guild train'. The run is kept among those of the "
            "project, or, where there is no "
            "Guild file, in the directory runs.",
            {{"COMMAND", how_many::command, "the command and its arguments"}},
            {project_option(), timeout_option()},
            run};
}

}  // namespace program
