// examples/guild/events.cpp - guild events: what TensorFlow event files hold.

#include "commands.hpp"
#include "common.hpp"
#include "event_report.hpp"

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/os/stats.hpp>
#include <guild/os/thread.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

namespace tf = guild::tfevents;
using json_row = guild::json::value;

/// The files of one run, by the path that is shown.
struct run_files {
    std::string run;
    std::vector<std::string> paths;
};

/// `path` as it is written below --rel DIR; "." for DIR itself.
std::string path_below(const std::string& path, const std::optional<std::string>& base) {
    if (!base) {
        return path;
    }
    const std::string root = guild::os::absolute_path(*base);
    const std::string whole = guild::os::absolute_path(path);
    if (whole == root) {
        return ".";
    }
    return guild::starts_with(whole, root + '/') ? whole.substr(root.size() + 1) : path;
}

/// The run of a file, as TensorBoard would name it were --rel DIR its log directory.
std::string run_of(const std::string& path, const std::optional<std::string>& base) {
    const std::string directory = guild::parent_path(path);
    return path_below(directory.empty() ? "." : directory, base);
}

/// Every event file that the PATHs name, by run, each once; empty with the error printed when a
/// PATH is not there.
std::optional<std::vector<run_files>> find_files(const arguments& given, io& console) {
    const auto base = given.find("rel");
    std::vector<run_files> runs;
    std::map<std::string, std::size_t> places;
    std::set<std::string> seen;  // one file may be named in several ways
    const auto add = [&](const std::string& path) {
        if (!seen.insert(guild::os::absolute_path(path)).second) {
            return;
        }
        const std::string run = run_of(path, base);
        const auto [at, is_new] = places.emplace(run, runs.size());
        if (is_new) {
            runs.push_back({run, {}});
        }
        runs[at->second].paths.push_back(path);
    };
    for (const std::string& path : given.all("PATH")) {
        const auto status = guild::os::get_status(path);
        if (!status) {
            fail(console, status.error());
            return std::nullopt;
        }
        if (status->kind == guild::os::file_kind::regular) {
            add(path);
            continue;
        }
        if (status->kind != guild::os::file_kind::directory) {
            console.fail("expected a regular file or a directory, seen neither: " + path);
            return std::nullopt;
        }
        tf::directory_reader below_path(path);
        below_path.for_each_directory(
            [&](const std::string& below, const std::vector<std::string>& names) {
                const std::string directory = below == "." ? path : guild::join_path(path, below);
                for (const std::string& name : names) {
                    add(guild::join_path(directory, name));
                }
            });
        if (const auto& failure = below_path.last_error()) {
            console.warn(guild::to_string(*failure));
        }
    }
    for (run_files& each : runs) {
        std::sort(each.paths.begin(), each.paths.end());
    }
    return runs;
}

// ---- damage
// ----------------------------------------------------------------------------------------

void warn_of_damage(const file_report& file, io& console) {
    const auto at = [&](std::uint64_t begin, std::uint64_t end) {
        return printable(file.path) + '@' + std::to_string(begin) + '-' + std::to_string(end) +
               ": ";
    };
    for (const tf::damage& each : file.damages) {
        console.warn(at(each.begin, each.end) + std::string(to_string(each.kind)) + ", " +
                     std::to_string(each.end - each.begin) + " bytes skipped");
    }
    if (file.failure) {
        console.warn(printable(guild::to_string(*file.failure)));
    }
    const std::uint64_t tail = file.counters.tail_bytes;
    if (tail > 0 && tail <= file.bytes) {
        console.warn(at(file.bytes - tail, file.bytes) +
                     (file.counters.holes > 0 ? "zeros where a record is to be"
                                              : "the last record is not whole") +
                     ", as of a file that is being written");
    }
}

// ---- --json
// ----------------------------------------------------------------------------------------

json_row number_or_null(const std::optional<double>& number) {
    return number ? guild::json::to_json(*number) : json_row();
}

json_row text_or_null(const std::string& text) {
    return text.empty() ? json_row() : json_row(guild::json::to_text(text));
}

