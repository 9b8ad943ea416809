// examples/guild/help.hpp - the help pages, made from the commands' specs.
#pragma once

#include "command.hpp"

#include <string>
#include <vector>

namespace program {

/// What `guild --help` prints.
std::string format_overview(const std::vector<command_spec>& commands);

/// What `guild COMMAND --help` prints.
std::string format_help(const command_spec& command);

}  // namespace program
