// guild/series/writer.hpp - writes one series file: the numbers that one process logs in one run.
//
// Layer 3. Includes: base, os, series/file_builder.hpp.
// Not here: which bytes (series/file_builder.hpp); a ring that any thread may feed
// (runs/recorder.hpp); reading (series/reader.hpp).
//
// append() gathers frames; flush() makes them blocks and appends those with one write. What a
// reader has seen never disappears: a write that falls short keeps its whole blocks and repeats the
// rest, a sync that fails is followed by a new file that repeats what was not synced.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/fork_mark.hpp>
#include <guild/os/identity.hpp>
#include <guild/series/file_builder.hpp>
#include <guild/series/format.hpp>
#include <guild/series/point.hpp>
#include <guild/series/writer_options.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Writes one series file and, where the file system fails it, the files that continue it.
///
/// units    steps: any int64 in any order; times: microseconds since 1970-01-01 UTC
/// threads  one at a time. In a forked child it does nothing, not even at its end: the file is the
///          parent's
/// example  tests/series/writer.cpp "writer: what it writes is what the reader reads, bit for bit"
class writer {
public:
    /// Makes `directory` if it is missing and in it a new file `START_NS-PID-HOST.gts`.
    ///
    /// errors   permission_denied, not_a_directory, no_space, read_only: from making the two
    [[nodiscard]] static result<writer> create(const std::string& directory,
                                               writer_options options = {},
                                               const os::env& system = os::system_env);

    writer(writer&&) noexcept = default;
    writer& operator=(writer&&) = delete;
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer() { (void)close(); }

    /// The id of the series `key`, made when it is new. Keys are any bytes, at most max_key_bytes;
    /// a longer one gives no_series, whose points are dropped and counted.
    [[nodiscard]] std::uint32_t series(std::string_view key) { return builder_.series(key); }

    /// Logs `count` values of one moment. May flush; an error of that is kept in last_error().
    ///
    /// cost     O(count) into memory; no allocation after warm-up
    void append(std::int64_t step, std::int64_t time_us, const sample* values, std::size_t count);

    /// Logs one value.
    void append_one(std::int64_t step, std::int64_t time_us, std::uint32_t id, number value) {
        const sample one{id, value};
        append(step, time_us, &one, 1);
    }

    /// Writes a remark, for example {{"mark", "resumed"}}, at the next flush.
    void add_note(std::int64_t time_us, std::vector<std::pair<std::string, std::string>> texts);

    /// Writes everything gathered, then syncs as the policy says. Call it once a second or so.
    ///
    /// errors   no_space, io_failed, ...: what could not be written is kept and tried again by the
    ///          next flush; closed after close()
    [[nodiscard]] result<void> flush();

    /// Flushes and returns once everything is on the device.
    ///
    /// With sync_policy::none nothing is kept to be written again, should the device fail here.
    /// errors   as flush()
    [[nodiscard]] result<void> sync();

    /// Writes the last index, syncs unless the policy is none, and closes.
    ///
    /// errors   as flush(); then what could not be written is lost and counted
    [[nodiscard]] result<void> close();

    /// Goes on in a copy of the file below `directory`: for a run directory that was deleted.
    ///
    /// A file of the same name that is this very file is left as it is, and known by that path.
    /// errors   closed; already_exists, no_space, permission_denied, io_failed: the old one is kept
    [[nodiscard]] result<void> move_to(const std::string& directory);

    /// Renames the file to `path`, in one step; a file that stands there is replaced.
    ///
    /// in       path: on the same file system
    /// errors   closed; those of rename: the old name is kept
    [[nodiscard]] result<void> rename_to(const std::string& path);

    /// The time of now: the wall clock at the start plus what the clock since boot has counted
    /// since.
    [[nodiscard]] std::int64_t now_us() const {
        return header_.start_wall_us + (system_->boot_time_us() - header_.start_boot_us);
    }

    /// The descriptor and path of the current file, open for reading and writing. Both change when
    /// the writer continues in a new file, and with move_to().
    [[nodiscard]] int fd() const noexcept { return file_.fd(); }
    [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }

    /// Whether there is a file to write to: not after close(), and not in a forked child.
    [[nodiscard]] bool is_open() const noexcept { return file_.is_open() && mark_->is_original(); }
    [[nodiscard]] const file_header& header() const noexcept { return header_; }

    /// The first error of a write or sync, and how many there were.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }
    [[nodiscard]] std::uint64_t errors() const noexcept { return errors_; }

    /// Points that found no room while the disk refused those before them, or had no series.
    [[nodiscard]] std::uint64_t points_dropped() const noexcept { return dropped_; }

    /// Points that were appended and are not in the file yet.
    [[nodiscard]] std::uint64_t points_pending() const noexcept {
        return shown_path_.empty() ? builder_.points_pending() : builder_.points() - points_before_;
    }

private:
    static constexpr int max_continuations = 16;

    writer(writer_options options, const os::env& system)
        : options_(std::move(options)), system_(&system), mark_(std::make_unique<os::fork_mark>()) {
    }

    result<void> start_file(const std::string& directory, const uuid& continues,
                            std::uint64_t continues_sequence);
    result<os::file> make_file(const std::string& directory, const file_header& header);
    result<void> show_file();
    result<void> rename_file(const std::string& path);
    result<void> end_file();
    void note_gap();
    result<void> write_pending();
    result<void> write_failed(const error& what, std::size_t written);
    void commit(std::size_t bytes);
    result<void> sync_file();
    result<void> flush_at(std::int64_t now_us);
    result<void> sync_if_due(std::int64_t now_us);
    result<void> sync_directory();
    result<void> continue_in_new_file();
    // A device that fails every file is not answered with files without end.
    [[nodiscard]] bool may_continue() const noexcept {
        return builder_.written() > header_bytes && continuations_ < max_continuations;
    }
    void note_error(const error& what);

    [[nodiscard]] error closed_error() const;

    writer_options options_;
    const os::env* system_;
    std::unique_ptr<os::fork_mark> mark_;
    os::file file_;
    file_header header_;
    file_builder builder_;
    std::string unsynced_;  // blocks that are in the file and were not synced

