// guild/runs/supervisor.hpp - runs a command as a recorded run.
//
// Layer 4. Includes: base, os/child guard thread, runs/recording command_watch output_buffer.
// Not here: which command a project means (project/operation.hpp); what is written
// (runs/recording.hpp).
//
// Four parts that do not wait for each other: the calling thread drains the command's pipes, one
// thread writes files, one echoes, and a guard process ends the command if this program dies.
// Nothing is printed but through the echo descriptors and options.message; no signal handler is
// installed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/child.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/guard.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/collectors.hpp>
#include <guild/runs/command_watch.hpp>
#include <guild/runs/external_collector.hpp>
#include <guild/runs/output_buffer.hpp>
#include <guild/runs/output_rules.hpp>
#include <guild/runs/recording.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/version.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// What to run and how to record it.
///
/// units    everything in `_ms`: milliseconds; timeout_ms below 0: no limit; buffer_bytes: bytes of
///          output held while the disk or the terminal is slow
struct supervise_options {
    std::string run_directory;  // made by create_run_directory
    std::vector<std::string> argv;
    std::string directory;  // where the command runs; empty: here
    pair_list environment;  // added to this program's; RUNDIR and PYTHONUNBUFFERED are set
    /// The directory of the run that the command evaluates: RUNDIR is that one for the command, and
    /// its own run directory is EVALDIR. Empty: no evaluation.
    std::string evaluates;
    pair_list flags;
    pair_list attrs;
    pair_list meta;  // more keys of meta.tsv, for example model
    std::int64_t sample_interval_ms = 1'000;
    std::int64_t timeout_ms = -1;
    std::int64_t grace_ms = 10'000;             // between the first stop signal and SIGKILL
    std::int64_t restore_patience_ms = 10'000;  // see recording_options
    std::uint64_t buffer_bytes = std::uint64_t{64} << 20U;
    int echo_out = 1;  // descriptors that the command's output goes to; -1: none
    int echo_err = 2;
    bool system_attrs = true;
    std::vector<collector_spec> collectors;  // programs whose metrics are recorded beside it
    std::vector<output_rule> output_rules;  // values of series in what the command prints
    const stop_request* stop = nullptr;
    /// Gets lines for the user, without newline, on the echo's thread and in their place between
    /// the output.
    std::function<void(std::string_view)> message;
    const os::env* system = &os::system_env;
};

/// How it went.
struct outcome {
    run_status status = run_status::error;
    os::exit_status exit;
    std::string cause;          // empty when completed
    std::string run_directory;  // where the run stands: elsewhere if a file took RUNDIR's place
    std::uint64_t record_errors = 0;
};

/// Runs a command to its end and records it.
///
/// Every file is opened before the command starts. Whatever happens to the recording then, the
/// command goes on.
/// errors   before the command starts: what os::child::start and opening the run directory's files
///          say; a command that cannot be started leaves a run with status `error`
/// threads  makes two threads, a third where there are GPUs, and a process; call it before the
///          program has threads of its own
/// example  tests/runs/supervisor.cpp "supervise: a command is recorded whole"
[[nodiscard]] result<outcome> supervise(const supervise_options& options);

// ---- implementation ---------------------------------------------------------

namespace detail {

// What the threads of one supervised run share. It outlives a thread that hangs in a dead disk or
// terminal.
struct supervision {
    explicit supervision(const supervise_options& options)
        : buffer(options.buffer_bytes), message(options.message),
          echo{options.echo_out, options.echo_err} {}

