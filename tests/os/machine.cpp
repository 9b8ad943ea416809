#include <guild/os/machine.hpp>

#include <doctest/doctest.h>

#if defined(__linux__)

TEST_CASE("machine: has a boot, a processor, memory and a namespace") {
    CHECK(guild::os::read_boot_id().size() == 36);
    CHECK(guild::os::read_boot_id() == guild::os::read_boot_id());
    CHECK_FALSE(guild::os::cpu_model().empty());
    CHECK(guild::os::cpu_count() >= 1);
    CHECK(guild::os::memory_total_bytes() > 16u << 20);
    CHECK(guild::os::pid_namespace_inode().has_value());
}

#endif
