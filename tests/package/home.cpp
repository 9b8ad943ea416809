#include <guild/package/home.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/package_files.hpp"
#include "support/temp_dir.hpp"

namespace {

namespace home_package = guild::package;

home_package::package_homes homes_of(const guild_test::temp_dir& dir) {
    return {dir / "new", {dir / "new", dir / "old"}};
}

std::string path_of(const home_package::package_homes& homes, const std::string& wanted) {
    const auto found = home_package::find_installed(homes, wanted);
    REQUIRE(found);
    return *found ? guild::base_name((*found)->path) : "none";
}

}  // namespace

TEST_CASE("homes: PKGHOME, the data directory, and the old place") {
    using home_package::find_package_homes;
    const auto given = find_package_homes({{"PKGHOME", "/p"}, {"HOME", "/h"}});
    REQUIRE(given);
    CHECK(given->write == "/p");
    CHECK(given->read == std::vector<std::string>{"/p"});
    const auto data = find_package_homes({{"XDG_DATA_HOME", "/d"}, {"HOME", "/h"}});
    CHECK(data->write == "/d/guild/pkg");
    CHECK(data->read == std::vector<std::string>{"/d/guild/pkg", "/h/.guild/pkg"});
    CHECK(find_package_homes({{"HOME", "/h"}})->write == "/h/.local/share/guild/pkg");
    CHECK(find_package_homes({{"XDG_DATA_HOME", "relative"}, {"HOME", "/h"}})->write ==
          "/h/.local/share/guild/pkg");
    CHECK_FALSE(find_package_homes({}));
    const guild_test::temp_dir dir;
    CHECK(home_package::get_used_home(homes_of(dir)) == dir / "new");
    REQUIRE(guild::os::make_directories(dir / "old"));
    CHECK(home_package::get_used_home(homes_of(dir)) == dir / "old");
    REQUIRE(guild::os::make_directories(dir / "new"));
    CHECK(home_package::get_used_home(homes_of(dir)) == dir / "new");
}

TEST_CASE("identity: name and version of a definition") {
    const auto found =
        home_package::get_identity(guild_test::definition_of("a-src", "1.2"), "/x/.GuildPkg");
    REQUIRE(found);
    CHECK(found->first == "a-src");
    CHECK(found->second == "1.2");
    CHECK(home_package::get_identity("nonsense", "/x/.GuildPkg").error().path == "/x/.GuildPkg");
}

TEST_CASE("installed packages: versions are in their order") {
    const guild_test::temp_dir dir;
    CHECK(home_package::list_installed(homes_of(dir))->empty());
    for (const char* name : {"new/b-1", "new/a-1.10", "new/a-1.9", "old/a-1.9", "old/c-2"}) {
        REQUIRE(guild::os::make_directories(dir / name));
    }
    REQUIRE(guild::os::make_directories(dir / "new/.a-2.old"));
    (void)dir.write("new/file", "x");
    const auto all = home_package::list_installed(homes_of(dir));
    REQUIRE(all);
    std::string names;
    for (const home_package::installed_package& each : *all) {
        names += each.path.substr(dir.path().size()) + ' ';
    }
    CHECK(names == "/new/a-1.9 /new/a-1.10 /new/b-1 /old/c-2 ");
}

TEST_CASE("find installed: foo is not foo-bar, and 1.10 is newest") {
    const guild_test::temp_dir dir;
    for (const char* name : {"foo-1.9", "foo-1.10", "foo-bar-3", "foo-1.10-rc1"}) {
        REQUIRE(guild::os::make_directories(dir / ("new/" + std::string(name))));
    }
    const auto homes = homes_of(dir);
    CHECK(path_of(homes, "foo") == "foo-1.10");
    CHECK(path_of(homes, "foo-bar") == "foo-bar-3");
    CHECK(path_of(homes, "foo-1.9") == "foo-1.9");
    CHECK(path_of(homes, "fo") == "none");
    CHECK(path_of(homes, "foo-1") == "none");
    // The definition says where the name ends.
    (void)dir.write("new/odd-2-x-1/.GuildPkg", guild_test::definition_of("odd-2-x", "1"));
    CHECK(path_of(homes, "odd-2-x") == "odd-2-x-1");
    CHECK(path_of(homes, "odd") == "none");
}
