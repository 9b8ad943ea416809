// examples/guild/output_rules.hpp - the rules of a project's [output] sections, for the commands
// that record.
#pragma once

#include "command.hpp"

#include <guild/runs/output_rules.hpp>

#include <optional>
#include <vector>

namespace program {

/// The rules of the project that --project names; none where there is no project file. Empty with
/// the error printed.
std::optional<std::vector<guild::runs::output_rule>> find_output_rules(const arguments& given,
                                                                       io& console);

}  // namespace program
