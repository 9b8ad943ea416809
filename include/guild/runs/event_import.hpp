// guild/runs/event_import.hpp - makes runs out of the event files below a directory, once or while
// they grow.
//
// Layer 4. Includes: base, os/file, os/hold, runs/event_sources import_index imported_run.
// Not here: one such run (runs/imported_run.hpp); which there are (runs/event_sources.hpp).
//
// A run is found again by `logdir` in its meta.tsv. One import at a time looks for runs and makes
// them below a run root (the file .import is held meanwhile), so that two make no run twice.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
#include <guild/os/hold.hpp>
#include <guild/runs/event_cursor.hpp>
#include <guild/runs/event_facts.hpp>
#include <guild/runs/event_sources.hpp>
#include <guild/runs/import_index.hpp>
#include <guild/runs/imported_run.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/lock.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/restart.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The file in RUNROOT that an import holds.
inline constexpr std::string_view import_hold_name = ".import";

/// How runs are made.
///
/// units    depth: as of event_sources; quiet_us: while following, how long after the last change
///          of its files a run ends, microseconds
struct import_options {
    std::string run_root;
    std::optional<int> depth;
    tfevents::restart_policy restarts = tfevents::restart_policy::keep_all;
    bool follow = false;
    std::int64_t quiet_us = 3'600'000'000;
    std::function<bool()> is_stopped;  // asked before each run; true leaves the others for later
    const os::env* system = &os::system_env;
};

/// What became of the event files of one run.
struct import_report {
    std::string name;  // as TensorBoard shows it
    std::string logdir;
    std::string run_directory;  // empty: there is none
    import_outcome outcome = import_outcome::unchanged;
    std::uint64_t points = 0;  // of the run; of made and changed ones
    std::uint64_t series = 0;
    bool is_running = false;    // it is followed from now on
    std::vector<error> losses;  // as find_losses()
    std::optional<error> failure;
};

/// Imports a LOGDIR, by one call of poll() or, following, by many.
///
/// threads  one at a time
/// example  tests/runs/event_import.cpp "import: every directory with event files becomes a run"
class event_importer {
public:
    using report_function = std::function<void(const import_report&)>;

    /// errors   not_found, not_a_directory: of LOGDIR; bad_value: it is a run of guild or in one
    [[nodiscard]] static result<event_importer> open(const std::string& logdir,
                                                     import_options options);

    /// Looks at LOGDIR once: makes runs, brings changed ones up to date, and, if it follows, keeps
    /// those whose files are young open. Reports every run at the first look, later those that were
    /// made or begun anew, and those that ended.
    ///
    /// out      how many runs LOGDIR has
    /// errors   permission_denied, read_only, no_space: RUNROOT cannot be written
    [[nodiscard]] result<std::size_t> poll(const report_function& report);

    /// Reads what is left of the runs that are open, records their ends and reports them.
    void end(const report_function& report);

    /// How many runs are open.
    [[nodiscard]] std::size_t running() const noexcept;

private:
    struct place {
        event_source source;
        event_cursor seen;  // at the last look
        bool was_seen = false;
        std::optional<std::int64_t> start_us;  // of the first event, once it was looked for
        std::int64_t beaten_us = 0;
        std::uint64_t told_points = 0;
        bool has_failed = false;  // which was told
        std::unique_ptr<imported_run> running;
    };
    event_importer(event_sources sources, import_options options)
        : sources_(std::move(sources)), options_(std::move(options)) {}

    void find_sources();
    [[nodiscard]] result<void> look(place& at, const report_function& report);
    [[nodiscard]] result<import_decision> decide(place& at, const event_cursor& now);
    [[nodiscard]] result<void> hold_run_root();
    import_report make_run(place& at, const import_decision& what);
    [[nodiscard]] result<imported_run> open_run(const place& at, const import_decision& what);
    void follow(place& at, const report_function& report);
    void finish(place& at, const report_function& report);
    [[nodiscard]] bool is_quiet(const imported_run& run) const;
    [[nodiscard]] static import_report make_report(const place& at, const import_decision& what);

