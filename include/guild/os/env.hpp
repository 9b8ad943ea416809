// guild/os/env.hpp - the system calls behind files and clocks, as a struct that tests can replace.
//
// Layer 2. Includes: base/error.hpp, the standard library and POSIX.
// Not here: files as objects (os/file.hpp); environment variables (os/environment.hpp).
//
// Whatever stores data takes `const os::env& = os::system_env`, so that a test can make any call
// fail, fall short or lie about the time. Every function returns -errno instead of setting errno.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <guild/base/error.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace os {

enum class file_kind : std::uint8_t { regular, directory, symlink, other };

/// What the system knows about a file.
///
/// units    size: bytes; modified_ns: nanoseconds since 1970-01-01 UTC; mode: permission bits
struct file_status {
    std::uint64_t size = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::uint32_t links = 0;
    std::uint32_t mode = 0;
    file_kind kind = file_kind::other;
};

/// The system calls that guild's storage uses. Each returns a result >= 0, or -errno.
///
/// units    wall_time_us: microseconds since 1970-01-01 UTC; boot_time_us: microseconds on a clock
///          that never jumps and goes on during suspend where the system has one; coarse_time_us:
///          microseconds on a clock that never jumps and is cheap to ask, some milliseconds behind
/// threads  every function may be called from any thread
struct env {
    int (*open)(const char* path, int flags, unsigned mode);
    int (*close)(int fd);
    std::int64_t (*read)(int fd, void* to, std::size_t size);
    std::int64_t (*pread)(int fd, void* to, std::size_t size, std::int64_t offset);
    std::int64_t (*write)(int fd, const void* from, std::size_t size);
    std::int64_t (*pwrite)(int fd, const void* from, std::size_t size, std::int64_t offset);
    int (*ftruncate)(int fd, std::int64_t size);
    int (*fsync)(int fd);
    int (*rename)(const char* from, const char* to);
    int (*unlink)(const char* path);
    int (*mkdir)(const char* path, unsigned mode);
    int (*fstat)(int fd, file_status* status);
    int (*stat)(const char* path, file_status* status);   // follows symbolic links
    int (*lstat)(const char* path, file_status* status);  // does not
    std::int64_t (*wall_time_us)();
    std::int64_t (*boot_time_us)();
    std::int64_t (*coarse_time_us)();
};

/// The error that a failed system call stands for.
///
/// in       code: errno's value, above 0; what: the call or the attempt, for example "open"
/// out      `open failed: No such file or directory (2)`, classified
/// example  tests/os/env.cpp "os_error: keeps the system's words and number"
[[nodiscard]] error os_error(int code, std::string_view what, std::string path = {});

/// The kind of failure that a value of errno means.
[[nodiscard]] errc classify_errno(int code) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

// strerror_r comes in two forms; overloads pick the one this system has.
inline std::string_view strerror_text(int status, const char* buffer) noexcept {
    return status == 0 ? buffer : "unknown error";
}
inline std::string_view strerror_text(const char* text, const char* /*buffer*/) noexcept {
    return text;
}

inline int status_of(int result) noexcept {
    return result < 0 ? -errno : result;
}
inline std::int64_t size_of(ssize_t result) noexcept {
    return result < 0 ? -std::int64_t{errno} : std::int64_t{result};
}

// On 32-bit glibc the plain calls stop at 2 GiB, cut offsets short and refuse an inode of more than
// 32 bits. The others do not, and are the same in every translation unit, whatever
// _FILE_OFFSET_BITS it was compiled with.
#if defined(__GLIBC__) && !defined(__LP64__)
using raw_status = struct ::stat64;
inline int raw_open(const char* path, int flags, mode_t mode) {
    return ::open64(path, flags, mode);
}
inline ssize_t raw_pread(int fd, void* to, std::size_t size, std::int64_t offset) {
    return ::pread64(fd, to, size, offset);
}
inline ssize_t raw_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    return ::pwrite64(fd, from, size, offset);
}
inline int raw_ftruncate(int fd, std::int64_t size) {
    return ::ftruncate64(fd, size);
}
inline int raw_fstat(int fd, raw_status* status) {
    return ::fstat64(fd, status);
}
inline int raw_stat(const char* path, raw_status* status) {
    return ::stat64(path, status);
}
inline int raw_lstat(const char* path, raw_status* status) {
    return ::lstat64(path, status);
}
#else
using raw_status = struct ::stat;
inline int raw_open(const char* path, int flags, mode_t mode) {
    return ::open(path, flags, mode);
}
inline ssize_t raw_pread(int fd, void* to, std::size_t size, std::int64_t offset) {
    return ::pread(fd, to, size, guild::detail::convert<off_t>(offset));
}
inline ssize_t raw_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    return ::pwrite(fd, from, size, guild::detail::convert<off_t>(offset));
}
inline int raw_ftruncate(int fd, std::int64_t size) {
    return ::ftruncate(fd, guild::detail::convert<off_t>(size));
}
inline int raw_fstat(int fd, raw_status* status) {
    return ::fstat(fd, status);
}
inline int raw_stat(const char* path, raw_status* status) {
    return ::stat(path, status);
}
inline int raw_lstat(const char* path, raw_status* status) {
    return ::lstat(path, status);
}
#endif

