// examples/guild/show.cpp - guild show: one run at a glance: what it was, how it ended, what it
// printed last.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/time.hpp>
#include <guild/json.hpp>
#include <guild/runs/post_mortem.hpp>

#include <string>
#include <vector>

namespace program {
namespace {

void print_row(io& console, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        console.print(std::string(name) + std::string(10 - name.size(), ' ') + printable(value) +
                      '\n');
    }
}

std::string moment(const std::optional<std::int64_t>& time_us) {
    return time_us ? guild::format_iso8601(*time_us) : std::string();
}

int show(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    const auto lines = guild::runs::read_last_lines(*run);
    const std::string end = guild::runs::describe_end(*run);
    if (given.has("json")) {
        guild::json::value out = guild::json::to_json(*run);
        guild::json::set_text(out, "post_mortem", end);
        out["last_lines"] = guild::json::value::array();
        for (const std::string& line : lines ? *lines : std::vector<std::string>()) {
            out["last_lines"].push_back(guild::json::to_text(line));
        }
        console.print(guild::json::format(out) + '\n');
        return exit_ok;
    }
    print_row(console, "Run:", run->path());
    print_row(console, "Model:", run->model());
    print_row(console, "Command:", run->find_meta("cmd").value_or(""));
    print_row(console, "Started:", moment(run->started_us()));
    print_row(console, "Stopped:", moment(run->stopped_us()));
    print_row(console, "Status:", end);
    if (!lines) {
        return fail(console, lines.error());
    }
    console.print(lines->empty() ? "" : "Output ends with:\n");
    for (const std::string& line : *lines) {
        console.print("  " + printable(line) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec show_command() {
    return {"show",
            "show a run, how it ended and what it printed last",
            "The status line names the cause, the highest step that was logged, and the memory of "
            "the command where that was short.",
            {run_positional()},
            run_options({json_option()}),
            show};
}

}  // namespace program
