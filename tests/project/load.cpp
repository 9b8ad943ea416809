#include <guild/project/load.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/temp_dir.hpp"

namespace project = guild::project;
using guild_test::temp_dir;

namespace {

guild::ini::expansion read_fixed(std::string_view text, const std::string& path,
                                 const std::vector<guild::ini::section>&) {
    return {{{{"project"}, {{"name", std::string(text), {path, {}}, {}}}, {path, {}}}}, {}};
}

}  // namespace

TEST_CASE("load: a directory without a project file says what to do") {
    const temp_dir at;
    const auto missing = project::load_project(at.path());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == guild::errc::not_found);
    CHECK(missing.error().message ==
          "Directory '" + at.path() + "' does not contain a Guild file\nTry 'guild init " +
              at.path() + "' to initialize a project or change directories.");
    REQUIRE(guild::os::make_directories(at / "Guild"));
    CHECK_FALSE(project::load_project(at.path()));
}

TEST_CASE("load: a project has its directory, path, text and warnings") {
    const temp_dir at;
    const std::string path = at.write("Guild", "[project]\nname = N\na b = 1\n");
    const auto loaded = project::load_project(at.path() + "/.");
    REQUIRE(loaded);
    CHECK(loaded->value.title() == "N");
    CHECK(loaded->value.directory() == at.path());
    CHECK(loaded->value.run_root() == at / "runs");
    CHECK(loaded->text == "[project]\nname = N\na b = 1\n");
    REQUIRE(loaded->diagnostics.size() == 1);
    CHECK(loaded->diagnostics[0].what.where.line == 3);
}

TEST_CASE("load: a mistake is reported with path, line and column, and the report has them all") {
    const temp_dir at;
    const std::string path = at.write("Guild", "[project\nname = N\n[flags]\nnonsense\n");
    const auto loaded = project::load_project(at.path());
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == guild::errc::bad_syntax);
    CHECK(guild::to_string(loaded.error()) ==
          path + ":1:9: expected `]` at the end of a section header");
    const auto report = project::load_project_report(at.path());
    CHECK_FALSE(report.value);
    REQUIRE(report.failure);
    CHECK(report.diagnostics.size() == 2);
    CHECK(report.diagnostics[1].what.where.line == 4);
    CHECK(report.path == path);
    CHECK(report.text.size() == 35);
}

TEST_CASE("load: templates are built in, and a project's own comes first") {
    const temp_dir at;
    (void)at.write(
        "Guild",
        "[field \"a\"]\n@attrs template \"loss-field\"\n"
        "[template \"loss-field\"]\nlabel = Mine\n[field \"b\"]\n@attrs template \"loss-field\"\n");
    const auto plain = project::load_project(at.path());
    REQUIRE(plain);
    CHECK(plain->diagnostics.empty());
    CHECK(plain->value.sections().size() == 3);
    CHECK(plain->value.find_section({"field", "a"})->get("label") == "Loss");
    CHECK(plain->value.find_section({"field", "a"})->attributes[0].from.path == "<built-in>");
    CHECK(plain->value.find_section({"field", "b"})->get("label") == "Mine");
    CHECK(plain->value.find_section({"field", "b"})->get("color").empty());
    CHECK(plain->value.find_section({"train-view"}) == nullptr);
    project::load_options options;
    options.with_builtins = true;
    const auto whole = project::load_project(at.path(), options);
    REQUIRE(whole);
    CHECK(whole->value.sections().front().kind() == "train-view");
    CHECK(whole->value.find_section({"field", "b"})->get("label") == "Mine");
}

TEST_CASE("load: Guild.toml is read when there is no Guild file and a reader for it") {
    const temp_dir at;
    (void)at.write("Guild.toml", "TOML text");
    CHECK_FALSE(project::load_project(at.path()));
    project::load_options options;
    options.read_toml = read_fixed;
    const auto loaded = project::load_project(at.path(), options);
    REQUIRE(loaded);
    CHECK(loaded->value.title() == "TOML text");
    (void)at.write("Guild", "[project]\nname = INI\n");
    CHECK(project::load_project(at.path(), options)->value.title() == "INI");
}

TEST_CASE("load: the example project is the tutorial's file grown to its end") {
    const auto loaded = project::load_project(std::string(GUILD_SOURCE_DIR) + "/examples/mnist");
    REQUIRE(loaded);
    const project::project& mnist = loaded->value;
    CHECK(loaded->diagnostics.empty());
    CHECK(mnist.title() == "MNIST Tutorial");
    CHECK(mnist.description() == "Softmax and convolutional models trained on the MNIST dataset");
    std::vector<std::string> models;
    for (const project::section* each : mnist.models()) {
        models.push_back(each->name() + ": " + each->get("train"));
    }
    CHECK(models == std::vector<std::string>{"softmax: mnist_with_summaries",
                                             "softmax-xla: mnist_softmax_xla",
                                             "deep: mnist_deep_with_summaries"});
    std::vector<std::string> labels;
    for (const project::section* each : mnist.sections_of("field")) {
        labels.push_back(each->get("label"));
    }
    CHECK(labels == std::vector<std::string>{"Validation Accuracy", "Train Accuracy", "Loss",
                                             "Steps", "Time"});
    REQUIRE(mnist.sections_of("series").size() == 2);
    CHECK(mnist.sections_of("series")[0]->get("source") == "series/tf/.+/accuracy_1");
    CHECK(mnist.find_section({"flags"})->get("log_dir") == "$RUNDIR");
}
