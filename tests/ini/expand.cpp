#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ini = guild::ini;

namespace {

ini::expansion expand(std::string_view text, const std::vector<ini::section>& included = {}) {
    return ini::expand(ini::parse(text, "Guild"), included);
}

}  // namespace

TEST_CASE("expand: attributes behind @attrs win over copied ones, and those before lose") {
    const auto read =
        expand("[template \"foo\"]\na = 1\nb = 2\n[s1]\na = 0\n@attrs template \"foo\"\nb = 3\n");
    REQUIRE(read.sections.size() == 2);
    const ini::section& s1 = read.sections[1];
    CHECK(*s1.find("a") == "1");
    CHECK(*s1.find("b") == "3");
    CHECK(s1.find("c") == nullptr);
    CHECK(s1.get("c", "none") == "none");
    CHECK(s1.attributes.size() == 4);
    REQUIRE(s1.effective().size() == 2);
    CHECK(s1.effective()[0]->name == "a");
    CHECK(s1.effective()[1]->value == "3");
    CHECK(read.diagnostics.empty());
}

TEST_CASE("expand: templates chain, and the nearest is named first") {
    const auto read = expand(
        "[template \"summary-field\"]\nlabel =\nicon = default\ncolor = gray-500\nreduce = last\n"
        "[template \"loss-field\"]\n@attrs template \"summary-field\"\nlabel = Loss\nicon = "
        "entropy\n"
        "color = blue-700\n[field \"loss\"]\n@attrs template \"loss-field\"\nlabel = Cross "
        "entropy\n"
        "source = series/tf/loss\n");
    const ini::section* field = ini::find_section(read.sections, {"field", "loss"});
    REQUIRE(field != nullptr);
    CHECK(field->kind() == "field");
    CHECK(field->name() == "loss");
    CHECK(*field->find("label") == "Cross entropy");
    CHECK(*field->find("icon") == "entropy");
    CHECK(*field->find("color") == "blue-700");
    CHECK(*field->find("source") == "series/tf/loss");
    const ini::attribute* reduce = field->find_attribute("reduce");
    REQUIRE(reduce != nullptr);
    CHECK(reduce->value == "last");
    CHECK(reduce->from.where.line == 5);
    CHECK(reduce->from.where.column == 10);
    CHECK(reduce->templates ==
          std::vector<std::string>{"template \"loss-field\"", "template \"summary-field\""});
}

TEST_CASE(
    "expand: a copy is taken from the nearest finished section above, then from included ones") {
    const auto included = expand("[t]\nx = included\ny = included\n").sections;
    CHECK(*expand("[t]\nx = 1\n[t]\nx = 2\n[a]\n@attrs t\n[t]\nx = 3\n", included)
               .sections[2]
               .find("x") == "2");
    CHECK(*expand("[a]\n@attrs t\n[t]\nx = later\n", included).sections[0].find("x") == "included");
    CHECK(expand("[a]\nx = 1\n@attrs a\n").sections[0].attributes.size() == 1);
}

TEST_CASE("expand: a copy of nothing is a warning that names the nearest section") {
    const auto read =
        expand("[template \"loss-field\"]\n[a]\n@attrs template \"los-field\"\na = 1\n");
    REQUIRE(read.diagnostics.size() == 1);
    CHECK(read.diagnostics[0].sev == ini::severity::warning);
    CHECK(read.diagnostics[0].about == ini::rule::unknown_section);
    CHECK(read.diagnostics[0].what.where.line == 3);
    CHECK(read.diagnostics[0].what.where.column == 8);
    CHECK(read.diagnostics[0].hint == "did you mean `template \"loss-field\"`?");
    CHECK(*read.sections[1].find("a") == "1");
}

TEST_CASE(
    "expand: repeated sections are kept apart, repeated names last-wins, both with a warning") {
    const auto read = expand("[a]\nx = 1\nx = 2\n[a]\nx = 3\n");
    REQUIRE(read.sections.size() == 2);
    CHECK(*ini::find_section(read.sections, {"a"})->find("x") == "2");
    REQUIRE(read.diagnostics.size() == 2);
    CHECK(read.diagnostics[0].about == ini::rule::repeated_name);
    CHECK(read.diagnostics[0].what.where.line == 3);
    CHECK(read.diagnostics[1].about == ini::rule::repeated_section);
    CHECK(read.diagnostics[1].what.where.line == 4);
}

TEST_CASE("expand: doubling templates are stopped with an error at the directive") {
    std::string text = "[t0]\na = 1\nb = 2\n";
    for (int i = 1; i < 40; ++i) {
        const std::string above = "@attrs t" + std::to_string(i - 1) + "\n";
        text += "[t" + std::to_string(i) + "]\n" + above + above;
    }
    const auto read = expand(text);
    REQUIRE(read.diagnostics.size() == 1);
    CHECK(read.diagnostics[0].what.code == guild::errc::too_large);
    CHECK(read.diagnostics[0].what.where.line > 3);
    std::size_t copied = 0;
    for (const ini::section& each : read.sections) {
        copied += each.attributes.size();
    }
    CHECK(copied <= ini::max_copied_attributes + 2);
}

TEST_CASE("expand: the bytes that templates copy are bounded") {
    std::string text = "[t0]\na = " + std::string(1000000, 'x') + "\n[b]\n";
    for (int i = 0; i < 100; ++i) {
        text += "@attrs t0\n";
    }
    const auto read = expand(text);
    REQUIRE(read.diagnostics.size() == 1);
    CHECK(read.diagnostics[0].what.code == guild::errc::too_large);
    CHECK(read.sections[1].attributes.size() < 20);
}

TEST_CASE("expand: the number of attributes is bounded") {
    std::string text = "[a]\n";
    for (std::size_t i = 0; i <= ini::max_attributes; ++i) {
        text += "a=\n";
    }
    const auto read = expand(text);
    CHECK(read.sections[0].attributes.size() == ini::max_attributes);
    REQUIRE(read.diagnostics.size() == ini::max_diagnostics + 1);
    CHECK(read.diagnostics.back().what.code == guild::errc::too_large);
    CHECK(read.diagnostics.back().what.where.line == ini::max_attributes + 2);
}
