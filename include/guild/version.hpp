// guild/version.hpp - the version of this copy of guild, for programs and for build files.
//
// Layer 0. Includes: nothing.
// Not here: what changed between versions (CHANGELOG.md).
//
// Semantic versioning. The inline namespace is `v0` while the major version is 0.
#pragma once

#define GUILD_VERSION_MAJOR 0
#define GUILD_VERSION_MINOR 1
#define GUILD_VERSION_PATCH 0

namespace guild { inline namespace v0 {

/// The version as text, for example for `--version` and for the headers of files that guild writes.
inline constexpr const char* version = "0.1.0";

}}  // namespace guild