    event_sources sources_;
    import_options options_;
    std::map<std::string, place> places_;  // by the run's name
    std::optional<import_index> runs_;     // of the run root, during one poll
    std::optional<os::file> held_;
};

// ---- implementation ---------------------------------------------------------

inline result<event_importer> event_importer::open(const std::string& logdir,
                                                   import_options options) {
    auto sources = event_sources::open(logdir, options.depth, *options.system);
    if (!sources) {
        return std::move(sources).error();
    }
    return event_importer(std::move(*sources), std::move(options));
}

// Brings the files of every place up to date. Places without files are kept: they may come back.
inline void event_importer::find_sources() {
    for (auto& [name, at] : places_) {
        at.source.files.clear();
    }
    for (event_source& found : sources_.find()) {
        found.restarts = options_.restarts;
        place& at = places_[found.name];
        at.source = std::move(found);
    }
}

inline result<std::size_t> event_importer::poll(const report_function& report) {
    find_sources();
    result<void> outcome;
    std::size_t count = 0;
    for (auto& [name, at] : places_) {
        count += at.source.files.empty() ? 0U : 1U;
        if (options_.is_stopped && options_.is_stopped()) {
            break;
        }
        if (at.running) {
            follow(at, report);
        } else if (outcome && !at.source.files.empty()) {
            outcome = look(at, report);
        }
    }
    held_.reset();
    runs_.reset();
    if (!outcome) {
        return std::move(outcome).error();
    }
    return count;
}

inline result<void> event_importer::look(place& at, const report_function& report) {
    const event_cursor now = look_at_files(at.source.logdir, at.source.files, *options_.system);
    if (at.was_seen && compare(at.seen, now) == cursor_change::none) {
        return {};
    }
    auto what = decide(at, now);
    if (!what) {
        return std::move(what).error();
    }
    at.seen = now;
    const bool is_first = !std::exchange(at.was_seen, true);
    const bool is_work =
        what->outcome == import_outcome::made || what->outcome == import_outcome::changed;
    if (is_work) {
        report(make_run(at, *what));
    } else if (is_first) {
        import_report told = make_report(at, *what);
        if (what->outcome == import_outcome::empty) {
            tfevents::directory_reader reader(at.source.logdir, reading_options(at.source),
                                              *options_.system);
            (void)reader.poll([](const std::string&, const tfevents::scalar&) {});
            told.losses = find_losses(reader);
        }
        report(told);
    }
    return {};
}

// Asks the runs in the run root, and asks again when the run root is held, if there is work to do.
inline result<import_decision> event_importer::decide(place& at, const event_cursor& now) {
    if (!runs_) {
        runs_.emplace(options_.run_root, *options_.system);
    }
    import_decision what = runs_->choose(at.source, now);
    if (what.outcome == import_outcome::made && !at.start_us) {
        at.start_us = find_start_us(at.source, *options_.system);
        if (!at.start_us) {
            what.outcome = import_outcome::empty;
            return what;
        }
    }
    if (what.outcome != import_outcome::unchanged && !held_) {
        auto held = hold_run_root();
        if (!held) {
            return std::move(held).error();
        }
        what = runs_->choose(at.source, now);
    }
    return what;
}

inline result<void> event_importer::hold_run_root() {
    auto made = os::make_directories(options_.run_root, 0777, *options_.system);
    if (!made) {
        return made;
    }
    auto held = os::hold(join_path(options_.run_root, import_hold_name), *options_.system);
    if (!held) {
        return std::move(held).error();
    }
    held_.emplace(std::move(*held));
    runs_.emplace(options_.run_root, *options_.system);
    return {};
}

