#include <guild/package/file_digest.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/temp_dir.hpp"

TEST_CASE("file digest: is that of the file's bytes") {
    const guild_test::temp_dir dir;
    const std::string large(200'000, 'x');
    const auto found = guild::package::get_file_digest(dir.write("large", large));
    REQUIRE(found);
    CHECK(found->size == 200'000);
    CHECK(found->sha256 == guild::sha256_hex(large));
    CHECK(guild::package::get_file_digest(dir.write("empty", ""))->sha256 == guild::sha256_hex(""));
    CHECK(guild::package::get_file_digest(dir / "none").error().code == guild::errc::not_found);
}