    output_buffer buffer;
    std::optional<recording> record;  // the writing thread's, once it runs
    run_end end;                      // set before the buffer is closed
    std::string place;
    std::function<void(std::string_view)> message;
    int echo[2];
    std::atomic<bool> is_given_up{false};
    os::wake_pipe finished;  // 'w': all is written, 'e': all is shown
};

inline void write_all_down(supervision& shared) {
    while (!shared.buffer.is_stored()) {
        const bool is_busy = shared.record->has_unread_output();
        if (const auto item = shared.buffer.next_to_store(is_busy ? 0 : shared.record->wait_ms())) {
            shared.record->store(*item);
        } else {
            shared.record->read_output();
        }
        shared.record->work_if_due();
    }
    shared.place = shared.record->end(shared.end);
    shared.buffer.close_messages();
    shared.finished.notify('w');
}

inline void tell(supervision& shared, std::string_view line) {
    if (shared.message && !shared.is_given_up) {
        shared.message(line);
    }
}

inline void echo_all(supervision& shared) {
    if (shared.echo[0] < 0 && shared.echo[1] < 0) {
        shared.buffer.stop_echo();
    }
    while (const auto item = shared.buffer.next_to_echo()) {
        if (item->dropped_bytes > 0) {
            tell(shared, std::to_string(item->dropped_bytes) +
                             " bytes of output are not shown here (they came too fast)");
        }
        if (!item->message.empty()) {
            tell(shared, item->message);
        }
        int* target = item->chunk && item->chunk->stream == output_stream::err ? &shared.echo[1]
                                                                               : &shared.echo[0];
        const int failure =
            item->chunk && *target >= 0 ? os::write_to_descriptor(*target, item->chunk->bytes) : 0;
        if (failure != 0) {
            *target = -1;  // whoever read it is gone; the command and its recording are not
        }
        if (os::classify_errno(failure) == errc::no_space) {
            tell(shared, "Output is not shown any more: no space is left where it goes");
        }
    }
    shared.finished.notify('e');
}

// The variable that names the run directory of the command itself.
inline std::string own_variable(const supervise_options& options) {
    return std::string(options.evaluates.empty() ? run_variable : evaluation_variable);
}

inline os::variables command_environment(const supervise_options& options) {
    os::variables base = os::current_environment();
    if (!os::find_variable(base, "PYTHONUNBUFFERED")) {
        base.emplace_back("PYTHONUNBUFFERED", "1");  // lines arrive when they are printed
    }
    const auto is_outer = [](const os::variable& each) {
        return each.first == evaluation_variable;
    };
    base.erase(std::remove_if(base.begin(), base.end(), is_outer), base.end());
    os::variables overrides = options.environment;
    if (!options.evaluates.empty()) {
        overrides.emplace_back(run_variable, options.evaluates);
    }
    overrides.emplace_back(own_variable(options), options.run_directory);
    return os::merge_environment(base, overrides);
}

inline pair_list start_meta(const supervise_options& options) {
    pair_list pairs = {{"format", "1"}, {"guild_version", version}};
    pairs.insert(pairs.end(), options.meta.begin(), options.meta.end());
    pairs.emplace_back("cwd",
                       os::absolute_path(options.directory.empty() ? "." : options.directory));
    std::vector<std::string> words;
    for (std::size_t i = 0; i < options.argv.size(); ++i) {
        pairs.emplace_back("argv." + std::to_string(i), options.argv[i]);
        words.push_back(quote_for_display(options.argv[i]));
    }
    pairs.emplace_back("cmd", join(words, " "));
    for (const auto& [name, value] : options.environment) {
        // A run may be moved; readers know where they found it.
        if (name != run_variable && name != evaluation_variable) {
            pairs.emplace_back("env." + name, value);
        }
    }
    if (!options.evaluates.empty()) {
        pairs.emplace_back("evaluates", os::absolute_path(options.evaluates));
    }
    if (options.timeout_ms >= 0) {
        pairs.emplace_back("timeout_ms", std::to_string(options.timeout_ms));
    }
    pairs.emplace_back("started_us", std::to_string(options.system->wall_time_us()));
    return pairs;
}

inline recording_options recording_of(const supervise_options& options,
                                      const std::shared_ptr<supervision>& shared) {
    recording_options record;
    record.run_directory = options.run_directory;
    record.sample_interval_ms = options.sample_interval_ms;
    record.restore_patience_ms = options.restore_patience_ms;
    record.meta = start_meta(options);
    record.flags = options.flags;
    record.attrs = options.attrs;
    record.system_attrs = options.system_attrs;
    record.collectors = options.collectors;
    record.output_rules = options.output_rules;
    record.system = options.system;
    // Not the shared pointer: the record lives in what it would keep.
    record.message = [buffer = &shared->buffer](std::string line) {
        buffer->add_message(std::move(line));
    };
    return record;
}

// The command was not stopped by us. Whoever else kills it leaves no name.
inline std::string cause_of(const os::exit_status& exit, bool is_out_of_memory) {
    std::string words = to_string(exit);
    if (exit.how == os::exit_status::kind::signalled) {
        words = os::signal_name(exit.signal) + (exit.core ? " (core dumped)" : "");
    }
    if (is_out_of_memory) {
        words += " (cgroup out of memory)";
    } else if (words == "SIGKILL") {
        words += " (not by guild)";
    }
    return words;
}

// Status and cause from how the command ended.
inline run_end judge_end(const watch_outcome& ended, bool is_out_of_memory) {
    using kind = os::exit_status::kind;
    run_end end;
    if (ended.exit.how == kind::exited) {
        end.exit_code = ended.exit.code;
    } else if (ended.exit.how == kind::signalled) {
        end.signal = os::signal_name(ended.exit.signal);
        end.dumped_core = ended.exit.core;
    }
    if (!ended.stopped_by.empty()) {
        end.status = run_status::terminated;
        end.cause = ended.stopped_by;
    } else if (ended.exit.success()) {
        end.status = run_status::completed;
    } else {
        end.cause = cause_of(ended.exit, is_out_of_memory);
    }
    return end;
}

// Waits for the two threads. Each further stop signal gives up one thing: the echo, then the files.
class thread_wait {
public:
    thread_wait(supervision& shared, const stop_request* stop) : shared_(shared), stop_(stop) {}