    std::int64_t flushed_us_ = 0;  // both on the coarse clock
    std::int64_t synced_us_ = 0;
    bool refused_ = false;    // the last write failed
    bool poisoned_ = false;   // the file is not to be trusted any more: a new one is due
    bool is_synced_ = false;  // the file was, at least once
    bool directory_synced_ = false;
    std::string shown_path_;  // of a file that has another name until it holds what it repeats
    std::uint64_t points_before_ = 0;  // that such a file repeats, and that another one still shows
    std::string useless_;  // a file that holds nothing else than the new one, once that is shown
    int continuations_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t dropped_noted_ = 0;
    std::uint64_t errors_ = 0;
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

inline result<writer> writer::create(const std::string& directory, writer_options options,
                                     const os::env& system) {
    writer made(std::move(options), system);
    auto started = made.start_file(directory, {}, 0);
    if (!started) {
        return std::move(started).error();
    }
    if (made.options_.attempt > 0) {
        const std::string attempt = std::to_string(made.options_.attempt);
        made.add_note(made.header_.start_wall_us, {{"mark", "resume"}, {"attempt", attempt}});
    }
    return made;
}

inline result<void> writer::start_file(const std::string& directory, const uuid& continues,
                                       std::uint64_t continues_sequence) {
    auto made = os::make_directories(directory, 0777, *system_);
    if (!made) {
        return made;
    }
    file_header header = make_header(options_, header_, *system_);
    header.continues = continues;
    header.continues_sequence = continues_sequence;
    auto file = make_file(directory, header);
    if (!file) {
        return std::move(file).error();
    }
    auto written = file->write_at(0, encode_header(header));
    if (!written) {
        (void)system_->unlink(file->path().c_str());
        return written;
    }
    file_ = std::move(*file);
    header_ = header;
    builder_.start(header.id);
    unsynced_.clear();
    is_synced_ = directory_synced_ = false;
    flushed_us_ = synced_us_ = system_->coarse_time_us();
    return {};
}

// A file that continues another is shown to readers when it holds all that it repeats: from then on
// they leave those blocks of the other one out.
inline result<os::file> writer::make_file(const std::string& directory, const file_header& header) {
    const std::string hidden = ".new-" + std::to_string(os::process_id());
    for (int serial = 1;; ++serial) {
        const std::string path =
            join_path(directory, series_file_name(header.start_wall_us, options_, serial));
        const bool is_hidden = header.is_continuation();
        if (is_hidden && os::find_link_status(path, *system_)) {
            continue;
        }
        auto file =
            os::open_file(is_hidden ? path + hidden : path, os::open_mode::create_new, *system_);
        if (file || file.error().code != errc::already_exists) {
            shown_path_ = file && is_hidden ? path : std::string();
            return file;
        }
    }
}

inline result<void> writer::show_file() {
    if (shown_path_.empty()) {
        return {};
    }
    auto shown = rename_file(std::exchange(shown_path_, {}));
    if (!shown) {
        shown_path_ = shown.error().path;
        note_error(shown.error());
        return shown;
    }
    if (!useless_.empty()) {
        (void)system_->unlink(std::exchange(useless_, {}).c_str());
    }
    if (options_.sync == sync_policy::none) {
        unsynced_.clear();
    }
    return {};
}

inline void writer::append(std::int64_t step, std::int64_t time_us, const sample* values,
                           std::size_t count) {
    constexpr std::size_t max_values = std::size_t{1} << 20U;
    const std::size_t waiting = builder_.pending().size() + builder_.frame_bytes();
    if (!is_open() || count > max_values || waiting >= options_.max_pending_bytes || count == 0) {
        dropped_ += count;
        return;
    }
    const auto is_known = [&](const sample& value) { return value.id < builder_.series_count(); };
    if (!std::all_of(values, values + count, is_known)) {
        std::vector<sample> known;
        std::copy_if(values, values + count, std::back_inserter(known), is_known);
        dropped_ += count - known.size();
        append(step, time_us, known.data(), known.size());
        return;
    }
    builder_.add_frame(step, time_us, values, count);
    const bool full = builder_.frame_bytes() >= options_.flush_bytes;
    if (full && refused_) {
        builder_.seal_frames();  // blocks keep their size while the disk refuses them
    }
    const bool is_timed = options_.flush_interval_ms >= 0;
    const std::int64_t now_us = is_timed || full ? system_->coarse_time_us() : 0;
    const bool late = is_timed && now_us - flushed_us_ >= options_.flush_interval_ms * 1000;
    if ((full && !refused_) || late) {
        (void)flush_at(now_us);
    }
}

inline void writer::add_note(std::int64_t time_us,
                             std::vector<std::pair<std::string, std::string>> texts) {
    if (is_open()) {
        builder_.add_note({time_us, std::move(texts)});
    }
}

inline void writer::note_gap() {
    if (dropped_noted_ != dropped_) {
        const std::string points = std::to_string(dropped_ - dropped_noted_);
        dropped_noted_ = dropped_;
        add_note(now_us(), {{"mark", "gap"}, {"points", points}});
    }
}

inline error writer::closed_error() const {
    return make_error(errc::closed,
                      file_.is_open() ? "the series file is that of the process that was forked"
                                      : "the series file was closed",
                      file_.path());
}

inline result<void> writer::flush() {
    if (!is_open()) {
        return closed_error();
    }
    return flush_at(system_->coarse_time_us());
}

inline result<void> writer::flush_at(std::int64_t now_us) {
    flushed_us_ = now_us;
    if (poisoned_ && may_continue()) {
        auto continued = continue_in_new_file();
        if (!continued) {
            return continued;
        }
    }
    if (!refused_) {
        note_gap();
    }
    builder_.seal(false);
    auto written = write_pending();
    return written ? sync_if_due(now_us) : written;
}

// One write at the end of the file. What was written before a failure stays up to its last block.
inline result<void> writer::write_pending() {
    const std::string& bytes = builder_.pending();
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto at = static_cast<std::int64_t>(builder_.written() + done);
        const std::int64_t got =
            system_->pwrite(file_.fd(), bytes.data() + done, bytes.size() - done, at);
        if (got > 0) {
            done += guild::detail::convert<std::size_t>(got);
            continue;
        }
        const error what =
            got < 0 ? os::os_error(static_cast<int>(-got), "write", file_.path())
                    : make_error(errc::no_space, "the file took no more bytes", file_.path());
        if (what.code != errc::interrupted) {
            return write_failed(what, done);
        }
    }
    refused_ = false;
    commit(done);
    return show_file();
}

