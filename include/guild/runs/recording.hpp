// guild/runs/recording.hpp - everything that is written about a supervised command, by one thread.
//
// Layer 4. Includes: base, os, series/writer, runs/run_files output_log collectors
// external_collector rundir_keeper compact_run.
// Not here: starting and stopping the command, reading its pipes (runs/supervisor.hpp).
//
// A failure to record is told once for each kind, counted, and never passed on: the command goes
// on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/file.hpp>
#include <guild/os/stats.hpp>
#include <guild/runs/collectors.hpp>
#include <guild/runs/compact_run.hpp>
#include <guild/runs/external_collector.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_buffer.hpp>
#include <guild/runs/output_follower.hpp>
#include <guild/runs/output_log.hpp>
#include <guild/runs/output_rules.hpp>
#include <guild/runs/run_files.hpp>
#include <guild/runs/rundir_keeper.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/writer.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// What the tutorial shows when a command deletes its run directory, word for word.
inline constexpr std::string_view rundir_deleted_message =
    "Error logging series values: read_only (was RUNDIR deleted?)";

/// How a run is recorded.
///
/// units    sample_interval_ms: between two sampling rounds; restore_patience_ms: how long a run
///          directory may stand without `guild.d` before it is put back
struct recording_options {
    std::string run_directory;
    std::int64_t sample_interval_ms = 1'000;
    std::int64_t restore_patience_ms = 10'000;
    pair_list meta;
    pair_list flags;
    pair_list attrs;
    std::vector<collector_spec> collectors;
    bool system_attrs = true;
    std::vector<output_rule> output_rules;     // values of series in what the command prints
    std::function<void(std::string)> message;  // lines for the user
    const os::env* system = &os::system_env;
};

/// Opens all files before the command starts, so that nothing it prints is lost. Afterwards one
/// thread.
///
/// example  tests/runs/recording.cpp "recording: output, series and the end are on disk after
///          end()"
class recording {
public:
    /// Makes LOCK, the tables with meta, flags and attrs, the output files and the series file.
    ///
    /// errors   permission_denied, read_only, no_space, not_found: nothing can be recorded there
    [[nodiscard]] static result<recording> open(recording_options options);

    /// Notes the process that runs now; statistics are taken of its tree from then on.
    void set_process(int pid);

    /// Stores one piece of output.
    void store(const output_item& item);

    /// Milliseconds until the next sampling round, or until an external collector is to be looked
    /// after; 0 when it is due.
    [[nodiscard]] std::int64_t wait_ms() const;

    /// Looks at a piece of the stored output for values; to be called when nothing waits to be
    /// stored.
    void read_output();

    /// Whether there is output for read_output(): what comes next is not to be waited for.
    [[nodiscard]] bool has_unread_output() const { return follower_ && follower_->is_behind(); }

    /// Looks after external collectors. Takes a sampling round when it is due: looks after the
    /// directory, gathers and writes.
    void work_if_due();

    /// Gathers what is left, puts a deleted directory back, closes the series and records the end.
    /// Then brings the series files that were closed into columns.
    ///
    /// out      where the run stands
    [[nodiscard]] std::string end(run_end how);

