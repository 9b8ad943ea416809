// guild/package/skeleton.hpp - the two files that `guild init --package` writes.
//
// Layer 4. Includes: the standard library only.
// Not here: writing them; what they mean (package/package.hpp, package/build.hpp).
#pragma once

#include <string_view>

namespace guild { inline namespace v0 { namespace package {

/// A GuildPkg file to be filled in, with explanations.
///
/// example  tests/package/skeleton.cpp "skeleton: GuildPkg is filled in by replacing three words"
inline constexpr std::string_view guildpkg_skeleton = R"guild(#-*-conf-*-

# This is a Guild package definition. It says what the package is called, which
# sources it is made of, and how. `guild package` builds it.
#
# A line that starts with `#` or `;` is a comment; there are none at the end of
# a line. A value goes on in the next line after a final `\`.

[package]

  # Short terms joined by `-`. The name of a source package ends in `-src`, that
  # of a trained model in `+` and its dataset: inception-v1+cifar10.
  #
  name = NAME

  # Becomes part of the archive's name: NAME-VERSION.pkg.tar.xz.
  #
  version = VERSION

  # One or more sources, separated by blanks. Each is one of
  #
  #   https://github.com/OWNER/REPO/tree/REF/PATH   a directory of a repository
  #   git+URL#tag=NAME                              a repository; also commit=ID
  #                                                 and branch=NAME
  #   https://HOST/FILE                             a file, or an archive, which
  #                                                 is unpacked
  #   FILE                                          a file or directory beside
  #                                                 this one
  #
  # and stands below $srcdir then; OTHER-NAME::SOURCE says under which name.
  #
  source = SOURCE-1 SOURCE-2

  # One sha256 for each source, in the same order; SKIP for those without one.
  #
  # sha256 = SKIP SKIP

  # A bash script that prepares, builds and packages the sources. Without this
  # line the package holds the sources as they are.
  #
  packager = packager

# Where to read more about the package.
#
[references]

  # arxiv = https://arxiv.org/abs/NUMBER
  # github = https://github.com/OWNER/REPO
)guild";

/// A packager that says what is to be done in it.
///
/// example  tests/package/skeleton.cpp "skeleton: the packager prints what is to be done"
inline constexpr std::string_view packager_skeleton = R"guild(# -*-sh-*-

# This is a Guild packager, a bash script. `guild package` runs those of the
# steps prepare, build, check and package that it defines, in this order, each
# in $srcdir. A command that fails ends the build.
#
#   $srcdir          the sources, as they were fetched
#   $pkgdir          what the package will hold; empty at first
#   $package_name    and so on: what [package] of GuildPkg says

build() {
    echo "TODO Perform any build steps here"
}

package() {
    echo "TODO Copy packages here"
}
)guild";

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::package
