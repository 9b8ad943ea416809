// examples/guild/check.cpp - guild check: what this machine and this project have of what guild
// needs.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/project/output_rules.hpp>
#include <guild/toml.hpp>
#include <guild/version.hpp>
#include <guild/viewer/view_spec.hpp>

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// One line of the answer.
struct finding {
    std::string name;
    std::string seen;
    bool found = true;
    bool needed = false;  // without it guild cannot do its work here
};

struct tool {
    const char* name;
    const char* version_option;
    const char* use;
};

constexpr tool tools[] = {
    {"python3", "--version", "runs .py scripts"},
    {"git", "--version", "fetches package sources"},
    {"curl", "--version", "downloads data"},
    {"gzip", "--version", "reads compressed data"},
    {"nvidia-smi", "--version", "reports GPU statistics"},
};

/// What a tool first prints about its version, up to a parenthesis; empty if it says nothing in
/// time.
std::string version_of(const std::string& program, const char* option) {
    constexpr std::int64_t patience_ms = 3000;
    guild::os::process_options what;
    what.argv = {program, option};
    guild::os::run_options how;
    how.timeout_ms = patience_ms;
    how.max_output_bytes = 4096;
    const auto ran = guild::os::run(what, how);
    if (!ran || !ran->status.success()) {
        return {};
    }
    return std::string(guild::trim(ran->out.substr(0, ran->out.find_first_of("\n("))));
}

finding find_tool(const tool& wanted) {
    const auto path = guild::os::find_program(wanted.name, guild::os::find_variable("PATH"));
    if (!path) {
        return {wanted.name, std::string("not found (it ") + wanted.use + ")", false};
    }
    const std::string version = version_of(*path, wanted.version_option);
    return {wanted.name, *path + (version.empty() ? "" : " (" + version + ")")};
}

/// Whether a directory, or the nearest one above it that exists, can be written.
finding check_run_root(const std::string& root) {
    std::string nearest = root;
    while (!guild::os::find_status(nearest) && nearest != "/" && nearest != ".") {
        nearest = guild::parent_path(nearest);
    }
    const bool writable =
        guild::os::is_directory(nearest) && ::access(nearest.c_str(), W_OK | X_OK) == 0;
    return {"run root", root + (writable ? "" : " (cannot be written)"), writable, true};
}

/// False when there is a project file with errors.
bool check_project(const arguments& given, io& console, std::vector<finding>& findings) {
    guild::project::load_options options;
    options.read_toml = guild::toml::read_project;
    const auto report = guild::project::load_project_report(project_directory(given), options);
    print_diagnostics(console, report.diagnostics, report.text);
    if (report.value) {
        print_diagnostics(console, guild::viewer::check_reductions(*report.value), report.text);
        const auto bad_rules = guild::project::check_output_rules(*report.value);
        print_diagnostics(console, bad_rules, report.text);
        const std::size_t models = report.value->models().size();
        findings.push_back({"project", report.path + " (" + report.value->title() + ", " +
                                           std::to_string(models) +
                                           (models == 1 ? " model)" : " models)")});
        for (const std::string& root : report.value->run_roots()) {
            findings.push_back(check_run_root(root));
        }
        return bad_rules.empty();
    }
    const bool is_missing = report.failure && report.path.empty();
    findings.push_back({"project",
                        is_missing ? "no Guild file in this directory ('guild init' writes one)"
                                   : report.path + " has errors",
                        false, !is_missing});
    if (report.failure && report.failure->where.line == 0 && !is_missing) {
        fail(console, *report.failure);
    }
    return is_missing;
}

void print(const std::vector<finding>& findings, const arguments& given, io& console) {
    constexpr std::size_t width = 12;
    guild::json::value list = guild::json::value::array();
    for (const finding& each : findings) {
        guild::json::value object;
        guild::json::set_text(object, "name", each.name);
        object["found"] = each.found;
        object["needed"] = each.needed;
        guild::json::set_text(object, "seen", each.seen);
        list.push_back(std::move(object));
        if (!given.has("json")) {
            console.print(each.name + std::string(width - each.name.size(), ' ') + each.seen +
                          '\n');
        }
    }
    if (given.has("json")) {
        console.print(guild::json::format(list) + '\n');
    }
}

int check(const arguments& given, io& console) {
    std::vector<finding> findings{{"guild", guild::version}};
    const bool is_good_project = check_project(given, console, findings);
    for (const tool& each : tools) {
        findings.push_back(find_tool(each));
    }
    print(findings, given, console);
    if (!is_good_project) {
        return exit_usage;
    }
    for (const finding& each : findings) {
        if (each.needed && !each.found) {
            return exit_failed;
        }
    }
    return exit_ok;
}

}  // namespace

command_spec check_command() {
    return {"check",
            "check what this machine and project have of what guild needs",
            "Prints the version of guild, the project file, whether the run root can be written, "
            "and the programs that guild "
            "and its examples use where they are there. The exit status is 2 when the project file "
            "has errors, 1 when runs cannot be written.",
            {},
            {project_option(), json_option()},
            check};
}

}  // namespace program
