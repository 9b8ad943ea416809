// examples/guild/stop.cpp - guild stop: asks the process that records a run to stop its command.

#include "commands.hpp"
#include "common.hpp"
#include "signals.hpp"

#include <guild/os/env.hpp>
#include <guild/os/stats.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/run.hpp>

#include <cerrno>
#include <string>

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

namespace program {
namespace {

/// Whether the process that wrote LOCK belongs to who owns the file: nobody stops our processes by
/// a LOCK of his own. True where the system has no /proc.
bool is_written_by_its_owner(const std::string& lock_path, int pid) {
    struct stat file = {};
    struct stat process = {};
    if (::stat(("/proc/" + std::to_string(pid)).c_str(), &process) != 0) {
        return true;
    }
    return ::stat(lock_path.c_str(), &file) == 0 && file.st_uid == process.st_uid;
}

/// Sends SIGTERM with our mark to the process of a LOCK, if it is still that one.
guild::result<void> send_stop(const guild::runs::run& run) {
    const guild::runs::lock_record& owner = *run.owner();
    const int pid = static_cast<int>(owner.pid);
    if (guild::os::process_start_ticks(pid) != owner.start_ticks) {
        return guild::make_error(guild::errc::not_found, "its process is gone");
    }
    const std::string lock_path = guild::runs::data_path(run.path(), guild::runs::lock_name);
    if (!is_written_by_its_owner(lock_path, pid)) {
        return guild::make_error(guild::errc::permission_denied,
                                 "it and the process that it names belong to different users",
                                 lock_path);
    }
    sigval mark = {};
    mark.sival_int = stop_mark;
    if (::sigqueue(pid, SIGTERM, mark) != 0) {
        return guild::os::os_error(errno, "sending SIGTERM to process " + std::to_string(pid));
    }
    return {};
}

/// Whether the run has ended within the time.
bool has_ended_within(const std::string& path, std::int64_t most_ms) {
    const std::int64_t until_us = guild::os::system_env.boot_time_us() + most_ms * 1000;
    while (guild::os::system_env.boot_time_us() < until_us) {
        const auto run = guild::runs::run::open(path);
        if (!run || !run->owner()) {
            return true;
        }
        (void)::poll(nullptr, 0, 20);
    }
    return false;
}

int stop(const arguments& given, io& console) {
    const auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    if (!run->owner()) {
        return console.fail(run->path() + " is " + std::string(to_string(run->status())) +
                            ", there is nothing to stop");
    }
    const guild::runs::process_place here = guild::runs::this_place();
    const guild::runs::process_place& place = run->owner()->place;
    if (place.host != here.host || place.pid_namespace != here.pid_namespace) {
        return console.fail(run->path() + " runs on " + printable(place.host) +
                            (place.host == here.host ? " in another container" : "") +
                            ": stop it there");
    }
    if (const auto sent = send_stop(*run); !sent) {
        return fail(console, sent.error());
    }
    // A second request kills; two of them at once would be one.
    if (given.has("now") && !has_ended_within(run->path(), 200)) {
        (void)send_stop(*run);
    }
    constexpr std::int64_t patience_ms = 30'000;  // longer than the time of grace
    if (!has_ended_within(run->path(), patience_ms)) {
        return console.fail(run->path() + " has not ended yet; --now kills it");
    }
    console.print("Stopped " + run->path() + '\n');
    return exit_ok;
}

}  // namespace

command_spec stop_command() {
    return {"stop",
            "stop a run",
            "The command of the run gets SIGTERM, and is killed if it has not ended after ten "
            "seconds; what it recorded stays. A run is stopped on the machine where it runs.",
            {run_positional()},
            run_options({{"--now", "", "kill it at once"}}),
            stop};
}

}  // namespace program
