// guild/runs/recorder_loop.hpp - the thread behind a recorder: opens the files of a run, empties
// the ring into them, records the end.
//
// Layer 4. Includes: base, os/thread fork_mark, series/writer, runs/frame_ring
// run_files.
// Not here: what a training program calls (runs/recorder.hpp).
//
// Every call of the system that a disk may hold up is made by this thread, and no lock is held
// meanwhile. It blocks all signals: that of a limit on the size of files (SIGXFSZ) never reaches
// the program.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/fork_mark.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/frame_ring.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/run_files.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/file_builder.hpp>
#include <guild/series/writer.hpp>
#include <guild/version.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// units    ring_frames: log() calls of up to 3 values that wait to be written before any is
///          dropped, 64 bytes each; of more values, as many of them as it has threes;
///          flush_interval_ms: milliseconds until what was logged can be read by others; start_ms:
///          milliseconds that the program waits for its files at the start
struct recorder_options {
    std::size_t ring_frames = 16384;
    std::int64_t flush_interval_ms = 500;
    std::int64_t start_ms = 2'000;
    const os::env* system = &os::system_env;
};

/// What a run of the program's own is called and made of.
struct new_run {
    std::string name;  // last part of the directory's name
    pair_list flags;
    pair_list attrs;
    pair_list meta;  // more keys of meta.tsv, for example model
};

/// How long a program waits for the thread at the end, whatever the disk does: with what else its
/// end takes that is less than 100 ms.
///
/// units    milliseconds
inline constexpr std::int64_t recorder_exit_ms = 90;

/// Where a recorder writes: into the run of a directory that is there, or a new one.
struct recorder_target {
    std::string run_directory;  // empty: a new one,
    std::string run_root;       // below this,
    new_run what;               // of this
    std::optional<std::uint32_t> rank;
};

/// Shared by a recorder and its thread, which may outlive it in a write that does not return.
struct recorder_state {
    recorder_state(recorder_target wanted, const recorder_options& given)
        : boot_time_us(given.system->boot_time_us),
          wall_less_boot_us(given.system->wall_time_us() - boot_time_us()), options(given),
          ring(given.ring_frames), run_directory(wanted.run_directory), target(std::move(wanted)) {}

    [[nodiscard]] std::int64_t now_us() const noexcept {
        return wall_less_boot_us + boot_time_us();
    }

    /// Waits until `holds()`, which looks at what `guard` protects, or for so long.
    ///
    /// out      what `holds()` said last
    template <class Holds>
    bool wait(os::lock& held, std::int64_t time_ms, Holds holds);

    // What log() needs, side by side.
    std::int64_t (*const boot_time_us)();
    const std::int64_t wall_less_boot_us;
    const os::fork_mark mark;
    const recorder_options options;
    frame_ring ring;
    std::atomic<std::uint64_t> dropped{0};  // for want of room in the ring
    std::atomic<std::uint64_t> refused{0};  // by the disk, for too long
    std::string run_directory;              // the thread's until is_open
    const int exceptions = std::uncaught_exceptions();

    // The thread's alone.
    const recorder_target target;
    std::optional<series::writer> writer;
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
    bool is_open = false;
    bool is_stopping = false;
    bool is_done = false;  // the thread is about to return
};

/// What the thread of a recorder does.
///
/// example  tests/runs/recorder_loop.cpp "recorder loop: opens, writes what was logged and closes"
class recorder_loop {
public:
    explicit recorder_loop(recorder_state& state) : state_(state) {}

    /// Returns once is_stopping is set, or when nothing can be opened.
    void run();

private:
    [[nodiscard]] std::int64_t now_ms() const {
        return state_.options.system->boot_time_us() / 1000;
    }
    [[nodiscard]] result<void> open();
    [[nodiscard]] result<void> open_new();
    [[nodiscard]] result<void> open_writer();
    void tell_opened(const result<void>& opened);
    [[nodiscard]] std::uint64_t flushes_wanted();
    [[nodiscard]] bool wait_for_work();
    bool drain();
    [[nodiscard]] std::uint32_t writer_id(std::uint32_t id);
    void flush(std::uint64_t wanted);
    void follow_directory();
    void beat();
    void close();
    void tell_done();

    recorder_state& state_;
    std::int64_t idle_ms_ = 1;
    std::int64_t flushed_at_ms_ = now_ms();
    std::int64_t beat_at_ms_ = now_ms();
    std::uint64_t flushed_ = 0;
};

// ---- implementation ---------------------------------------------------------

template <class Holds>
bool recorder_state::wait(os::lock& held, std::int64_t time_ms, Holds holds) {
    const std::int64_t until_us = os::system_env.boot_time_us() + time_ms * 1000;
    while (!holds()) {
        const std::int64_t left_us = until_us - os::system_env.boot_time_us();
        if (left_us <= 0) {
            return false;
        }
        (void)changed.wait_for_ms(held, (left_us + 999) / 1000);
    }
    return true;
}

namespace detail {

inline pair_list start_pairs(const new_run& what, std::int64_t now_us) {
    pair_list pairs = {{"format", "1"}, {"guild_version", version}};
    pairs.insert(pairs.end(), what.meta.begin(), what.meta.end());
    pairs.emplace_back("cwd", os::current_directory());
    pairs.emplace_back("pid", std::to_string(os::process_id()));
    pairs.emplace_back("started_us", std::to_string(now_us));
    return pairs;
}

}  // namespace detail

