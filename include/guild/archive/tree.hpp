// guild/archive/tree.hpp - a directory as the members of an archive, the same on every machine.
//
// Layer 3. Includes: archive/member_rules.hpp, archive/tar_writer.hpp, base, os/file.hpp,
// os/directory.hpp.
// Not here: the way back (archive/extract.hpp).
//
// Members are in the order of their names, a directory before what it holds. Of modes only "may be
// executed" is kept. A file with several names is stored under each of them: which of them are one
// file is a matter of the disk, not of the tree.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/archive/member_rules.hpp>
#include <guild/archive/tar_writer.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>

namespace guild { inline namespace v0 { namespace archive {

/// A member, and where its content is. Size and mode of a file are 0 until append_entry() has
/// opened it: one look at each file is enough.
struct tree_entry {
    member what;
    std::string source;
};

/// Everything beneath `directory`, itself as "./" first, every name beginning with "./".
///
/// units    time_s: seconds since 1970-01-01 UTC; the time of every member
/// errors   bad_value, path = the file: a socket, FIFO or device, and what archive/member_rules.hpp
///          refuses (".git", control characters, links that lead outside); those of listing
/// example  tests/archive/tree.cpp "list_tree: members are in the order of their names"
[[nodiscard]] result<std::vector<tree_entry>> list_tree(const std::string& directory,
                                                        std::int64_t time_s = 0);

/// Whether the member at path `a` comes before the one at `b`.
///
/// example  tests/archive/tree.cpp "comes_before: a directory's content stays together"
[[nodiscard]] bool comes_before(std::string_view a, std::string_view b) noexcept;

/// Writes one member with its content; `on_content`, if given, sees the content too.
///
/// errors   those of reading the file, with its path; bad_value: its size changed meanwhile; those
///          of the writer
/// example  tests/archive/tree.cpp "append_entry: a file goes in as it is"
[[nodiscard]] result<void>
append_entry(tar_writer& to, tree_entry& entry,
             const std::function<void(std::string_view)>& on_content = nullptr);

// ---- implementation ---------------------------------------------------------

namespace detail {

class tree_lister {
public:
    tree_lister(std::string root, std::int64_t time_s) : root_(std::move(root)), time_s_(time_s) {}

    result<std::vector<tree_entry>> run() {
        auto added = add("./", root_, os::file_kind::directory);
        if (added) {
            added = list("./", root_);
        }
        if (!added) {
            return std::move(added).error();
        }
        auto links = rules_.check_links();
        if (!links) {
            return at(root_, std::move(links).error());
        }
        return std::move(entries_);
    }

private:
    static error at(const std::string& path, error why) {
        why.path = path;
        return why;
    }

    // Calls itself no deeper than the longest name that is admitted has parts.
    result<void> list(const std::string& name, const std::string& path) {
        const auto found = os::list_directory(path);
        if (!found) {
            return found.error();
        }
        for (const os::dir_entry& each : *found) {
            const std::string source = join_path(path, each.name);
            const bool is_directory = each.kind == os::file_kind::directory;
            std::string member_name = name + each.name + (is_directory ? "/" : "");
            auto added = add(member_name, source, each.kind);
            if (added && is_directory) {
                added = list(member_name, source);
            }
            if (!added) {
                return added;
            }
        }
        return {};
    }

    result<void> add(const std::string& name, const std::string& source, os::file_kind kind) {
        member what;
        what.name = name;
        what.time_s = time_s_;
        switch (kind) {
        case os::file_kind::directory:
            what.kind = member_kind::directory;
            what.mode = 0755;
            break;
        case os::file_kind::symlink: {
            what.kind = member_kind::symlink;
            what.mode = 0755;  // as GNU tar makes it of u+rwX,go+rX,go-w
            auto target = os::read_link(source);
            if (!target) {
                return std::move(target).error();
            }
            what.target = std::move(*target);
            break;
        }
        case os::file_kind::regular:
            what.mode = 0;
            break;
        case os::file_kind::other:
            return at(source, member_error(errc::bad_value, name, "a socket, FIFO or device"));
        }
        auto admitted = rules_.admit(what);
        if (!admitted) {
            return at(source, std::move(admitted).error());
        }
        entries_.push_back({std::move(what), source});
        return {};
    }

    std::string root_;
    std::int64_t time_s_;
    member_rules rules_;
    std::vector<tree_entry> entries_;
};

inline std::size_t piece_bytes(std::uint64_t left) noexcept {
    return guild::detail::convert<std::size_t>(std::min<std::uint64_t>(left, 65535) + 1);
}

// One byte more than there should be is asked for: a file that grows is noticed, and one call reads
// most files.
inline result<void> append_content(tar_writer& to, const os::file& from, std::uint64_t size,
                                   const std::function<void(std::string_view)>& on_content) {
    const std::unique_ptr<char[]> piece(new char[piece_bytes(size)]);
    for (std::uint64_t at = 0; at < size || at == 0;) {
        const std::int64_t got = os::system_env.pread(
            from.fd(), piece.get(), piece_bytes(size - at), static_cast<std::int64_t>(at));
        if (got < 0) {
            return os::os_error(static_cast<int>(-got), "read", from.path());
        }
        if (got == 0) {
            return at == size
                       ? result<void>()
                       : make_error(errc::bad_value, "the file became shorter while it was packed",
                                    from.path());
        }
        const std::string_view bytes(piece.get(), static_cast<std::size_t>(got));
        if (on_content) {
            on_content(bytes);
        }
        auto written = to.write(bytes);
        if (!written) {
            return written;
        }
        at += bytes.size();
    }
    return {};
}

}  // namespace detail

inline result<std::vector<tree_entry>> list_tree(const std::string& directory,
                                                 std::int64_t time_s) {
    return detail::tree_lister(directory, time_s).run();
}

inline bool comes_before(std::string_view a, std::string_view b) noexcept {
    const auto rank = [](char c) { return c == '/' ? 0 : 1 + int{static_cast<unsigned char>(c)}; };
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [&](char x, char y) { return rank(x) < rank(y); });
}

inline result<void> append_entry(tar_writer& to, tree_entry& entry,
                                 const std::function<void(std::string_view)>& on_content) {
    if (entry.what.kind != member_kind::file) {
        return to.begin(entry.what);
    }
    const auto opened = os::open_file(entry.source, os::open_mode::read);
    if (!opened) {
        return opened.error();
    }
    const auto status = opened->status();
    if (!status) {
        return status.error();
    }
    if (status->kind != os::file_kind::regular) {
        return make_error(errc::bad_value, "the file became another kind while it was packed",
                          entry.source);
    }
    entry.what.size = status->size;
    if (entry.what.mode == 0) {
        entry.what.mode = (status->mode & 0111U) != 0 ? 0755U : 0644U;
    }
    auto done = to.begin(entry.what);
    if (done) {
        done = detail::append_content(to, *opened, status->size, on_content);
    }
    if (!done && done.error().path.empty()) {
        done.error().path = entry.source;
    }
    return done;
}

}}}  // namespace guild::archive
