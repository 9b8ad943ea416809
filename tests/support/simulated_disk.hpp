// tests/support/simulated_disk.hpp - a disk in memory, behind os::env: any call fails when a test
// says so, and the machine may crash.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guild/base/path.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <support/random_numbers.hpp>

namespace guild_test {

// Kinds of calls, to be added up.
inline constexpr unsigned open_calls = 1U;
inline constexpr unsigned close_calls = 2U;
inline constexpr unsigned read_calls = 4U;
inline constexpr unsigned write_calls = 8U;
inline constexpr unsigned truncate_calls = 16U;
inline constexpr unsigned sync_calls = 32U;
inline constexpr unsigned rename_calls = 64U;
inline constexpr unsigned unlink_calls = 128U;
inline constexpr unsigned mkdir_calls = 256U;
inline constexpr unsigned status_calls = 512U;
inline constexpr unsigned all_calls = 1023U;

inline constexpr std::size_t sector_bytes = 512;
inline constexpr std::size_t header_bytes = 96;

/// Which calls fail, and how.
struct disk_fault {
    unsigned calls = 0;           // of these kinds
    std::int64_t after = 0;       // so many succeed,
    std::int64_t times = 1;       // then so many fail; -1: all
    int code = EIO;               // with this; 0: nothing but writes that fall short
    bool short_write = false;     // a write that fails writes half first
    bool loses_pages = false;     // a sync that fails drops what was not synced, as file systems do
    bool spares_headers = false;  // and then keeps the first bytes of a file that was never synced
    std::int64_t made = 0;        // calls of these kinds so far,
    std::int64_t failed = 0;      // and how many of them failed
    bool has_half = false;        // the half of a short write is written
    bool lost_patience = false;   // so many failed that the caller seems to wait for ever
};

/// One file or directory: what processes see, and what the device holds.
struct disk_node {
    struct change {
        std::uint64_t offset = 0;
        std::string bytes;
        bool cuts = false;  // a truncation to `offset`
    };
    std::string now;
    std::string durable;
    std::vector<change> unsynced;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    bool is_directory = false;
    bool is_random = false;  // /dev/urandom

    static void apply(std::string& content, const change& one) {
        if (one.cuts) {
            content.resize(static_cast<std::size_t>(one.offset));
            return;
        }
        const std::size_t end = static_cast<std::size_t>(one.offset) + one.bytes.size();
        if (content.size() < end) {
            content.resize(end);
        }
        content.replace(static_cast<std::size_t>(one.offset), one.bytes.size(), one.bytes);
    }
};

/// A disk. Names are real, so that directories can be listed; what files hold lies in memory.
class simulated_disk {
public:
    using names = std::map<std::string, std::shared_ptr<disk_node>>;

    disk_fault fault;
    bool is_armed = false;   // faults happen now: set around the calls of one party
    std::int64_t room = -1;  // bytes that may still be written; -1: any
    std::int64_t wall_us = 1'700'000'000'000'000;
    std::int64_t boot_us = 5'000'000;
    std::int64_t tick_us = 1;            // that pass with every look at a clock
    std::function<void()> after_change;  // called after each call that may have changed a file
    std::int64_t open_files = 0;
    random_numbers random{1};

    /// Starts anew with one empty directory, which exists.
    void start(const std::string& root, std::uint64_t seed = 1) {
        *this = simulated_disk();
        random = random_numbers(seed);
        make_node(root, true);
        synced_ = names_;
    }

    [[nodiscard]] const names& entries() const { return names_; }

    /// The file at `path`, made if it is missing, with this content, all of it durable.
    void put(const std::string& path, std::string content) {
        auto found = names_.find(path);
        disk_node& node = found != names_.end() ? *found->second : *make_node(path, false);
        node.now = std::move(content);
        node.durable = node.now;
        node.unsynced.clear();
        touch(node);
    }

    /// Someone deletes a file or an empty directory, for good.
    void remove(const std::string& path) {
        synced_.erase(path);
        drop_name(path);
    }

    /// The machine loses power: every sector written since its file's last sync holds what it held
    /// then or at any moment since, each file not synced into its directory is there or not.
    void crash() {
        for (auto entry = names_.begin(); entry != names_.end();) {
            const auto known = synced_.find(entry->first);
            const bool is_sure = known != synced_.end() && known->second == entry->second;
            const std::string path = entry->first;
            const bool is_lost = !is_sure && !entry->second->is_directory && random.once_in(2);
            ++entry;
            if (is_lost) {
                drop_name(path);
            }
        }
        for (auto& entry : names_) {
            if (!entry.second->is_directory) {
                entry.second->now = content_after_crash(*entry.second);
                entry.second->durable = entry.second->now;
                entry.second->unsynced.clear();
            }
        }
        for (auto& lost : synced_) {  // a rename that was not synced
            if (names_.find(lost.first) == names_.end() && is_name_lost(lost.second)) {
                restore(lost.first, lost.second);
            }
        }
        synced_ = names_;
    }

