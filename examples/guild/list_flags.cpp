// examples/guild/list_flags.cpp - guild list-flags: the flags that a run was started with.

#include "commands.hpp"
#include "common.hpp"

namespace program {
namespace {

int list_flags(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    print_name_values(run->flags(), given, console);
    return exit_ok;
}

}  // namespace

command_spec list_flags_command() {
    return {"list-flags",
            "list the flags of a run",
            "Prints one NAME: VALUE on a line, in the order in which the command got them.",
            {run_positional()},
            run_options({json_option()}),
            list_flags};
}

}  // namespace program
