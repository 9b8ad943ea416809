// examples/guild/collectors.hpp - the collectors of a project, ready to run beside a command.
#pragma once

#include <guild/base/result.hpp>
#include <guild/project/collectors.hpp>
#include <guild/runs/external_collector.hpp>

#include "command.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace program {

/// The collectors that the project file declares.
///
/// errors   bad_value, with the place
guild::result<std::vector<guild::project::collector>>
get_collectors(const guild::project::project& project);

/// How to run them. Their programs are found as those of operations are; one that is not there is
/// told when it is to be started.
///
/// units    interval_ms: of collectors without one of their own; milliseconds
std::vector<guild::runs::collector_spec>
make_collectors(const guild::project::project& project,
                const std::vector<guild::project::collector>& collectors,
                const std::string& run_directory, std::int64_t interval_ms, const io& console);

}  // namespace program
