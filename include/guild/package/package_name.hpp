// guild/package/package_name.hpp - which names and versions a package may have, so that
// NAME-VERSION names a file and nothing else.
//
// Layer 4. Includes: base.
// Not here: how names should look (warnings about GuildPkg); which of two versions is newer
// (package/version_order.hpp).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What is wrong with the name or version of a package, or with one component of a path below
/// srcdir; empty: nothing. They become names of files, so `/`, `..`, control characters and a
/// leading `-` or `.` are refused.
///
/// example  tests/package/source.cpp "file name problem: slashes, dots, dashes and control bytes"
[[nodiscard]] std::string find_name_problem(std::string_view name);

/// Whether archives and directories can be named after a package.
///
/// errors   bad_value: what find_name_problem says of either
/// example  tests/package/package_name.cpp "package name: what leads elsewhere is refused"
[[nodiscard]] result<void> check_package_name(std::string_view name, std::string_view version);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace detail

inline std::string find_name_problem(std::string_view name) {
    constexpr std::size_t most = 100;  // NAME-VERSION.pkg.tar.xz fits any file system
    if (name.empty()) {
        return "seen nothing";
    }
    if (name.size() > most) {
        return "seen " + std::to_string(name.size()) + " bytes, at most " + std::to_string(most);
    }
    if (name.front() == '-' || name.front() == '.') {
        return std::string("seen `") + name.front() + "` at its start";
    }
    if (contains(name, "..")) {
        return "seen `..`";
    }
    for (const char c : name) {
        if (detail::is_control(c)) {
            return "seen a control character";
        }
        const bool is_fine = is_letter(c) || is_digit(c) || contains("._+~@-", {&c, 1});
        if (!is_fine && static_cast<unsigned char>(c) < 0x80) {
            return std::string("seen `") + c + "`";
        }
        if (!is_fine) {
            return "seen a byte that is not ASCII";
        }
    }
    return {};
}

inline result<void> check_package_name(std::string_view name, std::string_view version) {
    for (const auto& [what, word] : {std::pair("name", name), std::pair("version", version)}) {
        const std::string problem = find_name_problem(word);
        if (!problem.empty()) {
            return make_error(errc::bad_value, std::string("expected a package's ") + what +
                                                   " of letters, digits and `._+~@-`, " + problem);
        }
    }
    return {};
}

}}}  // namespace guild::package
