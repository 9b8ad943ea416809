// guild/runs/output_follower.hpp - stores what rules find in the output of a run that is being
// recorded.
//
// Layer 4. Includes: base, os, series/writer, runs/output_scan.
// Not here: the same for a run that is over (runs/output_scan.hpp), when there is time for it
// (runs/recording.hpp).
//
// The output is read back from where it was stored, piece by piece, whenever nothing waits to be
// stored. So the rules may be slower than the command: they are late then, and hold up nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_reader.hpp>
#include <guild/runs/output_rules.hpp>
#include <guild/runs/output_scan.hpp>
#include <guild/series/writer.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Follows the output of one run. It must not be moved once work() was called.
///
/// threads  one, that which stores the output
/// example  tests/runs/output_follower.cpp "output follower: it catches up when there is time"
class output_follower {
public:
    /// Makes the series file.
    ///
    /// errors   as series::writer::create
    [[nodiscard]] static result<output_follower> create(std::vector<output_rule> rules,
                                                        const std::string& run_directory,
                                                        const os::env& system = os::system_env);

    /// Output was stored.
    void note_output() noexcept { is_behind_ = true; }

    /// Whether there is output that was not looked at.
    [[nodiscard]] bool is_behind() const noexcept { return is_behind_; }

    /// Looks at the next piece of what is stored.
    ///
    /// errors   io_failed
    [[nodiscard]] result<void> work(const os::file& log, const os::file& index);

    /// Looks at all that is left, unless that takes longer than `most_ms`.
    ///
    /// out      bytes that were not looked at
    /// units    most_ms: milliseconds
    /// errors   io_failed
    [[nodiscard]] result<std::uint64_t> finish(const os::file& log, const os::file& index,
                                               std::int64_t most_ms);

    /// Closes the series file, or removes it when nothing was found.
    ///
    /// in       data: the run's `guild.d`, where it is now
    /// errors   as series::writer::close
    [[nodiscard]] result<void> close(const std::string& data);

    [[nodiscard]] series::writer& writer() noexcept { return *scan_.writer(); }
    [[nodiscard]] const output_scan& scan() const noexcept { return scan_; }

private:
    output_follower(std::vector<output_rule> rules, series::writer into, const os::env& system)
        : scan_(std::move(rules), std::move(into)), system_(&system) {}

    output_scan scan_;
    std::optional<output_reader> reader_;
    const os::env* system_;
    bool is_behind_ = false;
};

// ---- implementation ---------------------------------------------------------

inline result<output_follower> output_follower::create(std::vector<output_rule> rules,
                                                       const std::string& run_directory,
                                                       const os::env& system) {
    auto into = series::writer::create(data_path(run_directory, series_directory), {}, system);
    if (!into) {
        return std::move(into).error();
    }
    return output_follower(std::move(rules), std::move(*into), system);
}

inline result<void> output_follower::work(const os::file& log, const os::file& index) {
    if (!reader_) {
        reader_.emplace(log, index);
    }
    const auto more = scan_.advance(*reader_);
    is_behind_ = more && *more;
    return more ? result<void>() : result<void>(more.error());
}

inline result<std::uint64_t> output_follower::finish(const os::file& log, const os::file& index,
                                                     std::int64_t most_ms) {
    const std::int64_t until_us = system_->boot_time_us() + most_ms * 1000;
    while (is_behind_ && system_->boot_time_us() < until_us) {
        auto done = work(log, index);
        if (!done) {
            return std::move(done).error();
        }
    }
    std::uint64_t left = 0;
    if (is_behind_) {  // that it has read the last bytes it learns when there are no more
        const std::uint64_t begin = reader_ ? reader_->offset() : 0;
        const auto status = log.status();
        left = status && status->size > begin ? status->size - begin : 0;
    }
    if (left == 0) {
        scan_.finish();
    }
    return left;
}

inline result<void> output_follower::close(const std::string& data) {
    const std::string name = base_name(writer().path());
    auto closed = writer().close();
    if (closed && scan_.points() == 0) {
        (void)system_->unlink(join_path(join_path(data, series_directory), name).c_str());
    }
    return closed;
}

}}}  // namespace guild::runs
