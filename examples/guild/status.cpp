// examples/guild/status.cpp - guild status: the project, its models and its runs at a glance.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/marks.hpp>
#include <guild/runs/post_mortem.hpp>

#include <map>
#include <string>
#include <vector>

namespace program {
namespace {

/// "3 (2 completed, 1 error)"
std::string count_by_status(const std::vector<guild::runs::run>& runs) {
    std::map<std::string, int> counts;
    for (const guild::runs::run& run : runs) {
        ++counts[std::string(to_string(run.status()))];
    }
    std::vector<std::string> parts;
    for (const auto& [status, count] : counts) {
        parts.push_back(std::to_string(count) + ' ' + status);
    }
    const std::string total = std::to_string(runs.size());
    return parts.empty() ? total : total + " (" + guild::join(parts, ", ") + ')';
}

guild::json::value to_json(const guild::project::project& project,
                           const std::vector<std::string>& models,
                           const std::vector<guild::runs::run>& runs) {
    guild::json::value summary;
    guild::json::set_text(summary, "title", project.title());
    guild::json::set_text(summary, "directory", project.directory());
    summary["models"] = guild::json::value::array();
    for (const std::string& model : models) {
        summary["models"].push_back(guild::json::to_text(model));
    }
    summary["runs"] = runs.size();
    summary["latest_run"] =
        runs.empty() ? guild::json::value() : guild::json::to_json(runs.front());
    return summary;
}

int status(const arguments& given, io& console) {
    const auto project = load_project(given, console);
    if (!project) {
        return exit_usage;
    }
    std::vector<std::string> models;
    for (const auto* model : project->models()) {
        const std::string name = project->model_display_name(*model);
        models.push_back(name.empty() ? "?" : name);
    }
    const auto runs = guild::runs::list_runs(project->run_roots());
    if (given.has("json")) {
        console.print(guild::json::format(to_json(*project, models, runs)) + '\n');
        return exit_ok;
    }
    console.print("Project:    " + project->title() + '\n');
    console.print("Directory:  " + guild::os::absolute_path(project->directory()) + '\n');
    console.print("Models:     " + guild::join(models, ", ") + '\n');
    console.print("Runs:       " + count_by_status(runs) + '\n');
    if (!runs.empty()) {
        const guild::runs::run_marks marks = guild::runs::marks_of(runs.front());
        console.print("Latest run: " + runs.front().path() + " (" +
                      printable(guild::runs::describe_end(runs.front())) + ")\n");
        console.print(marks.label.empty() ? "" : "Label:      " + printable(marks.label) + '\n');
        const std::string tags = guild::join(marks.tags, ", ");
        console.print(tags.empty() ? "" : "Tags:       " + printable(tags) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec status_command() {
    return {"status", "show a project's models and runs", "",
            {},       {project_option(), json_option()},  status};
}

}  // namespace program