    [[nodiscard]] static guild::os::env env();

private:
    struct descriptor {
        std::shared_ptr<disk_node> node;
        std::string path;
        std::int64_t position = 0;
    };

    static constexpr std::int64_t patience = 20'000;

    bool fails(unsigned kind) {
        if (!is_armed || (fault.calls & kind) == 0) {
            return false;
        }
        ++fault.made;
        if (fault.made <= fault.after || fault.times == 0) {
            return false;
        }
        if (fault.failed >= patience) {
            fault.lost_patience = true;
            return false;
        }
        ++fault.failed;
        fault.times -= fault.times > 0 ? 1 : 0;
        return true;
    }

    void changed() {
        if (after_change) {
            const bool armed = std::exchange(is_armed, false);
            const auto observe = std::exchange(after_change, nullptr);
            observe();
            after_change = observe;
            is_armed = armed;
        }
    }

    // The clock of files is coarse, as Linux's is.
    void touch(disk_node& node) const { node.modified_ns = wall_us / 4000 * 4'000'000; }

    disk_node* make_node(const std::string& path, bool is_directory) {
        auto node = std::make_shared<disk_node>();
        node->inode = ++last_inode_;
        node->is_directory = is_directory;
        touch(*node);
        names_[path] = node;
        show(path, is_directory);
        return node.get();
    }

    static void show(const std::string& path, bool is_directory) {
        if (is_directory) {
            (void)::mkdir(path.c_str(), 0777);
            return;
        }
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        (void)::close(fd);
    }

    void drop_name(const std::string& path) {
        const bool there = names_.erase(path) != 0;
        if (there && ::unlink(path.c_str()) != 0) {
            (void)::rmdir(path.c_str());
        }
    }

    void restore(const std::string& path, const std::shared_ptr<disk_node>& node) {
        names_[path] = node;
        show(path, node->is_directory);
    }

    [[nodiscard]] bool is_name_lost(const std::shared_ptr<disk_node>& node) const {
        return std::none_of(names_.begin(), names_.end(),
                            [&](const auto& entry) { return entry.second == node; });
    }

    // Each sector as it was after one of the changes, or before all.
    std::string content_after_crash(const disk_node& node) {
        std::string result = node.durable;
        std::string content = node.durable;
        std::vector<std::size_t> chosen;
        for (std::size_t i = 0; i < node.unsynced.size(); ++i) {
            disk_node::apply(content, node.unsynced[i]);
            const std::size_t sectors = (content.size() + sector_bytes - 1) / sector_bytes;
            const std::size_t begin = node.unsynced[i].offset / sector_bytes;
            const std::size_t last = node.unsynced[i].offset + node.unsynced[i].bytes.size();
            const std::size_t end = std::min(sectors, (last + sector_bytes - 1) / sector_bytes);
            for (std::size_t sector = begin; sector < end; ++sector) {
                if (!random.once_in(3)) {
                    const std::string_view piece =
                        std::string_view(content).substr(sector * sector_bytes, sector_bytes);
                    disk_node::apply(result, {sector * sector_bytes, std::string(piece), false});
                }
            }
        }
        return result;
    }

    void drop_pages(disk_node& node) {
        const std::size_t size = node.now.size();
        if (fault.spares_headers && node.durable.empty()) {
            node.durable = node.now.substr(0, header_bytes);
        }
        node.now = node.durable;
        node.now.resize(size);  // the size is known to the system, the pages are gone
        node.durable = node.now;
        node.unsynced.clear();
        touch(node);
    }

    int open(const std::string& path, int flags);
    int close(int fd);
    std::int64_t read(int fd, void* to, std::size_t size, std::int64_t offset);
    std::int64_t write(int fd, const void* from, std::size_t size, std::int64_t offset);
    int truncate(int fd, std::int64_t size);
    int sync(int fd);
    int rename(const std::string& from, const std::string& to);
    int unlink(const std::string& path);
    int mkdir(const std::string& path);
    int status(const disk_node* node, guild::os::file_status* out);
    disk_node* find(const std::string& path) {
        const auto found = names_.find(path);
        return found == names_.end() ? nullptr : found->second.get();
    }
    descriptor* find(int fd) {
        const auto found = descriptors_.find(fd);
        return found == descriptors_.end() ? nullptr : &found->second;
    }

