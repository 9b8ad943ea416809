// guild/os/guard.hpp - a small process that ends a command when the program that supervises it
// dies.
//
// Layer 2. Includes: base/result, os/env, the standard library and POSIX.
// Not here: starting and stopping commands (os/process.hpp).
//
// The guard is forked before the program starts a thread. It has a session of its own, no
// descriptor but one end of a socket pair, and waits. End of file there means that the program is
// gone, however it died.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>

namespace guild { inline namespace v0 { namespace os {

/// Owns one guard process. Destroying the object dismisses it.
///
/// threads  one owner; make it before the program has other threads
/// example  tests/os/guard.cpp "guard: ends the group when its program is killed"
class guard {
public:
    guard() noexcept = default;
    guard(guard&& other) noexcept { swap(other); }
    guard& operator=(guard&& other) noexcept {
        guard taken(std::move(other));
        swap(taken);
        return *this;
    }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { dismiss(); }

    /// Forks the guard. It does nothing until watch() names a group.
    ///
    /// in       grace_ms: how long the group has between SIGTERM and SIGKILL
    /// errors   resource_exhausted: no process or descriptor to be had
    [[nodiscard]] static result<guard> start(std::int64_t grace_ms);

    /// Names the process group to end.
    void watch(int group) noexcept { tell(group); }

    /// Sends the guard away: the group is not touched any more.
    void dismiss() noexcept;

    [[nodiscard]] int pid() const noexcept { return pid_; }

private:
    void tell(std::int32_t group) noexcept {
        if (socket_ >= 0) {
            (void)::send(socket_, &group, sizeof group, MSG_NOSIGNAL);
        }
    }
    void swap(guard& other) noexcept {
        std::swap(socket_, other.socket_);
        std::swap(pid_, other.pid_);
    }

    int socket_ = -1;
    int pid_ = -1;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// Everything below runs in the forked child: async-signal-safe calls alone.

inline void close_from(int first) noexcept {
#if defined(__linux__) && defined(SYS_close_range)
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) {
        return;
    }
#endif
    const long most = ::sysconf(_SC_OPEN_MAX);
    const int end = most > 0 && most < 65536 ? static_cast<int>(most) : 65536;
    for (int fd = first; fd < end; ++fd) {
        ::close(fd);
    }
}

// Takes the place of a daemon: own session, no terminal, no file but the socket at 0, signals that
// people send to a program by its name have no effect.
inline void settle_guard(int socket) noexcept {
    ::setsid();
    for (int number = 1; number < NSIG; ++number) {
        ::signal(number, SIG_DFL);
    }
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2}) {
        ::signal(number, SIG_IGN);
    }
    ::dup2(socket, 0);
    close_from(1);
    (void)::open("/dev/null", O_RDWR);
    (void)::open("/dev/null", O_RDWR);
    (void)::chdir("/");
#if defined(__linux__)
    ::prctl(PR_SET_NAME, "guild-guard", 0, 0, 0);
#endif
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

inline void end_group(int group, std::int64_t grace_ms) noexcept {
    ::kill(-group, SIGTERM);
    ::kill(-group, SIGCONT);  // a stopped process hears SIGTERM only after it goes on
    for (std::int64_t waited_ms = 0; waited_ms < grace_ms; waited_ms += 20) {
        if (::kill(-group, 0) != 0 && errno == ESRCH) {
            return;
        }
        ::poll(nullptr, 0, 20);
    }
    ::kill(-group, SIGKILL);
}

[[noreturn]] inline void run_guard(int socket, std::int64_t grace_ms) noexcept {
    settle_guard(socket);
    std::int32_t group = 0;
    while (true) {
        std::int32_t told = 0;
        const ssize_t got = ::read(0, &told, sizeof told);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got == static_cast<ssize_t>(sizeof told)) {
            if (told <= 1) {
                ::_exit(0);
            }
            group = told;
            continue;
        }
        if (group > 1) {
            end_group(group, grace_ms);
        }
        ::_exit(0);
    }
}

}  // namespace detail

inline result<guard> guard::start(std::int64_t grace_ms) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return os_error(errno, "socketpair");
    }
    (void)::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of the program runs in the guard
    const pid_t pid = ::fork();
    if (pid == 0) {
        detail::run_guard(ends[1], grace_ms);
    }
    const int code = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(ends[1]);
    guard made;
    made.socket_ = ends[0];
    made.pid_ = pid;
    if (pid < 0) {
        return os_error(code, "fork");
    }
    return result<guard>(std::move(made));
}

inline void guard::dismiss() noexcept {
    if (socket_ < 0) {
        return;
    }
    tell(0);
    ::close(std::exchange(socket_, -1));
    // It leaves at once; one that somebody stopped is left to init rather than waited for.
    for (int tries = 0; pid_ > 0 && tries < 200; ++tries) {
        const pid_t got = ::waitpid(pid_, nullptr, WNOHANG);
        if (got != 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        ::poll(nullptr, 0, tries < 10 ? 1 : 5);
    }
    pid_ = -1;
}

}}}  // namespace guild::os
