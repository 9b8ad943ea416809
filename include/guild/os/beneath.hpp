// guild/os/beneath.hpp - makes files beneath a directory, for names that a stranger chose: no path
// leads out of it, and none through a symbolic link.
//
// Layer 2. Includes: base, os/file.hpp, os/pipe.hpp, the standard library and POSIX.
// Not here: which names are wanted at all (archive/member_rules.hpp); listing and removing
// (os/directory.hpp).
//
// The directory a name stands in is opened by one call of openat2 where the system has it
// (RESOLVE_BENEATH, no links), else part by part without following links. The rest goes by that
// descriptor, so that nothing can be put in its place meanwhile.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/file.hpp>
#include <guild/os/pipe.hpp>

namespace guild { inline namespace v0 { namespace os {

/// How the directories of a name are opened; without openat2 `one_call` falls back by itself.
enum class resolving : std::uint8_t { one_call, part_by_part };

/// A directory, beneath which files are made. Names are relative; directories in them must exist.
///
/// errors   of every function: bad_value for an absolute or empty name, one with "..", and one that
///          leads through a symbolic link; already_exists; the others of classify_errno()
/// threads  one at a time
/// example  tests/os/beneath.cpp "beneath: a symbolic link on the way is refused, both ways"
class beneath {
public:
    /// Opens a directory.
    ///
    /// errors   not_found, not_a_directory, permission_denied
    [[nodiscard]] static result<beneath> open(const std::string& root,
                                              resolving how = resolving::one_call);

    /// Makes a file, which must not exist, to be written.
    ///
    /// errors   as the class says
    [[nodiscard]] result<file> create_file(const std::string& name, unsigned permissions = 0666);

    /// Makes a directory; one that is there already is success.
    ///
    /// errors   as the class says; not_a_directory when something else is there
    [[nodiscard]] result<void> make_directory(const std::string& name, unsigned permissions = 0777);

    /// Makes a symbolic link with any text as its target.
    ///
    /// errors   as the class says
    [[nodiscard]] result<void> make_symlink(const std::string& target, const std::string& name);

    /// Gives the file `existing` another name; a symbolic link is not followed.
    ///
    /// errors   as the class says
    [[nodiscard]] result<void> make_hard_link(const std::string& existing, const std::string& name);

    /// Takes permissions that are not in `permissions` from a directory and sets its time.
    ///
    /// units    time_s: seconds since 1970-01-01 UTC
    /// errors   as the class says
    [[nodiscard]] result<void> finish_directory(const std::string& name, unsigned permissions,
                                                std::int64_t time_s);

private:
    struct place {  // where a name stands: the directory, and the last part in it
        int directory = -1;
        std::string name;
    };

    [[nodiscard]] result<place> find_place(const std::string& name);
    [[nodiscard]] result<descriptor> open_directory(const std::string& name);
    [[nodiscard]] error fail(int code, const char* what, const std::string& name) const;

