// tests/support/programs.hpp - whether a program that a test wants as its peer is installed, and
// running it.
#pragma once

#include <string>
#include <vector>

#include <guild/os/environment.hpp>
#include <guild/os/process.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// Says so, once a test case, when it is not.
inline bool has_program(const std::string& name) {
    if (guild::os::find_program(name, guild::os::find_variable("PATH"), "")) {
        return true;
    }
    MESSAGE("skipped: the program is not installed: ", name);
    return false;
}

/// Runs a program in the C locale; what it wrote when it succeeds, "failed: " and its errors else.
inline std::string output_of(const std::vector<std::string>& argv,
                             const std::string& directory = {}) {
    guild::os::process_options command;
    command.argv = argv;
    command.directory = directory;
    command.environment =
        guild::os::merge_environment(guild::os::current_environment(), {{"LC_ALL", "C"}});
    const auto ran = guild::os::run(command);
    REQUIRE(ran);
    return ran->status.success() ? ran->out : "failed: " + ran->err;
}

}  // namespace guild_test
