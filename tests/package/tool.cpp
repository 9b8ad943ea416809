#include <guild/package/tool.hpp>

#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

#include <guild/os/pipe.hpp>

namespace package = guild::package;

namespace {

guild::result<guild::os::run_result> run_shell(const std::string& text,
                                               const package::tool_options& options = {}) {
    guild::os::process_options command;
    command.argv = guild::os::shell_command(text);
    return package::run_tool(command, options);
}

}  // namespace

TEST_CASE("tool: a missing program is named") {
    guild::os::process_options command;
    command.argv = {"no-such-tool"};
    const auto ran = package::run_tool(command, {});
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::missing_requirement);
    CHECK(guild::starts_with(ran.error().message, "`no-such-tool` is needed and cannot be run: "));
}

TEST_CASE("tool: one that hangs is stopped by time or by the caller") {
    package::tool_options options;
    options.timeout_ms = 20;
    const auto slow = run_shell("sleep 30", options);
    REQUIRE_FALSE(slow);
    CHECK(slow.error().code == guild::errc::timed_out);
    options.timeout_ms = -1;
    auto ends = guild::os::make_pipe();
    REQUIRE(ends);
    REQUIRE(::write(ends->write.get(), "x", 1) == 1);
    options.stop_fd = ends->read.get();
    const auto stopped = run_shell("sleep 30", options);
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == guild::errc::interrupted);
}

TEST_CASE("tool: the last words are one clean line") {
    CHECK(package::last_words(*run_shell("printf 'a\\nfatal: b\\tc\\n\\nlast\\n' >&2; exit 1")) ==
          "b c");
    CHECK(package::last_words(*run_shell("printf '10%%\\r20%%\\r' >&2; exit 1")) == "20%");
    CHECK(package::last_words(*run_shell("exit 3")) == "exit code 3");
    CHECK(package::last_words(*run_shell("echo out; exit 3")) == "out");
}
