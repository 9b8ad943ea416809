// Cases 1 to 15 of what a runner of processes has to get right: how programs are started.
#include <guild/os/process.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/thread.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::errc;
using guild::os::process_options;
using guild::os::run_options;
using guild::os::stream_mode;
using guild::os::variables;

namespace {

process_options program(const std::string& path) {
    process_options options;
    options.argv = {path};
    return options;
}

// The same by the other way of starting, which limits need.
process_options by_steps(process_options options) {
    options.limits = {{RLIMIT_CORE, 0, 0}};
    return options;
}

void must_fail(const process_options& given, errc code, const std::string& path) {
    for (const process_options& options : {given, by_steps(given)}) {
        const int before = open_descriptors();
        const auto spawned = guild::os::spawn(options);
        REQUIRE_FALSE(spawned);
        CAPTURE(to_string(spawned.error()));
        CHECK(spawned.error().code == code);
        CHECK(spawned.error().path == path);
        CHECK(open_descriptors() == before);
        CHECK_FALSE(has_children());
    }
}

template <class Work>
std::int64_t time_of_us(Work work) {
    const std::int64_t begin_us = guild::os::system_env.boot_time_us();
    work();
    return guild::os::system_env.boot_time_us() - begin_us;
}

std::int64_t median_of(std::vector<std::int64_t> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

void must_end_well(const process_options& options) {
    const auto ran = guild::os::run(options);
    if (!ran || !ran->status.success()) {
        _exit(9);
    }
}

void say_exit() {
    (void)!write(2, "exit handler\n", 13);
}

}  // namespace

TEST_CASE("case 01: arguments arrive byte by byte") {
    const std::vector<std::string> arguments = {"",
                                                "a b",
                                                "\"quoted\"",
                                                "*",
                                                "$HOME",
                                                "\\",
                                                "'",
                                                "line\nfeed",
                                                "\xFF\xC3",
                                                "-x=1",
                                                std::string(131'071, 'z')};
    std::string expected;
    for (const std::string& argument : arguments) {
        expected += std::to_string(argument.size()) + ":" + argument + "\n";
    }
    CHECK(must_run(child_options("argv", arguments)).out == expected);
    CHECK(must_run(by_steps(child_options("argv", arguments))).out == expected);
}

TEST_CASE("case 01: arguments beyond the system's limit are an error") {
    process_options options = program("/bin/true");
    options.argv.push_back(std::string(4'000'000, 'x'));
    must_fail(options, errc::too_large, "/bin/true");
}

TEST_CASE("case 02: every way to fail is told apart, with the path that was tried") {
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

TEST_CASE("case 02: a missing program is a failure to start") {
    process_options options;
    options.argv = {"/no/such/program"};
    const auto ran = guild::os::run(options);
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::not_found);
    CHECK(ran.error().path == "/no/such/program");
}

TEST_CASE("case 02: a program that may not be executed is a failure to start") {
    process_options options;
    options.argv = {"/etc/passwd"};
    const auto ran = guild::os::run(options);
    REQUIRE_FALSE(ran);
    CHECK(ran.error().code == guild::errc::not_executable);
    CHECK(ran.error().path == "/etc/passwd");
}

TEST_CASE("case 02: a missing interpreter is not taken for a missing program") {
    const temp_dir dir;
    const std::string orphan = dir.write("orphan", "#!/no/such/interpreter\n");
    REQUIRE(chmod(orphan.c_str(), 0755) == 0);
    const auto spawned = guild::os::spawn(program(orphan));
    REQUIRE_FALSE(spawned);
    CHECK(spawned.error().message.find("interpreter") != std::string::npos);
}

TEST_CASE("case 03: a bad directory is told from a bad program") {
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

TEST_CASE("case 03: a directory that may not be entered is a bad directory") {
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

TEST_CASE("case 04: a relative program is meant from the directory, which is entered first") {
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

TEST_CASE("case 05: the program is looked for along the PATH of the child, empty elements too") {
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

TEST_CASE("case 06: NUL bytes and what else no program could be given are refused") {
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

TEST_CASE("case 07: the environment is what was given, all of it and nothing else") {
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

TEST_CASE("case 08: a refused fork is an error and leaks nothing") {
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

TEST_CASE("case 09: running out of descriptors at any point leaks nothing") {
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

TEST_CASE("case 10: a program that is still being written elsewhere is tried again") {
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

TEST_CASE("case 10: a program that somebody keeps writing is refused in the end") {
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

TEST_CASE("case 11: no descriptor is left over by seventy runs, good and bad") {
    (void)must_run(child_options("exit_code", {"0"}));
    const int before = open_descriptors();
    for (int i = 0; i < 70; ++i) {
        run_options limits;
        limits.input = "x";
        (void)must_run(child_options("echo"), limits);
        process_options missing;
        missing.argv = {"/no/such/program"};
        (void)guild::os::run(missing);
        missing.argv = {"/bin/true"};
        missing.directory = "/no/such/directory";
        (void)guild::os::run(missing);
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("case 11: no zombie and no second copy of this program is left over by failures") {
    (void)must_run(child_options("exit_code", {"3"}));
    process_options missing;
    missing.argv = {"/no/such/program"};
    (void)guild::os::run(missing);
    CHECK_FALSE(has_children());
}

TEST_CASE("case 12: what this program does at its exit is not done by a child that failed") {
    const temp_dir dir;
    const std::string text = dir.write("text", "no program at all\n");
    REQUIRE(chmod(text.c_str(), 0755) == 0);
    const std::string log = dir / "log";
    const int code = run_in_copy([&] {
        const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (dup2(to, 1) != 1 || dup2(to, 2) != 2 || std::atexit(say_exit) != 0) {
            return 1;
        }
        std::fputs("waits in a buffer", stdout);
        const bool has_failed = !guild::os::run(program(text)) &&
                                !guild::os::run(by_steps(program(text))) &&
                                !guild::os::run(program(dir / "missing"));
        return has_failed ? 0 : 2;
    });
    CHECK(code == 0);
    const std::string said = guild::os::load_file(log).value();  // a sanitizer may say something
    CHECK(said.find("exit handler") == std::string::npos);
    CHECK(said.find("waits in a buffer") == std::string::npos);
}

TEST_CASE("case 13: starting costs the same with much memory in use, where a fork does not") {
    const int code = run_in_copy([] {
        const std::vector<char> ballast(std::size_t{512} << 20U, 'x');
        std::vector<std::int64_t> times[3];
        for (int round = 0; round < 9; ++round) {
            times[0].push_back(time_of_us([] { must_end_well(program("/bin/true")); }));
            times[1].push_back(time_of_us([] { must_end_well(by_steps(program("/bin/true"))); }));
            times[2].push_back(time_of_us([] {
                const pid_t pid = fork();
                if (pid == 0) {
                    _exit(0);
                }
                (void)waitpid(pid, nullptr, 0);
            }));
        }
        const std::int64_t fork_us = median_of(times[2]);
        const bool is_flat = median_of(times[0]) < fork_us && median_of(times[1]) < fork_us;
        return is_flat && ballast.back() == 'x' ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("case 14: starting costs the same however many descriptors are allowed") {
    const int code = run_in_copy([] {
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = 1'000'000;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {  // as many as this user may
            getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (limit.rlim_cur < 500'000) {
            return 0;  // closing so few one by one costs too little to be told from a start
        }
        std::vector<std::int64_t> times[3];
        for (int round = 0; round < 9; ++round) {
            times[0].push_back(time_of_us([] { must_end_well(program("/bin/true")); }));
            times[1].push_back(time_of_us([] { must_end_well(by_steps(program("/bin/true"))); }));
            times[2].push_back(time_of_us([&] {
                for (rlim_t fd = 4096; fd < limit.rlim_cur; ++fd) {
                    (void)close(static_cast<int>(fd));
                }
            }));
        }
        const std::int64_t closing_us = median_of(times[2]);
        return median_of(times[0]) < closing_us && median_of(times[1]) < closing_us ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("case 15: a child lives on when the thread that started it ends") {
    guild::os::child process;
    auto starter =
        guild::os::thread::start([&] { process = must_start(child_options("sleep", {"200"})); });
    REQUIRE(starter.has_value());
    starter->join();
    CHECK_FALSE(process.wait_for_ms(50).value().has_value());
    CHECK(process.wait().value().success());
}
