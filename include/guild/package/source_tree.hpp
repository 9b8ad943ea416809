// guild/package/source_tree.hpp - directories of sources: their hash, copies of them.
//
// Layer 4. Includes: base, os, package/file_digest.hpp.
// Not here: archives of them (package/pack.hpp).
//
// The hash is the sha256 of one line an entry, sorted by path in byte order:
//   MODE TAB SHA256 TAB PATH LF
// MODE is 755 or 644 for files (may the owner execute it?), link for symbolic links, whose SHA256
// is that of their target. Directories count through what is in them; times and owners never do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/package/file_digest.hpp>
#include <guild/package/source.hpp>

namespace guild { inline namespace v0 { namespace package {

/// The hash of a directory.
///
/// errors   bad_value: a symbolic link that leads out of the directory, what is neither file, link
///          nor directory, a name with control characters; those of the operating system; path =
///          the entry
/// cost     reads every file once
/// example  tests/package/source_tree.cpp "tree hash: contents, names and execute bits count alone"
[[nodiscard]] result<std::string> hash_tree(const std::string& directory);

/// Copies a file, or a directory with all below it, to `to`, which must not exist; its parent must.
///
/// errors   as hash_tree; already_exists
/// example  tests/package/source_tree.cpp "copy: files keep bytes and modes, links their text"
[[nodiscard]] result<void> copy_tree(const std::string& from, const std::string& to);

/// Whether a symbolic link at `path` (relative to a root) with this target stays below the root.
///
/// example  tests/package/source_tree.cpp "links: those that leave the root are told"
[[nodiscard]] bool stays_below(std::string_view path, std::string_view target);

// ---- implementation ---------------------------------------------------------

inline bool stays_below(std::string_view path, std::string_view target) {
    if (target.empty() || is_absolute(target)) {
        return false;
    }
    // Component by component: `a/../..` leaves the root on its way even if it comes back.
    std::ptrdiff_t depth = std::count(path.begin(), path.end(), '/');
    for (const std::string& part : split(target, '/')) {
        depth += part == ".." ? -1 : part.empty() || part == "." ? 0 : 1;
        if (depth < 0) {
            return false;
        }
    }
    return true;
}

namespace detail {

/// Entries of a directory and all below it, with their paths relative to it.
class tree_walker {
public:
    explicit tree_walker(const std::string& root) : root_(root) {}

    /// Calls visit(path, entry) for each, a directory before what is in it.
    template <class Visit>
    result<void> walk(const std::string& below, const Visit& visit) {
        const auto entries = os::list_directory(join_path(root_, below));
        if (!entries) {
            return entries.error();
        }
        for (const os::dir_entry& each : *entries) {
            const std::string path = join_path(below, each.name);
            result<void> seen = check(path, each);
            if (seen) {
                seen = visit(path, each);
            }
            if (seen && each.kind == os::file_kind::directory) {
                seen = walk(path, visit);
            }
            if (!seen) {
                return seen;
            }
        }
        return {};
    }

private:
    result<void> check(const std::string& path, const os::dir_entry& entry) const {
        const bool has_control = std::any_of(entry.name.begin(), entry.name.end(), is_control);
        if (has_control) {
            return make_error(errc::bad_value, "expected a name without control characters",
                              join_path(root_, path));
        }
        if (entry.kind == os::file_kind::other) {
            return make_error(errc::bad_value, "expected a file, a link or a directory",
                              join_path(root_, path));
        }
        if (entry.kind != os::file_kind::symlink) {
            return {};
        }
        const auto target = os::read_link(join_path(root_, path));
        if (!target) {
            return target.error();
        }
        if (!stays_below(path, *target)) {
            return make_error(errc::bad_value,
                              "expected a link that stays within the source, seen one to `" +
                                  *target + "`",
                              join_path(root_, path));
        }
        return {};
    }

    const std::string& root_;
};

/// MODE TAB SHA256 of a file or link.
inline result<std::string> hash_entry(const std::string& path, os::file_kind kind) {
    if (kind == os::file_kind::symlink) {
        const auto target = os::read_link(path);
        if (!target) {
            return target.error();
        }
        return "link\t" + sha256_hex(*target);
    }
    const auto digest = get_file_digest(path);
    const auto status = os::get_status(path);
    if (!digest || !status) {
        return digest ? status.error() : digest.error();
    }
    return ((status->mode & 0100U) != 0 ? "755\t" : "644\t") + digest->sha256;
}

inline result<void> copy_entry(const std::string& from, const std::string& to, os::file_kind kind) {
    if (kind == os::file_kind::directory) {
        return os::make_directories(to, 0755);
    }
    if (kind == os::file_kind::symlink) {
        const auto target = os::read_link(from);
        return target ? os::make_link(*target, to) : target.error();
    }
    const auto source = os::open_file(from, os::open_mode::read);
    if (!source) {
        return source.error();
    }
    const auto status = source->status();
    auto made = os::open_file(to, os::open_mode::create_new);
    if (!status || !made) {
        return status ? made.error() : status.error();
    }
    const auto copied = os::copy_bytes(*source, status->size, *made);
    if (!copied) {
        return copied;
    }
    const auto closed = made->close();
    return closed ? os::set_permissions(to, (status->mode & 0100U) != 0 ? 0755U : 0644U) : closed;
}

}  // namespace detail

inline result<std::string> hash_tree(const std::string& directory) {
    std::vector<std::string> lines;
    const auto visit = [&](const std::string& path, const os::dir_entry& entry) -> result<void> {
        if (entry.kind == os::file_kind::directory) {
            return {};
        }
        auto hash = detail::hash_entry(join_path(directory, path), entry.kind);
        if (!hash) {
            return std::move(hash).error();
        }
        // The path first, for the order; it cannot hold NUL.
        lines.push_back(path + '\0' + *hash);
        return {};
    };
    const auto walked = detail::tree_walker(directory).walk("", visit);
    if (!walked) {
        return walked.error();
    }
    std::sort(lines.begin(), lines.end());
    sha256 sum;
    for (const std::string& line : lines) {
        const std::size_t end = line.find('\0');
        sum.update(line.substr(end + 1) + '\t' + line.substr(0, end) + '\n');
    }
    return sum.hex();
}

inline result<void> copy_tree(const std::string& from, const std::string& to) {
    const auto status = os::get_status(from);
    if (!status) {
        return status.error();
    }
    if (os::find_link_status(to)) {
        return make_error(errc::already_exists, "something stands there already", to);
    }
    if (status->kind != os::file_kind::directory) {
        return status->kind == os::file_kind::regular
                   ? detail::copy_entry(from, to, status->kind)
                   : make_error(errc::bad_value, "expected a file or a directory", from);
    }
    const auto made = os::make_directories(to, 0755);
    if (!made) {
        return made;
    }
    return detail::tree_walker(from).walk(
        "", [&](const std::string& path, const os::dir_entry& entry) {
            return detail::copy_entry(join_path(from, path), join_path(to, path), entry.kind);
        });
}

}}}  // namespace guild::package
