// guild/runs/external_collector.hpp - runs a program again and again and stores the metrics that it
// prints as series `sys/NAME/METRIC{label="value",...}`.
//
// Layer 4. Includes: base, os/child descriptor, series/writer, runs/metrics_text.
// Not here: what guild measures itself (runs/collectors.hpp); when this is asked
// (runs/recording.hpp).
//
// Nothing waits for the program. It runs in a group of its own, which is killed when the program
// ends, takes too long, prints too much, or the run ends. Each way to fail is told once, counted,
// and the program is started again at its next time.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/child.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/env.hpp>
#include <guild/runs/metrics_text.hpp>
#include <guild/series/writer.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A program that prints metrics and ends.
///
/// units    interval_ms: between two starts, 1 at least; timeout_ms: how long it may run;
///          max_output_bytes: what it may print
struct collector_spec {
    std::string name;
    std::vector<std::string> argv;
    std::string directory;                     // where it runs; empty: here
    std::optional<os::variables> environment;  // all of its variables; not given: this program's
    std::int64_t interval_ms = 1'000;
    std::int64_t timeout_ms = 10'000;
    std::uint64_t max_output_bytes = std::uint64_t{1} << 20U;
};

/// How many series one collector may make, and how long their names may be together; samples of
/// others are dropped. Series files repeat the names from time to time.
///
/// units    max_collector_name_bytes: bytes
inline constexpr std::size_t max_collector_series = 4'096;
inline constexpr std::size_t max_collector_name_bytes = std::size_t{512} << 10U;

/// Whether series of a collector of this name cannot be taken for others: letters, digits and
/// `._+-`, 64 at most, and no name of guild's own statistics (cpu, mem, ...).
///
/// example  tests/runs/external_collector.cpp "collector name: not that of a part of the machine"
[[nodiscard]] bool is_collector_name(std::string_view name) noexcept;

/// One such program.
///
/// threads  one owner; the program is killed when the thread that called work() ends
/// example  tests/runs/external_collector.cpp "external collector: metrics become series, again and
///          again"
class external_collector {
public:
    explicit external_collector(collector_spec spec, const os::env& system = os::system_env)
        : spec_(std::move(spec)), system_(&system) {}

    /// How soon work() is to be called again; 0: now.
    ///
    /// units    milliseconds
    [[nodiscard]] std::int64_t wait_ms() const;

    /// Starts the program when it is time, takes what it has printed, stores it when it has ended.
    /// Never waits.
    ///
    /// out      how many points were stored
    std::size_t work(series::writer& into);

    /// Kills the program and what is in its group; it is not started again.
    void stop();

    /// A line for the user about a failure of a kind that was not told yet.
    [[nodiscard]] std::optional<std::string> take_news();

    /// "failed 2 of 60 times: exit code 1", with the first failure; empty without one.
    [[nodiscard]] std::string summary() const;

