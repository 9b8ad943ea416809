// guild/package/package_index.hpp - the list of a directory's packages, from which others install
// by name.
//
// Layer 4. Includes: base, os, package/archive_file.hpp, package/home.hpp.
// Not here: fetching it (package/download.hpp), installing (package/install.hpp).
//
// The file guild-index.tsv stands beside the archives, in a directory or on a web server. Its lines
// are parted by tabs:
//
//   guild-index  1
//   NAME  VERSION  FILE  SIZE  SHA256          FILE: in the index's own directory
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/package/archive_file.hpp>
#include <guild/package/buildinfo.hpp>
#include <guild/package/file_digest.hpp>
#include <guild/package/home.hpp>
#include <guild/package/package_name.hpp>
#include <guild/package/version_order.hpp>

namespace guild { inline namespace v0 { namespace package {

inline constexpr const char* index_file_name = "guild-index.tsv";

/// One package that can be had.
///
/// units    size: bytes
struct index_entry {
    std::string name;
    std::string version;
    std::string file;
    std::uint64_t size = 0;
    std::string sha256;  // of the archive, in hex
};

/// Archives of a directory that could not be listed, and why.
struct index_report {
    std::vector<index_entry> entries;  // by name, older versions first
    std::vector<error> left_out;
};

/// Reads every NAME-VERSION.pkg.tar.xz of a directory.
///
/// errors   those of listing the directory
/// example  tests/package/package_index.cpp "index: a directory's packages, from their archives"
[[nodiscard]] result<index_report> make_index(const std::string& directory);

/// The text of an index.
[[nodiscard]] std::string format(const std::vector<index_entry>& entries);

/// The entries of an index.
///
/// errors   bad_syntax, at its line; bad_value: a file that is not in the index's own directory;
///          unsupported: another version of the format
/// example  tests/package/package_index.cpp "index: a line that is none is refused at its place"
[[nodiscard]] result<std::vector<index_entry>> parse_index(std::string_view text);

/// The entry called `wanted`: NAME-VERSION exactly, or else the newest whose name is NAME.
///
/// example  tests/package/package_index.cpp "find entry: the newest of exactly that name"
[[nodiscard]] std::optional<index_entry> find_entry(const std::vector<index_entry>& entries,
                                                    std::string_view wanted);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_older(const index_entry& a, const index_entry& b) {
    return a.name != b.name ? a.name < b.name : compare_versions(a.version, b.version) < 0;
}

inline result<index_entry> make_entry(const std::string& directory, const std::string& file) {
    const std::string path = join_path(directory, file);
    auto text = get_package_definition(path);
    if (!text) {
        return std::move(text).error();
    }
    auto identity = get_identity(std::move(*text), path);
    if (!identity) {
        return std::move(identity).error();
    }
    if (archive_name(identity->first, identity->second) != file) {
        return make_error(errc::bad_value,
                          "the package in it is " + identity->first + ' ' + identity->second, path);
    }
    auto digest = get_file_digest(path);
    if (!digest) {
        return std::move(digest).error();
    }
    return index_entry{std::move(identity->first), std::move(identity->second), file, digest->size,
                       std::move(digest->sha256)};
}

// Empty, or what is wrong with one line of an index.
inline result<index_entry> parse_entry(std::string_view line) {
    std::vector<std::string> words = split(line, '\t');
    if (words.size() != 5) {
        return make_error(errc::bad_syntax,
                          "expected name, version, file, size and sha256, parted by tabs");
    }
    auto named = check_package_name(words[0], words[1]);
    if (!named) {
        return std::move(named).error();
    }
    if (words[2] != archive_name(words[0], words[1])) {
        return make_error(errc::bad_value, "expected the file " + archive_name(words[0], words[1]));
    }
    const auto size = parse_int64(words[3]);
    const bool is_digest = words[4].size() == 64 &&
                           words[4].find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!size || *size < 0 || !is_digest) {
        return make_error(errc::bad_syntax, "expected a size in bytes and a sha256 in hex");
    }
    return index_entry{std::move(words[0]), std::move(words[1]), std::move(words[2]),
                       static_cast<std::uint64_t>(*size), std::move(words[4])};
}

}  // namespace detail

inline result<index_report> make_index(const std::string& directory) {
    const auto files = os::list_directory(directory);
    if (!files) {
        return files.error();
    }
    index_report report;
    for (const os::dir_entry& each : *files) {
        if (each.name.front() == '.' || !ends_with(each.name, ".pkg.tar.xz")) {
            continue;
        }
        auto entry = detail::make_entry(directory, each.name);
        if (entry) {
            report.entries.push_back(std::move(*entry));
        } else {
            report.left_out.push_back(std::move(entry).error());
        }
    }
    std::sort(report.entries.begin(), report.entries.end(), detail::is_older);
    return report;
}

inline std::string format(const std::vector<index_entry>& entries) {
    std::string text = "guild-index\t1\n";
    for (const index_entry& each : entries) {
        text += each.name + '\t' + each.version + '\t' + each.file + '\t' +
                std::to_string(each.size) + '\t' + each.sha256 + '\n';
    }
    return text;
}

inline result<std::vector<index_entry>> parse_index(std::string_view text) {
    std::vector<index_entry> entries;
    for (std::uint32_t line = 1; line == 1 || !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view words = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        source_span where;
        where.line = line;
        where.column = 1;
        if (line == 1 && words != "guild-index\t1") {
            const bool is_newer = starts_with(words, "guild-index\t");
            return make_error(is_newer ? errc::unsupported : errc::bad_syntax,
                              "expected \"guild-index\", a tab and 1", {}, where);
        }
        if (line == 1) {
            continue;
        }
        auto entry = detail::parse_entry(words);
        if (!entry) {
            entry.error().where = where;
            return std::move(entry).error();
        }
        entries.push_back(std::move(*entry));
    }
    return entries;
}

inline std::optional<index_entry> find_entry(const std::vector<index_entry>& entries,
                                             std::string_view wanted) {
    std::optional<index_entry> newest;
    for (const index_entry& each : entries) {
        if (each.name + '-' + each.version == wanted) {
            return each;
        }
        if (each.name == wanted && (!newest || detail::is_older(*newest, each))) {
            newest = each;
        }
    }
    return newest;
}

}}}  // namespace guild::package
