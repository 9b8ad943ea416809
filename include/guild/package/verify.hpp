// guild/package/verify.hpp - compares a package's archive with the buildinfo beside it.
//
// Layer 4. Includes: archive/tar_reader.hpp, package/buildinfo.hpp, package/filter.hpp.
// Not here: writing the two (package/pack.hpp).
#pragma once

#include <optional>
#include <string>

#include <guild/base/result.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What comparing found. The identity decides; how the tar inside was compressed does not.
struct verification {
    std::string tar_sha256;                  // of the archive as it is
    std::string archive_sha256;              // the same
    std::optional<std::string> difference;   // empty: identical. Else which member comes first, how
    bool is_compressed_differently = false;  // the same tar inside another .xz
};

/// Reads an archive and compares it with NAME-VERSION.buildinfo in its directory.
///
/// errors   not_found: the archive or its buildinfo; bad_value: no name of a package's archive;
///          bad_syntax: the buildinfo, at its line; those of reading an archive
/// example  tests/package/verify.cpp "verify: the first member that differs is named"
[[nodiscard]] result<verification> verify(const std::string& archive_path);

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
