// guild/package/source_tree.hpp - directories of sources: their hash, copies of them.
//
// Layer 4. Includes: base, os, package/file_digest.hpp.
// Not here: archives of them (package/pack.hpp).
//
// The hash is the sha256 of one line an entry, sorted by path in byte order:
//   MODE TAB SHA256 TAB PATH LF
// MODE is 755 or 644 for files (may the owner execute it?), link for symbolic links, whose SHA256
// is that of their target. Directories count through what is in them; times and owners never do.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/package/file_digest.hpp>

namespace guild { inline namespace v0 { namespace package {

/// The hash of a directory.
///
/// errors   bad_value: a symbolic link that leads out of the directory, or what is neither file,
///          link nor directory; those of the operating system; path = the entry
/// cost     reads every file once
/// example  tests/package/source_tree.cpp "tree hash: contents, names and execute bits count alone"
[[nodiscard]] result<std::string> hash_tree(const std::string& directory);

/// Copies a file, or a directory with all below it, to `to`, which must not exist; its parent must.
///
/// errors   as hash_tree; already_exists
/// example  tests/package/source_tree.cpp "copy: files keep bytes and execute bits, links their
/// text"
[[nodiscard]] result<void> copy_tree(const std::string& from, const std::string& to);

/// Whether a symbolic link at `path` (relative to a root) with this target stays below the root.
///
/// example  tests/package/source_tree.cpp "links: those that leave the root are told"
[[nodiscard]] bool stays_below(std::string_view path, std::string_view target);

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
