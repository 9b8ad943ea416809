// examples/guild/verify.cpp - guild verify: reads every byte of the series of runs and says what is
// damaged.

#include "commands.hpp"
#include "common.hpp"
#include "series_files.hpp"

#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/compact_run.hpp>
#include <guild/series/verify.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

/// One file: what was found in it, or why it could not be read.
struct verified_file {
    std::string path;
    std::string state;
    std::optional<guild::series::verify_report> found;
    std::optional<guild::error> failure;

    [[nodiscard]] bool is_good() const { return found && found->damage.empty(); }
};

struct verify_totals {
    std::uint64_t files = 0;
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
    std::uint64_t damaged = 0;  // files
    std::uint64_t bytes_lost = 0;
    std::uint64_t unread = 0;
};

verified_file verify_file(const std::string& path, const guild::runs::run& run) {
    verified_file out;
    out.path = path;
    const bool may_grow = !is_over(run) || guild::runs::is_writer_alive(path);
    auto found = guild::series::verify(path);
    // Its writer had not written the header yet, or has not.
    if (!found && found.error().code == guild::errc::truncated) {
        guild::series::verify_report none;
        const auto status = guild::os::find_status(path);
        none.size = none.tail_bytes = status ? status->size : 0;
        found = std::move(none);
    }
    if (!found) {
        out.failure = std::move(found).error();
        return out;
    }
    out.found = std::move(*found);
    out.state = out.found->is_closed ? "closed"
                : may_grow           ? "being written"
                                     : "ended without closing";
    return out;
}

void print_file(const verified_file& file, io& console) {
    const std::string path = printable(file.path);
    if (file.failure) {
        console.print(path + ": cannot be read: " + printable(file.failure->message) + '\n');
        return;
    }
    const guild::series::verify_report& found = *file.found;
    std::string line = path + ": " + count_of(found.points, "point") + " of " +
                       count_of(found.series, "series") + " in " + count_of(found.size, "byte") +
                       ", " + file.state;
    if (found.tail_bytes > 0 && !found.is_columnar) {
        line += "; the last " + count_of(found.tail_bytes, "byte") +
                (found.tail_bytes == 1 ? " is" : " are") + " no whole block";
    }
    for (const guild::series::finding& each : found.damage) {
        console.print(path + ": bytes " + std::to_string(each.where.begin) + '-' +
                      std::to_string(each.where.end) + ": " + each.what + '\n');
    }
    if (!found.damage.empty()) {
        line += ": " + count_of(found.damage.size(), "place") + " damaged, " +
                count_of(found.bytes_lost(), "byte") + " lost";
    }
    console.print(line + '\n');
}

guild::json::value to_json(const verified_file& file) {
    guild::json::value out;
    guild::json::set_text(out, "path", file.path);
    if (file.failure) {
        guild::json::set_text(out, "error", file.failure->message);
        return out;
    }
    const guild::series::verify_report& found = *file.found;
    out["state"] = file.state;
    out["is_columnar"] = found.is_columnar;
    out["bytes"] = guild::json::to_json(found.size);
    out["blocks"] = guild::json::to_json(found.blocks);
    out["series"] = guild::json::to_json(found.series);
    out["points"] = guild::json::to_json(found.points);
    out["tail_bytes"] = guild::json::to_json(found.tail_bytes);
    out["bytes_lost"] = guild::json::to_json(found.bytes_lost());
    out["damage"] = guild::json::value::array();
    for (const guild::series::finding& each : found.damage) {
        guild::json::value place;
        place["begin"] = guild::json::to_json(each.where.begin);
        place["end"] = guild::json::to_json(each.where.end);
        place["what"] = each.what;
        out["damage"].push_back(std::move(place));
    }
    return out;
}

void count_file(const verified_file& file, verify_totals& totals) {
    ++totals.files;
    if (file.failure) {
        ++totals.unread;
        return;
    }
    totals.points += file.found->points;
    totals.bytes += file.found->size;
    totals.damaged += file.is_good() ? 0U : 1U;
    totals.bytes_lost += file.found->bytes_lost();
}

void print_totals(const verify_totals& totals, io& console) {
    std::string line = count_of(totals.files, "file") + ", " + count_of(totals.points, "point") +
                       ", " + count_of(totals.bytes, "byte") + ": ";
    if (totals.damaged == 0 && totals.unread == 0) {
        line += "no damage";
    }
    if (totals.damaged > 0) {
        line += std::to_string(totals.damaged) + " damaged, " +
                count_of(totals.bytes_lost, "byte") + " lost; guild repair saves the rest";
    }
    if (totals.unread > 0) {
        line +=
            (totals.damaged > 0 ? "; " : "") + std::to_string(totals.unread) + " could not be read";
    }
    console.print(line + '\n');
}

int verify_runs(const arguments& given, io& console) {
    if (given.has("RUNDIR") && given.has("latest-run")) {
        return console.fail("--latest-run cannot be used with RUNDIR");
    }
    const auto runs = select_runs(given, console);
    if (!runs) {
        return exit_usage;
    }
    int status = exit_ok;
    verify_totals totals;
    guild::json::value files = guild::json::value::array();
    for (const guild::runs::run& run : *runs) {
        for (const std::string& path : find_series_files(run, console, status)) {
            const verified_file file = verify_file(path, run);
            count_file(file, totals);
            status = file.is_good() ? status : exit_failed;
            if (given.has("json")) {
                files.push_back(to_json(file));
            } else {
                print_file(file, console);
            }
        }
    }
    if (given.has("json")) {
        console.print(guild::json::format(files) + '\n');
    } else {
        print_totals(totals, console);
    }
    return status;
}

}  // namespace

command_spec verify_command() {
    return {"verify",
            "check every byte of the series of runs",
            "Reads every series file of the runs and prints a line for each, and the range of "
            "bytes of each damage. Bytes behind the last whole block of a file that its writer "
            "did not close are no damage: they were being written when it ended.\n"
            "Without RUNDIR every run of the project is checked. The exit status is 1 when a file "
            "is damaged or cannot be read.",
            {run_positionals("; default: all")},
            run_options({json_option()}),
            verify_runs};
}

}  // namespace program
