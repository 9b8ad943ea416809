// examples/guild/recording.cpp - makes the run directory, installs the signal handlers, hands over
// to the supervisor.

#include "recording.hpp"

#include "common.hpp"
#include "signals.hpp"

#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/runs/build_identity.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/source_snapshot.hpp>
#include <guild/runs/supervisor.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string_view>
#include <utility>

namespace program {
namespace {

/// What the signal handler notifies, and the last signal it saw.
std::atomic<guild::runs::stop_request*> current_stop{nullptr};
volatile sig_atomic_t last_signal = 0;

void request_stop(int signal) {
    last_signal = signal;
    if (guild::runs::stop_request* stop = current_stop.load()) {
        stop->notify(signal);
    }
}

guild::runs::supervise_options make_options(const recording& what,
                                            const guild::project::operation& operation,
                                            const std::string& run_directory) {
    guild::runs::supervise_options options;
    options.run_directory = run_directory;
    options.argv = operation.argv;
    options.directory = operation.directory;
    options.environment = operation.environment;
    for (const guild::project::flag& flag : operation.flags) {
        options.flags.emplace_back(flag.name, flag.value);
    }
    options.meta = what.meta;
    options.meta.insert(options.meta.end(), {{"model", what.model}, {"rundir", run_directory}});
    if (what.model.empty() && !what.name.empty()) {
        options.meta.emplace_back("name", what.name);
    }
    if (what.sample_interval_ms > 0) {
        options.sample_interval_ms = what.sample_interval_ms;
    }
    options.echo_out = STDOUT_FILENO;
    options.echo_err = STDERR_FILENO;
    return options;
}

/// The exit status of guild for how the command ended; says so when a signal ended it.
int pass_on(const guild::runs::outcome& outcome, io& console) {
    if (outcome.status == guild::runs::run_status::terminated && last_signal != 0) {
        return 128 + last_signal;
    }
    if (outcome.exit.how == guild::os::exit_status::kind::signalled) {
        console.fail("operation interrupted with " + guild::os::signal_name(outcome.exit.signal));
    }
    return guild::os::shell_code(outcome.exit);
}

/// Removes the directory of a run whose command was never started.
void remove_unused(const std::string& run_directory) {
    const auto entries = guild::os::list_directory(run_directory);
    if (entries && entries->size() == 1 && entries->front().name == guild::runs::data_directory) {
        (void)guild::os::remove_tree(run_directory);
    }
}

/// Copies sources and the difference to the commit into the run; attributes for what git says.
guild::runs::pair_list record_sources(const recording& what, const std::string& run_directory,
                                      io& console) {
    if (!what.source_patterns.empty()) {
        const auto report =
            guild::runs::save_sources(what.project_directory, what.source_patterns, run_directory);
        for (const std::string& path : report.left_out) {
            console.warn("not copied into the run: " + printable(path));
        }
    }
    const auto state = guild::runs::read_git_state(what.project_directory);
    if (const auto saved = guild::runs::save_git_diff(state, run_directory); !saved) {
        console.warn(guild::to_string(saved.error()));
    }
    return guild::runs::git_attributes(state);
}

/// Where the program of an operation lies; empty when it is not found.
std::string program_file(const guild::project::operation& operation) {
    const auto found = guild::os::get_program(
        operation.argv.front(), guild::os::find_variable("PATH"), operation.directory);
    return found ? found->found : std::string();
}

int supervise(const recording& what, const guild::project::operation& operation,
              const std::string& run_directory, io& console) {
    auto stop = guild::runs::stop_request::create();
    if (!stop) {
        return fail(console, stop.error());
    }
    guild::runs::supervise_options options = make_options(what, operation, run_directory);
    options.attrs = record_sources(what, run_directory, console);
    const auto build = guild::runs::build_attributes(program_file(operation));
    options.attrs.insert(options.attrs.end(), build.begin(), build.end());
    options.stop = &*stop;
    options.message = [&console](std::string_view text) {
        console.print_error(std::string(text) + '\n');
    };
    current_stop = &*stop;
    const signal_watch watch(request_stop);
    const auto outcome = guild::runs::supervise(options);
    current_stop = nullptr;
    if (!outcome) {
        remove_unused(run_directory);
        return fail(console, outcome.error());
    }
    return pass_on(*outcome, console);
}

}  // namespace

int record(const recording& what, io& console) {
    console.flush();
    if (auto checked = what.make("$RUNDIR"); !checked) {
        return fail(console, checked.error());
    }
    auto made = guild::runs::create_run_directory(guild::os::absolute_path(what.run_root),
                                                  what.name, guild::os::system_env.wall_time_us());
    if (!made) {
        return console.fail("cannot make a run directory: " + guild::to_string(made.error()));
    }
    const auto operation = what.make(*made);
    return operation ? supervise(what, *operation, *made, console)
                     : fail(console, operation.error());
}

}  // namespace program
