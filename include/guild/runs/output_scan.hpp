// guild/runs/output_scan.hpp - what rules find in a run's output, stored as series: while it comes,
// or once more when the run is over.
//
// Layer 4. Includes: base, os, series, runs/output_rules output_reader run.
// Not here: what a rule finds in a line (runs/output_rules.hpp), when a recording process looks
// (runs/recording.hpp).
//
// These series stand in a series file of their own, so that they can be written again by other
// rules: the new file takes the old one's place by one rename.
#pragma once

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
#include <guild/os/file.hpp>
#include <guild/os/hold.hpp>
#include <guild/os/temporary.hpp>
#include <guild/runs/compact_run.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_rules.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/writer.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Follows an output and stores what rules find.
///
/// threads  one at a time
/// example  tests/runs/output_scan.cpp "output scan: values are stored as lines come"
class output_scan {
public:
    /// in       into: where the values go, used by this object alone; none: they are counted
    output_scan(std::vector<output_rule> rules, std::optional<series::writer> into);

    /// Reads the next piece, a MiB at most.
    ///
    /// out      false: there is no more at this time
    /// errors   io_failed
    [[nodiscard]] result<bool> advance(output_reader& from);

    /// The output is over: a last line without an end counts.
    void finish();

    [[nodiscard]] const output_values& values() const noexcept { return values_; }
    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }

    /// The writer; null without one.
    [[nodiscard]] series::writer* writer() noexcept { return into_ ? &*into_ : nullptr; }

private:
    void take(const output_line& line);
    void store(const output_frame& frame);

    output_values values_;
    output_lines lines_;
    std::optional<series::writer> into_;
    std::vector<std::uint32_t> ids_;  // of keys; made when they have a value
    std::vector<series::sample> samples_;
    std::uint64_t points_ = 0;
};

struct rescan_options {
    bool is_trial = false;  // only count
    const os::env* system = &os::system_env;
};

/// What a rescan found; `rules` as they were given.
///
/// units    bytes, lost_bytes: bytes
struct rescan_report {
    std::vector<output_rule_count> rules;
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;      // that were read
    std::uint64_t cut_lines = 0;  // passed over
    std::uint64_t replaced = 0;   // series files that were there before
    std::string path;             // of the series file; empty: nothing was found, or it is a trial
};

/// Reads the output of a run that is over again, and puts what is found in the place of what was.
///
/// Where nothing is found, the former series are removed. Twice the same gives the same points.
/// errors   bad_value: the run goes on; no_space, io_failed, ...: the former series are as they
///          were
/// cost     O(output); bounded memory
/// example  tests/runs/output_scan.cpp "rescan: takes the place of what was there"
[[nodiscard]] result<rescan_report> rescan_output(const run& of, std::vector<output_rule> rules,
                                                  const rescan_options& options = {});

// ---- implementation ---------------------------------------------------------

inline output_scan::output_scan(std::vector<output_rule> rules, std::optional<series::writer> into)
    : values_(std::move(rules)), into_(std::move(into)),
      ids_(values_.keys().size(), series::no_series) {}

inline void output_scan::store(const output_frame& frame) {
    points_ += frame.values.size();
    if (!into_) {
        return;
    }
    samples_.clear();
    for (const auto& [key, number] : frame.values) {
        if (ids_[key] == series::no_series) {
            ids_[key] = into_->series(values_.keys()[key]);
        }
        samples_.push_back({ids_[key], number});
    }
    into_->append(frame.step, frame.time_us, samples_.data(), samples_.size());
}

inline void output_scan::take(const output_line& line) {
    values_.read(line, [this](const output_frame& frame) { store(frame); });
}

inline result<bool> output_scan::advance(output_reader& from) {
    const auto span = from.next();
    if (!span) {
        return span.error();
    }
    if (*span) {
        lines_.feed(**span, [this](const output_line& line) { take(line); });
    }
    return span->has_value();
}

inline void output_scan::finish() {
    lines_.finish([this](const output_line& line) { take(line); });
}

