// tests/support/troubled_disk.hpp - an os::env whose disk is full, or does not answer, while a test
// says so.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <unistd.h>

#include <guild/os/env.hpp>

namespace guild_test {

/// silent: calls that write never return, as on a network file system whose server is gone.
enum class disk_state { well, full, silent };

inline std::atomic<disk_state> disk_is{disk_state::well};

/// How many threads are in a call that does not return.
inline std::atomic<int> waiting_calls{0};

/// Calls of the system that the calling thread made through troubled_env().
inline thread_local std::uint64_t calls_of_thread = 0;

/// Waits in the kernel, in a write to a pipe that nobody empties, while the disk is silent: a page
/// more would fit once somebody reads, which answer() does.
class silence {
public:
    silence() {
        if (::pipe(ends_) == 0) {
            (void)::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
            while (::write(ends_[1], page_, sizeof page_) > 0) {
            }
            (void)::fcntl(ends_[1], F_SETFL, 0);
        }
    }
    void wait() {
        ++waiting_calls;
        while (disk_is == disk_state::silent && ::write(ends_[1], page_, sizeof page_) > 0) {
        }
        --waiting_calls;
    }
    void answer() {
        char page[sizeof page_];
        (void)!::read(ends_[0], page, sizeof page);
    }

private:
    const char page_[4096] = {};
    int ends_[2] = {-1, -1};
};

inline silence& disk_silence() {
    static silence one;
    return one;
}

/// The disk works again. Who waited goes on.
inline void heal_disk() {
    disk_is = disk_state::well;
    while (waiting_calls > 0) {
        disk_silence().answer();
    }
}

/// Returns when a thread waits in a call that does not return.
inline void await_silence() {
    while (waiting_calls == 0) {
        ::usleep(1000);
    }
}

inline bool is_disk_full() {
    ++calls_of_thread;
    if (disk_is == disk_state::silent) {
        disk_silence().wait();
    }
    return disk_is == disk_state::full;
}

inline int troubled_open(const char* path, int flags, unsigned mode) {
    const bool makes = (flags & O_CREAT) != 0;
    return makes && is_disk_full() ? -ENOSPC : guild::os::system_env.open(path, flags, mode);
}
inline std::int64_t troubled_write(int fd, const void* from, std::size_t size) {
    return is_disk_full() ? -ENOSPC : guild::os::system_env.write(fd, from, size);
}
inline std::int64_t troubled_pwrite(int fd, const void* from, std::size_t size,
                                    std::int64_t offset) {
    return is_disk_full() ? -ENOSPC : guild::os::system_env.pwrite(fd, from, size, offset);
}
inline int troubled_fsync(int fd) {
    return is_disk_full() ? -ENOSPC : guild::os::system_env.fsync(fd);
}
inline int troubled_fstat(int fd, guild::os::file_status* status) {
    ++calls_of_thread;
    return guild::os::system_env.fstat(fd, status);
}

/// The system's calls, in trouble as `disk_is` says.
inline guild::os::env make_troubled_env() {
    guild::os::env system = guild::os::system_env;
    system.open = troubled_open;
    system.write = troubled_write;
    system.pwrite = troubled_pwrite;
    system.fsync = troubled_fsync;
    system.fstat = troubled_fstat;
    return system;
}

inline const guild::os::env& troubled_env() {
    static const guild::os::env system = make_troubled_env();
    return system;
}

}  // namespace guild_test
