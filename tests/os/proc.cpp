#include <guild/os/proc.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include <doctest/doctest.h>

using guild::os::cpu_times;

TEST_CASE("parse_cpu_times: a recorded file") {
    const auto processors = guild::os::parse_cpu_times("cpu  3357 0 4313 1362393 100 5 20 7 50 3\n"
                                                       "cpu0 1000 10 2000 600000 60 3 12 4 30 2\n"
                                                       "cpu2 2357 0 2313 762393 40 2 8 3 20 1\n"
                                                       "intr 114930548 113199788 3 0\n"
                                                       "ctxt 1990473\nbtime 1062191376\n");
    REQUIRE(processors.size() == 3);
    CHECK(processors[0].busy == 1000 + 10 + 2000 + 3 + 12 + 4);  // guest time is inside user time
    CHECK(processors[0].idle == 600000 + 60);
    CHECK(processors[1].busy == 0);  // it is off
    CHECK(processors[2].busy == 2357 + 2313 + 2 + 8 + 3);
}

TEST_CASE("parse_cpu_times: text that is something else gives nothing") {
    CHECK(guild::os::parse_cpu_times("").empty());
    CHECK(guild::os::parse_cpu_times("cpu 1 2 3 4\nmemory 5").empty());
    CHECK(guild::os::parse_cpu_times("cpu99999999 1 2 3 4").empty());
    CHECK(guild::os::parse_cpu_times("cpu0").size() == 1);
}

TEST_CASE("cpu_times: the share between two readings, computed by hand") {
    CHECK(*guild::os::busy_share(cpu_times{100, 300}, cpu_times{175, 325}) ==
          doctest::Approx(0.75));
    CHECK(*guild::os::busy_share(cpu_times{100, 300}, cpu_times{100, 400}) == 0.0);
    CHECK(*guild::os::busy_share(cpu_times{100, 300}, cpu_times{200, 300}) == 1.0);
    CHECK_FALSE(guild::os::busy_share(cpu_times{100, 300}, cpu_times{100, 300}).has_value());
    CHECK_FALSE(guild::os::busy_share(cpu_times{100, 300}, cpu_times{110, 299}).has_value());
}

TEST_CASE("parse_memory: a recorded file") {
    const auto memory = guild::os::parse_memory(
        "MemTotal:       16000000 kB\nMemFree:         4000000 kB\nMemAvailable:    9000000 kB\n"
        "Buffers:          500000 kB\nCached:          5000000 kB\nSwapCached:            0 kB\n"
        "SwapTotal:       2000000 kB\nSwapFree:        1500000 kB\nSReclaimable:     500000 kB\n");
    REQUIRE(memory.has_value());
    CHECK(memory->total == 16000000ull * 1024);
    CHECK(memory->free == 4000000ull * 1024);
    CHECK(memory->used == 6000000ull * 1024);
    CHECK(memory->available == 9000000ull * 1024);
    CHECK(memory->swap_total == 2000000ull * 1024);
    CHECK(memory->swap_free == 1500000ull * 1024);
}

TEST_CASE("parse_memory: kernels without MemAvailable, and text that is something else") {
    const auto old =
        guild::os::parse_memory("MemTotal: 100 kB\nMemFree: 30 kB\nBuffers: 5 kB\nCached: 15 kB\n");
    REQUIRE(old.has_value());
    CHECK(old->used == 50 * 1024);
    CHECK(old->available == 50 * 1024);
    CHECK_FALSE(guild::os::parse_memory("").has_value());
    CHECK_FALSE(guild::os::parse_memory("MemFree: 30 kB\n").has_value());
}

TEST_CASE("parse_process: a recorded line") {
    const auto process = guild::os::parse_process(
        "7210 (python3) S 7001 7210 7001 34816 7210 4194304 25000 120 3 0 1500 250 40 10 20 0 9 0 "
        "193901 "
        "800000000 51200 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n");
    REQUIRE(process.has_value());
    CHECK(process->parent == 7001);
    CHECK(process->cpu_ticks == 1750);
    CHECK(process->collected_ticks == 50);
    CHECK(process->start_ticks == 193901);
    CHECK(process->virtual_bytes == 800000000);
    CHECK(process->resident_pages == 51200);
}