std::string hex(std::uint64_t number) {
    char digits[20] = {};
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return digits;
}

json_row json_of_file(const file_report& file, const std::string& shown) {
    json_row row;
    row["t"] = "file";
    guild::json::set_text(row, "path", shown);
    row["version"] = text_or_null(file.version);
    row["writer"] = text_or_null(file.writer);
    row["first_wall"] = number_or_null(file.first_wall);
    if (file.failure) {
        row["error"] = guild::json::to_text(guild::to_string(*file.failure));
    }
    row["bytes"] = file.bytes;
    row["records"] = file.counters.records;
    const bool is_cut = file.counters.tail_bytes > 0 && file.counters.holes == 0;
    row["truncated"] = is_cut ? 1 : 0;
    row["tail_bytes"] = is_cut ? file.counters.tail_bytes : 0;
    row["bad_len_crc"] = file.counters.bad_lengths;
    row["zero_header"] = file.counters.holes;
    row["bad_data_crc"] = file.counters.bad_payloads;
    row["bad_proto"] = file.counters.bad_events + file.counters.oversized;
    row["nan_wall"] = file.counters.nan_times;
    row["events"] = json_row::object();
    for (std::size_t kind = 0; kind < tf::event_kind_count; ++kind) {
        if (file.counters.events[kind] > 0) {
            row["events"][std::string(to_string(static_cast<tf::event_kind>(kind)))] =
                file.counters.events[kind];
        }
    }
    row["other"] = json_row::object();
    for (const auto& [name, count] : file.other) {
        row["other"][guild::json::to_text(name)] = count;
    }
    std::uint64_t points = 0;
    for (const tag_report& each : file.tags) {
        points += each.numbers.count;
    }
    row["scalar_tags"] = file.tags.size();
    row["scalar_points"] = points;
    return row;
}

json_row json_of_tag(const tag_report& tag, const std::string& shown) {
    json_row row;
    row["t"] = "tag";
    guild::json::set_text(row, "path", shown);
    row["tag"] = tag.tag;
    row["kind"] = tag.is_simple ? "simple" : "tensor";
    row["dtypes"] = json_row(std::vector<std::string>(tag.types.begin(), tag.types.end()));
    row["plugin"] = tag.plugin ? json_row(*tag.plugin) : json_row();
    const point_numbers& numbers = tag.numbers;
    row["count"] = numbers.count;
    row["first_step"] = numbers.first_step;  // plain numbers, for readers that know 64 bits
    row["last_step"] = numbers.last_step;
    row["min_step"] = numbers.min_step;
    row["max_step"] = numbers.max_step;
    row["first_value"] = guild::json::to_json(numbers.first_value);
    row["last_value"] = guild::json::to_json(numbers.last_value);
    row["sum"] = guild::json::to_json(numbers.sum);
    row["min"] = number_or_null(numbers.min);
    row["max"] = number_or_null(numbers.max);
    row["nan"] = numbers.nan;
    row["inf"] = numbers.inf;
    row["last_wall"] = guild::json::to_json(numbers.last_wall);
    row["nonmono"] = numbers.not_later;
    row["fnv64"] = hex(tag.print.value());
    return row;
}

void set_view(json_row& row, const std::string& name, const point_numbers& numbers) {
    row[name + "_count"] = numbers.count;
    row[name + "_last_step"] = numbers.count > 0 ? json_row(numbers.last_step) : json_row();
    row[name + "_sum"] = guild::json::to_json(numbers.sum);
}

json_row json_of_run_tag(const run_tag_report& tag, const run_report& run) {
    json_row row;
    row["t"] = "run";
    guild::json::set_text(row, "run", run.run);
    row["files"] = run.files.size();
    row["tag"] = tag.tag;
    row["count"] = tag.all.count;
    row["last_step"] = tag.all.last_step;
    row["last_value"] = guild::json::to_json(tag.all.last_value);
    row["sum"] = guild::json::to_json(tag.all.sum);
    row["fnv64"] = hex(tag.print.value());
    set_view(row, "mono", tag.latest_attempt);
    set_view(row, "restart", tag.session_start);
    return row;
}

