// guild/archive/extract.hpp - writes the members of an archive beneath a fresh directory.
//
// Layer 3. Includes: archive/tar_reader.hpp, base, os/beneath.hpp, os/directory.hpp.
// Not here: which members are allowed (archive/member_rules.hpp); compression (package/unpack.hpp).
//
// The tree is written in a directory beside the target, hard links and files first, symbolic links
// when all else stands, and renamed into place at the end: the target is empty or complete.
// Set-user, set-group and sticky bits, and writing by group and others, are taken away; the owner
// may always read and write. Owners stay whoever unpacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <guild/archive/tar_reader.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/beneath.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/temporary.hpp>

namespace guild { inline namespace v0 { namespace archive {

/// What was written.
struct extracted {
    std::uint64_t members = 0;
    std::uint64_t content_bytes = 0;
};

/// Writes every member of an archive into `directory`, which must not exist or be empty; its parent
/// must exist.
///
/// errors   already_exists, with path: something stands there; those of tar_reader; those of
///          writing files. Nothing is left after an error
/// example  tests/archive/extract.cpp "extract: a tree comes out with its links, modes and times"
[[nodiscard]] result<extracted> extract(tar_reader& from, const std::string& directory,
                                        os::resolving how = os::resolving::one_call);

/// Whether `directory` can be unpacked into: it does not exist, or is a directory and empty.
///
/// errors   already_exists, not_a_directory, and those of list_directory
/// example  tests/archive/extract.cpp "extract: what is no fresh directory is refused"
[[nodiscard]] result<void> check_fresh(const std::string& directory);

// ---- implementation ---------------------------------------------------------

inline result<void> check_fresh(const std::string& directory) {
    const auto status = os::find_link_status(directory);
    if (!status) {
        return {};
    }
    if (status->kind != os::file_kind::directory) {
        return make_error(errc::not_a_directory, "expected no file here, or an empty directory",
                          directory);
    }
    const auto entries = os::list_directory(directory);
    if (!entries) {
        return entries.error();
    }
    return entries->empty() ? result<void>()
                            : make_error(errc::already_exists,
                                         "expected an empty directory, saw " +
                                             show_name(entries->front().name) + " in it",
                                         directory);
}

namespace detail {

inline unsigned file_permissions(const member& of) noexcept {
    return (of.mode & 0755U) | 0600U;
}

class extractor {
public:
    extractor(tar_reader& from, os::beneath& to) : from_(from), to_(to) {}

    result<extracted> run() {
        while (true) {
            auto next = from_.next();
            if (!next) {
                return std::move(next).error();
            }
            if (!*next) {
                break;
            }
            auto written = write(**next);
            if (!written) {
                return std::move(written).error();
            }
            ++done_.members;
        }
        auto finished = finish();
        return finished ? result<extracted>(done_) : std::move(finished).error();
    }

private:
    result<void> write(const member& next) {
        auto above = make_parents(next.path);
        if (!above) {
            return above;
        }
        switch (next.kind) {
        case member_kind::directory:
            return write_directory(next);
        case member_kind::symlink:
            symlinks_.push_back(next);
            return {};
        case member_kind::hard_link: {
            const auto target = normalize_member_name(next.target);
            return target ? to_.make_hard_link(*target, next.path) : target.error();
        }
        case member_kind::file:
            break;
        }
        return write_file(next);
    }

    // Archives need not name the directories above a member.
    result<void> make_parents(const std::string& path) {
        const std::size_t last = path.rfind('/');
        if (last == std::string::npos || path.compare(0, last, last_parent_) == 0) {
            return {};
        }
        for (std::size_t at = path.find('/'); at != std::string::npos;
             at = path.find('/', at + 1)) {
            auto made = to_.make_directory(path.substr(0, at), 0755);
            if (!made) {
                return made;
            }
        }
        last_parent_ = path.substr(0, last);
        return {};
    }

    result<void> write_directory(const member& next) {
        if (next.path.empty()) {
            return {};
        }
        directories_.push_back({next.path, (next.mode & 0755U) | 0700U, next.time_s});
        return to_.make_directory(next.path, 0755);
    }

    result<void> write_file(const member& next) {
        auto file = to_.create_file(next.path, file_permissions(next));
        if (!file) {
            return std::move(file).error();
        }
        while (true) {
            const auto piece = from_.read();
            if (!piece) {
                return piece.error();
            }
            if (piece->empty()) {
                break;
            }
            auto written = file->write_all(*piece);
            if (!written) {
                return written;
            }
            done_.content_bytes += piece->size();
        }
        os::set_file_time(*file, next.time_s);
        return file->close();
    }

    result<void> finish() {
        for (const member& link : symlinks_) {
            auto made = to_.make_symlink(link.target, link.path);
            if (!made) {
                return made;
            }
        }
        for (std::size_t i = directories_.size(); i-- > 0;) {  // what is made last is done first
            const directory_mark& each = directories_[i];
            auto done = to_.finish_directory(each.path, each.permissions, each.time_s);
            if (!done) {
                return done;
            }
        }
        return {};
    }

    struct directory_mark {
        std::string path;
        unsigned permissions;
        std::int64_t time_s;
    };

    tar_reader& from_;
    os::beneath& to_;
    extracted done_;
    std::string last_parent_;
    std::vector<member> symlinks_;
    std::vector<directory_mark> directories_;
};

// A new directory beside `target`, in the same file system.
inline result<std::string> make_staging(const std::string& target) {
    std::string prefix = target;
    while (prefix.size() > 1 && prefix.back() == '/') {
        prefix.pop_back();
    }
    prefix = join_path(parent_path(prefix), '.' + base_name(prefix) + ".unpack-");
    for (int number = 0; number < 1000; ++number) {
        const std::string path = prefix + std::to_string(os::system_env.boot_time_us() + number);
        const int made = os::system_env.mkdir(path.c_str(), 0777);
        if (made == 0 || os::classify_errno(-made) != errc::already_exists) {
            return made == 0 ? result<std::string>(path) : os::os_error(-made, "mkdir", path);
        }
    }
    return make_error(errc::already_exists, "no free name for a directory", prefix);
}

}  // namespace detail

inline result<extracted> extract(tar_reader& from, const std::string& directory,
                                 os::resolving how) {
    auto fresh = check_fresh(directory);
    if (!fresh) {
        return std::move(fresh).error();
    }
    auto made = detail::make_staging(directory);
    if (!made) {
        return std::move(made).error();
    }
    os::temporary staging(std::move(*made));
    auto root = os::beneath::open(staging.path(), how);
    if (!root) {
        return std::move(root).error();
    }
    auto done = detail::extractor(from, *root).run();
    if (!done) {
        return done;
    }
    const int renamed = os::system_env.rename(staging.path().c_str(), directory.c_str());
    if (renamed < 0) {
        return os::os_error(-renamed, "rename", directory);
    }
    staging.keep();
    return done;
}

}}}  // namespace guild::archive
