// guild/package/mirror.hpp - other places to fetch from: [mirror "PREFIX"] of the user's
// config.toml.
//
// Layer 4. Includes: base, ini, os.
// Not here: TOML itself (toml.hpp); fetching (package/fetch.hpp).
//
//   [mirror."https://github.com/"]
//   url = "https://git.example.org/github/"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/expand.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/package/source.hpp>

namespace guild { inline namespace v0 { namespace package {

/// URLs that begin with `prefix` are fetched from `url` and the rest of them instead.
struct mirror {
    std::string prefix;
    std::string url;
};

/// `url` as it is to be fetched: of the mirrors whose prefix it has, that of the longest.
///
/// example  tests/package/mirror.cpp "apply_mirrors: the longest prefix wins, once"
[[nodiscard]] std::string apply_mirrors(std::string_view url, const std::vector<mirror>& mirrors);

/// The mirrors of a configuration's sections.
///
/// errors   bad_value: no `url`, or one that is no URL; with line and column
/// example  tests/package/mirror.cpp "list_mirrors: a section without url is an error at its place"
[[nodiscard]] result<std::vector<mirror>> list_mirrors(const std::vector<ini::section>& sections);

/// As toml::read_project.
using config_reader = ini::expansion (*)(std::string_view text, const std::string& path,
                                         const std::vector<ini::section>& included);

/// The mirrors of a configuration file; none if there is no such file.
///
/// errors   bad_syntax and the like, with line and column; those of the operating system
/// example  tests/package/mirror.cpp "load_mirrors: no file means no mirrors"
[[nodiscard]] result<std::vector<mirror>> load_mirrors(const std::string& path,
                                                       config_reader read_toml);

/// Where the user's config.toml is: $XDG_CONFIG_HOME/guild or ~/.config/guild; none without a home.
///
/// example  tests/package/mirror.cpp "config path: XDG_CONFIG_HOME, else HOME"
[[nodiscard]] std::optional<std::string> find_config_path(const os::variables& environment);

// ---- implementation ---------------------------------------------------------

inline std::string apply_mirrors(std::string_view url, const std::vector<mirror>& mirrors) {
    const mirror* best = nullptr;
    for (const mirror& each : mirrors) {
        const bool is_longer = best == nullptr || each.prefix.size() > best->prefix.size();
        if (!each.prefix.empty() && starts_with(url, each.prefix) && is_longer) {
            best = &each;
        }
    }
    return best == nullptr ? std::string(url)
                           : best->url + std::string(url.substr(best->prefix.size()));
}

inline result<std::vector<mirror>> list_mirrors(const std::vector<ini::section>& sections) {
    std::vector<mirror> mirrors;
    for (const ini::section& each : sections) {
        if (each.kind() != "mirror") {
            continue;
        }
        const ini::attribute* url = each.find_attribute("url");
        if (each.name().empty() || url == nullptr) {
            return make_error(errc::bad_value, "expected [mirror \"PREFIX\"] with `url = URL`",
                              each.from.path, each.from.where);
        }
        if (url_scheme(url->value).empty()) {
            return make_error(errc::bad_value, "expected a URL, seen `" + url->value + "`",
                              url->from.path, url->from.where);
        }
        mirrors.push_back({each.name(), url->value});
    }
    return mirrors;
}

inline result<std::vector<mirror>> load_mirrors(const std::string& path, config_reader read_toml) {
    if (!os::find_status(path)) {
        return std::vector<mirror>{};
    }
    const auto text = os::load_file(path, ini::max_file_bytes);
    if (!text) {
        return text.error();
    }
    const ini::expansion read = read_toml(*text, path, {});
    for (const ini::diagnostic& each : read.diagnostics) {
        if (each.sev == ini::severity::error) {
            return each.what;
        }
    }
    return list_mirrors(read.sections);
}

inline std::optional<std::string> find_config_path(const os::variables& environment) {
    const auto own = os::find_variable(environment, "XDG_CONFIG_HOME");
    if (own && is_absolute(*own)) {
        return join_path(*own, "guild/config.toml");
    }
    const auto home = os::find_variable(environment, "HOME");
    if (!home || home->empty()) {
        return std::nullopt;
    }
    return join_path(*home, ".config/guild/config.toml");
}

}}}  // namespace guild::package
