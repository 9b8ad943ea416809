// examples/guild/output_rules.cpp - see output_rules.hpp.

#include "output_rules.hpp"

#include "common.hpp"

#include <guild/project/output_rules.hpp>

#include <cstddef>
#include <utility>

namespace program {

std::optional<std::vector<guild::runs::output_rule>> find_output_rules(const arguments& given,
                                                                       io& console) {
    std::vector<guild::runs::output_rule> rules;
    const auto report = read_project(given);
    if (!report.value) {
        return rules;
    }
    const auto mistakes = guild::project::check_output_rules(*report.value);
    if (!mistakes.empty()) {
        print_diagnostics(console, mistakes, report.text);
        return std::nullopt;
    }
    auto listed = guild::project::list_output_rules(*report.value);
    for (std::size_t i = 0; listed && i < listed->size(); ++i) {
        rules.push_back({std::move((*listed)[i].name), std::move((*listed)[i].wanted)});
    }
    return rules;
}

}  // namespace program
