#include <guild/package/mirror.hpp>

#include <guild/ini/parser.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::temp_dir;

namespace {

guild::ini::expansion read_config(std::string_view text, const std::string& path,
                                  const std::vector<guild::ini::section>&) {
    return guild::ini::expand(guild::ini::parse(text, path));
}

guild::result<std::vector<package::mirror>> mirrors_of(const std::string& text) {
    return package::list_mirrors(read_config(text, "config.toml", {}).sections);
}

}  // namespace

TEST_CASE("list_mirrors: a section without url is an error at its place") {
    const auto none = mirrors_of("[other]\n[mirror \"https://a/\"]\n");
    REQUIRE_FALSE(none);
    CHECK(to_string(none.error()) ==
          "config.toml:2:1: expected [mirror \"PREFIX\"] with `url = URL`");
    const auto wrong = mirrors_of("[mirror \"https://a/\"]\nurl = /srv\n");
    REQUIRE_FALSE(wrong);
    CHECK(to_string(wrong.error()) == "config.toml:2:7: expected a URL, seen `/srv`");
    CHECK_FALSE(mirrors_of("[mirror]\nurl = https://b/\n"));
}

TEST_CASE("apply_mirrors: the longest prefix wins, once") {
    const auto mirrors = mirrors_of("[mirror \"https://a/\"]\nurl = https://b/\n"
                                    "[mirror \"https://a/x/\"]\nurl = file:///srv/\n"
                                    "[mirror \"https://b/\"]\nurl = https://c/\n");
    REQUIRE(mirrors);
    CHECK(package::apply_mirrors("https://a/x/r.git", *mirrors) == "file:///srv/r.git");
    CHECK(package::apply_mirrors("https://a/y", *mirrors) == "https://b/y");
    CHECK(package::apply_mirrors("https://d/y", *mirrors) == "https://d/y");
    CHECK(package::apply_mirrors("https://d/y", {{"", "https://e/"}}) == "https://d/y");
}

TEST_CASE("load_mirrors: no file means no mirrors") {
    const temp_dir at;
    CHECK(package::load_mirrors(at / "config.toml", read_config)->empty());
    const std::string path = at.write("config.toml", "[mirror \"https://a/\"]\nurl = https://b/\n");
    CHECK(package::load_mirrors(path, read_config)->size() == 1);
}

TEST_CASE("config path: XDG_CONFIG_HOME, else HOME") {
    CHECK(package::find_config_path({{"XDG_CONFIG_HOME", "/c"}, {"HOME", "/h"}}) ==
          "/c/guild/config.toml");
    CHECK(package::find_config_path({{"XDG_CONFIG_HOME", "c"}, {"HOME", "/h"}}) ==
          "/h/.config/guild/config.toml");
    CHECK_FALSE(package::find_config_path({{"HOME", ""}}));
}
