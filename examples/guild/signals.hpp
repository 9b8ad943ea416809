// examples/guild/signals.hpp - the signals by which a user or a system asks the program to stop.
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>

namespace program {

/// What `guild stop` sends along with SIGTERM, so that it is told from any other.
inline constexpr int stop_mark = 0x67756C64;

/// While it lives, INT, TERM, HUP and QUIT call `handler` and PIPE is ignored; then all is as
/// before.
///
/// A signal that was ignored at the start (nohup) stays ignored. One object at a time; `handler`
/// runs inside the signal handler and may do only what is safe there.
class signal_watch {
public:
    explicit signal_watch(void (*handler)(int)) noexcept;
    ~signal_watch();
    signal_watch(const signal_watch&) = delete;
    signal_watch& operator=(const signal_watch&) = delete;

    /// In the handler: whether the signal came from `guild stop`.
    static bool is_stop_command() noexcept;

private:
    static constexpr std::array<int, 5> watched = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    std::array<struct sigaction, watched.size()> before_;
};

}  // namespace program
