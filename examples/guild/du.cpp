// examples/guild/du.cpp - guild du: how much room runs take, and what for.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/series/run_reader.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// units    bytes, as the files' sizes say
struct run_usage {
    std::string path;
    std::uint64_t series = 0;
    std::uint64_t points = 0;
    std::uint64_t output = 0;
    std::uint64_t other = 0;

    [[nodiscard]] std::uint64_t total() const { return series + output + other; }
    void add(const run_usage& more) {
        series += more.series;
        points += more.points;
        output += more.output;
        other += more.other;
    }
};

/// Adds the sizes of all files below a directory; symbolic links are not followed.
std::uint64_t size_of_tree(const std::string& root, io& console) {
    std::uint64_t size = 0;
    std::vector<std::string> waiting = {root};
    while (!waiting.empty()) {
        const std::string directory = std::move(waiting.back());
        waiting.pop_back();
        const auto entries = guild::os::list_directory(directory);
        if (!entries) {
            if (entries.error().code != guild::errc::not_found) {  // runs may be written meanwhile
                console.warn(printable(guild::to_string(entries.error())));
            }
            continue;
        }
        for (const guild::os::dir_entry& entry : *entries) {
            const std::string path = guild::join_path(directory, entry.name);
            if (entry.kind == guild::os::file_kind::directory) {
                waiting.push_back(path);
            } else if (const auto status = guild::os::find_link_status(path)) {
                size += status->size;
            }
        }
    }
    return size;
}

std::uint64_t size_of_series(const std::string& directory) {
    std::uint64_t size = 0;
    const auto entries = guild::os::list_directory(directory);
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const std::string& name = (*entries)[i].name;
        const auto status = guild::os::find_link_status(guild::join_path(directory, name));
        size += guild::ends_with(name, ".gts") && status ? status->size : 0;
    }
    return size;
}

run_usage measure(const guild::runs::run& run, io& console) {
    run_usage found;
    found.path = run.path();
    found.series =
        size_of_series(guild::runs::data_path(run.path(), guild::runs::series_directory));
    const auto log = guild::os::find_link_status(
        guild::runs::data_path(run.path(), guild::runs::output_log_name));
    found.output = log ? log->size : 0;
    const std::uint64_t all = size_of_tree(run.path(), console);
    const std::uint64_t known = found.series + found.output;
    found.other = all - std::min(all, known);  // a run that grows may have gained some meanwhile
    const guild::series::run_reader series = run.series();
    for (const guild::series::series_summary& each : series.summaries()) {
        found.points += each.count;
    }
    if (const auto& failure = series.last_error()) {
        console.warn(printable(guild::to_string(*failure)));
    }
    return found;
}

std::string bytes_a_point(const run_usage& of) {
    if (of.points == 0) {
        return "-";
    }
    char text[32] = {};
    std::snprintf(text, sizeof text, "%.2f",
                  static_cast<double>(of.series) / static_cast<double>(of.points));
    return text;
}

guild::json::value to_json(const run_usage& of) {
    guild::json::value out;
    out["series_bytes"] = guild::json::to_json(of.series);
    out["points"] = guild::json::to_json(of.points);
    out["bytes_per_point"] =
        of.points == 0
            ? guild::json::value()
            : guild::json::to_json(static_cast<double>(of.series) / static_cast<double>(of.points));
    out["output_bytes"] = guild::json::to_json(of.output);
    out["other_bytes"] = guild::json::to_json(of.other);
    out["total_bytes"] = guild::json::to_json(of.total());
    return out;
}

void print_usage_json(const std::vector<run_usage>& all, const run_usage& total, io& console) {
    guild::json::value out;
    out["runs"] = guild::json::value::array();
    for (const run_usage& each : all) {
        guild::json::value row;
        guild::json::set_text(row, "path", each.path);
        row.update(to_json(each));
        out["runs"].push_back(std::move(row));
    }
    out["total"] = to_json(total);
    console.print(guild::json::format(out) + '\n');
}

/// Numbers to the right, in columns as wide as they have to be.
void print_usage_table(const std::vector<run_usage>& all, const run_usage& total, io& console) {
    std::vector<std::vector<std::string>> rows = {
        {"series", "points", "bytes/point", "output", "other", "total", "run"}};
    const auto add = [&](const run_usage& each, const std::string& name) {
        rows.push_back({std::to_string(each.series), std::to_string(each.points),
                        bytes_a_point(each), std::to_string(each.output),
                        std::to_string(each.other), std::to_string(each.total()), name});
    };
    for (const run_usage& each : all) {
        add(each, printable(each.path));
    }
    add(total, "total");
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            line += std::string(widths[i] - row[i].size(), ' ') + row[i] + "  ";
        }
        console.print(line + row.back() + '\n');
    }
}

int show_usage(const arguments& given, io& console) {
    if (given.has("RUNDIR") && given.has("latest-run")) {
        return console.fail("--latest-run cannot be used with RUNDIR");
    }
    const auto runs = select_runs(given, console);
    if (!runs) {
        return exit_usage;
    }
    std::vector<run_usage> all;
    run_usage total;
    for (const guild::runs::run& run : *runs) {
        all.push_back(measure(run, console));
        total.add(all.back());
    }
    std::sort(all.begin(), all.end(), [](const run_usage& a, const run_usage& b) {
        return a.total() != b.total() ? a.total() > b.total() : a.path < b.path;
    });
    if (given.has("json")) {
        print_usage_json(all, total, console);
    } else {
        print_usage_table(all, total, console);
    }
    return exit_ok;
}

}  // namespace

command_spec du_command() {
    return {"du",
            "show how much room runs take",
            "For each run, largest first: the bytes of its series and how many points they hold, "
            "of what the command printed, of all other files in the run's directory, and of all "
            "together. Without RUNDIR every run of the project is shown.",
            {{"RUNDIR", how_many::any,
              "the runs' directories, or their names (or the beginnings of them) in the project"}},
            run_options({json_option()}),
            show_usage};
}

}  // namespace program
