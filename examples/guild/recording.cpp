// examples/guild/recording.cpp - makes the run directory, installs the signal handlers, hands over
// to the supervisor.

#include "recording.hpp"

#include "common.hpp"
#include "signals.hpp"

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/os/terminal.hpp>
#include <guild/runs/build_identity.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/post_mortem.hpp>
#include <guild/runs/source_snapshot.hpp>
#include <guild/runs/supervisor.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

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
        if (signal_watch::is_stop_command()) {
            stop->notify_stop();
        } else {
            stop->notify(signal);
        }
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
    options.evaluates = what.evaluates;
    options.meta.insert(options.meta.end(), {{"model", what.model}, {"rundir", run_directory}});
    if (what.model.empty() && !what.name.empty()) {
        options.meta.emplace_back("name", what.name);
    }
    if (what.sample_interval_ms > 0) {
        options.sample_interval_ms = what.sample_interval_ms;
    }
    options.timeout_ms = what.timeout_ms;
    if (what.collectors) {
        options.collectors = what.collectors(run_directory);
    }
    options.output_rules = what.output_rules;
    options.echo_out = STDOUT_FILENO;
    options.echo_err = STDERR_FILENO;
    return options;
}

/// Whether standard error goes where standard output goes: there the last lines were just seen.
bool is_one_place() {
    struct stat out = {};
    struct stat err = {};
    return ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0 &&
           out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

void print_post_mortem(const guild::runs::outcome& outcome, io& console) {
    const auto run = guild::runs::run::open(outcome.run_directory);
    if (!run || outcome.status == guild::runs::run_status::completed) {
        return;
    }
    std::string text = printable(guild::runs::describe_end(*run)) + '\n';
    const auto lines = guild::runs::read_last_lines(*run);
    const bool has_lines = outcome.status == guild::runs::run_status::error && lines;
    if (has_lines && !is_one_place()) {
        for (const std::string& line : *lines) {
            text += "  " + printable(line) + '\n';
        }
    }
    console.print_error(text);  // at once: nobody else's words in between
}

/// The exit status of guild for how the command ended.
int pass_on(const guild::runs::outcome& outcome) {
    if (outcome.status == guild::runs::run_status::terminated && last_signal != 0) {
        return 128 + last_signal;
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

void warn_of_missing(const guild::runs::snapshot_report& report, io& console) {
    for (const std::string& path : report.left_out) {
        console.warn("not copied into the run: " + printable(path));
    }
}

/// The sources of another run, and what it knew of its repository.
guild::runs::pair_list copy_recorded_sources(const guild::runs::run& from,
                                             const std::string& run_directory, io& console) {
    const auto files = guild::runs::list_saved_sources(from.path());
    warn_of_missing(guild::runs::copy_sources(
                        guild::runs::data_path(from.path(), guild::runs::sources_directory), files,
                        run_directory),
                    console);
    const std::string diff = guild::runs::data_path(from.path(), guild::runs::git_diff_name);
    if (const auto text = guild::os::load_file(diff)) {
        const auto saved = guild::os::save_file(
            guild::runs::data_path(run_directory, guild::runs::git_diff_name), *text);
        if (!saved) {
            console.warn(guild::to_string(saved.error()));
        }
    }
    guild::runs::pair_list attributes;
    for (const auto& pair : from.attrs()) {
        if (guild::starts_with(pair.first, "git_")) {
            attributes.push_back(pair);
        }
    }
    return attributes;
}

/// Copies sources and the difference to the commit into the run; attributes for what git says.
guild::runs::pair_list record_sources(const recording& what, const std::string& run_directory,
                                      io& console) {
    if (what.sources_of) {
        return copy_recorded_sources(*what.sources_of, run_directory, console);
    }
    if (!what.source_patterns.empty()) {
        warn_of_missing(
            guild::runs::save_sources(what.project_directory, what.source_patterns, run_directory),
            console);
    }
    warn_of_missing(
        guild::runs::copy_sources(what.project_directory, what.source_files, run_directory),
        console);
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
    options.attrs = what.attrs;
    const auto sources = record_sources(what, run_directory, console);
    options.attrs.insert(options.attrs.end(), sources.begin(), sources.end());
    const auto build = guild::runs::build_attributes(program_file(operation));
    options.attrs.insert(options.attrs.end(), build.begin(), build.end());
    options.stop = &*stop;
    options.message = [&console](std::string_view text) {
        console.print_error(std::string(text) + '\n');
    };
    current_stop = &*stop;
    const signal_watch watch(request_stop);
    const guild::os::terminal_settings terminal(
        STDIN_FILENO);  // a killed command leaves it as it likes
#if defined(__linux__)
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    const auto outcome = guild::runs::supervise(options);
    current_stop = nullptr;
    if (!outcome) {
        remove_unused(run_directory);
        return fail(console, outcome.error());
    }
    print_post_mortem(*outcome, console);
    return pass_on(*outcome);
}

}  // namespace

option_spec timeout_option() {
    return {"--timeout", "TIME",
            "stop the command after so many seconds, or minutes (10m), hours (2h), days (1d)",
            false};
}

guild::result<std::int64_t> get_timeout_ms(const arguments& given) {
    const auto text = given.find("timeout");
    if (!text) {
        return std::int64_t{-1};
    }
    constexpr std::string_view units = "smhd";
    constexpr std::int64_t unit_ms[] = {1'000, 60'000, 3'600'000, 86'400'000};
    const std::size_t unit = text->empty() ? std::string_view::npos : units.find(text->back());
    const bool has_unit = unit != std::string_view::npos;
    const auto number =
        guild::parse_double(std::string_view(*text).substr(0, text->size() - (has_unit ? 1 : 0)));
    constexpr double most_ms = 3.2e12;  // a hundred years
    const double ms = number ? *number * static_cast<double>(unit_ms[has_unit ? unit : 0]) : -1;
    if (!(ms > 0 && ms <= most_ms)) {
        return guild::make_error(guild::errc::bad_value,
                                 "--timeout takes a time like 90, 90s, 10m, 2h or 1d, not '" +
                                     *text + "'");
    }
    return static_cast<std::int64_t>(ms);
}

guild::result<recording> make_recording(const operation_request& request, const arguments& given,
                                        const io& console) {
    const auto timeout = get_timeout_ms(given);
    if (!timeout) {
        return timeout.error();
    }
    const auto interval = get_sample_interval_ms(request.flags);
    if (!interval) {
        return interval.error();
    }
    recording what;
    what.run_root = request.project.run_root(&request.section);
    what.name = request.project.model_display_name(request.section);
    what.model = request.section.name();
    what.evaluates = request.evaluates;
    what.sample_interval_ms = *interval;
    what.timeout_ms = *timeout;
    what.project_directory = request.project.directory();
    what.source_patterns = source_patterns(request);
    what.make = [&](const std::string& run_directory) {
        return make_operation(request, run_directory, console);
    };
    return what;
}

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
