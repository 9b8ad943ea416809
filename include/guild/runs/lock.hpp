// guild/runs/lock.hpp - the LOCK file of a run that goes on: who writes it, and whether that one
// still lives.
//
// Layer 4. Includes: base, os/file stats thread, runs/tsv, runs/layout.
// Not here: the status of a run, which also reads meta.tsv (runs/run.hpp).
//
// LOCK locks nothing. It names its process so exactly (host, boot, pid namespace, pid, start time)
// that a reader on the same machine knows whether it lives, and carries a counter for readers
// elsewhere. Numbers that change have a fixed width, so that the file is rewritten in place by one
// write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/stats.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// How often the counter is rewritten, how long a reader waits for a change, and how old a time
/// stamp may be at the first look.
inline constexpr std::int64_t heartbeat_us = 10'000'000;
inline constexpr std::int64_t heartbeat_silence_us = 120'000'000;
inline constexpr std::int64_t heartbeat_first_look_us = 300'000'000;

/// Where a process runs: its number means something only there.
struct process_place {
    std::string host;
    std::string boot_id;              // empty: not known
    std::uint64_t pid_namespace = 0;  // inode of the namespace; 0: not known
};

/// The place of the calling process.
[[nodiscard]] process_place this_place();

/// The content of LOCK.
///
/// units    start_ticks: clock ticks from boot to the start of the process; beat: count from 0;
///          beat_us: microseconds since 1970-01-01 UTC by the writer's clock
struct lock_record {
    process_place place;
    std::int64_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::uint64_t device = 0;  // of LOCK itself, so that a copy is known as one
    std::uint64_t inode = 0;
    std::uint64_t beat = 0;
    std::int64_t beat_us = 0;
};

/// The text of LOCK.
[[nodiscard]] std::string format_lock(const lock_record& record);

/// Reads the text of LOCK.
///
/// errors   bad_syntax: a key is missing or not a number, as in a file that is cut
/// example  tests/runs/lock.cpp "lock: a cut file is an error that names the missing key"
[[nodiscard]] result<lock_record> parse_lock(std::string_view text);

/// What the process that wrote LOCK is doing.
enum class liveness : std::uint8_t {
    alive,   // it runs
    gone,    // it ended without removing LOCK, or its machine was started anew
    silent,  // on another machine or in another pid namespace, and not heard of for too long
    copy,    // this LOCK was copied: it says nothing about a process
};

/// What a reader sees around a LOCK file.
///
/// units    now_us: microseconds since 1970-01-01 UTC; unchanged_us: how long this reader has seen
///          the same beat, 0 at the first look
struct lock_evidence {
    process_place reader;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_us = 0;
    std::int64_t now_us = 0;
    std::int64_t unchanged_us = 0;
    std::optional<std::uint64_t> start_ticks;  // of the process with that pid here; empty: none
};

/// Whether the writer lives. A pure function: the rules of docs/format-run.md, one after the other.
///
/// example  tests/runs/lock.cpp "lock: a process with the same number that started later is another
///          one"
[[nodiscard]] liveness judge_lock(const lock_record& record, const lock_evidence& seen) noexcept;

/// What a process that is gone is known by: "the machine was started anew", "another program has
/// its number now"; empty when it is just not there.
[[nodiscard]] std::string explain_gone(const lock_record& record, const lock_evidence& seen);

/// Remembers the beats that one reader saw, for readers that look again and again.
///
/// threads  any
class heartbeat_memory {
public:
    /// How long the beat of `path` has been what it is now; 0 at the first look.
    ///
    /// units    now_us: microseconds on the reader's steady clock (os::env::boot_time_us)
    [[nodiscard]] std::int64_t observe(const std::string& path, std::uint64_t beat,
                                       std::int64_t now_us);

private:
    struct sighting {
        std::uint64_t beat;
        std::int64_t since_us;
    };
    os::mutex mutex_;
    std::map<std::string, sighting> seen_;
};

/// LOCK of a run and what to think of it.
struct lock_finding {
    lock_record record;
    liveness state = liveness::gone;
    std::string why;  // of one that is gone: what it is known by; may be empty
};

