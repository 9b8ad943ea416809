#include <guild/os/spawn.hpp>

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/process.hpp>
#include <guild/os/thread.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::os::process_options;
using guild::os::stream_mode;

TEST_CASE("spawn: it leads its own group unless told otherwise") {
    CHECK(must_run(child_options("inherited")).out.find("leader 1\n") != std::string::npos);
    process_options options = child_options("inherited");
    options.new_group = false;
    CHECK(must_run(options).out.find("leader 0\n") != std::string::npos);
}

TEST_CASE("spawn: inherited streams are this process's own, with close-on-exec or without") {
    const temp_dir dir;
    for (const int extra : {0, O_CLOEXEC}) {
        const int code = run_in_copy([&] {
            const int out =
                open((dir / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            if (dup3(out, 1, extra) != 1) {
                return 1;
            }
            process_options options = child_options("overflow", {"1", "5", "2", "7"});
            options.out = stream_mode::inherit;
            options.merge_output = true;
            const auto ran = guild::os::run(options);
            return ran && ran->status.success() && ran->out.empty() ? 0 : 2;
        });
        CHECK(code == 0);
        CHECK(guild::os::load_file(dir / "out").value() == "oooooeeeeeee");
    }
}

TEST_CASE("spawn: null streams take everything and give nothing") {
    process_options options = child_options("overflow", {"1", "500000", "2", "500000"});
    options.out = options.err = stream_mode::null;
    const auto ran = must_run(options);
    CHECK(ran.status.success());
    CHECK(ran.out.empty());
}

TEST_CASE(
    "spawn: where nothing closes descriptors for us, those that are open are listed and closed") {
    REQUIRE(dup2(0, 77) == 77);
    guild::os::detail::spawn_plan plan;
    REQUIRE(plan.close_listed() == 0);
    auto pipe = guild::os::make_pipe();
    REQUIRE(pipe.has_value());
    REQUIRE(plan.set_stream(1, pipe->write.get()) == 0);
    pid_t pid = -1;
    std::string path = child_program("inherited");
    char* argv[] = {&path[0], nullptr};
    REQUIRE(plan.start(pid, path.c_str(), argv, guild::os::detail::process_environment()) == 0);
    close(77);
    pipe->write.reset();
    char text[4096] = {};
    REQUIRE(read(pipe->read.get(), text, sizeof text - 1) > 0);
    CHECK(waitpid(pid, nullptr, 0) == pid);
    CHECK(std::string(text).find("fd 77\n") == std::string::npos);
    CHECK(std::string(text).find("fd 1\n") != std::string::npos);
}

TEST_CASE("shell_command: the text is one argument of sh") {
    const std::vector<std::string> expected = {"/bin/sh", "-c", "echo \"a b\" | cat"};
    CHECK(guild::os::shell_command("echo \"a b\" | cat") == expected);
    CHECK(must_run(shell_options("echo \"a  b\" | cat")).out == "a  b\n");
}
