#include <guild/ini/document.hpp>
#include <guild/ini/parser.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ini = guild::ini;

TEST_CASE("document: hand-made text falls into these tokens") {
    using kind = ini::token_kind;
    const ini::document parsed = ini::parse("#+var x\n [m \"a\"]\njunk  k = 1 \\\n 2\r\n;c");
    std::vector<std::pair<kind, std::string>> seen;
    for (const ini::token& each : parsed.tokens()) {
        seen.emplace_back(each.kind, parsed.text_of(each.where));
    }
    const std::vector<std::pair<kind, std::string>> wanted = {
        {kind::meta, "#+var x"},      {kind::line_end, "\n"}, {kind::blank, " "},
        {kind::header, "[m \"a\"]"},  {kind::line_end, "\n"}, {kind::skipped, "junk"},
        {kind::blank, "  "},          {kind::name, "k"},      {kind::blank, " "},
        {kind::delimiter, "="},       {kind::blank, " "},     {kind::value, "1 "},
        {kind::continuation, "\\\n"}, {kind::value, " 2"},    {kind::line_end, "\r\n"},
        {kind::comment, ";c"}};
    CHECK(seen == wanted);
}

TEST_CASE("document: every value has its line and column") {
    const ini::document parsed = ini::parse("[a]\r  x = 1\r\n\n\ty: 22\n");
    const ini::section_node& section = parsed.sections().at(0);
    const auto entries = parsed.entries(section);
    REQUIRE(section.entry_count == 2);
    CHECK(parsed.span(entries.begin()[0].value).line == 2);
    CHECK(parsed.span(entries.begin()[0].value).column == 7);
    CHECK(parsed.span(entries.begin()[0].name).column == 3);
    CHECK(parsed.span(entries.begin()[1].value).line == 4);
    CHECK(parsed.span(entries.begin()[1].value).column == 5);
    CHECK(parsed.span(entries.begin()[1].value).begin == 18);
    CHECK(parsed.span(entries.begin()[1].value).end == 20);
}

TEST_CASE("diagnostic: is shown with its line, carets and hint") {
    const ini::document parsed = ini::parse("[project]\n\n  name ok\n", "dir/Guild");
    REQUIRE(parsed.diagnostics().size() == 1);
    CHECK(ini::render(parsed.diagnostics()[0], parsed.text()) ==
          "dir/Guild:3:3: expected `NAME = VALUE`, seen `name ok`\n"
          "    name ok\n"
          "    ^^^^^^^\n"
          "  hint: write NAME = VALUE, or put `#` at the start of a comment\n");
}

TEST_CASE("diagnostic: control characters and broken UTF-8 never reach the terminal") {
    const ini::document parsed = ini::parse("[a]\nx\x1B[31m\xFF\n", "Guild");
    const std::string shown = ini::render(parsed.diagnostics().at(0), parsed.text());
    CHECK(shown.find('\x1B') == std::string::npos);
    CHECK(shown.find('\xFF') == std::string::npos);
    CHECK(shown.find("  x.[31m.\n") != std::string::npos);
}

TEST_CASE("diagnostic: of a long line only a part is shown") {
    const std::string text = "[a]\n" + std::string(5000, 'x') + " y\n";
    const ini::document parsed = ini::parse(text, "Guild");
    CHECK(ini::render(parsed.diagnostics().at(0), text).size() < 700);
}

TEST_CASE("split_meta: quoted words lose their quotes") {
    using words = std::vector<std::string>;
    CHECK(ini::split_meta("var foo \"a sample var\" required") ==
          words{"var", "foo", "a sample var", "required"});
    CHECK(ini::split_meta(" \"default=1 2 3\" ") == words{"default=1 2 3"});
    CHECK(ini::split_meta("open \"quote here") == words{"open", "\"quote", "here"});
    CHECK(ini::split_meta("").empty());
}

TEST_CASE("format_key: is what a header says") {
    CHECK(ini::format_key({"a"}) == "a");
    CHECK(ini::format_key({"a", "b c", "d"}) == "a \"b c\" \"d\"");
}

TEST_CASE("sort_by_place: orders by place and keeps the order of equals") {
    std::vector<ini::diagnostic> list(4);
    const std::uint64_t places[] = {7, 3, 7, 0};
    for (std::size_t i = 0; i < list.size(); ++i) {
        list[i].what.where.begin = places[i];
        list[i].hint = std::to_string(i);
    }
    ini::sort_by_place(list);
    CHECK(list[0].hint + list[1].hint + list[2].hint + list[3].hint == "3102");
}
