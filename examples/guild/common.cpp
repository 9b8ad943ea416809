// examples/guild/common.cpp - see common.hpp.

#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/project/load.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/toml.hpp>

#include <climits>
#include <cstdlib>
#include <iterator>

#include <unistd.h>

namespace program {
namespace {

/// The project of `report`; empty when it cannot be used, with the reason printed.
std::optional<guild::project::project> take_project(guild::project::load_report report,
                                                    io& console) {
    print_diagnostics(console, report.diagnostics, report.text);
    if (report.value) {
        return std::move(report.value);
    }
    if (report.failure && report.failure->where.line == 0) {
        fail(console, *report.failure);  // others were among the diagnostics
    }
    return std::nullopt;
}

/// The run at a path; failing that, for a name without a slash, the run of that name in the
/// project's run roots. Empty with the error printed.
std::optional<guild::runs::run> find_named_run(const std::string& name, const arguments& given,
                                               io& console) {
    if (auto at_path = guild::runs::run::open(guild::os::absolute_path(name))) {
        return std::move(*at_path);
    }
    if (name.find('/') == std::string::npos) {
        const auto report = read_project(given);
        const auto roots = report.value ? std::make_optional(report.value->run_roots())
                                        : find_plain_run_root(report, given);
        auto named = guild::runs::find_run(roots.value_or(std::vector<std::string>{}), name);
        if (named) {
            return std::move(*named);
        }
        if (named.error().code == guild::errc::bad_value) {  // it fits several
            fail(console, named.error());
            return std::nullopt;
        }
    }
    console.fail("cannot find a run at " + name);
    return std::nullopt;
}

void warn_of(const guild::runs::run& run, io& console) {
    for (const std::string& note : run.notes()) {
        console.warn(run.path() + ": " + note);
    }
}

/// The run that RUNDIR or --latest-run names; empty with the error printed.
std::optional<guild::runs::run> find_selected_run(const arguments& given, io& console) {
    const auto name = given.find("RUNDIR");
    if (name && given.has("latest-run")) {
        console.fail("--latest-run cannot be used with RUNDIR");
        return std::nullopt;
    }
    if (!name && !given.has("latest-run")) {
        console.fail("either RUNDIR or --latest-run is required");
        return std::nullopt;
    }
    if (name) {
        return find_named_run(*name, given, console);
    }
    const auto roots = load_run_roots(given, console);
    if (!roots) {
        return std::nullopt;
    }
    auto latest = guild::runs::find_latest(*roots);
    if (!latest) {
        console.fail("There are no runs for this project");
        return std::nullopt;
    }
    return std::move(*latest);
}

}  // namespace

option_spec project_option() {
    return {"-P,--project", "DIR", "the project's directory (default: this directory)", false};
}

option_spec json_option() {
    return {"--json", "", "print JSON", false};
}

std::vector<option_spec> run_options(std::vector<option_spec> more) {
    std::vector<option_spec> options = {
        project_option(), {"-L,--latest-run", "", "the run that started last", false}};
    options.insert(options.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    return options;
}

positional_spec run_positional() {
    return {"RUNDIR", how_many::optional,
            "the run's directory, or its name (or the beginning of it) in the project"};
}

int fail(io& console, const guild::error& error) {
    if (error.where.line == 0) {
        return console.fail(guild::to_string(error));
    }
    console.print_error(guild::to_string(error) + '\n');
    return exit_usage;
}

void print_diagnostics(io& console, const std::vector<guild::ini::diagnostic>& diagnostics,
                       std::string_view text) {
    for (const guild::ini::diagnostic& diagnostic : diagnostics) {
        console.print_error(guild::ini::render(diagnostic, text));
    }
}

std::string project_directory(const arguments& given) {
    return given.get("project", ".");
}

guild::project::load_options project_load_options() {
    guild::project::load_options options;
    options.read_toml = guild::toml::read_project;
    return options;
}

guild::project::load_report read_project(const arguments& given) {
    return guild::project::load_project_report(project_directory(given), project_load_options());
}

bool is_missing(const guild::project::load_report& report) {
    return report.failure && report.failure->code == guild::errc::not_found;
}

std::optional<std::vector<std::string>>
find_plain_run_root(const guild::project::load_report& report, const arguments& given) {
    const std::string runs = guild::join_path(project_directory(given), "runs");
    if (!is_missing(report) || !guild::os::is_directory(runs)) {
        return std::nullopt;
    }
    return std::vector<std::string>{guild::os::absolute_path(runs)};
}

std::optional<guild::project::project> load_project(const arguments& given, io& console) {
    return take_project(read_project(given), console);
}

std::optional<std::vector<std::string>> load_run_roots(const arguments& given, io& console) {
    auto report = read_project(given);
    if (auto plain = find_plain_run_root(report, given)) {
        return plain;
    }
    const auto project = take_project(std::move(report), console);
    return project ? std::make_optional(project->run_roots()) : std::nullopt;
}

std::optional<std::string> find_run_root(const arguments& given, io& console) {
    auto report = read_project(given);
    if (is_missing(report)) {
        return guild::os::absolute_path(guild::join_path(project_directory(given), "runs"));
    }
    const auto project = take_project(std::move(report), console);
    return project ? std::make_optional(project->run_root(nullptr)) : std::nullopt;
}

std::optional<guild::runs::run> select_run(const arguments& given, io& console) {
    auto run = find_selected_run(given, console);
    if (run) {
        warn_of(*run, console);
    }
    return run;
}

std::optional<guild::runs::run> select_named_run(const std::string& name, const arguments& given,
                                                 io& console) {
    auto run = find_named_run(name, given, console);
    if (run) {
        warn_of(*run, console);
    }
    return run;
}

std::optional<std::vector<guild::runs::run>> select_runs(const arguments& given, io& console) {
    std::vector<guild::runs::run> runs;
    if (given.has("RUNDIR") && !given.has("latest-run")) {
        for (const std::string& name : given.all("RUNDIR")) {
            auto run = find_named_run(name, given, console);
            if (!run) {
                return std::nullopt;
            }
            runs.push_back(std::move(*run));
        }
    } else if (given.has("latest-run")) {
        auto run = find_selected_run(given, console);
        if (!run) {
            return std::nullopt;
        }
        runs.push_back(std::move(*run));
    } else {
        const auto roots = load_run_roots(given, console);
        if (!roots) {
            return std::nullopt;
        }
        runs = guild::runs::list_runs(*roots);
    }
    for (const guild::runs::run& run : runs) {
        warn_of(run, console);
    }
    return runs;
}

int fail_work(io& console, const guild::error& error) {
    const std::string text = printable(guild::replace_invalid_utf8(guild::to_string(error)));
    if (error.where.line == 0) {
        console.fail(text);
    } else {
        console.print_error(text + '\n');
    }
    return exit_failed;
}

std::string printable(std::string_view text, std::string_view kept) {
    const auto is_third = [](std::string_view mark, unsigned char first, unsigned char last) {
        const auto byte = mark.size() > 2 ? static_cast<unsigned char>(mark[2]) : 0U;
        return first <= byte && byte <= last;
    };
    std::string out;
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        const bool is_kept = kept.find(text.front()) != std::string_view::npos;
        std::size_t control = !is_kept && (byte < 0x20 || byte == 0x7F) ? 1 : 0;
        if (byte == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0) {
            control = 2;  // U+0080 to U+009F
        } else if ((guild::starts_with(text, "\xE2\x80") && is_third(text, 0xAA, 0xAE)) ||
                   (guild::starts_with(text, "\xE2\x81") && is_third(text, 0xA6, 0xA9))) {
            control = 3;  // U+202A to U+202E, U+2066 to U+2069
        }
        out += control != 0 ? '?' : text.front();
        text.remove_prefix(control != 0 ? control : 1);
    }
    return out;
}

void print_name_values(const name_values& list, const arguments& given, io& console) {
    if (given.has("json")) {
        console.print(guild::json::format(guild::json::to_json(list)) + '\n');
        return;
    }
    for (const auto& [name, value] : list) {
        console.print(name + ": " + value + '\n');
    }
}

std::string find_program_directory() {
    char buffer[PATH_MAX];
    const ssize_t size = ::readlink("/proc/self/exe", buffer, sizeof buffer);
    if (size <= 0) {
        return {};
    }
    return guild::parent_path(std::string_view(buffer, static_cast<std::size_t>(size)));
}

}  // namespace program
