// examples/guild/scan_output.cpp - guild scan-output: takes values out of what a run printed, once
// more.

#include "commands.hpp"
#include "common.hpp"
#include "output_rules.hpp"

#include <guild/json.hpp>
#include <guild/runs/output_scan.hpp>

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

std::string counted(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

void print_json(const guild::runs::run& run, const std::vector<std::string>& names,
                const guild::runs::rescan_report& report, bool is_trial, io& console) {
    guild::json::value out;
    guild::json::set_text(out, "run", run.path());
    out["dry_run"] = is_trial;
    out["bytes"] = report.bytes;
    out["values"] = report.points;
    out["cut_lines"] = report.cut_lines;
    out["rules"] = guild::json::value::array();
    for (std::size_t i = 0; i < names.size(); ++i) {
        guild::json::value rule;
        guild::json::set_text(rule, "name", names[i]);
        rule["lines"] = report.rules[i].lines;
        rule["values"] = report.rules[i].points;
        rule["unread"] = report.rules[i].unread;
        out["rules"].push_back(std::move(rule));
    }
    console.print(guild::json::format(out) + '\n');
}

void print_text(const std::vector<std::string>& names, const guild::runs::rescan_report& report,
                bool is_trial, io& console) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const guild::runs::output_rule_count& rule = report.rules[i];
        std::string line = (names[i].empty() ? "output" : printable(names[i])) + ": " +
                           counted(rule.points, "value") + " in " + counted(rule.lines, "line");
        if (rule.unread > 0) {
            line += ", " + counted(rule.unread, "text") + " that " +
                    (rule.unread == 1 ? "is" : "are") + " no number";
        }
        console.print(line + '\n');
    }
    if (report.cut_lines > 0) {
        console.warn(counted(report.cut_lines, "line") +
                     " passed over: cut, or longer than 64 KiB");
    }
    console.print(is_trial ? "Nothing was written (--dry-run)\n" : "");
}

int scan_output(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    auto rules = find_output_rules(given, console);
    if (!rules) {
        return exit_usage;
    }
    if (rules->empty()) {
        return console.fail("the project has no section [output \"NAME\"]");
    }
    std::vector<std::string> names;
    for (const guild::runs::output_rule& rule : *rules) {
        names.push_back(rule.name);
    }
    guild::runs::rescan_options options;
    options.is_trial = given.has("dry-run");
    const auto report = guild::runs::rescan_output(*run, std::move(*rules), options);
    if (!report) {
        return fail_work(console, report.error());
    }
    if (given.has("json")) {
        print_json(*run, names, *report, options.is_trial, console);
    } else {
        print_text(names, *report, options.is_trial, console);
    }
    return exit_ok;
}

}  // namespace

command_spec scan_output_command() {
    return {
        "scan-output",
        "take values out of what a run printed",
        "Reads the recorded output again by the sections [output \"NAME\"] of the project as "
        "they are now, and writes the series output/NAME/... anew, in the place of those that "
        "were there. 'guild train' and 'guild run' do the same while the command runs. A run "
        "that goes on is refused, but for --dry-run.",
        {run_positional()},
        run_options({{"--dry-run", "", "only count what would be found", false}, json_option()}),
        scan_output};
}

}  // namespace program
