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
using guild::errc;
using guild::os::process_options;
using guild::os::stream_mode;
using guild::os::variables;

namespace {

void must_fail(const process_options& options, errc code, const std::string& path) {
    const int before = open_descriptors();
    const auto spawned = guild::os::spawn(options);
    REQUIRE_FALSE(spawned);
    CAPTURE(to_string(spawned.error()));
    CHECK(spawned.error().code == code);
    CHECK(spawned.error().path == path);
    CHECK(open_descriptors() == before);
    CHECK_FALSE(has_children());
}

process_options program(const std::string& path) {
    process_options options;
    options.argv = {path};
    return options;
}

}  // namespace

TEST_CASE("spawn: every way to fail is told apart, with the path that was tried") {
    const temp_dir dir;
    const std::string plain = dir.write("plain", "#!/bin/sh\n");
    const std::string text = dir.write("text", "no program at all\n");
    const std::string orphan = dir.write("orphan", "#!/no/such/interpreter\n");
    REQUIRE(symlink("loop", (dir / "loop").c_str()) == 0);
    for (const std::string& path : {text, orphan}) {
        REQUIRE(chmod(path.c_str(), 0755) == 0);
    }
    must_fail(program(dir / "missing"), errc::not_found, dir / "missing");
    must_fail(program("guild-no-such-tool"), errc::not_found, "guild-no-such-tool");
    must_fail(program(plain), errc::not_executable, plain);
    must_fail(program(dir.path()), errc::not_executable, dir.path());
    must_fail(program(text), errc::not_executable, text);
    must_fail(program(orphan), errc::not_executable, orphan);
    must_fail(program(plain + "/x"), errc::not_a_directory, plain + "/x");
    must_fail(program(dir / "loop"), errc::bad_value, dir / "loop");
}

TEST_CASE("spawn: a missing interpreter is not taken for a missing program") {
    const temp_dir dir;
    const std::string orphan = dir.write("orphan", "#!/no/such/interpreter\n");
    REQUIRE(chmod(orphan.c_str(), 0755) == 0);
    const auto spawned = guild::os::spawn(program(orphan));
    REQUIRE_FALSE(spawned);
    CHECK(spawned.error().message.find("interpreter") != std::string::npos);
}

TEST_CASE("spawn: a bad directory is told from a bad program") {
    const temp_dir dir;
    process_options options = program("/bin/true");
    options.directory = dir / "missing";
    must_fail(options, errc::bad_directory, dir / "missing");
    options.directory = "/etc/passwd";
    must_fail(options, errc::bad_directory, "/etc/passwd");
    options.argv = {"/no/such/program"};
    options.directory = dir.path();
    must_fail(options, errc::not_found, "/no/such/program");
}

