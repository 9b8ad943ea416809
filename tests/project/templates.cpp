#include <guild/ini/parser.hpp>
#include <guild/project/templates.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ini = guild::ini;
namespace project = guild::project;

namespace {

std::string values_of(const std::string& name, const std::vector<std::string>& attributes) {
    const auto all = project::builtin_sections();
    const ini::section* found = ini::find_section(all, {"template", name});
    std::string seen;
    for (const std::string& each : attributes) {
        seen += (found == nullptr ? "?" : found->get(each, "-")) + ' ';
    }
    return seen;
}

}  // namespace

TEST_CASE("built-in templates: hold the values of the 2017 include") {
    const std::vector<std::string> field = {"color", "icon", "label", "reduce", "format"};
    CHECK(values_of("accuracy-field", field) == "green-700 accuracy Accuracy last 0.00% ");
    CHECK(values_of("loss-field", field) == "red-700 loss Loss last 0.0000 ");
    CHECK(values_of("steps-field", field) == "blue-700 steps Steps steps 0,0 ");
    CHECK(values_of("time-field", field) == "yellow-700 time Time duration 00:00:00 ");
    CHECK(values_of("validation-accuracy-field", field) ==
          "green-700 accuracy Validation Accuracy last 0.00% ");
    CHECK(values_of("train-accuracy-field", field) ==
          "teal-300 accuracy Train Accuracy last 0.00% ");
    const std::vector<std::string> series = {"title", "label", "format", "source"};
    CHECK(values_of("loss-series", series) == "Loss  0.000 - ");
    CHECK(values_of("accuracy-series", series) == "Accuracy  0.00% - ");
    CHECK(values_of("percent-util-series", series) == "Percent Util  % - ");
    CHECK(values_of("memory-series", series) == "Memory  0.0 b - ");
    CHECK(values_of("op-cpu-percent-series", series) == "Process CPU %  % series/op/cpu/util ");
    CHECK(values_of("op-memory-series", series) == "Process Memory  0.0 b series/op/mem/rss ");
    CHECK(values_of("gpu-percent-series", series) == "GPU %  % series/sys/gpu.*/gpu/util ");
    CHECK(values_of("gpu-memory-series", series) == "GPU Memory  0.0 b series/sys/gpu.*/mem/used ");
}

TEST_CASE("built-in sections: the view and its components are there") {
    const auto all = project::builtin_sections();
    CHECK(ini::find_section(all, {"train-view"})->get("content") == "fields series output");
    CHECK(ini::find_section(all, {"train-view"})->get("sidebar") == "flags attrs");
    for (const char* name : {"fields", "series", "output", "flags", "attrs", "artifacts"}) {
        const ini::section* found = ini::find_section(all, {"component", name});
        REQUIRE(found != nullptr);
        CHECK(found->get("element") == std::string("guild-") + name);
    }
    CHECK(ini::find_section(all, {"component", "series"})->get("extra_series_templates") ==
          "op-cpu-percent-series op-memory-series gpu-percent-series gpu-memory-series");
    const ini::document parsed = ini::parse(project::builtin_text);
    CHECK(parsed.diagnostics().empty());
    CHECK(ini::expand(parsed).diagnostics.empty());
}

TEST_CASE("init template: is a project file without a mistake") {
    const ini::document parsed = ini::parse(project::init_template, "Guild");
    CHECK(parsed.diagnostics().empty());
    const ini::expansion read = ini::expand(parsed, project::builtin_sections());
    CHECK(read.diagnostics.empty());
    CHECK(ini::find_section(read.sections, {"project"})->get("runroot") == "runs");
    CHECK(ini::find_section(read.sections, {"model"})->get("train", "-").empty());
    const ini::section* flags = ini::find_section(read.sections, {"flags"});
    CHECK(flags->get("data_dir") == "data");
    CHECK(flags->get("train_dir") == "$RUNDIR/train");
    CHECK(flags->get("batch_size") == "128");
    CHECK(flags->get("max_steps") == "1000");
    CHECK(ini::find_section(read.sections, {"flags", "quick"})->get("max_steps") == "100");
    CHECK(ini::find_section(read.sections, {"flags", "long"})->get("max_steps") == "10000");
}

TEST_CASE("init template: its commented examples become valid when the comment signs go") {
    std::string text;
    bool in_example = false;
    for (const std::string& line : guild::split(project::init_template, '\n')) {
        in_example =
            guild::starts_with(line, "# [") || (in_example && guild::starts_with(line, "#"));
        const bool is_code = in_example && line.size() > 1 &&
                             (guild::contains(line, " = ") || guild::starts_with(line, "# [") ||
                              guild::contains(line, "@attrs"));
        text += is_code ? line.substr(2) + '\n' : "";
    }
    const ini::document parsed = ini::parse(text);
    CHECK_FALSE(parsed.first_error());
    REQUIRE(parsed.sections().size() == 3);
    CHECK(ini::expand(parsed, project::builtin_sections()).diagnostics.empty());
}
