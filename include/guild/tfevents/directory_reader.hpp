// guild/tfevents/directory_reader.hpp - the scalars of all event files of a directory tree.
//
// Layer 3. Includes: base, os, tfevents/reader.hpp, tfevents/restart.hpp.
// Not here: one file (tfevents/reader.hpp); keeping what comes (tfevents/points.hpp,
// runs/collectors.hpp).
//
// Runs are named as TensorBoard names them: the directory relative to the root, "." for the root.
// Files and directories may come, grow, be replaced, vanish and come back between two polls.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/restart.hpp>
#include <guild/tfevents/tags.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Whether a file of this name is an event file: its last part contains "tfevents".
[[nodiscard]] inline bool is_event_file_name(std::string_view name) {
    return contains(base_name(name), "tfevents");
}

/// units    max_depth: directories below the root; deeper ones are not read. max_directories: in
///          all; links between directories can make many paths out of a few
struct directory_options {
    bool follow_links = true;  // directories behind symbolic links too; loops are noticed
    bool skip_runs = false;    // leave out directories that hold a guild.d, with all below them
    int max_depth = 32;
    std::size_t max_directories = 100'000;
    restart_policy restarts = restart_policy::keep_all;
    reader_options files;
};

/// Reads every event file below a root; each poll delivers what is new.
///
/// Directories named guild.d, which hold guild's own records, are left out.
/// cost     a poll without news: one stat a directory and a file; no descriptor stays open
/// threads  one thread per reader; poll() starts more itself when asked
/// source   TensorBoard: files of a run in byte order of name, metadata remembered per run and tag
/// example  tests/tfevents/directory_reader.cpp "directory reader: runs are named after
///          directories"
class directory_reader {
public:
    explicit directory_reader(std::string root, directory_options options = {},
                              const os::env& system = os::system_env)
        : root_(std::move(root)), options_(options), system_(&system) {}

    /// Calls `on_scalar(const std::string& run, const scalar&)` for every new point. Tags and their
    /// numbers belong to the run.
    ///
    /// out      how many points were delivered
    template <class OnScalar>
    std::uint64_t poll(OnScalar&& on_scalar);

    /// The same, and calls `on_restart(const std::string& run, const restart&)` before a point that
    /// takes others back, as options.restarts says.
    ///
    /// With `threads` above 1, so many runs are read at a time. Points of one run still come in
    /// order, one at a time, but the two functions are called for different runs at once, and must
    /// not throw.
    template <class OnScalar, class OnRestart>
    std::uint64_t poll(OnScalar&& on_scalar, OnRestart&& on_restart, unsigned threads = 1);

    /// Calls `visit(const std::string& run, const std::vector<std::string>& names)` for every
    /// directory that holds event files now, with the files' names in order. Reads no file.
    template <class Visit>
    void for_each_directory(Visit&& visit);

    /// The sums over all files that were ever found.
    [[nodiscard]] reader_counters counters() const;
    [[nodiscard]] std::uint64_t bytes_lost() const { return counters().lost_bytes; }

    /// How many event files were ever found.
    [[nodiscard]] std::size_t file_count() const noexcept;

    /// The first failure to list a directory, or the first damage of a file.
    [[nodiscard]] std::optional<error> last_error() const;

    /// Every file reader, in order of run and name: `visit(const std::string& run, const reader&)`.
    template <class Visit>
    void for_each_file(Visit&& visit) const;

    /// The tags of a run; null for a name that no directory has.
    [[nodiscard]] const tag_table* find_tags(const std::string& run) const;

private:
    struct directory {
        std::string run;
        std::optional<os::file_status> seen;  // when its names were read
        std::vector<std::string> files;
        std::vector<std::string> below;
        tag_table tags;
        restart_rule rule;
        std::map<std::string, reader> readers;
    };
    // A directory in a walk.
    struct place {
        directory* here = nullptr;
        bool is_entered = false;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> above;  // device, inode of each level
    };

    std::vector<directory*> find_directories(unsigned threads = 1);
    bool add_below(const place& at, std::vector<place>& below, std::size_t& seen);
    directory& directory_of(const std::string& run);
    bool list(directory& here, const std::string& path);
    void note(error what) {
        const os::lock hold(*noting_);
        if (!error_) {
            error_ = std::move(what);
        }
    }
    void look_at(directory& here, const std::string& path, const os::dir_entry& entry);
    void enter(place& at);
    [[nodiscard]] std::string path_of(const std::string& run) const {
        return run == "." ? root_ : join_path(root_, run);
    }

