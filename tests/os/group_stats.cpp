#include <guild/os/group_stats.hpp>

#include <cstdint>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

namespace {

using u64 = std::uint64_t;

}  // namespace

TEST_CASE("group stats: version 2") {
    const guild_test::temp_dir mount;
    (void)mount.write("job/memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n");
    (void)mount.write("job/memory.current", "5000\n");
    (void)mount.write("job/memory.max", "9000\n");
    (void)mount.write("job/memory.stat", "anon 3000\nfile 1000\nanon_thp 5\n");
    (void)mount.write("job/cpu.max", "max 100000\n");
    (void)mount.write("cpu.max", "50000 100000\n");
    (void)mount.write("job/cpu.stat", "usage_usec 900\nuser_usec 800\nsystem_usec 100\nnr_periods "
                                      "6\nnr_throttled 2\nthrottled_usec 40\n");
    const auto stats = guild::os::group_reader("0::/job\n", mount.path()).read();
    CHECK(stats.memory_limit_bytes == u64{9000});
    CHECK(stats.memory_used_bytes == u64{5000});
    CHECK(stats.memory_resident_bytes == u64{3000});
    CHECK(stats.memory_limit_hits == u64{7});
    CHECK(stats.memory_kills == u64{1});
    CHECK(stats.cpu_limit == 0.5);  // of the group above
    CHECK(stats.cpu_used_us == u64{900});
    CHECK(stats.periods == u64{6});
    CHECK(stats.throttled_periods == u64{2});
    CHECK(stats.throttled_us == u64{40});
}

TEST_CASE("group stats: version 1, each controller in its place") {
    const guild_test::temp_dir mount;
    (void)mount.write("memory/job/memory.oom_control", "under_oom 0\noom_kill 3\n");
    (void)mount.write("memory/job/memory.usage_in_bytes", "5000\n");
    (void)mount.write("memory/job/memory.limit_in_bytes", "9000\n");
    (void)mount.write("memory/job/memory.failcnt", "8\n");
    (void)mount.write("memory/job/memory.stat", "rss 1\ntotal_rss 3000\n");
    (void)mount.write("cpu/job/cpu.stat", "nr_periods 6\nnr_throttled 2\nthrottled_time 40000\n");
    (void)mount.write("cpu/job/cpu.cfs_quota_us", "300000\n");
    (void)mount.write("cpu/job/cpu.cfs_period_us", "100000\n");
    (void)mount.write("cpu/cpu.cfs_quota_us", "-1\n");
    (void)mount.write("cpu/cpu.cfs_period_us", "100000\n");
    (void)mount.write("cpuacct/job/cpuacct.usage", "900500\n");
    const auto stats =
        guild::os::group_reader("5:memory:/job\n4:cpu,cpuacct:/job\n0::/\n", mount.path()).read();
    CHECK(stats.memory_limit_bytes == u64{9000});
    CHECK(stats.memory_used_bytes == u64{5000});
    CHECK(stats.memory_resident_bytes == u64{3000});
    CHECK(stats.memory_limit_hits == u64{8});
    CHECK(stats.memory_kills == u64{3});
    CHECK(stats.cpu_limit == 3.0);
    CHECK(stats.cpu_used_us == u64{900});
    CHECK(stats.throttled_periods == u64{2});
    CHECK(stats.throttled_us == u64{40});
}

TEST_CASE("group stats: without a group, and with empty files, nothing is known") {
    const guild_test::temp_dir mount;
    for (const char* text : {"", "0::/job\n", "4:cpu:/job", "garbage", ":::::", "0:", "0::"}) {
        CAPTURE(text);
        const auto stats = guild::os::group_reader(text, mount.path()).read();
        CHECK_FALSE(stats.memory_used_bytes.has_value());
        CHECK_FALSE(stats.cpu_used_us.has_value());
        CHECK_FALSE(stats.cpu_limit.has_value());
    }
    (void)mount.write("memory.events", "");
    (void)mount.write("cpu.stat", "usage_usec\nnr_periods x\n");
    const auto stats = guild::os::group_reader("0::/gone\n", mount.path()).read();
    CHECK_FALSE(stats.memory_kills.has_value());
    CHECK_FALSE(stats.cpu_used_us.has_value());
    CHECK_FALSE(stats.periods.has_value());
}

TEST_CASE("parse_cpu_limit: quota by period") {
    CHECK(guild::os::parse_cpu_limit("150000 100000\n") == 1.5);
    for (const char* text : {"max 100000\n", "-1 100000", "1 0", "", "1", "1 2 3", "0 100000"}) {
        CAPTURE(text);
        CHECK_FALSE(guild::os::parse_cpu_limit(text).has_value());
    }
}
