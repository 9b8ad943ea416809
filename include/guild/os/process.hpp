// guild/os/process.hpp - runs a program to its end: its input, its output, its time limit.
//
// Layer 2. Includes: os/child.hpp and what it includes; this header brings all of starting,
// watching and stopping processes. One poll watches everything, so nothing waits for anything else
// and an idle run uses no processor time.
// Not here: programs that run on beside the caller (os/child.hpp), splitting output into lines
// (base/line_splitter.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/child.hpp>
#include <guild/os/exit_status.hpp>
#include <guild/os/spawn.hpp>
#include <guild/os/sweep.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// What a run is given and limited by.
///
/// units    milliseconds, bytes
struct run_options {
    std::string input;  // written to its standard input, which is a pipe then and closed after it
    std::int64_t timeout_ms = -1;                    // when to begin stopping it; below 0: never
    std::uint64_t max_output_bytes = 1'073'741'824;  // kept of each stream; the rest is counted
    stop_sequence stop;  // how it is stopped; empty: default_stop_sequence()
    int stop_fd = -1;    // when this can be read (a pipe, an eventfd), the run is stopped as well
    bool kill_group_at_end = false;         // what it left running in its group does not outlive it
    std::function<void(int pid)> on_start;  // called once, when the program runs
    const bool* stop_flag = nullptr;        // on_output may set it: the run is stopped as well
    bool sweep = false;  // once stopped, what left its group goes too: see os/sweep.hpp
    /// Gets the output piece by piece as it comes (stream 1 or 2), instead of `out` and `err` of
    /// the result.
    std::function<void(int stream, std::string_view bytes)> on_output;
};

/// How a run went.
struct run_result {
    exit_status status;
    std::string out;
    std::string err;
    bool timed_out = false;            // it was stopped because its time was over
    bool stopped = false;              // it was stopped because of stop_fd or stop_flag
    bool orphaned_output = false;      // others still held its pipes linger_ms after its end
    std::uint64_t output_dropped = 0;  // bytes beyond max_output_bytes
    process_usage usage;
};

