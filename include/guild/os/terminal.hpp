// guild/os/terminal.hpp - pseudo terminals for children, and a terminal's settings kept and put
// back.
//
// Layer 2. Includes: POSIX, os/pipe.hpp.
// Not here: starting a program on one (os/spawn.hpp), reading what it prints (os/process.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/pipe.hpp>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// units    characters
struct terminal_size {
    unsigned short rows = 24;
    unsigned short columns = 80;
};

/// The two ends of a pseudo terminal; both are closed on exec and above 2.
struct terminal_ends {
    descriptor master;  // this side: read what the program prints, write what is typed
    descriptor slave;   // the program's streams
};

/// Makes a pseudo terminal of a size. Line feeds arrive as they were written, without carriage
/// returns added.
///
/// errors   resource_exhausted, not_found: the system has none
/// example  tests/os/terminal.cpp "open_terminal: the slave is a terminal of that size"
[[nodiscard]] result<terminal_ends> open_terminal(const terminal_size& size);

/// Tells a terminal, by either end, that its window has another size; its programs get SIGWINCH.
///
/// errors   bad_value: no terminal
[[nodiscard]] result<void> resize_terminal(int fd, const terminal_size& size);

/// The window of the terminal at `fd`; what `otherwise` says where there is none.
[[nodiscard]] terminal_size size_of_terminal(int fd, const terminal_size& otherwise = {}) noexcept;

/// Keeps the settings of the terminal at `fd` as they are now and puts them back at its end, also
/// from the background. Without a terminal it does nothing.
///
/// threads  one owner
/// example  tests/os/terminal.cpp "terminal_settings: are put back with the object"
class terminal_settings {
public:
    explicit terminal_settings(int fd) noexcept : fd_(::tcgetattr(fd, &kept_) == 0 ? fd : -1) {}
    terminal_settings(const terminal_settings&) = delete;
    terminal_settings& operator=(const terminal_settings&) = delete;
    ~terminal_settings() { restore(); }

    void restore() noexcept;

private:
    struct ::termios kept_{};
    int fd_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline descriptor open_terminal_slave(int master) noexcept {
#if defined(TIOCGPTPEER)
    // By no name, so that it works where /dev/pts is another one's.
    descriptor peer(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (peer.is_open()) {
        return peer;
    }
#endif
    const char* name = ::ptsname(master);
    return descriptor(name == nullptr ? -1 : ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

inline ::winsize window_of(const terminal_size& size) noexcept {
    ::winsize window{};
    window.ws_row = size.rows;
    window.ws_col = size.columns;
    return window;
}

}  // namespace detail

inline result<terminal_ends> open_terminal(const terminal_size& size) {
    descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master.is_open()) {
        return os_error(errno, "opening a pseudo terminal");
    }
    result<descriptor> moved = move_above_standard(std::move(master));
    if (!moved) {
        return std::move(moved).error();
    }
    if (::grantpt(moved->get()) != 0 || ::unlockpt(moved->get()) != 0) {
        return os_error(errno, "unlocking a pseudo terminal");
    }
    descriptor slave = detail::open_terminal_slave(moved->get());
    if (!slave.is_open()) {
        return os_error(errno, "opening a pseudo terminal");
    }
    struct ::termios settings{};
    if (::tcgetattr(slave.get(), &settings) == 0) {
        settings.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
        (void)::tcsetattr(slave.get(), TCSANOW, &settings);
    }
    const ::winsize window = detail::window_of(size);
    (void)::ioctl(moved->get(), TIOCSWINSZ, &window);
    result<descriptor> above = move_above_standard(std::move(slave));
    if (!above) {
        return std::move(above).error();
    }
    return terminal_ends{std::move(*moved), std::move(*above)};
}

inline result<void> resize_terminal(int fd, const terminal_size& size) {
    const ::winsize window = detail::window_of(size);
    if (::ioctl(fd, TIOCSWINSZ, &window) != 0) {
        error failure = os_error(errno, "resizing a terminal");
        failure.code = errc::bad_value;
        return failure;
    }
    return {};
}

inline terminal_size size_of_terminal(int fd, const terminal_size& otherwise) noexcept {
    ::winsize window{};
    if (::ioctl(fd, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) {
        return otherwise;
    }
    return {window.ws_row, window.ws_col};
}

inline void terminal_settings::restore() noexcept {
    if (fd_ < 0) {
        return;
    }
    sigset_t stops;  // whoever sets a terminal from the background is stopped by default
    sigset_t before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stops, &before);
    (void)::tcsetattr(fd_, TCSADRAIN, &kept_);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}}}  // namespace guild::os
