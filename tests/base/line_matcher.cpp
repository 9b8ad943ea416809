#include <guild/base/line_matcher.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

guild::pattern pattern_of(std::string_view expression) {
    auto parsed = guild::pattern::parse(expression);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(expression));
    return *parsed;
}

std::vector<std::string> lines_with(std::string_view expression, std::string_view text) {
    guild::line_matcher matcher(pattern_of(expression));
    std::vector<std::string> found;
    matcher.for_each_match(text, [&](std::string_view line) {
        found.emplace_back(line);
        return true;
    });
    return found;
}

// What the other matcher finds, line by line.
std::vector<std::string> expected_lines(const guild::pattern& wanted, std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of("\r\n");
        const std::string_view line = text.substr(0, end);
        if (wanted.find(guild::without_escapes(line))) {
            found.emplace_back(line);
        }
        text.remove_prefix(guild::starts_with(text.substr(end), "\r\n") ? end + 2 : end + 1);
    }
    return found;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("line matcher: finds the lines that pattern::find finds") {
    // In each, the left expression is in the texts by chance; the right ones by a literal.
    const char* const expressions[] = {"loss: nan",  "st[eo]p 1+", "^a",       "b$",   "\\bstep\\b",
                                       "(?:ab)+c",   "x?",         "a|step 2", "^$",   "\\d{3}",
                                       "\xC3\xA4.a", "[^a-z ]{4}", "p 1.*2",   "\\Bb", "..$"};
    const char* const parts[] = {"loss: nan", "step",     " ",    "1",  "2",  "ab",
                                 "abc",       "\xC3\xA4", "\xFF", "\n", "\r", "\r\n",
                                 "b",         "\x1B[1m",  "\x08", "\t"};
    std::mt19937 random(7);
    INFO("seed 7");
    for (const char* const expression : expressions) {
        const guild::pattern wanted = pattern_of(expression);
        for (int round = 0; round < 60; ++round) {
            std::string text;
            for (auto i = random() % 60; i > 0; --i) {
                text += parts[random() % (round % 2 == 0 ? 13 : 16)];
            }
            text += "\n";
            CAPTURE(std::string(expression));
            CAPTURE(text);
            CHECK(lines_with(expression, text) == expected_lines(wanted, text));
        }
    }
}

TEST_CASE("line matcher: a text that every match holds is found in the pattern") {
    const auto literal_of = [](std::string_view expression) {
        return guild::line_matcher(pattern_of(expression)).literal();
    };
    CHECK(literal_of("loss: (?P<loss>[0-9.]+)") == "loss: ");
    CHECK(literal_of("a|bcd").empty());
    CHECK(literal_of("(?:abc|abd)efg") == "efg");
    CHECK(literal_of("(?:abc)?de") == "de");
    CHECK(literal_of("(?:abc)*de") == "de");
    CHECK(literal_of("x(ab)+c") == "xab");
    CHECK(literal_of("a{3}b{0,2}cd") == "aaa");
    CHECK(literal_of("^\\bstep\xC3\xA4$") == "step\xC3\xA4");
    CHECK(literal_of("[0-9]+").empty());
}

TEST_CASE("line matcher: colours and backspaces do not hide a match") {
    CHECK(lines_with("loss: 0\\.5", "\x1B[1mloss:\x1B[0m 0.5\nloss: 0.6\n") ==
          strings{"\x1B[1mloss:\x1B[0m 0.5"});
    CHECK(lines_with("^7/10", "\x08\x08\x08\r7/10 done\n").size() == 1);
    CHECK(lines_with("^\\d", "a\x08\n\x08"
                             "1\n")
              .size() == 1);
}

TEST_CASE("line matcher: the visit may end the search") {
    guild::line_matcher matcher(pattern_of("a"));
    int seen = 0;
    matcher.for_each_match("a\na\na\n", [&](std::string_view) { return ++seen < 2; });
    CHECK(seen == 2);
}

TEST_CASE("line matcher: candidates that are everywhere make it run over all lines") {
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += "step " + std::to_string(i) + "\n";
    }
    CHECK(lines_with("step 4\\d\\d\\d", text).size() == 1000);
    CHECK(lines_with("step 4999$", text) == strings{"step 4999"});
}
