// guild/series/compact.hpp - rewrites a series file that has ended into columns: a fraction of its
// size, and quicker to read.
//
// Layer 3. Includes: base, os, series/reader.hpp rewrite.hpp.
// Not here: files with damage (series/repair.hpp); how a file is rewritten (series/rewrite.hpp).
//
// Readers that have the old file open keep it until they refresh.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/rewrite.hpp>

namespace guild { inline namespace v0 { namespace series {

struct compact_options {
    /// Nobody writes to the file, whether its writer ended it or was killed. The caller knows.
    bool is_writer_gone = false;
};

/// units    bytes
struct compact_report {
    bool is_changed = false;  // false: it was in columns already
    std::uint64_t points = 0;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
};

/// Rewrites the series file `path` into columns, in place and in one step.
///
/// Blocks that a continuing file beside it repeats are left out.
/// errors   bad_value: the writer has not ended the file; bad_checksum: a part is damaged (where =
///          the first such bytes): the file is left as it is; io_failed also when what was written
///          does not read back equal, or the file changed meanwhile; and those of files
/// cost     reads the file twice and the new one once; about 64 MiB of memory
/// example  tests/series/compact.cpp "compact: every point comes back bit for bit"
[[nodiscard]] result<compact_report> compact(const std::string& path,
                                             const compact_options& options = {},
                                             const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

inline result<compact_report> compact(const std::string& path, const compact_options& options,
                                      const os::env& system) {
    auto old = reader::open(path, system);
    if (!old) {
        return std::move(old).error();
    }
    if (old->header().generation != 0 && old->is_closed()) {
        return compact_report{false, old->points_known(), old->size(), old->size()};
    }
    if (old->header().generation != 0) {
        return make_error(errc::bad_checksum, "the end of the file is missing: repair it first",
                          path, {old->size(), old->size(), 0, 0});
    }
    if (!old->is_closed() && !options.is_writer_gone) {
        return make_error(errc::bad_value, "the writer has not ended this file", path);
    }
    rewriter job(path, system);
    auto done = job.open();
    if (done) {
        done = job.write(false, old->is_closed() ? detail::text_pairs{}
                                                 : detail::text_pairs{{"mark", "unclosed"}});
    }
    if (done) {
        done = job.replace();
    }
    if (!done) {
        job.discard();
        return std::move(done).error();
    }
    return compact_report{true, job.points(), job.bytes_before(), job.bytes_after()};
}

}}}  // namespace guild::series
