// examples/guild/cli.hpp - finds the command that a command line asks for, and runs it.
#pragma once

#include "command.hpp"

#include <string>
#include <vector>

namespace program {

/// Runs the command that `words` (the command line without the program's name) asks for.
///
/// out      the exit status for main: the command's own, exit_usage for words that make no command
int run_command_line(const std::vector<std::string>& words,
                     const std::vector<command_spec>& commands, io& console);

}  // namespace program
