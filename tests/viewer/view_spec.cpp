#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <guild/viewer/view_spec.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

// The tutorial's project file at its end.
constexpr const char* tutorial = R"([project]
  name        = MNIST Tutorial
  description = Softmax and convolutional models trained \
                on the MNIST dataset

[model "softmax"]
  train = mnist_with_summaries

[field "validation-accuracy"]
  @attrs template "validation-accuracy-field"
  source = series/tf/test/accuracy_1

[field "train-accuracy"]
  @attrs template "train-accuracy-field"
  source = series/tf/train/accuracy_1

[field "loss"]
  @attrs template "loss-field"
  source = series/tf/train/cross_entropy_1

[field "steps"]
  @attrs template "steps-field"
  source = series/tf/train/cross_entropy_1

[field "time"]
  @attrs template "time-field"
  source = series/tf/train/cross_entropy_1

[series "accuracy"]
  @attrs template "accuracy-series"
  source = series/tf/.+/accuracy_1

[series "loss"]
  @attrs template "loss-series"
  source = series/tf/train/cross_entropy_1
)";

std::vector<std::string> labels(const viewer::view_spec& view) {
    std::vector<std::string> out;
    for (const viewer::field_spec& field : view.fields) {
        out.push_back(field.label);
    }
    return out;
}

runs::run sample_run(const guild_test::temp_dir& dir) {
    const std::string path =
        guild_test::make_completed_run(dir.path(), "20170714T024000Z-softmax", "softmax", 0);
    guild_test::add_pairs(path, runs::flags_name, {{"lr", "0.10"}});
    guild_test::add_pairs(path, runs::attrs_name, {{"host", "train-01"}});
    guild_test::add_series(path, "tf/train/accuracy_1", {0.1, 0.5, 0.9312});
    guild_test::add_series(path, "tf/test/accuracy_1", {0.2, 0.4});
    guild_test::add_series(path, "nan", {std::numeric_limits<double>::quiet_NaN()});
    auto run = runs::run::open(path);
    REQUIRE(run);
    return *run;
}

viewer::field_spec field(const std::string& source, const std::string& reduce,
                         const std::string& format) {
    viewer::field_spec out;
    out.source = source;
    out.reduce = reduce;
    out.format = format;
    return out;
}

}  // namespace

TEST_CASE("view: the tutorial's file gives five fields and two charts") {
    const guild_test::temp_dir dir;
    (void)dir.write("Guild", tutorial);
    const viewer::view_spec view = viewer::load_view(dir.path());
    CHECK_FALSE(view.failure);
    CHECK(view.title == "MNIST Tutorial");
    CHECK(view.description == "Softmax and convolutional models trained on the MNIST dataset");
    CHECK(labels(view) == std::vector<std::string>{"Validation Accuracy", "Train Accuracy", "Loss",
                                                   "Steps", "Time"});
    CHECK(view.fields[0].color == "green-700");
    CHECK(view.fields[0].icon == "accuracy");
    CHECK(view.fields[0].format == "0.00%");
    CHECK(view.fields[4].reduce == "duration");
    REQUIRE(view.charts.size() == 6);
    CHECK(view.charts[0].title == "Accuracy");
    CHECK(view.charts[0].source == "series/tf/.+/accuracy_1");
    CHECK(view.charts[1].title == "Loss");
    CHECK_FALSE(view.charts[1].is_extra);
    CHECK(view.charts[2].title == "Process CPU %");
    CHECK(view.charts[2].is_extra);
    CHECK(view.charts[5].source == "series/sys/gpu.*/mem/used");
    CHECK(view.content == std::vector<std::string>{"fields", "series", "output"});
    CHECK(view.sidebar == std::vector<std::string>{"flags", "attrs"});
    CHECK(view.run_roots == std::vector<std::string>{dir / "runs"});
}

TEST_CASE("view: a section of the project replaces the built-in one whole") {
    const guild_test::temp_dir dir;
    (void)dir.write(
        "Guild",
        "[train-view]\n  content = output\n[component \"series\"]\n  element = guild-series\n");
    const viewer::view_spec view = viewer::load_view(dir.path());
    CHECK(view.content == std::vector<std::string>{"output"});
    CHECK(view.sidebar.empty());
    CHECK(view.charts.empty());
}

TEST_CASE("view: the columns of a comparison stand in their own section") {
    const guild_test::temp_dir dir;
    (void)dir.write("Guild", "[compare]\n  columns = loss flags/lr attrs/host\n");
    const viewer::view_spec view = viewer::load_view(dir.path());
    CHECK(view.compare == std::vector<std::string>{"loss", "flags/lr", "attrs/host"});
    CHECK(viewer::to_json(view)["compare"].size() == 3);
}

