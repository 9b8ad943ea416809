// guild/os/hold.hpp - one process at a time: a file that is held until its holder lets go or dies.
//
// Layer 2. Includes: os/file.hpp and POSIX.
// Not here: who records a run, which readers see too (runs/lock.hpp).
//
// Only those who hold are kept out; reading and writing the file is free to everybody. Nothing is
// left behind by a process that is killed, so there is nothing to clean up or to judge.
#pragma once

#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include <sys/file.h>

#include <guild/base/result.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// Makes the file `path` if it is missing, waits until nobody else holds it, and holds it until the
/// object that is returned is closed or its process ends, however it does.
///
/// A file system that knows no such thing lets everybody through at once.
/// errors   those of open_file
/// threads  any; two threads of one process keep each other out too
/// example  tests/os/hold.cpp "hold: the second waits until the first lets go"
[[nodiscard]] result<file> hold(const std::string& path, const env& system = system_env);

/// The same with a directory that is there; nothing is made in it.
///
/// errors   those of open_file
/// example  tests/os/hold.cpp "hold: a directory is held without a file in it"
[[nodiscard]] result<file> hold_directory(const std::string& path, const env& system = system_env);

/// The same, and calls `on_wait` once before it waits for somebody else.
///
/// errors   those of open_file
/// example  tests/os/hold.cpp "hold: who has to wait is told so before"
[[nodiscard]] result<file> hold_directory(const std::string& path,
                                          const std::function<void()>& on_wait,
                                          const env& system = system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline result<file> hold_opened(result<file> opened) {
    while (opened && ::flock(opened->fd(), LOCK_EX) != 0 && errno == EINTR) {
    }
    return opened;
}

}  // namespace detail

inline result<file> hold(const std::string& path, const env& system) {
    return detail::hold_opened(open_file(path, open_mode::append, system));
}

inline result<file> hold_directory(const std::string& path, const env& system) {
    return detail::hold_opened(open_file(path, open_mode::read, system));
}

inline result<file> hold_directory(const std::string& path, const std::function<void()>& on_wait,
                                   const env& system) {
    auto opened = open_file(path, open_mode::read, system);
    if (opened && ::flock(opened->fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        on_wait();
    }
    return detail::hold_opened(std::move(opened));
}

}}}  // namespace guild::os
