#include <guild/os/gpu_sampler.hpp>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <support/child_program.hpp>
#include <support/fake_machine.hpp>

#include <doctest/doctest.h>

namespace {

// A machine with one AMD card and, as asked, NVIDIA's library or nvidia-smi.
struct gpu_machine {
    explicit gpu_machine(const char* how)
        : before(guild::os::find_variable("PATH").value_or("")), places(machine.places()) {
        const std::string path = machine.root.write(
            "bin/nvidia-smi", "#!/bin/sh\ncase \"$*\" in *loop*) echo '0, 1, P8, 100, 1, 1, 1, 31, "
                              "1'; exec sleep 30;; *) echo '0, Told GPU, 16';; esac\n");
        REQUIRE(chmod(path.c_str(), 0755) == 0);
        setenv("PATH", ((machine.root / "bin") + ":" + before).c_str(), 1);
        setenv("FAKE_NVML", how, 1);
        places.nvml_library = guild_test::fake_nvml();
    }
    gpu_machine(const gpu_machine&) = delete;
    gpu_machine& operator=(const gpu_machine&) = delete;
    ~gpu_machine() {
        setenv("PATH", before.c_str(), 1);
        unsetenv("FAKE_NVML");
    }

    // The samples once that of this GPU is among them.
    std::vector<guild::os::gpu_sample> wait_for(int index) const {
        guild::os::gpu_sampler sampler;
        sampler.start(10, places);
        for (int i = 0; i < 1'000; ++i) {
            auto samples = sampler.sample();
            for (const auto& each : samples) {
                if (each.index == index) {
                    return samples;
                }
            }
            usleep(5'000);
        }
        return {};
    }

    guild_test::fake_machine machine;
    std::string before;
    guild::os::gpu_places places;
};

}  // namespace

TEST_CASE("list_gpus: NVIDIA's by the library, then AMD's") {
    const gpu_machine test("");
    const auto gpus = guild::os::list_gpus(5'000, test.places);
    REQUIRE(gpus.size() == 3);
    CHECK(gpus[0].name == "Fake GPU, the first");
    CHECK(gpus[2].name == "Fake Instinct");
    CHECK(gpus[2].index == 2);
}

TEST_CASE("list_gpus: where the library finds no driver nvidia-smi is asked") {
    const gpu_machine test("fail");
    (void)test.machine.root.write("proc/driver/nvidia/gpus/0000:01:00.0/information", "");
    const auto gpus = guild::os::list_gpus(5'000, test.places);
    REQUIRE(gpus.size() == 2);
    CHECK(gpus[0].name == "Told GPU");
    CHECK(gpus[0].index == 0);
    CHECK(gpus[1].name == "Fake Instinct");
    CHECK(gpus[1].index == 1);
}

TEST_CASE("gpu_sampler: both makers' GPUs are read again and again") {
    const gpu_machine test("");
    const auto samples = test.wait_for(2);
    REQUIRE(samples.size() == 3);
    CHECK(samples[0].power_draw == doctest::Approx(250.5));
    CHECK(samples[2].power_draw == doctest::Approx(90.5));
    CHECK_FALSE(guild_test::has_children());  // nvidia-smi is not needed
}

TEST_CASE("gpu_sampler: where the library finds no driver nvidia-smi is followed") {
    const gpu_machine test("fail");
    (void)test.machine.root.write("proc/driver/nvidia/gpus/0000:01:00.0/information", "");
    const auto samples = test.wait_for(0);
    REQUIRE_FALSE(samples.empty());
    CHECK(samples[0].temperature == 31.0);
    CHECK_FALSE(guild_test::has_children());
}

TEST_CASE("gpu_sampler: a driver that hangs delays nobody") {
    const gpu_machine test("hang");
    const auto start_ms = guild_test::now_ms();
    {
        guild::os::gpu_sampler sampler;
        sampler.start(10, test.places);
        guild::os::gpu_sampler moved = std::move(sampler);
        CHECK(moved.sample().empty());
        CHECK(guild::os::list_gpus(50, test.places).empty());
    }
    CHECK(guild_test::now_ms() - start_ms < 4'000);  // it hangs for 5 s
}

TEST_CASE("gpu_sampler: without GPUs there is nothing, and no thread stays") {
    guild::os::gpu_places nowhere;
    nowhere.nvml_library = "libfake_nvml_that_is_not_there.so";
    nowhere.proc = nowhere.sys = "/none";
    guild::os::gpu_sampler sampler;
    sampler.start(10, nowhere);
    usleep(20'000);
    for (int i = 0; i < 3; ++i) {
        for (const auto& each : sampler.sample()) {
            CHECK(each.index >= 0);  // a real nvidia-smi may report
        }
    }
    const guild::os::gpu_sampler never_started;
}