void print_json(const run_report& run, const arguments& given, io& console) {
    const auto base = given.find("rel");
    const auto print = [&](const json_row& row) { console.print(guild::json::format(row) + '\n'); };
    for (const file_report& file : run.files) {
        const std::string shown = path_below(file.path, base);
        print(json_of_file(file, shown));
        for (const tag_report& tag : file.tags) {
            print(json_of_tag(tag, shown));
        }
    }
    for (const run_tag_report& tag : run.tags) {
        print(json_of_run_tag(tag, run));
    }
}

// ---- a table for people, and --csv
// -----------------------------------------------------------------

/// Exact for programs; for people six digits, which is what a table has room for.
std::string number_text(const std::optional<double>& number, bool is_exact) {
    if (!number || is_exact) {
        return number ? guild::format_double(*number) : "";
    }
    char digits[32] = {};
    std::snprintf(digits, sizeof digits, "%.6g", *number);
    return digits;
}

using row_of_text = std::vector<std::string>;

const row_of_text& headings() {
    static const row_of_text names = {"run",   "tag",  "count", "first_step", "last_step",
                                      "first", "last", "min",   "max"};
    return names;
}

row_of_text text_row(const run_tag_report& tag, const std::string& run, bool is_exact) {
    const point_numbers& numbers = tag.all;
    const auto text = [&](const std::optional<double>& number) {
        return number_text(number, is_exact);
    };
    return {run,
            tag.tag,
            std::to_string(numbers.count),
            std::to_string(numbers.first_step),
            std::to_string(numbers.last_step),
            text(numbers.first_value),
            text(numbers.last_value),
            text(numbers.min),
            text(numbers.max)};
}

/// One line of RFC 4180: texts with commas, quotes or line ends stand in quotes.
std::string csv_line(const row_of_text& row) {
    std::string line;
    for (const std::string& each : row) {
        line += line.empty() ? "" : ",";
        if (each.find_first_of(",\"\r\n") == std::string::npos) {
            line += each;
        } else {
            line += '"' + guild::replace_all(each, "\"", "\"\"") + '"';
        }
    }
    return line + '\n';
}

/// Characters, as a terminal shows them one a column.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

/// Columns as wide as their widest text, 40 characters at most: a longer one pushes its own line
/// aside and no other. Numbers stand at the right.
void print_table(const std::vector<row_of_text>& rows, io& console) {
    constexpr std::size_t widest = 40;
    std::vector<std::size_t> widths(headings().size());
    for (const row_of_text& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::min(widest, std::max(widths[i], width_of(row[i])));
        }
    }
    for (const row_of_text& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string text = printable(row[i]);
            const std::size_t width = width_of(text);
            const std::string space(width < widths[i] ? widths[i] - width : 0, ' ');
            line += i == 0 ? "" : "  ";
            line += i < 2 ? text + space : space + text;
        }
        console.print(line + '\n');
    }
}

void print_rows(const std::vector<run_report>& reports, const arguments& given, io& console) {
    std::vector<row_of_text> rows = {headings()};
    for (const run_report& run : reports) {
        for (const run_tag_report& tag : run.tags) {
            rows.push_back(text_row(tag, run.run, given.has("csv")));
        }
    }
    if (!given.has("csv")) {
        print_table(rows, console);
        return;
    }
    for (const row_of_text& row : rows) {
        console.print(csv_line(row));
    }
}

// ---- --points
// --------------------------------------------------------------------------------------

std::string tabbed_line(const row_of_text& row) {
    std::string line;
    for (const std::string& each : row) {
        line += (line.empty() ? "" : "\t") + printable(each);
    }
    return line + '\n';
}

