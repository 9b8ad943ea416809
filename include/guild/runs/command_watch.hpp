// guild/runs/command_watch.hpp - watches a running command: takes its output, passes signals on,
// minds the time.
//
// Layer 4. Includes: os/child, os/descriptor, runs/output_buffer.
// Not here: writing anything down (runs/recording.hpp); threads (runs/supervisor.hpp).
//
// Nothing in here waits for a disk or a terminal: the command can always write on.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/os/child.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/env.hpp>
#include <guild/os/exit_status.hpp>
#include <guild/os/sweep.hpp>
#include <guild/runs/output_buffer.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// How the program tells a supervisor that signals arrived. guild installs no handler: the program
/// does, and calls notify() in it.
///
/// threads  notify: any, and signal handlers; the rest is the supervisor's
/// example  tests/runs/supervisor.cpp "supervise: the first interrupt is passed on to the whole
///          group"
class stop_request {
public:
    /// errors   resource_exhausted: no descriptors left
    [[nodiscard]] static result<stop_request> create() {
        auto pipe = os::wake_pipe::create();
        if (!pipe) {
            return std::move(pipe).error();
        }
        stop_request made;
        made.pipe_ = std::move(*pipe);
        return result<stop_request>(std::move(made));
    }

    /// Says that `signal` arrived. The first SIGINT, SIGTERM, SIGHUP or SIGQUIT is passed on to the
    /// command's group and starts its time of grace; the second kills the group. Other signals are
    /// passed on.
    void notify(int signal) const noexcept { pipe_.notify(static_cast<unsigned char>(signal)); }

    /// Says that `guild stop` or the like asks: as SIGTERM, with its own words as the cause.
    void notify_stop() const noexcept { pipe_.notify(stop_word); }

    static constexpr unsigned char stop_word = 255;  // no signal has this number

    [[nodiscard]] int fd() const noexcept { return pipe_.fd(); }
    [[nodiscard]] std::string take() const { return pipe_.take(); }

private:
    os::wake_pipe pipe_;
};

