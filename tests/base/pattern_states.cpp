#include <guild/base/pattern_states.hpp>

#include <string>
#include <string_view>

#include <guild/base/pattern.hpp>

#include <doctest/doctest.h>

namespace {

// The program of an expression that the test knows to be good.
guild::detail::pattern_program program_of(std::string_view expression) {
    guild::detail::pattern_program program;
    guild::detail::pattern_parser parser(expression, program);
    const auto root = parser.parse();
    REQUIRE(root);
    REQUIRE(guild::detail::pattern_writer(parser.nodes, program).write(*root));
    return program;
}

bool is_in(guild::detail::pattern_states& states, std::string_view text) {
    std::uint32_t row = states.start();
    for (const char c : text) {
        row = states.next(row, states.class_of(c));
        if (row == guild::detail::pattern_states::matched) {
            return true;
        }
    }
    return states.next(row, guild::detail::pattern_states::text_end) ==
           guild::detail::pattern_states::matched;
}

}  // namespace

TEST_CASE("pattern states: one step a character tells whether there is a match") {
    const auto program = program_of("a[0-9]+b|^x$");
    guild::detail::pattern_states states(program);
    CHECK(is_in(states, "..a12b.."));
    CHECK_FALSE(is_in(states, "..ab.."));
    CHECK(is_in(states, "x"));
    CHECK_FALSE(is_in(states, "xx"));
    CHECK(states.class_of('3') == states.class_of('7'));
    CHECK(states.class_of('a') != states.class_of('b'));
}

TEST_CASE("pattern states: characters outside of ASCII have classes of their own") {
    const auto program = program_of("[\xC3\xA0-\xC3\xB6]");
    guild::detail::pattern_states states(program);
    const std::uint32_t inside = states.class_of_unit(0xE4);
    CHECK(inside == states.class_of_unit(0xF6));
    CHECK(inside != states.class_of_unit(0xF7));
    CHECK(states.class_of_unit(0x4E2D) == states.class_of_unit(0xF7));
    CHECK(states.next(states.start(), inside) != states.start());
}

TEST_CASE("pattern states: too many are forgotten and made again") {
    const auto program = program_of("(?:a|b)*a(?:a|b){16}c");  // 2^17 sets of steps
    guild::detail::pattern_states states(program);
    const std::uint32_t before = states.generation();
    std::string text;
    std::uint32_t seed = 1;
    for (int i = 0; i < 200'000; ++i) {
        seed = seed * 1664525U + 1013904223U;
        text += (seed >> 31U) != 0 ? 'a' : 'b';
    }
    CHECK_FALSE(is_in(states, text));
    CHECK(states.generation() != before);
    CHECK(is_in(states, text + "a" + std::string(16, 'b') + "c"));
}
