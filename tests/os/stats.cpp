#include <guild/os/stats.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <support/child_program.hpp>

#include <doctest/doctest.h>

#if defined(__linux__)

using namespace guild_test;
using guild::os::stats_sampler;

namespace {

std::map<std::string, double> sample_of(stats_sampler& sampler, int pid) {
    std::map<std::string, double> values;
    for (const auto& entry : sampler.sample(pid)) {
        CHECK_MESSAGE(values.emplace(entry).second, entry.first);  // no key twice
    }
    return values;
}

bool has_line(const guild::os::child& process) {
    pollfd asked{process.out_fd(), POLLIN, 0};
    return poll(&asked, 1, 5'000) == 1;
}

}  // namespace

TEST_CASE("stats_sampler: the first sample has levels and no rates") {
    stats_sampler sampler;
    auto values = sample_of(sampler, getpid());
    for (const char* key :
         {"op/mem/rss", "op/mem/vms", "sys/mem/total", "sys/mem/free", "sys/mem/used",
          "sys/mem/util", "sys/swap/total", "sys/swap/free", "sys/swap/used", "sys/swap/util"}) {
        CAPTURE(key);
        CHECK(values.count(key) == 1);
    }
    for (const auto& entry : values) {
        CAPTURE(entry.first);
        CHECK(entry.first.find("/cpu") == std::string::npos);
        CHECK(entry.first.find("sys/dev") == std::string::npos);
    }
}

TEST_CASE("stats_sampler: the second sample has every key of the list") {
    stats_sampler sampler;
    (void)sample_of(sampler, getpid());
    usleep(100'000);
    auto values = sample_of(sampler, getpid());
    for (const char* key : {"op/cpu/util", "op/mem/rss", "op/mem/vms", "sys/cpu/util",
                            "sys/cpu0/util", "sys/mem/total"}) {
        CAPTURE(key);
        CHECK(values.count(key) == 1);
    }
    CHECK(values["sys/cpu/util"] >= 0.0);
    CHECK(values["sys/cpu/util"] <= 1.0);
    CHECK(values["sys/mem/util"] > 0.0);
    CHECK(values["sys/mem/util"] < 1.0);
    CHECK(values["sys/mem/used"] < values["sys/mem/total"]);
    CHECK(values["op/mem/rss"] > 1'000'000);
    CHECK(values["op/mem/vms"] >= values["op/mem/rss"]);
}

TEST_CASE("stats_sampler: processor time of the tree is counted, that of ended children too") {
    guild::os::process_options options =
        shell_options("i=0; while [ $i -lt 60 ]; do /bin/sh -c 'j=0; while [ $j -lt 9000 ]; do "
                      "j=$((j+1)); done'; i=$((i+1)); done; sleep 30");
    guild::os::child process = must_start(options);
    stats_sampler sampler;
    (void)sample_of(sampler, process.pid());
    usleep(500'000);
    const double util = sample_of(sampler, process.pid())["op/cpu/util"];
    CHECK(util > 0.15);
    CHECK(util < 2.5);
}

TEST_CASE("stats_sampler: a process that is gone gives the machine's part alone") {
    guild::os::child process = must_start(child_options("exit_code", {"0"}));
    REQUIRE(process.wait().has_value());
    stats_sampler sampler;
    for (const int pid : {process.pid(), 0, -1}) {
        const auto values = sample_of(sampler, pid);
        CHECK(values.count("op/mem/rss") == 0);
        CHECK(values.count("op/cpu/util") == 0);
        CHECK(values.count("sys/mem/total") == 1);
    }
}

TEST_CASE("stats_sampler: sampling costs little") {
    stats_sampler sampler;
    const std::int64_t start_ms = now_ms();
    for (int i = 0; i < 50; ++i) {
        (void)sampler.sample(getpid());
    }
    CHECK(now_ms() - start_ms < 2'500);
}

TEST_CASE("process tree: children and their children are counted") {
    guild::os::child process =
        must_start(shell_options("/bin/sh -c 'sleep 30 & echo ready; wait' & wait"));
    REQUIRE(has_line(process));
    const auto tree = guild::os::read_process_tree(process.pid());
    REQUIRE(tree.has_value());
    CHECK(tree->processes == 3);
    std::vector<int> members = guild::os::detail::process_tree(process.pid());
    std::vector<int> expected = guild::os::detail::descendants_by_parents(process.pid());
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

TEST_CASE("machine: has a boot, a processor, memory and a namespace") {
    CHECK(guild::os::read_boot_id().size() == 36);
    CHECK(guild::os::read_boot_id() == guild::os::read_boot_id());
    CHECK_FALSE(guild::os::cpu_model().empty());
    CHECK(guild::os::cpu_count() >= 1);
    CHECK(guild::os::memory_total_bytes() > 16u << 20);
    CHECK(guild::os::pid_namespace_inode().has_value());
}

TEST_CASE("disks: a mounted one is found by name or by number") {
    const std::vector<guild::os::disk_counters> disks = {{"sda", "8:0", 1, 1, 1, 1, 1},
                                                         {"sda1", "8:1", 1, 1, 1, 1, 1},
                                                         {"dm-0", "253:0", 1, 1, 1, 1, 1}};
    const auto selected = guild::os::detail::select_mounted(
        disks, {{"8:1", "root"}, {"253:0", "mapper/vg-home"}, {"0:40", "sdz"}});
    REQUIRE(selected.size() == 2);
    CHECK(selected[0].name == "sda1");
    CHECK(selected[1].name == "dm-0");
    CHECK(guild::os::detail::select_mounted(disks, {{"0:40", "sda"}}).size() == 1);
}

TEST_CASE("disks: rates between two readings, computed by hand") {
    std::vector<guild::os::statistic> out;
    guild::os::detail::add_rates({"sda1", "8:1", 100, 50, 1024, 0, 500},
                                 {"sda1", "8:1", 120, 50, 1024 + 40960, 8192, 1500}, 2.0, out);
    const std::map<std::string, double> values(out.begin(), out.end());
    CHECK(values.at("sys/devsda1/rps") == 10.0);
    CHECK(values.at("sys/devsda1/wps") == 0.0);
    CHECK(values.at("sys/devsda1/rkbps") == 20.0);
    CHECK(values.at("sys/devsda1/wkbps") == 4.0);
    CHECK(values.at("sys/devsda1/util") == 0.5);
}

#endif