    std::string root_path_;
    descriptor root_;
    resolving how_ = resolving::one_call;
    std::string last_parent_;  // of the name before: most names share theirs with the next
    descriptor last_;
};

/// Sets when a file was changed last; a time that the file system cannot hold is let be.
///
/// units    time_s: seconds since 1970-01-01 UTC
void set_file_time(const file& of, std::int64_t time_s) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// A descriptor or -errno; -ENOSYS where the system, or a filter of its calls, has no openat2.
inline int open_in_one_call(int root, const char* name) noexcept {
#if defined(__linux__)
    struct {  // struct open_how of the kernel, which older headers lack
        std::uint64_t flags;
        std::uint64_t mode;
        std::uint64_t resolve;
    } how = {static_cast<std::uint64_t>(directory_flags), 0, 0x08U | 0x04U | 0x02U};
    constexpr long number = 437;  // SYS_openat2, the same on every architecture
    int again = 0;
    long got = 0;
    do {  // EAGAIN: something was renamed meanwhile
        got = ::syscall(number, root, name, &how, sizeof how);
    } while (got < 0 && (errno == EINTR || (errno == EAGAIN && ++again < 32)));
    if (got >= 0) {
        return static_cast<int>(got);
    }
    return errno == EPERM ? -ENOSYS : -errno;
#else
    (void)root;
    (void)name;
    return -ENOSYS;
#endif
}

inline int open_part_by_part(int root, std::string_view name) {
    descriptor at;
    while (!name.empty()) {
        const std::string part(name.substr(0, name.find('/')));
        name.remove_prefix(part.size() < name.size() ? part.size() + 1 : name.size());
        const int fd = ::openat(at.is_open() ? at.get() : root, part.c_str(), directory_flags);
        if (fd < 0) {
            return -errno;
        }
        at = descriptor(fd);
    }
    return at.release();
}

inline bool has_plain_parts(std::string_view name) noexcept {
    while (!name.empty()) {
        const std::string_view part = name.substr(0, name.find('/'));
        if (part.empty() || part == "." || part == "..") {
            return false;
        }
        name.remove_prefix(part.size() < name.size() ? part.size() + 1 : name.size());
    }
    return true;
}

}  // namespace detail

inline void set_file_time(const file& of, std::int64_t time_s) noexcept {
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = guild::detail::convert<time_t>(time_s);
    (void)::futimens(of.fd(), times);
}

inline error beneath::fail(int code, const char* what, const std::string& name) const {
    error why = os_error(code, what, join_path(root_path_, name));
    if (code == EXDEV || code == ELOOP) {
        why.code = errc::bad_value;
    }
    return why;
}

inline result<beneath> beneath::open(const std::string& root, resolving how) {
    const int fd = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return os_error(errno, "open", root);
    }
    beneath opened;
    opened.root_path_ = root;
    opened.root_ = descriptor(fd);
    opened.how_ = how;
    return result<beneath>(std::move(opened));
}

// `name` has at least one part, and none of them is "." or "..".
inline result<descriptor> beneath::open_directory(const std::string& name) {
    int fd = -ENOSYS;
    if (how_ == resolving::one_call) {
        fd = detail::open_in_one_call(root_.get(), name.c_str());
    }
    if (fd == -ENOSYS) {
        how_ = resolving::part_by_part;
        fd = detail::open_part_by_part(root_.get(), name);
    }
    if (fd < 0) {
        return fail(-fd, "open", name);
    }
    return descriptor(fd);
}

inline result<beneath::place> beneath::find_place(const std::string& name) {
    if (name.empty() || name.find('\0') != std::string::npos || !detail::has_plain_parts(name)) {
        return make_error(errc::bad_value, "expected a name beneath the directory",
                          root_path_ + '/' + name);
    }
    const std::size_t slash = name.rfind('/');
    if (slash == std::string::npos) {
        return place{root_.get(), name};
    }
    if (!last_.is_open() || name.compare(0, slash, last_parent_) != 0) {
        auto opened = open_directory(name.substr(0, slash));
        if (!opened) {
            return std::move(opened).error();
        }
        last_ = std::move(*opened);
        last_parent_ = name.substr(0, slash);
    }
    return place{last_.get(), name.substr(slash + 1)};
}

inline result<file> beneath::create_file(const std::string& name, unsigned permissions) {
    const auto at = find_place(name);
    if (!at) {
        return at.error();
    }
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = 0;
    do {
        fd = ::openat(at->directory, at->name.c_str(), flags, permissions);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return fail(errno, "open", name);
    }
    return file(fd, join_path(root_path_, name), system_env);
}

inline result<void> beneath::make_directory(const std::string& name, unsigned permissions) {
    const auto at = find_place(name);
    if (!at) {
        return at.error();
    }
    const auto mode = guild::detail::convert<mode_t>(permissions);
    if (::mkdirat(at->directory, at->name.c_str(), mode) == 0) {
        return {};
    }
    if (errno != EEXIST) {
        return fail(errno, "mkdir", name);
    }
    auto there = open_directory(name);
    return there ? result<void>() : std::move(there).error();
}

inline result<void> beneath::make_symlink(const std::string& target, const std::string& name) {
    const auto at = find_place(name);
    if (!at) {
        return at.error();
    }
    return ::symlinkat(target.c_str(), at->directory, at->name.c_str()) == 0
               ? result<void>()
               : fail(errno, "symlink", name);
}

inline result<void> beneath::make_hard_link(const std::string& existing, const std::string& name) {
    const auto from = find_place(existing);
    if (!from) {
        return from.error();
    }
    const int copy = ::fcntl(from->directory, F_DUPFD_CLOEXEC, 0);  // `last_` may change below
    if (copy < 0) {
        return fail(errno, "link", existing);
    }
    const descriptor from_directory(copy);
    const auto at = find_place(name);
    if (!at) {
        return at.error();
    }
    return ::linkat(copy, from->name.c_str(), at->directory, at->name.c_str(), 0) == 0
               ? result<void>()
               : fail(errno, "link", name);
}

inline result<void> beneath::finish_directory(const std::string& name, unsigned permissions,
                                              std::int64_t time_s) {
    if (name.empty() || !detail::has_plain_parts(name)) {
        return make_error(errc::bad_value, "expected a name beneath the directory",
                          root_path_ + '/' + name);
    }
    auto opened = open_directory(name);
    if (!opened) {
        return std::move(opened).error();
    }
    const file directory(opened->release(), join_path(root_path_, name), system_env);
    const auto status = directory.status();
    if (!status) {
        return status.error();
    }
    if ((status->mode & ~permissions) != 0) {
        const auto mode = guild::detail::convert<mode_t>(status->mode & permissions);
        if (::fchmod(directory.fd(), mode) != 0) {
            return fail(errno, "chmod", name);
        }
    }
    set_file_time(directory, time_s);
    return {};
}

}}}  // namespace guild::os
