// guild/os/exit_watch.hpp - a descriptor that becomes readable when a child process has ended.
//
// Layer 2. Includes: POSIX, os/pipe.hpp, os/thread.hpp. Linux from 5.3 on has it (pidfd); elsewhere
// a small thread waits for the process, without collecting it, and closes a pipe.
// Not here: collecting the child (os/child.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/pipe.hpp>
#include <guild/os/thread.hpp>

#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace guild { inline namespace v0 { namespace os {

/// Tells when one child of this process has ended, by a descriptor that can be polled.
///
/// threads  one owner; the descriptor may be polled from any thread
class exit_watch {
public:
    exit_watch() noexcept = default;
    exit_watch(exit_watch&&) noexcept = default;
    exit_watch& operator=(exit_watch&&) noexcept = default;

    /// Watches a child that has not been collected yet.
    ///
    /// errors   resource_exhausted
    /// example  tests/os/exit_watch.cpp "exit_watch: the thread form says the same as the pidfd
    ///          form"
    [[nodiscard]] static result<exit_watch> open(pid_t pid, bool use_pidfd = true);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// Whether the child has ended. Collecting it sooner is not allowed: its number could be
    /// another's then.
    [[nodiscard]] bool has_ended() const noexcept;

private:
    descriptor fd_;
    thread waiter_;  // after fd_: joined first. It ends when the child has ended
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline descriptor open_pidfd([[maybe_unused]] pid_t pid) noexcept {
#if defined(__linux__) && defined(SYS_pidfd_open)
    return descriptor(guild::detail::convert<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
    return {};
#endif
}

// Returns when the child has ended; it stays to be collected. ECHILD: somebody else has done so.
inline void wait_without_collecting(pid_t pid) noexcept {
    siginfo_t ignored{};
    while (::waitid(P_PID, guild::detail::convert<id_t>(pid), &ignored, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
}

}  // namespace detail

inline result<exit_watch> exit_watch::open(pid_t pid, bool use_pidfd) {
    exit_watch watch;
    if (descriptor pidfd = use_pidfd ? detail::open_pidfd(pid) : descriptor(); pidfd.is_open()) {
        result<descriptor> moved = move_above_standard(std::move(pidfd));
        if (!moved) {
            return std::move(moved).error();
        }
        watch.fd_ = std::move(*moved);
        return result<exit_watch>(std::move(watch));
    }
    result<pipe_ends> made = make_pipe();
    if (!made) {
        return std::move(made).error();
    }
    watch.fd_ = std::move(made->read);
    const int write_end = made->write.get();
    result<thread> waiter = thread::start([pid, write_end] {
        detail::wait_without_collecting(pid);
        ::close(write_end);
    });
    if (!waiter) {
        return std::move(waiter).error();
    }
    (void)made->write.release();  // the thread's from here on
    watch.waiter_ = std::move(*waiter);
    return result<exit_watch>(std::move(watch));
}

inline bool exit_watch::has_ended() const noexcept {
    pollfd asked{fd_.get(), POLLIN, 0};
    return ::poll(&asked, 1, 0) > 0;  // readable, or the end of the pipe
}

}}}  // namespace guild::os
