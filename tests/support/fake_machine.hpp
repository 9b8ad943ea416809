// tests/support/fake_machine.hpp - a machine as its /proc and /sys show it, in a directory:
// recorded files, made smaller, with round numbers.
#pragma once

#include <string>

#include <guild/os/stats.hpp>

#include <support/temp_dir.hpp>

namespace guild_test {

/// The fake library of tests/library.
inline std::string fake_nvml() {
    return std::string(GUILD_BIN_DIR) + "/libfake_nvml.so";
}

/// Processes 100 (with child 101), two processors, a disk, an interface, a control group of version
/// 2 and an AMD card. `set_moment(1)` is two seconds after `set_moment(0)`.
class fake_machine {
public:
    fake_machine() {
        set_moment(0);
        for (const char* thread : {"100/task/100", "101/task/101"}) {
            (void)root.write(std::string("proc/") + thread + "/children",
                             std::string(thread) == "100/task/100" ? "101 " : "");
        }
        (void)root.write("proc/self/cgroup", "0::/job/part\n");
        (void)root.write("proc/self/mountinfo",
                         "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
        (void)root.write("sys/class/net/eth0/device/vendor", "0x8086\n");
        const std::string group = "sys/fs/cgroup/job/part/";
        (void)root.write(group + "memory.max", "max\n");
        (void)root.write("sys/fs/cgroup/job/memory.max", "4000000\n");
        (void)root.write(group + "cpu.max", "150000 100000\n");
        const std::string card = "sys/class/drm/card1/device/";
        (void)root.write(card + "vendor", "0x1002\n");
        (void)root.write(card + "product_name", "Fake Instinct\n");
        (void)root.write(card + "gpu_busy_percent", "50\n");
        (void)root.write(card + "mem_busy_percent", "20\n");
        (void)root.write(card + "mem_info_vram_total", "68702699520\n");
        (void)root.write(card + "mem_info_vram_used", "10485760\n");
        (void)root.write(card + "hwmon/hwmon3/temp1_input", "43000\n");
        (void)root.write(card + "hwmon/hwmon3/power1_average", "90500000\n");
        (void)root.write(card + "hwmon/hwmon3/pwm1", "51\n");
        (void)root.write(card + "hwmon/hwmon3/pwm1_max", "255\n");
        (void)root.write("sys/class/drm/card1-DP-1/status", "connected\n");
        (void)root.write("sys/class/drm/card0/device/vendor", "0x1a03\n");
    }

    void set_moment(int moment) const {
        const auto pick = [moment](const char* first, const char* second) {
            return std::string(moment == 0 ? first : second);
        };
        // utime, stime, cutime, cstime: 1000 ticks of 100 Hz more in all of the tree
        (void)root.write("proc/100/stat", "100 (train (1)) S 1 100 100 0 -1 4194304 9 9 9 9 " +
                                              pick("100 50 10 5", "300 150 110 55") +
                                              " 20 0 3 0 1000 4096000 200 9 9\n");
        (void)root.write("proc/101/stat", "101 (load) R 100 100 100 0 -1 4194304 9 9 9 9 " +
                                              pick("10 10 0 0", "410 160 0 0") +
                                              " 20 0 1 0 1010 1024000 100 9 9\n");
        (void)root.write("proc/100/io", "rchar: 9\nwchar: 9\nread_bytes: " + pick("0", "2048") +
                                            "\nwrite_bytes: 4096\n");
        (void)root.write("proc/101/io", "rchar: 9\nread_bytes: 0\nwrite_bytes: " +
                                            pick("0", "20480") + "\ncancelled_write_bytes: 0\n");
        (void)root.write("proc/stat",
                         pick("cpu  9 9 9 9\ncpu0 100 0 0 100 0 0 0\ncpu1 0 0 0 0\n",
                              "cpu  9 9 9 9\ncpu0 150 0 0 250 0 0 0\ncpu1 200 0 0 0\n"));
        (void)root.write("proc/loadavg", "0.50 1.25 2.00 1/345 678\n");
        (void)root.write("proc/meminfo",
                         "MemTotal: 1000 kB\nMemFree: 200 kB\nMemAvailable: 600 kB\nBuffers: 50 "
                         "kB\nCached: 250 kB\nSwapTotal: 400 kB\nSwapFree: 300 kB\n");
        (void)root.write("proc/vmstat", "nr_free_pages 9\npswpin " + pick("100", "110") +
                                            "\npswpout 7\npgfault 9\n");
        (void)root.write("proc/diskstats", "8 0 sda 9 9 9 9 9 9 9 9 9 9 9\n8 1 sda1 " +
                                               pick("100 0 800 0 50 0 0 0 0 500 0",
                                                    "120 0 880 0 50 0 16 0 0 1500 0") +
                                               "\n");
        (void)root.write("proc/self/net/dev",
                         "Inter-| Receive | Transmit\n face |bytes packets ...\n"
                         "    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
                         "  eth0: " +
                             pick("1024 10 0 0 0 0 0 0 2048 20 0 0 0 0 0 0",
                                  "3072 14 1 2 0 0 0 0 2048 20 1 0 0 0 0 0") +
                             "\n  br0:7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7\n");
        const std::string group = "sys/fs/cgroup/job/part/";
        (void)root.write(group + "memory.events", "low 0\nmax 3\noom 1\noom_kill 1\n");
        (void)root.write(group + "memory.current", "1000000\n");
        (void)root.write(group + "memory.stat", "anon 600000\nfile 400000\n");
        (void)root.write(
            group + "cpu.stat",
            pick("usage_usec 1000000\nnr_periods 10\nnr_throttled 0\nthrottled_usec 0\n",
                 "usage_usec 4000000\nnr_periods 30\nnr_throttled 5\nthrottled_usec "
                 "500000\n"));
    }

    /// Everything is looked for here; no library of NVIDIA's.
    [[nodiscard]] guild::os::gpu_places places() const {
        return {"libfake_nvml_that_is_not_there.so", root / "proc", root / "sys"};
    }

    temp_dir root;
};

}  // namespace guild_test
