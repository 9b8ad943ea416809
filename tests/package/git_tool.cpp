#include <guild/package/git_tool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include <guild/os/link.hpp>

#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::temp_dir;

namespace {

std::string fake_git(const temp_dir& at, const std::string& body) {
    const std::string path = at.write("git", "#!/bin/sh\n" + body + "\n");
    REQUIRE(guild::os::set_permissions(path, 0755));
    return path;
}

}  // namespace

TEST_CASE("git tool: a version that is too old is told") {
    const temp_dir at;
    package::tool_options tools;
    tools.git = fake_git(at, "echo git version 2.24.9");
    const auto old = package::git_tool::open(tools, {"https"});
    REQUIRE_FALSE(old);
    CHECK(old.error().code == guild::errc::missing_requirement);
    CHECK(old.error().message == "expected git 2.25 or later, seen `git version 2.24.9`");
    CHECK(package::detail::read_git_version("git version 2.39.5 (Apple)") == 39);
    CHECK(package::detail::read_git_version("git version 3.0") == 1000);
    CHECK(package::detail::read_git_version("hello") == 0);
    tools.git = fake_git(at, "exit 1");
    CHECK_FALSE(package::git_tool::open(tools, {"https"}));
}

TEST_CASE("git tool: no variable of the caller's git gets through") {
    const guild::os::variables base = {
        {"PATH", "/bin"},       {"GIT_DIR", "/x"}, {"GIT_CONFIG_COUNT", "1"},
        {"SSH_ASKPASS", "ask"}, {"HOME", "/h"},    {"GIT_SSH_COMMAND", "ssh -v"}};
    const auto made = package::make_git_environment(base, 39);
    using guild::os::find_variable;
    CHECK_FALSE(find_variable(made, "GIT_DIR"));
    CHECK_FALSE(find_variable(made, "GIT_CONFIG_COUNT"));
    CHECK_FALSE(find_variable(made, "SSH_ASKPASS"));
    CHECK(find_variable(made, "GIT_SSH_COMMAND") == "ssh -v");
    CHECK(find_variable(made, "GIT_TERMINAL_PROMPT") == "0");
    CHECK(find_variable(made, "GIT_CONFIG_GLOBAL") == "/dev/null");
    CHECK(find_variable(made, "HOME") == "/h");
    CHECK(find_variable(package::make_git_environment(base, 30), "HOME") == "/nonexistent");
    CHECK(find_variable(package::make_git_environment({}, 39), "GIT_SSH_COMMAND") ==
          "ssh -oBatchMode=yes");
}

TEST_CASE("git tool: only the wanted protocol is allowed") {
    const auto options = package::git_options({"https"});
    const auto has = [&](const std::string& text) {
        return std::find(options.begin(), options.end(), text) != options.end();
    };
    CHECK(has("protocol.allow=never"));
    CHECK(has("protocol.https.allow=always"));
    CHECK_FALSE(has("protocol.file.allow=always"));
    CHECK(has("core.hooksPath=/dev/null"));
}

TEST_CASE("git tool: progress is told line by line, and both streams are kept") {
    const temp_dir at;
    package::tool_options tools;
    tools.git = fake_git(at, "case $1 in --version) echo git version 2.40.0;; *) printf "
                             "'1%%\\r2%%\\r' >&2; echo out; echo end >&2;; esac");
    std::string last;
    tools.progress = [&](std::string_view line) { last = std::string(line); };
    const auto git = package::git_tool::open(tools, {"https"});
    REQUIRE(git);
    const auto ran = git->run({"fetch"});
    REQUIRE(ran);
    CHECK(ran->out == "out\n");
    CHECK(ran->err == "1%\r2%\rend\n");
    CHECK(last == "end");
}
