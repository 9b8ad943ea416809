// guild/package/outside_watch.hpp - notices files of a directory that a packager made or changed
// although it had no business there.
//
// Layer 4. Includes: os/directory.hpp.
// Not here: what may be in $pkgdir (package/pack.hpp looks at it when it packs).
//
// It looks at the entries of one directory, not below them, by kind, identity, size and time. That
// finds slips such as writing to $srcdir/.. and is no sandbox: what a packager does elsewhere is
// limited by the rights of the user alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// The entries of a directory as they are at one time.
///
/// example  tests/package/outside_watch.cpp "outside watch: new, changed and removed entries are
///          named"
class outside_watch {
public:
    /// Looks at the directory; `ignored` are names in it that may change.
    ///
    /// errors   those of os::list_directory
    [[nodiscard]] static result<outside_watch> look(const std::string& directory,
                                                    std::vector<std::string> ignored = {});

    /// The first entry, in byte order, that is not as it was: `NAME was made`, `was changed`, `was
    /// removed`.
    ///
    /// errors   those of os::list_directory
    [[nodiscard]] result<std::optional<std::string>> find_change() const;

private:
    using entries = std::map<std::string, os::file_status>;

    [[nodiscard]] result<entries> list() const;
    [[nodiscard]] static bool is_same(const os::file_status& one, const os::file_status& other);

    std::string directory_;
    std::vector<std::string> ignored_;
    entries before_;
};

// ---- implementation ---------------------------------------------------------

inline result<outside_watch> outside_watch::look(const std::string& directory,
                                                 std::vector<std::string> ignored) {
    outside_watch made;
    made.directory_ = directory;
    made.ignored_ = std::move(ignored);
    auto listed = made.list();
    if (!listed) {
        return std::move(listed).error();
    }
    made.before_ = std::move(*listed);
    return made;
}

inline result<std::optional<std::string>> outside_watch::find_change() const {
    auto after = list();
    if (!after) {
        return std::move(after).error();
    }
    for (const auto& [name, status] : before_) {
        const auto now = after->find(name);
        if (now == after->end()) {
            return std::optional<std::string>(name + " was removed");
        }
        if (!is_same(status, now->second)) {
            return std::optional<std::string>(name + " was changed");
        }
    }
    for (const auto& [name, status] : *after) {
        if (before_.count(name) == 0) {
            return std::optional<std::string>(name + " was made");
        }
    }
    return std::optional<std::string>();
}

inline result<outside_watch::entries> outside_watch::list() const {
    const auto names = os::list_directory(directory_);
    if (!names) {
        return names.error();
    }
    entries found;
    for (const os::dir_entry& entry : *names) {
        bool is_ignored = false;
        for (const std::string& name : ignored_) {
            is_ignored = is_ignored || name == entry.name;
        }
        const auto status = os::find_link_status(join_path(directory_, entry.name));
        if (!is_ignored && status) {
            found.emplace(entry.name, *status);
        }
    }
    return found;
}

inline bool outside_watch::is_same(const os::file_status& one, const os::file_status& other) {
    return one.kind == other.kind && one.device == other.device && one.inode == other.inode &&
           one.size == other.size && one.modified_ns == other.modified_ns && one.mode == other.mode;
}

}}}  // namespace guild::package