    void join(os::thread& writer, os::thread& echo) {
        int patience = 2;
        while (patience > 0 && (!is_written_ || !is_shown_)) {
            os::watched_descriptor items[2];
            items[0].fd = shared_.finished.fd();
            items[1].fd = stop_ == nullptr ? -1 : stop_->fd();
            os::wait_until_ready(items, 2, -1);
            take_news(items[0].is_ready);
            if (items[1].is_ready) {
                patience -= static_cast<int>(stop_->take().size());
                shared_.buffer.stop_echo();
            }
            if (patience < 2 && is_written_) {
                break;
            }
        }
        take_news(true);
        shared_.is_given_up = !is_written_ || !is_shown_;
        is_written_ ? writer.join() : writer.detach();
        is_shown_ ? echo.join() : echo.detach();
    }

    [[nodiscard]] bool is_written() const noexcept { return is_written_; }

private:
    void take_news(bool is_ready) {
        for (const char news : is_ready ? shared_.finished.take() : std::string()) {
            (news == 'w' ? is_written_ : is_shown_) = true;
        }
    }

    supervision& shared_;
    const stop_request* stop_;
    bool is_written_ = false;
    bool is_shown_ = false;
};

// A command that could not be started or watched: the run says so.
inline error close_failed_run(supervision& shared, error why) {
    run_end end;
    end.stopped_us = os::system_env.wall_time_us();
    end.cause = to_string(why);
    (void)shared.record->end(std::move(end));
    return why;
}

// One call of supervise, step by step.
class supervisor {
public:
    explicit supervisor(const supervise_options& options)
        : options_(options), shared_(std::make_shared<supervision>(options)) {}

    result<outcome> run() {
        auto prepared = prepare();
        if (!prepared) {
            return std::move(prepared).error();
        }
        auto started = start();
        if (!started) {
            return close_failed_run(*shared_, std::move(started).error());
        }
        command_watch watch(command_, shared_->buffer,
                            {options_.timeout_ms, options_.grace_ms, 500, options_.stop,
                             own_variable(options_) + '=' + options_.run_directory});
        auto ended = watch.run();
        guard_.dismiss();
        return finish(ended ? *ended : watch_outcome{});
    }

private:
    // The guard first, while there are no threads; then every file.
    result<void> prepare() {
        auto guard = os::guard::start(options_.grace_ms);
        if (!guard) {
            return std::move(guard).error();
        }
        guard_ = std::move(*guard);
        auto finished = os::wake_pipe::create();
        if (!finished) {
            return std::move(finished).error();
        }
        shared_->finished = std::move(*finished);
        auto record = recording::open(recording_of(options_, shared_));
        if (!record) {
            return std::move(record).error();
        }
        shared_->record.emplace(std::move(*record));
        return {};
    }

    result<void> start() {
        os::process_options process;
        process.argv = options_.argv;
        process.directory = options_.directory;
        process.environment = command_environment(options_);
        kills_before_ = read_out_of_memory_kills();
        auto command = os::child::start(process);
        if (!command) {
            return std::move(command).error();
        }
        command_ = std::move(*command);
        guard_.watch(command_.pid());
        shared_->record->set_process(command_.pid());
        auto writer = os::thread::start([shared = shared_] { write_all_down(*shared); });
        if (!writer) {
            (void)command_.stop({{SIGKILL, 1000}});
            return std::move(writer).error();
        }
        writer_ = std::move(*writer);
        auto echo = os::thread::start([shared = shared_] { echo_all(*shared); });
        if (echo) {
            echo_ = std::move(*echo);
        } else {
            detail::tell(*shared_, "Output is not shown: " + to_string(echo.error()));
            shared_->buffer.stop_echo();
            shared_->finished.notify('e');
        }
        return {};
    }

    outcome finish(const watch_outcome& how) {
        const auto kills = read_out_of_memory_kills();
        run_end end = judge_end(how, kills_before_ && kills > kills_before_);
        end.stopped_us = options_.system->wall_time_us();
        end.more = usage_pairs();
        shared_->end = end;
        shared_->buffer.close();
        thread_wait threads(*shared_, options_.stop);
        threads.join(writer_, echo_);
        outcome out{end.status, how.exit, end.cause, options_.run_directory, 0};
        if (threads.is_written()) {
            out.run_directory = shared_->place;
            out.record_errors = shared_->record->failures();
            out.cause = shared_->record->cause();
        }
        return out;
    }

    [[nodiscard]] pair_list usage_pairs() const {
        pair_list pairs;
        if (const auto usage = command_.usage()) {
            pairs.emplace_back("user_us", std::to_string(usage->user_us));
            pairs.emplace_back("system_us", std::to_string(usage->system_us));
            if (usage->peak_rss_bytes) {
                pairs.emplace_back("peak_rss_bytes", std::to_string(*usage->peak_rss_bytes));
            }
        }
        return pairs;
    }

    const supervise_options& options_;
    std::shared_ptr<supervision> shared_;
    os::guard guard_;
    os::child command_;
    os::thread writer_;
    os::thread echo_;
    std::optional<std::uint64_t> kills_before_;
};

}  // namespace detail

inline result<outcome> supervise(const supervise_options& options) {
    return detail::supervisor(options).run();
}

}}}  // namespace guild::runs
