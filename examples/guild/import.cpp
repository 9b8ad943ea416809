// examples/guild/import.cpp - guild import: a run made of a CSV, JSON Lines or event file.

#include "commands.hpp"
#include "common.hpp"
#include "signals.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/temporary.hpp>
#include <guild/runs/event_points.hpp>
#include <guild/runs/series_import.hpp>
#include <guild/series/text_reader.hpp>
#include <guild/tfevents/record.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace program {
namespace {

volatile sig_atomic_t points_signal = 0;

void stop_points(int signal) {
    points_signal = signal;
}

enum class points_format : unsigned char { csv, jsonl, tfevents };

guild::error points_stopped() {
    return guild::make_error(guild::errc::interrupted, "stopped, no run was made");
}

/// A file or standard input, read in pieces.
class points_source {
public:
    /// errors   those of opening a file
    static guild::result<points_source> open(const std::string& path) {
        points_source made;
        made.name_ = path == "-" ? "standard input" : path;
        const int fd =
            path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return guild::os::os_error(errno, "open", made.name_);
        }
        made.file_ = guild::os::file(fd, made.name_, guild::os::system_env);
        return made;
    }

    /// The next bytes, none at the end.
    ///
    /// errors   io_failed, interrupted
    guild::result<std::string_view> read() {
        buffer_.resize(std::size_t{256} << 10U);
        while (points_signal == 0) {
            pollfd ready{file_.fd(), POLLIN, 0};
            constexpr int slice_ms = 200;  // a signal between the look and poll() waits no longer
            if (::poll(&ready, 1, slice_ms) <= 0) {
                continue;
            }
            const ssize_t size = ::read(file_.fd(), &buffer_[0], buffer_.size());
            if (size >= 0) {
                return std::string_view(buffer_).substr(0, static_cast<std::size_t>(size));
            }
            if (errno != EINTR && errno != EAGAIN) {
                return guild::os::os_error(errno, "read", name_);
            }
        }
        return points_stopped();
    }

    /// The first bytes, up to `size`; read() does not give them again.
    ///
    /// errors   as read
    guild::result<std::string> read_first(std::size_t size) {
        std::string first;
        while (first.size() < size) {
            const auto more = read();
            if (!more) {
                return more.error();
            }
            if (more->empty()) {
                break;
            }
            first += *more;
        }
        return first;
    }

    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_;
    guild::os::file file_;
    std::string buffer_;
};

guild::error points_misuse(std::string message) {
    return guild::make_error(guild::errc::bad_value, std::move(message));
}

/// The format that an option or the name tells.
///
/// errors   bad_value: several options
guild::result<std::optional<points_format>> get_points_format(const arguments& given,
                                                              const std::string& path) {
    using found = std::optional<points_format>;
    if (int{given.has("csv")} + int{given.has("jsonl")} + int{given.has("tfevents")} > 1) {
        return points_misuse("only one of --csv, --jsonl and --tfevents can be used");
    }
    const std::string end = guild::to_lower(guild::file_extension(path));
    const bool is_told = given.has("csv") || given.has("jsonl");
    if (given.has("tfevents") || (!is_told && guild::os::is_directory(path))) {
        return found(points_format::tfevents);
    }
    if (given.has("csv") || (!is_told && end == ".csv")) {
        return found(points_format::csv);
    }
    if (given.has("jsonl") || end == ".jsonl" || end == ".ndjson") {
        return found(points_format::jsonl);
    }
    return guild::tfevents::is_event_file_name(path) ? found(points_format::tfevents) : found();
}

