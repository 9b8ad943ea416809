#include <guild/os/environment.hpp>

#include <cstdlib>
#include <optional>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/file.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using guild::errc;
using guild::os::variables;

namespace {

void make_program(const std::string& path, unsigned mode = 0755) {
    REQUIRE(guild::os::save_file(path, "#!/bin/sh\n").has_value());
    REQUIRE(chmod(path.c_str(), mode) == 0);
}

std::string must_find(const std::string& name, const std::string& path,
                      const std::string& directory = {}) {
    const auto found = guild::os::get_program(name, path, directory);
    REQUIRE_MESSAGE(found.has_value(), name);
    return found->found;
}

void must_fail(const std::string& name, const std::string& path, errc code,
               const std::string& tried) {
    const auto found = guild::os::get_program(name, path);
    CAPTURE(name);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == code);
    CHECK(found.error().path == tried);
}

}  // namespace

TEST_CASE("find_variable: set, empty and missing are three things") {
    setenv("GUILD_TEST_VARIABLE", "a=b", 1);
    CHECK(guild::os::find_variable("GUILD_TEST_VARIABLE") == std::optional<std::string>("a=b"));
    setenv("GUILD_TEST_VARIABLE", "", 1);
    CHECK(guild::os::find_variable("GUILD_TEST_VARIABLE") == std::optional<std::string>(""));
    unsetenv("GUILD_TEST_VARIABLE");
    CHECK_FALSE(guild::os::find_variable("GUILD_TEST_VARIABLE").has_value());
}

TEST_CASE("find_variable: the last of a name in a list counts") {
    const variables list = {{"A", "1"}, {"B", "2"}, {"A", "3"}};
    CHECK(guild::os::find_variable(list, "A") == std::optional<std::string>("3"));
    CHECK_FALSE(guild::os::find_variable(list, "C").has_value());
}

TEST_CASE("current_environment: names and values of this process") {
    setenv("GUILD_TEST_VARIABLE", "x=y=z", 1);
    const variables list = guild::os::current_environment();
    CHECK(guild::os::find_variable(list, "GUILD_TEST_VARIABLE") ==
          std::optional<std::string>("x=y=z"));
    CHECK(guild::os::find_variable(list, "PATH") == guild::os::find_variable("PATH"));
    unsetenv("GUILD_TEST_VARIABLE");
}

TEST_CASE("merge_environment: the last of a name wins and order is kept") {
    const variables merged =
        guild::os::merge_environment({{"A", "1"}, {"B", "2"}, {"A", "3"}}, {{"C", "4"}, {"B", ""}});
    CHECK(merged == variables{{"A", "3"}, {"B", ""}, {"C", "4"}});
}

TEST_CASE("get_program: the first of PATH that can be executed is taken") {
    const guild_test::temp_dir dir;
    for (const char* name : {"/a", "/b", "/c"}) {
        REQUIRE(mkdir((dir.path() + name).c_str(), 0777) == 0);
    }
    make_program(dir.path() + "/a/tool", 0644);
    make_program(dir.path() + "/b/tool");
    make_program(dir.path() + "/c/tool");
    const std::string path =
        "/no/such:" + dir.path() + "/a:" + dir.path() + "/b:" + dir.path() + "/c";
    CHECK(must_find("tool", path) == dir.path() + "/b/tool");
    CHECK(guild::os::find_program("tool", path) ==
          std::optional<std::string>(dir.path() + "/b/tool"));
    CHECK_FALSE(guild::os::find_program("other", path).has_value());
}

TEST_CASE("get_program: relative elements and programs are meant from the directory") {
    const guild_test::temp_dir dir;
    REQUIRE(mkdir((dir.path() + "/bin").c_str(), 0777) == 0);
    make_program(dir.path() + "/bin/tool");
    make_program(dir.path() + "/here");
    CHECK(must_find("tool", "bin", dir.path()) == dir.path() + "/bin/tool");
    CHECK(guild::os::get_program("tool", std::string("bin"), dir.path())->execute == "bin/tool");
    CHECK(guild::os::get_program("here", std::string(":/bin"), dir.path())->execute == "./here");
    CHECK(guild::os::get_program("here", std::string("/no/such:"), dir.path())->execute ==
          "./here");
    CHECK(must_find("./here", "", dir.path()) == dir.path() + "/./here");
    CHECK(must_find("bin/tool", "", dir.path()) == dir.path() + "/bin/tool");
}

TEST_CASE("get_program: every way to fail is told apart") {
    const guild_test::temp_dir dir;
    make_program(dir.path() + "/plain", 0644);
    REQUIRE(mkdir((dir.path() + "/folder").c_str(), 0777) == 0);
    REQUIRE(symlink("loop", (dir.path() + "/loop").c_str()) == 0);
    must_fail("", "/bin", errc::not_found, "");
    must_fail("nosuchtool", "/bin:/usr/bin", errc::not_found, "nosuchtool");
    must_fail(dir.path() + "/missing", "", errc::not_found, dir.path() + "/missing");
    must_fail(dir.path() + "/plain", "", errc::not_executable, dir.path() + "/plain");
    must_fail("plain", dir.path(), errc::not_executable, dir.path() + "/plain");
    must_fail(dir.path() + "/folder", "", errc::not_executable, dir.path() + "/folder");
    must_fail(dir.path() + "/plain/x", "", errc::not_a_directory, dir.path() + "/plain/x");
    must_fail(dir.path() + "/loop", "", errc::bad_value, dir.path() + "/loop");
    must_fail("/" + std::string(5'000, 'x'), "", errc::bad_value, "/" + std::string(5'000, 'x'));
}

TEST_CASE("get_program: without a PATH the system's own places are searched") {
    CHECK(guild::os::get_program("sh", std::nullopt).has_value());
    CHECK(guild::os::get_program("sh", std::nullopt)->found.find("bin/sh") != std::string::npos);
}
