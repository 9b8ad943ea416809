// examples/guild/help.cpp - the help pages: 79 columns, the same text whatever CLI11 is installed.

#include "help.hpp"

#include <guild/base/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {
namespace {

constexpr std::size_t line_width = 79;
constexpr std::size_t widest_term = 26;

/// The words of `text` in lines of at most `line_width` columns, each after `indent` blanks.
std::string wrap(std::string_view text, std::size_t indent) {
    std::string wrapped;
    std::string line;
    for (const std::string& word : guild::split_words(text)) {
        if (!line.empty() && indent + line.size() + 1 + word.size() > line_width) {
            wrapped += std::string(indent, ' ') + line + '\n';
            line.clear();
        }
        line += line.empty() ? word : ' ' + word;
    }
    return line.empty() ? wrapped : wrapped + std::string(indent, ' ') + line + '\n';
}

/// Rows of a term and its meaning, the meanings in one column.
std::string format_table(const std::vector<std::pair<std::string, std::string>>& rows) {
    std::size_t width = 0;
    for (const auto& [term, meaning] : rows) {
        width = std::max(width, std::min(term.size(), widest_term));
    }
    const std::size_t column = width + 4;
    std::string table;
    for (const auto& [term, meaning] : rows) {
        const std::string text = wrap(meaning, column);
        const std::string head = "  " + term;
        if (head.size() + 2 > column) {
            table += head + '\n' + text;
        } else {
            table += head + (text.empty() ? "\n" : text.substr(head.size()));
        }
    }
    return table;
}

std::string format_usage(const command_spec& command) {
    std::string usage = "Usage: guild " + command.name + " [OPTION]...";
    for (const positional_spec& positional : command.positionals) {
        switch (positional.count) {
        case how_many::optional:
            usage += " [" + positional.name + "]";
            break;
        case how_many::one:
            usage += " " + positional.name;
            break;
        case how_many::any:
            usage += " [" + positional.name + "]...";
            break;
        case how_many::some:
            usage += " " + positional.name + "...";
            break;
        case how_many::command:
            usage += " [--] " + positional.name + "...";
            break;
        }
    }
    return usage + '\n';
}

/// "-F, --flag NAME[=VAL]"; an option without a short name starts where the long names do.
std::string format_names(const option_spec& option) {
    std::string names = guild::join(guild::split(option.names, ','), ", ");
    if (guild::starts_with(names, "--")) {
        names = "    " + names;
    }
    return option.value.empty() ? names : names + ' ' + option.value;
}

std::string as_sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text + ".\n";
}

}  // namespace

std::string format_overview(const std::vector<command_spec>& commands) {
    std::string page =
        "Usage: guild COMMAND [OPTION]... [ARGUMENT]...\n\n"
        "Runs the training of models, records everything about each run, and shows it.\n\n"
        "Commands:\n";
    std::vector<std::pair<std::string, std::string>> rows;
    for (const command_spec& command : commands) {
        rows.emplace_back(command.name, command.summary);
    }
    page += format_table(rows);
    page += "\nOptions:\n";
    page += format_table({{"-h, --help", "show this help and exit"},
                          {"    --version", "show the version of guild and exit"}});
    page += "\n'guild COMMAND --help' tells more about a command.\n";
    return page;
}

std::string format_help(const command_spec& command) {
    std::string page = format_usage(command) + '\n' + as_sentence(command.summary);
    for (const std::string& paragraph : guild::split(command.description, '\n')) {
        page += paragraph.empty() ? "" : '\n' + wrap(paragraph, 0);
    }
    std::vector<std::pair<std::string, std::string>> rows;
    for (const positional_spec& positional : command.positionals) {
        rows.emplace_back(positional.name, positional.help);
    }
    if (!rows.empty()) {
        page += "\nArguments:\n" + format_table(rows);
    }
    rows.clear();
    for (const option_spec& option : command.options) {
        rows.emplace_back(format_names(option), option.help);
    }
    rows.emplace_back("-h, --help", "show this help and exit");
    return page + "\nOptions:\n" + format_table(rows);
}

}  // namespace program
