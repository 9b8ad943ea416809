#include <guild/os/link.hpp>

#include <doctest/doctest.h>

#include <guild/os/file.hpp>

#include "../support/temp_dir.hpp"

namespace os = guild::os;
using guild_test::temp_dir;

TEST_CASE("link: what is none, and what is there already, are told") {
    const temp_dir at;
    const std::string file = at.write("file", "x");
    CHECK(os::read_link(at / "none").error().code == guild::errc::not_found);
    CHECK_FALSE(os::read_link(file));
    CHECK(os::make_link("x", file).error().code == guild::errc::already_exists);
}

TEST_CASE("link: its text is read back as it was written") {
    const temp_dir at;
    REQUIRE(os::make_link("../a/./b", at / "link"));
    CHECK(*os::read_link(at / "link") == "../a/./b");
}

TEST_CASE("permissions: are set whatever the umask") {
    const temp_dir at;
    const std::string file = at.write("file", "x");
    REQUIRE(os::set_permissions(file, 0777));
    CHECK(os::find_status(file)->mode == 0777);
    CHECK(os::set_permissions(at / "none", 0600).error().code == guild::errc::not_found);
}

TEST_CASE("rename: takes the place of a file, not of a directory with something in it") {
    const temp_dir at;
    const std::string file = at.write("file", "x");
    (void)at.write("d/in", "x");
    (void)at.write("e/in", "x");
    CHECK_FALSE(os::rename_path(at / "d", at / "e"));
    REQUIRE(os::rename_path(file, at / "d/in"));
    CHECK_FALSE(os::find_status(file));
}
