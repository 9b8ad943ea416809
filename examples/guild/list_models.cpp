// examples/guild/list_models.cpp - guild list-models: the models of a project with their
// descriptions.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/text.hpp>
#include <guild/json.hpp>

#include <algorithm>
#include <string>

namespace program {
namespace {

using guild::project::project;
using guild::project::section;

std::string shown_name(const project& from, const section& model) {
    const std::string name = from.model_display_name(model);
    return name.empty() ? "?" : name;
}

int list_models(const arguments& given, io& console) {
    const auto loaded = load_project(given, console);
    if (!loaded) {
        return exit_usage;
    }
    guild::json::value list = guild::json::value::array();
    std::size_t width = 0;
    for (const section* model : loaded->models()) {
        width = std::max(width, shown_name(*loaded, *model).size());
    }
    for (const section* model : loaded->models()) {
        const std::string name = shown_name(*loaded, *model);
        const std::string description = guild::collapse_spaces(model->get("description"));
        if (given.has("json")) {
            guild::json::value object;
            guild::json::set_text(object, "name", loaded->model_display_name(*model));
            guild::json::set_text(object, "description", description);
            guild::json::set_text(object, "train", model->get("train"));
            list.push_back(std::move(object));
            continue;
        }
        const std::string padding =
            description.empty() ? "" : std::string(width - name.size() + 2, ' ');
        console.print(name + padding + description + '\n');
    }
    if (given.has("json")) {
        console.print(guild::json::format(list) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec list_models_command() {
    return {"list-models",
            "list the models of a project",
            "Prints the name of each model and its description. A model without a name goes by the "
            "first word of its "
            "train command.",
            {},
            {project_option(), json_option()},
            list_models};
}

}  // namespace program
