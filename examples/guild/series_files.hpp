// examples/guild/series_files.hpp - what verify, repair and compact share: runs that are over, and
// the series files of a run.
#pragma once

#include "command.hpp"

#include <guild/runs/run.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace program {

/// The argument RUNDIR..., of commands on any number of runs.
positional_spec run_positionals(std::string_view without);

/// Whether nobody records the run any more; for a run whose machine is not heard of, nobody knows.
bool is_over(const guild::runs::run& run);

/// Prints that the run is not over.
///
/// out      exit_failed
int fail_not_over(const guild::runs::run& run, io& console);

/// The series files of a run, none of one that has no directory for them; what is wrong is printed,
/// and `status` becomes exit_failed.
std::vector<std::string> find_series_files(const guild::runs::run& run, io& console, int& status);

/// "1 point", "2 points", "2 series".
std::string count_of(std::uint64_t count, const std::string& what);

}  // namespace program