TEST_CASE("spawn: a directory that may not be entered is a bad directory") {
    const temp_dir dir;
    REQUIRE(mkdir((dir / "closed").c_str(), 0700) == 0);
    const int code = run_in_copy([&dir] {
        if (chmod(dir.path().c_str(), 0755) != 0) {
            return 1;
        }
        if (geteuid() == 0 && setuid(65'534) != 0) {
            return 0;
        }
        process_options options = program("/bin/true");
        options.directory = dir / "closed";
        if (access(options.directory.c_str(), X_OK) == 0) {
            return 0;
        }  // the owner ran this: nothing to see
        const auto spawned = guild::os::spawn(options);
        return !spawned && spawned.error().code == errc::bad_directory ? 0 : 2;
    });
    CHECK(code == 0);
}

TEST_CASE("spawn: what no program could be given is refused") {
    must_fail(process_options{}, errc::bad_value, "");
    process_options options = program("/bin/true");
    options.argv.push_back(std::string("a\0b", 3));
    must_fail(options, errc::bad_value, "");
    options = program(std::string("/bin/true\0x", 11));
    must_fail(options, errc::bad_value, "");
    options = program("/bin/true");
    options.directory = std::string("/tmp\0x", 6);
    must_fail(options, errc::bad_value, "");
    for (const guild::os::variable& entry : {guild::os::variable{"", "x"},
                                             {"A=B", "x"},
                                             {std::string("A\0", 2), "x"},
                                             {"A", std::string("\0", 1)}}) {
        options = program("/bin/true");
        options.environment = variables{entry};
        must_fail(options, errc::bad_value, "");
    }
}

TEST_CASE("spawn: arguments beyond the system's limit are too large") {
    process_options options = program("/bin/true");
    options.argv.push_back(std::string(4'000'000, 'x'));
    must_fail(options, errc::too_large, "/bin/true");
}

TEST_CASE("spawn: the environment is what was given, all of it and nothing else") {
    process_options options = child_options("env");
    options.environment = variables{};
    CHECK(must_run(options).out.empty());
    options.environment = variables{{"ONE", "1"}};
    CHECK(must_run(options).out == "ONE=1\n");
    options.environment = variables{{"A", "x=y"}, {"B", ""}, {"A", "again"}};
    CHECK(must_run(options).out == "A=x=y\nB=\nA=again\n");
    setenv("GUILD_TEST_VARIABLE", "inherited", 1);
    options.environment.reset();
    CHECK(must_run(options).out.find("GUILD_TEST_VARIABLE=inherited\n") != std::string::npos);
    unsetenv("GUILD_TEST_VARIABLE");
}

TEST_CASE("spawn: the program is looked for along the child's PATH") {
    const temp_dir dir;
    const std::string tool = dir.write("guild-test-tool", "#!/bin/sh\necho found\n");
    REQUIRE(chmod(tool.c_str(), 0755) == 0);
    process_options options = program("guild-test-tool");
    must_fail(options, errc::not_found, "guild-test-tool");
    options.environment = variables{{"PATH", "/bin:" + dir.path()}};
    CHECK(must_run(options).out == "found\n");
    options.environment = variables{{"PATH", "/bin:"}};  // an empty element is the directory
    options.directory = dir.path();
    CHECK(must_run(options).out == "found\n");
}

TEST_CASE("spawn: a relative program is meant from the directory, which is entered first") {
    const temp_dir dir;
    const std::string tool = dir.write("sub/tool", "#!/bin/sh\npwd -P\n");
    REQUIRE(chmod(tool.c_str(), 0755) == 0);
    process_options options = program("sub/tool");
    options.directory = dir.path();
    char resolved[4096] = {};
    REQUIRE(realpath(dir.path().c_str(), resolved) != nullptr);
    CHECK(must_run(options).out == std::string(resolved) + "\n");
    options.argv = {"./tool"};
    options.directory = dir / "sub";
    CHECK(must_run(options).out == std::string(resolved) + "/sub\n");
}

TEST_CASE("spawn: it leads its own group unless told otherwise") {
    CHECK(must_run(child_options("inherited")).out.find("leader 1\n") != std::string::npos);
    process_options options = child_options("inherited");
    options.new_group = false;
    CHECK(must_run(options).out.find("leader 0\n") != std::string::npos);
}

TEST_CASE("spawn: the umask is left alone, and a pipe is no terminal") {
    const mode_t before = umask(027);
    const std::string out = must_run(child_options("inherited")).out;
    umask(before);
    CHECK(out.find("umask 27\n") != std::string::npos);
    CHECK(out.find("tty 0\n") != std::string::npos);
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

TEST_CASE("spawn: running out of descriptors at any point leaks nothing") {
    const int code = run_in_copy([] {
        const int before = open_descriptors();
        int refused = 0;
        for (rlim_t room = 0; room < 16; ++room) {
            rlimit limit{};
            getrlimit(RLIMIT_NOFILE, &limit);
            const rlim_t usual = limit.rlim_cur;
            limit.rlim_cur = 3 + room;
            setrlimit(RLIMIT_NOFILE, &limit);
            process_options options = program("/bin/true");
            options.directory = "/";
            options.in = stream_mode::pipe;
            {
                const auto ran = guild::os::run(options);
                if (!ran && ran.error().code == errc::resource_exhausted) {
                    ++refused;
                }
                // The directory is opened first, so the first refusal names it.
                if (!ran && ran.error().code == errc::bad_directory) {
                    ++refused;
                }
            }
            limit.rlim_cur = usual;
            setrlimit(RLIMIT_NOFILE, &limit);
            if (open_descriptors() != before || has_children()) {
                return 1;
            }
        }
        return refused >= 4 && refused < 16 ? 0 : 2;
    });
    CHECK(code == 0);
}

TEST_CASE("spawn: a refused fork is resource_exhausted and leaks nothing") {
    if (geteuid() != 0) {
        MESSAGE("skipped: needs the right to become another user");
        return;
    }
    const int code = run_in_copy([] {
        rlimit none{};
        setrlimit(RLIMIT_NPROC, &none);
        if (setgid(54'321) != 0 || setuid(54'321) != 0) {
            return 1;
        }
        const int before = open_descriptors();
        const auto spawned = guild::os::spawn(program("/bin/true"));
        if (spawned || spawned.error().code != errc::resource_exhausted) {
            return 2;
        }
        return open_descriptors() == before ? 0 : 3;
    });
    CHECK(code == 0);
}

TEST_CASE("spawn: a program that is still being written elsewhere is tried again") {
    const temp_dir dir;
    const std::string tool = dir / "tool";
    const auto bytes = guild::os::load_file(child_program("exit_code"));
    REQUIRE(bytes.has_value());
    REQUIRE(guild::os::save_file(tool, *bytes).has_value());
    REQUIRE(chmod(tool.c_str(), 0755) == 0);
    const int writing = open(tool.c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE(writing >= 0);
    auto closer = guild::os::thread::start([writing] {
        usleep(60'000);
        close(writing);
    });
    REQUIRE(closer.has_value());
    process_options options = program(tool);
    options.argv.push_back("7");
    CHECK(must_run(options).status.code == 7);
}

TEST_CASE("spawn: a program that somebody keeps writing is refused in the end") {
    const temp_dir dir;
    const std::string tool = dir / "tool";
    REQUIRE(
        guild::os::save_file(tool, *guild::os::load_file(child_program("exit_code"))).has_value());
    REQUIRE(chmod(tool.c_str(), 0755) == 0);
    const int writing = open(tool.c_str(), O_WRONLY | O_CLOEXEC);
    const auto spawned = guild::os::spawn(program(tool));
    close(writing);
    REQUIRE_FALSE(spawned);
    CHECK(spawned.error().path == tool);
    CHECK(spawned.error().message.find("(26)") != std::string::npos);
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
