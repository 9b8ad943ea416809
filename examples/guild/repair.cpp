// examples/guild/repair.cpp - guild repair: saves what is good of damaged series files.

#include "commands.hpp"
#include "common.hpp"
#include "series_files.hpp"

#include <guild/base/path.hpp>
#include <guild/runs/compact_run.hpp>
#include <guild/runs/layout.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/repair.hpp>

#include <string>
#include <vector>

namespace program {
namespace {

void print_repaired(const std::string& path, const guild::series::repair_report& done,
                    io& console) {
    const std::string name = printable(path);
    for (const guild::series::byte_range& range : done.lost) {
        console.print(name + ": bytes " + std::to_string(range.begin) + '-' +
                      std::to_string(range.end) + " are lost\n");
    }
    console.print(name + ": repaired: " + count_of(done.points, "point") + " saved, " +
                  count_of(done.bytes_lost, "byte") + " lost; the damaged file is kept as " +
                  printable(guild::base_name(done.kept_as)) + '\n');
}

int repair_run(const guild::runs::run& run, io& console) {
    if (!is_over(run)) {
        return fail_not_over(run, console);
    }
    int status = exit_ok;
    bool is_changed = false;
    (void)guild::runs::clear_leftovers(guild::runs::data_path(run.path()));
    for (const std::string& path : find_series_files(run, console, status)) {
        const auto file = guild::series::reader::open(path);
        if (file && !file->is_closed() && guild::runs::is_writer_alive(path)) {
            console.fail(printable(path) + ": its writer still runs");
            status = exit_failed;
            continue;
        }
        const auto done = guild::series::repair(path);
        if (!done && done.error().code == guild::errc::truncated) {
            continue;  // its writer ended before it wrote the header
        }
        if (!done) {
            status = fail_work(console, done.error());
        } else if (done->is_changed) {
            is_changed = true;
            print_repaired(path, *done, console);
        }
    }
    if (!is_changed && status == exit_ok) {
        console.print(printable(run.path()) + ": nothing to repair\n");
    }
    return status;
}

int repair_runs(const arguments& given, io& console) {
    if (given.has("RUNDIR") == given.has("latest-run")) {
        return console.fail(given.has("RUNDIR") ? "--latest-run cannot be used with RUNDIR"
                                                : "either RUNDIR or --latest-run is required");
    }
    const auto runs = select_runs(given, console);
    if (!runs) {
        return exit_usage;
    }
    int status = exit_ok;
    for (const guild::runs::run& run : *runs) {
        status = repair_run(run, console) == exit_ok ? status : exit_failed;
    }
    return status;
}

}  // namespace

command_spec repair_command() {
    return {"repair",
            "save what is good of damaged series",
            "Writes all good blocks of each damaged series file of the runs into a new file, which "
            "takes its place, and says which bytes are lost. The damaged file is kept beside it as "
            "NAME.gts.damaged. Files without damage are left alone, and so are runs that go on.",
            {run_positionals("")},
            run_options(),
            repair_runs};
}

}  // namespace program
