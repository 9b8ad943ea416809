#include <guild/os/process_tree.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <support/child_program.hpp>
#include <support/fake_machine.hpp>

#include <doctest/doctest.h>

#if defined(__linux__)

using namespace guild_test;

namespace {

bool has_line(const guild::os::child& process) {
    pollfd asked{process.out_fd(), POLLIN, 0};
    return poll(&asked, 1, 5'000) == 1;
}

}  // namespace

TEST_CASE("process tree: children and their children are counted") {
    guild::os::child process =
        must_start(shell_options("/bin/sh -c 'sleep 30 & echo ready; wait' & wait"));
    REQUIRE(has_line(process));
    const auto tree = guild::os::read_process_tree(process.pid());
    REQUIRE(tree.has_value());
    CHECK(tree->processes == 3);
    std::vector<int> members = guild::os::detail::process_tree(process.pid(), "/proc");
    std::vector<int> expected = guild::os::detail::descendants_by_parents(process.pid(), "/proc");
    std::sort(members.begin(), members.end());
    std::sort(expected.begin(), expected.end());
    CHECK(members == expected);
    for (const int pid : members) {
        CHECK(guild::os::read_process_tree(pid).has_value());
    }
    CHECK(tree->resident_bytes > 0);
}

TEST_CASE("process_start_ticks: one process keeps it, another has its own") {
    const auto mine = guild::os::process_start_ticks(getpid());
    REQUIRE(mine.has_value());
    CHECK(mine == guild::os::process_start_ticks(getpid()));
    usleep(30'000);
    guild::os::child process = must_start(child_options("sleep", {"20000"}));
    CHECK(*guild::os::process_start_ticks(process.pid()) > *mine);
    CHECK_FALSE(guild::os::process_start_ticks(0).has_value());
}

TEST_CASE("process tree: processor time, files and threads of a recorded one") {
    const fake_machine machine;
    const auto tree = guild::os::read_process_tree(100, machine.root / "proc");
    REQUIRE(tree.has_value());
    CHECK(tree->cpu_us == (165 + 20) * (1'000'000 / sysconf(_SC_CLK_TCK)));
    CHECK(tree->processes == 2);
    CHECK(tree->threads == 4);
    REQUIRE(tree->files.has_value());
    CHECK(tree->files->written_bytes == 4096);
    CHECK_FALSE(guild::os::read_process_tree(102, machine.root / "proc").has_value());
}

TEST_CASE("process tree: what ended children used stays, in their parent") {
    guild::os::child process = must_start(shell_options(
        "/bin/sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; echo ready; sleep 30"));
    REQUIRE(has_line(process));
    const auto tree = guild::os::read_process_tree(process.pid());
    REQUIRE(tree.has_value());
    CHECK(tree->cpu_us > 0);
}

TEST_CASE("process tree: parents in a circle, and a process that names itself, end") {
    const fake_machine machine;
    (void)machine.root.write("proc/100/task/100/children", "101 100 101");
    (void)machine.root.write("proc/101/task/101/children", "100");
    CHECK(guild::os::read_process_tree(100, machine.root / "proc")->processes == 2);
    REQUIRE(guild::os::remove_tree(machine.root / "proc/100/task"));
    (void)machine.root.write("proc/100/stat",
                             "100 (a) S 101 0 0 0 0 0 0 0 0 0 1 1 1 1 0 0 1 0 1 1 1 1\n");
    CHECK(guild::os::read_process_tree(100, machine.root / "proc")->processes == 2);
}

#endif