inline int sys_open(const char* path, int flags, unsigned mode) {
    return status_of(raw_open(path, flags | O_CLOEXEC, guild::detail::convert<mode_t>(mode)));
}
inline int sys_close(int fd) {
    return status_of(::close(fd));
}
inline std::int64_t sys_read(int fd, void* to, std::size_t size) {
    return size_of(::read(fd, to, size));
}
inline std::int64_t sys_pread(int fd, void* to, std::size_t size, std::int64_t offset) {
    return size_of(raw_pread(fd, to, size, offset));
}
inline std::int64_t sys_write(int fd, const void* from, std::size_t size) {
    return size_of(::write(fd, from, size));
}
inline std::int64_t sys_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    return size_of(raw_pwrite(fd, from, size, offset));
}
inline int sys_ftruncate(int fd, std::int64_t size) {
    return status_of(raw_ftruncate(fd, size));
}
inline int sys_fsync(int fd) {
#if defined(__linux__)
    return status_of(::fdatasync(fd));
#else
    return status_of(::fsync(fd));
#endif
}
inline int sys_rename(const char* from, const char* to) {
    return status_of(::rename(from, to));
}
inline int sys_unlink(const char* path) {
    return status_of(::unlink(path));
}
inline int sys_mkdir(const char* path, unsigned mode) {
    return status_of(::mkdir(path, guild::detail::convert<mode_t>(mode)));
}

inline file_kind kind_of(mode_t mode) noexcept {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return file_kind::regular;
    case S_IFDIR:
        return file_kind::directory;
    case S_IFLNK:
        return file_kind::symlink;
    default:
        return file_kind::other;
    }
}

inline file_status to_status(const raw_status& from) noexcept {
#if defined(__APPLE__)
    const timespec& modified = from.st_mtimespec;
#else
    const timespec& modified = from.st_mtim;
#endif
    file_status to;
    to.size = guild::detail::convert<std::uint64_t>(from.st_size);
    to.device = guild::detail::convert<std::uint64_t>(from.st_dev);
    to.inode = guild::detail::convert<std::uint64_t>(from.st_ino);
    to.modified_ns = std::int64_t{modified.tv_sec} * 1000000000 + std::int64_t{modified.tv_nsec};
    to.links = guild::detail::convert<std::uint32_t>(from.st_nlink);
    to.mode = guild::detail::convert<std::uint32_t>(from.st_mode & 07777U);
    to.kind = kind_of(from.st_mode);
    return to;
}

inline int sys_fstat(int fd, file_status* status) {
    raw_status raw{};
    const int got = status_of(raw_fstat(fd, &raw));
    *status = to_status(raw);
    return got;
}
inline int sys_stat(const char* path, file_status* status) {
    raw_status raw{};
    const int got = status_of(raw_stat(path, &raw));
    *status = to_status(raw);
    return got;
}
inline int sys_lstat(const char* path, file_status* status) {
    raw_status raw{};
    const int got = status_of(raw_lstat(path, &raw));
    *status = to_status(raw);
    return got;
}

inline std::int64_t clock_us(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1000000 + std::int64_t{now.tv_nsec} / 1000;
}
inline std::int64_t sys_wall_time_us() {
    return clock_us(CLOCK_REALTIME);
}
inline std::int64_t sys_boot_time_us() {
#if defined(CLOCK_BOOTTIME)
    return clock_us(CLOCK_BOOTTIME);
#else
    return clock_us(CLOCK_MONOTONIC);
#endif
}

inline std::int64_t sys_coarse_time_us() {
#if defined(CLOCK_MONOTONIC_COARSE)
    return clock_us(CLOCK_MONOTONIC_COARSE);
#else
    return clock_us(CLOCK_MONOTONIC);
#endif
}

}  // namespace detail

/// The calls of the system that the program runs on.
inline constexpr env system_env{
    detail::sys_open,         detail::sys_close,         detail::sys_read,
    detail::sys_pread,        detail::sys_write,         detail::sys_pwrite,
    detail::sys_ftruncate,    detail::sys_fsync,         detail::sys_rename,
    detail::sys_unlink,       detail::sys_mkdir,         detail::sys_fstat,
    detail::sys_stat,         detail::sys_lstat,         detail::sys_wall_time_us,
    detail::sys_boot_time_us, detail::sys_coarse_time_us};

inline errc classify_errno(int code) noexcept {
    switch (code) {
    case ENOENT:
        return errc::not_found;
    case EEXIST:
    case ENOTEMPTY:
        return errc::already_exists;
    case EACCES:
    case EPERM:
        return errc::permission_denied;
    case ENOTDIR:
        return errc::not_a_directory;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return errc::no_space;
    case EROFS:
        return errc::read_only;
    case EADDRINUSE:
        return errc::address_in_use;
    case EINTR:
        return errc::interrupted;
    case ETIMEDOUT:
        return errc::timed_out;
    case ENOEXEC:
        return errc::not_executable;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
        return errc::resource_exhausted;
    case ENOSYS:
        return errc::unsupported;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case E2BIG:
        return errc::bad_value;
    default:
        return errc::io_failed;
    }
}

inline error os_error(int code, std::string_view what, std::string path) {
    char buffer[128] = {};
    const std::string_view words =
        detail::strerror_text(::strerror_r(code, buffer, sizeof buffer), buffer);
    std::string message(what);
    message.append(" failed: ").append(words).append(" (" + std::to_string(code) + ")");
    return make_error(classify_errno(code), std::move(message), std::move(path));
}

}}}  // namespace guild::os