/// Whether a signal asks a command to end.
[[nodiscard]] inline bool is_stop_signal(int signal) noexcept {
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

/// in       mark: "NAME=VALUE" that the command's environment holds alone; what left its group goes
///          by it when the command is stopped
/// units    milliseconds; timeout_ms below 0: no limit; linger_ms: how long after the command's end
///          others may hold its pipes
struct watch_options {
    std::int64_t timeout_ms = -1;
    std::int64_t grace_ms = 10'000;
    std::int64_t linger_ms = 500;
    const stop_request* stop = nullptr;
    std::string mark;
};

/// How a watched command ended.
struct watch_outcome {
    os::exit_status exit;
    std::string stopped_by;  // why guild ended it ("SIGINT", "timeout after 3000 ms"); else empty
};

/// Watches one command to its end.
class command_watch {
public:
    command_watch(os::child& command, output_buffer& buffer, const watch_options& options)
        : command_(command), buffer_(buffer), options_(options) {}

    /// Returns when the command has ended and its output is taken.
    ///
    /// errors   those of os::child
    [[nodiscard]] result<watch_outcome> run();

private:
    static constexpr std::int64_t never = INT64_MAX;

    [[nodiscard]] std::int64_t now_ms() const { return os::system_env.boot_time_us() / 1000; }
    [[nodiscard]] std::int64_t next_deadline_ms() const;
    void wait();
    void take_output(output_stream stream);
    void take_signals();
    void on_signal(int signal);
    void stop(int signal, std::string why);
    void mind_time();
    [[nodiscard]] bool is_over() const;

    os::child& command_;
    output_buffer& buffer_;
    watch_options options_;
    std::string block_;
    std::string stopped_by_;
    bool has_ended_ = false;  // ended, but not yet collected: its group is still its own
    std::int64_t timeout_at_ms_ = never;
    std::int64_t kill_at_ms_ = never;
    std::int64_t linger_until_ms_ = never;
};

// ---- implementation ---------------------------------------------------------

inline result<watch_outcome> command_watch::run() {
    block_.resize(std::size_t{1} << 16U);
    if (options_.timeout_ms >= 0) {
        timeout_at_ms_ = now_ms() + options_.timeout_ms;
    }
    while (!is_over()) {
        wait();
        mind_time();
    }
    if (!stopped_by_.empty()) {
        (void)command_.signal(SIGKILL);  // what is left of the group
    }
    auto status = command_.wait();
    if (!status) {
        return std::move(status).error();
    }
    if (!stopped_by_.empty() && !options_.mark.empty()) {
        (void)os::sweep(options_.mark, 2'000, command_.pid());
    }
    return watch_outcome{*status, stopped_by_};
}

inline bool command_watch::is_over() const {
    const bool is_closed = command_.out_fd() < 0 && command_.err_fd() < 0;
    return has_ended_ && (is_closed || now_ms() >= linger_until_ms_);
}

inline std::int64_t command_watch::next_deadline_ms() const {
    return std::min({timeout_at_ms_, kill_at_ms_, linger_until_ms_});
}

inline void command_watch::wait() {
    os::watched_descriptor items[4];
    items[0].fd = command_.out_fd();
    items[1].fd = command_.err_fd();
    items[2].fd = has_ended_ ? -1 : command_.exit_fd();
    items[3].fd = options_.stop == nullptr ? -1 : options_.stop->fd();
    const std::int64_t deadline = next_deadline_ms();
    const std::int64_t left_ms =
        deadline == never ? -1 : std::max<std::int64_t>(deadline - now_ms(), 0);
    os::wait_until_ready(items, 4, left_ms);
    if (items[3].is_ready) {
        take_signals();
    }
    if (items[0].is_ready) {
        take_output(output_stream::out);
    }
    if (items[1].is_ready) {
        take_output(output_stream::err);
    }
    if (items[2].is_ready) {
        has_ended_ = true;
        linger_until_ms_ = stopped_by_.empty()
                               ? now_ms() + options_.linger_ms
                               : std::min(kill_at_ms_, now_ms() + options_.grace_ms);
    }
}

inline void command_watch::take_output(output_stream stream) {
    const bool is_out = stream == output_stream::out;
    const std::int64_t got = os::system_env.read(is_out ? command_.out_fd() : command_.err_fd(),
                                                 &block_[0], block_.size());
    if (got > 0) {
        buffer_.push(stream, os::system_env.wall_time_us(),
                     std::string_view(block_).substr(0, static_cast<std::size_t>(got)));
    } else if (got != -EAGAIN && got != -EINTR) {
        is_out ? command_.close_out() : command_.close_err();
    }
}

inline void command_watch::take_signals() {
    for (const char byte : options_.stop->take()) {
        on_signal(static_cast<unsigned char>(byte));
    }
}

inline void command_watch::on_signal(int signal) {
    const bool is_word = signal == stop_request::stop_word;
    if (!is_stop_signal(signal) && !is_word) {
        (void)command_.signal(signal);
    } else if (stopped_by_.empty()) {
        stop(is_word ? SIGTERM : signal, is_word ? "guild stop" : os::signal_name(signal));
    } else {
        stopped_by_ += ", then killed";
        kill_at_ms_ = now_ms();
        linger_until_ms_ = has_ended_ ? now_ms() : linger_until_ms_;
    }
}

inline void command_watch::stop(int signal, std::string why) {
    stopped_by_ = std::move(why);
    (void)command_.signal(signal);
    (void)command_.signal(SIGCONT);  // a stopped process hears nothing until it goes on
    kill_at_ms_ = now_ms() + options_.grace_ms;
}

inline void command_watch::mind_time() {
    if (now_ms() >= timeout_at_ms_) {
        timeout_at_ms_ = never;
        if (stopped_by_.empty()) {
            stop(SIGTERM, "timeout after " + std::to_string(options_.timeout_ms) + " ms");
        }
    }
    if (now_ms() >= kill_at_ms_) {
        kill_at_ms_ = never;
        (void)command_.signal(SIGKILL);
    }
}

}}}  // namespace guild::runs
