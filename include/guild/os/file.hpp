// guild/os/file.hpp - files: open, read, write, sync, load, save; what stands at a path.
//
// Layer 2. Includes: base, os/env.hpp, the standard library and POSIX.
// Not here: directories (os/directory.hpp); names as text (base/path.hpp); the calls themselves and
// the clock (os/env.hpp).
//
// Paths are strings. Every descriptor is closed on exec. Interrupted calls are repeated, short
// reads and writes continued.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>

namespace guild { inline namespace v0 { namespace os {

/// How a file is opened.
enum class open_mode : std::uint8_t {
    read,        // must exist
    write,       // must exist; written at offsets
    read_write,  // must exist; read and written at offsets
    create_new,  // must not exist; read and written
    append,      // made if missing; every write goes to the end; readable
    truncate,    // made if missing, emptied if not; read and written
};

/// An open file, closed with the object. Moved, not copied.
///
/// errors   of every result: the kind of os_error() for what the system said, with this file's path
/// threads  read_at and write_at from any number; the others from one at a time
class file {
public:
    file() noexcept = default;
    file(int fd, std::string path, const env& system) noexcept
        : fd_(fd), path_(std::move(path)), system_(&system) {}
    file(file&& other) noexcept { swap(other); }
    file& operator=(file&& other) noexcept {
        file moved(std::move(other));
        swap(moved);
        return *this;
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { (void)close(); }

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Size, kind, identity and time of the open file.
    [[nodiscard]] result<file_status> status() const;

    /// Reads up to `size` bytes from `offset`; fewer only at the end of the file.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, char* to,
                                              std::size_t size) const;

    /// Writes all of `bytes` at the file's position, or at its end when it was opened to append.
    ///
    /// After an error a part of `bytes` may stand in the file.
    [[nodiscard]] result<void> write_all(std::string_view bytes);

    /// Writes all of `bytes` at `offset`.
    [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes);

    /// Cuts or extends the file to `size` bytes.
    [[nodiscard]] result<void> truncate(std::uint64_t size);

    /// Returns once the file's bytes are on the device.
    [[nodiscard]] result<void> sync();

    /// Closes the file; network file systems report lost writes here. Closing twice is harmless.
    [[nodiscard]] result<void> close();