    template <class OnScalar, class OnRestart>
    std::uint64_t read_directory(directory& here, OnScalar& on_scalar, OnRestart& on_restart);
    template <class OnScalar, class OnRestart>
    std::uint64_t read_scalars(directory& here, reader& file, OnScalar& on_scalar,
                               OnRestart& on_restart);
    template <class OnScalar, class OnRestart>
    std::uint64_t read_events(directory& here, reader& file, OnScalar& on_scalar,
                              OnRestart& on_restart);

    std::string root_;
    directory_options options_;
    const os::env* system_;
    std::map<std::string, directory> directories_;  // by run
    std::optional<error> error_;
    std::unique_ptr<os::mutex> noting_ = std::make_unique<os::mutex>();  // error_, in a walk
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// The order of a walk by name: "." first, "a/b" before "a.b", for a slash ends a name.
inline bool is_walked_before(const std::string& a, const std::string& b) {
    if (a == "." || b == ".") {
        return a == "." && b != ".";
    }
    const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [&](char x, char y) { return rank(x) < rank(y); });
}

}  // namespace detail

template <class OnScalar>
std::uint64_t directory_reader::poll(OnScalar&& on_scalar) {
    return poll(on_scalar, [](const std::string&, const restart&) {});
}

template <class OnScalar, class OnRestart>
std::uint64_t directory_reader::poll(OnScalar&& on_scalar, OnRestart&& on_restart,
                                     unsigned threads) {
    const std::vector<directory*> found = find_directories(threads);
    std::atomic<std::uint64_t> delivered{0};
    os::for_each_index(found.size(), threads, [&](std::size_t i) {
        delivered += read_directory(*found[i], on_scalar, on_restart);
    });
    return delivered;
}

template <class Visit>
void directory_reader::for_each_directory(Visit&& visit) {
    for (const directory* here : find_directories()) {
        visit(here->run, here->files);
    }
}

// Every directory that is there now and holds event files, in the order of a walk by name. Level by
// level, so that several threads can list the directories of one.
inline std::vector<directory_reader::directory*>
directory_reader::find_directories(unsigned threads) {
    std::vector<directory*> found;
    std::size_t seen = 1;
    std::vector<place> level(1);
    level[0].here = &directory_of(".");
    for (int depth = 0; !level.empty(); ++depth) {
        os::for_each_index(level.size(), threads, [&](std::size_t i) { enter(level[i]); });
        std::vector<place> below;
        for (const place& at : level) {
            if (at.is_entered && !at.here->files.empty()) {
                found.push_back(at.here);
            }
            if (at.is_entered && depth < options_.max_depth && !add_below(at, below, seen)) {
                break;
            }
        }
        level = std::move(below);
    }
    std::sort(found.begin(), found.end(), [](const directory* a, const directory* b) {
        return detail::is_walked_before(a->run, b->run);
    });
    return found;
}

// Adds the directories below a place; false when there are more than are read.
inline bool directory_reader::add_below(const place& at, std::vector<place>& below,
                                        std::size_t& seen) {
    for (const std::string& name : at.here->below) {
        if (seen++ >= options_.max_directories) {
            note(make_error(errc::too_large,
                            "expected at most " + std::to_string(options_.max_directories) +
                                " directories, seen more",
                            root_));
            return false;
        }
        place inner;
        inner.here = &directory_of(at.here->run == "." ? name : at.here->run + "/" + name);
        inner.above = at.above;
        below.push_back(std::move(inner));
    }
    return true;
}

inline directory_reader::directory& directory_reader::directory_of(const std::string& run) {
    auto known = directories_.find(run);
    if (known == directories_.end()) {
        known = directories_.emplace(run, directory()).first;
        known->second.run = run;
        known->second.rule = restart_rule(options_.restarts);
    }
    return known->second;
}

template <class OnScalar, class OnRestart>
std::uint64_t directory_reader::read_directory(directory& here, OnScalar& on_scalar,
                                               OnRestart& on_restart) {
    std::uint64_t delivered = 0;
    for (const std::string& name : here.files) {
        auto known = here.readers.find(name);
        if (known == here.readers.end()) {
            reader file(join_path(path_of(here.run), name), options_.files, *system_);
            known = here.readers.emplace(name, std::move(file)).first;
        }
        delivered += here.rule.needs_events()
                         ? read_events(here, known->second, on_scalar, on_restart)
                         : read_scalars(here, known->second, on_scalar, on_restart);
    }
    return delivered;
}

