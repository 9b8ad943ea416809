// examples/guild/output_rules.cpp - see output_rules.hpp.

#include "output_rules.hpp"

#include "common.hpp"

#include <guild/project/output_rules.hpp>

#include <utility>

namespace program {

guild::result<std::vector<guild::runs::output_rule>>
get_output_rules(const guild::project::project& project) {
    auto listed = guild::project::list_output_rules(project);
    if (!listed) {
        return std::move(listed).error();
    }
    std::vector<guild::runs::output_rule> rules;
    for (guild::project::output_rule& each : *listed) {
        rules.push_back({std::move(each.name), std::move(each.wanted)});
    }
    return rules;
}

std::optional<std::vector<guild::runs::output_rule>> find_output_rules(const arguments& given,
                                                                       io& console) {
    const auto report = read_project(given);
    if (!report.value) {
        return std::vector<guild::runs::output_rule>();
    }
    const auto mistakes = guild::project::check_output_rules(*report.value);
    if (!mistakes.empty()) {
        print_diagnostics(console, mistakes, report.text);
        return std::nullopt;
    }
    auto rules = get_output_rules(*report.value);
    return rules ? std::make_optional(std::move(*rules)) : std::nullopt;
}

}  // namespace program
