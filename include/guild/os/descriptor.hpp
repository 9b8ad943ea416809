// guild/os/descriptor.hpp - plain descriptors: wait until some are ready, wake a waiter, put one
// file in another's place.
//
// Layer 2. Includes: base/result, os/env, os/pipe, the standard library and POSIX.
// Not here: files (os/file.hpp); the pipes of a child process (os/process.hpp).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/pipe.hpp>

namespace guild { inline namespace v0 { namespace os {

/// A descriptor to wait for; below 0 it is skipped.
struct watched_descriptor {
    int fd = -1;
    bool for_writing = false;
    bool is_ready = false;  // out: it can be read or written now, or has ended
};

/// Waits until a descriptor is ready or the time is over; a signal also ends the wait.
///
/// in       items: at most 8
/// units    timeout_ms: milliseconds; below 0 waits without limit
/// example  tests/os/descriptor.cpp "wait_until_ready: tells which pipe has bytes"
void wait_until_ready(watched_descriptor* items, std::size_t count,
                      std::int64_t timeout_ms) noexcept;

/// Writes all bytes to a descriptor that may be a terminal or pipe, also one that does not block.
///
/// out      0, or errno's value of what stopped it; SIGPIPE must be blocked or ignored by the
///          caller
[[nodiscard]] int write_to_descriptor(int fd, std::string_view bytes) noexcept;

/// Makes `fd` stand for the file that `replacement` has open; `replacement` stays open as well.
///
/// errors   those of dup2
[[nodiscard]] result<void> replace_descriptor(int fd, int replacement);

/// Whether every write to this descriptor goes to the end of its file.
[[nodiscard]] bool is_appending(int fd) noexcept;

/// A pipe to oneself: lets a signal handler or another thread wake a waiter, with a byte to say
/// why.
class wake_pipe {
public:
    /// Makes the pipe; neither end blocks, both are closed on exec.
    ///
    /// errors   resource_exhausted: no descriptors left
    [[nodiscard]] static result<wake_pipe> create();

    /// The end to wait on.
    [[nodiscard]] int fd() const noexcept { return ends_.read.get(); }

    /// Sends a byte. May be called in a signal handler; a byte that finds the pipe full is dropped.
    void notify(unsigned char byte) const noexcept;

    /// Takes the bytes that arrived, in their order.
    [[nodiscard]] std::string take() const;

private:
    pipe_ends ends_;
};

// ---- implementation ---------------------------------------------------------

inline void wait_until_ready(watched_descriptor* items, std::size_t count,
                             std::int64_t timeout_ms) noexcept {
    constexpr std::size_t most = 8;
    GUILD_ASSERT(count <= most);
    pollfd polled[most] = {};
    for (std::size_t i = 0; i < count; ++i) {
        polled[i].fd = items[i].fd;
        polled[i].events = items[i].for_writing ? POLLOUT : POLLIN;
    }
    const std::int64_t day_ms = 86'400'000;
    const int timeout = static_cast<int>(timeout_ms < 0        ? -1
                                         : timeout_ms < day_ms ? timeout_ms
                                                               : day_ms);
    const int ready = ::poll(polled, guild::detail::convert<nfds_t>(count), timeout);
    for (std::size_t i = 0; i < count; ++i) {
        items[i].is_ready = ready > 0 && polled[i].revents != 0;
    }
}

inline int write_to_descriptor(int fd, std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        const std::int64_t wrote = system_env.write(fd, bytes.data(), bytes.size());
        if (wrote >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(wrote));
        } else if (wrote == -EAGAIN) {
            watched_descriptor item{fd, true, false};
            wait_until_ready(&item, 1, -1);
        } else if (wrote != -EINTR) {
            return static_cast<int>(-wrote);
        }
    }
    return 0;
}

inline result<void> replace_descriptor(int fd, int replacement) {
#if defined(__linux__)
    const int got = ::dup3(replacement, fd, O_CLOEXEC);
#else
    const int got = ::dup2(replacement, fd);
    (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
    return got < 0 ? result<void>(os_error(errno, "dup2")) : result<void>();
}

inline bool is_appending(int fd) noexcept {
    return (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
}

inline result<wake_pipe> wake_pipe::create() {
    auto ends = make_pipe();
    if (!ends) {
        return std::move(ends).error();
    }
    set_nonblocking(ends->read.get());
    set_nonblocking(ends->write.get());
    wake_pipe made;
    made.ends_ = std::move(*ends);
    return result<wake_pipe>(std::move(made));
}

inline void wake_pipe::notify(unsigned char byte) const noexcept {
    const int before = errno;
    (void)system_env.write(ends_.write.get(), &byte, 1);
    errno = before;
}

inline std::string wake_pipe::take() const {
    std::string bytes(64, '\0');
    const std::int64_t got = system_env.read(ends_.read.get(), &bytes[0], bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

}}}  // namespace guild::os