    /// How many failures to record there were.
    [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

    /// Why the run ended as it did, as it was recorded by end().
    [[nodiscard]] const std::string& cause() const noexcept { return cause_; }

private:
    recording(recording_options options, run_files files);
    [[nodiscard]] result<void> open_others();
    [[nodiscard]] std::int64_t round_wait_ms() const;
    void work_collectors();
    void end_collectors(run_end& how);
    void start_round();
    void record_machine();
    void look_after_directory(bool is_last);
    void restore();
    void report(std::string_view what, const result<void>& outcome);
    void report_series(const series::writer& writer, const result<void>& outcome);
    void flush_series();
    void move_series_to(const std::string& directory);
    void compact_series();
    void finish_output(run_end& how);
    [[nodiscard]] std::vector<kept_file> open_files();
    [[nodiscard]] std::int64_t now_us() const { return options_.system->boot_time_us(); }

    recording_options options_;
    run_files files_;
    event_collector events_;
    statistics_collector statistics_;
    std::vector<external_collector> collectors_;
    output_writer output_;
    std::optional<series::writer> series_;
    std::optional<output_follower> follower_;
    rundir_keeper keeper_;
    rundir_state state_ = rundir_state::present;
    std::set<std::string, std::less<>> reported_;
    std::uint64_t failures_ = 0;
    std::string cause_;
    bool is_disk_full_ = false;
    int pid_ = -1;
    bool is_machine_recorded_ = false;
    bool is_told_ = false;  // that the directory is gone; the end is no round of its own
    std::int64_t next_round_us_ = 0;
    std::int64_t next_beat_us_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline result<recording> recording::open(recording_options options) {
    auto files = run_files::create(options.run_directory, *options.system);
    if (!files) {
        return std::move(files).error();
    }
    recording made(std::move(options), std::move(*files));
    auto opened = made.open_others();
    if (!opened) {
        (void)made.files_.end_with(opened.error(), data_path(made.options_.run_directory));
        return std::move(opened).error();
    }
    return result<recording>(std::move(made));
}

inline recording::recording(recording_options options, run_files files)
    : options_(std::move(options)), files_(std::move(files)), events_(options_.run_directory),
      statistics_(options_.sample_interval_ms), next_round_us_(now_us()),
      next_beat_us_(now_us() + heartbeat_us) {
    for (const collector_spec& spec : options_.collectors) {
        collectors_.emplace_back(spec, *options_.system);
    }
}

inline result<void> recording::open_others() {
    const std::string& directory = options_.run_directory;
    auto started = files_.start(options_.meta, options_.flags, options_.attrs);
    if (!started) {
        return started;
    }
    auto output = output_writer::open(directory, *options_.system);
    if (!output) {
        return std::move(output).error();
    }
    output_ = std::move(*output);
    auto series =
        series::writer::create(data_path(directory, series_directory), {}, *options_.system);
    if (!series) {
        return std::move(series).error();
    }
    series_.emplace(std::move(*series));
    if (!options_.output_rules.empty()) {
        auto follower = output_follower::create(options_.output_rules, directory, *options_.system);
        if (!follower) {
            return std::move(follower).error();
        }
        follower_.emplace(std::move(*follower));
    }
    auto keeper = rundir_keeper::open(directory, *options_.system);
    if (!keeper) {
        return std::move(keeper).error();
    }
    keeper_ = std::move(*keeper);
    return {};
}

inline void recording::set_process(int pid) {
    pid_ = pid;
    pair_list pairs = {{"pid", std::to_string(pid)}};
    if (const auto ticks = os::process_start_ticks(pid)) {
        pairs.emplace_back("pid_start_ticks", std::to_string(*ticks));
    }
    report("run attributes", files_.meta().append(pairs));
}

inline void recording::store(const output_item& item) {
    if (item.dropped_bytes > 0) {
        output_.add_gap(item.dropped_bytes);
    }
    if (item.chunk) {
        report("output",
               output_.append(item.chunk->stream, item.chunk->time_us, item.chunk->bytes));
        if (follower_) {
            follower_->note_output();
        }
    }
}

inline void recording::read_output() {
    if (has_unread_output()) {
        report("values in the output", follower_->work(output_.log(), output_.index()));
    }
}

// How long the end of a run may wait for rules that are late.
inline constexpr std::int64_t most_output_wait_ms = 10'000;

inline void recording::finish_output(run_end& how) {
    if (!follower_) {
        return;
    }
    const auto left = follower_->finish(output_.log(), output_.index(), most_output_wait_ms);
    if (!left) {
        report("values in the output", left.error());
    } else if (*left > 0) {
        how.more.emplace_back("output_unread_bytes", std::to_string(*left));
        options_.message(std::to_string(*left) + " bytes of output were not searched for values; "
                                                 "'guild scan-output' does that");
    }
}

inline std::int64_t recording::wait_ms() const {
    std::int64_t wait = round_wait_ms();
    for (const external_collector& each : collectors_) {
        wait = std::min(wait, each.wait_ms());
    }
    return wait;
}

inline std::int64_t recording::round_wait_ms() const {
    const std::int64_t left_us = next_round_us_ - now_us();
    return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

inline void recording::work_if_due() {
    work_collectors();
    if (round_wait_ms() > 0) {
        return;
    }
    next_round_us_ = now_us() + options_.sample_interval_ms * 1000;
    start_round();
    (void)events_.collect(*series_);
    record_machine();
    read_output();  // also while output comes without a pause
    flush_series();
}

inline void recording::flush_series() {
    report_series(*series_, series_->flush());
    if (follower_) {
        report_series(follower_->writer(), follower_->writer().flush());
    }
}

inline void recording::move_series_to(const std::string& directory) {
    report("series values", series_->move_to(directory));
    if (follower_) {
        report("series values", follower_->writer().move_to(directory));
    }
}

inline void recording::work_collectors() {
    std::size_t stored = 0;
    for (external_collector& each : collectors_) {
        stored += each.work(*series_);
        while (const auto line = each.take_news()) {
            options_.message(*line);
        }
    }
    if (stored > 0) {
        flush_series();
    }
}

inline void recording::end_collectors(run_end& how) {
    for (external_collector& each : collectors_) {
        each.stop();
        if (each.failures() > 0) {
            how.more.emplace_back("collector." + each.spec().name, each.summary());
        }
    }
}

inline void recording::start_round() {
    look_after_directory(false);
    if (now_us() >= next_beat_us_) {
        next_beat_us_ = now_us() + heartbeat_us;
        report("heartbeat", files_.beat());
    }
}

inline void recording::record_machine() {
    if (!std::exchange(is_machine_recorded_, true) && options_.system_attrs) {
        report("system attributes", files_.attrs().append(system_attributes()));
    }
    if (pid_ > 0) {
        statistics_.collect(pid_, options_.system->wall_time_us(), *series_);
    }
}

inline void recording::look_after_directory(bool is_last) {
    state_ = keeper_.look(open_files());
    const bool is_lost = state_ == rundir_state::gone || state_ == rundir_state::replaced;
    if (is_lost && !(is_last && is_told_)) {
        options_.message(std::string(rundir_deleted_message));
    }
    is_told_ = is_lost;
    if (state_ == rundir_state::moved) {
        const std::string data = keeper_.data_directory_now(state_);
        move_series_to(join_path(data, series_directory));
    }
    const bool is_time =
        keeper_.is_time_to_restore(state_, now_us(), options_.restore_patience_ms * 1000);
    if (is_time || (is_last && is_lost)) {
        restore();
    }
}

inline void recording::restore() {
    flush_series();
    auto place = keeper_.restore(open_files());
    if (!place) {
        report("restored run", std::move(place).error());
        return;
    }
    state_ = rundir_state::present;
    is_told_ = false;
    move_series_to(data_path(*place, series_directory));
    report("heartbeat", files_.beat());  // LOCK names its own inode
    options_.message("Everything recorded so far is in " + *place + " again");
}

inline std::string recording::end(run_end how) {
    end_collectors(how);
    if (pid_ > 0 && !is_machine_recorded_) {
        record_machine();  // the command was quicker than the first round
    }
    (void)events_.collect(*series_);
    finish_output(how);
    flush_series();
    look_after_directory(true);
    report("output", output_.flush_gap(how.stopped_us));
    report_series(*series_, series_->close());
    if (follower_) {
        report_series(follower_->writer(), follower_->close(keeper_.data_directory_now(state_)));
    }
    if (output_.lost_bytes() > 0) {
        how.more.emplace_back("output_lost_bytes", std::to_string(output_.lost_bytes()));
    }
    if (failures_ > 0) {
        how.more.emplace_back("record_errors", std::to_string(failures_));
    }
    if (is_disk_full_ && how.status == run_status::error) {
        how.cause += " (no space left on the disk of the run)";
    }
    cause_ = how.cause;
    report("run attributes", files_.end(how, keeper_.data_directory_now(state_)));
    compact_series();
    return keeper_.run_directory();
}

// Behind the end, so that whoever kills this process now does not lose how the command ended.
inline void recording::compact_series() {
    if (state_ == rundir_state::gone || state_ == rundir_state::replaced) {
        return;
    }
    compact_run_options how;
    how.most_bytes = most_bytes_at_end;
    how.system = options_.system;
    const compact_run_report done = compact_run(keeper_.data_directory_now(state_), how);
    for (const error& why : done.errors) {
        // What a command put there and is no series file, readers tell of.
        if (why.code != errc::bad_syntax && why.code != errc::truncated &&
            why.code != errc::bad_value && why.code != errc::unsupported) {
            report("series in columns", why);
        }
    }
}

inline void recording::report(std::string_view what, const result<void>& outcome) {
    if (outcome) {
        return;
    }
    ++failures_;
    is_disk_full_ = is_disk_full_ || outcome.error().code == errc::no_space;
    if (reported_.emplace(what).second) {
        options_.message("Error logging " + std::string(what) + ": " + to_string(outcome.error()));
    }
}

// That the directory of a file is gone is told by look_after_directory, and loses nothing.
inline void recording::report_series(const series::writer& writer, const result<void>& outcome) {
    const auto is_of_directory = [](const error& why) {
        return why.code == errc::not_found || why.code == errc::not_a_directory;
    };
    if (!outcome && !is_of_directory(outcome.error())) {
        report("series values", outcome);
    }
    const auto& first = writer.last_error();
    if (first && !is_of_directory(*first) && reported_.find("series values") == reported_.end()) {
        report("series values", *first);
    }
}

inline std::vector<kept_file> recording::open_files() {
    std::vector<kept_file> files;
    files_.list_open(files);
    files.push_back({std::string(output_log_name), output_.log().fd()});
    files.push_back({std::string(output_index_name), output_.index().fd()});
    files.push_back({join_path(series_directory, base_name(series_->path())), series_->fd()});
    if (follower_) {
        files.push_back({join_path(series_directory, base_name(follower_->writer().path())),
                         follower_->writer().fd()});
    }
    return files;
}

}}}  // namespace guild::runs