inline void writer::commit(std::size_t bytes) {
    const std::size_t before = unsynced_.size();
    const bool is_kept = options_.sync != sync_policy::none || !shown_path_.empty();
    if (is_kept) {
        unsynced_.append(builder_.pending(), 0, bytes);
    }
    const std::size_t whole = builder_.commit(bytes);
    if (is_kept) {
        unsynced_.resize(before + whole);
    }
}

inline result<void> writer::write_failed(const error& what, std::size_t written) {
    const std::uint64_t before = builder_.written();
    commit(written);
    if (before + written > builder_.written()) {
        (void)system_->ftruncate(file_.fd(), static_cast<std::int64_t>(builder_.written()));
    }
    refused_ = true;
    note_error(what);
    const bool may_recover = what.code == errc::no_space || what.code == errc::resource_exhausted;
    poisoned_ = poisoned_ || !may_recover;
    return what;
}

inline void writer::note_error(const error& what) {
    ++errors_;
    if (!error_) {
        error_ = what;
    }
}

inline result<void> writer::sync_if_due(std::int64_t now_us) {
    const std::int64_t waited_us = now_us - synced_us_;
    const bool due =
        options_.sync == sync_policy::every || (options_.sync == sync_policy::interval &&
                                                (waited_us >= options_.sync_interval_ms * 1000 ||
                                                 unsynced_.size() >= options_.max_pending_bytes));
    if (!due || (unsynced_.empty() && directory_synced_)) {
        return {};
    }
    return sync_file();
}

inline result<void> writer::sync_directory() {
    auto directory = os::open_file(parent_path(file_.path()), os::open_mode::read, *system_);
    auto synced = directory ? directory->sync() : result<void>(std::move(directory).error());
    // Some file systems, and directories that may only be written to, offer no such thing.
    const bool is_offered = synced || (synced.error().code != errc::bad_value &&
                                       synced.error().code != errc::unsupported &&
                                       synced.error().code != errc::permission_denied);
    directory_synced_ = synced || !is_offered;
    if (!directory_synced_) {
        note_error(synced.error());
        return synced;
    }
    return {};
}

inline result<void> writer::sync_file() {
    synced_us_ = system_->coarse_time_us();
    if (poisoned_ && !may_continue()) {
        return make_error(errc::io_failed, "an earlier write or sync of this file failed",
                          file_.path());
    }
    auto synced = file_.sync();
    if (!synced) {
        // The kernel may have dropped the pages: the file is not to be trusted any more.
        note_error(synced.error());
        poisoned_ = true;
        if (!may_continue()) {
            return synced;
        }
        synced = continue_in_new_file();
        if (synced) {
            synced = write_pending();
        }
        if (!synced) {
            return synced;
        }
        synced = file_.sync();
    }
    if (!synced) {
        note_error(synced.error());
        poisoned_ = true;
        return synced;
    }
    unsynced_.clear();
    is_synced_ = true;
    return directory_synced_ ? result<void>() : sync_directory();
}

inline result<void> writer::sync() {
    auto done = flush();
    if (!done) {
        return done;
    }
    if (options_.sync != sync_policy::none) {
        return unsynced_.empty() && directory_synced_ ? done : sync_file();
    }
    done = file_.sync();
    if (!done) {
        note_error(done.error());
        return done;
    }
    return directory_synced_ ? done : sync_directory();
}

