#include <guild/project/guild_in.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

using guild::project::guild_in_request;
using guild::project::made_project;

namespace {

guild_in_request request_for(const std::string& text) {
    guild_in_request request;
    request.text = text;
    request.path = "Guild.in";
    request.project_dir = "demo";
    request.find_package = [](const std::string& name) {
        return name == "mnist" ? std::make_optional<std::string>("mnist-10") : std::nullopt;
    };
    request.find_checkpoint = [](const std::string& name) {
        return name == "mnist" ? std::make_optional<std::string>("mnist-10/m.ckpt") : std::nullopt;
    };
    return request;
}

made_project must_make(const guild_in_request& request) {
    auto made = guild::project::make_project(request);
    REQUIRE_MESSAGE(made, (made ? std::string() : to_string(made.error())));
    return std::move(*made);
}

std::string failure_of(const guild_in_request& request) {
    const auto made = guild::project::make_project(request);
    return made ? "made: " + made->text : to_string(made.error());
}

}  // namespace

TEST_CASE("guild.in: variables are declared with help and options") {
    const auto list = guild::project::list_template_variables(
        "#+var foo \"a sample var\" required\n  #+ var bar \"default=1 2\"\n#+\n#+other x\n"
        "#+var baz\nfoo = #+var not\n",
        "Guild.in");
    REQUIRE(list);
    REQUIRE(list->size() == 3);
    CHECK(list->at(0).name == "foo");
    CHECK(list->at(0).help == "a sample var");
    CHECK(list->at(0).is_required);
    CHECK_FALSE(list->at(0).default_text);
    CHECK(list->at(1).name == "bar");
    CHECK(list->at(1).help.empty());
    CHECK(list->at(1).default_text == "1 2");
    CHECK(list->at(1).line == 2);
    CHECK(list->at(2).name == "baz");
}

TEST_CASE("guild.in: a broken declaration is told with its line") {
    CHECK(failure_of(request_for("x\n#+var\n")) == "Guild.in:2:1: expected `#+var NAME`");
    CHECK(failure_of(request_for("#+var a b c\n")) ==
          "Guild.in:1:1: expected `required` or `default=TEXT`, found 'c'");
    CHECK(failure_of(request_for("#+var a\n#+var a\n")) ==
          "Guild.in:2:1: variable 'a' is declared twice");
    CHECK(failure_of(request_for("#+var a \"default={{ b }}\"\n")) ==
          "Guild.in:1:1: there is no variable 'b'");
}

TEST_CASE("guild.in: a Guild file is made of values and defaults") {
    guild_in_request request = request_for("#+var name \"default=My {{ project_dir }}\"\n"
                                           "#+var steps \"how long\" default=1000\n"
                                           "#+var note\n"
                                           "[project]\n"
                                           "  name = {{ name }}\n"
                                           "  #+a remark\n"
                                           "  description = {{ note }}\n"
                                           "[flags]\n"
                                           "  max_steps = {{ steps }}\n");
    CHECK(must_make(request).text == "[project]\n  name = My demo\n  description = \n"
                                     "[flags]\n  max_steps = 1000\n");
    request.values = {{"steps", "5"}, {"note", "{{ name }}"}};
    CHECK(must_make(request).text == "[project]\n  name = My demo\n  description = {{ name }}\n"
                                     "[flags]\n  max_steps = 5\n");
}

TEST_CASE("guild.in: errors keep their places behind lines that are left out") {
    CHECK(failure_of(request_for("#+var a\n\n#+var b\n  {{ long_name }}\n")) ==
          "Guild.in:4:6: there is no variable 'long_name'");
}

TEST_CASE("guild.in: a required variable must be given, unless missing ones are ignored") {
    guild_in_request request = request_for("#+var a required\n#+var b required default=1\n"
                                           "x = {{ a }}{{ b }}\n");
    const auto variables = guild::project::list_template_variables(request.text, "");
    CHECK(guild::project::find_missing_variable(*variables, {}) == "a");
    CHECK_FALSE(guild::project::find_missing_variable(*variables, {{"a", ""}}));
    CHECK(failure_of(request) == "variable 'a' is required");
    request.ignore_missing = true;
    const made_project made = must_make(request);
    CHECK(made.text == "x = 1\n");
    CHECK(made.warnings == std::vector<std::string>{"variable 'a' is required"});
    CHECK(made.has_ignored);
}

TEST_CASE("guild.in: warn_if_empty warns, required refuses") {
    guild_in_request request = request_for("#+var a\nx = {{ a|warn_if_empty:\"no a\" }}\n");
    CHECK(must_make(request).warnings == std::vector<std::string>{"no a"});
    CHECK_FALSE(must_make(request).has_ignored);
    request.values = {{"a", "1"}};
    CHECK(must_make(request).warnings.empty());
    CHECK(must_make(request).text == "x = 1\n");

    request = request_for("#+var a\nx = {{ a|required:\"a it must be\" }}\n");
    CHECK(failure_of(request) == "Guild.in:2:10: a it must be");
    request.ignore_missing = true;
    CHECK(must_make(request).warnings == std::vector<std::string>{"a it must be"});
    CHECK(must_make(request).has_ignored);
}

TEST_CASE("guild.in: packages and their checkpoints are asked for") {
    guild_in_request request = request_for("x = $PKGHOME/{{ \"mnist\"|latest_package }}\n"
                                           "y = {{ \"mnist\"|latest_package_checkpoint }}\n");
    CHECK(must_make(request).text == "x = $PKGHOME/mnist-10\ny = mnist-10/m.ckpt\n");

    request = request_for("#+var p default=other\nx = {{ p|latest_package }}\n");
    CHECK(failure_of(request) == "Guild.in:2:10: no package 'other' is installed");
    request.ignore_missing = true;
    CHECK(must_make(request).text == "x = other\n");
    CHECK(must_make(request).has_ignored);
    request.find_package = nullptr;
    CHECK(must_make(request).has_ignored);
}

TEST_CASE("guild.in: a value cannot bring lines of its own") {
    guild_in_request request = request_for("#+var a\nx = {{ a }}\n");
    request.values = {{"a", "1\n[flags]"}};
    CHECK(failure_of(request) ==
          "the value of variable 'a' holds a line end or a control character");
}

TEST_CASE("guild.in: CR LF and a last line without its end are kept") {
    CHECK(must_make(request_for("#+var a\r\n[x]\r\ny = 1")).text == "[x]\r\ny = 1");
    CHECK(must_make(request_for("[x]\n#+var a")).text == "[x]\n");
}
