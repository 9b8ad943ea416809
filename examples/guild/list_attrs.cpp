// examples/guild/list_attrs.cpp - guild list-attrs: the system attributes recorded with a run.

#include "commands.hpp"
#include "common.hpp"

#include <algorithm>

namespace program {
namespace {

int list_attrs(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    name_values attrs = run->attrs();
    std::sort(attrs.begin(), attrs.end());
    print_name_values(attrs, given, console);
    return exit_ok;
}

}  // namespace

command_spec list_attrs_command() {
    return {"list-attrs",
            "list the attributes of a run",
            "Prints one NAME: VALUE on a line, in order of the names.",
            {run_positional()},
            run_options({json_option()}),
            list_attrs};
}

}  // namespace program
