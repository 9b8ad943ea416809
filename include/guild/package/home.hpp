// guild/package/home.hpp - where installed packages are, which there are, and the newest of a name.
//
// Layer 4. Includes: base, ini, os, package/version_order.hpp.
// Not here: putting them there and removing them (package/install.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/package/package.hpp>
#include <guild/package/version_order.hpp>

namespace guild { inline namespace v0 { namespace package {

/// The directories of installed packages: `write` for new ones, `read` in the order in which they
/// are searched, `write` among them.
struct package_homes {
    std::string write;
    std::vector<std::string> read;
};

/// $PKGHOME alone where it is set; else guild/pkg in the user's data directory ($XDG_DATA_HOME, or
/// ~/.local/share), and behind it ~/.guild/pkg, where packages were kept formerly.
///
/// in       environment: the variables to go by
/// errors   bad_value: neither PKGHOME, XDG_DATA_HOME nor HOME says where
/// example  tests/package/home.cpp "homes: PKGHOME, the data directory, and the old place"
[[nodiscard]] result<package_homes> find_package_homes(const os::variables& environment);

/// The same by the variables of this process.
///
/// errors   as above
[[nodiscard]] result<package_homes> find_package_homes();

/// Where `$PKGHOME` of a project's commands leads: the first home that exists, or else the one for
/// new packages.
///
/// example  tests/package/home.cpp "homes: PKGHOME, the data directory, and the old place"
[[nodiscard]] std::string get_used_home(const package_homes& homes);

/// One installed package.
struct installed_package {
    std::string name;
    std::string version;
    std::string path;
};

/// The name and version that a package's definition says.
///
/// errors   those of reading a GuildPkg; bad_value: a name or version that names no file
/// example  tests/package/home.cpp "identity: name and version of a definition"
[[nodiscard]] result<std::pair<std::string, std::string>> get_identity(std::string definition_text,
                                                                       const std::string& path);

/// The package at `path`, a directory NAME-VERSION; empty when it is none. Its .GuildPkg says what
/// is name and what is version; without one, the version is what follows the first "-" before a
/// digit.
[[nodiscard]] std::optional<installed_package> find_package_at(const std::string& path);

/// All installed packages, by name, older versions first; of the same in two homes the one that is
/// found first.
///
/// errors   those of listing; a home that does not exist is empty
/// example  tests/package/home.cpp "installed packages: versions are in their order"
[[nodiscard]] result<std::vector<installed_package>> list_installed(const package_homes& homes);

/// The package called `wanted`: NAME-VERSION exactly, or else the newest whose name is NAME.
///
/// errors   those of list_installed
/// example  tests/package/home.cpp "find installed: foo is not foo-bar, and 1.10 is newest"
[[nodiscard]] result<std::optional<installed_package>> find_installed(const package_homes& homes,
                                                                      std::string_view wanted);

// ---- implementation ---------------------------------------------------------

inline result<package_homes> find_package_homes(const os::variables& environment) {
    const auto get = [&](const char* name) {
        return os::find_variable(environment, name).value_or("");
    };
    package_homes homes;
    homes.write = get("PKGHOME");
    if (!homes.write.empty()) {
        homes.read = {homes.write};
        return homes;
    }
    const std::string home = get("HOME");
    const std::string data = get("XDG_DATA_HOME");
    if (is_absolute(data)) {  // a relative one is to be ignored, says its specification
        homes.write = join_path(data, "guild/pkg");
    } else if (!home.empty()) {
        homes.write = join_path(home, ".local/share/guild/pkg");
    } else {
        return make_error(errc::bad_value,
                          "expected PKGHOME, XDG_DATA_HOME or HOME in the environment");
    }
    homes.read = {homes.write};
    if (!home.empty()) {
        homes.read.push_back(join_path(home, ".guild/pkg"));
    }
    return homes;
}

inline result<package_homes> find_package_homes() {
    return find_package_homes(os::current_environment());
}

inline std::string get_used_home(const package_homes& homes) {
    for (const std::string& home : homes.read) {
        if (os::is_directory(home)) {
            return home;
        }
    }
    return homes.write;
}

inline result<std::pair<std::string, std::string>> get_identity(std::string definition_text,
                                                                const std::string& path) {
    const definition_report report =
        parse_definition(std::move(definition_text), parent_path(path), path);
    if (!report.value) {
        return report.failure.value_or(make_error(errc::bad_syntax, "no definition", path));
    }
    return std::make_pair(report.value->name.text, report.value->version.text);
}

inline std::optional<installed_package> find_package_at(const std::string& path) {
    const std::string full = base_name(path);
    if (full.empty() || full.front() == '.' || !os::is_directory(path)) {
        return std::nullopt;
    }
    auto text = os::load_file(join_path(path, ".GuildPkg"), std::uint64_t{1} << 20U);
    if (text) {
        auto identity = get_identity(std::move(*text), join_path(path, ".GuildPkg"));
        if (identity && full == identity->first + '-' + identity->second) {
            return installed_package{std::move(identity->first), std::move(identity->second), path};
        }
    }
    for (std::size_t at = full.find('-'); at != std::string::npos; at = full.find('-', at + 1)) {
        if (at != 0 && at + 1 < full.size() && is_digit(full[at + 1])) {
            return installed_package{full.substr(0, at), full.substr(at + 1), path};
        }
    }
    return installed_package{full, "", path};
}

inline result<std::vector<installed_package>> list_installed(const package_homes& homes) {
    std::vector<installed_package> all;
    for (const std::string& home : homes.read) {
        const auto entries = os::list_directory(home);
        if (!entries && entries.error().code == errc::not_found) {
            continue;
        }
        if (!entries) {
            return entries.error();
        }
        for (const os::dir_entry& entry : *entries) {
            auto found = find_package_at(join_path(home, entry.name));
            const bool is_new =
                found && std::none_of(all.begin(), all.end(), [&](const installed_package& each) {
                    return base_name(each.path) == entry.name;
                });
            if (is_new) {
                all.push_back(std::move(*found));
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const installed_package& a, const installed_package& b) {
        return a.name != b.name ? a.name < b.name : compare_versions(a.version, b.version) < 0;
    });
    return all;
}

inline result<std::optional<installed_package>> find_installed(const package_homes& homes,
                                                               std::string_view wanted) {
    auto all = list_installed(homes);
    if (!all) {
        return std::move(all).error();
    }
    std::optional<installed_package> newest;
    for (installed_package& each : *all) {
        if (base_name(each.path) == wanted) {
            return std::optional<installed_package>(std::move(each));
        }
        if (each.name == wanted) {
            newest = std::move(each);  // the list has older ones first
        }
    }
    return newest;
}

}}}  // namespace guild::package