// A new file says from which block on it repeats the old one; readers believe it from there. A file
// that was never synced may vanish: the new one then stands for it and continues what it continued.
inline result<void> writer::continue_in_new_file() {
    builder_.seal_frames();
    const std::string blocks = unsynced_ + builder_.pending();
    const std::uint64_t first =
        blocks.empty() ? builder_.sequence() : load_le<std::uint64_t>(blocks.data() + 16);
    const bool was_hidden = !shown_path_.empty();
    const bool stands_for = was_hidden || (header_.is_continuation() && !is_synced_ &&
                                           options_.sync != sync_policy::none);
    const uuid continues = stands_for ? header_.continues : header_.id;
    points_before_ = was_hidden ? points_before_ : file_builder::count_points(unsynced_);
    std::string shown_before = shown_path_;
    os::file old = std::move(file_);
    auto started = start_file(parent_path(old.path()), continues,
                              stands_for ? header_.continues_sequence : first);
    if (!started) {
        file_ = std::move(old);
        shown_path_ = std::move(shown_before);
        note_error(started.error());
        return started;
    }
    if (was_hidden) {
        (void)system_->unlink(old.path().c_str());
    } else if (stands_for) {
        useless_ = old.path();
    } else {
        ++continuations_;
    }
    (void)old.close();
    poisoned_ = refused_ = false;
    builder_.repeat(blocks);
    return {};
}

// The last index, on the device; a file in which the sync had to go on needs one of its own.
inline result<void> writer::end_file() {
    for (;;) {
        const uuid file = header_.id;
        builder_.seal(true);
        auto done = write_pending();
        if (!done || options_.sync == sync_policy::none ||
            (unsynced_.empty() && directory_synced_)) {
            return done;
        }
        done = sync_file();
        if (!done || header_.id == file) {
            return done;
        }
    }
}

inline result<void> writer::close() {
    if (!is_open()) {
        return {};
    }
    auto done = flush();
    if (done) {
        done = end_file();
    }
    dropped_ += points_pending();
    if (!shown_path_.empty()) {
        (void)system_->unlink(file_.path().c_str());  // the file before shows what is there
    }
    auto closed = file_.close();
    return done ? closed : done;
}

inline result<void> writer::move_to(const std::string& directory) {
    if (!is_open()) {
        return closed_error();
    }
    const std::string path = join_path(directory, base_name(file_.path()));
    const auto there = os::find_status(path, *system_);
    const auto here = file_.status();
    if (there && here && there->inode == here->inode && there->device == here->device) {
        directory_synced_ = directory_synced_ && path == file_.path();
        file_ = os::file(file_.release(), path, *system_);
        return {};
    }
    auto made = os::make_directories(directory, 0777, *system_);
    if (!made) {
        return made;
    }
    auto copy = os::open_file(path, os::open_mode::create_new, *system_);
    if (!copy) {
        return std::move(copy).error();
    }
    auto copied = os::copy_bytes(file_, builder_.written(), *copy);
    if (copied && options_.sync != sync_policy::none) {
        copied = copy->sync();  // what was synced of the old file is so of the new one
    }
    if (!copied) {
        (void)system_->unlink(path.c_str());
        return copied;
    }
    file_ = std::move(*copy);
    if (!shown_path_.empty()) {
        shown_path_ = join_path(directory, base_name(shown_path_));
    }
    directory_synced_ = false;
    return {};
}

inline result<void> writer::rename_to(const std::string& path) {
    if (!is_open()) {
        return closed_error();
    }
    auto renamed = rename_file(path);
    if (renamed) {
        (void)sync_directory();  // tried again by the next sync
    }
    return renamed;
}

inline result<void> writer::rename_file(const std::string& path) {
    const int renamed = system_->rename(file_.path().c_str(), path.c_str());
    if (renamed < 0) {
        return os::os_error(-renamed, "rename", path);
    }
    file_ = os::file(file_.release(), path, *system_);
    return {};
}

}}}  // namespace guild::series
