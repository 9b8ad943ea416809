// examples/guild/import_events.cpp - guild import-events: makes runs out of TensorBoard log
// directories, once or as they grow.

#include "commands.hpp"
#include "common.hpp"
#include "signals.hpp"

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/runs/event_import.hpp>

#include <poll.h>
#include <signal.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace program {
namespace {

volatile sig_atomic_t import_signal = 0;

void stop_import(int signal) {
    import_signal = signal;
}

/// Milliseconds between two looks.
///
/// errors   bad_value
guild::result<std::int64_t> get_interval_ms(const arguments& given) {
    const std::string text = given.get("interval", "1");
    const auto seconds = guild::parse_double(text);
    if (!seconds || !(*seconds >= 0.05) || *seconds > 3600) {
        return guild::make_error(guild::errc::bad_value, "invalid value for --interval: '" + text +
                                                             "' is not a number from 0.05 to 3600");
    }
    return static_cast<std::int64_t>(*seconds * 1000);
}

/// The options as the toolkit takes them, without the run root.
///
/// errors   bad_value
guild::result<guild::runs::import_options> get_import_options(const arguments& given) {
    guild::runs::import_options options;
    options.follow = given.has("follow");
    options.is_stopped = [] { return import_signal != 0; };
    if (given.has("depth")) {
        const auto text = given.get("depth", "");
        const auto depth = guild::parse_int64(text);
        if (!depth || *depth < 0 || *depth > 32) {
            return guild::make_error(guild::errc::bad_value, "invalid value for --depth: '" + text +
                                                                 "' is not a number from 0 to 32");
        }
        options.depth = static_cast<int>(*depth);
    }
    const std::string word = given.get("restarts", "keep-all");
    const auto restarts = guild::tfevents::find_restart_policy(word);
    if (!restarts) {
        return guild::make_error(guild::errc::bad_value,
                                 "invalid value for --restarts: '" + word +
                                     "' is not keep-all, latest-attempt or session-start");
    }
    options.restarts = *restarts;
    return options;
}

/// Prints what became of each run.
class import_printer {
public:
    import_printer(bool is_json, io& console) : is_json_(is_json), console_(console) {}

    void print(const guild::runs::import_report& report) {
        for (const guild::error& loss : report.losses) {
            print_loss(loss);
        }
        if (report.failure) {
            has_failed_ = true;
            console_.fail(printable(report.name + ": " + guild::to_string(*report.failure)));
        }
        if (is_json_) {
            console_.print(guild::json::format(to_json(report)) + '\n');
        } else if (report.outcome != guild::runs::import_outcome::failed) {
            console_.print(printable(report.name) + ": " + describe(report) + '\n');
        }
        console_.flush();
    }

    [[nodiscard]] bool has_failed() const { return has_failed_; }

private:
    static std::string describe(const guild::runs::import_report& report) {
        using guild::runs::import_outcome;
        switch (report.outcome) {
        case import_outcome::unchanged:
            return "unchanged";
        case import_outcome::empty:
            return "no events yet";
        case import_outcome::followed:
            return "left alone, another process follows it";
        case import_outcome::made:
        case import_outcome::changed:
        case import_outcome::failed:
            break;
        }
        return std::to_string(report.points) + (report.points == 1 ? " point" : " points") +
               " of " + std::to_string(report.series) + " series";
    }

    static guild::json::value to_json(const guild::runs::import_report& report) {
        guild::json::value out;
        guild::json::set_text(out, "name", report.name);
        guild::json::set_text(out, "logdir", report.logdir);
        guild::json::set_text(out, "path", report.run_directory);
        out["outcome"] = std::string(guild::runs::to_string(report.outcome));
        const bool is_read = report.outcome == guild::runs::import_outcome::made ||
                             report.outcome == guild::runs::import_outcome::changed;
        out["points"] = is_read ? guild::json::value(report.points) : guild::json::value();
        out["series"] = is_read ? guild::json::value(report.series) : guild::json::value();
        out["following"] = report.is_running;
        return out;
    }

