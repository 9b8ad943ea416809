// guild/os/child.hpp - one running child process: its pipes, signals to it, its end.
//
// Layer 2. Includes: POSIX, os/spawn.hpp, os/exit_watch.hpp, os/exit_status.hpp. No signal handler
// and no other state of the whole process is touched.
// Not here: running a command to its end and collecting what it printed (os/process.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/exit_status.hpp>
#include <guild/os/exit_watch.hpp>
#include <guild/os/pipe.hpp>
#include <guild/os/spawn.hpp>
#include <guild/os/thread.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// One step of stopping a process: a signal, and how long it has to end after it.
///
/// units    grace_ms: milliseconds
struct stop_step {
    int signal = 0;
    std::int64_t grace_ms = 0;
};

using stop_sequence = std::vector<stop_step>;

/// SIGTERM and five seconds; SIGKILL and ten more for the system to carry it out.
[[nodiscard]] stop_sequence default_stop_sequence();

/// What a process used up.
///
/// units    microseconds, bytes
struct process_usage {
    std::int64_t user_us = 0;
    std::int64_t system_us = 0;
    /// Most resident memory of it or of one of its descendants. Not known when it is below the
    /// highest that this process had: what the system reports then is this process's own, because
    /// a child begins in the memory of its parent.
    std::optional<std::uint64_t> peak_rss_bytes;
};

/// A child process. Destroying one that still runs kills it, its group if it has its own, and
/// collects it.
///
/// threads  signal, poll_exit, wait, wait_for_ms and stop from any threads at once; the rest by one
///          owner
class child {
public:
    child() noexcept = default;
    child(child&&) noexcept = default;
    child& operator=(child&& other) noexcept;
    ~child() { abandon(); }

    /// Starts a program.
    ///
    /// errors   as spawn
    /// example  tests/os/child.cpp "child: starts, answers through its pipes and ends"
    [[nodiscard]] static result<child> start(const process_options& options);

    /// Whether there is a process, running or collected.
    [[nodiscard]] bool is_started() const noexcept { return state_ != nullptr; }
    [[nodiscard]] int pid() const noexcept { return state_ ? state_->pid : -1; }

    /// This side's ends of the child's pipes, -1 without one. Reads and writes on them do not
    /// block.
    [[nodiscard]] int in_fd() const noexcept { return in_.get(); }
    [[nodiscard]] int out_fd() const noexcept { return out_.get(); }
    [[nodiscard]] int err_fd() const noexcept { return err_.get(); }
    void close_in() noexcept { in_.reset(); }
    void close_out() noexcept { out_.reset(); }
    void close_err() noexcept { err_.reset(); }

    /// Writes what the pipe takes now. SIGPIPE never reaches the program.
    ///
    /// out      bytes written, 0 when the pipe is full
    /// errors   closed: the child reads no more
    [[nodiscard]] result<std::size_t> write_in(std::string_view bytes) {
        return write_without_signal(in_.get(), bytes);
    }

    /// Readable (poll) from the end of the process on; use poll_exit then.
    [[nodiscard]] int exit_fd() const noexcept { return state_ ? state_->watch.fd() : -1; }

    /// The end of the process if it has ended. Never waits.
    ///
    /// errors   closed: no process
    /// example  tests/process/end.cpp "case 42: waiting again says the same"
    [[nodiscard]] result<std::optional<exit_status>> poll_exit();

    /// Waits for the end.
    ///
    /// errors   closed: no process
    [[nodiscard]] result<exit_status> wait();

    /// Waits for the end, at most so long; empty if it still runs.
    ///
    /// units    milliseconds; below 0 without limit
    /// errors   closed: no process
    [[nodiscard]] result<std::optional<exit_status>> wait_for_ms(std::int64_t time_ms);

    /// Sends a signal to the process, and to its whole group if it has its own.
    ///
    /// errors   not_found: it has been collected, and its number may be another's; closed;
    ///          permission_denied
    /// example  tests/process/end.cpp "case 41: a signal after the end hits nobody"
    [[nodiscard]] result<void> signal(int number);

    /// Sends one signal after the other until the process has ended, then kills what is left of its
    /// group.
    ///
    /// errors   timed_out: it outlived the last step; closed
    /// example  tests/os/child.cpp "child: stop kills what ignores SIGTERM"
    [[nodiscard]] result<exit_status> stop(const stop_sequence& steps = default_stop_sequence());

    /// What it used up; empty before it was collected.
    [[nodiscard]] std::optional<process_usage> usage() const;

    /// Writes to a pipe or socket without SIGPIPE, whatever the program does about that signal.
    ///
    /// out      bytes written, 0 when the pipe is full
    /// errors   closed: nobody reads
    [[nodiscard]] static result<std::size_t> write_without_signal(int fd, std::string_view bytes);

private:
    struct shared_state {
        pid_t pid = -1;
        bool own_group = false;
        std::uint64_t parent_peak_bytes = 0;
        exit_watch watch;
        mutable mutex guard;                // over what follows, and over every use of pid
        std::optional<exit_status> status;  // given once the process is collected
        process_usage usage;
    };

