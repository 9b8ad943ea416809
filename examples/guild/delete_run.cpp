// examples/guild/delete_run.cpp - guild delete-run, restore and purge: runs into the trash of their
// run root, back, and away for good.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/catalog.hpp>

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

void remove_repeated(std::vector<guild::runs::run>& list) {
    std::vector<guild::runs::run> once;
    for (guild::runs::run& each : list) {
        const bool is_known =
            std::any_of(once.begin(), once.end(),
                        [&](const guild::runs::run& other) { return other.path() == each.path(); });
        if (!is_known) {
            once.push_back(std::move(each));
        }
    }
    list = std::move(once);
}

/// Removes a run and, when it was the last one there, the trash it is in.
bool remove_for_good(const guild::runs::run& which, io& console) {
    const auto removed = guild::os::remove_tree(which.path());
    if (!removed) {
        fail(console, removed.error());
        return false;
    }
    const std::string parent = guild::parent_path(which.path());
    if (guild::base_name(parent) == guild::runs::trash_directory) {
        guild::os::remove_empty_directory(parent);
    }
    return true;
}

int delete_run(const arguments& given, io& console) {
    if (given.has("RUNDIR") && given.has("latest-run")) {
        return console.fail("--latest-run cannot be used with RUNDIR");
    }
    if (!given.has("RUNDIR") && !given.has("latest-run")) {
        return console.fail("either RUNDIR or --latest-run is required");
    }
    auto chosen = select_runs(given, console);
    if (!chosen) {
        return exit_usage;
    }
    remove_repeated(*chosen);
    for (const guild::runs::run& each : *chosen) {
        if (each.owner()) {
            return console.fail(each.path() + " is " + std::string(to_string(each.status())) +
                                "; stop it first");
        }
    }
    for (const guild::runs::run& each : *chosen) {
        console.print("Deleting " + each.path() + '\n');
        if (given.has("purge")) {
            if (!remove_for_good(each, console)) {
                return exit_usage;
            }
            continue;
        }
        const auto moved = guild::runs::trash_run(each);
        if (!moved) {
            return fail(console, moved.error());
        }
    }
    return exit_ok;
}

/// The deleted runs that RUN names, by path or by name in the trashes of the project; all of them
/// without RUN. Empty with the error printed.
std::optional<std::vector<guild::runs::run>> select_deleted(const arguments& given, io& console) {
    std::vector<guild::runs::run> chosen;
    const auto roots = load_run_roots(given, console);
    if (!roots) {
        return std::nullopt;
    }
    const std::vector<std::string> trashes = guild::runs::trash_roots(*roots);
    if (!given.has("RUN")) {
        return guild::runs::list_runs(trashes);
    }
    for (const std::string& name : given.all("RUN")) {
        auto found = guild::runs::find_run(trashes, name);
        if (!found && found.error().code == guild::errc::not_found) {
            console.fail("cannot find a deleted run named " + name);
            return std::nullopt;
        }
        if (!found) {
            fail(console, found.error());
            return std::nullopt;
        }
        const std::string parent = guild::parent_path(found->path());
        if (guild::base_name(parent) != guild::runs::trash_directory) {
            console.fail(found->path() + " is not deleted");
            return std::nullopt;
        }
        chosen.push_back(std::move(*found));
    }
    remove_repeated(chosen);
    return chosen;
}

int restore(const arguments& given, io& console) {
    const auto chosen = select_deleted(given, console);
    if (!chosen) {
        return exit_usage;
    }
    for (const guild::runs::run& each : *chosen) {
        const auto place = guild::runs::restore_run(each);
        if (!place) {
            return fail(console, place.error());
        }
        guild::os::remove_empty_directory(guild::parent_path(each.path()));
        console.print("Restored " + *place + '\n');
    }
    return exit_ok;
}

/// Asks a person at a terminal; where there is none, the command line is the answer.
bool is_agreed(std::size_t count, const arguments& given, io& console) {
    if (given.has("yes") || ::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) {
        return true;
    }
    console.print_error("Remove " + std::to_string(count) +
                        (count == 1 ? " deleted run" : " deleted runs") + " for good? [y/N] ");
    char answer[16] = {};
    const ssize_t size = ::read(STDIN_FILENO, answer, sizeof answer);
    return size > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

int purge(const arguments& given, io& console) {
    const auto chosen = select_deleted(given, console);
    if (!chosen) {
        return exit_usage;
    }
    if (chosen->empty()) {
        console.print("The trash is empty\n");
        return exit_ok;
    }
    if (!is_agreed(chosen->size(), given, console)) {
        return exit_failed;
    }
    for (const guild::runs::run& each : *chosen) {
        console.print("Removing " + each.path() + '\n');
        if (!remove_for_good(each, console)) {
            return exit_failed;
        }
    }
    return exit_ok;
}

}  // namespace

command_spec delete_run_command() {
    return {"delete-run",
            "delete runs",
            "The run's directory is moved to the directory .trash beside it, from where 'guild "
            "restore' brings it back; --purge removes it for good. When one of the runs is still "
            "running, all are left alone.",
            {{"RUNDIR", how_many::any,
              "the run's directory, or its name (or the beginning of it) in the project"}},
            run_options({{"--purge", "", "remove the runs for good"}}),
            delete_run};
}

command_spec restore_command() {
    return {"restore",
            "bring deleted runs back",
            "Moves runs out of the trash to where they were, under their names there; where "
            "another run has the name by now, with -2, -3 and so on behind it.",
            {{"RUN", how_many::some,
              "the run's name (or the beginning of it) in the trash, or its directory there"}},
            {project_option()},
            restore};
}

command_spec purge_command() {
    return {"purge",
            "remove deleted runs for good",
            "Removes the runs in the trash, or all of them without RUN. At a terminal it asks "
            "first. 'guild list-runs --deleted' shows them.",
            {{"RUN", how_many::any,
              "the run's name (or the beginning of it) in the trash, or its directory there"}},
            {project_option(), {"-y,--yes", "", "do not ask"}},
            purge};
}

}  // namespace program