    [[nodiscard]] bool is_running() const noexcept { return child_.is_started(); }
    [[nodiscard]] const collector_spec& spec() const noexcept { return spec_; }
    [[nodiscard]] std::uint64_t starts() const noexcept { return starts_; }
    [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

private:
    enum class problem : std::uint8_t { start, end, time, size, text, series };
    struct known_series {
        std::uint32_t id = series::no_series;
        std::optional<std::int64_t> time_us;  // of its last point, where the program gave it
        std::uint64_t round = 0;              // the start that printed it last
    };

    [[nodiscard]] std::int64_t now_us() const { return system_->boot_time_us(); }
    void start();
    void read_output();
    [[nodiscard]] bool read_piece(int fd, std::string& to, std::uint64_t most);
    void end_if_late();
    void kill(problem why, std::string what);
    [[nodiscard]] std::optional<os::exit_status> collect_end();
    std::size_t take(const os::exit_status& how, series::writer& into);
    std::size_t store(const metrics_text& text, series::writer& into);
    [[nodiscard]] std::optional<std::uint32_t> find_place(const metric_sample& sample,
                                                          series::writer& into);
    void fail(problem why, std::string what);

    collector_spec spec_;
    const os::env* system_;
    os::child child_;
    std::string out_;
    std::string err_;  // its beginning
    std::uint64_t printed_ = 0;
    bool is_flowing_ = false;  // its pipe was full, or nearly
    bool is_killed_ = false;
    bool has_failed_ = false;  // this time
    bool is_stopped_ = false;
    std::int64_t started_us_ = 0;
    std::int64_t next_start_us_ = 0;  // 0: at once
    std::int64_t next_work_us_ = 0;
    std::map<std::string, known_series, std::less<>> series_;
    std::size_t name_bytes_ = 0;  // of all keys
    std::int64_t step_ = 0;
    std::uint64_t starts_ = 0;
    std::uint64_t failures_ = 0;
    std::string first_failure_;
    unsigned told_ = 0;  // bits of problems
    std::vector<std::string> news_;
};

// ---- implementation ---------------------------------------------------------

inline bool is_collector_name(std::string_view name) noexcept {
    const bool has_number = name.size() > 3 && is_digit(name[3]) &&
                            (starts_with(name, "cpu") || starts_with(name, "gpu"));
    bool is_good = !name.empty() && name.size() <= 64 && name != "." && name != ".." && !has_number;
    for (const std::string_view own : {"cpu", "mem", "swap", "load", "cgroup"}) {
        is_good = is_good && name != own;
    }
    for (const char c : name) {
        is_good = is_good && (is_letter(c) || is_digit(c) || contains("._+-", {&c, 1}));
    }
    return is_good;
}

inline std::int64_t external_collector::wait_ms() const {
    const std::int64_t left_us = is_stopped_ ? 3'600'000'000 : next_work_us_ - now_us();
    return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

inline std::size_t external_collector::work(series::writer& into) {
    if (wait_ms() > 0) {
        return 0;
    }
    std::optional<os::exit_status> ended;
    if (child_.is_started()) {
        read_output();
        end_if_late();
        ended = collect_end();
    } else {
        start();
    }
    const std::size_t stored = ended ? take(*ended, into) : 0;
    // The longer it runs, the less it matters when its end is seen.
    const std::int64_t runs_us = is_flowing_ ? 0 : now_us() - started_us_;
    const std::int64_t pause_us =
        std::min<std::int64_t>(std::max<std::int64_t>(runs_us / 4, 5'000), 250'000);
    next_work_us_ = child_.is_started() ? now_us() + pause_us : next_start_us_;
    return stored;
}

inline void external_collector::start() {
    const std::int64_t now = now_us();
    const std::int64_t interval_us = std::max<std::int64_t>(spec_.interval_ms, 1) * 1000;
    // Times that were missed are left out, so that a slow program does not run without a pause.
    const std::int64_t since_us = next_start_us_ == 0 ? 0 : now - next_start_us_;
    next_start_us_ = now - since_us % interval_us + interval_us;
    started_us_ = now;
    printed_ = 0;
    out_.clear();
    err_.clear();
    is_killed_ = has_failed_ = false;
    ++starts_;
    os::process_options options;
    options.argv = spec_.argv;
    options.directory = spec_.directory;
    options.environment = spec_.environment;
#if defined(__linux__)
    options.parent_death_signal = SIGKILL;
#endif
    auto started = os::child::start(options);
    if (started) {
        child_ = std::move(*started);
    } else {
        fail(problem::start, to_string(started.error()));
    }
}

// False when there is nothing more at the moment. Bytes beyond `most` are counted alone.
inline bool external_collector::read_piece(int fd, std::string& to, std::uint64_t most) {
    char piece[16'384];
    const std::int64_t got = fd < 0 ? 0 : system_->read(fd, piece, sizeof piece);
    if (got > 0) {
        const std::uint64_t room = most - std::min<std::uint64_t>(to.size(), most);
        to.append(piece, static_cast<std::size_t>(
                             std::min<std::uint64_t>(static_cast<std::uint64_t>(got), room)));
        printed_ += static_cast<std::uint64_t>(got);
    }
    return got > 0 || got == -EINTR;
}

inline void external_collector::read_output() {
    const std::uint64_t before = printed_;
    constexpr int most_pieces = 256;  // of one call, so that a program that floods does not hold us
    for (int i = 0; i < most_pieces && read_piece(child_.out_fd(), out_, spec_.max_output_bytes);
         ++i) {
    }
    for (int i = 0; i < most_pieces && read_piece(child_.err_fd(), err_, 512); ++i) {
    }
    is_flowing_ = printed_ - before >= 32'768;
}

inline void external_collector::end_if_late() {
    if (printed_ > spec_.max_output_bytes) {
        kill(problem::size, "printed more than " + std::to_string(spec_.max_output_bytes) +
                                " bytes and was killed");
    } else if (now_us() - started_us_ >= spec_.timeout_ms * 1000) {
        kill(problem::time,
             "did not end within " + std::to_string(spec_.timeout_ms) + " ms and was killed");
    }
}

inline void external_collector::kill(problem why, std::string what) {
    if (!is_killed_) {
        fail(why, std::move(what));
    }
    is_killed_ = true;
    (void)child_.signal(SIGKILL);
}

// How it ended, once it has. What it left running in its group ends with it.
inline std::optional<os::exit_status> external_collector::collect_end() {
    os::watched_descriptor item;
    item.fd = child_.exit_fd();
    os::wait_until_ready(&item, 1, 0);
    if (!item.is_ready) {
        return std::nullopt;
    }
    (void)child_.signal(SIGKILL);
    read_output();  // what it printed last
    const auto ended = child_.poll_exit();
    if (!ended) {
        return os::exit_status{};
    }
    return *ended;
}

inline std::size_t external_collector::take(const os::exit_status& how, series::writer& into) {
    child_ = os::child();
    if (printed_ > spec_.max_output_bytes) {
        kill(problem::size,
             "printed more than " + std::to_string(spec_.max_output_bytes) + " bytes");
    }
    if (is_killed_) {
        return 0;
    }
    if (!how.success()) {
        const std::string said = err_.substr(0, err_.find('\n'));
        fail(problem::end, to_string(how) + (said.empty() ? "" : ": " + said));
        return 0;
    }
    const metrics_text text = parse_metrics(out_);
    if (text.first_mistake) {
        fail(problem::text, to_string(error{errc::bad_syntax, text.first_mistake->message, "output",
                                            text.first_mistake->where}));
    } else if (text.samples.empty()) {
        fail(problem::text, "printed no metrics");
    }
    if (text.unread_samples > 0) {
        fail(problem::series, "printed more than " + std::to_string(max_metric_samples) +
                                  " samples; the others are left out");
    }
    return store(text, into);
}

// Samples without a time have that of now and are stored together.
inline std::size_t external_collector::store(const metrics_text& text, series::writer& into) {
    const std::int64_t wall_us = system_->wall_time_us();
    std::map<std::int64_t, std::vector<series::sample>> frames;
    std::size_t stored = 0;
    for (const metric_sample& sample : text.samples) {
        if (const auto id = find_place(sample, into)) {
            frames[sample.time_us.value_or(wall_us)].push_back({*id, series::number(sample.value)});
            ++stored;
        }
    }
    for (const auto& [time_us, frame] : frames) {
        into.append(step_, time_us, frame.data(), frame.size());
    }
    step_ += stored > 0 ? 1 : 0;
    return stored;
}

// The series of a sample. Empty when it is not to be stored: there is no room for another series,
// it comes twice, or it is the point that was stored before, with its time.
inline std::optional<std::uint32_t> external_collector::find_place(const metric_sample& sample,
                                                                   series::writer& into) {
    const std::string key = "sys/" + spec_.name + '/' + metric_key(sample);
    auto found = series_.find(key);
    const bool has_room = series_.size() < max_collector_series &&
                          name_bytes_ + key.size() <= max_collector_name_bytes;
    if (found == series_.end() && has_room) {
        name_bytes_ += key.size();
        found = series_.emplace(key, known_series{into.series(key), std::nullopt, 0}).first;
    }
    if (found == series_.end()) {
        fail(problem::series, "has more than " + std::to_string(max_collector_series) +
                                  " series, or their names are too long; the others are left out");
        return std::nullopt;
    }
    known_series& known = found->second;
    if (known.id == series::no_series) {
        fail(problem::series, "printed a name that is too long for a series");
        return std::nullopt;
    }
    const bool is_same = known.time_us == sample.time_us;
    if (is_same && known.round == starts_) {
        fail(problem::text, "printed '" + metric_key(sample) + "' twice");
        return std::nullopt;
    }
    const bool is_old = is_same && sample.time_us && known.round != 0;
    known.time_us = sample.time_us;
    known.round = starts_;
    return is_old ? std::nullopt : std::make_optional(known.id);
}

inline void external_collector::fail(problem why, std::string what) {
    for (char& c : what) {  // it may be of the program's making, and is shown in a terminal
        c = c >= ' ' && c <= '~' ? c : '?';
    }
    failures_ += has_failed_ ? 0 : 1;
    has_failed_ = true;
    if (first_failure_.empty()) {
        first_failure_ = what;
    }
    const unsigned bit = 1U << static_cast<unsigned>(why);
    if ((told_ & bit) == 0) {
        told_ |= bit;
        news_.push_back("Error collecting '" + spec_.name + "': " + what);
    }
}

inline void external_collector::stop() {
    child_ = os::child();
    is_stopped_ = true;
}

inline std::optional<std::string> external_collector::take_news() {
    if (news_.empty()) {
        return std::nullopt;
    }
    std::string line = std::move(news_.front());
    news_.erase(news_.begin());
    return line;
}

inline std::string external_collector::summary() const {
    return failures_ == 0 ? std::string()
                          : "failed " + std::to_string(failures_) + " of " +
                                std::to_string(starts_) + " times: " + first_failure_;
}

}}}  // namespace guild::runs