TEST_CASE("parse_process: a name full of parentheses") {
    const auto process = guild::os::parse_process(
        "5 (a) S 1 (b) R) R 42 5 5 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 77 1000 3 0\n");
    REQUIRE(process.has_value());
    CHECK(process->parent == 42);
    CHECK(process->cpu_ticks == 3);
    CHECK(process->start_ticks == 77);
    CHECK(process->resident_pages == 3);
}

TEST_CASE("parse_process: a cut line is nothing") {
    const std::string line = "5 (x) R 42 5 5 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 77 1000 3";
    CHECK(guild::os::parse_process(line).has_value());
    for (std::size_t size = 0; size + 1 < line.size(); ++size) {
        CHECK_FALSE(guild::os::parse_process(line.substr(0, size)).has_value());
    }
}

TEST_CASE("parse_disks: a recorded file") {
    const auto disks =
        guild::os::parse_disks("   8       0 sda 1000 20 80000 500 2000 30 160000 700 0 900 1200\n"
                               " 259       1 nvme0n1p1 10 0 16 5 4 0 8 2 1 7 7 0 0 0 0 1 1\n");
    REQUIRE(disks.size() == 2);
    CHECK(disks[0].name == "sda");
    CHECK(disks[0].number == "8:0");
    CHECK(disks[0].reads == 1000);
    CHECK(disks[0].read_bytes == 80000ull * 512);
    CHECK(disks[0].writes == 2000);
    CHECK(disks[0].written_bytes == 160000ull * 512);
    CHECK(disks[0].busy_ms == 900);
    CHECK(disks[1].name == "nvme0n1p1");
    CHECK(disks[1].number == "259:1");
    CHECK(disks[1].busy_ms == 7);
    CHECK(guild::os::parse_disks("\n\n").empty());
}

TEST_CASE("parse_mounts: only devices, and each once") {
    const auto devices =
        guild::os::parse_mounts("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                "23 22 0:21 / /proc rw shared:2 - proc proc rw\n"
                                "24 22 8:1 /srv /mnt rw - ext4 /dev/sda1 rw\n"
                                "25 22 0:40 / /data rw shared:3 master:1 - btrfs /dev/sdb rw\n"
                                "26 22 0:50 / /net rw - nfs4 server:/export rw\n"
                                "a line that is cut");
    REQUIRE(devices.size() == 2);
    CHECK(devices[0].name == "sda1");
    CHECK(devices[0].number == "8:1");
    CHECK(devices[1].name == "sdb");
}

TEST_CASE("parse_cpu_model: the first name there is") {
    CHECK(guild::os::parse_cpu_model("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9354 "
                                     "32-Core\nmodel name\t: other\n") == "AMD EPYC 9354 32-Core");
    CHECK(guild::os::parse_cpu_model("processor : 0\nBogoMIPS : 50\n").empty());
}

TEST_CASE("parse_namespace_link: the number in brackets") {
    CHECK(guild::os::parse_namespace_link("pid:[4026531836]") ==
          std::optional<std::uint64_t>(4026531836));
    CHECK_FALSE(guild::os::parse_namespace_link("").has_value());
    CHECK_FALSE(guild::os::parse_namespace_link("pid:[]").has_value());
    CHECK_FALSE(guild::os::parse_namespace_link("pid:[12").has_value());
}

TEST_CASE("parse_pids: numbers between blanks") {
    CHECK(guild::os::parse_pids("12 345 6789 \n") == std::vector<int>{12, 345, 6789});
    CHECK(guild::os::parse_pids("").empty());
    CHECK(guild::os::parse_pids("self").empty());
}
