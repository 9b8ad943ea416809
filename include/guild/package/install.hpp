// guild/package/install.hpp - installs packages into the package home, and removes them.
//
// Layer 4. Includes: base, os, package/home.hpp, package/package_index.hpp, package/unpack.hpp.
// Not here: how a file comes from a web server (package/download.hpp): the caller hands it in.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/archive_file.hpp>
#include <guild/package/home.hpp>
#include <guild/package/package_index.hpp>
#include <guild/package/unpack.hpp>

namespace guild { inline namespace v0 { namespace package {

/// Unpacks NAME-VERSION.pkg.tar.xz into HOME/NAME-VERSION. One that is there already is replaced
/// when the new one is complete.
///
/// errors   bad_value: a file that is not named so, or whose definition says another name or
///          version; those of unpack_archive
/// example  tests/package/install.cpp "install: a package is there, complete, under its name"
[[nodiscard]] result<installed_package> install_file(const std::string& archive_path,
                                                     const package_homes& homes);

/// Fetches a URL into a file; sha256, unless it is empty, has been checked when it returns.
using fetch_function = std::function<result<void>(
    const std::string& url, const std::string& destination, const std::string& sha256)>;

/// Finds a package in an index and installs it. The archive's sha256 is checked first.
///
/// in       index: a directory, or an http(s) URL of one, which `fetch` gets files of
/// errors   not_found: no such package in the index, or no index; bad_checksum; those of
///          install_file and of fetch
/// example  tests/package/install.cpp "install by name: the newest of an index is taken"
[[nodiscard]] result<installed_package> install_name(std::string_view wanted,
                                                     const std::string& index,
                                                     const package_homes& homes,
                                                     const fetch_function& fetch);

/// Removes an installed package: NAME-VERSION exactly, or NAME when only one version is there.
///
/// errors   not_found: no such package; bad_value: several versions of NAME, which the message
///          lists; those of removing
/// example  tests/package/install.cpp "uninstall: a name that leads elsewhere removes nothing"
[[nodiscard]] result<void> uninstall(std::string_view wanted, const package_homes& homes);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::string_view package_ending = ".pkg.tar.xz";

inline error no_valid_package(const std::string& path) {
    return make_error(errc::bad_value, path + " does not appear to be a valid Guild package");
}

// Puts the complete tree `fresh` where `target` may stand already.
inline result<void> replace_tree(const std::string& fresh, const std::string& target) {
    if (!os::find_link_status(target)) {
        return os::rename_path(fresh, target);
    }
    const os::temporary old(fresh + ".old");
    auto moved = os::rename_path(target, old.path());
    if (!moved) {
        return moved;
    }
    auto placed = os::rename_path(fresh, target);
    if (!placed) {
        (void)os::rename_path(old.path(), target);
    }
    return placed;
}

inline bool is_url(std::string_view text) {
    return starts_with(text, "http://") || starts_with(text, "https://");
}

inline result<std::string> load_index(const std::string& index, const std::string& scratch,
                                      const fetch_function& fetch) {
    if (!is_url(index)) {
        return os::load_file(join_path(index, index_file_name));
    }
    const std::string path = join_path(scratch, index_file_name);
    auto fetched = fetch(join_path(index, index_file_name), path, "");
    return fetched ? os::load_file(path) : std::move(fetched).error();
}

}  // namespace detail

inline result<installed_package> install_file(const std::string& archive_path,
                                              const package_homes& homes) {
    const std::string file = base_name(archive_path);
    if (!ends_with(file, detail::package_ending) || file.size() == detail::package_ending.size()) {
        return detail::no_valid_package(archive_path);
    }
    auto text = get_package_definition(archive_path);
    if (!text) {
        return std::move(text).error();
    }
    auto identity = get_identity(std::move(*text), archive_path);
    if (!identity) {
        return std::move(identity).error();
    }
    auto named = check_package_name(identity->first, identity->second);
    if (!named) {
        return std::move(named).error();
    }
    const std::string full = identity->first + '-' + identity->second;
    if (file != full + std::string(detail::package_ending)) {
        return make_error(errc::bad_value,
                          "the package in it is " + full + ", name the file " + full +
                              std::string(detail::package_ending),
                          archive_path);
    }
    auto made = os::make_directories(homes.write);
    if (!made) {
        return std::move(made).error();
    }
    const os::temporary fresh(
        join_path(homes.write, '.' + full + '.' + std::to_string(os::system_env.boot_time_us())));
    const auto done = unpack_archive(archive_path, fresh.path());
    if (!done) {
        return done.error();
    }
    const std::string target = join_path(homes.write, full);
    auto placed = detail::replace_tree(fresh.path(), target);
    if (!placed) {
        return std::move(placed).error();
    }
    return installed_package{std::move(identity->first), std::move(identity->second), target};
}

inline result<installed_package> install_name(std::string_view wanted, const std::string& index,
                                              const package_homes& homes,
                                              const fetch_function& fetch) {
    auto made = os::make_temp_directory("guild-install-");
    if (!made) {
        return std::move(made).error();
    }
    const os::temporary scratch(std::move(*made));
    const auto text = detail::load_index(index, scratch.path(), fetch);
    if (!text) {
        return text.error();
    }
    auto entries = parse_index(*text);
    if (!entries) {
        entries.error().path = join_path(index, index_file_name);
        return std::move(entries).error();
    }
    const auto entry = find_entry(*entries, wanted);
    if (!entry) {
        return make_error(errc::not_found, "no package " + std::string(wanted) + " in this index",
                          index);
    }
    std::string path = join_path(index, entry->file);
    if (detail::is_url(index)) {
        const std::string copy = join_path(scratch.path(), entry->file);
        auto fetched = fetch(path, copy, entry->sha256);
        if (!fetched) {
            return std::move(fetched).error();
        }
        path = copy;
    }
    const auto digest = get_file_digest(path);
    if (!digest) {
        return digest.error();
    }
    if (digest->sha256 != entry->sha256) {
        return make_error(errc::bad_checksum,
                          "expected the sha256 " + entry->sha256 + ", saw " + digest->sha256, path);
    }
    return install_file(path, homes);
}

inline result<void> uninstall(std::string_view wanted, const package_homes& homes) {
    const auto all = list_installed(homes);
    if (!all) {
        return all.error();
    }
    const installed_package* found = nullptr;
    std::string versions;
    int count = 0;
    for (const installed_package& each : *all) {
        if (base_name(each.path) == wanted) {
            return os::remove_tree(each.path);
        }
        if (each.name == wanted) {
            found = &each;
            versions += ' ' + base_name(each.path);
            ++count;
        }
    }
    if (count == 0) {
        return make_error(errc::not_found,
                          std::string(wanted) + " does not appear to be an installed package");
    }
    return count == 1 ? os::remove_tree(found->path)
                      : make_error(errc::bad_value,
                                   "several versions are installed, name one of:" + versions);
}

}}}  // namespace guild::package
