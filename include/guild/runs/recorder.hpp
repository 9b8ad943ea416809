// guild/runs/recorder.hpp - logs numbers from inside a training program, without ever holding it
// up.
//
// Layer 4. Includes: base, os/thread, runs/recorder_loop rank.
// Not here: recorder_options, new_run and what is written when (runs/recorder_loop.hpp); recording
// a command from outside (runs/supervisor.hpp); event files (tfevents/writer.hpp).
//
//     auto run = guild::runs::recorder::current();  // the run of $RUNDIR; does nothing without
//     auto loss = run.series("train/loss");         // once
//     run.log(step, {{loss, 0.25}});                // any thread; no allocation, no system call
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/frame_ring.hpp>
#include <guild/runs/rank.hpp>
#include <guild/runs/recorder_loop.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A key made short by recorder::series().
struct series_id {
    std::uint32_t number = 0;
};

/// One value for one series. Any arithmetic type is kept as double or int64.
struct logged_value {
    series_id id;
    series::number value;
};

/// Records series of one run. A moved-from or inactive recorder does nothing.
///
/// A thread of its own writes. When it cannot keep up, values are dropped and counted. In a forked
/// child the recorder does nothing until the child calls current() itself.
/// threads  series and log: any number; the rest by one owner
/// example  tests/runs/recorder.cpp "recorder: joins the run that RUNDIR names"
class recorder {
public:
    recorder() noexcept = default;
    recorder(recorder&& other) noexcept;
    recorder& operator=(recorder&& other) noexcept;
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    /// Writes what was logged and lets go; takes at most 100 ms, whatever the disk does. A run made
    /// by create() is recorded as completed, or as an error when an exception ended the scope.
    ~recorder();

    /// Joins the run whose directory $RUNDIR names (in an evaluation $EVALDIR, so that the run it
    /// evaluates stays as it is), with a series file of this process's own, which tells its rank
    /// (runs/rank.hpp).
    ///
    /// Inactive where there is no such run or nothing can be written: see last_error(). When the
    /// file system does not answer in time (start_ms) the program goes on, and what it logs waits.
    [[nodiscard]] static recorder current(const recorder_options& options = {});

    /// Makes a run of this program's own below `run_root`, with LOCK and end status.
    ///
    /// errors   permission_denied, read_only, no_space, ...: from making its files;
    ///          resource_exhausted: no thread to be had, and nothing was made; timed_out: the file
    ///          system did not answer (start_ms)
    [[nodiscard]] static result<recorder> create(const std::string& run_root,
                                                 const new_run& what = {},
                                                 const recorder_options& options = {});

    [[nodiscard]] bool is_active() const noexcept;

    /// Empty when inactive.
    [[nodiscard]] std::string run_directory() const;

    /// Makes a key short. The same key gives the same id.
    [[nodiscard]] series_id series(std::string_view key);

    /// Logs values of one moment.
    ///
    /// units    step: any int64; the time is the moment of the call
    /// cost     one look at the clock and about 20 ns; no allocation, no system call
    void log(std::int64_t step, std::initializer_list<logged_value> values) noexcept {
        log(step, values.begin(), values.size());
    }
    void log(std::int64_t step, const logged_value* values, std::size_t count) noexcept;

    /// Waits until everything logged before can be read by others.
    ///
    /// out      false when it took longer, or when some of it could not be written
    /// units    timeout_ms: milliseconds
    bool flush(std::int64_t timeout_ms = 1000);

    /// Ends recording now, with this status for a run made by create().
    ///
    /// The series stay in rows, since no disk promises to bring them into columns in time: whoever
    /// supervises the run does that, or compact_run() (runs/compact_run.hpp), or `guild compact`.
    /// out      false when writing took longer than 100 ms and goes on without us, and when there
    ///          never was a file
    bool finish(run_status status = run_status::completed, std::string cause = {});

    /// Values that were dropped because the ring was full or the disk refused them for too long.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

    /// The first thing that went wrong.
    [[nodiscard]] std::optional<error> last_error() const;

private:
    explicit recorder(error why) : why_inactive_(std::move(why)) {}
    [[nodiscard]] result<void> start(recorder_target target, const recorder_options& options);
    [[nodiscard]] recorder_state* own_state() const noexcept;
    void forget_in_child() noexcept;

    std::shared_ptr<recorder_state> state_;
    os::thread thread_;
    std::optional<error> why_inactive_;
    std::uint64_t dropped_ = 0;  // once finished
};

// ---- implementation ---------------------------------------------------------

inline recorder::recorder(recorder&& other) noexcept
    : state_(std::move(other.state_)), thread_(std::move(other.thread_)),
      why_inactive_(std::move(other.why_inactive_)), dropped_(other.dropped_) {}

inline recorder& recorder::operator=(recorder&& other) noexcept {
    recorder taken(std::move(other));
    state_.swap(taken.state_);
    std::swap(thread_, taken.thread_);
    why_inactive_.swap(taken.why_inactive_);
    dropped_ = taken.dropped_;
    return *this;
}

inline recorder::~recorder() {
    if (state_ && state_->mark.is_original()) {
        const bool thrown = std::uncaught_exceptions() > state_->exceptions;
        (void)finish(thrown ? run_status::error : run_status::completed,
                     thrown ? "an exception was thrown" : "");
    } else {
        forget_in_child();
    }
}

