#include <string>

namespace {
std::string& last_failed() {
    static std::string text;
    return text;
}
}  // namespace

#define GUILD_ASSERT(condition) ((condition) ? void() : void(last_failed() = #condition))
#include <guild/config.hpp>

#include <cstdint>

#include <doctest/doctest.h>

TEST_CASE("config: GUILD_ASSERT defined before the first header replaces assert") {
    const int two = 2;
    GUILD_ASSERT(two == 2);
    CHECK(last_failed().empty());
    GUILD_ASSERT(two == 3);
    CHECK(last_failed() == "two == 3");
}

TEST_CASE("config: convert changes between number types of the system") {
    CHECK(guild::detail::convert<std::int64_t>(-3) == -3);
    CHECK(guild::detail::convert<std::uint8_t>(300) == 44);
}