/// Reads and judges the LOCK of a run; empty when there is none.
///
/// in       memory: null for a single look
/// errors   bad_syntax as parse_lock; permission_denied, io_failed
[[nodiscard]] result<std::optional<lock_finding>> find_lock(const std::string& run_directory,
                                                            heartbeat_memory* memory = nullptr,
                                                            const os::env& system = os::system_env);

/// The LOCK that this process holds. Dropping the object leaves the file.
class lock_file {
public:
    lock_file() = default;

    /// Makes LOCK for the calling process.
    ///
    /// errors   already_exists; permission_denied, no_space, ...
    [[nodiscard]] static result<lock_file> create(const std::string& run_directory,
                                                  const os::env& system = os::system_env);

    /// Rewrites the file with the next beat, and with its own identity, which changes when it is
    /// restored.
    ///
    /// errors   no_space, io_failed
    [[nodiscard]] result<void> beat();

    /// Takes the file away; one that another process put in its place is left.
    ///
    /// in       data: where `guild.d` is now
    void remove(const std::string& data);

    [[nodiscard]] const os::file& file() const noexcept { return file_; }

private:
    os::file file_;
    lock_record record_;
    const os::env* system_ = &os::system_env;
};

// ---- implementation ---------------------------------------------------------

inline process_place this_place() {
    process_place place;
    place.host = os::node_name();
    place.boot_id = os::read_boot_id();
    place.pid_namespace = os::pid_namespace_inode().value_or(0);
    return place;
}

namespace detail {

inline std::string fixed_width(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(20 - digits.size(), '0') + digits;
}

// Reads keys of LOCK, keeping the first failure.
class lock_fields {
public:
    explicit lock_fields(std::string_view text) : pairs_(parse_tsv(text)) {}

    std::string text(std::string_view key) {
        const std::string* value = find_value(pairs_, key);
        if (value == nullptr) {
            fail("no '" + std::string(key) + "' in LOCK");
        }
        return value == nullptr ? "" : *value;
    }

    std::uint64_t number(std::string_view key) {
        const std::string digits = text(key);
        std::uint64_t value = 0;
        for (const char c : digits) {
            if (c < '0' || c > '9') {
                fail("expected a number for '" + std::string(key) + "' in LOCK");
                return 0;
            }
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
        }
        return value;
    }

    const std::optional<error>& failure() const noexcept { return failure_; }

private:
    void fail(std::string message) {
        if (!failure_) {
            failure_ = make_error(errc::bad_syntax, std::move(message));
        }
    }

    pair_list pairs_;
    std::optional<error> failure_;
};

}  // namespace detail

inline std::string format_lock(const lock_record& record) {
    const auto number = [](std::string_view key, std::uint64_t value) {
        return format_tsv_line(key, detail::fixed_width(value));
    };
    return format_tsv_line("host", record.place.host) +
           format_tsv_line("boot_id", record.place.boot_id) +
           number("pid_namespace", record.place.pid_namespace) +
           number("pid", static_cast<std::uint64_t>(record.pid)) +
           number("start_ticks", record.start_ticks) + number("device", record.device) +
           number("inode", record.inode) + number("beat", record.beat) +
           number("beat_us", static_cast<std::uint64_t>(record.beat_us));
}

inline result<lock_record> parse_lock(std::string_view text) {
    detail::lock_fields fields(text);
    lock_record record;
    record.place.host = fields.text("host");
    record.place.boot_id = fields.text("boot_id");
    record.place.pid_namespace = fields.number("pid_namespace");
    record.pid = static_cast<std::int64_t>(fields.number("pid"));
    record.start_ticks = fields.number("start_ticks");
    record.device = fields.number("device");
    record.inode = fields.number("inode");
    record.beat = fields.number("beat");
    record.beat_us = static_cast<std::int64_t>(fields.number("beat_us"));
    if (fields.failure()) {
        return *fields.failure();
    }
    return record;
}

