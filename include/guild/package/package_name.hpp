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

/// Whether archives and directories can be named after a package.
///
/// errors   bad_value: empty, longer than 100 bytes, begins with "." or "-", or holds something
///          else than letters, digits and . _ + - ~
/// example  tests/package/package_name.cpp "package name: what leads elsewhere is refused"
[[nodiscard]] result<void> check_package_name(std::string_view name, std::string_view version);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline result<void> check_word(std::string_view word, const char* what) {
    const auto refuse = [&](const char* why) {
        return make_error(errc::bad_value, std::string("the package's ") + what + ' ' + why);
    };
    if (word.empty()) {
        return refuse("is empty");
    }
    if (word.size() > 100) {
        return refuse("has more than 100 bytes");
    }
    if (word.front() == '.' || word.front() == '-') {
        return refuse("begins with \".\" or \"-\"");
    }
    for (const char c : word) {
        if (!is_letter(c) && !is_digit(c) &&
            std::string_view("._+-~").find(c) == std::string_view::npos) {
            return refuse("holds something else than letters, digits and . _ + - ~");
        }
    }
    return {};
}

}  // namespace detail

inline result<void> check_package_name(std::string_view name, std::string_view version) {
    auto good = detail::check_word(name, "name");
    return good ? detail::check_word(version, "version") : std::move(good);
}

}}}  // namespace guild::package
