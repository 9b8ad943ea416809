// examples/guild/output.cpp - guild output: what a run printed, as a terminal would show it now.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/number.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_lines.hpp>
#include <guild/runs/output_search.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace program {
namespace {

using guild::runs::output_line;
using guild::runs::output_stream;

/// What the user wants to see.
struct request {
    std::string run;
    std::optional<output_stream> stream;
    std::optional<guild::pattern> search;
    std::optional<std::uint64_t> tail;
    bool is_raw = false;
    bool has_history = false;
    bool is_json = false;
};

/// A line that outlives what it was read from.
struct kept_line {
    output_line line;
    std::string text;
};

std::string as_json(const output_line& line) {
    constexpr const char* names[] = {"unknown", "out", "err"};
    guild::json::value out;
    out["offset"] = line.offset;
    if (line.lost_bytes > 0) {
        out["lost_bytes"] = line.lost_bytes;
        return guild::json::format(out) + '\n';
    }
    out["time_us"] = line.time_us ? guild::json::value(*line.time_us) : guild::json::value();
    out["stream"] = names[static_cast<std::size_t>(line.stream) % 3];
    guild::json::set_text(out, "text", line.text);
    if (line.replaced > 0) {
        out["replaced"] = line.replaced;
    }
    return guild::json::format(out) + '\n';
}

class printer {
public:
    printer(const request& what, io& console)
        : what_(what), console_(console), has_colour_(console.use_colour()) {}

    /// False: whoever reads has gone.
    bool print(const output_line& line) {
        if (what_.is_json) {
            console_.print(as_json(line));
        } else if (line.lost_bytes > 0) {
            console_.warn(std::to_string(line.lost_bytes) + " bytes of output were lost");
        } else if (!line.text.empty() || line.end != guild::line_end::replaceable) {
            const auto plain = has_colour_ ? guild::with_colours_alone : guild::without_escapes;
            const bool is_odd = guild::has_controls(line.text);
            console_.print_as_is(is_odd ? plain(line.text) : std::string(line.text));
            console_.print(line.end == guild::line_end::partial ? "" : "\n");
            console_.print_as_is(is_odd && has_colour_ ? "\x1B[0m" : "");
        }
        return !console_.is_broken();
    }

private:
    const request& what_;
    io& console_;
    bool has_colour_;
};

/// Calls `visit` for the lines that are wanted, from byte `from` on.
guild::result<void> visit_lines(const request& what, std::uint64_t from,
                                const std::function<bool(const output_line&)>& visit) {
    if (what.search) {
        return guild::runs::for_each_output_match(what.run, {*what.search, what.stream}, visit);
    }
    guild::runs::output_view view;
    view.from = from;
    view.stream = what.stream;
    view.folds = !what.has_history;
    return guild::runs::for_each_output_line(what.run, view, visit);
}

/// The byte at which to begin for the last so many lines; 0 where there is no output.
std::uint64_t find_begin(const std::string& run, std::uint64_t lines) {
    const auto log = guild::os::open_file(guild::runs::data_path(run, guild::runs::output_log_name),
                                          guild::os::open_mode::read);
    return log ? guild::runs::find_output_tail(*log, lines).value_or(0) : 0;
}

/// The last lines. Of one stream they may begin further back than so many line feeds.
guild::result<void> print_tail(const request& what, printer& shown) {
    std::deque<kept_line> kept;
    for (std::uint64_t lines = *what.tail;;
         lines = lines > (UINT64_MAX >> 4U) ? lines : lines * 8) {
        kept.clear();
        const std::uint64_t from = what.search ? 0 : find_begin(what.run, lines);
        auto read = visit_lines(what, from, [&](const output_line& line) {
            kept.push_back({line, std::string(line.text)});
            if (kept.size() > *what.tail) {
                kept.pop_front();
            }
            return true;
        });
        if (!read) {
            return read;
        }
        if (from == 0 || !what.stream || kept.size() >= *what.tail) {
            break;
        }
    }
    for (kept_line& each : kept) {
        each.line.text = each.text;
        if (!shown.print(each.line)) {
            break;
        }
    }
    return {};
}

/// The bytes as they came.
guild::result<void> print_raw(const request& what, io& console) {
    const std::uint64_t from = what.tail ? find_begin(what.run, *what.tail) : 0;
    auto reader = guild::runs::output_reader::open(what.run, from);
    if (!reader) {
        return std::move(reader).error();
    }
    while (!console.is_broken()) {
        const auto span = reader->next();
        if (!span) {
            return span.error();
        }
        if (!*span) {
            break;
        }
        if (!what.stream || (*span)->stream == *what.stream) {
            console.print_as_is((*span)->text);
        }
    }
    return {};
}

/// What the options say; empty with the error printed.
std::optional<request> read_request(const arguments& given, io& console) {
    request what;
    what.is_raw = given.has("raw");
    what.has_history = given.has("history");
    what.is_json = given.has("json");
    if (const auto name = given.find("stream")) {
        const bool is_out = *name == "stdout" || *name == "out";
        if (!is_out && *name != "stderr" && *name != "err") {
            console.fail("--stream takes stdout or stderr, not '" + printable(*name) + "'");
            return std::nullopt;
        }
        what.stream = is_out ? output_stream::out : output_stream::err;
    }
    if (const auto lines = given.find("tail")) {
        const auto number = guild::parse_int64(*lines);
        if (!number || *number < 0) {
            console.fail("--tail takes a number of lines, not '" + printable(*lines) + "'");
            return std::nullopt;
        }
        what.tail = static_cast<std::uint64_t>(*number);
    }
    if (const auto expression = given.find("search")) {
        auto wanted = guild::pattern::parse(*expression);
        if (!wanted) {
            console.fail("--search, column " + std::to_string(wanted.error().where.column) + ": " +
                         wanted.error().message);
            return std::nullopt;
        }
        what.search = std::move(*wanted);
    }
    if (what.is_raw && (what.search || what.has_history || what.is_json)) {
        console.fail("--raw cannot be used with --search, --history or --json");
        return std::nullopt;
    }
    return what;
}

int output(const arguments& given, io& console) {
    auto what = read_request(given, console);
    const auto run = what ? select_run(given, console) : std::nullopt;
    if (!run) {
        return exit_usage;
    }
    what->run = run->path();
    bool is_found = false;
    printer shown(*what, console);
    const auto done = what->is_raw ? print_raw(*what, console)
                      : what->tail ? print_tail(*what, shown)
                                   : visit_lines(*what, 0, [&](const output_line& line) {
                                         is_found = true;
                                         return shown.print(line);
                                     });
    if (!done) {
        return fail_work(console, done.error());
    }
    return what->search && !what->tail && !is_found ? exit_failed : exit_ok;
}

}  // namespace

command_spec output_command() {
    return {
        "output",
        "show what a run printed, or search it",
        "A progress bar is one line, as it was last. Colours are shown on a terminal and left "
        "out elsewhere; the file keeps every byte. With --search, every state of a progress bar "
        "is a line of its own, and the exit status is 1 when nothing is found.",
        {run_positional()},
        run_options(
            {{"--search", "PATTERN", "lines that hold a match of a regular expression", false},
             {"--stream", "NAME", "of stdout or stderr alone", false},
             {"--tail", "N", "the last N lines", false},
             {"--history", "", "every state of a progress bar as a line", false},
             {"--raw", "", "every byte as it came", false},
             {"--json", "", "print JSON, one object a line", false}}),
        output};
}

}  // namespace program
