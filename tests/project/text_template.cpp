#include <guild/project/text_template.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

const std::vector<guild::project::template_filter>& known_filters() {
    static const std::vector<guild::project::template_filter> list = {
        {"twice", false,
         [](const std::string& value, const std::string& /*text*/) {
             return guild::result<std::string>(value + value);
         }},
        {"or", true,
         [](const std::string& value, const std::string& text) {
             return guild::result<std::string>(value.empty() ? text : value);
         }},
        {"never", false,
         [](const std::string& /*value*/, const std::string& /*text*/) {
             return guild::result<std::string>(
                 guild::make_error(guild::errc::not_found, "never found"));
         }},
    };
    return list;
}

// The text that comes out, or the error as people see it.
std::string render(const std::string& text) {
    auto out = guild::project::render_template(
        text, "Guild.in", {{"a", "0"}, {"a", "1"}, {"empty", ""}, {"two-b.c_d", "2"}},
        known_filters());
    return out ? *out : to_string(out.error());
}

}  // namespace

TEST_CASE("text template: names and filters") {
    CHECK(render("") == "");
    CHECK(render("x = {{ a }}, {{two-b.c_d}}\n") == "x = 1, 2\n");
    CHECK(render("{{ a|twice|twice }}{{ empty|or:\"z\" }}{{ a | or : empty }}") == "1111z1");
    CHECK(render("{{ \"a \\\" \\\\ b\"|twice }}") == "a \" \\ ba \" \\ b");
    CHECK(render("{ {} }} $RUNDIR {a} %}") == "{ {} }} $RUNDIR {a} %}");
    CHECK(render("a{# remark {{ #}b") == "ab");
}

TEST_CASE("text template: values are not read again") {
    const auto out = guild::project::render_template("{{ a }}", "", {{"a", "{{ a }}"}});
    REQUIRE(out);
    CHECK(*out == "{{ a }}");
}

TEST_CASE("text template: every mistake is told at its line and column") {
    CHECK(render("x\n  {{ }}") == "Guild.in:2:6: expected a name or a text in double quotes");
    CHECK(render("{{ a") == "Guild.in:1:5: expected `}}`, or `|` and a filter");
    CHECK(render("{{ a\n}}") == "Guild.in:1:5: expected `}}`, or `|` and a filter");
    CHECK(render("{{ a b }}") == "Guild.in:1:6: expected `}}`, or `|` and a filter");
    CHECK(render("{{ 1a }}") == "Guild.in:1:4: expected a name or a text in double quotes");
    CHECK(render("{{ a| }}") == "Guild.in:1:7: expected the name of a filter");
    CHECK(render("{{ \"a }}") == "Guild.in:1:4: expected a closing `\"` on this line");
    CHECK(render("{# a\n#}") == "Guild.in:1:1: expected `#}` on this line");
    CHECK(render("{% if a %}") ==
          "Guild.in:1:1: `{%` begins a tag, and there are none: only `{{ name }}`");
    CHECK(render("{{ emty }}") ==
          "Guild.in:1:4: there is no variable 'emty': did you mean 'empty'?");
    CHECK(render("{{ a|twic }}") ==
          "Guild.in:1:6: there is no filter 'twic': did you mean 'twice'?");
    CHECK(render("{{ a|twice:\"x\" }}") == "Guild.in:1:6: filter 'twice' takes no text");
    CHECK(render("{{ a|or }}") == "Guild.in:1:6: filter 'or' takes a text: `:\"...\"`");
    CHECK(render("\n\n{{ a|never }}") == "Guild.in:3:6: never found");
}

TEST_CASE("text template: any beginning of a template is read without a crash") {
    const std::string text = "a {{ a|or:\"x\\\"\" }} {# b #} {{ \"q\" }}\n{% x";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        (void)render(text.substr(0, size));
    }
}

TEST_CASE("text template: names are words of letters, digits, '_', '-' and '.'") {
    CHECK(guild::project::is_template_name("a-b.c_9"));
    CHECK(guild::project::is_template_name("_"));
    CHECK_FALSE(guild::project::is_template_name(""));
    CHECK_FALSE(guild::project::is_template_name("9a"));
    CHECK_FALSE(guild::project::is_template_name("-a"));
    CHECK_FALSE(guild::project::is_template_name("a b"));
}
