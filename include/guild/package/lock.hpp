// guild/package/lock.hpp - GuildPkg.lock: what the sources were at the last build, and what it
// made.
//
// Layer 4. Includes: base, ini, os/file.hpp.
// Not here: fetching (package/fetch.hpp). docs/format-package.md specifies the file.
//
//   [package]                                     [source "TEXT"]
//     name = mnist-tutorial-src                     url = https://github.com/o/r.git
//     version = 1                                   ref = refs/heads/master
//     tar_sha256 = 64 hex digits                    path = a/b
//                                                   commit, tree = ids of git
//                                                   sha256 = of the file, or of its tree
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What one source was. Texts that do not apply are empty.
struct locked_source {
    std::string text;  // the source as GuildPkg has it: the key
    std::string url;   // mirrors not applied
    std::string ref;   // in full
    std::string path;  // within the repository
    std::string commit;
    std::string tree;    // git's id of what is at the path
    std::string sha256;  // of a downloaded or local file, else hash_tree() of the directory
};

/// The file as values.
struct lock_file {
    std::string name;
    std::string version;
    std::string tar_sha256;  // of the package as it was built; empty until it was
    std::vector<locked_source> sources;

    /// The entry of a source; none: null.
    [[nodiscard]] const locked_source* find(std::string_view text) const noexcept;
};

/// The name of the file in a package's directory.
inline constexpr const char* lock_file_name = "GuildPkg.lock";

/// Reads the text of a lock file. Names it does not know are ignored: newer versions may add some.
///
/// errors   bad_syntax, bad_value, with line and column
/// example  tests/package/lock.cpp "lock: what was written is read back"
[[nodiscard]] result<lock_file> parse_lock(std::string_view text, const std::string& path);

/// The text of a lock file; the same values give the same bytes.
[[nodiscard]] std::string format_lock(const lock_file& from);

/// Reads PACKAGE_DIRECTORY/GuildPkg.lock; without one, an empty value.
///
/// errors   as parse_lock; those of os::load_file
[[nodiscard]] result<lock_file> load_lock(const std::string& package_directory);

/// Writes it, in one step; a file that says the same already is not touched.
///
/// errors   those of os::save_file
[[nodiscard]] result<void> save_lock(const std::string& package_directory, const lock_file& lock);

/// What differs between two locks, for people: one line a difference.
///
/// example  tests/package/lock.cpp "lock: differences are told by source and field"
[[nodiscard]] std::vector<std::string> list_differences(const lock_file& before,
                                                        const lock_file& after);

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
