// guild/package/verify.hpp - compares a package's archive with the buildinfo beside it.
//
// Layer 4. Includes: package/archive_file.hpp, package/buildinfo.hpp, package/file_digest.hpp.
// Not here: writing the two (package/pack.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/package/archive_file.hpp>
#include <guild/package/buildinfo.hpp>
#include <guild/package/file_digest.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What comparing found. The identity decides; how the tar inside was compressed does not.
struct verification {
    std::string tar_sha256;                  // of the archive as it is
    std::string archive_sha256;              // the same
    std::optional<std::string> difference;   // empty: identical. Else which member comes first, how
    bool is_compressed_differently = false;  // the same tar inside another .xz
};

/// Reads an archive and compares it with NAME-VERSION.buildinfo in its directory.
///
/// errors   not_found: the archive or its buildinfo; bad_value: no name of a package's archive;
///          bad_syntax: the buildinfo, at its line; those of reading an archive
/// example  tests/package/verify.cpp "verify: the first member that differs is named"
[[nodiscard]] result<verification> verify(const std::string& archive_path);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline result<std::string> read_digest(archive::tar_reader& from) {
    sha256 sum;
    while (true) {
        const auto piece = from.read();
        if (!piece) {
            return piece.error();
        }
        if (piece->empty()) {
            return sum.hex();
        }
        sum.update(*piece);
    }
}

inline result<std::vector<manifest_entry>> read_manifest(archive::tar_reader& from) {
    std::vector<manifest_entry> members;
    while (true) {
        auto next = from.next();
        if (!next) {
            return std::move(next).error();
        }
        if (!*next) {
            return members;
        }
        members.push_back(to_manifest(**next));
        if ((*next)->kind == archive::member_kind::file) {
            auto digest = read_digest(from);
            if (!digest) {
                return std::move(digest).error();
            }
            members.back().sha256 = std::move(*digest);
        }
    }
}

inline std::string describe_difference(const manifest_entry& is, const manifest_entry& was) {
    if (is.name != was.name) {
        return archive::show_name(is.name) + " is where " + archive::show_name(was.name) + " was";
    }
    const char* what = is.kind != was.kind       ? "is another kind of file"
                       : is.size != was.size     ? "has another size"
                       : is.sha256 != was.sha256 ? "has other content"
                       : is.mode != was.mode     ? "has another mode"
                                                 : "leads elsewhere";
    return archive::show_name(is.name) + ' ' + what;
}

inline std::string find_difference(const std::vector<manifest_entry>& is,
                                   const std::vector<manifest_entry>& was) {
    for (std::size_t i = 0; i < is.size() && i < was.size(); ++i) {
        if (!(is[i] == was[i])) {
            return describe_difference(is[i], was[i]);
        }
    }
    if (is.size() > was.size()) {
        return archive::show_name(is[was.size()].name) + " was not there";
    }
    if (is.size() < was.size()) {
        return archive::show_name(was[is.size()].name) + " is missing";
    }
    return "the members are the same, their times, owners or order of bytes are not";
}

}  // namespace detail

inline result<verification> verify(const std::string& archive_path) {
    constexpr std::string_view ending = ".pkg.tar.xz";
    if (!ends_with(archive_path, ending)) {
        return make_error(errc::bad_value, "expected a name that ends in .pkg.tar.xz",
                          archive_path);
    }
    const std::string info_path =
        archive_path.substr(0, archive_path.size() - ending.size()) + ".buildinfo";
    auto digest = get_file_digest(archive_path);
    if (!digest) {
        return std::move(digest).error();
    }
    const auto text = os::load_file(info_path);
    if (!text) {
        return text.error();
    }
    auto info = parse_buildinfo(*text);
    if (!info) {
        info.error().path = info_path;
        return std::move(info).error();
    }
    auto opened = archive_file::open(archive_path);
    if (!opened) {
        return std::move(opened).error();
    }
    const auto members = detail::read_manifest(opened->reader());
    if (!members) {
        error why = members.error();
        why.path = archive_path;
        return why;
    }
    verification found;
    found.tar_sha256 = opened->tar_sha256();
    found.archive_sha256 = std::move(digest->sha256);
    if (found.tar_sha256 != info->tar_sha256) {
        found.difference = detail::find_difference(*members, info->members);
    } else {
        found.is_compressed_differently = found.archive_sha256 != info->archive_sha256;
    }
    return found;
}

}}}  // namespace guild::package
