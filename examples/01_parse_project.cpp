// Reads the project file of a directory and prints its models, with each flag and where it was set.
//
//     01_parse_project [DIRECTORY]
//
// What is wrong with the file is shown with its line, and a caret below the place.
#include <cstdio>
#include <optional>
#include <string>

#include <guild/guild.hpp>

namespace {

void print_diagnostics(const guild::project::load_report& report) {
    for (const guild::ini::diagnostic& found : report.diagnostics) {
        std::fprintf(stderr, "%s\n", render(found, report.text).c_str());
    }
}

void print_model(const guild::project::project& project, const guild::ini::section& model) {
    std::printf("\n%s: %s\n", project.model_display_name(model).c_str(),
                model.get("description", "(no description)").c_str());
    std::printf("  train  %s\n", model.get("train", "(nothing to train with)").c_str());
    const auto flags = guild::project::resolve_flags(project, model, std::nullopt, {});
    if (!flags) {
        std::fprintf(stderr, "%s\n", to_string(flags.error()).c_str());
        return;
    }
    for (const guild::project::flag& flag : *flags) {
        std::printf("  --%s %s  (line %u, %s flags)\n", flag.name.c_str(), flag.value.c_str(),
                    flag.from.where.line, std::string(to_string(flag.layer)).c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string directory = argc > 1 ? argv[1] : ".";
    const guild::project::load_report report = guild::project::load_project_report(directory);
    print_diagnostics(report);
    if (!report.value) {
        if (report.diagnostics.empty()) {  // not about the text: there is no file, or no permission
            std::fprintf(stderr, "%s\n", to_string(*report.failure).c_str());
        }
        return 2;
    }
    const guild::project::project& project = *report.value;
    std::printf("%s: %s\n", project.title().c_str(), project.description().c_str());
    for (const guild::ini::section* model : project.models()) {
        print_model(project, *model);
    }
    return 0;
}
