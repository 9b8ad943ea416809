// guild/runs/recorder.hpp - logs numbers from inside a training program, without ever holding it
// up.
//
// Layer 4. Includes: base, os/thread fork_mark, series/writer, runs/frame_ring run_files.
// Not here: recording a command from outside (runs/supervisor.hpp); event files
// (tfevents/writer.hpp).
//
//     auto run = guild::runs::recorder::current();     // the run of $RUNDIR; does nothing outside
//     one auto loss = run.series("train/loss");            // once
//     run.log(step, {{loss, 0.25}});                   // any thread; no allocation, no system call
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/fork_mark.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/frame_ring.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run_files.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/writer.hpp>
#include <guild/version.hpp>

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

/// units    ring_frames: log() calls of up to 3 values that wait to be written before any is
///          dropped, 64 bytes each; of more values, as many of them as it has threes;
///          flush_interval_ms: milliseconds until what was logged can be read by others
struct recorder_options {
    std::size_t ring_frames = 16384;
    std::int64_t flush_interval_ms = 500;
    const os::env* system = &os::system_env;
};

/// What a run of the program's own is called and made of.
struct new_run {
    std::string name;  // last part of the directory's name
    pair_list flags;
    pair_list attrs;
    pair_list meta;  // more keys of meta.tsv, for example model
};

namespace detail {
struct recorder_state;
}

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

    /// Joins the run whose directory $RUNDIR names, with a series file of this process's own; in an
    /// evaluation that of $EVALDIR, so that the run it evaluates stays as it is. Inactive where
    /// there is no such run or nothing can be written: see last_error().
    [[nodiscard]] static recorder current(const recorder_options& options = {});

    /// Makes a run of this program's own below `run_root`, with LOCK and end status.
    ///
    /// errors   permission_denied, read_only, no_space, ...: from making its files;
    ///          resource_exhausted: no thread to be had
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
    /// out      false when writing took longer than 100 ms and goes on without us
    bool finish(run_status status = run_status::completed, std::string cause = {});

    /// Values that were dropped because the ring was full or the disk refused them for too long.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

    /// The first thing that went wrong.
    [[nodiscard]] std::optional<error> last_error() const;

private:
    explicit recorder(error why) : why_inactive_(std::move(why)) {}
    [[nodiscard]] result<void> start(std::shared_ptr<detail::recorder_state> state);
    [[nodiscard]] detail::recorder_state* own_state() const noexcept;
    void forget_in_child() noexcept;

    std::shared_ptr<detail::recorder_state> state_;
    os::thread thread_;
    std::optional<error> why_inactive_;
    std::uint64_t dropped_ = 0;  // once finished
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t recorder_exit_ms = 100;

// Shared by the recorder and its thread, which may outlive it in a write that does not return.
struct recorder_state {
    recorder_state(series::writer made, const recorder_options& given)
        : boot_time_us(given.system->boot_time_us),
          wall_less_boot_us(given.system->wall_time_us() - boot_time_us()), options(given),
          ring(given.ring_frames), writer(std::move(made)) {}

    std::int64_t now_us() const noexcept { return wall_less_boot_us + boot_time_us(); }

    // What log() needs, side by side.
    std::int64_t (*const boot_time_us)();
    const std::int64_t wall_less_boot_us;
    const os::fork_mark mark;
    const recorder_options options;
    frame_ring ring;
    std::atomic<std::uint64_t> dropped{0};  // for want of room in the ring
    std::atomic<std::uint64_t> refused{0};  // by the disk, for too long
    std::string run_directory;
    int exceptions = std::uncaught_exceptions();

    // The thread's alone.
    series::writer writer;
    std::optional<run_files> own_run;
    std::vector<std::uint32_t> writer_ids;  // by series_id

    os::mutex guard;  // over everything below
    os::condition changed;
    std::map<std::string, std::uint32_t, std::less<>> ids;
    std::vector<std::string> new_keys;  // not yet known to the thread
    std::optional<error> failure;
    run_end end;
    std::uint64_t flushes_wanted = 0;
    std::uint64_t flushes_done = 0;
    bool is_stopping = false;
    bool is_done = false;
};

// The thread of a recorder.
class recorder_loop {
public:
    explicit recorder_loop(recorder_state& state) : state_(state) {}