inline void recorder_loop::run() {
    const auto opened = open();
    tell_opened(opened);
    if (opened) {
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
    tell_done();
}

inline result<void> recorder_loop::open() {
    if (state_.target.run_directory.empty()) {
        return open_new();
    }
    if (!os::is_directory(data_path(state_.run_directory))) {
        return make_error(errc::not_found, "RUNDIR does not name a run");
    }
    return open_writer();
}

inline result<void> recorder_loop::open_new() {
    const new_run& what = state_.target.what;
    const os::env& system = *state_.options.system;
    const std::int64_t now_us = system.wall_time_us();
    auto directory = create_run_directory(state_.target.run_root, what.name, now_us);
    if (!directory) {
        return std::move(directory).error();
    }
    state_.run_directory = std::move(*directory);
    auto files = run_files::create(state_.run_directory, system);
    if (!files) {
        return std::move(files).error();
    }
    auto opened = open_writer();
    if (opened) {
        opened = files->start(detail::start_pairs(what, now_us), what.flags, what.attrs);
    }
    if (!opened) {
        (void)files->end_with(opened.error(), data_path(state_.run_directory));
        return opened;
    }
    state_.own_run.emplace(std::move(*files));
    return {};
}

inline result<void> recorder_loop::open_writer() {
    series::writer_options options;
    options.rank = state_.target.rank;
    auto writer = series::writer::create(data_path(state_.run_directory, series_directory), options,
                                         *state_.options.system);
    if (!writer) {
        return std::move(writer).error();
    }
    state_.writer.emplace(std::move(*writer));
    return {};
}

inline void recorder_loop::tell_opened(const result<void>& opened) {
    const os::lock held(state_.guard);
    state_.is_open = opened.has_value();
    if (!opened) {
        state_.failure = opened.error();
    }
    state_.changed.notify_all();
}

inline std::uint64_t recorder_loop::flushes_wanted() {
    const os::lock held(state_.guard);
    return state_.flushes_wanted;
}

// Empties the ring; with nothing in it, sleeps a little longer each time. True: time to stop.
inline bool recorder_loop::wait_for_work() {
    idle_ms_ = drain() ? 1 : std::min<std::int64_t>(idle_ms_ * 2, 50);
    os::lock held(state_.guard);
    if (!state_.is_stopping && state_.flushes_wanted == flushed_) {
        (void)state_.changed.wait_for_ms(held, idle_ms_);
    }
    return state_.is_stopping;
}

inline bool recorder_loop::drain() {
    frame next;
    bool any = false;
    while (state_.ring.take(next)) {
        any = true;
        for (std::uint32_t i = 0; i < next.count; ++i) {
            next.values[i].id = writer_id(next.values[i].id);
        }
        state_.writer->append(next.step, next.time_us, next.values, next.count);
    }
    return any;
}

inline std::uint32_t recorder_loop::writer_id(std::uint32_t id) {
    if (id >= state_.writer_ids.size()) {
        const os::lock held(state_.guard);
        for (const std::string& key : state_.new_keys) {
            state_.writer_ids.push_back(state_.writer->series(key));
        }
        state_.new_keys.clear();
    }
    return id < state_.writer_ids.size() ? state_.writer_ids[id] : series::no_series;
}

inline void recorder_loop::flush(std::uint64_t wanted) {
    drain();
    follow_directory();
    auto written = state_.writer->flush();
    state_.refused = state_.writer->points_dropped();
    beat();
    flushed_at_ms_ = now_ms();
    const os::lock held(state_.guard);
    if (!state_.failure && (!written || state_.writer->last_error())) {
        state_.failure = written ? *state_.writer->last_error() : written.error();
    }
    flushed_ = state_.flushes_done = wanted;
    state_.changed.notify_all();
}

// A run directory that was deleted and stands again gets our file back.
inline void recorder_loop::follow_directory() {
    os::file_status mine;
    const bool has_name =
        state_.options.system->fstat(state_.writer->fd(), &mine) < 0 || mine.links > 0;
    const std::string directory = data_path(state_.run_directory, series_directory);
    if (!has_name && os::is_directory(directory)) {
        (void)state_.writer->move_to(directory);  // kept where it is after an error; tried again
    }
}

inline void recorder_loop::beat() {
    if (state_.own_run && now_ms() - beat_at_ms_ >= heartbeat_us / 1000) {
        beat_at_ms_ = now_ms();
        (void)state_.own_run->beat();
    }
}

inline void recorder_loop::close() {
    if (state_.own_run) {
        run_end end;
        {
            const os::lock held(state_.guard);
            end = state_.end;
        }
        end.stopped_us = state_.options.system->wall_time_us();
        (void)state_.own_run->end(end, data_path(state_.run_directory));
    }
    auto closed = state_.writer->close();
    state_.refused = state_.writer->points_dropped();
    const os::lock held(state_.guard);
    if (!closed && !state_.failure) {
        state_.failure = closed.error();
    }
}

inline void recorder_loop::tell_done() {
    const os::lock held(state_.guard);
    state_.is_done = true;
    state_.changed.notify_all();
}

}}}  // namespace guild::runs
