// examples/guild/compact.cpp - guild compact: brings the series of runs that are over into columns.

#include "commands.hpp"
#include "common.hpp"
#include "series_files.hpp"

#include <guild/runs/compact_run.hpp>
#include <guild/runs/layout.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace program {
namespace {

struct compact_totals {
    std::uint64_t runs = 0;
    std::uint64_t files = 0;  // that were rewritten
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    std::uint64_t going_on = 0;
    int status = exit_ok;
};

std::string describe_sizes(std::uint64_t before, std::uint64_t after) {
    char share[32] = {};
    std::snprintf(share, sizeof share, "%.0f %%",
                  100 * static_cast<double>(after) / static_cast<double>(before == 0 ? 1 : before));
    return std::to_string(before) + " -> " + std::to_string(after) + " bytes, " + share;
}

void print_compacted(const guild::runs::run& run, const guild::runs::compact_run_report& done,
                     io& console) {
    const std::string name = printable(run.path());
    for (const std::string& path : done.left) {
        console.print(printable(path) + ": left: its writer still runs\n");
    }
    if (done.compacted > 0) {
        console.print(name + ": " + describe_sizes(done.bytes_before, done.bytes_after) + " (" +
                      count_of(done.compacted, "file") + ")\n");
    } else if (done.left.empty() && done.errors.empty()) {
        console.print(name + ": nothing to do\n");
    }
}

void compact_one(const guild::runs::run& run, io& console, compact_totals& totals) {
    guild::runs::compact_run_options how;
    how.is_run_over = true;
    const auto done = guild::runs::compact_run(guild::runs::data_path(run.path()), how);
    print_compacted(run, done, console);
    for (const guild::error& why : done.errors) {
        totals.status = fail_work(console, why);
        if (why.code == guild::errc::bad_checksum) {
            console.print_error("run guild repair " + printable(run.path()) + '\n');
        }
    }
    ++totals.runs;
    totals.files += done.compacted;
    totals.bytes_before += done.bytes_before;
    totals.bytes_after += done.bytes_after;
}

void print_totals(const compact_totals& totals, io& console) {
    if (totals.runs > 1) {
        console.print(count_of(totals.runs, "run") + ": " +
                      describe_sizes(totals.bytes_before, totals.bytes_after) + " (" +
                      count_of(totals.files, "file") + ")\n");
    }
    if (totals.going_on > 0) {
        console.print(count_of(totals.going_on, "run") + (totals.going_on == 1 ? " is" : " are") +
                      " not over and left alone\n");
    }
}

int compact_runs(const arguments& given, io& console) {
    const int ways = (given.has("RUNDIR") ? 1 : 0) + (given.has("latest-run") ? 1 : 0) +
                     (given.has("all") ? 1 : 0);
    if (ways != 1) {
        return console.fail(ways == 0 ? "either RUNDIR, --latest-run or --all is required"
                                      : "only one of RUNDIR, --latest-run and --all can be used");
    }
    const auto runs = select_runs(given, console);
    if (!runs) {
        return exit_usage;
    }
    compact_totals totals;
    for (const guild::runs::run& run : *runs) {
        if (is_over(run)) {
            compact_one(run, console, totals);
        } else if (given.has("all")) {
            ++totals.going_on;
        } else {
            totals.status = fail_not_over(run, console);
        }
    }
    print_totals(totals, console);
    return totals.status;
}

}  // namespace

command_spec compact_command() {
    return {"compact",
            "make the series of runs that are over small",
            "Rewrites the series files of runs that are over into columns: the same points, bit "
            "for bit, in a fraction of the room. Runs do that when they end; this is for runs that "
            "were killed, for files above 256 MiB, and for runs of earlier versions. A damaged "
            "file is left as it is, and the exit status is 1.",
            {run_positionals("")},
            run_options({{"--all", "", "all runs of the project; those that go on are left"}}),
            compact_runs};
}

}  // namespace program
