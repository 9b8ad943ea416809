// guild/base/path.hpp - file names as text: join, base name, parent, extension, normal form.
//
// Layer 1. Includes: the standard library only.
// Not here: anything that asks the file system (os/file.hpp).
//
// Paths are strings of bytes with '/' between components; nothing here knows what exists.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace guild { inline namespace v0 {

/// Whether `path` starts at the root.
[[nodiscard]] constexpr bool is_absolute(std::string_view path) noexcept {
    return !path.empty() && path.front() == '/';
}

/// `name` below `directory`; `name` itself if it is absolute or `directory` is empty.
///
/// example  tests/base/path.cpp "join_path: one slash between the parts"
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);

/// The last component of `path`, trailing slashes ignored; empty for the root and an empty path.
[[nodiscard]] std::string base_name(std::string_view path);

/// Everything before the last component: "." if there is nothing, "/" for what stands in the root.
[[nodiscard]] std::string parent_path(std::string_view path);

/// From the last dot of the last component on, dot included; empty without one or for ".name".
[[nodiscard]] std::string file_extension(std::string_view path);

/// `path` without empty and "." components and without "name/.."; "." if nothing is left.
///
/// Symbolic links are not looked at, so the result may name another file when "name" is one.
[[nodiscard]] std::string normalize_path(std::string_view path);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string_view without_trailing_slashes(std::string_view path) noexcept {
    while (path.size() > 1 && path.back() == '/') {
        path.remove_suffix(1);
    }
    return path;
}

}  // namespace detail

inline std::string join_path(std::string_view directory, std::string_view name) {
    if (directory.empty() || is_absolute(name)) {
        return std::string(name);
    }
    std::string path(directory);
    if (path.back() != '/') {
        path += '/';
    }
    return path.append(name);
}

inline std::string base_name(std::string_view path) {
    path = detail::without_trailing_slashes(path);
    const std::size_t slash = path.rfind('/');
    return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

inline std::string parent_path(std::string_view path) {
    path = detail::without_trailing_slashes(path);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return ".";
    }
    return slash == 0 ? "/" : std::string(detail::without_trailing_slashes(path.substr(0, slash)));
}

inline std::string file_extension(std::string_view path) {
    const std::string name = base_name(path);
    const std::size_t dot = name.rfind('.');
    return dot == std::string::npos || dot == 0 ? std::string() : name.substr(dot);
}

inline std::string normalize_path(std::string_view path) {
    const bool absolute = is_absolute(path);
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (part.empty() || part == ".") {
            continue;
        }
        const bool can_go_up = !parts.empty() && parts.back() != "..";
        if (part == ".." && can_go_up) {
            parts.pop_back();
        } else if (part != ".." || !absolute) {
            parts.push_back(part);
        }
    }
    std::string out = absolute ? "/" : "";
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out += i == 0 ? "" : "/";
        out += parts[i];
    }
    return out.empty() ? "." : out;
}

}}  // namespace guild
