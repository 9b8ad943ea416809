// examples/guild/watch.cpp - guild watch: follows the output and the last values of a run until it
// ends. It only reads, so it may be stopped at any time.

#include "commands.hpp"
#include "common.hpp"
#include "signals.hpp"

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/os/env.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/run_reader.hpp>

#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {
namespace {

constexpr std::int64_t round_ms = 200;
constexpr std::int64_t patience_ms = 15'000;  // for a run directory that was deleted and comes back
constexpr std::uint64_t page_bytes = 1U << 20U;
constexpr std::uint64_t shown_bytes = 4096;  // of what was printed before, at a terminal

std::size_t terminal_columns() {
    winsize size = {};
    const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : 80;
}

/// The first signal ends watching in order; a second one at once, should the terminal be stuck.
volatile sig_atomic_t watch_signal = 0;

void end_watching(int signal) {
    if (watch_signal != 0) {
        ::_exit(128 + signal);
    }
    watch_signal = signal;
}

/// How many columns a line takes, if every character takes one.
std::size_t count_columns(std::string_view line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

/// The beginning of a line that takes at most so many columns.
std::string cut_to_columns(std::string line, std::size_t most) {
    while (count_columns(line) > most) {
        do {
            line.pop_back();
        } while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U);
    }
    return line;
}

class watcher {
public:
    watcher(guild::runs::run which, io& console)
        : path_(which.path()), console_(console), is_terminal_(console.can_redraw()) {
        options_.memory = &memory_;
        run_ = std::move(which);
    }

    int follow() {
        if (is_terminal_) {
            start_near_end();
        }
        std::int64_t missing_ms = 0;
        while (missing_ms < patience_ms) {
            const bool is_over = !run_->owner();  // first, so that nothing comes behind the output
            print_output();
            if (is_over) {
                return end();
            }
            if (watch_signal != 0) {
                return leave();
            }
            show_values();
            console_.flush();
            if (console_.is_broken()) {
                return exit_failed;
            }
            timespec pause = {0, round_ms * 1'000'000};
            ::nanosleep(&pause, nullptr);
            auto again = guild::runs::run::open(path_, options_);
            missing_ms = again ? 0 : missing_ms + round_ms;
            run_ = again ? std::move(*again) : std::move(run_);
        }
        clear_line();
        return console_.fail(path_ + ": the run is gone");
    }

private:
    /// A terminal gets the last lines of what was printed before.
    void start_near_end() {
        const auto page = run_->output(0, 0);
        if (!page || page->log_bytes <= shown_bytes) {
            return;
        }
        next_ = page->log_bytes - shown_bytes;
        const auto tail = run_->output(next_, shown_bytes);
        std::string text;
        for (std::size_t i = 0; tail && i < tail->pieces.size(); ++i) {
            text += tail->pieces[i].text;
        }
        const std::size_t line = text.find('\n');
        next_ += line == std::string::npos ? 0 : line + 1;
    }

    void print_output() {
        while (true) {
            const auto page = run_->output(next_, page_bytes);
            if (!page || page->pieces.empty()) {
                return;
            }
            clear_line();
            for (const auto& piece : page->pieces) {
                if (piece.lost_bytes > 0) {
                    console_.warn(std::to_string(piece.lost_bytes) + " bytes of output were lost");
                }
                console_.print_as_is(piece.text);
                is_at_start_ = piece.text.empty() ? is_at_start_ : piece.text.back() == '\n';
            }
            next_ = page->next_offset;
        }
    }

    /// The last values in one line below the output.
    void show_values() {
        if (!is_terminal_ || !is_at_start_) {
            return;
        }
        const std::size_t columns = terminal_columns();
        const std::string line = cut_to_columns(describe_values(), columns - 1);
        if (line != shown_ || columns < columns_) {
            clear_line();
            console_.print(line);
            shown_ = line;
        }
        columns_ = columns;
    }

    std::string describe_values() {
        if (!series_) {
            series_.emplace(guild::runs::data_path(path_, guild::runs::series_directory));
        } else {
            (void)series_->refresh();
        }
        std::int64_t step = -1;
        std::string text;
        series_->for_each_series(
            [&](std::string_view key, const guild::series::series_summary& each) {
                if (each.count == 0 || guild::starts_with(key, "sys/") ||
                    guild::starts_with(key, "op/")) {
                    return;
                }
                char number[32];
                std::snprintf(number, sizeof number, "%.4g", each.last.value.as_double());
                text += "  " + printable(key) + ' ' + number;
                step = std::max(step, each.last.step);
            });
        return step < 0 ? text : "step " + std::to_string(step) + text;
    }

    /// Takes the line of values away; a terminal that became narrower has made more lines of it.
    void clear_line() {
        if (shown_.empty()) {
            return;
        }
        const std::size_t rows_above = (count_columns(shown_) - 1) / terminal_columns();
        if (rows_above > 0) {
            console_.print_as_is("\033[" + std::to_string(rows_above) + "A\r\033[J");
        } else {
            console_.print_as_is("\r\033[K");
        }
        shown_.clear();
    }

    /// Leaves the run alone and the terminal at the beginning of a line.
    int leave() {
        clear_line();
        console_.print(is_at_start_ ? "" : "\n");
        console_.flush();
        return 128 + watch_signal;
    }

    int end() {
        clear_line();
        if (!is_at_start_) {
            console_.print("\n");
        }
        console_.flush();
        const std::string cause =
            run_->cause().empty() ? "" : " (" + printable(run_->cause()) + ')';
        console_.print_error(path_ + ": " + std::string(to_string(run_->status())) + cause + '\n');
        return exit_ok;
    }

    std::string path_;
    io& console_;
    bool is_terminal_;
    guild::runs::heartbeat_memory memory_;
    guild::runs::open_options options_;
    std::optional<guild::runs::run> run_;
    std::optional<guild::series::run_reader> series_;
    std::uint64_t next_ = 0;
    bool is_at_start_ = true;
    std::string shown_;
    std::size_t columns_ = 0;  // of the terminal, when it was shown
};

int watch(const arguments& given, io& console) {
    auto run = select_run(given, console);
    if (!run) {
        return exit_usage;
    }
    std::optional<signal_watch> signals;
    if (console.can_redraw()) {
        signals.emplace(end_watching);
    }
    return watcher(std::move(*run), console).follow();
}

}  // namespace

command_spec watch_command() {
    return {"watch",
            "follow the output and last values of a run",
            "Prints what the run printed and goes on until it ends; a terminal gets the last lines "
            "of what is there already, and the last values in one line below. How the run ended is "
            "told on standard error. Ctrl-C ends watching and leaves the run alone.",
            {run_positional()},
            run_options(),
            watch};
}

}  // namespace program
