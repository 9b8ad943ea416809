// guild/series/repair.hpp - saves what is good of a damaged series file.
//
// Layer 3. Includes: base, os, series/rewrite.hpp verify.hpp.
// Not here: what is damaged (series/verify.hpp); reading past damage without repair, which every
// reader does (series/reader.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/rewrite.hpp>
#include <guild/series/verify.hpp>

namespace guild { inline namespace v0 { namespace series {

/// What repair() did.
struct repair_report {
    bool is_changed = false;  // false: there was nothing to repair
    std::string kept_as;      // the damaged file
    std::uint64_t points = 0;
    std::uint64_t bytes_lost = 0;
    std::vector<byte_range> lost;
};

/// Writes all good blocks of a damaged file into a new one, in columns, which takes its name. The
/// damaged file is kept beside it as `NAME.gts.damaged`. Nobody may be writing to it.
///
/// Blocks that stand at another place than they say are taken as well.
/// errors   as verify(); those of files: everything is left as it was
/// example  tests/series/repair.cpp "repair: saves all that is good and keeps the damaged file"
[[nodiscard]] result<repair_report> repair(const std::string& path,
                                           const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

// A name for the damaged file, which nobody else takes: an empty file stands there.
inline result<std::string> reserve_name(const std::string& wanted, const os::env& system) {
    std::string name = wanted;
    for (int serial = 2;; ++serial) {
        const auto made = os::open_file(name, os::open_mode::create_new, system);
        if (made) {
            return name;
        }
        if (made.error().code != errc::already_exists) {
            return made.error();
        }
        name = wanted + "-" + std::to_string(serial);
    }
}

inline void release_name(const std::string& name, const os::env& system) {
    const auto status = os::find_link_status(name, system);
    if (status && status->size == 0) {
        (void)system.unlink(name.c_str());
    }
}

}  // namespace detail

inline result<repair_report> repair(const std::string& path, const os::env& system) {
    auto found = verify(path, system);
    if (!found) {
        return std::move(found).error();
    }
    if (found->damage.empty()) {
        return repair_report{false, {}, found->points, 0, {}};
    }
    rewriter job(path, system);
    auto done = job.open();
    if (done) {
        done = job.write(true, {{"mark", "repaired"}});
    }
    auto kept_as = done ? detail::reserve_name(path + ".damaged", system)
                        : result<std::string>(std::move(done).error());
    if (kept_as) {
        done = job.replace(*kept_as);
    }
    if (!kept_as || !done) {
        job.discard();
        if (!kept_as) {
            return std::move(kept_as).error();
        }
        detail::release_name(*kept_as, system);
        return std::move(done).error();
    }
    return repair_report{true, *kept_as, job.points(), job.bytes_lost(), job.lost()};
}

}}}  // namespace guild::series
