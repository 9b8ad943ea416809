// tests/support/faulty_disk.hpp - an os::env whose calls fail when a test says so.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <guild/os/env.hpp>

namespace guild_test {

/// What the calls of faulty_env() do; one test case at a time. Counts are of calls still to
/// succeed.
struct fault_plan {
    std::int64_t calls_left = -1;  // write, sync, open, truncate calls before the failure; -1: none
    std::int64_t failures = 1;     // how many calls then fail
    int code = EIO;                // with what
    bool short_write = false;      // a write fails by writing half first
    bool sync_fails = false;       // every sync fails
    std::int64_t room = -1;        // bytes that may still be written before ENOSPC; -1: any
    std::int64_t now_us = 0;       // of all clocks, when above 0
    std::int64_t calls = 0;        // made so far
};

inline fault_plan plan;

inline bool call_fails() {
    ++plan.calls;
    if (plan.calls_left < 0) {
        return false;
    }
    if (plan.calls_left > 0) {
        --plan.calls_left;
        return false;
    }
    if (plan.failures > 0) {
        --plan.failures;
        return true;
    }
    return false;
}

inline int faulty_open(const char* path, int flags, unsigned mode) {
    const bool writes = (flags & O_CREAT) != 0;
    return writes && call_fails() ? -plan.code : guild::os::system_env.open(path, flags, mode);
}

inline std::int64_t faulty_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    const auto& system = guild::os::system_env;
    if (call_fails()) {
        if (plan.short_write && size > 1) {
            plan.failures += 1;  // the next call is the one that says why
            plan.short_write = false;
            return system.pwrite(fd, from, size / 2, offset);
        }
        return -plan.code;
    }
    if (plan.room >= 0) {
        size = static_cast<std::size_t>(
            std::min<std::int64_t>(plan.room, static_cast<std::int64_t>(size)));
        plan.room -= static_cast<std::int64_t>(size);
        if (size == 0) {
            return -ENOSPC;
        }
    }
    return system.pwrite(fd, from, size, offset);
}

inline int faulty_ftruncate(int fd, std::int64_t size) {
    return call_fails() ? -plan.code : guild::os::system_env.ftruncate(fd, size);
}

inline int faulty_fsync(int fd) {
    const bool fails = call_fails();
    return fails || plan.sync_fails ? -plan.code : guild::os::system_env.fsync(fd);
}

inline std::int64_t faulty_wall() {
    return plan.now_us > 0 ? plan.now_us : guild::os::system_env.wall_time_us();
}
inline std::int64_t faulty_boot() {
    return plan.now_us > 0 ? plan.now_us : guild::os::system_env.boot_time_us();
}

/// The system's calls, failing as `plan` says; the plan starts anew.
inline guild::os::env faulty_env() {
    plan = {};
    guild::os::env system = guild::os::system_env;
    system.open = faulty_open;
    system.pwrite = faulty_pwrite;
    system.ftruncate = faulty_ftruncate;
    system.fsync = faulty_fsync;
    system.wall_time_us = faulty_wall;
    system.boot_time_us = faulty_boot;
    system.coarse_time_us = faulty_boot;
    return system;
}

}  // namespace guild_test
