#include <guild/package/archive_file.hpp>

#include <doctest/doctest.h>

#include <string>

#include <guild/base/text.hpp>

#include "support/package_files.hpp"
#include "support/programs.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"

TEST_CASE("archive file: members and the sum of the tar") {
    const guild_test::temp_dir dir;
    const std::string bytes =
        guild_test::tar_file("a") + guild_test::tar_file("b") + guild_test::end_of_tar();
    auto opened = guild::package::archive_file::open(dir.write("x.tar", bytes));
    REQUIRE(opened);
    auto moved = std::move(*opened);
    CHECK((*moved.reader().next())->name == "a");
    CHECK((*moved.reader().next())->name == "b");
    CHECK_FALSE(*moved.reader().next());
    CHECK(moved.tar_sha256() == guild::sha256_hex(bytes));
}

TEST_CASE("archive file: a small file that unpacks to a large one is refused") {
    if (!guild_test::has_program("gzip")) {
        return;
    }
    const guild_test::temp_dir dir;
    const std::string plain =
        dir.write("x.tar", guild_test::tar_file("zeros", std::string(3'000'000, '\0')) +
                               guild_test::end_of_tar());
    const std::string packed = dir.write("x.tar.gz", guild_test::output_of({"gzip", "-c", plain}));
    guild::archive::limits allowed;
    allowed.free_bytes = 100'000;
    allowed.max_ratio = 100;
    auto opened = guild::package::archive_file::open(packed, allowed);
    REQUIRE(opened);
    CHECK(opened->reader().next().error().code == guild::errc::too_large);
    CHECK(guild::package::archive_file::open(plain, allowed)->reader().next());
}

TEST_CASE("package definition: is read from the archive") {
    const guild_test::temp_dir dir;
    if (guild_test::has_program("xz")) {
        const std::string path = guild_test::make_package(dir, "p", "1", {{"f", "x"}});
        CHECK(*guild::package::get_package_definition(path) == guild_test::definition_of("p", "1"));
    }
    const std::string none =
        dir.write("none.tar", guild_test::tar_file("a") + guild_test::end_of_tar());
    const auto missing = guild::package::get_package_definition(none);
    CHECK(missing.error().code == guild::errc::not_found);
    CHECK(missing.error().path == none);
    const std::string evil =
        dir.write("evil.tar", guild_test::tar_file("../a") + guild_test::end_of_tar());
    CHECK(guild::package::get_package_definition(evil).error().path == evil);
}