inline import_report event_importer::make_run(place& at, const import_decision& what) {
    import_report done = make_report(at, what);
    const auto fail = [&](const error& why) {
        done.outcome = import_outcome::failed;
        done.failure = why;
        return done;
    };
    auto run = open_run(at, what);
    if (!run) {
        return fail(run.error());
    }
    done.run_directory = run->directory();
    auto built = run->build();
    if (!built) {
        (void)run->end_with(built.error());
        return fail(built.error());
    }
    done.points = at.told_points = run->points();
    done.series = run->series();
    done.losses = run->losses();
    done.is_running = options_.follow && !is_quiet(*run);
    auto recorded = done.is_running ? run->keep_running() : run->end();
    if (!recorded) {
        return fail(recorded.error());
    }
    if (done.is_running) {
        at.beaten_us = options_.system->boot_time_us();
        at.running = std::make_unique<imported_run>(std::move(*run));
    }
    return done;
}

inline result<imported_run> event_importer::open_run(const place& at, const import_decision& what) {
    std::string directory = what.run_directory;
    if (what.outcome == import_outcome::changed) {  // whoever made its LOCK, if any, is gone
        (void)options_.system->unlink(data_path(directory, lock_name).c_str());
        return imported_run::open(directory, at.source, *options_.system);
    }
    const std::string name = at.source.name == "." ? base_name(at.source.logdir) : at.source.name;
    auto made = create_run_directory(options_.run_root, name, at.start_us.value_or(0));
    if (!made) {
        return std::move(made).error();
    }
    auto opened = imported_run::create(*made, at.source, at.start_us.value_or(0), *options_.system);
    if (!opened) {
        (void)os::remove_tree(*made);
    }
    return opened;
}

inline void event_importer::follow(place& at, const report_function& report) {
    imported_run& run = *at.running;
    if (!run.is_there()) {  // deleted: made again when its files change
        at.seen = run.cursor();
        at.running.reset();
        return;
    }
    run.set_files(at.source.files);
    const auto got = run.collect();
    if (!got && !std::exchange(at.has_failed, true)) {
        import_report failed = make_report(at, {import_outcome::failed, run.directory()});
        failed.failure = got.error();
        report(failed);
    }
    at.has_failed = !got;
    if (!got && !run.is_built()) {
        (void)run.end_with(got.error());
        at.seen = run.cursor();
        at.running.reset();
        return;
    }
    const std::int64_t now_us = options_.system->boot_time_us();
    if (now_us - at.beaten_us >= heartbeat_us) {
        at.beaten_us = now_us;
        (void)run.beat();
    }
    if (is_quiet(run)) {
        finish(at, report);
    }
}

inline void event_importer::finish(place& at, const report_function& report) {
    imported_run& run = *at.running;
    import_report done = make_report(at, {import_outcome::changed, run.directory()});
    done.points = run.points();
    done.series = run.series();
    done.losses = run.losses();
    const auto ended = run.end();
    if (!ended) {
        done.outcome = import_outcome::failed;
        done.failure = ended.error();
    }
    if (!ended || done.points != at.told_points) {
        report(done);
    }
    at.seen = run.cursor();
    at.running.reset();
}

inline void event_importer::end(const report_function& report) {
    find_sources();
    for (auto& [name, at] : places_) {
        if (at.running) {
            follow(at, report);
        }
        if (at.running) {
            finish(at, report);
        }
    }
}

inline std::size_t event_importer::running() const noexcept {
    return static_cast<std::size_t>(std::count_if(
        places_.begin(), places_.end(), [](auto& each) { return each.second.running != nullptr; }));
}

inline bool event_importer::is_quiet(const imported_run& run) const {
    std::int64_t newest_ns = 0;
    for (const auto& [name, mark] : run.cursor()) {
        newest_ns = std::max(newest_ns, mark.modified_ns);
    }
    return options_.system->wall_time_us() - newest_ns / 1000 > options_.quiet_us;
}

inline import_report event_importer::make_report(const place& at, const import_decision& what) {
    import_report made;
    made.name = at.source.name;
    made.logdir = at.source.logdir;
    made.run_directory = what.run_directory;
    made.outcome = what.outcome;
    return made;
}

}}}  // namespace guild::runs