/// Every point of a run, one a line, in file order.
void print_points(const run_files& files, const arguments& given, io& console) {
    tf::tag_table tags;
    for (const std::string& path : files.paths) {
        tf::reader file(path);
        tf::scalar point;
        while (file.next(point, tags)) {
            const row_of_text row = {files.run, std::string(point.tag), std::to_string(point.step),
                                     guild::format_double(point.wall_time),
                                     guild::format_double(point.value)};
            console.print(given.has("csv") ? csv_line(row) : tabbed_line(row));
        }
        file_report report;
        report.path = path;
        report.damages = file.damages();
        warn_of_damage(report, console);
    }
}

// ---- the command
// -----------------------------------------------------------------------------------

/// Reads the runs, several at a time.
std::vector<run_report> read_runs(const std::vector<run_files>& runs, const arguments& given,
                                  tf::restart_policy policy) {
    std::vector<run_report> reports(runs.size());
    const auto threads = static_cast<unsigned>(std::clamp(guild::os::cpu_count(), 1, 16));
    guild::os::for_each_index(runs.size(), threads, [&](std::size_t i) {
        reports[i] = given.has("json") ? report_run(runs[i].run, runs[i].paths)
                                       : report_scalars(runs[i].run, runs[i].paths, policy);
    });
    return reports;
}

int show_events(const arguments& given, io& console) {
    const auto policy = tf::find_restart_policy(given.get("restarts", "keep-all"));
    if (!policy) {
        return console.fail("invalid value for --restarts: expected keep-all, latest-attempt or "
                            "session-start, seen '" +
                            given.get("restarts", "") + "'");
    }
    for (const char* other : {"csv", "points"}) {
        if (given.has("json") && given.has(other)) {
            return console.fail("--json cannot be used with --" + std::string(other));
        }
    }
    if (given.has("points") && given.has("restarts")) {
        return console.fail("--points cannot be used with --restarts");
    }
    const auto runs = find_files(given, console);
    if (!runs) {
        return exit_usage;
    }
    if (runs->empty()) {
        console.fail("no event files there: their names contain 'tfevents'");
        return exit_failed;
    }
    if (given.has("points")) {
        if (given.has("csv")) {
            console.print("run,tag,step,wall_time,value\n");
        }
        for (const run_files& each : *runs) {
            print_points(each, given, console);
        }
        return exit_ok;
    }
    const std::vector<run_report> reports = read_runs(*runs, given, *policy);
    bool all_read = true;
    for (const run_report& run : reports) {
        if (given.has("json")) {
            print_json(run, given, console);
        }
        for (const file_report& file : run.files) {
            warn_of_damage(file, console);
            all_read = all_read && !file.failure;
        }
    }
    if (given.has("json")) {
        return all_read ? exit_ok : exit_failed;
    }
    if (std::all_of(reports.begin(), reports.end(),
                    [](const run_report& run) { return run.tags.empty(); })) {
        console.warn("there are no scalars in these files");
    }
    print_rows(reports, given, console);
    return all_read ? exit_ok : exit_failed;
}

}  // namespace

command_spec events_command() {
    return {
        "events",
        "show what TensorFlow event files hold",
        "Prints for each run and tag how many points there are, the first and last of them, the "
        "smallest and largest value. A PATH is an event file, or a directory, of which every "
        "file whose name contains 'tfevents' is read. Runs are named after directories.\n"
        "What is damaged is skipped and told on standard error with its place in the file, in "
        "bytes.\n"
        "--json prints one object a line: t=file for each file with what was read and lost, "
        "t=tag for each scalar of a file, t=run for each scalar of a run: all its points, and "
        "what TensorBoard's two rules for restarted trainings leave of them (mono: "
        "latest-attempt, restart: session-start).",
        {{"PATH", how_many::some, "event files, or directories of them"}},
        {{"--csv", "", "print the table as comma-separated values"},
         json_option(),
         {"--points", "",
          "print every point: run, tag, step, wall time, value (not with --json or --restarts)"},
         {"--rel", "DIR", "show paths and runs relative to DIR"},
         {"--restarts", "RULE",
          "which points a restarted training takes back: keep-all (none, the default), "
          "latest-attempt or session-start"}},
        show_events};
}

}  // namespace program
