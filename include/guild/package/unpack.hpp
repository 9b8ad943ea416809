// guild/package/unpack.hpp - unpacks a tar archive, compressed or not, into a fresh directory.
//
// Layer 4. Includes: archive/extract.hpp, package/archive_file.hpp.
// Not here: what an archive may hold (archive/member_rules.hpp); where archives come from.
//
// The archive is never in memory as a whole. The tree is written beside the directory and renamed
// into place when all of it is good: after an error nothing of it is left.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <guild/archive/extract.hpp>
#include <guild/archive/limits.hpp>
#include <guild/base/result.hpp>
#include <guild/package/archive_file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What was unpacked.
struct unpacked {
    std::uint64_t members = 0;
    std::uint64_t content_bytes = 0;  // of all files together
    std::string tar_sha256;           // of the uncompressed tar, in hex: a package's identity
};

/// Unpacks an archive (.tar, or compressed by gzip, xz, zstd or bzip2; its first bytes decide, not
/// its name) into `directory`, which must not exist or be empty. Its parent must exist.
///
/// errors   already_exists: something stands in `directory`; bad_syntax, truncated: not a whole tar
///          archive; bad_value: a member that is not allowed, by name; too_large: over a limit;
///          unsupported: .zip and other formats; missing_requirement: no xz (gzip, ...) program
/// cost     memory: 1 MiB and the members' names
/// example  tests/package/unpack.cpp "unpack_archive: every compression gives the same tree"
[[nodiscard]] result<unpacked> unpack_archive(const std::string& archive_path,
                                              const std::string& directory,
                                              const archive::limits& limits = {});

// ---- implementation ---------------------------------------------------------

inline result<unpacked> unpack_archive(const std::string& archive_path,
                                       const std::string& directory,
                                       const archive::limits& limits) {
    auto fresh = archive::check_fresh(directory);
    if (!fresh) {
        return std::move(fresh).error();
    }
    auto opened = archive_file::open(archive_path, limits);
    if (!opened) {
        return std::move(opened).error();
    }
    auto done = archive::extract(opened->reader(), directory);
    if (!done) {
        if (done.error().path.empty()) {
            done.error().path = archive_path;
        }
        return std::move(done).error();
    }
    unpacked what;
    what.members = done->members;
    what.content_bytes = done->content_bytes;
    what.tar_sha256 = opened->tar_sha256();
    return what;
}

}}}  // namespace guild::package
