// examples/guild/rerun.cpp - guild rerun: runs the command of a recorded run again, as a new run.

#include "commands.hpp"
#include "common.hpp"
#include "operation_options.hpp"
#include "output_rules.hpp"
#include "recording.hpp"

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/project/flags.hpp>
#include <guild/runs/build_identity.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/recorded_command.hpp>
#include <guild/runs/source_overlay.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

using guild::runs::recorded_command;

/// --argument N=VALUE
guild::result<void> set_given_argument(recorded_command& command, const std::string& text) {
    const std::size_t equals = text.find('=');
    const auto number = guild::parse_int64(text.substr(0, equals));
    if (equals == std::string::npos || !number || *number < 0) {
        return guild::make_error(guild::errc::bad_value,
                                 "--argument takes N=VALUE, not '" + text + "'");
    }
    return guild::runs::set_argument(command, static_cast<std::size_t>(*number),
                                     text.substr(equals + 1));
}

/// What is withheld, and with which option it is given.
std::string ask_for(const guild::runs::withheld_part& part) {
    using kind = guild::runs::withheld_part::kind;
    if (part.what == kind::flag) {
        return "the value of flag " + part.name +
               " was not recorded: it is secret; give it with "
               "--flag " +
               guild::quote_for_display(part.name + "=VALUE");
    }
    if (part.what == kind::variable) {
        return "the variable " + part.name +
               " was not recorded: it is secret; set it in the environment";
    }
    std::string whole = part.value;
    const std::size_t at = whole.find(guild::runs::withheld_text);
    whole.replace(at, guild::runs::withheld_text.size(), "VALUE");
    return "argument " + part.name + " was recorded as '" + part.value +
           "': it is secret; give it with --argument " +
           guild::quote_for_display(part.name + '=' + whole);
}

/// Secret variables that were not recorded are those of today.
void take_variables(recorded_command& command) {
    for (auto& [name, value] : command.environment) {
        if (guild::contains(value, guild::runs::withheld_text)) {
            value = guild::os::find_variable(name).value_or(value);
        }
    }
}

