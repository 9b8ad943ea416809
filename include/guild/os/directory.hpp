// guild/os/directory.hpp - directories: list, make, remove.
//
// Layer 2. Includes: base, os/file.hpp, the standard library and POSIX.
// Not here: what stands at a path (os/file.hpp); names as text (base/path.hpp).
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// A name in a directory; the kind is the link's own for a symbolic link.
struct dir_entry {
    std::string name;
    file_kind kind = file_kind::other;
};

/// The names in a directory without "." and "..", in byte order.
///
/// errors   not_found, not_a_directory, permission_denied, io_failed
[[nodiscard]] result<std::vector<dir_entry>> list_directory(const std::string& path);

/// Makes a directory and those above it; one that stands there already is success.
///
/// errors   not_a_directory when a file is in the way; permission_denied, read_only, no_space
[[nodiscard]] result<void> make_directories(const std::string& path, unsigned permissions = 0777,
                                            const env& system = system_env);

/// Removes a file or a directory with all below it; never follows a symbolic link.
///
/// Nothing at `path` is success.
/// errors   permission_denied, read_only, io_failed: the first one met; the rest is removed
[[nodiscard]] result<void> remove_tree(const std::string& path);

/// Removes a directory in which nothing is; false when it is still there.
bool remove_empty_directory(const std::string& path);

/// Lets nobody but the owner into a directory (mode 0700).
///
/// errors   permission_denied, not_found, read_only
/// example  tests/os/directory.cpp "directory: one for its owner alone"
[[nodiscard]] result<void> restrict_to_owner(const std::string& path);

/// Makes a new directory below $TMPDIR or /tmp, its name starting with `prefix`.
///
/// errors   permission_denied, no_space, not_found
[[nodiscard]] result<std::string> make_temp_directory(std::string_view prefix);

// ---- implementation ---------------------------------------------------------

namespace detail {

// See raw_open() in os/env.hpp: one entry with a large inode would end the list.
#if defined(__GLIBC__) && !defined(__LP64__)
using raw_entry = ::dirent64;
inline const raw_entry* read_entry(DIR* directory) {
    return ::readdir64(directory);
}
#else
using raw_entry = ::dirent;
inline const raw_entry* read_entry(DIR* directory) {
    return ::readdir(directory);
}
#endif

inline file_kind kind_of_entry(const std::string& directory, const raw_entry& entry) {
#if defined(DT_UNKNOWN)
    switch (entry.d_type) {
    case DT_REG:
        return file_kind::regular;
    case DT_DIR:
        return file_kind::directory;
    case DT_LNK:
        return file_kind::symlink;
    case DT_UNKNOWN:
        break;
    default:
        return file_kind::other;
    }
#endif
    const auto status = find_link_status(join_path(directory, entry.d_name));
    return status ? status->kind : file_kind::other;
}

}  // namespace detail

inline result<std::vector<dir_entry>> list_directory(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
        return os_error(errno, "opendir", path);
    }
    std::vector<dir_entry> entries;
    while (true) {
        errno = 0;
        const detail::raw_entry* entry = detail::read_entry(directory);
        if (entry == nullptr) {
            break;
        }
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            entries.push_back({std::string(name), detail::kind_of_entry(path, *entry)});
        }
    }
    const int failure = errno;
    ::closedir(directory);
    if (failure != 0) {
        return os_error(failure, "readdir", path);
    }
    std::sort(entries.begin(), entries.end(),
              [](const dir_entry& a, const dir_entry& b) { return a.name < b.name; });
    return entries;
}

inline result<void> make_directories(const std::string& path, unsigned permissions,
                                     const env& system) {
    const int made = system.mkdir(path.c_str(), permissions);
    if (made == 0) {
        return {};
    }
    if (made == -ENOENT && parent_path(path) != path) {
        auto above = make_directories(parent_path(path), permissions, system);
        if (!above) {
            return above;
        }
        const int again = system.mkdir(path.c_str(), permissions);
        if (again == 0 || again == -EEXIST) {
            return {};
        }
        return os_error(-again, "mkdir", path);
    }
    const auto status = find_status(path, system);
    if (status && status->kind == file_kind::directory) {
        return {};
    }
    return os_error(made == -EEXIST ? ENOTDIR : -made, "mkdir", path);
}

namespace detail {

// Removes what the name `name` in the open directory `parent` stands for.
inline void remove_below(int parent, const char* name, const std::string& path, error& first) {
    const auto note = [&](int code) {
        if (first.code == errc::ok && code != ENOENT) {
            first = os_error(code, "remove", path);
        }
    };
    if (::unlinkat(parent, name, 0) == 0) {
        return;
    }
    const int why = errno;
    if (why != EISDIR && why != EPERM) {
        note(why);
        return;
    }
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* directory = fd < 0 ? nullptr : ::fdopendir(fd);
    if (directory == nullptr) {
        note(why == EPERM && errno == ENOTDIR ? EPERM : errno);
        if (fd >= 0) {
            ::close(fd);
        }
        return;
    }
    std::vector<std::string> names;
    while (const raw_entry* entry = read_entry(directory)) {
        names.emplace_back(entry->d_name);
    }
    for (const std::string& inner : names) {
        if (inner != "." && inner != "..") {
            remove_below(fd, inner.c_str(), join_path(path, inner), first);
        }
    }
    ::closedir(directory);
    if (::unlinkat(parent, name, AT_REMOVEDIR) != 0) {
        note(errno);
    }
}

}  // namespace detail

inline result<void> remove_tree(const std::string& path) {
    error first;
    detail::remove_below(AT_FDCWD, path.c_str(), path, first);
    if (first.code != errc::ok) {
        return first;
    }
    return {};
}

inline result<void> restrict_to_owner(const std::string& path) {
    return ::chmod(path.c_str(), 0700) == 0 ? result<void>() : os_error(errno, "change mode", path);
}

inline bool remove_empty_directory(const std::string& path) {
    return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

inline result<std::string> make_temp_directory(std::string_view prefix) {
    const char* base = std::getenv("TMPDIR");
    std::string path =
        join_path(base == nullptr || *base == '\0' ? "/tmp" : base, std::string(prefix) + "XXXXXX");
    if (::mkdtemp(&path[0]) == nullptr) {
        return os_error(errno, "mkdtemp", path);
    }
    return path;
}

}}}  // namespace guild::os