    names names_;
    names synced_;  // names that a sync of their directory has made durable
    std::map<int, descriptor> descriptors_;
    std::uint64_t last_inode_ = 0;
    int last_fd_ = 1'000'000;
};

/// The one that simulated_disk::env() leads to; one test case at a time.
inline simulated_disk disk;

/// Faults happen while this object lives.
class armed_disk {
public:
    armed_disk() { disk.is_armed = true; }
    armed_disk(const armed_disk&) = delete;
    armed_disk& operator=(const armed_disk&) = delete;
    ~armed_disk() { disk.is_armed = false; }
};

// ---- implementation ---------------------------------------------------------

inline int simulated_disk::open(const std::string& path, int flags) {
    if (fails(open_calls)) {
        return -fault.code;
    }
    std::shared_ptr<disk_node> node;
    if (path == "/dev/urandom") {
        node = std::make_shared<disk_node>();
        node->is_random = true;
    } else if (const auto found = names_.find(path); found != names_.end()) {
        if ((flags & O_EXCL) != 0) {
            return -EEXIST;
        }
        node = found->second;
    } else if ((flags & O_CREAT) == 0) {
        return -ENOENT;
    } else {
        const disk_node* parent = find(guild::parent_path(path));
        if (parent == nullptr || !parent->is_directory) {
            return parent == nullptr ? -ENOENT : -ENOTDIR;
        }
        make_node(path, false);
        node = names_[path];
        changed();
    }
    if ((flags & O_TRUNC) != 0 && !node->now.empty()) {
        node->now.clear();
        node->unsynced.push_back({0, {}, true});
        touch(*node);
    }
    ++open_files;
    descriptors_[++last_fd_] = {node, path, 0};
    return last_fd_;
}

inline int simulated_disk::close(int fd) {
    if (descriptors_.erase(fd) == 0) {
        return -EBADF;
    }
    --open_files;
    return fails(close_calls) ? -fault.code : 0;  // the descriptor is gone all the same
}

inline std::int64_t simulated_disk::read(int fd, void* to, std::size_t size, std::int64_t offset) {
    const descriptor* from = find(fd);
    if (from == nullptr || fails(read_calls)) {
        return from == nullptr ? -EBADF : -fault.code;
    }
    if (from->node->is_random) {
        for (std::size_t i = 0; i < size; ++i) {
            static_cast<unsigned char*>(to)[i] = static_cast<unsigned char>(random.next() & 0xFFU);
        }
        return static_cast<std::int64_t>(size);
    }
    const std::string& all = from->node->now;
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t count = at < all.size() ? std::min(size, all.size() - at) : 0;
    if (count != 0) {
        std::memcpy(to, all.data() + at, count);
    }
    return static_cast<std::int64_t>(count);
}

inline std::int64_t simulated_disk::write(int fd, const void* from, std::size_t size,
                                          std::int64_t offset) {
    const descriptor* to = find(fd);
    if (to == nullptr) {
        return -EBADF;
    }
    if (fault.has_half) {
        fault.has_half = false;  // the call that says why the one before fell short
        if (fault.code != 0) {
            return -fault.code;
        }
    } else if (fails(write_calls)) {
        if (!fault.short_write || size < 2) {
            return -fault.code;
        }
        size /= 2;
        fault.has_half = true;
    }
    if (room >= 0) {
        size = static_cast<std::size_t>(std::min(room, static_cast<std::int64_t>(size)));
        room -= static_cast<std::int64_t>(size);
        if (size == 0) {
            return -ENOSPC;
        }
    }
    disk_node::change change{static_cast<std::uint64_t>(offset),
                             std::string(static_cast<const char*>(from), size), false};
    disk_node::apply(to->node->now, change);
    to->node->unsynced.push_back(std::move(change));
    touch(*to->node);
    changed();
    return static_cast<std::int64_t>(size);
}

inline int simulated_disk::truncate(int fd, std::int64_t size) {
    const descriptor* to = find(fd);
    if (to == nullptr || fails(truncate_calls)) {
        return to == nullptr ? -EBADF : -fault.code;
    }
    disk_node::change change{static_cast<std::uint64_t>(size), {}, true};
    disk_node::apply(to->node->now, change);
    to->node->unsynced.push_back(std::move(change));
    touch(*to->node);
    changed();
    return 0;
}

inline int simulated_disk::sync(int fd) {
    const descriptor* to = find(fd);
    if (to == nullptr) {
        return -EBADF;
    }
    disk_node& node = *to->node;
    if (fails(sync_calls)) {
        if (fault.loses_pages && !node.is_directory && fault.code != EINTR) {
            drop_pages(node);
        }
        return -fault.code;
    }
    if (!node.is_directory) {
        node.durable = node.now;
        node.unsynced.clear();
        return 0;
    }
    const auto is_inside = [&](const std::string& path) {
        return guild::parent_path(path) == to->path;
    };
    for (auto entry = synced_.begin(); entry != synced_.end();) {
        entry = is_inside(entry->first) ? synced_.erase(entry) : std::next(entry);
    }
    for (const auto& entry : names_) {
        if (is_inside(entry.first)) {
            synced_.insert(entry);
        }
    }
    return 0;
}

inline int simulated_disk::rename(const std::string& from, const std::string& to) {
    if (fails(rename_calls)) {
        return -fault.code;
    }
    const disk_node* parent = find(guild::parent_path(to));
    if (find(from) == nullptr || parent == nullptr || ::rename(from.c_str(), to.c_str()) != 0) {
        return -ENOENT;
    }
    names moved;
    for (auto entry = names_.begin(); entry != names_.end();) {
        const bool is_below = entry->first.compare(0, from.size() + 1, from + "/") == 0;
        if (entry->first != from && !is_below) {
            ++entry;
            continue;
        }
        moved[to + entry->first.substr(from.size())] = entry->second;
        entry = names_.erase(entry);
    }
    for (auto& entry : moved) {
        names_[entry.first] = entry.second;
    }
    changed();
    return 0;
}

inline int simulated_disk::unlink(const std::string& path) {
    if (fails(unlink_calls)) {
        return -fault.code;
    }
    if (find(path) == nullptr) {
        return -ENOENT;
    }
    drop_name(path);
    changed();
    return 0;
}

inline int simulated_disk::mkdir(const std::string& path) {
    if (fails(mkdir_calls)) {
        return -fault.code;
    }
    const disk_node* parent = find(guild::parent_path(path));
    if (find(path) != nullptr) {
        return -EEXIST;
    }
    if (parent == nullptr || !parent->is_directory) {
        return parent == nullptr ? -ENOENT : -ENOTDIR;
    }
    make_node(path, true);
    synced_[path] = names_[path];  // directories are not lost: the promise is about files
    return 0;
}

inline int simulated_disk::status(const disk_node* node, guild::os::file_status* out) {
    if (fails(status_calls)) {
        return -fault.code;
    }
    if (node == nullptr) {
        return -ENOENT;
    }
    *out = {};
    out->size = node->now.size();
    out->device = 1;
    out->inode = node->inode;
    out->modified_ns = node->modified_ns;
    out->links = 1;
    out->mode = 0666;
    out->kind =
        node->is_directory ? guild::os::file_kind::directory : guild::os::file_kind::regular;
    return 0;
}

inline guild::os::env simulated_disk::env() {
    guild::os::env calls = guild::os::system_env;
    calls.open = [](const char* path, int flags, unsigned) { return disk.open(path, flags); };
    calls.close = [](int fd) { return disk.close(fd); };
    calls.pread = [](int fd, void* to, std::size_t size, std::int64_t offset) {
        return disk.read(fd, to, size, offset);
    };
    calls.pwrite = [](int fd, const void* from, std::size_t size, std::int64_t offset) {
        return disk.write(fd, from, size, offset);
    };
    calls.read = [](int fd, void* to, std::size_t size) {
        descriptor* at = disk.find(fd);
        const std::int64_t got = at == nullptr ? -EBADF : disk.read(fd, to, size, at->position);
        if (got > 0) {
            at->position += got;
        }
        return got;
    };
    calls.write = [](int fd, const void* from, std::size_t size) {
        descriptor* at = disk.find(fd);
        const std::int64_t got = at == nullptr ? -EBADF : disk.write(fd, from, size, at->position);
        if (got > 0) {
            at->position += got;
        }
        return got;
    };
    calls.ftruncate = [](int fd, std::int64_t size) { return disk.truncate(fd, size); };
    calls.fsync = [](int fd) { return disk.sync(fd); };
    calls.rename = [](const char* from, const char* to) { return disk.rename(from, to); };
    calls.unlink = [](const char* path) { return disk.unlink(path); };
    calls.mkdir = [](const char* path, unsigned) { return disk.mkdir(path); };
    calls.fstat = [](int fd, guild::os::file_status* out) {
        const descriptor* at = disk.find(fd);
        return at == nullptr ? -EBADF : disk.status(at->node.get(), out);
    };
    calls.stat = [](const char* path, guild::os::file_status* out) {
        return disk.status(disk.find(std::string(path)), out);
    };
    calls.lstat = calls.stat;
    calls.wall_time_us = [] { return disk.wall_us += disk.tick_us; };
    calls.boot_time_us = [] { return disk.boot_us += disk.tick_us; };
    calls.coarse_time_us = calls.boot_time_us;
    return calls;
}

}  // namespace guild_test