    void run() {
        while (!wait_for_work()) {
            const bool is_late = now_ms() - flushed_at_ms_ >= state_.options.flush_interval_ms;
            if (const std::uint64_t wanted = flushes_wanted(); is_late || wanted > flushed_) {
                flush(wanted);
            }
        }
        drain();
        flush(flushes_wanted());
        close();
    }

private:
    std::int64_t now_ms() const { return state_.options.system->boot_time_us() / 1000; }

    std::uint64_t flushes_wanted() {
        const os::lock held(state_.guard);
        return state_.flushes_wanted;
    }

    // Empties the ring; with nothing in it, sleeps a little longer each time. True: time to stop.
    bool wait_for_work() {
        idle_ms_ = drain() ? 1 : std::min<std::int64_t>(idle_ms_ * 2, 50);
        os::lock held(state_.guard);
        if (!state_.is_stopping && state_.flushes_wanted == flushed_) {
            (void)state_.changed.wait_for_ms(held, idle_ms_);
        }
        return state_.is_stopping;
    }

    bool drain() {
        frame next;
        bool any = false;
        while (state_.ring.take(next)) {
            any = true;
            for (std::uint32_t i = 0; i < next.count; ++i) {
                next.values[i].id = writer_id(next.values[i].id);
            }
            state_.writer.append(next.step, next.time_us, next.values, next.count);
        }
        return any;
    }

    std::uint32_t writer_id(std::uint32_t id) {
        if (id >= state_.writer_ids.size()) {
            const os::lock held(state_.guard);
            for (const std::string& key : state_.new_keys) {
                state_.writer_ids.push_back(state_.writer.series(key));
            }
            state_.new_keys.clear();
        }
        return id < state_.writer_ids.size() ? state_.writer_ids[id] : series::no_series;
    }

    void flush(std::uint64_t wanted) {
        drain();
        follow_directory();
        auto written = state_.writer.flush();
        state_.refused = state_.writer.points_dropped();
        beat();
        flushed_at_ms_ = now_ms();
        const os::lock held(state_.guard);
        if (!state_.failure && (!written || state_.writer.last_error())) {
            state_.failure = written ? *state_.writer.last_error() : written.error();
        }
        flushed_ = state_.flushes_done = wanted;
        state_.changed.notify_all();
    }

    // A run directory that was deleted and stands again gets our file back.
    void follow_directory() {
        os::file_status mine;
        const bool has_name =
            state_.options.system->fstat(state_.writer.fd(), &mine) < 0 || mine.links > 0;
        const std::string directory = data_path(state_.run_directory, series_directory);
        if (!has_name && os::is_directory(directory)) {
            (void)state_.writer.move_to(directory);  // kept where it is after an error; tried again
        }
    }

    void beat() {
        if (state_.own_run && now_ms() - beat_at_ms_ >= heartbeat_us / 1000) {
            beat_at_ms_ = now_ms();
            (void)state_.own_run->beat();
        }
    }

    void close() {
        if (state_.own_run) {
            run_end end;
            {
                const os::lock held(state_.guard);
                end = state_.end;
            }
            end.stopped_us = state_.options.system->wall_time_us();
            (void)state_.own_run->end(end, data_path(state_.run_directory));
        }
        auto closed = state_.writer.close();
        state_.refused = state_.writer.points_dropped();
        const os::lock held(state_.guard);
        if (!closed && !state_.failure) {
            state_.failure = closed.error();
        }
        state_.is_done = true;
        state_.changed.notify_all();
    }

    recorder_state& state_;
    std::int64_t idle_ms_ = 1;
    std::int64_t flushed_at_ms_ = now_ms();
    std::int64_t beat_at_ms_ = now_ms();
    std::uint64_t flushed_ = 0;
};

// What `make` returns, called where no signal reaches it: a limit on the size of files must not end
// the program that is being recorded (SIGXFSZ).
template <class Make>
auto without_signals(Make&& make) -> decltype(make()) {
    std::optional<decltype(make())> made;
    auto thread = os::thread::start([&made, &make] { made.emplace(make()); });
    if (!thread) {
        return make();
    }
    thread->join();
    return std::move(*made);
}

