// guild/runs/run.hpp - one recorded run, read from its directory: what it was, how it ended, its
// series and output.
//
// Layer 4. Includes: base, os/file, series/run_reader, runs/tsv layout lock output_log.
// Not here: finding runs (runs/catalog.hpp); recording one (runs/supervisor.hpp,
// runs/recorder.hpp).
//
// A run may be half written, written right now, or be deleted while it is read: what is there is
// given, the rest is told in notes().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/time.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/output_log.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/run_reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// How a run is going or how it ended.
enum class run_status : std::uint8_t {
    pending,     // made, nothing started yet
    running,     // its process lives
    completed,   // the command exited with 0
    terminated,  // stopped by the user or by guild, or guild itself went away
    error,       // any other end
    lost,        // written on another machine, which is not heard of any more
};

/// The word that lists, JSON and pages use.
[[nodiscard]] std::string_view to_string(run_status status) noexcept;

/// How runs are read.
struct open_options {
    heartbeat_memory* memory = nullptr;       // for readers that look again: what they saw before
    const os::env* system = &os::system_env;  // outlives the runs that are opened by it
};

/// What was recorded about a run, as it was when it was opened. A plain value; copy it at will.
///
/// example  tests/runs/run.cpp "run: a complete directory gives everything that was recorded"
class run {
public:
    /// Reads the small files of a run directory.
    ///
    /// in       directory: RUNDIR, with or without a final slash
    /// errors   not_found: there is no `guild.d` in it (`cannot find a run at DIR`)
    /// cost     four small files and LOCK
    [[nodiscard]] static result<run> open(std::string directory, const open_options& options = {});

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }  // the directory's name
    [[nodiscard]] const pair_list& meta() const noexcept { return meta_; }
    [[nodiscard]] const pair_list& flags() const noexcept { return flags_; }
    [[nodiscard]] const pair_list& attrs() const noexcept { return attrs_; }
    [[nodiscard]] const pair_list& user() const noexcept { return user_; }  // labels, tags, notes
    [[nodiscard]] run_status status() const noexcept { return status_; }

    /// Why the run ended as it did; empty for runs that go on or completed.
    [[nodiscard]] const std::string& cause() const noexcept { return cause_; }

    /// What was odd about the directory, one sentence each.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

    [[nodiscard]] std::string model() const { return find_meta("model").value_or(""); }
    [[nodiscard]] std::optional<std::string> find_meta(std::string_view key) const;

    /// Start and end; without a recorded start, the time in the directory's name.
    ///
    /// units    microseconds since 1970-01-01 UTC
    [[nodiscard]] std::optional<std::int64_t> started_us() const;
    [[nodiscard]] std::optional<std::int64_t> stopped_us() const {
        return find_number("stopped_us");
    }

    /// The command's exit code; empty while it runs and when a signal ended it.
    [[nodiscard]] std::optional<std::int64_t> exit_code() const { return find_number("exit_code"); }

    /// The LOCK of a run that goes on: whom to signal. Empty for every other run.
    [[nodiscard]] const std::optional<lock_record>& owner() const noexcept { return owner_; }

    /// A reader of all series of the run.
    [[nodiscard]] series::run_reader series() const {
        return series::run_reader(data_path(path_, series_directory), *system_);
    }

    /// At most `max_bytes` of what the command printed, from byte `from` of its log on.
    ///
    /// errors   as read_output
    [[nodiscard]] result<output_page> output(std::uint64_t from = 0,
                                             std::uint64_t max_bytes = 1U << 20U) const {
        return read_output(path_, from, max_bytes, *system_);
    }

    /// What it was opened with.
    [[nodiscard]] const os::env& system() const noexcept { return *system_; }

private:
    void load(std::string_view name, pair_list& into, const os::env& system);
    void decide_status(const open_options& options);
    void decide_from_lock(const lock_finding& found);
    [[nodiscard]] bool is_old(const os::env& system) const;
    [[nodiscard]] std::optional<std::int64_t> find_number(std::string_view key) const;

    const os::env* system_ = &os::system_env;
    std::string path_;
    std::string id_;
    pair_list meta_;
    pair_list flags_;
    pair_list attrs_;
    pair_list user_;
    run_status status_ = run_status::pending;
    std::string cause_;
    std::vector<std::string> notes_;
    std::optional<lock_record> owner_;
};

/// The model's name, or the recorded name, or what follows the time in the id, or the id.
[[nodiscard]] std::string display_name(const run& which);

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(run_status status) noexcept {
    switch (status) {
    case run_status::pending:
        return "pending";
    case run_status::running:
        return "running";
    case run_status::completed:
        return "completed";
    case run_status::terminated:
        return "terminated";
    case run_status::error:
        return "error";
    case run_status::lost:
        return "lost";
    }
    return "error";
}