/// The format of a file that begins with these bytes.
///
/// errors   unsupported: of files that others unpack first
guild::result<points_format> guess_points_format(std::string_view first, const std::string& name) {
    if (guild::tfevents::decode_record_head(first).status == guild::tfevents::record_status::good) {
        return points_format::tfevents;
    }
    if (guild::starts_with(first, "\x1F\x8B")) {
        return guild::make_error(guild::errc::unsupported,
                                 "expected text or an event file, seen a gzip file: unpack it "
                                 "with gzip -dc FILE | guild import -",
                                 name);
    }
    if (guild::contains(first, std::string_view("\0", 1))) {
        return guild::make_error(guild::errc::unsupported,
                                 "expected text or an event file, seen other bytes (--csv or "
                                 "--jsonl reads it all the same)",
                                 name);
    }
    return guild::series::guess_text_format(first) == guild::series::text_format::jsonl
               ? points_format::jsonl
               : points_format::csv;
}

/// errors   of the text, with line and column; of storing
guild::result<void> take_points(guild::series::text_reader& text,
                                guild::runs::series_import& into) {
    guild::series::keyed_point next;
    auto is_there = text.next(next);
    for (; is_there && *is_there; is_there = text.next(next)) {
        auto added = into.add(next);
        if (!added) {
            const guild::error& why = added.error();
            return why.code == guild::errc::too_large ? text.at_point(why.code, why.message) : why;
        }
    }
    if (!is_there) {
        return is_there.error();
    }
    return {};
}

guild::result<void> import_text(points_source& source, points_format format, std::string_view first,
                                guild::runs::series_import& into) {
    guild::series::text_reader text(format == points_format::csv
                                        ? guild::series::text_format::csv
                                        : guild::series::text_format::jsonl,
                                    source.name());
    text.add(first);
    auto taken = take_points(text, into);
    while (taken) {
        const auto more = source.read();
        if (!more) {
            return more.error();
        }
        if (more->empty()) {
            text.end();
            return take_points(text, into);
        }
        text.add(*more);
        taken = take_points(text, into);
    }
    return taken;
}

/// Event files are read at offsets: what comes through a pipe becomes a file first.
///
/// errors   of reading and writing
guild::result<std::string> store_stream(points_source& source, std::string_view first,
                                        guild::os::temporary& holder) {
    auto directory = guild::os::make_temp_directory("guild-import-");
    if (!directory) {
        return directory;
    }
    holder = guild::os::temporary(*directory);
    std::string path = guild::join_path(*directory, "tfevents");
    auto file = guild::os::open_file(path, guild::os::open_mode::create_new);
    if (!file) {
        return std::move(file).error();
    }
    std::string_view piece = first;
    while (true) {
        auto written = file->write_all(piece);
        if (!written) {
            return std::move(written).error();
        }
        const auto more = source.read();
        if (!more) {
            return more.error();
        }
        if (more->empty()) {
            return path;
        }
        piece = *more;
    }
}

guild::result<void> import_event_files(const std::string& path, const std::string& name,
                                       guild::runs::series_import& into, io& console) {
    const auto add = [&](const guild::series::keyed_point& next) -> guild::result<void> {
        if (points_signal != 0) {
            return points_stopped();
        }
        return into.add(next);
    };
    const auto report = guild::runs::for_each_event_point(path, add);
    if (!report) {
        guild::error why = report.error();
        if (why.path == path) {
            why.path = name;
        }
        if (why.where.end > 0 && why.where.begin == 0) {
            why = guild::make_error(why.code, "expected an event file, seen other bytes", why.path);
        } else if (why.where.end > 0) {
            why.message += "; guild import-events takes what is left";
        }
        return why;
    }
    if (report->tail_bytes > 0) {
        console.warn(printable(name) + ": " + std::to_string(report->tail_bytes) +
                     " bytes at the end are no whole record and were left out");
    }
    return {};
}