template <class OnScalar, class OnRestart>
std::uint64_t directory_reader::read_scalars(directory& here, reader& file, OnScalar& on_scalar,
                                             OnRestart& on_restart) {
    std::uint64_t delivered = 0;
    scalar points[64];
    while (const std::size_t count = file.read(points, 64, here.tags)) {
        for (const scalar* point = points; point != points + count; ++point) {
            here.rule.on_scalar(*point, [&](const restart& back) { on_restart(here.run, back); });
            on_scalar(here.run, *point);
        }
        delivered += count;
    }
    return delivered;
}

template <class OnScalar, class OnRestart>
std::uint64_t directory_reader::read_events(directory& here, reader& file, OnScalar& on_scalar,
                                            OnRestart& on_restart) {
    std::uint64_t delivered = 0;
    scalar point;
    while (const event* each = file.next_event()) {
        here.rule.on_event(*each, here.tags,
                           [&](const restart& back) { on_restart(here.run, back); });
        while (file.next_of_event(point, here.tags)) {
            on_scalar(here.run, std::as_const(point));
            ++delivered;
        }
    }
    return delivered;
}

// Brings the names of a directory up to date, unless it is not there or was entered already.
inline void directory_reader::enter(place& at) {
    directory& here = *at.here;
    const std::string path = path_of(here.run);
    os::file_status now;
    if (system_->stat(path.c_str(), &now) < 0 || now.kind != os::file_kind::directory) {
        here.seen.reset();
        return;
    }
    const std::pair<std::uint64_t, std::uint64_t> identity(now.device, now.inode);
    if (std::find(at.above.begin(), at.above.end(), identity) != at.above.end()) {
        return;  // a symbolic link that leads back up
    }
    at.above.push_back(identity);
    // Names made within one tick of the clock leave the same time: young directories are read
    // again.
    constexpr std::int64_t settled_ns = 2'000'000'000;
    const bool settled = system_->wall_time_us() * 1000 - now.modified_ns > settled_ns;
    if (here.seen && settled && here.seen->modified_ns == now.modified_ns &&
        here.seen->inode == now.inode && here.seen->device == now.device) {
        at.is_entered = true;
    } else if (list(here, path)) {
        here.seen = now;
        at.is_entered = true;
    }
}

inline bool directory_reader::list(directory& here, const std::string& path) {
    const auto entries = os::list_directory(path);
    if (!entries) {
        here.seen.reset();
        if (entries.error().code != errc::not_found) {
            note(entries.error());
        }
        return false;
    }
    here.files.clear();
    here.below.clear();
    for (const os::dir_entry& entry : *entries) {
        if (options_.skip_runs && entry.name == "guild.d") {
            here.files.clear();
            here.below.clear();
            return true;
        }
        look_at(here, path, entry);
    }
    return true;
}

inline void directory_reader::look_at(directory& here, const std::string& path,
                                      const os::dir_entry& entry) {
    os::file_kind kind = entry.kind;
    if (kind == os::file_kind::symlink) {
        const auto target = os::find_status(join_path(path, entry.name), *system_);
        kind = target ? target->kind : os::file_kind::other;
        if (kind == os::file_kind::directory && !options_.follow_links) {
            return;
        }
    }
    if (kind == os::file_kind::directory && entry.name != "guild.d") {
        here.below.push_back(entry.name);
    } else if (kind == os::file_kind::regular && is_event_file_name(entry.name)) {
        here.files.push_back(entry.name);
    }
}

template <class Visit>
void directory_reader::for_each_file(Visit&& visit) const {
    for (const auto& [run, here] : directories_) {
        for (const auto& file : here.readers) {
            visit(run, file.second);
        }
    }
}

inline const tag_table* directory_reader::find_tags(const std::string& run) const {
    const auto found = directories_.find(run);
    return found == directories_.end() ? nullptr : &found->second.tags;
}

inline reader_counters directory_reader::counters() const {
    reader_counters sum;
    for_each_file([&](const std::string&, const reader& file) { sum.add(file.counters()); });
    return sum;
}

inline std::size_t directory_reader::file_count() const noexcept {
    std::size_t count = 0;
    for (const auto& here : directories_) {
        count += here.second.readers.size();
    }
    return count;
}

inline std::optional<error> directory_reader::last_error() const {
    std::optional<error> first = error_;
    for_each_file([&](const std::string&, const reader& file) {
        if (!first) {
            first = file.last_error();
        }
    });
    return first;
}

}}}  // namespace guild::tfevents
