// examples/guild/delete_run.cpp - guild delete-run: moves a run to the trash of its run root, or
// removes it for good.

#include "commands.hpp"
#include "common.hpp"

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/catalog.hpp>

#include <utility>

namespace program {
namespace {

int delete_run(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    if (run->owner()) {
        return console.fail(run->path() + " is " + std::string(to_string(run->status())) +
                            "; stop it first");
    }
    console.print("Deleting " + run->path() + '\n');
    if (given.has("purge")) {
        const auto removed = guild::os::remove_tree(run->path());
        return removed ? exit_ok : fail(console, removed.error());
    }
    const auto moved = guild::runs::trash_run(*run);
    return moved ? exit_ok : fail(console, moved.error());
}

}  // namespace

command_spec delete_run_command() {
    return {"delete-run",
            "delete a run",
            "The run's directory is moved to the directory .trash beside it, from where it can be "
            "moved back; --purge "
            "removes it for good. A run that is still running is left alone.",
            {run_positional()},
            run_options({{"--purge", "", "remove the run for good"}}),
            delete_run};
}

}  // namespace program
