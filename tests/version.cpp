#include <guild/version.hpp>

#include <string>
#include <type_traits>

#include <doctest/doctest.h>

namespace guild { inline namespace v0 {
struct only_in_v0;
}}  // namespace guild

static_assert(std::is_same_v<guild::only_in_v0, guild::v0::only_in_v0>,
              "the inline namespace is v0 while the major version is 0");

TEST_CASE("version: the text and the three numbers agree") {
    CHECK(std::string(guild::version) == std::to_string(GUILD_VERSION_MAJOR) + "." +
                                             std::to_string(GUILD_VERSION_MINOR) + "." +
                                             std::to_string(GUILD_VERSION_PATCH));
}
