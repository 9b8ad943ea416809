// tests/support/effort.hpp - how much of a long test a build can afford.
#pragma once

#include <cstddef>

namespace guild_test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

/// One of so many cases of a test that tries all is enough under a sanitizer, which is slow and
/// looks for something else.
inline constexpr std::size_t stride = is_sanitized ? 13 : 1;

}  // namespace guild_test
