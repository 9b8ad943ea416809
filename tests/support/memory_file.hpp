// tests/support/memory_file.hpp - an os::env that knows one file, which lies in memory.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <guild/os/env.hpp>
#include <guild/os/file.hpp>

namespace guild_test {

/// What the calls of memory_env() see; one test case at a time.
struct memory_file {
    std::string bytes;
    std::uint64_t inode = 1;
    std::int64_t modified_ns = 1'000'000'000;
    std::int64_t now_us = 1'000'000'000;  // long after
    bool is_there = true;
    bool is_sudden = false;   // reads end before what the status says
    std::int64_t opened = 0;  // descriptors given out and not closed
    std::int64_t opens = 0;   // calls made so far, and the bytes that they gave
    std::uint64_t read_bytes = 0;
    std::int64_t reads_left = -1;  // before one read fails; -1: none does

    void set(std::string content) {
        bytes = std::move(content);
        ++modified_ns;
    }
};

inline memory_file in_memory;
inline constexpr int memory_descriptor = 1'000'000;

inline int memory_stat(const char* /*path*/, guild::os::file_status* status) {
    if (!in_memory.is_there) {
        return -ENOENT;
    }
    *status = {};
    status->size = in_memory.bytes.size();
    status->inode = in_memory.inode;
    status->modified_ns = in_memory.modified_ns;
    status->kind = guild::os::file_kind::regular;
    return 0;
}
inline int memory_fstat(int /*fd*/, guild::os::file_status* status) {
    return memory_stat("", status);
}
inline int memory_open(const char* /*path*/, int /*flags*/, unsigned /*mode*/) {
    if (!in_memory.is_there) {
        return -ENOENT;
    }
    ++in_memory.opened;
    ++in_memory.opens;
    return memory_descriptor;
}
inline int memory_close(int /*fd*/) {
    --in_memory.opened;
    return 0;
}
inline std::int64_t memory_pread(int /*fd*/, void* to, std::size_t size, std::int64_t offset) {
    if (in_memory.reads_left >= 0 && in_memory.reads_left-- == 0) {
        return -EIO;
    }
    const std::string_view all = in_memory.bytes;
    const std::size_t end = in_memory.is_sudden ? all.size() / 2 : all.size();
    const auto from = static_cast<std::size_t>(offset);
    if (from >= end) {
        return 0;
    }
    const std::size_t count = std::min(size, end - from);
    std::memcpy(to, all.data() + from, count);
    in_memory.read_bytes += count;
    return static_cast<std::int64_t>(count);
}
inline std::int64_t memory_now() {
    return in_memory.now_us;
}

/// The calls that a reader makes, answered from `in_memory`, which starts anew.
inline guild::os::env memory_env(std::string bytes = {}) {
    in_memory = {};
    in_memory.bytes = std::move(bytes);
    guild::os::env system = guild::os::system_env;
    system.open = memory_open;
    system.close = memory_close;
    system.pread = memory_pread;
    system.fstat = memory_fstat;
    system.stat = memory_stat;
    system.lstat = memory_stat;
    system.wall_time_us = memory_now;
    return system;
}

}  // namespace guild_test
