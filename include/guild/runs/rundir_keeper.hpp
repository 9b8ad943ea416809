// guild/runs/rundir_keeper.hpp - notices that a command deleted or replaced its run directory, and
// puts `guild.d` back.
//
// Layer 4. Includes: base, os/file, os/descriptor, runs/layout.
// Not here: when to look and what to say (runs/supervisor.hpp).
//
// The files of a run stay open for reading and writing, so deleting them loses nothing: recording
// goes on into files without a name. restore() copies them from the open descriptors to their
// places and makes the same descriptors stand for the copies, so that whoever writes notices
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/runs/layout.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A file of the run that this process keeps open.
struct kept_file {
    std::string name;  // below guild.d, for example "series/1.gts"
    int fd = -1;
};

/// Where the files of the run are found.
enum class rundir_state : std::uint8_t {
    present,  // at their places
    moved,    // the directory has another name now; nothing is lost
    gone,  // at least one file has no name any more; RUNDIR is missing, or stands without its files
    replaced,  // the same, and RUNDIR is not the directory that it was
};

/// Watches one run directory. One thread at a time; nobody may write to the files during restore().
///
/// example  tests/runs/rundir_keeper.cpp "rundir keeper: a deleted directory is restored from open
///          files"
class rundir_keeper {
public:
    rundir_keeper() = default;

    /// Opens the directory, so that no other one can take its place unnoticed.
    ///
    /// errors   those of os::open_file
    [[nodiscard]] static result<rundir_keeper> open(const std::string& run_directory,
                                                    const os::env& system = os::system_env);

    /// Looks where the files are.
    ///
    /// cost     two system calls a file
    [[nodiscard]] rundir_state look(const std::vector<kept_file>& files);

    /// Whether the time has come to restore: at once when RUNDIR was replaced by another directory,
    /// and when it has stood without its files for `patience_us`; never while RUNDIR is missing.
    ///
    /// units    now_us: steady clock (os::env::boot_time_us); patience_us: microseconds
    [[nodiscard]] bool is_time_to_restore(rundir_state state, std::int64_t now_us,
                                          std::int64_t patience_us);

    /// Puts the files back, making RUNDIR where it is missing; one that nobody but its owner could
    /// enter is such a one again.
    ///
    /// out      where the run stands now: RUNDIR, or RUNDIR-restored when something else took its
    ///          place or it takes no files; what stands in the way of a single file is renamed
    /// errors   no_space, permission_denied, ...: nothing is lost, it may be tried again
    [[nodiscard]] result<std::string> restore(const std::vector<kept_file>& files);

    /// The path of `guild.d` under which the files are found now, also after the directory was
    /// moved.
    [[nodiscard]] std::string data_directory_now(rundir_state state) const;

    [[nodiscard]] const std::string& run_directory() const noexcept { return run_directory_; }

private:
    [[nodiscard]] result<void> open_directories();
    [[nodiscard]] bool is_same(const std::string& path, const os::file_status& as) const;
    [[nodiscard]] result<void> make_place(const std::string& place) const;
    [[nodiscard]] result<void> restore_at(const std::string& place,
                                          const std::vector<kept_file>& files);
    [[nodiscard]] int rename_over(const std::string& from, const std::string& to) const;
    [[nodiscard]] result<void> copy_all(const std::vector<kept_file>& files, const std::string& to,
                                        std::vector<os::file>& copies) const;

