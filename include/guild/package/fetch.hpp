// guild/package/fetch.hpp - every source of a package into its srcdir, pinned by GuildPkg.lock.
//
// Layer 4. Includes: package/*.hpp.
// Not here: each way of fetching (package/git.hpp, package/download.hpp, package/unpack.hpp).
//
// Kept in the package's directory: NAME (a bare repository) for each git source, and
// downloads/KEY/FILE for each file, KEY made of its URL. srcdir is made anew: it is built as
// SRCDIR.new and takes srcdir's place when all of it is good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/archive/limits.hpp>
#include <guild/base/result.hpp>
#include <guild/package/download.hpp>
#include <guild/package/git.hpp>
#include <guild/package/lock.hpp>
#include <guild/package/mirror.hpp>
#include <guild/package/package.hpp>
#include <guild/package/source_tree.hpp>
#include <guild/package/tool.hpp>
#include <guild/package/unpack.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What fetch_sources() is given beside the package.
struct fetch_options {
    std::string srcdir;           // empty: `src` in the package's directory
    bool offline = false;         // only what is there
    bool update = false;          // do not hold to GuildPkg.lock; download again what has no sum
    bool allow_file = false;      // file:// downloads
    std::vector<mirror> mirrors;  // see load_mirrors()
    archive::limits limits;       // of each archive
    download_options download;    // its sha256, offline, refresh, allow_file and tools are set here
    tool_options tools;           // programs, time, say, warn, progress, stop_fd
};

/// What is below srcdir now.
struct fetched_sources {
    std::string srcdir;  // absolute
    lock_file lock;      // what was fetched; tar_sha256 is what the former lock said
    bool lock_changed = false;
};

/// Fetches every source into srcdir: repositories as srcdir/NAME/PATH, archives unpacked as
/// srcdir/NAME, files and directories copied as srcdir/NAME. A declared sha256 is that of the file;
/// for a repository and a directory, hash_tree() of srcdir/NAME. The lock is not written: the
/// caller does when the build is done, by save_lock().
///
/// Says, a line each: `Downloading URL`, `Cloning into bare repository 'DIRECTORY'...`,
/// `Extracting REPO/REF/PATH` (archives: `Extracting FILE`).
/// errors   of package/git.hpp, download.hpp, unpack.hpp and source_tree.hpp, where = the source in
///          GuildPkg unless they have a place of their own; bad_checksum: not what sha256 or
///          GuildPkg.lock says, path = the file kept aside; srcdir is left as it was
/// example  tests/package/fetch.cpp "fetch: the tutorial's source stands below src as it is shown"
[[nodiscard]] result<fetched_sources> fetch_sources(const definition& of,
                                                    const fetch_options& options = {});

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
