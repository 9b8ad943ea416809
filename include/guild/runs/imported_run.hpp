// guild/runs/imported_run.hpp - one run made of the event files of a directory.
//
// Layer 4. Includes: base, os/file, tfevents, series, runs/collectors run_files event_cursor
// event_facts.
// Not here: which directories become which runs (runs/event_import.hpp).
//
// When files changed, all are read into a new series file, which then replaces the old one by one
// rename. Adding would be cheaper, but a second writer's points stand in series of their own (KEY
// @rank1), and a cursor ahead of its points would lose some. So each point stands once, for every
// reader and after every crash: the cursor is written last. Event files are only read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/collectors.hpp>
#include <guild/runs/event_cursor.hpp>
#include <guild/runs/event_facts.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/run_files.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/writer.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/version.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The directory in `guild.d` in which a series file is built.
inline constexpr std::string_view import_directory = "import";

/// A run that this process makes of event files, while it holds the run's LOCK.
///
/// threads  one at a time
/// example  tests/runs/imported_run.cpp "imported run: points, flags and times of a new run"
class imported_run {
public:
    /// Takes the LOCK of a run that was imported before.
    ///
    /// errors   already_exists: there is a LOCK; permission_denied, no_space, ...
    [[nodiscard]] static result<imported_run> open(const std::string& run_directory,
                                                   event_source source,
                                                   const os::env& system = os::system_env);

    /// Takes the LOCK of a new run directory and records its start.
    ///
    /// errors   as open
    [[nodiscard]] static result<imported_run> create(const std::string& run_directory,
                                                     event_source source, std::int64_t started_us,
                                                     const os::env& system = os::system_env);

    /// Reads all event files into a new series file and puts it in the place of the old one.
    ///
    /// errors   no_space, io_failed, ...: the old file is untouched
    [[nodiscard]] result<void> build();

    /// Whether the last build() went well.
    [[nodiscard]] bool is_built() const noexcept { return is_built_; }

    /// Stores what is new since build() or the last call; builds again when that is not enough.
    ///
    /// out      how many points are new
    /// errors   as build(); what the disk refused is tried again by the next call
    [[nodiscard]] result<std::uint64_t> collect();

    /// Records that the run goes on, whatever end was recorded.
    ///
    /// errors   no_space, io_failed
    [[nodiscard]] result<void> keep_running();

    /// The next heartbeat of LOCK.
    ///
    /// errors   no_space, io_failed
    [[nodiscard]] result<void> beat() { return files_.beat(); }

    /// Records the end, then the cursor.
    ///
    /// errors   no_space, io_failed: the next import builds again
    [[nodiscard]] result<void> end();

    /// Records that the import failed because of `why`; the next one builds again.
    ///
    /// errors   as end
    [[nodiscard]] result<void> end_with(const error& why);

    /// Files that come belong to the run from the next collect() on.
    void set_files(std::vector<std::string> files) { source_.files = std::move(files); }

    /// Whether the run directory still stands where it was.
    [[nodiscard]] bool is_there() const {
        return os::is_regular_file(data_path(directory_, lock_name));
    }

    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] std::uint64_t points() const { return collector_ ? collector_->points() : 0; }
    [[nodiscard]] std::uint64_t series() const { return collector_ ? collector_->series() : 0; }

    /// Every file as it was before it was last read, those that have gone since included.
    [[nodiscard]] const event_cursor& cursor() const noexcept { return cursor_; }

    /// As find_losses(), and points that could not be stored.
    [[nodiscard]] std::vector<error> losses() const;

private:
    imported_run(std::string directory, event_source source, run_files files, const os::env& system)
        : directory_(std::move(directory)), source_(std::move(source)), files_(std::move(files)),
          system_(&system) {}

    [[nodiscard]] result<void> put_in_place();
    [[nodiscard]] result<void> record_facts(const event_facts& facts);
    [[nodiscard]] run_end make_end(const event_facts& facts) const;
    void look();

    std::string directory_;
    event_source source_;
    run_files files_;
    pair_list flags_;  // as they are recorded
    pair_list attrs_;
    const os::env* system_;
    std::optional<event_collector> collector_;
    std::optional<series::writer> series_;
    event_cursor cursor_;
    std::int64_t started_us_ = 0;
    bool is_built_ = false;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// Whether a series file holds what an import put there: series `tf/...` and nothing else.
inline bool holds_events_only(const std::string& path, const os::env& system) {
    const auto file = series::reader::open(path, system);
    if (!file) {
        return file.error().code == errc::truncated;
    }
    const auto all = file->summaries();
    return std::all_of(all.begin(), all.end(), [](const series::series_summary& each) {
        return starts_with(each.key, "tf/");
    });
}

// The series files that an import put into a run, in order of name.
inline std::vector<std::string> find_imported_files(const std::string& directory,
                                                    const os::env& system) {
    std::vector<std::string> found;
    const auto entries = os::list_directory(directory);
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const std::string path = join_path(directory, (*entries)[i].name);
        if (ends_with(path, ".gts") && holds_events_only(path, system)) {
            found.push_back(path);
        }
    }
    return found;
}

}  // namespace detail

inline result<imported_run> imported_run::open(const std::string& run_directory,
                                               event_source source, const os::env& system) {
    auto files = run_files::create(run_directory, system);
    if (!files) {
        return std::move(files).error();
    }
    imported_run made(run_directory, std::move(source), std::move(*files), system);
    if (const auto before = run::open(run_directory)) {
        made.started_us_ = before->started_us().value_or(0);
        made.flags_ = before->flags();
        made.attrs_ = before->attrs();
    }
    return result<imported_run>(std::move(made));
}