inline pair_list start_pairs(const new_run& what, std::int64_t now_us) {
    pair_list pairs = {{"format", "1"}, {"guild_version", version}};
    pairs.insert(pairs.end(), what.meta.begin(), what.meta.end());
    pairs.emplace_back("cwd", os::current_directory());
    pairs.emplace_back("pid", std::to_string(os::process_id()));
    pairs.emplace_back("started_us", std::to_string(now_us));
    return pairs;
}

}  // namespace detail

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
    if (!directory || directory->empty() || !os::is_directory(data_path(*directory))) {
        return recorder(make_error(errc::not_found, "RUNDIR does not name a run"));
    }
    auto writer = detail::without_signals([&] {
        return series::writer::create(data_path(*directory, series_directory), {}, *options.system);
    });
    if (!writer) {
        return recorder(std::move(writer).error());
    }
    auto state = std::make_shared<detail::recorder_state>(std::move(*writer), options);
    state->run_directory = os::absolute_path(*directory);
    recorder made;
    auto started = made.start(std::move(state));
    return started ? std::move(made) : recorder(std::move(started).error());
}

inline result<recorder> recorder::create(const std::string& run_root, const new_run& what,
                                         const recorder_options& options) {
    const std::int64_t now_us = options.system->wall_time_us();
    auto directory = create_run_directory(os::absolute_path(run_root), what.name, now_us);
    if (!directory) {
        return std::move(directory).error();
    }
    auto files =
        detail::without_signals([&] { return run_files::create(*directory, *options.system); });
    if (!files) {
        return std::move(files).error();
    }
    auto writer = detail::without_signals([&] {
        return series::writer::create(data_path(*directory, series_directory), {}, *options.system);
    });
    const auto written = detail::without_signals([&] {
        return writer ? files->start(detail::start_pairs(what, now_us), what.flags, what.attrs)
                      : result<void>(writer.error());
    });
    if (!written) {
        (void)files->end_with(written.error(), data_path(*directory));
        return written.error();
    }
    auto state = std::make_shared<detail::recorder_state>(std::move(*writer), options);
    state->run_directory = std::move(*directory);
    state->own_run.emplace(std::move(*files));
    recorder made;
    auto started = made.start(std::move(state));
    if (!started) {
        return std::move(started).error();
    }
    return result<recorder>(std::move(made));
}

inline result<void> recorder::start(std::shared_ptr<detail::recorder_state> state) {
    auto thread = os::thread::start([state] { detail::recorder_loop(*state).run(); });
    if (!thread) {
        return std::move(thread).error();
    }
    thread_ = std::move(*thread);
    state_ = std::move(state);
    return {};
}

inline detail::recorder_state* recorder::own_state() const noexcept {
    return state_ && state_->mark.is_original() ? state_.get() : nullptr;
}

inline bool recorder::is_active() const noexcept {
    return own_state() != nullptr;
}

inline std::string recorder::run_directory() const {
    return is_active() ? state_->run_directory : std::string();
}

inline series_id recorder::series(std::string_view key) {
    detail::recorder_state* state = own_state();
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
    detail::recorder_state* state = own_state();
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
    detail::recorder_state* state = own_state();
    if (state == nullptr) {
        return false;
    }
    const std::int64_t until_us = state->options.system->boot_time_us() + timeout_ms * 1000;
    os::lock held(state->guard);
    const std::uint64_t wanted = ++state->flushes_wanted;
    state->changed.notify_all();
    while (state->flushes_done < wanted) {
        const std::int64_t left_us = until_us - state->options.system->boot_time_us();
        if (left_us <= 0) {
            return false;
        }
        (void)state->changed.wait_for_ms(held, left_us / 1000 + 1);
    }
    return !state->failure;
}

inline bool recorder::finish(run_status status, std::string cause) {
    detail::recorder_state* state = own_state();
    if (state == nullptr) {
        return true;
    }
    bool is_done = false;
    {
        os::lock held(state->guard);
        state->end.status = status;
        state->end.cause = std::move(cause);
        state->is_stopping = true;
        state->changed.notify_all();
        const std::int64_t until_us =
            os::system_env.boot_time_us() + detail::recorder_exit_ms * 1000;
        for (std::int64_t left_us = 1; !state->is_done && left_us > 0;) {
            left_us = until_us - os::system_env.boot_time_us();
            (void)state->changed.wait_for_ms(held, (left_us + 999) / 1000);
        }
        is_done = state->is_done;
        why_inactive_ = state->failure;
    }
    dropped_ = dropped();
    is_done ? thread_.join() : thread_.detach();
    state_.reset();
    return is_done;
}

inline std::uint64_t recorder::dropped() const noexcept {
    return state_ ? state_->dropped + state_->refused : dropped_;
}

inline std::optional<error> recorder::last_error() const {
    detail::recorder_state* state = own_state();
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
