#include <guild/os/amd_gpu.hpp>

#include <support/fake_machine.hpp>

#include <doctest/doctest.h>

using guild_test::fake_machine;

TEST_CASE("AMD: cards are listed, other makers' are not") {
    const fake_machine machine;
    (void)machine.root.write("sys/class/drm/card10/device/vendor", "0x1002\n");
    (void)machine.root.write("sys/class/drm/card10/device/device", "0x74a1\n");
    (void)machine.root.write("sys/class/drm/renderD128/device/vendor", "0x1002\n");
    const auto gpus = guild::os::list_amd_gpus(machine.root / "sys", 2);
    REQUIRE(gpus.size() == 2);
    CHECK(gpus[0].index == 2);
    CHECK(gpus[0].name == "Fake Instinct");
    CHECK(gpus[0].memory_bytes == 68702699520);
    CHECK(gpus[1].index == 3);
    CHECK(gpus[1].name == "AMD 0x74a1");
    CHECK(gpus[1].memory_bytes == 0);
    CHECK(guild::os::list_amd_gpus(machine.root / "none").empty());
}

TEST_CASE("AMD: a recorded card") {
    const fake_machine machine;
    const auto samples = guild::os::read_amd_gpus(machine.root / "sys");
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].index == 0);
    CHECK(samples[0].utilization == doctest::Approx(0.5));
    CHECK(samples[0].memory_utilization == doctest::Approx(0.2));
    CHECK(samples[0].memory_total_bytes == 68702699520.0);
    CHECK(samples[0].memory_used_bytes == 10485760.0);
    CHECK(samples[0].temperature == doctest::Approx(43));
    CHECK(samples[0].power_draw == doctest::Approx(90.5));
    CHECK(samples[0].fan_speed == doctest::Approx(0.2));
    CHECK_FALSE(samples[0].performance_state.has_value());
}

TEST_CASE("AMD: another name for the power, and files that say nothing") {
    const fake_machine machine;
    const std::string card = "sys/class/drm/card1/device/";
    (void)machine.root.write(card + "hwmon/hwmon3/power1_average", "");
    (void)machine.root.write(card + "hwmon/hwmon3/power1_input", "7000000\n");
    (void)machine.root.write(card + "hwmon/hwmon3/pwm1_max", "0\n");
    (void)machine.root.write(card + "gpu_busy_percent", "none\n");
    const auto samples = guild::os::read_amd_gpus(machine.root / "sys");
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].power_draw == doctest::Approx(7));
    CHECK_FALSE(samples[0].fan_speed.has_value());
    CHECK_FALSE(samples[0].utilization.has_value());
}
