// guild/runs/recorded_command.hpp - the command that a run recorded, to be run again.
//
// Layer 4. Includes: base, runs/run tsv.
// Not here: running it (runs/supervisor.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// What stands in the place of an argument or value that was not to be written down.
inline constexpr std::string_view withheld_text = "(withheld)";

/// A command as it was run.
struct recorded_command {
    std::vector<std::string> argv;
    std::string directory;  // where it ran
    pair_list environment;  // what was added to that of guild; RUNDIR not
    pair_list flags;
    std::string run_directory;  // $RUNDIR then
};

/// The command of a run.
///
/// errors   not_found: the run recorded none, as imported ones
/// example  tests/runs/recorded_command.cpp "recorded command: what was run, where, with which
///          flags"
[[nodiscard]] result<recorded_command> command_of(const run& which);

/// Gives a flag another value, in the flags and behind `--NAME` among the arguments; one that was
/// not there is added at the end of both.
///
/// errors   bad_value: the command was not started with flags
/// example  tests/runs/recorded_command.cpp "recorded command: a flag is changed where it stands"
[[nodiscard]] result<void> set_flag(recorded_command& command, const std::string& name,
                                    const std::string& value);

/// Gives an argument another value; 0 is the program.
///
/// errors   bad_value: there is no such argument
[[nodiscard]] result<void> set_argument(recorded_command& command, std::size_t number,
                                        const std::string& value);

/// A part of a command that was not written down whole.
struct withheld_part {
    enum class kind : std::uint8_t { flag, argument, variable };
    kind what = kind::flag;
    std::string name;   // of a flag or variable; an argument's number
    std::string value;  // as it was written down
};

/// Everything that has to be given again before the command can be run; flags first, and what
/// stands for a flag among the arguments not twice.
///
/// example  tests/runs/recorded_command.cpp "recorded command: what was withheld has to be given
///          again"
[[nodiscard]] std::vector<withheld_part> list_withheld(const recorded_command& command);

/// The command with another directory wherever its own was mentioned.
///
/// example  tests/runs/recorded_command.cpp "recorded command: the run directory is replaced as a
///          whole path"
[[nodiscard]] recorded_command with_run_directory(recorded_command command,
                                                  const std::string& run_directory);

/// `text` with the directory `to` wherever `from`, or a path below it, is mentioned.
///
/// example  tests/runs/recorded_command.cpp "recorded command: the run directory is replaced as a
///          whole path"
[[nodiscard]] std::string replace_directory(std::string_view text, const std::string& from,
                                            const std::string& to);

// ---- implementation ---------------------------------------------------------

// /runs/a is in /runs/a/logs, but not in /runs/ab.
inline std::string replace_directory(std::string_view text, const std::string& from,
                                     const std::string& to) {
    std::string out;
    while (!from.empty()) {
        const std::size_t at = text.find(from);
        if (at == std::string_view::npos) {
            break;
        }
        const std::size_t end = at + from.size();
        const bool is_whole =
            end == text.size() || text[end] == '/' || !detail::is_name_character(text[end]);
        out += text.substr(0, at);
        out += is_whole ? to : from;
        text.remove_prefix(end);
    }
    return out += text;
}

inline result<recorded_command> command_of(const run& which) {
    recorded_command out;
    for (std::size_t i = 0; i < 1'000'000; ++i) {
        auto word = which.find_meta("argv." + std::to_string(i));
        if (!word) {
            break;
        }
        out.argv.push_back(std::move(*word));
    }
    if (out.argv.empty()) {
        return make_error(errc::not_found, "no command was recorded", which.path());
    }
    constexpr std::string_view prefix = "env.";
    for (const auto& [key, value] : which.meta()) {
        if (starts_with(key, prefix)) {
            out.environment.emplace_back(key.substr(prefix.size()), value);
        }
    }
    out.directory = which.find_meta("cwd").value_or("");
    out.flags = which.flags();
    out.run_directory = which.find_meta("rundir").value_or(which.path());
    return out;
}

inline result<void> set_flag(recorded_command& command, const std::string& name,
                             const std::string& value) {
    if (command.flags.empty()) {
        return make_error(errc::bad_value, "the command was not started with flags");
    }
    for (auto& [known, old] : command.flags) {
        if (known != name) {
            continue;
        }
        for (std::size_t i = 1; i + 1 < command.argv.size(); ++i) {
            if (command.argv[i] == "--" + name && command.argv[i + 1] == old) {
                command.argv[i + 1] = value;
                old = value;
                return {};
            }
        }
        old = value;
    }
    if (find_value(command.flags, name) == nullptr) {
        command.flags.emplace_back(name, value);
    }
    command.argv.push_back("--" + name);
    command.argv.push_back(value);
    return {};
}

inline result<void> set_argument(recorded_command& command, std::size_t number,
                                 const std::string& value) {
    if (number >= command.argv.size()) {
        return make_error(errc::bad_value, "the command has no argument " + std::to_string(number) +
                                               ", its last is " +
                                               std::to_string(command.argv.size() - 1));
    }
    command.argv[number] = value;
    return {};
}

inline std::vector<withheld_part> list_withheld(const recorded_command& command) {
    using kind = withheld_part::kind;
    std::vector<withheld_part> parts;
    for (const auto& [name, value] : command.flags) {
        if (contains(value, withheld_text)) {
            parts.push_back({kind::flag, name, value});
        }
    }
    const auto is_of_flag = [&](std::size_t at) {
        const bool is_value = at > 0 && starts_with(command.argv[at - 1], "--");
        const std::string* flag =
            is_value ? find_value(command.flags, command.argv[at - 1].substr(2)) : nullptr;
        return flag != nullptr && contains(*flag, withheld_text);
    };
    for (std::size_t i = 0; i < command.argv.size(); ++i) {
        if (contains(command.argv[i], withheld_text) && !is_of_flag(i)) {
            parts.push_back({kind::argument, std::to_string(i), command.argv[i]});
        }
    }
    for (const auto& [name, value] : command.environment) {
        if (contains(value, withheld_text)) {
            parts.push_back({kind::variable, name, value});
        }
    }
    return parts;
}

inline recorded_command with_run_directory(recorded_command command,
                                           const std::string& run_directory) {
    const std::string old = command.run_directory;
    for (std::string& word : command.argv) {
        word = replace_directory(word, old, run_directory);
    }
    for (pair_list* list : {&command.environment, &command.flags}) {
        for (auto& [name, value] : *list) {
            value = replace_directory(value, old, run_directory);
        }
    }
    command.run_directory = run_directory;
    return command;
}

}}}  // namespace guild::runs
