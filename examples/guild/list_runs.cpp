// examples/guild/list_runs.cpp - guild list-runs: the runs of the project with their status, newest
// first, all or those that a condition chooses.

#include "commands.hpp"
#include "common.hpp"
#include "run_values.hpp"

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/marks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

using guild::runs::run_status;

struct named_column {
    std::string title;
    guild::runs::query_name name;
};

/// What the options ask for.
struct list_request {
    guild::runs::query where;
    std::vector<std::string> tags;
    std::optional<guild::runs::query_name> sort;
    std::size_t limit = std::numeric_limits<std::size_t>::max();
    std::vector<named_column> columns;
};

/// Whether `status` passes the filters; several filters must all hold, as in the 2017 tool.
bool passes(run_status status, const arguments& given) {
    const bool failed = status == run_status::error;
    const bool stopped = status == run_status::terminated;
    return (!given.has("completed") || status == run_status::completed) &&
           (!given.has("terminated") || stopped) && (!given.has("error") || failed) &&
           (!given.has("error-or-terminated") || failed || stopped) &&
           (!given.has("running") || status == run_status::running);
}

/// --columns NAME,NAME, which may be given again; false with the error printed.
bool read_columns(const arguments& given, list_request& into, io& console) {
    for (const std::string& list : given.all("columns")) {
        for (const std::string& title : guild::split(list, ',')) {
            auto name = read_query_name(title, "--columns", console);
            if (!name) {
                return false;
            }
            into.columns.push_back({std::string(guild::trim(title)), std::move(*name)});
        }
    }
    return true;
}

/// The options; empty with the error printed.
std::optional<list_request> read_list_request(const arguments& given, io& console) {
    list_request made;
    std::string all;
    for (const std::string& where : given.all("where")) {  // each alone, for the columns of errors
        if (!read_query(where, "--where", console)) {
            return std::nullopt;
        }
        const bool is_blank = guild::trim(where).empty();
        all += is_blank ? "" : (all.empty() ? "(" : " and (") + where + ")";
    }
    auto where = read_query(all, "--where", console);
    if (!where) {
        return std::nullopt;
    }
    made.where = std::move(*where);
    made.tags = given.all("tag");
    if (const auto by = given.find("sort")) {
        made.sort = read_query_name(*by, "--sort", console);
        if (!made.sort) {
            return std::nullopt;
        }
    }
    if (const auto limit = given.find("limit")) {
        const auto number = guild::parse_int64(*limit);
        if (!number || *number < 0) {
            console.fail("--limit takes a whole number, not '" + *limit + "'");
            return std::nullopt;
        }
        made.limit = static_cast<std::size_t>(*number);
    }
    return read_columns(given, made, console) ? std::make_optional(std::move(made)) : std::nullopt;
}

/// The runs that pass everything, in the order asked for.
std::vector<guild::runs::run> choose_runs(std::vector<guild::runs::run> all,
                                          const list_request& request, const arguments& given,
                                          value_source& source) {
    std::vector<guild::runs::run> chosen;
    for (guild::runs::run& run : all) {
        const auto tags = guild::runs::marks_of(run).tags;
        const bool has_tags =
            std::all_of(request.tags.begin(), request.tags.end(), [&](const std::string& tag) {
                return std::find(tags.begin(), tags.end(), tag) != tags.end();
            });
        if (passes(run.status(), given) && has_tags && source.values_of(run).match(request.where)) {
            chosen.push_back(std::move(run));
        }
    }
    if (request.sort) {
        sort_runs(chosen, *request.sort, given.has("reverse"), source);
    } else if (given.has("reverse")) {
        std::reverse(chosen.begin(), chosen.end());
    }
    if (chosen.size() > request.limit) {
        chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(request.limit), chosen.end());
    }
    return chosen;
}

/// The ANSI colour of a status word.
const char* colour_of(run_status status) {
    switch (status) {
    case run_status::running:
        return "\033[34m";
    case run_status::completed:
        return "\033[32m";
    case run_status::error:
        return "\033[31m";
    default:
        return "\033[33m";
    }
}