TEST_CASE("view: a broken file is an error with its place, and the built-in view stays") {
    const guild_test::temp_dir dir;
    (void)dir.write("Guild", "[project]\n  name = P\n  oops\n");
    const viewer::view_spec view = viewer::load_view(dir.path());
    REQUIRE(view.failure);
    CHECK(view.failure->code == errc::bad_syntax);
    CHECK(view.failure->where.line == 3);
    CHECK(view.failure->where.column == 3);
    CHECK(view.fields.empty());
    CHECK(view.charts.size() == 4);
    CHECK(view.run_roots.empty());
    const json::value shown = viewer::to_json(view);
    CHECK(shown["error"]["line"] == 3);
    CHECK(shown["error"]["column"] == 3);
    CHECK(shown["error"]["code"] == "bad_syntax");
    CHECK(contains(shown["error"]["caret"].get<std::string>(), "oops"));
    CHECK(contains(shown["error"]["caret"].get<std::string>(), "^"));
}

TEST_CASE("view: a directory without a project file still gives a view") {
    const guild_test::temp_dir dir;
    const viewer::view_spec view = viewer::load_view(dir.path());
    REQUIRE(view.failure);
    CHECK(view.failure->code == errc::not_found);
    CHECK(view.title == base_name(dir.path()));
    CHECK(viewer::to_json(view)["error"]["code"] == "not_found");
}

TEST_CASE("view: a reduction that nobody knows is a warning at its place") {
    guild_test::temp_dir dir;
    const std::string text =
        "[field \"a\"]\n  reduce = p99.9\n[field \"b\"]\n  reduce = medain\n"
        "[field \"c\"]\n  reduce = argmax\n[field \"d\"]\n  reduce = zzzzzzzz\n";
    const std::string path = dir.write("Guild", text);
    const viewer::view_spec view = viewer::load_view(dir.path());
    REQUIRE(view.diagnostics.size() == 2);
    CHECK(view.diagnostics[0].sev == ini::severity::warning);
    CHECK(to_string(view.diagnostics[0].what) ==
          path + ":4:12: expected a reduction such as last, seen 'medain'");
    CHECK(view.diagnostics[0].hint == "did you mean 'median'?");
    CHECK(view.diagnostics[1].what.where.line == 8);
    CHECK(starts_with(view.diagnostics[1].hint, "one of first, last, "));
    CHECK(ini::to_string(view.diagnostics[1].about) == "unknown_reduction");
}

TEST_CASE("fields: values are reduced over full data and formatted") {
    const guild_test::temp_dir dir;
    const runs::run run = sample_run(dir);
    viewer::run_values values(run);
    const viewer::field_value last =
        values.evaluate(field("series/tf/train/accuracy_1", "last", "0.00%"));
    CHECK(last.text == "93.12%");
    CHECK(last.number == 0.9312);
    CHECK(last.key == "tf/train/accuracy_1");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "steps", "0,0")).text == "20");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "duration", "00:00:00")).text ==
          "0:00:02");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "min", "")).text == "0.1");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "max", "")).text == "0.9312");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "average", "0.000")).text == "0.510");
    CHECK(values.evaluate(field("series/tf/train/accuracy_1", "first", "")).text == "0.1");
    CHECK(values.evaluate(field("series/tf/.+/accuracy_1", "last", "0.0")).key ==
          "tf/test/accuracy_1");
    CHECK(values.evaluate(field("series/nan", "last", "0.0")).text == "NaN");
    CHECK(values.evaluate(field("flags/lr", "", "")).text == "0.10");
    CHECK(values.evaluate(field("attrs/host", "", "")).text == "train-01");
}

TEST_CASE("fields: without data they show two dashes") {
    const guild_test::temp_dir dir;
    const runs::run run = sample_run(dir);
    viewer::run_values values(run);
    for (const char* source : {"series/none", "series/(", "flags/none", "elsewhere", ""}) {
        INFO(source);
        const viewer::field_value value = values.evaluate(field(source, "last", "0.00%"));
        CHECK(value.text == "--");
        CHECK_FALSE(value.number);
    }
    CHECK(values.evaluate(field("series/tf/test/accuracy_1", "no such word", "")).text == "--");
}

TEST_CASE("fields: a pattern that cannot be read is an error for charts") {
    const guild_test::temp_dir dir;
    const runs::run run = sample_run(dir);
    const viewer::run_values values(run);
    CHECK_FALSE(values.keys("("));
    const auto keys = values.keys("tf/train/accuracy_1|nan");
    REQUIRE(keys);
    CHECK(*keys == std::vector<std::string>{"nan", "tf/train/accuracy_1"});
}
