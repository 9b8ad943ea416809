#include <guild/os/nvml.hpp>

#include <cstdlib>
#include <utility>

#include <support/fake_machine.hpp>

#include <doctest/doctest.h>

using guild::os::nvml;

TEST_CASE("NVML: GPUs are listed as the library names them") {
    auto opened = nvml::open(guild_test::fake_nvml());
    REQUIRE(opened);
    const nvml library = std::move(*opened);
    const auto gpus = library.list();
    REQUIRE(gpus.size() == 2);
    CHECK(gpus[0].index == 0);
    CHECK(gpus[0].name == "Fake GPU, the first");
    CHECK(gpus[0].memory_bytes == 32'000'000);
    CHECK(gpus[1].name == "Fake GPU MIG");
    CHECK(gpus[1].memory_bytes == 16'000'000);
}

TEST_CASE("NVML: what a GPU cannot tell is missing, the rest is there") {
    const auto library = nvml::open(guild_test::fake_nvml());
    REQUIRE(library);
    const auto samples = library->sample();
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].memory_total_bytes == 32'000'000.0);
    CHECK(samples[0].memory_used_bytes == 8'000'000.0);
    CHECK(samples[0].utilization == doctest::Approx(0.75));
    CHECK(samples[0].memory_utilization == doctest::Approx(0.25));
    CHECK(samples[0].temperature == 41.0);
    CHECK(samples[0].power_draw == doctest::Approx(250.5));
    CHECK(samples[0].fan_speed == doctest::Approx(0.3));
    CHECK(samples[0].performance_state == 2.0);
    CHECK(samples[1].index == 1);
    CHECK(samples[1].memory_used_bytes == 1'000'000.0);
    CHECK(samples[1].temperature == 41.0);
    CHECK_FALSE(samples[1].utilization.has_value());
    CHECK_FALSE(samples[1].power_draw.has_value());
    CHECK_FALSE(samples[1].fan_speed.has_value());
    CHECK_FALSE(samples[1].performance_state.has_value());
}

TEST_CASE("NVML: no library, another library and one without a driver are told apart") {
    CHECK(nvml::open("libfake_nvml_that_is_not_there.so").error().code == guild::errc::not_found);
#if defined(__linux__)
    const auto other = nvml::open("libc.so.6");
    CHECK_FALSE(other);
#endif
    setenv("FAKE_NVML", "fail", 1);
    const auto failed = nvml::open(guild_test::fake_nvml());
    unsetenv("FAKE_NVML");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == guild::errc::unsupported);
}