/// Reads everything into a run that is in the making.
guild::result<void> import_source(const std::string& path, std::optional<points_format> format,
                                  guild::runs::series_import& into, io& console) {
    const bool is_in_place = guild::os::is_directory(path) || guild::os::is_regular_file(path);
    if (format == points_format::tfevents && is_in_place) {
        return import_event_files(path, path, into, console);
    }
    auto source = points_source::open(path);
    if (!source) {
        return std::move(source).error();
    }
    const auto first = source->read_first(4096);
    if (!first) {
        return first.error();
    }
    const auto guessed = format ? guild::result<points_format>(*format)
                                : guess_points_format(*first, source->name());
    if (!guessed) {
        return guessed.error();
    }
    if (*guessed != points_format::tfevents) {
        return import_text(*source, *guessed, *first, into);
    }
    if (is_in_place) {
        return import_event_files(path, path, into, console);
    }
    guild::os::temporary holder;
    const auto stored = store_stream(*source, *first, holder);
    return stored ? import_event_files(*stored, source->name(), into, console)
                  : guild::result<void>(stored.error());
}

/// What the run is called without --name: as the file without its extension, or as the directory
/// of an event file.
std::string name_of_points(const std::string& path) {
    if (path == "-") {
        return "import";
    }
    const std::string whole = guild::os::absolute_path(path);
    if (guild::os::is_directory(path)) {
        return guild::base_name(whole);
    }
    if (guild::tfevents::is_event_file_name(path)) {
        return guild::base_name(guild::parent_path(whole));
    }
    const std::string name = guild::base_name(whole);
    return name.substr(0, name.size() - guild::file_extension(name).size());
}

void print_imported(const guild::runs::series_import& made, const std::string& run,
                    const arguments& given, io& console) {
    if (given.has("json")) {
        guild::json::value out;
        guild::json::set_text(out, "path", run);
        out["points"] = made.points();
        out["series"] = made.series();
        console.print(guild::json::format(out) + '\n');
        return;
    }
    console.print(run + ": " + std::to_string(made.points()) +
                  (made.points() == 1 ? " point" : " points") + " of " +
                  std::to_string(made.series()) + " series\n");
}

int import_points(const arguments& given, io& console) {
    const std::string path = given.get("FILE", "");
    const auto format = get_points_format(given, path);
    if (!format) {
        return fail(console, format.error());
    }
    if (path != "-" && !guild::os::find_status(path)) {
        return console.fail("cannot find " + printable(path));
    }
    if (guild::os::is_directory(path) && *format != points_format::tfevents) {
        return console.fail(printable(path) + " is a directory");
    }
    const auto run_root =
        given.has("run-root") ? given.find("run-root") : find_run_root(given, console);
    if (!run_root) {
        return exit_usage;
    }
    const signal_watch watch(stop_points);
    auto made = guild::runs::series_import::create(guild::os::absolute_path(*run_root));
    if (!made) {
        return console.fail("cannot make a run directory: " + guild::to_string(made.error()));
    }
    auto read = import_source(path, *format, *made, console);
    if (read && points_signal != 0) {
        read = points_stopped();
    }
    if (!read) {
        return fail_work(console, read.error());
    }
    const std::string source = path == "-" ? "standard input" : guild::os::absolute_path(path);
    const auto run = made->finish(given.get("name", name_of_points(path)), source);
    if (!run) {
        return fail_work(console, run.error());
    }
    print_imported(*made, *run, given, console);
    return exit_ok;
}

}  // namespace

command_spec import_command() {
    return {"import",
            "make a run of a CSV, JSON Lines or event file",
            "Reads what guild export writes, and makes a completed run with these series and all "
            "their bits. CSV has lines key,step,time_us,value; JSON Lines objects with key, step, "
            "time_us and value; of event files the scalars are taken, their tags become keys. The "
            "format is told by the file's name or its first bytes. A mistake is told with line and "
            "column, and then no run is made.\n"
            "For log directories that grow, see guild import-events.",
            {{"FILE", how_many::one,
              "the file, a directory with event files, or - for standard input"}},
            {project_option(),
             {"--csv", "", "FILE is CSV"},
             {"--jsonl", "", "FILE is JSON Lines"},
             {"--tfevents", "", "FILE is an event file, or a directory with some"},
             {"--name", "NAME", "name of the run (default: that of the file)"},
             {"--run-root", "DIR", "where the run is made (default: the project's run root)"},
             {"--json", "", "print the run's path and what is in it as JSON"}},
            import_points};
}

}  // namespace program