inline result<imported_run> imported_run::create(const std::string& run_directory,
                                                 event_source source, std::int64_t started_us,
                                                 const os::env& system) {
    auto made = open(run_directory, std::move(source), system);
    if (!made) {
        return made;
    }
    made->started_us_ = started_us;
    auto started = made->files_.start({{"format", "1"},
                                       {"guild_version", version},
                                       {"logdir", made->source_.logdir},
                                       {"started_us", std::to_string(started_us)}},
                                      {}, {});
    if (!started) {
        return std::move(started).error();
    }
    return made;
}

// Before files are read: what comes meanwhile is news for the next import.
inline void imported_run::look() {
    for (const auto& [name, mark] : look_at_files(source_.logdir, source_.files, *system_)) {
        cursor_[name] = mark;
    }
}

inline result<void> imported_run::build() {
    const std::string temporary = data_path(directory_, import_directory);
    (void)os::remove_tree(temporary);
    is_built_ = false;
    look();
    series::writer_options how;
    how.flush_interval_ms = -1;
    auto made = series::writer::create(temporary, how, *system_);
    if (!made) {
        return std::move(made).error();
    }
    series_.emplace(std::move(*made));
    collector_.emplace(source_.logdir, reading_options(source_), *system_);
    (void)collector_->collect(*series_);
    auto stored = series_->sync();
    if (stored && series_->last_error()) {
        stored = *series_->last_error();  // it went on in a second file
    }
    if (stored) {
        stored = put_in_place();
    }
    (void)os::remove_tree(temporary);
    is_built_ = stored.has_value();
    return stored;
}

inline result<void> imported_run::put_in_place() {
    const std::string directory = data_path(directory_, series_directory);
    auto made = os::make_directories(directory, 0777, *system_);
    if (!made) {
        return made;
    }
    const std::vector<std::string> old = detail::find_imported_files(directory, *system_);
    auto renamed = series_->rename_to(old.empty() ? join_path(directory, base_name(series_->path()))
                                                  : old.front());
    for (std::size_t i = 1; renamed && i < old.size(); ++i) {
        (void)system_->unlink(old[i].c_str());
    }
    return renamed;
}

inline result<std::uint64_t> imported_run::collect() {
    const std::uint64_t before = points();
    look();
    (void)collector_->collect(*series_);
    if (collector_->is_outdated()) {
        auto built = build();
        return built ? result<std::uint64_t>(points()) : std::move(built).error();
    }
    auto stored = series_->flush();
    if (!stored) {
        return std::move(stored).error();
    }
    return points() - before;
}

inline result<void> imported_run::keep_running() {
    auto recorded = record_facts(find_facts(source_, collector_->reader()));
    if (!recorded) {
        return recorded;
    }
    return files_.meta().append({{"stopped_us", ""}, {"cause", ""}, {"status", "running"}});
}

// Appends the flags and attributes that are not recorded as they are now.
inline result<void> imported_run::record_facts(const event_facts& facts) {
    const auto news = [](const pair_list& now, const pair_list& known) {
        pair_list changed;
        for (const auto& [name, value] : now) {
            const std::string* recorded = find_value(known, name);
            if (recorded == nullptr || *recorded != value) {
                changed.emplace_back(name, value);
            }
        }
        return changed;
    };
    auto written = files_.start({}, news(facts.flags, flags_), news(facts.attrs, attrs_));
    if (written) {
        flags_ = facts.flags;
        attrs_ = facts.attrs;
    }
    return written;
}

inline run_end imported_run::make_end(const event_facts& facts) const {
    run_end how;
    how.status = run_status::completed;
    how.more = {{"restarts", std::string(to_string(source_.restarts))},
                {"events_lost_bytes", std::to_string(collector_->bytes_lost())},
                {"cause", ""}};
    if (facts.end.status == tfevents::session_status::failure) {
        how.status = run_status::error;
        how.cause = "the event files say that the session failed";
    }
    const auto ended = find_event_time_us(facts.end.end_time);
    how.stopped_us = std::max({started_us_, collector_->last_time_us().value_or(0),
                               facts.end.end_time > 0 && ended ? *ended : 0});
    return how;
}

inline result<void> imported_run::end() {
    const event_facts facts = find_facts(source_, collector_->reader());
    run_end how = make_end(facts);
    auto recorded = record_facts(facts);
    if (recorded) {
        recorded = series_->close();
    }
    if (!recorded) {
        (void)end_with(recorded.error());
        return recorded;
    }
    auto ended = files_.end(how, data_path(directory_));
    if (!ended) {
        return ended;
    }
    (void)series::compact(series_->path(), {}, *system_);  // failing that, it stays as it is
    event_cursor read = cursor_;
    for (const error& loss : losses()) {
        for (const auto& [name, mark] : cursor_) {
            if (loss.where.end == 0 && loss.path == join_path(source_.logdir, name)) {
                read.erase(name);  // to be tried again, whether it changes or not
            }
        }
    }
    return save_cursor(directory_, read, *system_);
}

inline result<void> imported_run::end_with(const error& why) {
    run_end how;
    how.stopped_us = system_->wall_time_us();
    how.cause = "the import failed: " + to_string(why);
    return files_.end(how, data_path(directory_));
}

inline std::vector<error> imported_run::losses() const {
    if (!collector_) {
        return {};
    }
    std::vector<error> all = find_losses(collector_->reader());
    if (const std::uint64_t count = collector_->unstored()) {
        all.push_back(make_error(errc::too_large,
                                 std::to_string(count) +
                                     (count == 1 ? " point has a tag" : " points have tags") +
                                     " longer than the key of a series may be",
                                 source_.logdir));
    }
    return all;
}

}}}  // namespace guild::runs
