// examples/guild/list_series.cpp - guild list-series: the keys of the series of a run.

#include "commands.hpp"
#include "common.hpp"

#include <guild/json.hpp>
#include <guild/series/run_reader.hpp>

#include <string>

namespace program {
namespace {

int list_series(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    guild::json::value list = guild::json::value::array();
    const guild::series::run_reader series = run->series();
    for (const guild::series::series_summary& summary : series.summaries()) {
        if (given.has("json")) {
            list.push_back(guild::json::to_json(summary));
        } else {
            console.print(summary.key + '\n');
        }
    }
    if (given.has("json")) {
        console.print(guild::json::format(list) + '\n');
    }
    if (const auto& error = series.last_error()) {
        console.warn(guild::to_string(*error));
    }
    if (series.bytes_lost() > 0) {
        console.warn(run->path() + ": " + std::to_string(series.bytes_lost()) +
                     " damaged bytes of series were skipped");
    }
    return exit_ok;
}

}  // namespace

command_spec list_series_command() {
    return {"list-series",
            "list the series of a run",
            "Prints one key on a line, in order. Keys that start with tf/ come from TensorFlow "
            "event files, sys/ are "
            "statistics of the machine, op/ of the command and its children; others were logged by "
            "the command itself.",
            {run_positional()},
            run_options({json_option()}),
            list_series};
}

}  // namespace program
