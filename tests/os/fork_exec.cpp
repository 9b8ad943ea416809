#include <guild/os/fork_exec.hpp>

#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/file.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::os::exec_stage;
using guild::os::exec_steps;

namespace {

// Steps for a shell text; what they point to lives as long as the object.
class shell_steps {
public:
    explicit shell_steps(std::string text) : text_(std::move(text)) {
        steps.program = "/bin/sh";
        steps.argv = argv_;
        steps.environment = environment_;
        steps.descriptors = {{0, 0}, {1, 1}, {2, 2}};
    }
    shell_steps(const shell_steps&) = delete;
    shell_steps& operator=(const shell_steps&) = delete;

    exec_steps steps;

private:
    std::string text_;
    std::string name_ = "sh";
    std::string option_ = "-c";
    char* argv_[4] = {&name_[0], &option_[0], &text_[0], nullptr};
    char* environment_[1] = {nullptr};
};

int code_of(const exec_steps& steps) {
    const auto started = guild::os::fork_exec(steps);
    REQUIRE(started.failed == exec_stage::none);
    int status = 0;
    REQUIRE(waitpid(started.pid, &status, 0) == started.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void must_fail_at(const exec_steps& steps, exec_stage stage, int code) {
    const int before = open_descriptors();
    const auto started = guild::os::fork_exec(steps);
    CHECK(started.pid == -1);
    CHECK(started.failed == stage);
    CHECK(started.code == code);
    CHECK(open_descriptors() == before);
    CHECK_FALSE(has_children());
}

}  // namespace

TEST_CASE("fork_exec: starts a program with what was asked for") {
    shell_steps plain("exit 7");
    CHECK(code_of(plain.steps) == 7);
    shell_steps limited("test $(ulimit -n) = 50 && exit 8");
    limited.steps.limits = {{RLIMIT_NOFILE, 50, 50}};
    CHECK(code_of(limited.steps) == 8);
}

TEST_CASE("fork_exec: a failing step is told with its name and code") {
    shell_steps program("true");
    program.steps.program = "/no/such/program";
    must_fail_at(program.steps, exec_stage::exec, ENOENT);
    shell_steps limit("true");
    limit.steps.limits = {{RLIMIT_CORE, 2, 1}};
    must_fail_at(limit.steps, exec_stage::limits, EINVAL);
    shell_steps descriptor("true");
    descriptor.steps.descriptors.push_back({12'345, 5});
    must_fail_at(descriptor.steps, exec_stage::descriptors, EBADF);
    shell_steps directory("true");
    const guild::os::descriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
    directory.steps.directory = file.get();
    must_fail_at(directory.steps, exec_stage::directory, ENOTDIR);
    shell_steps session("true");
    session.steps.new_session = true;
    session.steps.terminal = file.get();
    must_fail_at(session.steps, exec_stage::session, ENOTTY);
}

TEST_CASE("fork_exec: a new session is one, and a group too") {
    const temp_dir dir;
    shell_steps both("read x < /proc/self/stat; set -- $x; test $5 = $$ && test $6 = $$ && exit 9");
    both.steps.new_session = true;
    CHECK(code_of(both.steps) == 9);
    shell_steps group(
        "read x < /proc/self/stat; set -- $x; test $5 = $$ && test $6 != $$ && exit 9");
    group.steps.new_group = true;
    CHECK(code_of(group.steps) == 9);
}

#if defined(__linux__)
TEST_CASE("fork_exec: the signal of the parent's death comes with it") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const int code = run_in_copy([&] {
        shell_steps steps("exec sleep 90");
        steps.steps.parent_death_signal = SIGKILL;
        steps.steps.descriptors = {{ends[1], 1}};
        return guild::os::fork_exec(steps.steps).failed == exec_stage::none ? 0 : 1;
    });
    CHECK(code == 0);
    close(ends[1]);
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 0);  // nobody has the other end any more
    close(ends[0]);
}
#endif
