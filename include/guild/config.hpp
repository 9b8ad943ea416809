// guild/config.hpp - what differs between compilers, named once.
//
// Layer 0. Includes: <cassert> alone.
// Not here: the version (version.hpp); what would change a type or a default: no macro does.
//
// Public macro: GUILD_ASSERT(condition). Define it before the first guild header to replace
// assert(). It guards against programming errors only, never against input.
#pragma once

#include <cassert>

#ifndef GUILD_ASSERT
#define GUILD_ASSERT(condition) assert(condition)
#endif

namespace guild { inline namespace v0 { namespace detail {

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
inline constexpr bool exceptions_on = true;
#else
inline constexpr bool exceptions_on = false;
#endif

/// static_cast for types of the system (off_t, mode_t), which are another type on another platform.
template <class To, class From>
[[nodiscard]] constexpr To convert(From value) noexcept {
    return static_cast<To>(value);
}

}}}  // namespace guild::detail
