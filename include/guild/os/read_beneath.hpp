// guild/os/read_beneath.hpp - reads files below a directory whose content others may have made: no
// link leads out of it, and no pipe or device is opened.
//
// Layer 2. Includes: base, os/directory env file pipe; POSIX.
// Not here: making files there (os/beneath.hpp); trusted paths (os/file.hpp, os/directory.hpp).
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/pipe.hpp>

namespace guild { inline namespace v0 { namespace os {

/// A regular file below `directory`, opened to be read.
///
/// in       relative: names with `/` between them, none of them empty, `.` or `..`
/// errors   bad_value: no such name, or no regular file there; not_found, permission_denied and the
///          others of os_error(); a link anywhere below `directory` is not_a_directory or bad_value
/// example  tests/os/read_beneath.cpp "read beneath: links, pipes and devices are not opened"
[[nodiscard]] result<file> open_beneath(const std::string& directory, std::string_view relative);

/// A regular file or directory that was found by list_beneath().
///
/// units    size: bytes; modified_ns: nanoseconds since 1970-01-01 UTC
struct file_beneath {
    std::string name;  // relative, with `/`
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
};

/// How much of a tree is looked at.
struct tree_limits {
    std::size_t files = 10'000;
    std::size_t entries = 100'000;  // with directories, links and all
    std::size_t depth = 32;
};

/// What list_beneath() found.
struct files_beneath {
    std::vector<file_beneath> files;  // of a directory in byte order, its directories after it
    bool is_cut = false;              // there is more than the limits allow
};

/// Every regular file below a directory. Links are not followed.
///
/// errors   not_found, not_a_directory, permission_denied: of `directory` itself; what is below and
///          cannot be read is left out
/// example  tests/os/read_beneath.cpp "read beneath: a tree is listed without what links lead to"
[[nodiscard]] result<files_beneath> list_beneath(const std::string& directory,
                                                 const tree_limits& limits = {});

/// system_env, but links and everything that is no regular file cannot be opened, and stat() tells
/// of a link itself. Only the last name of a path is judged.
[[nodiscard]] const env& unlinked_env() noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr int read_directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
// A pipe without a writer would hold an open() that may block.
inline constexpr int plain_flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

inline bool is_plain_name(std::string_view name) noexcept {
    return !name.empty() && name != "." && name != ".." &&
           name.find('\0') == std::string_view::npos;
}

/// The descriptor when it is a regular file; otherwise it is closed and -EINVAL.
inline int keep_regular(int fd) noexcept {
    file_status status;
    if (fd >= 0 && (system_env.fstat(fd, &status) < 0 || status.kind != file_kind::regular)) {
        ::close(fd);
        return -EINVAL;
    }
    return fd;
}

inline int open_unlinked(const char* path, int flags, unsigned mode) {
    return keep_regular(system_env.open(path, flags | plain_flags, mode));
}

/// Walks a tree by descriptors.
class tree_walk {
public:
    tree_walk(const tree_limits& limits, files_beneath& into) : limits_(limits), into_(into) {}

    /// Takes `fd`.
    void walk(int fd, const std::string& prefix, std::size_t depth) {
        DIR* const directory = ::fdopendir(fd);
        if (directory == nullptr) {
            ::close(fd);
            return;
        }
        std::vector<std::string> names;
        while (const auto* entry = detail::read_entry(directory)) {
            const std::string_view name(entry->d_name);
            if (++entries_ > limits_.entries) {
                into_.is_cut = true;
                break;
            }
            if (is_plain_name(name)) {
                names.emplace_back(name);
            }
        }
        std::sort(names.begin(), names.end());
        std::vector<std::string> deeper;
        for (const std::string& name : names) {
            look_at(::dirfd(directory), prefix, name, deeper);
        }
        for (const std::string& name : deeper) {
            descend(::dirfd(directory), prefix, name, depth);
        }
        ::closedir(directory);
    }

private:
    void look_at(int in, const std::string& prefix, const std::string& name,
                 std::vector<std::string>& deeper) {
        struct ::stat status = {};
        if (::fstatat(in, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return;
        }
        if (S_ISDIR(status.st_mode)) {
            deeper.push_back(name);
        } else if (S_ISREG(status.st_mode) && into_.files.size() < limits_.files) {
#if defined(__APPLE__)
            const auto& time = status.st_mtimespec;
#else
            const auto& time = status.st_mtim;
#endif
            into_.files.push_back({prefix + name, static_cast<std::uint64_t>(status.st_size),
                                   std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec});
        } else if (S_ISREG(status.st_mode)) {
            into_.is_cut = true;
        }
    }

    void descend(int in, const std::string& prefix, const std::string& name, std::size_t depth) {
        if (depth >= limits_.depth || into_.files.size() >= limits_.files) {
            into_.is_cut = true;
            return;
        }
        const int fd = ::openat(in, name.c_str(), read_directory_flags | O_NOFOLLOW);
        if (fd >= 0) {
            walk(fd, prefix + name + '/', depth + 1);
        }
    }

    const tree_limits& limits_;
    files_beneath& into_;
    std::size_t entries_ = 0;
};

}  // namespace detail

inline result<file> open_beneath(const std::string& directory, std::string_view relative) {
    descriptor at(::open(directory.c_str(), detail::read_directory_flags));
    if (!at.is_open()) {
        return os_error(errno, "open", directory);
    }
    while (true) {
        const std::size_t slash = relative.find('/');
        const std::string name(relative.substr(0, slash));
        if (!detail::is_plain_name(name)) {
            return make_error(errc::bad_value, "expected a name below the directory", directory);
        }
        const bool is_last = slash == std::string_view::npos;
        const int fd =
            ::openat(at.get(), name.c_str(),
                     is_last ? detail::plain_flags : detail::read_directory_flags | O_NOFOLLOW);
        if (fd < 0) {
            return os_error(errno, "open", directory + '/' + name);
        }
        if (is_last) {
            const int kept = detail::keep_regular(fd);
            return kept < 0 ? result<file>(make_error(errc::bad_value, "not a regular file",
                                                      directory + '/' + name))
                            : result<file>(file(kept, directory + '/' + name, system_env));
        }
        at.reset(fd);
        relative.remove_prefix(slash + 1);
    }
}

inline result<files_beneath> list_beneath(const std::string& directory, const tree_limits& limits) {
    const int fd = ::open(directory.c_str(), detail::read_directory_flags);
    if (fd < 0) {
        return os_error(errno, "open", directory);
    }
    files_beneath out;
    detail::tree_walk(limits, out).walk(fd, "", 0);
    return out;
}

inline const env& unlinked_env() noexcept {
    static const env made = [] {
        env out = system_env;
        out.open = detail::open_unlinked;
        out.stat = system_env.lstat;
        return out;
    }();
    return made;
}

}}}  // namespace guild::os
