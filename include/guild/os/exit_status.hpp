// guild/os/exit_status.hpp - how a process ended, and the names of signals.
//
// Layer 2. Includes: the standard library, POSIX.
// Not here: the process (os/child.hpp).
#pragma once

#include <cstdint>
#include <string>

#include <signal.h>
#include <sys/wait.h>

namespace guild { inline namespace v0 { namespace os {

/// How a process ended. A death by signal 9 and an exit with code 9 or 137 are different values.
struct exit_status {
    enum class kind : std::uint8_t {
        exited,     // `code` tells
        signalled,  // `signal` and `core` tell
        unknown,    // somebody else collected it, for example a parent that ignores SIGCHLD
    };
    kind how = kind::unknown;
    int code = 0;
    int signal = 0;
    bool core = false;

    /// Whether it exited with code 0.
    [[nodiscard]] bool success() const noexcept { return how == kind::exited && code == 0; }
};

/// "exit code 3", "killed by SIGSEGV (core dumped)", "ended in an unknown way".
///
/// example  tests/os/exit_status.cpp "exit_status: its text names code, signal and core"
[[nodiscard]] std::string to_string(const exit_status& status);

/// "SIGTERM"; "SIGRTMIN+2"; "signal 77" where the system has no name.
[[nodiscard]] std::string signal_name(int signal);

/// The code by which a shell reports this end: the exit code, 128 and the signal, or 255.
///
/// example  tests/os/exit_status.cpp "shell_code: the convention of shells"
[[nodiscard]] int shell_code(const exit_status& status) noexcept;

/// What waitpid said, taken apart.
///
/// source   POSIX, wait()
[[nodiscard]] exit_status decode_wait_status(int status) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

struct named_signal {
    int number;
    const char* name;
};

// clang-format off
inline constexpr named_signal named_signals[] = {
    {SIGHUP, "SIGHUP"}, {SIGINT, "SIGINT"}, {SIGQUIT, "SIGQUIT"},
    {SIGILL, "SIGILL"}, {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},
    {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGKILL, "SIGKILL"},
    {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},
    {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"}, {SIGSTOP, "SIGSTOP"},
    {SIGTSTP, "SIGTSTP"}, {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},
    {SIGURG, "SIGURG"}, {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"},
    {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"},
    {SIGSYS, "SIGSYS"},
#if defined(SIGPOLL)
    {SIGPOLL, "SIGPOLL"},
#endif
#if defined(SIGPWR)
    {SIGPWR, "SIGPWR"},
#endif
#if defined(SIGSTKFLT)
    {SIGSTKFLT, "SIGSTKFLT"},
#endif
};
// clang-format on

inline const char* find_signal_name(int signal) noexcept {
    for (const named_signal& known : named_signals) {
        if (known.number == signal) {
            return known.name;
        }
    }
    return nullptr;
}

}  // namespace detail

inline std::string signal_name(int signal) {
    const char* name = detail::find_signal_name(signal);
    if (name != nullptr) {
        return name;
    }
#if defined(SIGRTMIN) && defined(SIGRTMAX)
    if (signal == SIGRTMIN) {
        return "SIGRTMIN";
    }
    if (signal > SIGRTMIN && signal <= SIGRTMAX) {
        return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
    }
#endif
    return "signal " + std::to_string(signal);
}

inline std::string to_string(const exit_status& status) {
    switch (status.how) {
    case exit_status::kind::exited:
        return "exit code " + std::to_string(status.code);
    case exit_status::kind::signalled:
        return "killed by " + signal_name(status.signal) + (status.core ? " (core dumped)" : "");
    case exit_status::kind::unknown:
        break;
    }
    return "ended in an unknown way";
}

inline int shell_code(const exit_status& status) noexcept {
    switch (status.how) {
    case exit_status::kind::exited:
        return status.code;
    case exit_status::kind::signalled:
        return 128 + status.signal;
    case exit_status::kind::unknown:
        break;
    }
    return 255;
}

inline exit_status decode_wait_status(int status) noexcept {
    exit_status decoded;
    if (WIFEXITED(status)) {
        decoded.how = exit_status::kind::exited;
        decoded.code = WEXITSTATUS(status);
    } else if (WIFSIGNALED(status)) {
        decoded.how = exit_status::kind::signalled;
        decoded.signal = WTERMSIG(status);
#if defined(WCOREDUMP)
        decoded.core = WCOREDUMP(status) != 0;
#endif
    }
    return decoded;
}

}}}  // namespace guild::os