inline recorder recorder::current(const recorder_options& options) {
    auto directory = os::find_variable(std::string(evaluation_variable));
    if (!directory) {
        directory = os::find_variable(std::string(run_variable));
    }
    if (!directory || directory->empty()) {
        return recorder(make_error(errc::not_found, "RUNDIR does not name a run"));
    }
    recorder made;
    auto started = made.start({os::absolute_path(*directory), {}, {}, find_rank()}, options);
    return started ? std::move(made) : recorder(std::move(started).error());
}

inline result<recorder> recorder::create(const std::string& run_root, const new_run& what,
                                         const recorder_options& options) {
    recorder made;
    auto started = made.start({{}, os::absolute_path(run_root), what, find_rank()}, options);
    if (!started) {
        return std::move(started).error();
    }
    const bool is_open = [&made] {
        const os::lock held(made.state_->guard);
        return made.state_->is_open;
    }();
    if (!is_open) {
        error late = make_error(errc::timed_out, "expected files within " +
                                                     std::to_string(options.start_ms) +
                                                     " ms, the file system does not answer");
        (void)made.finish(run_status::error, late.message);
        return late;
    }
    return result<recorder>(std::move(made));
}

// Without an error the files are open, or `start_ms` have passed.
inline result<void> recorder::start(recorder_target target, const recorder_options& options) {
    auto state = std::make_shared<recorder_state>(std::move(target), options);
    auto thread = os::thread::start([state] { recorder_loop(*state).run(); });
    if (!thread) {
        return std::move(thread).error();
    }
    std::optional<error> failure;
    {
        os::lock held(state->guard);
        (void)state->wait(held, options.start_ms,
                          [&state] { return state->is_open || state->is_done; });
        if (state->is_done && !state->is_open) {
            failure = state->failure;
        }
    }
    if (failure) {
        return std::move(*failure);  // the thread is at its end, and is joined
    }
    thread_ = std::move(*thread);
    state_ = std::move(state);
    return {};
}

inline recorder_state* recorder::own_state() const noexcept {
    return state_ && state_->mark.is_original() ? state_.get() : nullptr;
}

inline bool recorder::is_active() const noexcept {
    return own_state() != nullptr;
}

inline std::string recorder::run_directory() const {
    return is_active() ? state_->run_directory : std::string();
}

inline series_id recorder::series(std::string_view key) {
    recorder_state* state = own_state();
    if (state == nullptr) {
        return {};
    }
    const os::lock held(state->guard);
    const auto found = state->ids.find(key);
    if (found != state->ids.end()) {
        return {found->second};
    }
    const auto number = static_cast<std::uint32_t>(state->ids.size());
    state->ids.emplace(key, number);
    state->new_keys.emplace_back(key);
    return {number};
}

inline void recorder::log(std::int64_t step, const logged_value* values,
                          std::size_t count) noexcept {
    if (state_ == nullptr) {
        return;
    }
    // First of all: the processor waits at a look at the clock for whatever was begun before.
    const std::int64_t time_us = state_->now_us();
    recorder_state* state = own_state();
    if (state == nullptr) {
        return;
    }
    while (count > 0) {
        const std::size_t part = std::min(count, frame::most_values);
        const auto sample_at = [values](std::size_t i) noexcept {
            return series::sample{values[i].id.number, values[i].value};
        };
        if (!state->ring.put(step, time_us, part, sample_at)) {
            state->dropped.fetch_add(part, std::memory_order_relaxed);
        }
        values += part;
        count -= part;
    }
}

inline bool recorder::flush(std::int64_t timeout_ms) {
    recorder_state* state = own_state();
    if (state == nullptr) {
        return false;
    }
    os::lock held(state->guard);
    const std::uint64_t wanted = ++state->flushes_wanted;
    state->changed.notify_all();
    const auto is_over = [&] { return state->flushes_done >= wanted || state->is_done; };
    return state->wait(held, timeout_ms, is_over) && !state->failure;
}

inline bool recorder::finish(run_status status, std::string cause) {
    recorder_state* state = own_state();
    if (state == nullptr) {
        return true;
    }
    bool is_done = false;
    bool is_written = false;
    {
        os::lock held(state->guard);
        state->end.status = status;
        state->end.cause = std::move(cause);
        state->is_stopping = true;
        state->changed.notify_all();
        is_done = state->wait(held, recorder_exit_ms, [state] { return state->is_done; });
        is_written = is_done && state->is_open;
        why_inactive_ = state->failure;
    }
    frame left;  // when nothing could be opened
    while (is_done && state->ring.take(left)) {
        state->dropped += left.count;
    }
    dropped_ = dropped();
    is_done ? thread_.join() : thread_.detach();
    state_.reset();
    return is_written;
}

inline std::uint64_t recorder::dropped() const noexcept {
    return state_ ? state_->dropped + state_->refused : dropped_;
}

inline std::optional<error> recorder::last_error() const {
    recorder_state* state = own_state();
    if (state == nullptr) {
        return why_inactive_;
    }
    const os::lock held(state->guard);
    return state->failure;
}

// In a forked child there is no such thread, and the files are the parent's: nothing of it may be
// flushed, joined or closed, so the memory is left.
inline void recorder::forget_in_child() noexcept {
    if (state_) {
        (void)new std::pair(std::move(state_), std::move(thread_));
    }
}

}}}  // namespace guild::runs
