// guild/runs/run_files.hpp - the small files that whoever records a run keeps open: LOCK, meta.tsv,
// flags.tsv, attrs.tsv.
//
// Layer 4. Includes: base, os/file, runs/lock tsv layout run rundir_keeper.
// Not here: output and series; reading a run (runs/run.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/rundir_keeper.hpp>
#include <guild/runs/secrets.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// How a run ended.
///
/// units    stopped_us: microseconds since 1970-01-01 UTC
struct run_end {
    run_status status = run_status::error;  // completed, terminated or error
    std::string cause;
    std::int64_t stopped_us = 0;
    std::optional<int> exit_code;
    std::string signal;  // name of the signal that ended the command, for example "SIGKILL"
    bool dumped_core = false;
    pair_list more;  // further keys of meta.tsv
};

/// The lines of meta.tsv that record an end. `status` is the last: without it the rest does not
/// count.
///
/// example  tests/runs/run_files.cpp "run files: the end is one block whose last line is the
///          status"
[[nodiscard]] pair_list end_pairs(const run_end& end);

/// Owned by the process that records a run.
class run_files {
public:
    run_files() = default;

    /// Makes LOCK and opens the tables of a new run.
    ///
    /// errors   not_found: no `guild.d`; already_exists: another process records this run;
    ///          permission_denied, read_only, no_space
    [[nodiscard]] static result<run_files> create(const std::string& run_directory,
                                                  const os::env& system = os::system_env);

    /// Writes the tables as they are at the start, without secrets (runs/secrets.hpp). When there
    /// were some, only the owner may enter the run directory: the command may print or store them.
    ///
    /// errors   no_space, io_failed
    /// example  tests/runs/run_files.cpp "run files: secrets are not written, and others are kept
    ///          out"
    [[nodiscard]] result<void> start(const pair_list& meta, const pair_list& flags,
                                     const pair_list& attrs);

    [[nodiscard]] tsv_file& meta() noexcept { return meta_; }
    [[nodiscard]] tsv_file& attrs() noexcept { return attrs_; }

    /// The next heartbeat.
    ///
    /// errors   no_space, io_failed
    [[nodiscard]] result<void> beat() { return lock_.beat(); }

    /// The files, for a rundir_keeper.
    void list_open(std::vector<kept_file>& into) const;

    /// Records the end, then takes LOCK away.
    ///
    /// in       data: where `guild.d` is now
    /// errors   no_space, io_failed: LOCK then stays, and readers say `terminated`
    [[nodiscard]] result<void> end(const run_end& how, const std::string& data);

    /// Records that it never began, because of `why`.
    ///
    /// errors   as end
    [[nodiscard]] result<void> end_with(const error& why, const std::string& data);

private:
    lock_file lock_;
    tsv_file meta_;
    tsv_file flags_;
    tsv_file attrs_;
};

// ---- implementation ---------------------------------------------------------

inline pair_list end_pairs(const run_end& end) {
    pair_list pairs = end.more;
    pairs.emplace_back("stopped_us", std::to_string(end.stopped_us));
    if (end.exit_code) {
        pairs.emplace_back("exit_code", std::to_string(*end.exit_code));
    }
    if (!end.signal.empty()) {
        pairs.emplace_back("signal", end.signal);
        pairs.emplace_back("core", end.dumped_core ? "1" : "0");
    }
    if (!end.cause.empty()) {
        pairs.emplace_back("cause", end.cause);
    }
    pairs.emplace_back("status", to_string(end.status));
    return pairs;
}

inline result<run_files> run_files::create(const std::string& run_directory,
                                           const os::env& system) {
    run_files files;
    auto lock = lock_file::create(run_directory, system);
    if (!lock) {
        return std::move(lock).error();
    }
    files.lock_ = std::move(*lock);
    const std::pair<tsv_file*, std::string_view> tables[] = {
        {&files.meta_, meta_name}, {&files.flags_, flags_name}, {&files.attrs_, attrs_name}};
    for (const auto& [table, name] : tables) {
        auto opened = tsv_file::open(data_path(run_directory, name), system);
        if (!opened) {
            files.lock_.remove(data_path(run_directory));
            return std::move(opened).error();
        }
        *table = std::move(*opened);
    }
    return files;
}

inline void run_files::list_open(std::vector<kept_file>& into) const {
    into.push_back({std::string(lock_name), lock_.file().fd()});
    into.push_back({std::string(meta_name), meta_.file().fd()});
    into.push_back({std::string(flags_name), flags_.file().fd()});
    into.push_back({std::string(attrs_name), attrs_.file().fd()});
}

inline result<void> run_files::start(const pair_list& meta, const pair_list& flags,
                                     const pair_list& attrs) {
    constexpr std::int64_t end_bytes = 16'384;  // a full disk has room for the end, too
    os::reserve_space(meta_.file(), end_bytes);
    const pair_list open_meta = withhold_in_meta(meta);
    const pair_list open_flags = withhold_values(flags);
    const pair_list open_attrs = withhold_values(attrs);
    if (open_meta != meta || open_flags != flags || open_attrs != attrs) {
        const std::string data = parent_path(meta_.file().path());
        (void)os::restrict_to_owner(parent_path(data));  // some file systems have no modes
    }
    const std::pair<tsv_file*, const pair_list*> tables[] = {
        {&flags_, &open_flags}, {&attrs_, &open_attrs}, {&meta_, &open_meta}};
    for (const auto& [table, pairs] : tables) {
        auto written = table->append(*pairs);
        if (!written) {
            return written;
        }
    }
    return {};
}

inline result<void> run_files::end_with(const error& why, const std::string& data) {
    run_end how;
    how.stopped_us = os::system_env.wall_time_us();
    how.cause = to_string(why);
    return end(how, data);
}

inline result<void> run_files::end(const run_end& how, const std::string& data) {
    auto written = meta_.append(end_pairs(how));
    if (written) {
        lock_.remove(data);
    }
    return written;
}

}}}  // namespace guild::runs