inline std::string display_name(const run& which) {
    for (const char* key : {"model", "name"}) {
        const auto recorded = which.find_meta(key);
        if (recorded && !recorded->empty()) {
            return *recorded;
        }
    }
    const std::size_t dash = which.id().find('-');  // TIME-NAME
    return dash == std::string::npos ? which.id() : which.id().substr(dash + 1);
}

inline result<run> run::open(std::string directory, const open_options& options) {
    while (directory.size() > 1 && directory.back() == '/') {
        directory.pop_back();
    }
    const auto data = os::find_status(data_path(directory), *options.system);
    if (!data || data->kind != os::file_kind::directory) {
        return make_error(errc::not_found, "cannot find a run at " + directory);
    }
    run out;
    out.system_ = options.system;
    out.id_ = base_name(directory);
    out.path_ = std::move(directory);
    out.load(meta_name, out.meta_, *options.system);
    out.load(flags_name, out.flags_, *options.system);
    out.load(attrs_name, out.attrs_, *options.system);
    out.load(user_name, out.user_, *options.system);
    out.decide_status(options);
    return out;
}

inline void run::load(std::string_view name, pair_list& into, const os::env& system) {
    const auto text = os::load_file(data_path(path_, name), std::uint64_t{1} << 26U, system);
    if (text) {
        into = parse_tsv(*text);
        if (into.size() >= max_table_keys) {
            notes_.push_back(std::string(name) + ": more keys than are read");
        }
        if (!text->empty() && text->back() != '\n') {
            notes_.push_back(std::string(name) + ": the last line is cut and was ignored");
        }
    } else if (text.error().code != errc::not_found) {
        notes_.push_back(to_string(text.error()));
    } else if (name == meta_name) {
        notes_.emplace_back("meta.tsv: missing");
    }
}

inline void run::decide_status(const open_options& options) {
    cause_ = find_meta("cause").value_or("");
    const auto recorded = find_meta("status");
    for (const auto end : {run_status::completed, run_status::terminated, run_status::error}) {
        if (recorded && *recorded == to_string(end)) {
            status_ = end;
            return;
        }
    }
    const auto found = find_lock(path_, options.memory, *options.system);
    if (!found) {
        notes_.push_back(to_string(found.error()));
        status_ = run_status::terminated;
        cause_ = "guild went away (LOCK cannot be read)";
    } else if (*found) {
        decide_from_lock(**found);
    } else if (find_meta("started_us")) {
        status_ = run_status::error;
        cause_ = "no end was recorded and there is no LOCK";
    } else if (!recorded && is_old(*options.system)) {
        status_ = run_status::terminated;
        cause_ = "guild went away before it began";
    }
}

// Whoever makes a run directory writes LOCK a moment later, or is gone.
inline bool run::is_old(const os::env& system) const {
    constexpr std::int64_t most_us = 60'000'000;
    const auto data = os::find_status(data_path(path_), system);
    return data && system.wall_time_us() - data->modified_ns / 1000 > most_us;
}

inline void run::decide_from_lock(const lock_finding& found) {
    switch (found.state) {
    case liveness::alive:
        status_ = find_meta("started_us") ? run_status::running : run_status::pending;
        owner_ = found.record;
        break;
    case liveness::gone:
        status_ = run_status::terminated;
        cause_ = "guild went away (process " + std::to_string(found.record.pid) + " on " +
                 found.record.place.host + (found.why.empty() ? ")" : "; " + found.why + ")");
        break;
    case liveness::silent:
        status_ = run_status::lost;
        cause_ = "not heard of from " + found.record.place.host;
        break;
    case liveness::copy:
        status_ = run_status::terminated;
        cause_ = "this is a copy, made while the run went on";
        break;
    }
}

inline std::optional<std::string> run::find_meta(std::string_view key) const {
    const std::string* value = find_value(meta_, key);
    return value == nullptr ? std::nullopt : std::make_optional(*value);
}

inline std::optional<std::int64_t> run::find_number(std::string_view key) const {
    const std::string* value = find_value(meta_, key);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto number = parse_int64(*value);
    return number ? std::make_optional(*number) : std::nullopt;
}

inline std::optional<std::int64_t> run::started_us() const {
    if (const auto recorded = find_number("started_us")) {
        return recorded;
    }
    const auto named = parse_iso8601(std::string_view(id_).substr(0, 16));
    return named ? std::make_optional(*named) : std::nullopt;
}

}}}  // namespace guild::runs
