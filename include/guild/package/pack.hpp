// guild/package/pack.hpp - writes NAME-VERSION.pkg.tar.xz and NAME-VERSION.buildinfo: same input,
// same bytes.
//
// Layer 4. Includes: archive/tree.hpp, package/buildinfo.hpp, package/filter.hpp.
// Not here: what is packed and who builds it; checking an archive again (package/verify.hpp).
//
// Nothing of the machine is in the archive: members are sorted by name, their time is one given,
// owner and group are 0, modes are u+rwX,go+rX,go-w. The identity of a package is the sha256 of the
// tar inside: xz releases may compress differently.
#pragma once

#include <cstdint>
#include <string>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>

namespace guild { inline namespace v0 { namespace package {

/// 1980-01-01 UTC: the earliest that a zip file, and so a Python wheel, can hold.
inline constexpr std::int64_t default_member_time_s = 315532800;

/// What is packed, and where to.
///
/// units    time_s: seconds since 1970-01-01 UTC
struct pack_request {
    std::string name;
    std::string version;
    std::string pkgdir;                           // what it holds is what the archive holds
    std::string guildpkg_path;                    // goes in as ./.GuildPkg
    std::string directory;                        // where the archive and its buildinfo are written
    std::int64_t time_s = default_member_time_s;  // SOURCE_DATE_EPOCH, where the caller has one
};

/// What was written.
struct packed {
    std::string archive_path;
    std::string buildinfo_path;
    std::string tar_sha256;  // the package's identity, in hex
    std::string archive_sha256;
    std::uint64_t tar_bytes = 0;
    std::uint64_t archive_bytes = 0;
    std::uint64_t members = 0;
};

/// The name of a package's archive: NAME-VERSION.pkg.tar.xz.
[[nodiscard]] std::string archive_name(const std::string& name, const std::string& version);

/// The name of what is written beside an archive: NAME-VERSION.buildinfo.
[[nodiscard]] std::string buildinfo_name(const std::string& name, const std::string& version);

/// Packs a directory. Both files appear under their names when they are complete and on disk.
///
/// errors   bad_value: a file of pkgdir that may not be packed (socket, control characters in its
///          name, a link that leads outside, .git, twins in lower case), path = that file; a name
///          or version with "/" and the like; missing_requirement: no xz; no_space and the others
///          of files: the former archive, if any, is left as it was
/// example  tests/package/pack.cpp "pack: an empty package holds ./ and ./.GuildPkg alone"
[[nodiscard]] result<packed> pack(const pack_request& request,
                                  const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
