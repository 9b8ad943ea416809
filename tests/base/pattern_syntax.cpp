#include <guild/base/pattern_syntax.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using guild::errc;

struct parsed_tree {
    guild::detail::pattern_program program;
    guild::result<std::uint32_t> root = std::uint32_t{0};
    std::vector<guild::detail::pattern_node> nodes;
};

parsed_tree parse(std::string_view expression) {
    parsed_tree tree;
    guild::detail::pattern_parser parser(expression, tree.program);
    tree.root = parser.parse();
    tree.nodes = parser.nodes;
    return tree;
}

void must_fail(std::string_view expression, errc code, std::uint32_t column) {
    CAPTURE(std::string(expression));
    const parsed_tree tree = parse(expression);
    REQUIRE_FALSE(tree.root);
    CHECK(tree.root.error().code == code);
    CHECK(tree.root.error().where.line == 1);
    CHECK(tree.root.error().where.column == column);
}

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

}  // namespace

TEST_CASE("pattern syntax: a failure says at which column") {
    must_fail("(ab", errc::bad_syntax, 1);
    must_fail("a(b(c)", errc::bad_syntax, 2);
    must_fail("ab)", errc::bad_syntax, 3);
    must_fail("[ab", errc::bad_syntax, 1);
    must_fail("x[]", errc::bad_syntax, 2);
    must_fail("x[^]", errc::bad_syntax, 2);
    must_fail("[z-a]", errc::bad_syntax, 2);
    must_fail("a\\", errc::bad_syntax, 2);
    must_fail("\\xg0", errc::bad_syntax, 3);
    must_fail("\\x4", errc::bad_syntax, 4);
    must_fail("*a", errc::bad_syntax, 1);
    must_fail("a|+", errc::bad_syntax, 3);
    must_fail("(?:?)", errc::bad_syntax, 4);
    must_fail("{2}", errc::bad_syntax, 1);
    must_fail("a**", errc::bad_syntax, 3);
    must_fail("a{2}{3}", errc::bad_syntax, 5);
    must_fail("a+??", errc::bad_syntax, 4);
    must_fail("a{3,2}", errc::bad_syntax, 2);
    must_fail("(?P<>a)", errc::bad_syntax, 5);
    must_fail("(?P<1>a)", errc::bad_syntax, 6);
    must_fail("(?P<n", errc::bad_syntax, 6);
    must_fail("(?P<n>a)(?P<n>b)", errc::bad_syntax, 13);
}

TEST_CASE("pattern syntax: what linear time or simplicity leaves out is named unsupported") {
    must_fail("a(?=b)", errc::unsupported, 4);
    must_fail("a(?!b)", errc::unsupported, 4);
    must_fail("(?i)b", errc::unsupported, 3);
    must_fail("(a)\\1", errc::unsupported, 5);
    must_fail("\\p", errc::unsupported, 2);
    must_fail("[[:alpha:]]", errc::unsupported, 2);
}

TEST_CASE("pattern syntax: sizes are limited") {
    must_fail("a{1001}", errc::too_large, 2);
    must_fail("a{5,1001}", errc::too_large, 2);
    must_fail("a{99999999999999999999}", errc::too_large, 2);
    must_fail(repeated("(a)", 51), errc::too_large, 152);
    must_fail(repeated("(?:", 101), errc::too_large, 304);
    CHECK(parse(repeated("(a)", 50)).root.has_value());
    CHECK(parse(repeated("(?:", 100) + repeated(")", 100)).root.has_value());
}

TEST_CASE("pattern syntax: the tree of an expression, built by hand") {
    using guild::detail::node_kind;
    const parsed_tree tree = parse("a|b{2,}?");
    REQUIRE(tree.root.has_value());
    const auto& choice = tree.nodes[*tree.root];
    CHECK(choice.kind == node_kind::choice);
    REQUIRE(choice.parts.size() == 2);
    CHECK(tree.nodes[choice.parts[0]].kind == node_kind::unit);
    CHECK(tree.nodes[choice.parts[0]].value == 'a');
    const auto& repeat = tree.nodes[choice.parts[1]];
    CHECK(repeat.kind == node_kind::repeat);
    CHECK(repeat.least == 2);
    CHECK(repeat.most == guild::detail::no_limit);
    CHECK_FALSE(repeat.greedy);
}

TEST_CASE("unit_set: ranges are merged, searched and turned round") {
    guild::detail::unit_set set;
    set.add('d', 'f');
    set.add('a', 'c');
    set.add('x', 'x');
    set.add('e', 'g');
    set.normalize();
    for (guild::detail::pattern_unit unit = 0; unit < 300; ++unit) {
        const bool inside = (unit >= 'a' && unit <= 'g') || unit == 'x';
        CHECK(set.contains(unit) == inside);
        CHECK(set.complement().contains(unit) == !inside);
    }
    CHECK(set.complement().contains(guild::detail::last_pattern_unit));
    CHECK_FALSE(guild::detail::unit_set().contains(0));
}

TEST_CASE("decode_unit: code points where the text is UTF-8, else bytes of their own kind") {
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFFz";
    const guild::detail::unit_at expected[] = {{'a', 1},     {0xE9, 2},     {0x20AC, 3},
                                               {0x1F600, 4}, {0x1100FF, 1}, {'z', 1}};
    std::size_t at = 0;
    for (const auto& unit : expected) {
        CHECK(guild::detail::decode_unit(text, at).value == unit.value);
        CHECK(guild::detail::decode_unit(text, at).length == unit.length);
        at += unit.length;
    }
    CHECK(at == text.size());
}