namespace detail {

// Whether a series file holds what rules put there and nothing else.
inline bool holds_output_only(const std::string& path, const os::env& system) {
    const auto file = series::reader::open(path, system);
    if (!file) {
        return false;
    }
    const auto summaries = file->summaries();
    for (const series::series_summary& each : summaries) {
        if (!starts_with(each.key, output_key_prefix)) {
            return false;
        }
    }
    return !summaries.empty();
}

// One rescan, step by step.
class rescan {
public:
    rescan(const run& of, const rescan_options& options)
        : data_(data_path(of.path())), run_(of.path()), options_(options) {}

    result<rescan_report> perform(std::vector<output_rule> rules) {
        std::optional<os::file> held;
        os::temporary built(join_path(data_, "scan"));
        std::optional<series::writer> writer;
        if (options_.is_trial) {
            built.keep();
        } else {
            auto hold = os::hold_directory(data_, *options_.system);  // two would build the same
            if (!hold) {
                return std::move(hold).error();
            }
            held.emplace(std::move(*hold));
            (void)os::remove_tree(built.path());  // of one that was killed
            series::writer_options how;
            how.flush_interval_ms = -1;
            auto made = series::writer::create(built.path(), how, *options_.system);
            if (!made) {
                return std::move(made).error();
            }
            writer.emplace(std::move(*made));
        }
        output_scan scan(std::move(rules), std::move(writer));
        auto read = read_all(scan);
        if (read && scan.writer() != nullptr) {
            read = put_in_place(scan);
        }
        if (!read) {
            return std::move(read).error();
        }
        report_.rules = scan.values().counts();
        report_.points = scan.points();
        report_.cut_lines = scan.values().cut_lines();
        return std::move(report_);
    }

private:
    result<void> read_all(output_scan& scan) {
        auto reader = output_reader::open(run_, 0, *options_.system);
        if (!reader) {
            return std::move(reader).error();
        }
        result<bool> more = true;
        while (more && *more) {
            more = scan.advance(*reader);
        }
        scan.finish();
        report_.bytes = reader->offset();
        return more ? result<void>() : result<void>(std::move(more).error());
    }

    result<void> put_in_place(output_scan& scan) {
        series::writer& writer = *scan.writer();
        const std::string built = writer.path();
        auto stored = writer.close();
        if (stored && writer.last_error()) {
            stored = *writer.last_error();  // it went on in a second file
        }
        if (!stored) {
            return stored;
        }
        const std::vector<std::string> old = find_old();
        std::size_t kept = 0;
        if (scan.points() > 0) {
            auto made =
                os::make_directories(join_path(data_, series_directory), 0777, *options_.system);
            if (!made) {
                return made;
            }
            const auto compacted = series::compact(built, {}, *options_.system);
            if (!compacted) {
                return compacted.error();
            }
            report_.path = old.empty()
                               ? join_path(join_path(data_, series_directory), base_name(built))
                               : old.front();
            const int renamed = options_.system->rename(built.c_str(), report_.path.c_str());
            if (renamed < 0) {
                return os::os_error(-renamed, "rename", report_.path);
            }
            kept = 1;
        }
        for (std::size_t i = kept; i < old.size(); ++i) {
            (void)options_.system->unlink(old[i].c_str());
        }
        report_.replaced = old.size();
        return {};
    }

    [[nodiscard]] std::vector<std::string> find_old() const {
        std::vector<std::string> old;
        const auto paths = list_series_files(data_);
        for (std::size_t i = 0; paths && i < paths->size(); ++i) {
            if (holds_output_only((*paths)[i], *options_.system)) {
                old.push_back((*paths)[i]);
            }
        }
        return old;
    }

    std::string data_;
    std::string run_;
    const rescan_options& options_;
    rescan_report report_;
};

}  // namespace detail

inline result<rescan_report> rescan_output(const run& of, std::vector<output_rule> rules,
                                           const rescan_options& options) {
    if (of.owner() && !options.is_trial) {
        return make_error(errc::bad_value,
                          "the run goes on, and its values are recorded as they come", of.path());
    }
    return detail::rescan(of, options).perform(std::move(rules));
}

}}}  // namespace guild::runs