/// Runs a program to its end.
///
/// out      also for programs that fail: look at status
/// errors   as spawn; timed_out: it outlived every signal that was to stop it
/// cost     memory for the output kept, and 64 KiB
/// threads  any
/// example  tests/process/stream.cpp "case 24: three megabytes of stdout, then three of stderr"
[[nodiscard]] result<run_result> run(const process_options& options,
                                     const run_options& limits = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

// One run, from start to result.
class runner {
public:
    explicit runner(const run_options& limits)
        : limits_(limits), stop_(limits.stop.empty() ? default_stop_sequence() : limits.stop),
          input_(limits.input) {}

    result<run_result> run(process_options options) {
        if (!input_.empty()) {
            options.in = stream_mode::pipe;
        }
        is_terminal_ = options.terminal.has_value();
        if (limits_.sweep) {
            mark(options);
        }
        result<child> started = child::start(options);
        if (!started) {
            return std::move(started).error();
        }
        child_ = std::move(*started);
        if (limits_.on_start) {
            limits_.on_start(child_.pid());
        }
        linger_ms_ = options.linger_ms;
        group_ = options.new_group || options.new_session || is_terminal_ ? child_.pid() : 0;
        if (limits_.timeout_ms >= 0) {
            timeout_at_ms_ = monotonic_ms() + limits_.timeout_ms;
        }
        if (input_.empty()) {
            child_.close_in();
        }
        while (!is_finished()) {
            wait_for_something();
            feed();
            read_some(1);
            read_some(2);
            notice_end();
            if (!keep_time()) {
                return make_error(errc::timed_out,
                                  "the process outlived every signal that was to stop it");
            }
        }
        return finish();
    }

private:
    enum slot : std::size_t { in_slot, out_slot, err_slot, exit_slot, stop_slot, slot_count };
    static constexpr std::size_t piece_bytes = 65'536;

    bool is_finished() const { return ended_ && child_.out_fd() < 0 && child_.err_fd() < 0; }
    bool is_stopping() const { return result_.timed_out || result_.stopped; }

    // A variable that no other process has, and all that descend from this one do.
    void mark(process_options& options) {
        const std::string value = std::to_string(process_id()) + "." +
                                  std::to_string(clock_us(CLOCK_MONOTONIC)) + "." +
                                  std::to_string(reinterpret_cast<std::uintptr_t>(this));
        mark_ = "GUILD_PROCESS=" + value;
        options.environment =
            merge_environment(options.environment ? *options.environment : current_environment(),
                              {{"GUILD_PROCESS", value}});
    }

    // Negative descriptors are skipped by poll.
    void wait_for_something() {
        polled_[in_slot] = {child_.in_fd(), POLLOUT, 0};
        polled_[out_slot] = {child_.out_fd(), POLLIN, 0};
        polled_[err_slot] = {child_.err_fd(), POLLIN, 0};
        polled_[exit_slot] = {ended_ ? -1 : child_.exit_fd(), POLLIN, 0};
        polled_[stop_slot] = {ended_ || is_stopping() ? -1 : limits_.stop_fd, POLLIN, 0};
        const std::optional<std::int64_t> at_ms = next_moment();
        const std::int64_t left_ms = at_ms ? *at_ms - monotonic_ms() : -1;
        poll_for_ms(polled_, slot_count, at_ms && left_ms < 0 ? 0 : left_ms);
    }

    std::optional<std::int64_t> next_moment() const {
        if (ended_) {
            return linger_until_ms_;
        }
        return is_stopping() ? next_step_ms_ : timeout_at_ms_;
    }

    bool is_ready(slot which) const {
        return polled_[which].fd >= 0 && polled_[which].revents != 0;
    }

    void feed() {
        if (!is_ready(in_slot)) {
            return;
        }
        const result<std::size_t> wrote = child_.write_in(input_.substr(0, piece_bytes));
        input_.remove_prefix(wrote ? *wrote
                                   : input_.size());  // it reads no more: the rest is of no use
        if (input_.empty() && is_terminal_) {
            (void)child_.write_in("\x04");  // the end of a file that is typed
        }
        if (input_.empty()) {
            child_.close_in();
        }
    }

    void read_some(int stream) {
        if (is_ready(stream == 1 ? out_slot : err_slot)) {
            (void)read_piece(stream);
        }
    }

    // False when there is nothing to read at the moment, or nothing any more.
    bool read_piece(int stream) {
        const int fd = stream == 1 ? child_.out_fd() : child_.err_fd();
        if (fd < 0) {
            return false;
        }
        ssize_t got = 0;
        do {
            got = ::read(fd, buffer_.get(), piece_bytes);
        } while (got < 0 && errno == EINTR);
        if (got > 0) {
            take(stream, std::string_view(buffer_.get(), guild::detail::convert<std::size_t>(got)));
            return true;
        }
        if (got == 0 || errno != EAGAIN) {
            close_output(stream);
        }
        return false;
    }

    void take(int stream, std::string_view bytes) {
        if (limits_.on_output) {
            limits_.on_output(stream, bytes);
            return;
        }
        std::string& kept = stream == 1 ? result_.out : result_.err;
        const std::uint64_t room = limits_.max_output_bytes - kept.size();
        const std::string_view fits =
            bytes.substr(0, room < bytes.size() ? static_cast<std::size_t>(room) : bytes.size());
        kept.append(fits);
        result_.output_dropped += bytes.size() - fits.size();
    }

    void close_output(int stream) {
        if (stream == 1) {
            child_.close_out();
        } else {
            child_.close_err();
        }
    }

    // What the program itself wrote is in the pipes now, whoever else holds them: it is taken
    // before the clock of lingering starts. A pipe holds a megabyte at most unless somebody goes on
    // writing.
    void notice_end() {
        if (ended_ || !is_ready(exit_slot)) {
            return;
        }
        ended_ = true;
        if (is_stopping() || limits_.kill_group_at_end) {
            (void)child_.signal(SIGKILL);  // the rest of its group
        }
        for (int pieces = 0; pieces < 16 && read_piece(1); ++pieces) {
        }
        for (int pieces = 0; pieces < 16 && read_piece(2); ++pieces) {
        }
        child_.close_in();
        linger_until_ms_ = monotonic_ms() + linger_ms_;
    }

    // False when it has outlived every step.
    bool keep_time() {
        const std::int64_t now_ms = monotonic_ms();
        if (ended_) {
            if (now_ms >= linger_until_ms_ && !is_finished()) {
                result_.orphaned_output = true;
                child_.close_out();
                child_.close_err();
            }
            return true;
        }
        if (!is_stopping()) {
            result_.timed_out = timeout_at_ms_ && now_ms >= *timeout_at_ms_;
            const bool is_flagged = limits_.stop_flag != nullptr && *limits_.stop_flag;
            result_.stopped = !result_.timed_out && (is_ready(stop_slot) || is_flagged);
            if (!is_stopping()) {
                return true;
            }
            next_step_ms_ = now_ms;
        }
        if (now_ms < next_step_ms_) {
            return true;
        }
        if (step_ == stop_.size()) {
            return false;
        }
        (void)child_.signal(stop_[step_].signal);
        next_step_ms_ = now_ms + stop_[step_].grace_ms;
        ++step_;
        return true;
    }

    result<run_result> finish() {
        result<exit_status> status = child_.wait();
        if (!status) {
            return std::move(status).error();
        }
        if (is_stopping() && !mark_.empty()) {
            (void)sweep(mark_, 5'000, group_);
        }
        result_.status = *status;
        result_.usage = child_.usage().value_or(process_usage{});
        return std::move(result_);
    }

    const run_options& limits_;
    std::string mark_;
    bool is_terminal_ = false;
    int group_ = 0;
    stop_sequence stop_;
    std::string_view input_;
    child child_;
    std::unique_ptr<char[]> buffer_{new char[piece_bytes]};
    pollfd polled_[slot_count] = {};
    std::optional<std::int64_t> timeout_at_ms_;
    std::int64_t linger_ms_ = 0;
    bool ended_ = false;
    std::int64_t linger_until_ms_ = 0;
    std::size_t step_ = 0;
    std::int64_t next_step_ms_ = 0;
    run_result result_;
};

}  // namespace detail

inline result<run_result> run(const process_options& options, const run_options& limits) {
    return detail::runner(limits).run(options);
}

}}}  // namespace guild::os
