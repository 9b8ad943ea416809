#include <guild/project/output_rules.hpp>

#include <string>
#include <string_view>

#include <guild/ini/parser.hpp>

#include <doctest/doctest.h>

namespace project = guild::project;

namespace {

project::project rules_project(std::string_view text) {
    return project::project({"/p", ".", "Guild"},
                            guild::ini::expand(guild::ini::parse(text, "Guild")).sections);
}

std::string rule_failure(std::string_view text) {
    const auto listed = project::list_output_rules(rules_project(text));
    REQUIRE_FALSE(listed);
    return to_string(listed.error());
}

}  // namespace

TEST_CASE("output rules: are listed in file order") {
    const auto listed = project::list_output_rules(
        rules_project("[output \"train\"]\npattern = loss: (?P<loss>\\S+)\n[model]\ntrain = x\n"
                      "[output]\npattern = lr=(?P<lr>\\S+)\n"));
    REQUIRE(listed);
    REQUIRE(listed->size() == 2);
    CHECK((*listed)[0].name == "train");
    CHECK((*listed)[0].wanted.find("x loss: 0.5"));
    CHECK((*listed)[1].name.empty());
    CHECK(project::list_output_rules(rules_project("[model]\n")).value().empty());
}

TEST_CASE("output rules: a pattern is told with line and column") {
    CHECK(rule_failure("[output \"a\"]\n  pattern = loss (?P<x>a\n") ==
          "Guild:2:18: output 'a': expected a ')' for this '('");
    CHECK(rule_failure("[output \"a\"]\npattern = (?P<x>a)(?=b)\n") ==
          "Guild:2:21: output 'a': expected (?:...) or (?P<name>...), other groups are not "
          "supported");
    // Over two lines there are no columns inside of the value.
    CHECK(guild::starts_with(rule_failure("[output]\npattern = loss \\\n  (?P<x>a\n"),
                             "Guild:2:11: output: "));
}

TEST_CASE("output rules: a rule needs a pattern, and a group that is a value") {
    CHECK(rule_failure("[output \"a\"]\n") ==
          "Guild:1:1: output 'a': expected pattern = EXPRESSION, saw none");
    CHECK(rule_failure("[output \"a\"]\npattern = (?P<step>\\d+) (\\d+) (?P<time>\\S+)\n") ==
          "Guild:2:11: output 'a': expected a group (?P<NAME>...) for a value, beside step and "
          "time");
}

TEST_CASE("output rules: every mistake is found") {
    const auto found = project::check_output_rules(rules_project(
        "[output \"a\"]\npattern = (\n[output \"b\"]\npattern = (?P<x>.)\n[output \"c\"]\n"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].what.where.line == 2);
    CHECK(found[1].what.where.line == 5);
}