    /// A place of damage is a warning; a file that cannot be read at all is a failure. Each is
    /// told once.
    void print_loss(const guild::error& loss) {
        const bool is_damage = loss.where.end > loss.where.begin;
        const std::string place = is_damage ? '@' + std::to_string(loss.where.begin) + '-' +
                                                  std::to_string(loss.where.end)
                                            : std::string();
        has_failed_ = has_failed_ || !is_damage;
        if (told_.insert(loss.path + place).second) {
            console_.warn(printable(loss.path + place + ": " + loss.message));
        }
    }

    bool is_json_;
    io& console_;
    bool has_failed_ = false;
    std::set<std::string> told_;
};

/// Sleeps, but no longer than until a signal.
void wait_for_signal(std::int64_t milliseconds) {
    constexpr std::int64_t slice = 50;  // a signal between the look and poll() waits no longer
    while (import_signal == 0 && milliseconds > 0) {
        const std::int64_t now = milliseconds < slice ? milliseconds : slice;
        ::poll(nullptr, 0, static_cast<int>(now));
        milliseconds -= now;
    }
}

int fail_to_make_runs(const guild::error& why, io& console) {
    return console.fail("cannot make a run directory: " + guild::to_string(why));
}

int follow_events(guild::runs::event_importer& importer, std::int64_t interval_ms,
                  import_printer& printer, io& console) {
    const auto report = [&](const guild::runs::import_report& each) { printer.print(each); };
    const signal_watch watch(stop_import);
    while (import_signal == 0) {
        const auto found = importer.poll(report);
        if (!found) {
            importer.end(report);
            return fail_to_make_runs(found.error(), console);
        }
        wait_for_signal(interval_ms);
    }
    importer.end(report);
    return printer.has_failed() ? exit_failed : exit_ok;
}

int import_once(guild::runs::event_importer& importer, import_printer& printer,
                const std::string& logdir, io& console) {
    const auto found =
        importer.poll([&](const guild::runs::import_report& each) { printer.print(each); });
    if (!found) {
        return fail_to_make_runs(found.error(), console);
    }
    if (*found == 0) {
        console.fail("there are no event files in " + logdir +
                     " outside of the runs that guild recorded");
        return exit_failed;
    }
    return printer.has_failed() ? exit_failed : exit_ok;
}

int import_events(const arguments& given, io& console) {
    auto options = get_import_options(given);
    const auto interval_ms = get_interval_ms(given);
    if (!options || !interval_ms) {
        return fail(console, !options ? options.error() : interval_ms.error());
    }
    const std::string logdir = given.get("LOGDIR", "");
    if (!guild::os::is_directory(logdir)) {
        return console.fail(logdir + " is not a directory");
    }
    const auto run_root = find_run_root(given, console);
    if (!run_root) {
        return exit_usage;
    }
    options->run_root = *run_root;
    auto importer = guild::runs::event_importer::open(logdir, *options);
    if (!importer) {
        return fail(console, importer.error());
    }
    import_printer printer(given.has("json"), console);
    return options->follow ? follow_events(*importer, *interval_ms, printer, console)
                           : import_once(*importer, printer, logdir, console);
}

}  // namespace

command_spec import_events_command() {
    return {"import-events",
            "make runs out of TensorBoard log directories",
            "Each directory in LOGDIR that holds event files becomes a run, with its scalars as "
            "series tf/TAG and its hyperparameters as flags. The event files stay where they are "
            "and are never changed. Called again, it brings the runs up to date whose files have "
            "changed. Directories that guild recorded itself are left out.\n"
            "With --follow it goes on until CTRL-C: new points and new directories are taken in as "
            "they come, and a run is running until its files have been still for an hour.",
            {{"LOGDIR", how_many::one, "the directory that TensorBoard would be given"}},
            {project_option(),
             {"--depth", "N",
              "make one run of a directory N levels below LOGDIR with all below it, its series "
              "tf/DIR/TAG (default: a run for each directory)"},
             {"--restarts", "POLICY",
              "keep-all points of a training that went back (default), or leave out those that "
              "latest-attempt or session-start take back, as TensorBoard does"},
             {"--follow", "", "go on as the files grow"},
             {"--interval", "SECONDS", "time between two looks with --follow (default: 1)"},
             {"--json", "", "print one JSON object a run"}},
            import_events};
}

}  // namespace program