    /// Gives the descriptor to the caller, who closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    void swap(file& other) noexcept {
        std::swap(fd_, other.fd_);
        path_.swap(other.path_);
        std::swap(system_, other.system_);
    }

private:
    int fd_ = -1;
    std::string path_;
    const env* system_ = &system_env;
};

/// Opens `path`.
///
/// errors   not_found, already_exists, permission_denied, not_a_directory, no_space and the others
///          of classify_errno()
[[nodiscard]] result<file> open_file(const std::string& path, open_mode mode,
                                     const env& system = system_env, unsigned permissions = 0666);

/// A file that is open for reading, as it was then.
struct regular_file {
    file content;
    file_status status;
};

/// Opens a file for reading that must be a regular one.
///
/// errors   as open_file; bad_value: a directory, a pipe or a device
/// example  tests/os/file.cpp "open_regular_file: directories and pipes are refused"
[[nodiscard]] result<regular_file> open_regular_file(const std::string& path,
                                                     const env& system = system_env);

/// Writes the first `size` bytes of a file to the same place in another.
///
/// errors   truncated: `from` is shorter; those of read_at and write_at
/// example  tests/os/file.cpp "copy_bytes: a part of a file goes to the same place in another"
[[nodiscard]] result<void> copy_bytes(const file& from, std::uint64_t size, file& to);

/// The whole content of a file.
///
/// errors   as open_file; too_large when it holds more than `max_bytes`; bad_value for a directory
[[nodiscard]] result<std::string> load_file(const std::string& path,
                                            std::uint64_t max_bytes = std::uint64_t{1} << 30U,
                                            const env& system = system_env);

/// Replaces the content of a file in one step, or makes it: other programs see the old or the new.
///
/// Written beside it, synced, then renamed over it. Keeps the mode; follows a symbolic link.
/// errors   as open_file; the old file is untouched after every error
[[nodiscard]] result<void> save_file(const std::string& path, std::string_view content,
                                     const env& system = system_env);

/// What the system knows about `path`, symbolic links followed.
///
/// errors   not_found and the others of classify_errno()
[[nodiscard]] result<file_status> get_status(const std::string& path,
                                             const env& system = system_env);

/// The same, where a missing or unreachable file is normal.
[[nodiscard]] std::optional<file_status> find_status(const std::string& path,
                                                     const env& system = system_env);

/// The same for a symbolic link itself.
[[nodiscard]] std::optional<file_status> find_link_status(const std::string& path,
                                                          const env& system = system_env);

[[nodiscard]] bool is_directory(const std::string& path);
[[nodiscard]] bool is_regular_file(const std::string& path);

/// Whether `path` is a regular file that this process may execute.
[[nodiscard]] bool is_executable(const std::string& path);

/// The working directory; "." if the system does not say.
[[nodiscard]] std::string current_directory();

/// `path` from the root, as text: the working directory put before it, "." and ".." resolved.
[[nodiscard]] std::string absolute_path(std::string_view path);

/// The one path of what `path` names: from the root, without symbolic links, "." and "..".
///
/// errors   not_found and the others of classify_errno()
/// example  tests/os/file.cpp "real path: links and dots are gone"
[[nodiscard]] result<std::string> get_real_path(const std::string& path);

/// Takes room on the disk for the first bytes of a file, without making it longer, so that they can
/// be written when the disk is full. Where the system cannot do that, nothing happens.
///
/// units    bytes
void reserve_space(const file& of, std::int64_t bytes) noexcept;

// ---- implementation ---------------------------------------------------------

inline void reserve_space([[maybe_unused]] const file& of,
                          [[maybe_unused]] std::int64_t bytes) noexcept {
#if defined(__linux__) && defined(FALLOC_FL_KEEP_SIZE)
    (void)::fallocate(of.fd(), FALLOC_FL_KEEP_SIZE, 0, guild::detail::convert<off_t>(bytes));
#endif
}

namespace detail {

inline int open_flags(open_mode mode) noexcept {
    switch (mode) {
    case open_mode::read:
        return O_RDONLY | O_NONBLOCK;  // a named pipe in a file's place is not waited for
    case open_mode::write:
        return O_WRONLY;
    case open_mode::read_write:
        return O_RDWR;
    case open_mode::create_new:
        return O_RDWR | O_CREAT | O_EXCL;
    case open_mode::append:
        return O_RDWR | O_CREAT | O_APPEND;
    case open_mode::truncate:
        return O_RDWR | O_CREAT | O_TRUNC;
    }
    return O_RDONLY;
}

// Repeats `write(done)` until `size` bytes are written.
template <class Write>
result<void> write_fully(std::size_t size, const std::string& path, Write write) {
    std::size_t done = 0;
    while (done < size) {
        const std::int64_t wrote = write(done);
        if (wrote == -EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return os_error(wrote == 0 ? EIO : static_cast<int>(-wrote), "write", path);
        }
        done += static_cast<std::size_t>(wrote);
    }
    return {};
}

}  // namespace detail

inline result<file_status> file::status() const {
    file_status status;
    const int got = system_->fstat(fd_, &status);
    if (got < 0) {
        return os_error(-got, "fstat", path_);
    }
    return status;
}

inline result<std::size_t> file::read_at(std::uint64_t offset, char* to, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
        const auto at = static_cast<std::int64_t>(offset + done);
        const std::int64_t got = system_->pread(fd_, to + done, size - done, at);
        if (got == -EINTR) {
            continue;
        }
        if (got < 0) {
            return os_error(static_cast<int>(-got), "read", path_);
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    return done;
}

inline result<void> file::write_all(std::string_view bytes) {
    return detail::write_fully(bytes.size(), path_, [&](std::size_t done) {
        return system_->write(fd_, bytes.data() + done, bytes.size() - done);
    });
}

inline result<void> file::write_at(std::uint64_t offset, std::string_view bytes) {
    return detail::write_fully(bytes.size(), path_, [&](std::size_t done) {
        return system_->pwrite(fd_, bytes.data() + done, bytes.size() - done,
                               static_cast<std::int64_t>(offset + done));
    });
}

inline result<void> file::truncate(std::uint64_t size) {
    int got = 0;
    do {
        got = system_->ftruncate(fd_, static_cast<std::int64_t>(size));
    } while (got == -EINTR);
    if (got < 0) {
        return os_error(-got, "ftruncate", path_);
    }
    return {};
}

inline result<void> file::sync() {
    const int got = system_->fsync(fd_);
    if (got < 0) {
        return os_error(-got, "fsync", path_);
    }
    return {};
}

inline result<void> file::close() {
    if (fd_ < 0) {
        return {};
    }
    // Linux frees the descriptor even when close() is interrupted: never repeated.
    const int got = system_->close(std::exchange(fd_, -1));
    if (got < 0 && got != -EINTR) {
        return os_error(-got, "close", path_);
    }
    return {};
}

inline result<file> open_file(const std::string& path, open_mode mode, const env& system,
                              unsigned permissions) {
    if (path.find('\0') != std::string::npos) {
        return make_error(errc::bad_value, "a file name cannot hold a zero byte", path);
    }
    int fd = 0;
    do {
        fd = system.open(path.c_str(), detail::open_flags(mode), permissions);
    } while (fd == -EINTR);
    if (fd < 0) {
        return os_error(-fd, "open", path);
    }
    return file(fd, path, system);
}

inline result<regular_file> open_regular_file(const std::string& path, const env& system) {
    auto opened = open_file(path, open_mode::read, system);
    if (!opened) {
        return std::move(opened).error();
    }
    const auto status = opened->status();
    if (!status) {
        return status.error();
    }
    if (status->kind != file_kind::regular) {
        return make_error(errc::bad_value, "expected a regular file", path);
    }
    return regular_file{std::move(*opened), *status};
}

inline result<void> copy_bytes(const file& from, std::uint64_t size, file& to) {
    std::string piece(std::size_t{256} << 10U, '\0');
    for (std::uint64_t at = 0; at < size;) {
        const auto want = std::min<std::uint64_t>(piece.size(), size - at);
        const auto got = from.read_at(at, &piece[0], guild::detail::convert<std::size_t>(want));
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            return make_error(errc::truncated, "the file is shorter than what was written to it",
                              from.path());
        }
        auto written = to.write_at(at, std::string_view(piece).substr(0, *got));
        if (!written) {
            return written;
        }
        at += *got;
    }
    return {};
}

inline result<std::string> load_file(const std::string& path, std::uint64_t max_bytes,
                                     const env& system) {
    auto opened = open_file(path, open_mode::read, system);
    if (!opened) {
        return std::move(opened).error();
    }
    std::string content;
    std::size_t step = 4096;  // most files are small
    while (true) {
        const std::size_t before = content.size();
        content.resize(before + step);
        const auto got = opened->read_at(before, &content[before], step);
        if (!got) {
            return got.error();
        }
        content.resize(before + *got);
        if (content.size() > max_bytes) {
            return make_error(errc::too_large,
                              "expected at most " + std::to_string(max_bytes) + " bytes", path);
        }
        if (*got < step) {
            return content;
        }
        step = 65536;
    }
}

namespace detail {

// Where a chain of symbolic links that starts at `path` ends; `path` itself if there is none.
inline std::string follow_links(const std::string& path) {
    const auto target = get_real_path(path);
    return target ? *target : path;
}

inline result<void> write_and_rename(file& temporary, const std::string& target,
                                     std::string_view content, const env& system) {
    auto done = temporary.write_all(content);
    if (done) {
        done = temporary.sync();
    }
    if (done) {
        done = temporary.close();
    }
    if (!done) {
        return done;
    }
    const int renamed = system.rename(temporary.path().c_str(), target.c_str());
    if (renamed < 0) {
        return os_error(-renamed, "rename", target);
    }
    return {};
}

inline void sync_directory(const std::string& path, const env& system) {
    auto directory = open_file(path, open_mode::read, system);
    if (directory) {
        (void)directory->sync();  // some file systems cannot: the rename stands all the same
    }
}

}  // namespace detail

inline result<void> save_file(const std::string& path, std::string_view content,
                              const env& system) {
    const std::string target = detail::follow_links(path);
    const auto old = find_status(target, system);
    const unsigned permissions = old ? old->mode : 0666U;
    const std::string suffix = ".new-" + std::to_string(::getpid());
    auto temporary = open_file(target + suffix, open_mode::create_new, system, permissions);
    if (!temporary && temporary.error().code == errc::already_exists) {
        (void)system.unlink((target + suffix).c_str());  // left by a process that died
        temporary = open_file(target + suffix, open_mode::create_new, system, permissions);
    }
    if (!temporary) {
        return std::move(temporary).error();
    }
    if (old) {
        (void)::fchmod(temporary->fd(), guild::detail::convert<mode_t>(old->mode));
    }
    auto done = detail::write_and_rename(*temporary, target, content, system);
    if (!done) {
        (void)system.unlink(temporary->path().c_str());
        return done;
    }
    detail::sync_directory(parent_path(target), system);
    return {};
}

inline result<file_status> get_status(const std::string& path, const env& system) {
    file_status status;
    const int got = system.stat(path.c_str(), &status);
    if (got < 0) {
        return os_error(-got, "stat", path);
    }
    return status;
}

inline std::optional<file_status> find_status(const std::string& path, const env& system) {
    file_status status;
    return system.stat(path.c_str(), &status) < 0 ? std::nullopt : std::make_optional(status);
}

inline std::optional<file_status> find_link_status(const std::string& path, const env& system) {
    file_status status;
    return system.lstat(path.c_str(), &status) < 0 ? std::nullopt : std::make_optional(status);
}

inline bool is_directory(const std::string& path) {
    const auto status = find_status(path);
    return status && status->kind == file_kind::directory;
}

inline bool is_regular_file(const std::string& path) {
    const auto status = find_status(path);
    return status && status->kind == file_kind::regular;
}

inline bool is_executable(const std::string& path) {
    return is_regular_file(path) && ::access(path.c_str(), X_OK) == 0;
}

inline std::string current_directory() {
    std::string buffer(4096, '\0');
    while (::getcwd(&buffer[0], buffer.size()) == nullptr) {
        if (errno != ERANGE) {
            return ".";
        }
        buffer.resize(buffer.size() * 2);
    }
    buffer.resize(buffer.find('\0'));
    return buffer;
}

inline std::string absolute_path(std::string_view path) {
    return normalize_path(is_absolute(path) ? std::string(path)
                                            : join_path(current_directory(), path));
}

inline result<std::string> get_real_path(const std::string& path) {
    char* resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) {
        return os_error(errno, "realpath", path);
    }
    std::string found(resolved);
    std::free(resolved);
    return found;
}

}}}  // namespace guild::os