    void abandon() noexcept;

    std::unique_ptr<shared_state> state_;
    descriptor in_;
    descriptor out_;
    descriptor err_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::int64_t monotonic_ms() noexcept {
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

// Waits until one of the descriptors is ready or the time is over. A signal handler that runs
// meanwhile shortens nothing. Below 0: no limit.
inline void poll_for_ms(pollfd* asked, nfds_t count, std::int64_t time_ms) noexcept {
    const std::int64_t until_ms = monotonic_ms() + time_ms;
    while (true) {
        const std::int64_t left_ms = time_ms < 0 ? -1 : until_ms - monotonic_ms();
        const int timeout = left_ms < 0
                                ? (time_ms < 0 ? -1 : 0)
                                : (left_ms > 1'000'000 ? 1'000'000 : static_cast<int>(left_ms));
        const int ready = ::poll(asked, count, timeout);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return;
        }
        if (time_ms >= 0 && left_ms <= 0) {
            return;
        }
    }
}

inline std::int64_t us_of(const timeval& time) noexcept {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

// The highest resident size of the memory that this process has now; the largest number where the
// system does not tell. What getrusage tells is higher where the program that started this one was
// larger.
inline std::uint64_t peak_of_this_memory() noexcept {
    char text[4096];
    const descriptor opened(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    const ssize_t got = ::read(opened.get(), text, sizeof text);
    const std::string_view seen(text, got > 0 ? static_cast<std::size_t>(got) : 0);
    constexpr std::string_view key = "VmHWM:";
    const std::size_t at = seen.find(key);
    std::uint64_t kib = 0;
    bool is_known = false;
    for (std::size_t i = at == std::string_view::npos ? seen.size() : at + key.size();
         i < seen.size() && seen[i] != '\n'; ++i) {
        if (seen[i] >= '0' && seen[i] <= '9') {
            kib = kib * 10 + static_cast<std::uint64_t>(seen[i] - '0');
            is_known = true;
        }
    }
    return is_known ? kib * 1024 : UINT64_MAX;
}

inline process_usage usage_of(const struct rusage& raw, std::uint64_t parent_peak_bytes) noexcept {
    process_usage usage;
    usage.user_us = us_of(raw.ru_utime);
    usage.system_us = us_of(raw.ru_stime);
#if defined(__APPLE__)
    const std::uint64_t peak_bytes = guild::detail::convert<std::uint64_t>(raw.ru_maxrss);
#else
    const std::uint64_t peak_bytes = guild::detail::convert<std::uint64_t>(raw.ru_maxrss) * 1024;
#endif
    if (peak_bytes > parent_peak_bytes || peak_bytes > peak_of_this_memory()) {
        usage.peak_rss_bytes = peak_bytes;
    }
    return usage;
}

// Keeps SIGPIPE from this thread, and takes away the one that a write has caused.
class sigpipe_shield {
public:
    sigpipe_shield() noexcept {
        sigset_t pipe_alone;
        sigemptyset(&pipe_alone);
        sigaddset(&pipe_alone, SIGPIPE);
        was_pending_ = is_pending();
        pthread_sigmask(SIG_BLOCK, &pipe_alone, &before_);
    }
    sigpipe_shield(const sigpipe_shield&) = delete;
    sigpipe_shield& operator=(const sigpipe_shield&) = delete;
    ~sigpipe_shield() {
        if (!was_pending_ && is_pending()) {
            sigset_t pipe_alone;
            sigemptyset(&pipe_alone);
            sigaddset(&pipe_alone, SIGPIPE);
            int taken = 0;
            sigwait(&pipe_alone, &taken);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static bool is_pending() noexcept {
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        return sigismember(&pending, SIGPIPE) == 1;
    }

    sigset_t before_;
    bool was_pending_ = false;
};

// Whether an ended child is gone without us: the program ignores SIGCHLD, or collects every child.
inline bool is_collected(pid_t pid) noexcept {
    siginfo_t ignored{};
    const int flags = WEXITED | WNOWAIT | WNOHANG;
    return ::waitid(P_PID, guild::detail::convert<id_t>(pid), &ignored, flags) != 0 &&
           errno == ECHILD;
}

inline error no_process() {
    return make_error(errc::closed, "no process was started");
}

}  // namespace detail

inline stop_sequence default_stop_sequence() {
    return {{SIGTERM, 5'000}, {SIGKILL, 10'000}};
}

inline child& child::operator=(child&& other) noexcept {
    if (this != &other) {
        abandon();
        state_ = std::move(other.state_);
        in_ = std::move(other.in_);
        out_ = std::move(other.out_);
        err_ = std::move(other.err_);
    }
    return *this;
}

inline void child::abandon() noexcept {
    if (!state_) {
        return;
    }
    if (!state_->status) {
        (void)signal(SIGKILL);
        (void)wait_for_ms(1'000);  // one that hangs inside the system is left behind
    }
    state_.reset();
}

inline result<child> child::start(const process_options& options) {
    result<spawned_process> spawned = spawn(options);
    if (!spawned) {
        return std::move(spawned).error();
    }
    child made;
    made.state_ = std::make_unique<shared_state>();
    made.state_->pid = spawned->pid;
    made.state_->own_group = options.new_group || options.new_session || options.terminal;
    made.state_->parent_peak_bytes = spawned->parent_peak_bytes;
    made.in_ = std::move(spawned->in);
    made.out_ = std::move(spawned->out);
    made.err_ = std::move(spawned->err);
    result<exit_watch> watch = exit_watch::open(spawned->pid, options.use_pidfd);
    if (!watch) {
        // Without a watch nobody could wait for it: it must not stay behind.
        ::kill(made.state_->own_group ? -spawned->pid : spawned->pid, SIGKILL);
        while (::waitpid(spawned->pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        made.state_.reset();
        return std::move(watch).error();
    }
    made.state_->watch = std::move(*watch);
    return result<child>(std::move(made));
}

inline result<std::optional<exit_status>> child::poll_exit() {
    if (!state_) {
        return detail::no_process();
    }
    const lock held(state_->guard);
    if (state_->status || !state_->watch.has_ended()) {
        return state_->status;
    }
    int status = 0;
    struct rusage raw{};
    const pid_t got = ::wait4(state_->pid, &status, WNOHANG, &raw);
    if (got == 0) {
        return state_->status;
    }
    if (got == state_->pid) {
        state_->usage = detail::usage_of(raw, state_->parent_peak_bytes);
        state_->status = decode_wait_status(status);
    } else {
        // ECHILD: the program ignores SIGCHLD, or collected it itself.
        state_->status = exit_status{};
    }
    return state_->status;
}

inline result<std::optional<exit_status>> child::wait_for_ms(std::int64_t time_ms) {
    if (!state_) {
        return detail::no_process();
    }
    pollfd asked{exit_fd(), POLLIN, 0};
    detail::poll_for_ms(&asked, 1, time_ms);
    return poll_exit();
}

inline result<exit_status> child::wait() {
    while (true) {
        result<std::optional<exit_status>> ended = wait_for_ms(-1);
        if (!ended) {
            return std::move(ended).error();
        }
        if (*ended) {
            return **ended;
        }
    }
}

inline result<void> child::signal(int number) {
    if (!state_) {
        return detail::no_process();
    }
    const lock held(state_->guard);
    // Until it is collected, its number and its group's cannot be given to another.
    if (!state_->status && state_->watch.has_ended() && detail::is_collected(state_->pid)) {
        state_->status = exit_status{};
    }
    if (state_->status) {
        return make_error(errc::not_found, "the process has ended");
    }
    if (::kill(state_->own_group ? -state_->pid : state_->pid, number) == 0) {
        return {};
    }
    if (errno == ESRCH) {
        return make_error(errc::not_found, "the process has ended");
    }
    return os_error(errno, "sending " + signal_name(number));
}

inline result<exit_status> child::stop(const stop_sequence& steps) {
    if (!state_) {
        return detail::no_process();
    }
    pollfd asked{exit_fd(), POLLIN, 0};
    for (const stop_step& step : steps) {
        if (state_->watch.has_ended()) {
            break;
        }
        (void)signal(step.signal);
        detail::poll_for_ms(&asked, 1, step.grace_ms);
    }
    if (!state_->watch.has_ended()) {
        return make_error(errc::timed_out, "the process outlived every signal that was to stop it");
    }
    // It is not collected yet, so its group is still its own: what else is in it goes too.
    if (state_->own_group) {
        (void)signal(SIGKILL);
    }
    return wait();
}

inline std::optional<process_usage> child::usage() const {
    if (!state_) {
        return std::nullopt;
    }
    const lock held(state_->guard);
    return state_->status ? std::optional<process_usage>(state_->usage) : std::nullopt;
}

inline result<std::size_t> child::write_without_signal(int fd, std::string_view bytes) {
    const detail::sigpipe_shield shield;
    while (true) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote >= 0) {
            return guild::detail::convert<std::size_t>(wrote);
        }
        if (errno == EAGAIN) {
            return std::size_t{0};
        }
        if (errno == EPIPE) {
            return make_error(errc::closed,
                              "write failed: Broken pipe (" + std::to_string(EPIPE) + ")");
        }
        if (errno != EINTR) {
            return os_error(errno, "write");
        }
    }
}

}}}  // namespace guild::os
