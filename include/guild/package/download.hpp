// guild/package/download.hpp - fetches one file by curl: resumed, bounded, checked before it has
// its name.
//
// Layer 4. Includes: base, os, package/file_digest.hpp, package/tool.hpp.
// Not here: where downloads are kept (package/fetch.hpp), repositories (package/git.hpp).
//
// Beside DESTINATION stand, for as long as they mean something: DESTINATION.part, what came until
// the connection was cut; DESTINATION.headers, which say whether the rest still fits to it; and
// DESTINATION.bad, a file that was not what its checksum says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/package/file_digest.hpp>
#include <guild/package/tool.hpp>

namespace guild { inline namespace v0 { namespace package {

/// units    max_bytes: bytes; connect_ms, stall_ms: milliseconds without a connection, or with less
///          than 1 KiB a second
struct download_options {
    std::string sha256;  // expected, 64 small hex digits; empty: anything
    std::uint64_t max_bytes = std::uint64_t{64} << 30U;
    std::int64_t connect_ms = 30'000;
    std::int64_t stall_ms = 60'000;
    int retries = 3;          // after failures that may pass
    bool offline = false;     // only what is there
    bool refresh = false;     // also when it is there
    bool allow_file = false;  // file:// URLs too
    tool_options tools;
};

/// A file that is there and is what it should be.
struct downloaded {
    std::string path;
    std::string sha256;
    std::uint64_t bytes = 0;
    bool was_there = false;  // nothing was fetched
};

/// Fetches `url` into the file `destination`, unless it is there with the expected checksum. Its
/// directory must exist. The file has its name when it is complete, checked and on disk.
///
/// errors   bad_checksum: kept as DESTINATION.bad, the message names both sums; truncated: cut off,
///          DESTINATION.part is taken up by the next call; not_found: 404 and the like, or offline;
///          too_large; bad_value: a URL that is not allowed; io_failed: no server, with curl's
///          words; missing_requirement: no curl, or one before 7.71; timed_out; interrupted;
///          no_space and the others of files
/// example  tests/package/download.cpp "download: a cut file is resumed where it was cut"
[[nodiscard]] result<downloaded> download(const std::string& url, const std::string& destination,
                                          const download_options& options = {});

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
