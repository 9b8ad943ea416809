// examples/guild/collectors.cpp - see collectors.hpp.

#include "collectors.hpp"

#include "operation_options.hpp"

#include <guild/os/environment.hpp>

#include <utility>

namespace program {

guild::result<std::vector<guild::project::collector>>
get_collectors(const guild::project::project& project) {
    auto listed = guild::project::list_collectors(project);
    if (!listed) {
        return listed;
    }
    for (const guild::project::collector& each : *listed) {
        const guild::project::section& from = *each.from;
        if (!guild::runs::is_collector_name(from.name())) {
            return guild::make_error(guild::errc::bad_value,
                                     "collector '" + from.name() +
                                         "' needs another name: letters, digits and ._+-, and "
                                         "not that of a part of the machine",
                                     from.from.path, from.from.where);
        }
    }
    return listed;
}

std::vector<guild::runs::collector_spec>
make_collectors(const guild::project::project& project,
                const std::vector<guild::project::collector>& collectors,
                const std::string& run_directory, std::int64_t interval_ms, const io& console) {
    std::vector<guild::runs::collector_spec> specs;
    for (const guild::project::collector& each : collectors) {
        const auto operation =
            make_operation({project, *each.from, "command", {}, {}}, run_directory, console);
        guild::runs::collector_spec spec;
        spec.name = each.from->name();
        spec.argv =
            operation ? operation->argv : guild::project::split_command(each.from->get("command"));
        spec.directory = project.directory();
        spec.interval_ms = each.interval_ms.value_or(interval_ms);
        spec.timeout_ms = each.timeout_ms;
        specs.push_back(std::move(spec));
    }
    return specs;
}

}  // namespace program
