// examples/guild/export.cpp - guild export: the series of a run as CSV, JSON Lines or an event
// file.

#include "commands.hpp"
#include "common.hpp"
#include "output_file.hpp"
#include "signals.hpp"

#include <guild/base/path.hpp>
#include <guild/base/pattern.hpp>
#include <guild/runs/event_export.hpp>
#include <guild/series/csv.hpp>
#include <guild/series/jsonl.hpp>
#include <guild/series/run_reader.hpp>

#include <signal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

volatile sig_atomic_t export_signal = 0;

void stop_export(int signal) {
    export_signal = signal;
}

using point_list = std::vector<guild::series::point>;

enum class export_format : unsigned char { csv, jsonl, tfevents };

/// What is exported, and what came of it.
struct export_job {
    guild::series::run_reader series;
    std::vector<std::string> keys;
    std::uint64_t points = 0;
};

guild::result<void> export_stopped() {
    return guild::make_error(guild::errc::interrupted, "stopped, nothing was written");
}

guild::error export_misuse(std::string message) {
    return guild::make_error(guild::errc::bad_value, std::move(message));
}

/// errors   bad_value
guild::result<export_format> get_export_format(const arguments& given) {
    const bool is_csv = given.has("csv");
    const bool is_jsonl = given.has("jsonl");
    const bool is_tfevents = given.has("tfevents");
    if (int{is_csv} + int{is_jsonl} + int{is_tfevents} > 1) {
        return export_misuse("only one of --csv, --jsonl and --tfevents can be used");
    }
    const auto path = given.find("output");
    if (is_tfevents && (!path || *path == "-")) {
        return export_misuse("--tfevents needs a directory: -o DIR");
    }
    const bool is_guessed = !is_csv && path && guild::file_extension(*path) == ".jsonl";
    if ((is_jsonl || is_tfevents || is_guessed) && given.has("no-header")) {
        return export_misuse("--no-header can be used with --csv alone");
    }
    return is_tfevents              ? export_format::tfevents
           : is_jsonl || is_guessed ? export_format::jsonl
                                    : export_format::csv;
}

/// The keys that a --series PATTERN matches, or all.
///
/// errors   bad_value: no pattern; not_found: it matches nothing
guild::result<std::vector<std::string>> get_export_keys(const arguments& given,
                                                        const guild::series::run_reader& series) {
    std::vector<guild::pattern> wanted;
    const std::vector<std::string> texts = given.all("series");
    for (const std::string& text : texts) {
        auto parsed = guild::pattern::parse(text);
        if (!parsed) {
            return export_misuse("invalid value for --series: '" + text + "', column " +
                                 std::to_string(parsed.error().where.column) + ": " +
                                 parsed.error().message);
        }
        wanted.push_back(std::move(*parsed));
    }
    std::vector<bool> is_used(wanted.size(), false);
    std::vector<std::string> keys;
    for (const guild::series::series_summary& each : series.summaries()) {
        bool is_wanted = wanted.empty();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i].matches(each.key)) {
                is_used[i] = is_wanted = true;
            }
        }
        if (is_wanted) {
            keys.push_back(each.key);
        }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!is_used[i]) {
            return guild::make_error(guild::errc::not_found,
                                     "no series of the run matches '" + texts[i] + "' as a whole");
        }
    }
    return keys;
}

guild::result<void> write_text(export_job& job, export_format format, bool has_header,
                               output_file& out) {
    constexpr std::size_t piece_bytes = std::size_t{256} << 10U;
    std::string text;
    if (has_header) {
        text += std::string(guild::series::csv_header) + '\n';
    }
    auto written = out.write(text);
    text.clear();
    job.series.for_each_points(job.keys, [&](const std::string& key, const point_list& points) {
        for (const guild::series::point& each : points) {
            format == export_format::csv ? guild::series::append_csv_point(text, key, each)
                                         : guild::series::append_json_point(text, key, each);
            if (text.size() >= piece_bytes && written) {
                written = export_signal != 0 ? export_stopped() : out.write(text);
                text.clear();
            }
        }
        job.points += points.size();
        return written.has_value() && export_signal == 0;
    });
    if (written && export_signal != 0) {
        written = export_stopped();
    }
    return written ? out.write(text) : written;
}

