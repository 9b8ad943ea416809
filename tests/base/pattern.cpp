#include <guild/base/pattern.hpp>

#include <cstdint>
#include <ctime>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

guild::pattern must_parse(std::string_view expression) {
    auto parsed = guild::pattern::parse(expression);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(expression));
    return *parsed;
}

bool matches(std::string_view expression, std::string_view text) {
    return must_parse(expression).matches(text);
}

// The first match in brackets, then the groups; "-" for a group without part, "none" without a
// match.
std::string found(std::string_view expression, std::string_view text, std::size_t from = 0) {
    const auto match = must_parse(expression).find(text, from);
    if (!match) {
        return "none";
    }
    std::string out = std::to_string(match->begin) + "-" + std::to_string(match->end);
    for (std::size_t i = 1; i < match->groups.size(); ++i) {
        out += "," + (match->groups[i] ? std::string(*match->groups[i]) : "-");
    }
    return out;
}

// A random expression over few letters, in the syntax that std::regex shares. Repeated parts are
// never empty unless `nullable`: what an empty repeat is worth differs between engines.
class expression_maker {
public:
    expression_maker(std::mt19937& random, bool nullable) : random_(random), nullable_(nullable) {}

    std::string choice(int depth) {
        std::string out = sequence(depth);
        while (pick(4) == 0) {
            out += "|" + sequence(depth);
        }
        return out;
    }

private:
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

    std::string sequence(int depth) {
        std::string out;
        const unsigned size = (nullable_ ? 0 : 1) + pick(3);
        for (unsigned i = 0; i < size; ++i) {
            out += repeated(depth, i == 0 && !nullable_);
        }
        return out;
    }

    std::string repeated(int depth, bool never_empty) {
        const char* const all[] = {"",      "",  "",   "+", "+?", "{2}",  "{1,2}",
                                   "{1,}?", "*", "*?", "?", "??", "{0,2}"};
        return atom(depth) + all[pick(never_empty ? 8 : 13)];
    }

    std::string atom(int depth) {
        if (depth > 0 && pick(3) == 0) {
            return (pick(2) == 0 ? "(" : "(?:") + choice(depth - 1) + ")";
        }
        const char* const all[] = {"a", "b", "c", "[ab]", "[^a]", ".", "a", "b", "\\w", "[a-c]"};
        return all[pick(10)];
    }

    std::mt19937& random_;
    bool nullable_;
};

std::string random_text(std::mt19937& random) {
    std::string text;
    const auto size = random() % 9;
    for (unsigned i = 0; i < size; ++i) {
        text += "abc"[random() % 3];
    }
    return text;
}

}  // namespace

