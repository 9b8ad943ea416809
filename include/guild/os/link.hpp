// guild/os/link.hpp - symbolic links and permissions of files.
//
// Layer 2. Includes: base, os/env.hpp, the standard library and POSIX.
// Not here: what stands at a path (os/file.hpp); directories (os/directory.hpp).
#pragma once

#include <cerrno>
#include <cstddef>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>

namespace guild { inline namespace v0 { namespace os {

/// The text of a symbolic link.
///
/// errors   not_found; bad_value: something else stands there; too_large: over 64 KiB
/// example  tests/os/link.cpp "link: its text is read back as it was written"
[[nodiscard]] result<std::string> read_link(const std::string& path);

/// Makes a symbolic link at `path`.
///
/// errors   already_exists, not_found, permission_denied, no_space
[[nodiscard]] result<void> make_link(const std::string& target, const std::string& path);

/// Sets the permission bits of a file or directory, symbolic links followed.
///
/// errors   not_found, permission_denied
/// example  tests/os/link.cpp "permissions: are set whatever the umask"
[[nodiscard]] result<void> set_permissions(const std::string& path, unsigned permissions);

/// Gives a file or directory another name; what has that name is replaced as by rename(2).
///
/// errors   not_found, permission_denied, no_space, already_exists: a directory that is not empty
[[nodiscard]] result<void> rename_path(const std::string& from, const std::string& to);

// ---- implementation ---------------------------------------------------------

inline result<std::string> read_link(const std::string& path) {
    std::string target(65536, '\0');
    const ssize_t size = ::readlink(path.c_str(), &target[0], target.size());
    if (size < 0) {
        return os_error(errno, "readlink", path);
    }
    if (static_cast<std::size_t>(size) == target.size()) {
        return make_error(errc::too_large, "expected a link of less than 65536 bytes", path);
    }
    target.resize(static_cast<std::size_t>(size));
    return target;
}

inline result<void> make_link(const std::string& target, const std::string& path) {
    if (::symlink(target.c_str(), path.c_str()) != 0) {
        return os_error(errno, "symlink", path);
    }
    return {};
}

inline result<void> set_permissions(const std::string& path, unsigned permissions) {
    if (::chmod(path.c_str(), guild::detail::convert<mode_t>(permissions)) != 0) {
        return os_error(errno, "chmod", path);
    }
    return {};
}

inline result<void> rename_path(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return os_error(errno, "rename", to);
    }
    return {};
}

}}}  // namespace guild::os