    std::string run_directory_;
    os::file root_;  // RUNDIR
    os::file data_;  // RUNDIR/guild.d
    std::int64_t without_since_us_ = -1;
    const os::env* system_ = &os::system_env;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// A path of an open directory that follows it wherever it is moved; Linux has one.
inline std::string path_of_descriptor(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

inline result<os::file> copy_descriptor(int from, const std::string& path, const os::env& system) {
    const auto mode = os::is_appending(from) ? os::open_mode::append : os::open_mode::create_new;
    auto to = os::open_file(path, mode, system);
    if (!to) {
        return to;
    }
    std::string block(std::size_t{1} << 18U, '\0');
    for (std::int64_t at = 0;;) {
        const std::int64_t got = system.pread(from, &block[0], block.size(), at);
        if (got == -EINTR) {
            continue;
        }
        if (got < 0) {
            return os::os_error(static_cast<int>(-got), "read of a deleted file", path);
        }
        if (got == 0) {
            return to;
        }
        auto written = to->write_all({block.data(), static_cast<std::size_t>(got)});
        if (!written) {
            return std::move(written).error();
        }
        at += got;
    }
}

}  // namespace detail

inline result<rundir_keeper> rundir_keeper::open(const std::string& run_directory,
                                                 const os::env& system) {
    rundir_keeper keeper;
    keeper.run_directory_ = run_directory;
    keeper.system_ = &system;
    auto opened = keeper.open_directories();
    if (!opened) {
        return std::move(opened).error();
    }
    return keeper;
}

inline result<void> rundir_keeper::open_directories() {
    auto root = os::open_file(run_directory_, os::open_mode::read, *system_);
    if (!root) {
        return std::move(root).error();
    }
    auto data = os::open_file(data_path(run_directory_), os::open_mode::read, *system_);
    if (!data) {
        return std::move(data).error();
    }
    root_ = std::move(*root);
    data_ = std::move(*data);
    return {};
}

inline bool rundir_keeper::is_same(const std::string& path, const os::file_status& as) const {
    const auto found = os::find_status(path, *system_);
    return found && found->inode == as.inode && found->device == as.device;
}

inline rundir_state rundir_keeper::look(const std::vector<kept_file>& files) {
    bool all_here = true;
    bool all_there = true;
    const std::string moved = detail::path_of_descriptor(data_.fd());
    for (const kept_file& file : files) {
        os::file_status open_one;
        if (system_->fstat(file.fd, &open_one) < 0) {
            continue;  // closed meanwhile: not ours to judge
        }
        if (is_same(data_path(run_directory_, file.name), open_one)) {
            continue;
        }
        all_here = false;
        all_there = all_there && is_same(join_path(moved, file.name), open_one);
    }
    if (all_here) {
        return rundir_state::present;
    }
    const auto root = root_.status();
    const bool same_root = root && is_same(run_directory_, *root);
    if (all_there && !same_root) {
        return rundir_state::moved;
    }
    return same_root || !os::find_status(run_directory_, *system_) ? rundir_state::gone
                                                                   : rundir_state::replaced;
}

inline bool rundir_keeper::is_time_to_restore(rundir_state state, std::int64_t now_us,
                                              std::int64_t patience_us) {
    if (state == rundir_state::replaced) {
        return os::is_directory(run_directory_);
    }
    if (state != rundir_state::gone || !os::is_directory(run_directory_)) {
        without_since_us_ = -1;
        return false;
    }
    if (without_since_us_ < 0) {
        without_since_us_ = now_us;
    }
    return now_us - without_since_us_ >= patience_us;
}

inline result<void> rundir_keeper::copy_all(const std::vector<kept_file>& files,
                                            const std::string& to,
                                            std::vector<os::file>& copies) const {
    auto made = os::make_directories(join_path(to, series_directory), 0777, *system_);
    if (!made) {
        return made;
    }
    for (const kept_file& file : files) {
        auto copy = detail::copy_descriptor(file.fd, join_path(to, file.name), *system_);
        if (!copy) {
            return std::move(copy).error();
        }
        copies.push_back(std::move(*copy));
    }
    return {};
}

// Renames; what stands there and is of another kind gets another name first.
inline int rundir_keeper::rename_over(const std::string& from, const std::string& to) const {
    const int renamed = system_->rename(from.c_str(), to.c_str());
    if (renamed >= 0 || system_->rename(to.c_str(), (to + ".replaced").c_str()) < 0) {
        return renamed;
    }
    return system_->rename(from.c_str(), to.c_str());
}

// A directory that was its owner's alone, because of secrets in it, stays so whoever makes it
// again.
inline result<void> rundir_keeper::make_place(const std::string& place) const {
    constexpr unsigned others = 077;
    const auto before = root_.status();
    const bool is_private = before && (before->mode & others) == 0;
    auto made = os::make_directories(place, 0777, *system_);
    const auto now = os::find_status(place, *system_);
    if (made && is_private && now && (now->mode & others) != 0) {
        (void)os::restrict_to_owner(place);  // some file systems have no modes
    }
    return made;
}

inline result<void> rundir_keeper::restore_at(const std::string& place,
                                              const std::vector<kept_file>& files) {
    auto made = make_place(place);
    if (!made) {
        return made;
    }
    // All is copied beside its place and then renamed, so that no reader sees half of a run.
    const std::string temporary = join_path(place, ".guild.d-" + std::to_string(os::process_id()));
    (void)os::remove_tree(temporary);  // of an earlier attempt
    std::vector<os::file> copies;
    auto copied = copy_all(files, temporary, copies);
    if (!copied) {
        (void)os::remove_tree(temporary);
        return copied;
    }
    const std::string data = data_path(place);
    if (os::is_directory(data) || rename_over(temporary, data) < 0) {
        (void)os::make_directories(join_path(data, series_directory), 0777, *system_);
        for (const kept_file& file : files) {
            const int moved =
                rename_over(join_path(temporary, file.name), join_path(data, file.name));
            if (moved < 0) {
                (void)os::remove_tree(temporary);
                return os::os_error(-moved, "restore", join_path(data, file.name));
            }
        }
        (void)os::remove_tree(temporary);
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        auto replaced = os::replace_descriptor(files[i].fd, copies[i].fd());
        if (!replaced) {
            return replaced;
        }
    }
    run_directory_ = place;
    without_since_us_ = -1;
    return open_directories();
}

inline result<std::string> rundir_keeper::restore(const std::vector<kept_file>& files) {
    constexpr int most_places = 10;
    const std::string wanted = run_directory_;
    std::string place = wanted;
    result<void> first;
    for (int number = 1; number <= most_places; ++number) {
        auto restored = restore_at(place, files);
        if (restored) {
            return place;
        }
        if (number == 1) {
            first = std::move(restored);
        }
        if (first.error().code == errc::no_space) {
            break;
        }
        place = wanted + "-restored" + (number == 1 ? "" : "-" + std::to_string(number));
    }
    return std::move(first).error();
}

inline std::string rundir_keeper::data_directory_now(rundir_state state) const {
    return state == rundir_state::moved ? detail::path_of_descriptor(data_.fd())
                                        : data_path(run_directory_);
}

}}}  // namespace guild::runs
