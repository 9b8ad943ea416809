#include <guild/ini/parser.hpp>
#include <guild/project/project.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace project = guild::project;

namespace {

project::project make_project(std::string_view text) {
    return project::project({"/home/u/mnist", ".", "Guild"},
                            guild::ini::expand(guild::ini::parse(text, "Guild")).sections);
}

constexpr std::string_view two_models =
    "[model \"softmax\"]\ntrain = mnist --fast\n[model \"deep\"]\ntrain = deep\nrunroot = "
    "deep-runs\n"
    "[resource \"digits\"]\nprepare = digits\nrunroot = /data/runs\n[model]\ntrain = plain\n";

}  // namespace

TEST_CASE("project: title and description have defaults and no runs of blanks") {
    const auto named =
        make_project("[project]\nname = MNIST Tutorial\ndescription = Softmax \\\n     and deep\n");
    CHECK(named.title() == "MNIST Tutorial");
    CHECK(named.description() == "Softmax and deep");
    CHECK(make_project("").title() == "mnist");
    CHECK(make_project("[project]\nname =\n").title() == "mnist");
    CHECK(make_project("").description().empty());
}

TEST_CASE("project: sections are found by key, the first of a repeated one") {
    const auto one = make_project("[a]\nx = 1\n[a \"n\"]\nx = 2\n[a]\nx = 3\n");
    REQUIRE(one.find_section({"a"}) != nullptr);
    CHECK(*one.find_section({"a"})->find("x") == "1");
    CHECK(*one.find_section({"a", "n"})->find("x") == "2");
    CHECK(one.find_section({"b"}) == nullptr);
    CHECK(one.find_section({"a"})->find("y") == nullptr);
    CHECK(one.find_section({"a"})->name().empty());
    REQUIRE(one.sections_of("a").size() == 2);
    CHECK(one.sections_of("a")[1]->name() == "n");
    CHECK(one.sections_of("b").empty());
}

TEST_CASE("project: a model is chosen by name or by its whole train value") {
    const auto one = make_project(two_models);
    CHECK((*one.get_model("deep"))->name() == "deep");
    CHECK((*one.get_model("mnist --fast"))->name() == "softmax");
    CHECK((*one.get_model())->key == std::vector<std::string>{"model"});
    CHECK((*make_project("[model \"x\"]\n[model \"y\"]\n").get_model())->name() == "x");
}

TEST_CASE("project: a model that is not there is an error with the nearest name") {
    const auto unknown = make_project(two_models).get_model("sofmax");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == guild::errc::unknown_name);
    CHECK(unknown.error().message ==
          "model 'sofmax' is not defined for this project\nDid you mean 'softmax'?");
    const auto far = make_project(two_models).get_model("zzz");
    REQUIRE_FALSE(far);
    CHECK(far.error().message == "model 'zzz' is not defined for this project");
    const auto none = make_project("[project]\n").get_model();
    REQUIRE_FALSE(none);
    CHECK(none.error().message == "project does not define any models");
}

TEST_CASE("project: prepare takes models and resources") {
    const auto one = make_project(two_models);
    CHECK((*one.get_model_or_resource("digits"))->kind() == "resource");
    CHECK((*one.get_model_or_resource("deep"))->kind() == "model");
    const auto unknown = one.get_model_or_resource("digit");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message ==
          "model/resource 'digit' is not defined for this project\nDid you mean 'digits'?");
}

TEST_CASE("project: a model without a name goes by the first word of its train command") {
    const auto one = make_project("[model]\ntrain = train --all\n[model \"m\"]\n");
    CHECK(one.model_display_name(*one.models()[0]) == "train");
    CHECK(one.model_display_name(*one.models()[1]) == "m");
    const auto empty = make_project("[model]\n");
    CHECK(empty.model_display_name(*empty.models()[0]).empty());
}

TEST_CASE("project: run roots are absolute and listed once") {
    const auto one = make_project(two_models);
    CHECK(one.run_root() == "/home/u/mnist/runs");
    CHECK(one.run_root(*one.get_model("deep")) == "/home/u/mnist/deep-runs");
    CHECK(one.run_root(*one.get_model("softmax")) == "/home/u/mnist/runs");
    CHECK(one.run_roots() ==
          std::vector<std::string>{"/home/u/mnist/runs", "/home/u/mnist/deep-runs", "/data/runs"});
    CHECK(make_project("[project]\nrunroot = ./out/\n[model \"a\"]\nrunroot = out\n").run_roots() ==
          std::vector<std::string>{"/home/u/mnist/out"});
}
