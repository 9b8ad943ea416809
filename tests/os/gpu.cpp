#include <guild/os/gpu.hpp>

#include <cstdlib>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

namespace {

// Puts a program called nvidia-smi first on this process's PATH while it lives.
class fake_nvidia_smi {
public:
    explicit fake_nvidia_smi(const std::string& script)
        : before_(guild::os::find_variable("PATH").value_or("")) {
        const std::string path = dir_.write("nvidia-smi", "#!/bin/sh\n" + script);
        REQUIRE(chmod(path.c_str(), 0755) == 0);
        setenv("PATH", (dir_.path() + ":" + before_).c_str(), 1);
    }
    fake_nvidia_smi(const fake_nvidia_smi&) = delete;
    fake_nvidia_smi& operator=(const fake_nvidia_smi&) = delete;
    ~fake_nvidia_smi() { setenv("PATH", before_.c_str(), 1); }

private:
    guild_test::temp_dir dir_;
    std::string before_;
};

std::vector<guild::os::gpu_sample> wait_for_sample(guild::os::smi_sampler& sampler) {
    for (int i = 0; i < 500; ++i) {
        auto samples = sampler.sample();
        if (!samples.empty()) {
            return samples;
        }
        usleep(10'000);
    }
    return {};
}

}  // namespace

TEST_CASE("parse_gpu_sample: a recorded line") {
    const auto sample = guild::os::parse_gpu_sample("1, 23, P8, 11441, 62, 45, 7, 31, 26.85");
    REQUIRE(sample.has_value());
    CHECK(sample->index == 1);
    CHECK(*sample->fan_speed == doctest::Approx(0.23));
    CHECK(*sample->performance_state == 8.0);
    CHECK(*sample->memory_total_bytes == 11441.0 * 1048576);
    CHECK(*sample->memory_used_bytes == 62.0 * 1048576);
    CHECK(*sample->utilization == doctest::Approx(0.45));
    CHECK(*sample->memory_utilization == doctest::Approx(0.07));
    CHECK(*sample->temperature == 31.0);
    CHECK(*sample->power_draw == 26.85);
}

TEST_CASE("parse_gpu_sample: what a GPU cannot tell is missing, the rest is there") {
    const auto sample =
        guild::os::parse_gpu_sample("0, [Not Supported], P0, 143771, [N/A], 0, [N/A], 30, N/A\r");
    REQUIRE(sample.has_value());
    CHECK_FALSE(sample->fan_speed.has_value());
    CHECK_FALSE(sample->memory_used_bytes.has_value());
    CHECK_FALSE(sample->memory_utilization.has_value());
    CHECK_FALSE(sample->power_draw.has_value());
    CHECK(*sample->performance_state == 0.0);
    CHECK(*sample->temperature == 30.0);
}

TEST_CASE("parse_gpu_sample: other lines are none") {
    for (const char* line : {"", "No devices were found", "1, 2, 3", "x, 23, P8, 1, 1, 1, 1, 1, 1",
                             "-1, 23, P8, 1, 1, 1, 1, 1, 1", "0, 23, P8, 1, 1, 1, 1, 1, 1, 1"}) {
        CAPTURE(line);
        CHECK_FALSE(guild::os::parse_gpu_sample(line).has_value());
    }
}

TEST_CASE("parse_gpus: names may hold commas") {
    const auto gpus =
        guild::os::parse_gpus("0, NVIDIA H200, 143771\n1, Some, Other GPU, 1024\nno such line\n");
    REQUIRE(gpus.size() == 2);
    CHECK(gpus[0].index == 0);
    CHECK(gpus[0].name == "NVIDIA H200");
    CHECK(gpus[0].memory_bytes == 143771ull * 1048576);
    CHECK(gpus[1].name == "Some, Other GPU");
    CHECK(gpus[1].memory_bytes == 1024ull * 1048576);
}

TEST_CASE("list_smi_gpus: asks the program and keeps its time limit") {
    {
        const fake_nvidia_smi fake("echo '0, Test GPU, 16'\n");
        const auto gpus = guild::os::list_smi_gpus();
        REQUIRE(gpus.size() == 1);
        CHECK(gpus[0].name == "Test GPU");
    }
    {
        const fake_nvidia_smi failing("echo '0, Test GPU, 16'\nexit 9\n");
        CHECK(guild::os::list_smi_gpus().empty());
    }
    const fake_nvidia_smi hanging("echo '0, Test GPU, 16'\nsleep 30\n");
    const auto start_ms = guild_test::now_ms();
    CHECK(guild::os::list_smi_gpus(200).empty());
    CHECK(guild_test::now_ms() - start_ms < 2'000);
}

TEST_CASE("smi_sampler: gives the newest report of each GPU, once") {
    const fake_nvidia_smi fake(
        "echo '0, 1, P8, 100, 1, 1, 1, 31, 1'\necho '1, 1, P8, 100, 2, 1, 1, 32, 1'\n"
        "echo '0, 1, P8, 100, 3, 1, 1, 33, 1'\necho '1, 1, P8'\nsleep 30\n");
    guild::os::smi_sampler sampler;
    sampler.start(100);
    usleep(300'000);
    const auto samples = wait_for_sample(sampler);
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].index == 0);
    CHECK(*samples[0].temperature == 33.0);
    CHECK(*samples[1].temperature == 32.0);
    CHECK(sampler.sample().empty());
}

TEST_CASE("smi_sampler: a line that comes in two pieces is one line") {
    const fake_nvidia_smi fake(
        "printf '0, 1, P8, 100, '\nsleep 0.2\nprintf '1, 1, 1, 31, 1\\n'\nsleep 30\n");
    guild::os::smi_sampler sampler;
    sampler.start(100);
    const auto samples = wait_for_sample(sampler);
    REQUIRE(samples.size() == 1);
    CHECK(*samples[0].temperature == 31.0);
}

TEST_CASE("smi_sampler: the program is asked for the nine fields, again and again") {
    const guild_test::temp_dir dir;
    const fake_nvidia_smi fake("echo \"$@\" > " + (dir / "asked") +
                               "\necho '0, 1, P8, 100, 1, 1, 1, 31, 1'\nsleep 30\n");
    guild::os::smi_sampler sampler;
    sampler.start(250);
    REQUIRE(wait_for_sample(sampler).size() == 1);
    CHECK(guild::os::load_file(dir / "asked").value() ==
          "--query-gpu=index,fan.speed,pstate,memory.total,memory.used,utilization.gpu,utilization."
          "memory,"
          "temperature.gpu,power.draw --format=csv,noheader,nounits --loop-ms=250\n");
}

TEST_CASE("smi_sampler: a program that hangs delays nobody") {
    const auto start_ms = guild_test::now_ms();
    {
        const fake_nvidia_smi fake("trap '' TERM\nsleep 30\n");
        guild::os::smi_sampler sampler;
        sampler.start(100);
        for (int i = 0; i < 20; ++i) {
            CHECK(sampler.sample().empty());
        }
    }
    CHECK(guild_test::now_ms() - start_ms < 1'000);
    CHECK_FALSE(guild_test::has_children());
}

TEST_CASE("smi_sampler: one that ends, or is missing, is no failure") {
    const fake_nvidia_smi fake("echo 'No devices were found'\nexit 6\n");
    guild::os::smi_sampler sampler;
    sampler.start(100);
    usleep(200'000);
    CHECK(sampler.sample().empty());
    CHECK(sampler.sample().empty());
    CHECK_FALSE(guild_test::has_children());
    guild::os::smi_sampler never_started;
    CHECK(never_started.sample().empty());
}