TEST_CASE("pattern: characters, classes and escapes") {
    CHECK(matches("abc", "abc"));
    CHECK_FALSE(matches("abc", "abd"));
    CHECK(matches("a.c", "axc"));
    CHECK_FALSE(matches("a.c", "a\nc"));
    CHECK(matches("[a-cx]", "x"));
    CHECK_FALSE(matches("[a-cx]", "d"));
    CHECK(matches("[^a-c]", "d"));
    CHECK(matches("[^a-c]", "\n"));
    CHECK(matches("[]a]+", "a]"));
    CHECK(matches("[a-]+", "a-"));
    CHECK(matches("[\\w-]+", "a-b_9"));
    CHECK(matches("[^\\d]", "x"));
    CHECK_FALSE(matches("[^\\d]", "5"));
    CHECK(matches("[\\D]", "x"));
    CHECK(matches("\\d\\D\\w\\W\\s\\S", "1aa- x"));
    CHECK(matches("\\.\\*\\[\\]\\(\\)\\\\\\/\\-", ".*[]()\\/-"));
    CHECK(matches("\\t\\n\\r\\f\\v\\x41", "\t\n\r\f\vA"));
    CHECK(matches("a{", "a{"));
    CHECK(matches("a{x}", "a{x}"));
    CHECK(matches("a{,2}", "a{,2}"));
    CHECK(matches("]", "]"));
    CHECK(matches(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
}

TEST_CASE("pattern: repeats") {
    CHECK(matches("a*", ""));
    CHECK(matches("a*", "aaaa"));
    CHECK_FALSE(matches("a+", ""));
    CHECK(matches("ab?", "a"));
    CHECK(matches("a{3}", "aaa"));
    CHECK_FALSE(matches("a{3}", "aa"));
    CHECK(matches("a{2,}", "aaaaa"));
    CHECK_FALSE(matches("a{2,}", "a"));
    CHECK(matches("a{1,2}", "aa"));
    CHECK_FALSE(matches("a{1,2}", "aaa"));
    CHECK(matches("a{0}", ""));
    CHECK_FALSE(matches("a{0}", "a"));
    CHECK(matches("(?:ab){2}", "abab"));
    CHECK(matches("a{1000}", std::string(1000, 'a')));
}

TEST_CASE("pattern: matches means the whole text, alternatives too") {
    CHECK(matches("a|b", "a"));
    CHECK(matches("a|b", "b"));
    CHECK_FALSE(matches("a|b", "ab"));
    CHECK_FALSE(matches("a|b", "xb"));
    CHECK(matches("a|ab", "ab"));
    CHECK(matches("a*?", "aaa"));
    CHECK(matches("", ""));
    CHECK_FALSE(matches("", "a"));
    CHECK(matches("a|", ""));
    CHECK(matches("sys/gpu.*/gpu/util", "sys/gpu0/gpu/util"));
    CHECK_FALSE(matches("sys/gpu.*/gpu/util", "sys/gpu0/gpu/utilization"));
}

TEST_CASE("pattern: find gives the leftmost match and its groups") {
    CHECK(found("b+", "abbb") == "1-4");
    CHECK(found("b+?", "abbb") == "1-2");
    CHECK(found("(a|ab)(c|bcd)(d*)", "abcd") == "0-4,a,bcd,");
    CHECK(found("(a)|(b)", "b") == "0-1,-,b");
    CHECK(found("(\\w+)/(\\w+)", "tf/train/loss") == "0-8,tf,train");
    CHECK(found("(a+)(a*)", "aaa") == "0-3,aaa,");
    CHECK(found("(a+?)(a*)", "aaa") == "0-3,a,aa");
    CHECK(found("(a{1,2}?)(a*)", "aaa") == "0-3,a,aa");
    CHECK(found("(?:(a)|b)*", "ab") == "0-2,a");
    CHECK(found("x*", "aaa") == "0-0");
    CHECK(found("z", "aaa") == "none");
    CHECK(found("a", "aaa", 1) == "1-2");
    CHECK(found("a", "aaa", 3) == "none");
    CHECK(found("a*", "aaa", 3) == "3-3");
    CHECK(found("a", "aaa", 4) == "none");
}

TEST_CASE("pattern: repeats of what may be empty end, and end where backtracking ends") {
    CHECK(found("(a*)*", "b") == "0-0,");
    CHECK(found("(a*)+", "aab") == "0-2,aa");  // the group keeps the last round that took something
    CHECK(found("(|a)+", "aaa") == "0-0,");
    CHECK(matches("(|a)*", "aaa"));
    CHECK(matches("(a*)*", "aaa"));
    CHECK(matches("(?:a?){3}a{3}", "aaa"));
    CHECK(matches("(?:^)*a", "a"));
}

TEST_CASE("pattern: anchors are the ends of the whole text, also when the search starts later") {
    CHECK(found("^a", "aa") == "0-1");
    CHECK(found("^a", "ba") == "none");
    CHECK(found("^a", "aa", 1) == "none");
    CHECK(found("a$", "aa") == "1-2");
    CHECK(found("a$", "a\n") == "none");
    CHECK(found("^$", "") == "0-0");
    CHECK(matches("^a$", "a"));
    CHECK(found("\\bcat\\b", "concat cat") == "7-10");
    CHECK(found("\\Bcat", "cat concat") == "7-10");
    CHECK(found("\\bb", "ab b", 1) == "3-4");
    CHECK(found("a^", "a") == "none");
}

TEST_CASE("pattern: groups have names") {
    const guild::pattern pattern = must_parse("(?P<dir>\\w+)/(x)?(?P<tag_2>.*)");
    CHECK(pattern.group_names() == std::vector<std::string>{"dir", "", "tag_2"});
    const std::string text = "train/loss";
    const auto match = pattern.find_whole(text);
    REQUIRE(match.has_value());
    CHECK(match->group("dir") == std::optional<std::string_view>("train"));
    CHECK(match->group("tag_2") == std::optional<std::string_view>("loss"));
    CHECK_FALSE(match->group("other").has_value());
    CHECK_FALSE(match->group("").has_value());
    CHECK_FALSE(match->groups[2].has_value());
    CHECK(match->groups[0] == std::optional<std::string_view>(text));
}

TEST_CASE("pattern: a match outlives its pattern") {
    std::optional<guild::pattern_match> match;
    const std::string text = "abc";
    match = must_parse("(?P<x>b)").find(text);
    REQUIRE(match.has_value());
    CHECK(match->group("x") == std::optional<std::string_view>("b"));
}

TEST_CASE("pattern: find_whole gives groups as the whole text needs them") {
    const std::string text = "ab";
    const auto match = must_parse("(a|ab)(b?)").find_whole(text);
    REQUIRE(match.has_value());
    CHECK(match->groups[1] == std::optional<std::string_view>("a"));
    CHECK(match->groups[2] == std::optional<std::string_view>("b"));
    CHECK_FALSE(must_parse("(a)").find_whole(text).has_value());
}

TEST_CASE("pattern: a character is a code point, or a byte that is not UTF-8") {
    CHECK(matches(".", "\xC3\xA9"));
    CHECK(matches("..", "\xC3\xA9x"));
    CHECK(matches("\xC3\xA9+", "\xC3\xA9\xC3\xA9"));
    CHECK(matches("[\xC3\xA0-\xC3\xBF]", "\xC3\xA9"));
    CHECK_FALSE(matches("[\xC3\xA0-\xC3\xBF]", "\xC3"));
    CHECK(matches("[^a]", "\xE2\x82\xAC"));
    CHECK(matches("..", "\xFF\xFE"));
    CHECK(matches("\xFF.", "\xFFx"));
    CHECK_FALSE(matches("\\xFF", "\xFF"));  // the code point 255, not the byte
    CHECK(matches("\\xE9", "\xC3\xA9"));
}

TEST_CASE("pattern: a program that would be too large is refused before it is made") {
    for (const char* expression : {"(?:a{100}){100}", "((((a{1000}){1000}){1000}){1000}){1000}",
                                   "(?:(?:(?:(?:){1000}){1000}){1000}){1000}",
                                   "(?:(?:(?:(?:){0,1000}){0,1000}){0,1000}){0,1000}"}) {
        CAPTURE(expression);
        const auto parsed = guild::pattern::parse(expression);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == guild::errc::too_large);
    }
    CHECK(guild::pattern::parse(std::string(8000, 'a')).has_value());
    CHECK_FALSE(guild::pattern::parse(std::string(8200, 'a')).has_value());
}

TEST_CASE("pattern: expressions that other engines never finish take linear time") {
    const std::string text = std::string(20'000, 'a') + "b";
    const std::clock_t start = std::clock();
    CHECK_FALSE(matches("(a*)*c", text));
    CHECK_FALSE(matches("(a|aa)+$c", text));
    CHECK_FALSE(matches("(?:a?){50}a{50}c", text));
    CHECK(found("(x+x+)+y", text) == "none");
    CHECK(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC < 10.0);
}

TEST_CASE("pattern: random expressions match the same texts as std::regex") {
    std::mt19937 random(1);
    for (int i = 0; i < 3'000; ++i) {
        const std::string expression = expression_maker(random, true).choice(1);
        const guild::pattern ours = must_parse(expression);
        const std::regex theirs(expression);
        for (int k = 0; k < 6; ++k) {
            const std::string text = random_text(random);
            CAPTURE(expression);
            CAPTURE(text);
            REQUIRE(ours.matches(text) == std::regex_match(text, theirs));
            REQUIRE(ours.find(text).has_value() == std::regex_search(text, theirs));
        }
    }
}

TEST_CASE("pattern: random expressions find the same place as std::regex") {
    std::mt19937 random(2);
    for (int i = 0; i < 3'000; ++i) {
        const std::string expression = expression_maker(random, false).choice(2);
        const guild::pattern ours = must_parse(expression);
        const std::regex theirs(expression);
        for (int k = 0; k < 6; ++k) {
            const std::string text = random_text(random);
            CAPTURE(expression);
            CAPTURE(text);
            std::smatch expected;
            const auto match = ours.find(text);
            REQUIRE(match.has_value() == std::regex_search(text, expected, theirs));
            if (match) {
                REQUIRE(match->begin == static_cast<std::size_t>(expected.position(0)));
                REQUIRE(match->end - match->begin == static_cast<std::size_t>(expected.length(0)));
            }
        }
    }
}
