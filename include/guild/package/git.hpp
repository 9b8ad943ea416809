// guild/package/git.hpp - fetches one commit of a repository, or a part of it, by git.
//
// Layer 4. Includes: base, os, package/tool.hpp, package/tree_ref.hpp.
// Not here: which commit a source means (package/tree_ref.hpp, package/fetch.hpp).
//
// The bare repository is kept beside the package, so that later fetches are short. It gets as
// little as the server can be asked for: one commit without the contents of files outside the path;
// else one commit; else everything. No configuration, hook, filter or attribute of the machine or
// of the repository has a say: files are what is in the repository, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/package/source.hpp>
#include <guild/package/tool.hpp>
#include <guild/package/tree_ref.hpp>

namespace guild { inline namespace v0 { namespace package {

/// A repository somewhere and the bare one that is kept of it.
struct repository {
    std::string url;        // as the package names it; remembered, and compared at the next use
    std::string fetch_url;  // where it is fetched from, mirrors applied; empty: url
    std::string directory;  // of the bare repository, absolute
};

/// What is wanted of a repository.
struct git_request {
    ref_kind kind = ref_kind::none;  // of `ref`, unless tree_rest is given
    std::string ref;                 // short name, or a commit
    std::string tree_rest;           // REF/PATH of a tree URL
    std::string path;                // within the repository; empty: all (not with tree_rest)
    std::string pinned_commit;       // fetch this one again, whatever the ref says now
    std::string pinned_ref;          // what the ref was in full when it was pinned
    std::string pinned_path;
    bool offline = false;
};

/// A commit that is in the bare repository, with everything below its path.
struct git_commit {
    std::string ref;  // in full; empty: a commit was asked for
    std::string commit;
    std::string path;  // empty: all
    std::string tree;  // the object at the path: a tree's id, or a file's
};

/// Fetches what is asked for into the bare repository, unless it is there.
///
/// errors   not_found: no such ref, or no such path in it, the message names both; bad_value: an
///          ambiguous ref, a tag that says it is another one, a URL that is not allowed, a bare
///          repository of another URL; already_exists: something else stands at `directory`;
///          io_failed: no server, with git's words; missing_requirement: no git, or one before
///          2.25; timed_out; interrupted
/// example  tests/package/git.cpp "git: only the wanted path is fetched where the server can"
[[nodiscard]] result<git_commit> fetch_commit(const repository& from, const git_request& wanted,
                                              const tool_options& tools = {});

/// Writes the files at the commit's path below `directory`, under their full path within the
/// repository, byte for byte. Submodules are empty directories.
///
/// errors   bad_value: a symbolic link that leads out of `directory`; those of fetch_commit
/// example  tests/package/git.cpp "git: attributes of the repository change nothing"
[[nodiscard]] result<void> export_commit(const repository& from, const git_commit& commit,
                                         const std::string& directory,
                                         const tool_options& tools = {});

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
