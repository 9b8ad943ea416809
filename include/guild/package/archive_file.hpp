// guild/package/archive_file.hpp - a tar archive on disk, compressed or not, as its members.
//
// Layer 4. Includes: archive/tar_reader.hpp, base/sha256.hpp, package/filter.hpp.
// Not here: writing the members somewhere (package/unpack.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/archive/tar_reader.hpp>
#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/package/filter.hpp>

namespace guild { inline namespace v0 { namespace package {

/// An archive that is read from its beginning to its end.
///
/// example  tests/package/archive_file.cpp "archive file: members and the sum of the tar"
class archive_file {
public:
    /// Opens an archive; its size on disk bounds what it may unpack to.
    ///
    /// errors   those of expanded_file::open
    [[nodiscard]] static result<archive_file> open(const std::string& path,
                                                   const archive::limits& allowed = {});

    /// The members; errors have the archive's path.
    [[nodiscard]] archive::tar_reader& reader() noexcept { return *reader_; }

    /// The sha256 of what has been read of the tar, in hex: of all of it behind the last member.
    [[nodiscard]] std::string tar_sha256() const { return state_->sum.hex(); }

private:
    struct state {
        expanded_file file;
        sha256 sum;
        std::string path;
    };

    std::unique_ptr<state> state_;  // the reader points at it
    std::unique_ptr<archive::tar_reader> reader_;
};

/// The content of a package's definition, the member ./.GuildPkg.
///
/// errors   not_found: the archive has none; too_large: above 1 MiB; those of reading it
/// example  tests/package/archive_file.cpp "package definition: is read from the archive"
[[nodiscard]] result<std::string> get_package_definition(const std::string& archive_path);

// ---- implementation ---------------------------------------------------------

inline result<archive_file> archive_file::open(const std::string& path,
                                               const archive::limits& allowed) {
    auto opened = expanded_file::open(path);
    if (!opened) {
        return std::move(opened).error();
    }
    archive::limits bounded = allowed;
    bounded.max_total_bytes =
        std::min(allowed.max_total_bytes, allowed.most_for(opened->packed_size()));
    archive_file made;
    made.state_.reset(new state{std::move(*opened), {}, path});
    made.reader_.reset(new archive::tar_reader(
        [from = made.state_.get()](char* to, std::size_t size) {
            auto got = from->file.read(to, size);
            if (got) {
                from->sum.update(std::string_view(to, *got));
            } else {
                got.error().path = from->path;
            }
            return got;
        },
        bounded));
    return result<archive_file>(std::move(made));
}

inline result<std::string> get_package_definition(const std::string& archive_path) {
    const auto fail = [&](error why) {
        why.path = archive_path;
        return why;
    };
    auto opened = archive_file::open(archive_path);
    if (!opened) {
        return std::move(opened).error();
    }
    archive::tar_reader& members = opened->reader();
    while (true) {
        auto next = members.next();
        if (!next) {
            return fail(std::move(next).error());
        }
        if (!*next) {
            return make_error(errc::not_found, "expected the member ./.GuildPkg", archive_path);
        }
        if ((*next)->path != ".GuildPkg" || (*next)->kind != archive::member_kind::file) {
            continue;
        }
        if ((*next)->size > std::uint64_t{1} << 20U) {
            return make_error(errc::too_large, "expected at most 1 MiB in ./.GuildPkg",
                              archive_path);
        }
        std::string content;
        while (true) {
            auto piece = members.read();
            if (!piece) {
                return fail(std::move(piece).error());
            }
            if (piece->empty()) {
                return content;
            }
            content.append(*piece);
        }
    }
}

}}}  // namespace guild::package
