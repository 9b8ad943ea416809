// examples/guild/operation_options.cpp - see operation_options.hpp.

#include "operation_options.hpp"

#include "common.hpp"

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/gpu_sampler.hpp>
#include <guild/package/home.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace program {

std::vector<option_spec> operation_options() {
    return {project_option(),
            {"-p,--profile", "NAME", "use the flags of the section [flags \"NAME\"]", false},
            {"-F,--flag", "NAME[=VAL]",
             "set a flag of the operation, to true without a value; may be given again", true},
            {"--preview", "", "show the command that would be run, and end", false}};
}

guild::result<std::vector<guild::project::flag>>
resolve_flags(const guild::project::project& project, const guild::project::section& section,
              const arguments& given, guild::project::variables recorded) {
    guild::project::variables command_line = std::move(recorded);
    for (const std::string& text : given.all("flag")) {
        auto flag = guild::project::parse_flag_argument(text);
        if (!flag) {
            return std::move(flag).error();
        }
        command_line.push_back(std::move(*flag));
    }
    return guild::project::resolve_flags(project, section, given.find("profile"), command_line);
}

guild::project::variables operation_variables(const std::string& run_directory) {
    static const std::size_t gpu_count = guild::os::list_gpus().size();  // asks the driver
    const auto homes = guild::package::find_package_homes();
    guild::project::variables variables = {
        {"PKGHOME", homes ? guild::package::get_used_home(*homes) : std::string()},
        {"GPU_COUNT", std::to_string(gpu_count)}};
    if (!run_directory.empty()) {
        variables.emplace_back("RUNDIR", run_directory);
    }
    return variables;
}

guild::result<guild::project::operation> make_operation(const operation_request& request,
                                                        const std::string& run_directory,
                                                        const io& console) {
    guild::project::operation_inputs inputs;
    inputs.flags = request.flags;
    if (request.evaluates.empty()) {
        inputs.values = operation_variables(run_directory);
    } else {
        inputs.values = operation_variables(request.evaluates);
        inputs.values.emplace_back("EVALDIR", run_directory);
    }
    inputs.program_directory = console.program_directory;
    inputs.path_variable = guild::os::find_variable("PATH").value_or("");
    return guild::project::make_operation(request.project, request.section, request.attribute,
                                          inputs);
}

guild::result<std::int64_t> get_sample_interval_ms(const std::vector<guild::project::flag>& flags) {
    constexpr std::int64_t longest_s = 86400;
    for (const guild::project::flag& flag : flags) {
        if (flag.name != "stats_interval") {
            continue;
        }
        const auto seconds = guild::parse_int64(flag.value);
        if (!seconds || *seconds < 1 || *seconds > longest_s) {
            return guild::make_error(guild::errc::bad_value,
                                     "flag stats_interval takes 1 to 86400 seconds, not '" +
                                         flag.value + "'");
        }
        return *seconds * 1000;
    }
    return 0;
}

std::vector<std::string> source_patterns(const operation_request& request) {
    const std::string* own = request.section.find("sources");
    const guild::project::section* whole = request.project.find_section({"project"});
    const std::string* all = whole == nullptr ? nullptr : whole->find("sources");
    const std::string* text = own != nullptr ? own : all;
    return text == nullptr ? std::vector<std::string>() : guild::split_words(*text);
}

int preview(const operation_request& request, const std::string& run_directory, io& console) {
    const auto operation = make_operation(request, run_directory, console);
    if (!operation) {
        return fail(console, operation.error());
    }
    const std::string which = "RUNDIR is that of the evaluated run, and appears here as $RUNDIR; "
                              "EVALDIR is created for each evaluation and appears as $EVALDIR.";
    console.print(request.evaluates.empty() ? guild::project::format_preview(*operation)
                                            : guild::project::format_preview(*operation, which));
    return exit_ok;
}

}  // namespace program
