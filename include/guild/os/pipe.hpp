// guild/os/pipe.hpp - one owned descriptor, and pipes that no child inherits by accident.
//
// Layer 2. Includes: POSIX, os/env.hpp.
// Not here: files with paths (os/file.hpp), waiting for descriptors (os/descriptor.hpp), children
// (os/child.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// Owns a descriptor and closes it at its end.
///
/// threads  one owner
class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept {
        if (this != &other) {
            reset(other.release());
        }
        return *this;
    }
    ~descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what is held. A close that a signal interrupts has closed: it is never repeated.
    void reset(int fd = -1) noexcept {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

private:
    int fd_ = -1;
};

/// The two ends of a pipe.
struct pipe_ends {
    descriptor read;
    descriptor write;
};

/// Makes a pipe whose ends are closed on exec and above the standard descriptors 0, 1 and 2, so
/// that a caller who runs with one of those closed never hands an end to a child by accident.
///
/// errors   resource_exhausted
/// example  tests/os/pipe.cpp "make_pipe: the ends stand above the standard descriptors"
[[nodiscard]] result<pipe_ends> make_pipe();

/// Moves a descriptor above 2 where it is not yet, closed on exec.
///
/// errors   resource_exhausted; what was given is closed then
[[nodiscard]] result<descriptor> move_above_standard(descriptor moved);

/// Reads and writes of this descriptor return instead of waiting.
void set_nonblocking(int fd) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

inline int make_closed_on_exec_pipe(int (&ends)[2]) noexcept {
#if defined(__APPLE__)
    if (::pipe(ends) != 0) {
        return -1;
    }
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#else
    return ::pipe2(ends, O_CLOEXEC);
#endif
}

}  // namespace detail

inline result<pipe_ends> make_pipe() {
    int ends[2] = {-1, -1};
    if (detail::make_closed_on_exec_pipe(ends) != 0) {
        return os_error(errno, "making a pipe");
    }
    pipe_ends made{descriptor(ends[0]), descriptor(ends[1])};
    result<descriptor> read_end = move_above_standard(std::move(made.read));
    if (!read_end) {
        return std::move(read_end).error();
    }
    result<descriptor> write_end = move_above_standard(std::move(made.write));
    if (!write_end) {
        return std::move(write_end).error();
    }
    return pipe_ends{std::move(*read_end), std::move(*write_end)};
}

inline result<descriptor> move_above_standard(descriptor moved) {
    if (moved.get() > 2) {
        return result<descriptor>(std::move(moved));
    }
    const int above = ::fcntl(moved.get(), F_DUPFD_CLOEXEC, 3);
    if (above < 0) {
        return os_error(errno, "duplicating a descriptor");
    }
    return descriptor(above);
}

inline void set_nonblocking(int fd) noexcept {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) {
        ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }
}

}}}  // namespace guild::os