inline liveness judge_lock(const lock_record& record, const lock_evidence& seen) noexcept {
    const process_place& writer = record.place;
    const bool same_boot = !writer.boot_id.empty() && writer.boot_id == seen.reader.boot_id;
    const bool same_place = same_boot && writer.host == seen.reader.host &&
                            writer.pid_namespace == seen.reader.pid_namespace;
    // Device numbers mean nothing elsewhere and change when a file system is mounted again.
    if (record.inode != seen.inode || (same_place && record.device != seen.device)) {
        return liveness::copy;
    }
    if (writer.host == seen.reader.host && !same_boot) {
        return liveness::gone;
    }
    if (same_place) {
        const bool same_process = seen.start_ticks && *seen.start_ticks == record.start_ticks;
        return same_process ? liveness::alive : liveness::gone;
    }
    if (seen.unchanged_us > 0) {
        return seen.unchanged_us >= heartbeat_silence_us ? liveness::silent : liveness::alive;
    }
    const std::int64_t newest_us =
        record.beat_us > seen.modified_us ? record.beat_us : seen.modified_us;
    return seen.now_us - newest_us > heartbeat_first_look_us ? liveness::silent : liveness::alive;
}

inline std::string explain_gone(const lock_record& record, const lock_evidence& seen) {
    if (record.place.boot_id.empty() || record.place.boot_id != seen.reader.boot_id) {
        return "the machine was started anew";
    }
    return seen.start_ticks ? "another program has its number now" : "";
}

inline std::int64_t heartbeat_memory::observe(const std::string& path, std::uint64_t beat,
                                              std::int64_t now_us) {
    const os::lock held(mutex_);
    const auto [place, is_new] = seen_.try_emplace(path, sighting{beat, now_us});
    if (!is_new && place->second.beat != beat) {
        place->second = sighting{beat, now_us};
    }
    return now_us - place->second.since_us;
}

inline result<std::optional<lock_finding>>
find_lock(const std::string& run_directory, heartbeat_memory* memory, const os::env& system) {
    const std::string path = data_path(run_directory, lock_name);
    const auto status = os::find_status(path, system);
    auto text = os::load_file(path, 65536, system);
    if (!text || !status) {
        const bool absent = text || text.error().code == errc::not_found;
        return absent ? result<std::optional<lock_finding>>(std::nullopt) : std::move(text).error();
    }
    auto record = parse_lock(*text);
    if (!record) {
        error why = std::move(record).error();
        why.path = path;
        return why;
    }
    lock_evidence seen;
    seen.reader = this_place();
    seen.device = status->device;
    seen.inode = status->inode;
    seen.modified_us = status->modified_ns / 1000;
    seen.now_us = system.wall_time_us();
    if (memory != nullptr) {
        seen.unchanged_us = memory->observe(path, record->beat, system.boot_time_us());
    }
    seen.start_ticks = os::process_start_ticks(static_cast<int>(record->pid));
    lock_finding found{*record, judge_lock(*record, seen), ""};
    if (found.state == liveness::gone) {
        found.why = explain_gone(*record, seen);
    }
    return std::make_optional(std::move(found));
}

inline result<lock_file> lock_file::create(const std::string& run_directory,
                                           const os::env& system) {
    const std::string path = data_path(run_directory, lock_name);
    auto opened = os::open_file(path, os::open_mode::create_new, system);
    if (!opened) {
        return std::move(opened).error();
    }
    lock_file lock;
    lock.file_ = std::move(*opened);
    lock.system_ = &system;
    lock.record_.place = this_place();
    lock.record_.pid = os::process_id();
    lock.record_.start_ticks = os::process_start_ticks(os::process_id()).value_or(0);
    auto written = lock.beat();
    if (!written) {
        return std::move(written).error();
    }
    return lock;
}

inline result<void> lock_file::beat() {
    const auto status = file_.status();
    if (!status) {
        return status.error();
    }
    record_.device = status->device;
    record_.inode = status->inode;
    ++record_.beat;
    record_.beat_us = system_->wall_time_us();
    return file_.write_at(0, format_lock(record_));
}

inline void lock_file::remove(const std::string& data) {
    const std::string path = join_path(data, lock_name);
    const auto mine = file_.status();
    const auto there = os::find_status(path, *system_);
    if (mine && there && mine->inode == there->inode && mine->device == there->device) {
        (void)system_->unlink(path.c_str());
    }
    (void)file_.close();
}

}}}  // namespace guild::runs
