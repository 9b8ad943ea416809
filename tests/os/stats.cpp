#include <guild/os/stats.hpp>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include <support/child_program.hpp>
#include <support/fake_machine.hpp>

#include <doctest/doctest.h>

#if defined(__linux__)

using namespace guild_test;
using guild::os::stats_sampler;

namespace {

// The tree of a machine, sampled twice, two seconds apart.
struct sampled_machine {
    sampled_machine() : sampled_machine(guild_test::fake_machine().places().nvml_library) {}
    explicit sampled_machine(const std::string& nvml_library) {
        now_us() = 5'000'000;
        clock.boot_time_us = [] { return now_us(); };
        guild::os::stats_options options;
        options.gpu_interval_ms = 10;
        options.places = machine.places();
        options.places.nvml_library = nvml_library;
        options.system = &clock;
        sampler.emplace(options);
    }
    static std::int64_t& now_us() {
        static std::int64_t now = 0;
        return now;
    }
    // GPUs report when they like.
    std::map<std::string, double> sample(const char* key_to_wait_for = nullptr) {
        std::map<std::string, double> values;
        for (const auto& entry : sampler->sample(100)) {
            CHECK_MESSAGE(values.emplace(entry).second, entry.first);
        }
        for (int i = 0;
             i < 1'000 && key_to_wait_for != nullptr && values.count(key_to_wait_for) == 0; ++i) {
            usleep(5'000);
            for (const auto& entry : sampler->sample(0)) {
                if (guild::starts_with(entry.first, "sys/gpu")) {
                    values.insert(entry);
                }
            }
        }
        return values;
    }
    std::map<std::string, double> second_sample() {
        (void)sample();
        now_us() += 2'000'000;
        machine.set_moment(1);
        return sample("sys/gpu0/temp");
    }

    guild_test::fake_machine machine;
    guild::os::env clock = guild::os::system_env;
    std::optional<stats_sampler> sampler;
};

// The keys in the first column of the table of statistics in docs/format-run.md.
std::set<std::string> documented_keys() {
    const std::string text =
        guild::os::load_file(std::string(GUILD_SOURCE_DIR) + "/docs/format-run.md").value();
    std::set<std::string> keys;
    for (const std::string& line : guild::split(text, '\n')) {
        if (!guild::starts_with(line, "| `sys/") && !guild::starts_with(line, "| `op/")) {
            continue;
        }
        const std::vector<std::string> parts = guild::split(line.substr(0, line.find('|', 1)), '`');
        for (std::size_t i = 1; i < parts.size(); i += 2) {
            if (!guild::contains(parts[i], "...") && !guild::contains(parts[i], "NAME")) {
                CHECK_MESSAGE(keys.insert(parts[i]).second, parts[i]);
            }
        }
    }
    return keys;
}

std::string with_placeholders(std::string key) {
    for (const auto& [name, shown] : {std::pair<const char*, const char*>{"cpu0/", "cpuN/"},
                                      {"cpu1/", "cpuN/"},
                                      {"gpu0/", "gpuN/"},
                                      {"gpu1/", "gpuN/"},
                                      {"gpu2/", "gpuN/"},
                                      {"devsda1/", "devDEV/"},
                                      {"neteth0/", "netDEV/"}}) {
        key = guild::replace_all(key, std::string("sys/") + name, std::string("sys/") + shown);
    }
    return key;
}

std::map<std::string, double> sample_of(stats_sampler& sampler, int pid) {
    std::map<std::string, double> values;
    for (const auto& entry : sampler.sample(pid)) {
        CHECK_MESSAGE(values.emplace(entry).second, entry.first);  // no key twice
    }
    return values;
}

}  // namespace

TEST_CASE("stats_sampler: the keys of a whole machine are those of the documentation") {
    sampled_machine test(guild_test::fake_nvml());
    (void)test.sample();
    test.machine.set_moment(1);
    sampled_machine::now_us() += 2'000'000;
    std::set<std::string> keys;
    for (const auto& entry : test.sample("sys/gpu2/temp")) {
        keys.insert(with_placeholders(entry.first));
    }
    const std::set<std::string> documented = documented_keys();
    for (const std::string& key : keys) {
        CHECK_MESSAGE(documented.count(key) == 1, key);
    }
    for (const std::string& key : documented) {
        CHECK_MESSAGE(keys.count(key) == 1, key);
    }
}

TEST_CASE("stats_sampler: every value of a recorded machine, computed by hand") {
    sampled_machine test;
    const auto values = test.second_sample();
    const double page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const std::map<std::string, double> expected = {{"op/cpu/util", 1000 / ticks / 2},
                                                    {"op/io/rkbps", 1},
                                                    {"op/io/wkbps", 10},
                                                    {"op/mem/rss", 300 * page_bytes},
                                                    {"op/mem/vms", 5120000},
                                                    {"op/processes", 2},
                                                    {"op/threads", 4},
                                                    {"sys/cpu/util", (0.25 + 1.0) / 2},
                                                    {"sys/cpu0/util", 0.25},
                                                    {"sys/cpu1/util", 1},
                                                    {"sys/load/1m", 0.5},
                                                    {"sys/load/5m", 1.25},
                                                    {"sys/load/15m", 2},
                                                    {"sys/mem/total", 1024000},
                                                    {"sys/mem/free", 204800},
                                                    {"sys/mem/used", 512000},
                                                    {"sys/mem/util", 0.4},
                                                    {"sys/swap/total", 409600},
                                                    {"sys/swap/free", 307200},
                                                    {"sys/swap/used", 102400},
                                                    {"sys/swap/util", 0.25},
                                                    {"sys/swap/rkbps", 10 * page_bytes / 1024 / 2},
                                                    {"sys/swap/wkbps", 0},
                                                    {"sys/devsda1/rps", 10},
                                                    {"sys/devsda1/wps", 0},
                                                    {"sys/devsda1/rkbps", 20},
                                                    {"sys/devsda1/wkbps", 4},
                                                    {"sys/devsda1/util", 0.5},
                                                    {"sys/neteth0/rxps", 2},
                                                    {"sys/neteth0/txps", 0},
                                                    {"sys/neteth0/rxkbps", 1},
                                                    {"sys/neteth0/txkbps", 0},
                                                    {"sys/neteth0/errps", 1},
                                                    {"sys/neteth0/dropps", 1},
                                                    {"sys/cgroup/mem/limit", 4000000},
                                                    {"sys/cgroup/mem/used", 1000000},
                                                    {"sys/cgroup/mem/rss", 600000},
                                                    {"sys/cgroup/mem/util", 0.25},
                                                    {"sys/cgroup/mem/limit_hits", 3},
                                                    {"sys/cgroup/mem/kills", 1},
                                                    {"sys/cgroup/cpu/limit", 1.5},
                                                    {"sys/cgroup/cpu/util", 1.5},
                                                    {"sys/cgroup/cpu/throttled", 0.25},
                                                    {"sys/cgroup/cpu/throttled_time", 0.25},
                                                    {"sys/gpu0/fanspeed", 0.2},
                                                    {"sys/gpu0/gpu/util", 0.5},
                                                    {"sys/gpu0/mem/util", 0.2},
                                                    {"sys/gpu0/mem/total", 68702699520},
                                                    {"sys/gpu0/mem/used", 10485760},
                                                    {"sys/gpu0/mem/free", 68692213760},
                                                    {"sys/gpu0/temp", 43},
                                                    {"sys/gpu0/powerdraw", 90.5}};
    for (const auto& entry : expected) {
        CAPTURE(entry.first);
        REQUIRE(values.count(entry.first) == 1);
        CHECK(values.at(entry.first) == doctest::Approx(entry.second));
    }
    for (const auto& entry : values) {
        CHECK_MESSAGE(expected.count(entry.first) == 1, entry.first);
    }
}

TEST_CASE("stats_sampler: files that are empty, cut, huge or missing give fewer values") {
    for (const char* content : {"", "\n", "garbage \xFF\n\n: |", "-1 -1 -1 -1\n",
                                "cpu0 99999999999999999999999999 1\nMemTotal: 1 kB\nMemFree: 9 "
                                "kB\nMemAvailable: 9 kB\nSwapFree: 4 kB\neth0: 1"}) {
        CAPTURE(content);
        sampled_machine test;
        (void)test.sample();
        sampled_machine::now_us() += 1'000'000;
        for (const char* name :
             {"proc/100/stat", "proc/101/stat", "proc/100/io", "proc/101/io", "proc/stat",
              "proc/loadavg", "proc/meminfo", "proc/vmstat", "proc/diskstats", "proc/self/net/dev",
              "proc/self/mountinfo", "sys/fs/cgroup/job/part/memory.stat",
              "sys/fs/cgroup/job/part/memory.events", "sys/fs/cgroup/job/part/memory.current",
              "sys/fs/cgroup/job/part/memory.max", "sys/fs/cgroup/job/part/cpu.stat",
              "sys/fs/cgroup/job/part/cpu.max", "sys/class/drm/card1/device/gpu_busy_percent",
              "sys/class/drm/card1/device/mem_info_vram_used"}) {
            (void)test.machine.root.write(name, content);
        }
        for (const auto& entry : test.sample()) {
            CAPTURE(entry.first);
            CHECK(std::isfinite(entry.second));
            CHECK(entry.second >= 0);
        }
        REQUIRE(guild::os::remove_tree(test.machine.root / "proc"));
        REQUIRE(guild::os::remove_tree(test.machine.root / "sys"));
        for (const auto& entry : test.sample()) {
            CHECK(guild::starts_with(entry.first, "sys/gpu"));  // one that was read before
        }
    }
}

TEST_CASE("stats_sampler: counters that go back give no rates, and time that stands neither") {
    sampled_machine test;
    test.machine.set_moment(1);
    (void)test.sample();
    test.machine.set_moment(0);
    sampled_machine::now_us() += 2'000'000;
    const auto back = test.sample();
    CHECK(back.count("sys/devsda1/rps") == 0);
    CHECK(back.count("sys/neteth0/rxkbps") == 0);
    CHECK(back.at("sys/neteth0/txkbps") == 0);
    CHECK(back.count("sys/cgroup/cpu/util") == 0);
    CHECK(back.at("op/cpu/util") == 0);
    for (const auto& entry : test.sample()) {
        CAPTURE(entry.first);
        CHECK(std::isfinite(entry.second));
    }
}

TEST_CASE("stats_sampler: interfaces without a device count where none has one") {
    sampled_machine test;
    REQUIRE(guild::os::remove_tree(test.machine.root / "sys/class/net"));
    const auto values = test.second_sample();
    CHECK(values.count("sys/neteth0/rxps") == 1);
    CHECK(values.count("sys/netbr0/rxps") == 1);
    CHECK(values.count("sys/netlo/rxps") == 0);
}

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
        CHECK(entry.first.find("/cpu0/") == std::string::npos);
        CHECK(entry.first.find("/net") == std::string::npos);
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