/// The recorded command with what the command line changes.
guild::result<recorded_command> make_command(const guild::runs::run& old, const arguments& given) {
    auto command = guild::runs::command_of(old);
    if (!command) {
        return command;
    }
    if (const auto project = old.find_meta("project")) {
        *command = guild::runs::move_out_of_overlay(std::move(*command), *project);
    }
    for (const std::string& text : given.all("flag")) {
        auto flag = guild::project::parse_flag_argument(text);
        auto set = flag ? guild::runs::set_flag(*command, flag->first, flag->second)
                        : guild::result<void>(std::move(flag).error());
        if (!set) {
            return std::move(set).error();
        }
    }
    for (const std::string& text : given.all("argument")) {
        if (auto set = set_given_argument(*command, text); !set) {
            return std::move(set).error();
        }
    }
    take_variables(*command);
    std::vector<std::string> missing;
    for (const guild::runs::withheld_part& part : guild::runs::list_withheld(*command)) {
        missing.push_back(ask_for(part));
    }
    if (!missing.empty()) {
        return guild::make_error(guild::errc::bad_value, guild::join(missing, "\n"));
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

guild::result<guild::os::program_path> find_recorded_program(const recorded_command& command) {
    const std::string& word = command.argv.front();
    const bool is_relative = guild::contains(word, "/") && !guild::starts_with(word, "/");
    return guild::os::get_program(is_relative ? guild::join_path(command.directory, word) : word,
                                  guild::os::find_variable("PATH"));
}

guild::result<guild::project::operation> make_recorded_operation(const recorded_command& recorded,
                                                                 const std::string& run_directory) {
    const auto command = guild::runs::with_run_directory(recorded, run_directory);
    const auto found = find_recorded_program(command);
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

/// Says what is not as it was when the run was made.
void warn_of_changes(const guild::runs::run& old, const recorded_command& command,
                     bool is_from_snapshot, io& console) {
    const auto changed = is_from_snapshot
                             ? std::vector<std::string>()
                             : guild::runs::list_changed_sources(old.path(), command.directory);
    constexpr std::size_t most = 5;
    const std::vector<std::string> some(
        changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(
                                               changed.size() < most ? changed.size() : most));
    if (!changed.empty()) {
        console.warn("sources are not those of the run: " + printable(guild::join(some, ", ")) +
                     (changed.size() > most
                          ? " and " + std::to_string(changed.size() - most) + " more"
                          : "") +
                     "; --sources takes the run's own");
    }
    const auto program = find_recorded_program(command);
    const auto now =
        program ? guild::runs::build_attributes(program->found) : guild::runs::pair_list();
    const std::string* built_now = guild::runs::find_value(now, "program_build_id");
    const std::string* built_then = guild::runs::find_value(old.attrs(), "program_build_id");
    if (built_now != nullptr && built_then != nullptr && *built_now != *built_then) {
        console.warn("the program is another build than the run's: " +
                     printable(command.argv.front()));
    }
}

/// A directory with the sources of a run, which is removed at the end.
class overlay {
public:
    overlay(const guild::runs::run& of, const std::string& project)
        : path_(guild::join_path(guild::runs::root_of(of),
                                 ".sources-" + std::to_string(guild::os::process_id()))) {
        (void)guild::os::remove_tree(path_);  // of a process that had this number
        made_ = guild::runs::make_source_overlay(of.path(), project, path_);
    }
    overlay(const overlay&) = delete;
    overlay& operator=(const overlay&) = delete;
    ~overlay() { (void)guild::os::remove_tree(path_); }

    [[nodiscard]] const guild::result<void>& made() const { return made_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    guild::result<void> made_;
};

/// The new run, without what is to be run.
guild::result<recording> make_rerun(const guild::runs::run& old, const recorded_command& command) {
    const auto interval = get_sample_interval_ms(as_flags(command.flags));
    if (!interval) {
        return interval.error();
    }
    recording what;
    what.run_root = guild::runs::root_of(old);
    what.name = guild::runs::display_name(old);
    what.model = old.model();
    what.sample_interval_ms = *interval;
    what.project_directory = command.directory;
    what.meta = {{"rerun_of", old.id()}};
    what.evaluates = old.find_meta("evaluates").value_or("");
    if (!what.evaluates.empty() && !guild::os::is_directory(what.evaluates)) {
        return guild::make_error(guild::errc::not_found, "the run that it evaluated is gone",
                                 what.evaluates);
    }
    if (const auto* of = guild::runs::find_value(old.attrs(), "evaluation_of")) {
        what.attrs = {{"evaluation_of", *of}};
    }
    what.source_files = guild::runs::list_saved_sources(old.path());
    return what;
}

int run_again(const guild::runs::run& old, recorded_command command, const arguments& given,
              io& console) {
    auto what = make_rerun(old, command);
    if (!what) {
        return fail(console, what.error());
    }
    std::optional<overlay> sources;
    if (given.has("sources")) {
        sources.emplace(old, command.directory);
        if (!sources->made()) {
            return fail(console, sources->made().error());
        }
        what->sources_of = old;
        what->meta.emplace_back("project", command.directory);
        command = guild::runs::move_into_overlay(std::move(command), old.path(), sources->path());
    }
    warn_of_changes(old, command, sources.has_value(), console);
    if (given.has("preview")) {
        const auto operation = make_recorded_operation(command, "$RUNDIR");
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
    what->output_rules = std::move(*rules);
    what->make = [&](const std::string& run_directory) {
        return make_recorded_operation(command, run_directory);
    };
    return record(*what, console);
}

int rerun(const arguments& given, io& console) {
    const auto old = select_run(given, console);
    if (!old) {
        return exit_usage;
    }
    auto command = make_command(*old, given);
    if (!command) {
        return fail(console, command.error());
    }
    if (!guild::os::is_directory(command->directory)) {
        return console.fail("the working directory of the run is gone: " + command->directory);
    }
    return run_again(*old, std::move(*command), given, console);
}

}  // namespace

command_spec rerun_command() {
    return {
        "rerun",
        "run the command of a recorded run again",
        "Makes a new run with the command, flags, working directory and variables that the run "
        "recorded; the project file is not read for them. Where they mention the directory of "
        "the old run, that of the new one is put. The exit status is that of the command.\n"
        "When the run has a snapshot of sources that are different by now, or its program was "
        "built anew, a warning says so. With --sources the command runs in a directory where "
        "the files of the snapshot stand in their places, and everything else is a link to "
        "what the project has; nothing is built there.",
        {run_positional()},
        run_options({{"-F,--flag", "NAME[=VAL]",
                      "give a flag another value, true without one; may be given again", true},
                     {"--argument", "N=VALUE",
                      "give an argument of the command another value, 0 being the program; may be "
                      "given again",
                      true},
                     {"--sources", "", "run with the sources that were kept with the run"},
                     {"--preview", "", "show the command that would be run, and end"}}),
        rerun};
}

}  // namespace program