int export_text(export_job& job, export_format format, const arguments& given, io& console) {
    auto out = output_file::open(given.find("output"), console);
    if (!out) {
        return fail(console, out.error());
    }
    std::optional<signal_watch> watch;
    if (!out->is_standard_output()) {  // otherwise a signal and a closed pipe end the program
        watch.emplace(stop_export);
    }
    const bool has_header = format == export_format::csv && !given.has("no-header");
    auto written = write_text(job, format, has_header, *out);
    if (written) {
        written = out->close();
    }
    if (!written) {
        return console.is_broken() ? exit_failed : fail_work(console, written.error());
    }
    return exit_ok;
}

int export_events(export_job& job, const guild::runs::run& run, const std::string& directory,
                  io& console) {
    auto out = guild::runs::event_exporter::create(directory, run.started_us().value_or(0));
    if (!out) {
        return fail(console, out.error());
    }
    const signal_watch watch(stop_export);
    guild::result<void> added;
    job.series.for_each_points(job.keys, [&](const std::string& key, const point_list& points) {
        added = export_signal != 0 ? export_stopped() : out->add(key, points);
        job.points += points.size();
        return added.has_value();
    });
    if (!added) {
        return fail_work(console, added.error());
    }
    const auto path = out->close();
    if (!path) {
        return fail_work(console, path.error());
    }
    if (out->inexact_times() > 0) {
        console.warn(std::to_string(out->inexact_times()) +
                     " times lie beyond the year 2242, where the seconds of an event file have no "
                     "room for microseconds, and were rounded");
    }
    return exit_ok;
}

/// Says what could not be read; exit_failed when there was something.
int report_unread(const export_job& job, const guild::runs::run& run, io& console) {
    const auto& failure = job.series.last_error();
    if (failure) {
        console.warn(printable(guild::to_string(*failure)));
    }
    if (job.series.bytes_lost() > 0) {
        console.warn(run.path() + ": " + std::to_string(job.series.bytes_lost()) +
                     " damaged bytes of series were skipped");
    }
    return failure || job.series.bytes_lost() > 0 ? exit_failed : exit_ok;
}

int export_run(const arguments& given, io& console) {
    const auto format = get_export_format(given);
    if (!format) {
        return fail(console, format.error());
    }
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    export_job job{run->series(), {}, 0};
    auto keys = get_export_keys(given, job.series);
    if (!keys) {
        return keys.error().code == guild::errc::not_found ? fail_work(console, keys.error())
                                                           : fail(console, keys.error());
    }
    job.keys = std::move(*keys);
    const int status = *format == export_format::tfevents
                           ? export_events(job, *run, given.get("output", ""), console)
                           : export_text(job, *format, given, console);
    if (status != exit_ok) {
        return status;
    }
    const std::string path = given.get("output", "-");
    if (path != "-") {
        console.print(path + ": " + std::to_string(job.points) +
                      (job.points == 1 ? " point" : " points") + " of " +
                      std::to_string(job.keys.size()) + " series\n");
    }
    return report_unread(job, *run, console);
}

}  // namespace

command_spec export_command() {
    return {"export",
            "write the series of a run as CSV, JSON Lines or an event file",
            "Every point with all its bits, in order of keys and, within one, of writing. A line "
            "of CSV is key,step,time_us,value: integers without a point, doubles with one, NaN, "
            "inf. A line of JSON is {\"key\", \"step\", \"time_us\", \"value\"}. guild import "
            "reads all three back.\n"
            "A file at PATH appears when it is whole, in the place of one that was there.",
            {run_positional()},
            run_options({{"--csv", "", "comma-separated values, the default"},
                         {"--jsonl", "", "JSON Lines, also the default when PATH ends in .jsonl"},
                         {"--tfevents", "",
                          "a TensorBoard event file in a new or empty directory, tags as keys"},
                         {"-o,--output", "PATH",
                          "the file, or with --tfevents the directory (default: standard output)"},
                         {"--series", "PATTERN",
                          "only series whose whole key matches a regular expression; may be given "
                          "several times",
                          true},
                         {"--no-header", "", "leave out the first line of CSV"}}),
            export_run};
}

}  // namespace program
