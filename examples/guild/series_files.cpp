// examples/guild/series_files.cpp - see series_files.hpp.

#include "series_files.hpp"

#include "common.hpp"

#include <guild/runs/compact_run.hpp>
#include <guild/runs/layout.hpp>

#include <cstdint>
#include <utility>

namespace program {

positional_spec run_positionals(std::string_view without) {
    return {"RUNDIR", how_many::any,
            "the runs' directories, or their names (or the beginnings of them) in the project" +
                std::string(without)};
}

bool is_over(const guild::runs::run& run) {
    return !run.owner() && run.status() != guild::runs::run_status::lost;
}

int fail_not_over(const guild::runs::run& run, io& console) {
    const bool is_lost = run.status() == guild::runs::run_status::lost;
    console.fail(printable(run.path()) + " is " + std::string(to_string(run.status())) +
                 (is_lost ? "; remove its guild.d/LOCK if you know that it is over"
                          : "; wait for its end, or stop it first"));
    return exit_failed;
}

std::vector<std::string> find_series_files(const guild::runs::run& run, io& console, int& status) {
    auto paths = guild::runs::list_series_files(guild::runs::data_path(run.path()));
    if (paths) {
        return std::move(*paths);
    }
    if (paths.error().code != guild::errc::not_found) {
        status = fail_work(console, paths.error());
    }
    return {};
}

std::string count_of(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 || what == "series" ? "" : "s");
}

}  // namespace program
