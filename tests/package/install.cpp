#include <guild/package/install.hpp>

#include <doctest/doctest.h>

#include <string>

#include <guild/package/download.hpp>

#include "support/http_server.hpp"
#include "support/package_files.hpp"
#include "support/programs.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"

namespace {

namespace install_package = guild::package;

std::string names_in(const std::string& directory) {
    std::string names;
    const auto entries = guild::os::list_directory(directory);
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        names += (*entries)[i].name + ' ';
    }
    return names;
}

}  // namespace

TEST_CASE("install: a package is there, complete, under its name") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const install_package::package_homes homes = {dir / "home", {dir / "home"}};
    const std::string archive = guild_test::make_package(dir, "foo", "1", {{"old", "1"}});
    const auto done = install_package::install_file(archive, homes);
    REQUIRE(done);
    CHECK(done->path == dir / "home/foo-1");
    CHECK(names_in(done->path) == ".GuildPkg old ");
    REQUIRE(guild::os::remove_tree(dir / "making"));
    (void)guild_test::make_package(dir, "foo", "1", {{"new", "2"}});
    REQUIRE(install_package::install_file(archive, homes));
    CHECK(names_in(done->path) == ".GuildPkg new ");
    CHECK(names_in(dir / "home") == "foo-1 ");
}

TEST_CASE("install: what is no package is refused and changes nothing") {
    const guild_test::temp_dir dir;
    const install_package::package_homes homes = {dir / "home", {dir / "home"}};
    const auto refused = install_package::install_file("notes.txt", homes);
    CHECK(refused.error().message == "notes.txt does not appear to be a valid Guild package");
    CHECK_FALSE(install_package::install_file(".pkg.tar.xz", homes));
    const std::string definition =
        guild_test::tar_file("./.GuildPkg", guild_test::definition_of("evil", "1"));
    const std::string evil =
        dir.write("evil-1.pkg.tar.xz",
                  definition + guild_test::tar_symlink("d", "../..") + guild_test::end_of_tar());
    CHECK(install_package::install_file(evil, homes).error().message.find("\"d\"") !=
          std::string::npos);
    const std::string renamed =
        dir.write("good-1.pkg.tar.xz", definition + guild_test::end_of_tar());
    CHECK(install_package::install_file(renamed, homes).error().message ==
          "the package in it is evil-1, name the file evil-1.pkg.tar.xz");
    const std::string outside =
        dir.write("a-1.pkg.tar.xz",
                  guild_test::tar_file("./.GuildPkg", guild_test::definition_of("../a", "1")) +
                      guild_test::end_of_tar());
    CHECK_FALSE(install_package::install_file(outside, homes));
    CHECK(names_in(dir / "home").empty());
}

TEST_CASE("install by name: the newest of an index is taken") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const install_package::package_homes homes = {dir / "home", {dir / "home"}};
    for (const char* version : {"1.9", "1.10"}) {
        (void)guild_test::make_package(dir, "foo", version);
    }
    (void)guild_test::make_package(dir, "foo-bar", "2");
    const auto index = install_package::make_index(dir.path());
    REQUIRE(index);
    (void)dir.write(install_package::index_file_name, format(index->entries));
    REQUIRE(install_package::install_name("foo", dir.path(), homes, nullptr));
    CHECK(names_in(dir / "home") == "foo-1.10 ");
    std::string asked;
    const auto fetch = [&](const std::string& url, const std::string& destination,
                           const std::string& sha256) -> guild::result<void> {
        const std::string file = guild::base_name(url);
        asked += url + ' ' + (sha256.empty() ? "any" : "sum") + ' ';
        return guild::os::save_file(destination, *guild::os::load_file(dir / file));
    };
    REQUIRE(install_package::install_name("foo-1.9", "https://example.org/p", homes, fetch));
    CHECK(asked == "https://example.org/p/guild-index.tsv any "
                   "https://example.org/p/foo-1.9.pkg.tar.xz sum ");
    CHECK(install_package::install_name("fo", dir.path(), homes, nullptr).error().code ==
          guild::errc::not_found);
    (void)dir.write("foo-1.10.pkg.tar.xz", "changed");
    CHECK(install_package::install_name("foo", dir.path(), homes, nullptr).error().code ==
          guild::errc::bad_checksum);
    CHECK(names_in(dir / "home") == "foo-1.10 foo-1.9 ");
}

TEST_CASE("install by name: a web server's index is asked, and its file checked") {
    if (!guild_test::has_programs({"xz", "curl", "python3"})) {
        return;
    }
    const guild_test::temp_dir dir;
    const install_package::package_homes homes = {dir / "home", {dir / "home"}};
    (void)guild_test::make_package(dir, "foo", "1", {{"kept", "1"}});
    const auto index = install_package::make_index(dir.path());
    REQUIRE(index);
    (void)dir.write(install_package::index_file_name, format(index->entries));
    const guild_test::http_server server(dir.path());
    const auto fetch = [](const std::string& url, const std::string& destination,
                          const std::string& sha256) -> guild::result<void> {
        install_package::download_options options;
        options.sha256 = sha256;
        options.retries = 0;
        auto got = install_package::download(url, destination, options);
        return got ? guild::result<void>() : std::move(got).error();
    };
    const auto done = install_package::install_name("foo", server.url(""), homes, fetch);
    REQUIRE_MESSAGE(done, (done ? "" : to_string(done.error())));
    CHECK(names_in(done->path) == ".GuildPkg kept ");
    (void)dir.write("foo-1.pkg.tar.xz", "changed on the server");
    const auto changed = install_package::install_name("foo", server.url(""), homes, fetch);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == guild::errc::bad_checksum);
    CHECK(names_in(done->path) == ".GuildPkg kept ");
}

TEST_CASE("uninstall: a name that leads elsewhere removes nothing") {
    const guild_test::temp_dir dir;
    const install_package::package_homes homes = {dir / "home", {dir / "home"}};
    for (const char* name : {"home/foo-1", "home/foo-2", "home/bar-1", "other-1"}) {
        REQUIRE(guild::os::make_directories(dir / name));
    }
    for (const char* name : {"../other-1", "../home", ".", "..", "", "/", "foo-1/", "foo-3"}) {
        const auto refused = install_package::uninstall(name, homes);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message ==
              std::string(name) + " does not appear to be an installed package");
    }
    CHECK(install_package::uninstall("foo", homes).error().message ==
          "several versions are installed, name one of: foo-1 foo-2");
    CHECK(names_in(dir / "home") == "bar-1 foo-1 foo-2 ");
    REQUIRE(install_package::uninstall("bar", homes));
    REQUIRE(install_package::uninstall("foo-2", homes));
    CHECK(names_in(dir / "home") == "foo-1 ");
    CHECK(guild::os::is_directory(dir / "other-1"));
}