/// RUNDIR, status, then the columns asked for; without any, label and tags where there are some.
std::string format_run(const guild::runs::run& run, const list_request& request,
                       value_source& source, bool colour) {
    const std::string word(to_string(run.status()));
    std::string line = (colour ? printable(run.path()) : run.path()) + '\t';
    line += colour ? colour_of(run.status()) + word + "\033[0m" : word;
    if (!request.columns.empty()) {
        guild::runs::query_values values = source.values_of(run);
        for (const named_column& column : request.columns) {
            const auto value = values.find(column.name.source, column.name.name);
            line += '\t' + printable(value.value_or("-"));
        }
        return line + '\n';
    }
    const guild::runs::run_marks marks = guild::runs::marks_of(run);
    if (!marks.label.empty() || !marks.tags.empty()) {
        line += '\t' + printable(marks.label);
    }
    if (!marks.tags.empty()) {
        line += '\t' + printable(guild::join(marks.tags, ","));
    }
    return line + '\n';
}

guild::json::value to_json(const guild::runs::run& run, const list_request& request,
                           value_source& source) {
    guild::json::value shown = guild::json::to_json(run);
    guild::runs::query_values values = source.values_of(run);
    for (const named_column& column : request.columns) {
        guild::json::value one;
        guild::json::set_text(one, "name", column.title);
        one["value"] = nullptr;
        if (const auto value = values.find(column.name.source, column.name.name)) {
            guild::json::set_text(one, "value", *value);
        }
        shown["columns"].push_back(std::move(one));
    }
    return shown;
}

int list_runs(const arguments& given, io& console) {
    const auto request = read_list_request(given, console);
    const auto roots = request ? load_run_roots(given, console) : std::nullopt;
    if (!roots) {
        return exit_usage;
    }
    value_source source(given);
    const auto& from = given.has("deleted") ? guild::runs::trash_roots(*roots) : *roots;
    const auto runs = choose_runs(guild::runs::list_runs(from), *request, given, source);
    if (given.has("json")) {
        guild::json::value list = guild::json::value::array();
        for (const guild::runs::run& run : runs) {
            list.push_back(to_json(run, *request, source));
        }
        console.print(guild::json::format(list) + '\n');
        return exit_ok;
    }
    const bool colour = console.use_colour();
    for (const guild::runs::run& run : runs) {
        const std::string line = format_run(run, *request, source, colour);
        colour ? console.print_as_is(line) : console.print(line);
    }
    return exit_ok;
}

}  // namespace

command_spec list_runs_command() {
    return {
        "list-runs",
        "list the runs of a project, newest first",
        "Prints RUNDIR, a tab and the status of each run: running, completed, terminated, error, "
        "pending or lost; then label and tags of runs that have some. A run is listed when it "
        "passes every filter given.\n"
        "EXPR compares names with values, as in 'lr = 0.1 and loss < 0.8': = != < <= > >= ~ (a "
        "pattern), not, and, or, parentheses. NAME is a flag, an attribute, a word about the run "
        "(id name model status label note started stopped duration exit_code signal cause), a "
        "field of the project or a series, looked for in this order; flag: attr: run: field: "
        "series: before it chooses one, tag:NAME asks for a tag. A series is its last value, "
        "KEY.min its smallest. A name that a run does not have makes the comparison false.",
        {},
        {project_option(),
         {"--completed", "", "only completed runs"},
         {"--terminated", "", "only runs that were stopped"},
         {"--error", "", "only runs that failed"},
         {"--error-or-terminated", "", "only runs that failed or were stopped"},
         {"--running", "", "only runs that are running"},
         {"--where", "EXPR", "only runs for which EXPR holds; may be given again", true},
         {"--tag", "TAG", "only runs with this tag; may be given again", true},
         {"--sort", "NAME", "smallest first, runs without a value last"},
         {"--reverse", "", "the other way round"},
         {"--deleted", "", "the runs in the trash instead"},
         {"--limit", "N", "the first N only"},
         {"--columns", "NAME,...", "print these values behind the status, - for none", true},
         json_option()},
        list_runs};
}

}  // namespace program
