// examples/guild/cli.cpp - the only file that sees CLI11: turns a command_spec into a parser.
//
// CLI11 finds the options; positional arguments are taken from what it leaves over, because it
// would read a positional "[a,b]" as a list and a model named like a command as that command.
// Messages and help are ours, so that they do not change with the release of CLI11.

#include "cli.hpp"

#include "help.hpp"

#include <guild/base/text.hpp>
#include <guild/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {
namespace {

/// The key of an option in `arguments`: its last name without dashes.
std::string key_of(const option_spec& option) {
    const std::string name = guild::split(option.names, ',').back();
    return name.substr(name.find_first_not_of('-'));
}

bool is_option(std::string_view word) {
    return word.size() > 1 && word.front() == '-';
}

int fail_usage(io& console, const command_spec& command, const std::string& message) {
    return console.fail(message + "\nTry 'guild " + command.name +
                        " --help' for more information.");
}

int fail_unknown_option(io& console, const command_spec& command, const std::string& word) {
    std::vector<std::string> names = {"--help"};
    for (const option_spec& option : command.options) {
        names.push_back("--" + key_of(option));
    }
    const std::string name = word.substr(0, word.find('='));
    std::string message = "unknown option '" + name + "'";
    if (const auto closest = guild::find_closest(name, names)) {
        message += "\nDid you mean '" + *closest + "'?";
    }
    return fail_usage(console, command, message);
}

/// Whether `positional` takes a word when it has `taken` already.
bool takes_more(const positional_spec& positional, std::size_t taken) {
    const bool single = positional.count == how_many::one || positional.count == how_many::optional;
    return !single || taken == 0;
}

/// Hands the words that are no options to the positionals, in order; exit_ok or the status of the
/// usage error.
int assign_positionals(const command_spec& command, std::vector<std::string> words,
                       arguments& given, io& console) {
    bool only_positionals = false;
    std::size_t index = 0;
    std::size_t taken = 0;
    for (std::string& word : words) {
        if (!only_positionals && word == "--") {
            only_positionals = true;
            continue;
        }
        if (!only_positionals && is_option(word)) {
            return fail_unknown_option(console, command, word);
        }
        while (index < command.positionals.size() &&
               !takes_more(command.positionals[index], taken)) {
            ++index;
            taken = 0;
        }
        if (index == command.positionals.size()) {
            return fail_usage(console, command, "unexpected argument '" + word + "'");
        }
        only_positionals =
            only_positionals || command.positionals[index].count == how_many::command;
        given.add(command.positionals[index].name, std::move(word));
        ++taken;
    }
    for (const positional_spec& positional : command.positionals) {
        const bool required =
            positional.count != how_many::optional && positional.count != how_many::any;
        if (required && !given.has(positional.name)) {
            return fail_usage(console, command, "missing argument " + positional.name);
        }
    }
    return exit_ok;
}

bool takes_command(const command_spec& command) {
    return !command.positionals.empty() && command.positionals.back().count == how_many::command;
}

/// Parses the words after the command's name into `given`; exit_ok or the status of the usage
/// error. `help` is set when the help page was asked for instead.
int parse_words(const command_spec& command, std::vector<std::string> words, arguments& given,
                bool& help, io& console) {
    CLI::App app;
    app.set_help_flag();
    app.add_flag("-h,--help", help);
    app.allow_extras();
    app.prefix_command(takes_command(command));
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, CLI::Option*> switches;
    for (const option_spec& option : command.options) {
        if (option.value.empty()) {
            switches[key_of(option)] = app.add_flag(option.names);
        } else {
            std::vector<std::string>& list = values[key_of(option)];
            const auto add = [&list](const std::string& value) { list.push_back(value); };
            // One word an occurrence, handed over at once: to a list CLI11 would split "[a,b]".
            app.add_option_function<std::string>(option.names, add)
                ->trigger_on_parse()
                ->allow_extra_args(false);
        }
    }
    const std::string last_word = words.empty() ? "" : words.back();
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
        app.parse(words);
    } catch (const CLI::ArgumentMismatch&) {
        return fail_usage(console, command, "option '" + last_word + "' needs a value");
    } catch (const CLI::Error& error) {
        return fail_usage(console, command, error.what());
    }
    if (help) {
        return exit_ok;
    }
    for (const auto& [key, list] : values) {
        for (const std::string& value : list) {
            given.add(key, value);
        }
    }
    for (const auto& [key, option] : switches) {
        for (const std::string& value : option->results()) {
            if (value != "true") {
                return fail_usage(console, command, "option '--" + key + "' takes no value");
            }
            given.add(key, "");
        }
    }
    return assign_positionals(command, app.remaining(), given, console);
}

int run_command(const command_spec& command, std::vector<std::string> words, io& console) {
    console.command = command.name;
    arguments given;
    bool help = false;
    if (const int status = parse_words(command, std::move(words), given, help, console)) {
        return status;
    }
    if (help) {
        console.print(format_help(command));
        return exit_ok;
    }
    return command.run(given, console);
}

int fail_unknown_command(const std::string& word, const std::vector<command_spec>& commands,
                         io& console) {
    std::vector<std::string> names;
    for (const command_spec& command : commands) {
        names.push_back(command.name);
    }
    std::string message =
        "unknown " + std::string(is_option(word) ? "option" : "command") + " '" + word + "'";
    if (const auto closest = guild::find_closest(word, names)) {
        message += "\nDid you mean '" + *closest + "'?";
    }
    return console.fail(message + "\nTry 'guild --help' for more information.");
}

}  // namespace

int run_command_line(const std::vector<std::string>& words,
                     const std::vector<command_spec>& commands, io& console) {
    if (words.empty()) {
        console.print_error(format_overview(commands));
        return exit_usage;
    }
    const std::string& first = words.front();
    if (first == "-h" || first == "--help" || first == "help") {
        if (words.size() == 1) {
            console.print(format_overview(commands));
            return exit_ok;
        }
        return run_command_line({words[1], "--help"}, commands, console);
    }
    if (first == "--version") {
        console.print(std::string("guild ") + guild::version + '\n');
        return exit_ok;
    }
    for (const command_spec& command : commands) {
        if (command.name == first) {
            return run_command(command, {words.begin() + 1, words.end()}, console);
        }
    }
    return fail_unknown_command(first, commands, console);
}

}  // namespace program
