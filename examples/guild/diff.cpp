// examples/guild/diff.cpp - guild diff: where two runs are not the same.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/runs/diff.hpp>
#include <guild/series/point_text.hpp>

#include <optional>
#include <string>
#include <vector>

namespace program {
namespace {

guild::json::value to_json(const std::optional<std::string>& text) {
    return text ? guild::json::value(guild::json::to_text(*text)) : guild::json::value(nullptr);
}

guild::json::value to_json(const std::optional<guild::series::point>& point) {
    if (!point) {
        return nullptr;
    }
    guild::json::value shown;
    shown["step"] = guild::json::to_json(point->step);
    shown["value"] = guild::json::to_json(point->value);
    return shown;
}

guild::json::value to_json(const std::vector<guild::runs::pair_difference>& pairs) {
    guild::json::value list = guild::json::value::array();
    for (const guild::runs::pair_difference& each : pairs) {
        guild::json::value one;
        guild::json::set_text(one, "name", each.name);
        one["first"] = to_json(each.first);
        one["second"] = to_json(each.second);
        list.push_back(std::move(one));
    }
    return list;
}

guild::json::value to_json(const guild::runs::run_difference& found) {
    guild::json::value shown;
    shown["same"] = found.is_same();
    shown["run"] = to_json(found.run);
    shown["flags"] = to_json(found.flags);
    shown["attrs"] = to_json(found.attrs);
    shown["sources"] = to_json(found.sources);
    shown["output"] = nullptr;
    if (found.output) {
        shown["output"] = {{"line", found.output->line},
                           {"first", to_json(found.output->first)},
                           {"second", to_json(found.output->second)}};
    }
    shown["series"] = guild::json::value::array();
    for (const guild::runs::series_difference& each : found.series) {
        guild::json::value one;
        guild::json::set_text(one, "key", each.key);
        one["place"] = each.place;
        one["first"] = to_json(each.first);
        one["second"] = to_json(each.second);
        shown["series"].push_back(std::move(one));
    }
    return shown;
}

/// "  - NAME: VALUE" and "  + NAME: VALUE" below a title.
void print_pairs(const std::string& title, const std::vector<guild::runs::pair_difference>& pairs,
                 io& console) {
    console.print(pairs.empty() ? "" : title + '\n');
    for (const guild::runs::pair_difference& each : pairs) {
        if (each.first) {
            console.print("  - " + printable(each.name) + ": " + printable(*each.first) + '\n');
        }
        if (each.second) {
            console.print("  + " + printable(each.name) + ": " + printable(*each.second) + '\n');
        }
    }
}

/// Paths of the snapshot: in one run alone, or with another content.
void print_sources(const std::vector<guild::runs::pair_difference>& files, io& console) {
    console.print(files.empty() ? "" : "sources\n");
    for (const guild::runs::pair_difference& each : files) {
        const char* mark = !each.first ? "  + " : !each.second ? "  - " : "  ! ";
        console.print(mark + printable(each.name) + '\n');
    }
}

void print_output(const guild::runs::output_difference& output, io& console) {
    console.print("output, from line " + std::to_string(output.line) + '\n');
    const std::string end = "(the end)";
    console.print("  - " + printable(output.first.value_or(end)).substr(0, 500) + '\n');
    console.print("  + " + printable(output.second.value_or(end)).substr(0, 500) + '\n');
}

std::string describe(const std::optional<guild::series::point>& point) {
    return point ? "step " + std::to_string(point->step) + ": " +
                       guild::series::to_string(point->value)
                 : "(the end)";
}

void print_series(const std::vector<guild::runs::series_difference>& series, io& console) {
    console.print(series.empty() ? "" : "series\n");
    for (const guild::runs::series_difference& each : series) {
        const std::string key = printable(each.key);
        if (each.place == 0 && !each.second) {
            console.print("  - " + key + '\n');
        } else if (each.place == 0 && !each.first) {
            console.print("  + " + key + '\n');
        } else {
            console.print("  ! " + key + ", from point " + std::to_string(each.place + 1) + '\n');
            console.print("    - " + describe(each.first) + '\n');
            console.print("    + " + describe(each.second) + '\n');
        }
    }
}

int diff(const arguments& given, io& console) {
    const auto first = select_named_run(given.get("RUN", ""), given, console);
    const auto second =
        first ? select_named_run(given.get("OTHER", ""), given, console) : std::nullopt;
    if (!second) {
        return exit_usage;
    }
    const auto found = guild::runs::diff_runs(*first, *second, given.has("all"));
    if (given.has("json")) {
        console.print(guild::json::format(to_json(found)) + '\n');
    } else if (!found.is_same()) {
        console.print("--- " + first->path() + "\n+++ " + second->path() + '\n');
        print_pairs("run", found.run, console);
        print_pairs("flags", found.flags, console);
        print_pairs("attributes", found.attrs, console);
        print_sources(found.sources, console);
        if (found.output) {
            print_output(*found.output, console);
        }
        print_series(found.series, console);
    }
    return found.is_same() ? exit_ok : exit_failed;
}

}  // namespace

command_spec diff_command() {
    return {
        "diff",
        "show where two runs differ",
        "Compares status and command, flags, attributes, the snapshots of sources, output up "
        "to the first line that differs, and series up to the first point that differs in step "
        "or value. Times do not count, and each run's directory counts as $RUNDIR. Lines with "
        "- are of RUN, with + of OTHER. The exit status is 0 when nothing differs, 1 when "
        "something does.",
        {{"RUN", how_many::one,
          "a run's directory, or its name (or the beginning of it) in the project"},
         {"OTHER", how_many::one, "another run"}},
        {project_option(), {"--all", "", "compare the statistics sys/ and op/ too"}, json_option()},
        diff};
}

}  // namespace program
