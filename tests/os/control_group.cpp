#include <guild/os/control_group.hpp>

#include <cstdint>
#include <string>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

namespace os = guild::os;

TEST_CASE("control group: counters are found by their whole name") {
    const std::string text = "low 0\nhigh 0\nmax 120\noom 3\noom_kill 12\n";
    CHECK(os::find_counter(text, "oom_kill") == std::uint64_t{12});
    CHECK(os::find_counter(text, "oom") == std::uint64_t{3});
    CHECK_FALSE(os::find_counter(text, "oom_group_kill"));
    CHECK_FALSE(os::find_counter(text, "kill"));
    CHECK_FALSE(os::find_counter("", "oom"));
}

TEST_CASE("control group: version 2, with the least limit of the groups above") {
    const guild_test::temp_dir mount;
    (void)mount.write("job/part/memory.events", "oom 1\noom_kill 4\n");
    (void)mount.write("job/part/memory.max", "max\n");
    (void)mount.write("job/memory.max", "1000000\n");
    (void)mount.write("memory.max", "2000000\n");
    const auto group = os::find_memory_group("0::/job/part\n", mount.path());
    REQUIRE(group);
    CHECK(group->directory == mount / "job/part");
    CHECK(os::memory_limit_bytes(*group) == std::uint64_t{1'000'000});
    CHECK(os::count_memory_kills(*group) == std::uint64_t{4});
}

TEST_CASE("control group: version 1, also where the path is one outside of a container") {
    const guild_test::temp_dir mount;
    (void)mount.write("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
    (void)mount.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    const auto group =
        os::find_memory_group("9:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n", mount.path());
    REQUIRE(group);
    CHECK(group->is_first_version);
    CHECK(group->directory == mount / "memory");
    CHECK_FALSE(os::memory_limit_bytes(*group));
    CHECK(os::count_memory_kills(*group) == std::uint64_t{2});
    CHECK_FALSE(os::find_memory_group("3:cpuset:/\n", mount.path()));
}

TEST_CASE("memory group: where there is one, its counter can be read") {
    if (const auto group = os::find_memory_group()) {
        CHECK(os::count_memory_kills(*group).has_value());
    }
}

TEST_CASE("control group: controllers that share a directory in version 1") {
    const guild_test::temp_dir mount;
    (void)mount.write("cpu/job:1/cpu.stat", "nr_periods 0\n");
    const os::controller cpu = {"cpu", "cpu.stat", "cpu.stat"};
    const auto group =
        os::find_control_group(cpu, "4:cpuacct,cpu:/job:1\n3:cpuset:/other\n", mount.path());
    REQUIRE(group);
    CHECK(group->directory == mount / "cpu/job:1");
    CHECK(group->is_first_version);
    CHECK_FALSE(os::find_control_group(cpu, "3:cpuset:/job:1\n", mount.path()));
    (void)mount.write("job/cpu.stat", "");
    CHECK_FALSE(os::find_control_group(cpu, "0::/job\n", mount.path())->is_first_version);
    CHECK_FALSE(os::find_control_group({"cpu", "cpu.stat", ""}, "0::/job\n", mount.path()));
}
