#!/bin/sh
# current_releases.sh BUILD_DIR - compile everything that meets a third-party header against the newest
# releases that Debian carries (its unstable suite), beside the installed ones that the other tests use, and
# run the server's tests with the newest cpp-httplib.
#
# Nothing is installed: the -dev packages are unpacked below BUILD_DIR. Exit 77: not on Debian, or the suite
# cannot be reached (the caller says so and goes on).
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=${1:?usage: current_releases.sh BUILD_DIR}
mkdir -p "$dir/lists/partial" "$dir/deb" "$dir/tree"
dir=$(cd "$dir" && pwd)

command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 77
mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ')
[ -n "$mirror" ] || exit 77
keys=/usr/share/keyrings/debian-archive-keyring.gpg
printf '%s\n' "deb [signed-by=$keys] $mirror sid main" "deb-src [signed-by=$keys] $mirror sid main" >"$dir/sid.list"
apt="apt-get -q -o Dir::Etc::SourceList=$dir/sid.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$dir/lists"

if ! ls "$dir"/tree/usr/include/httplib.h "$dir"/httplib/httplib.h >/dev/null 2>&1; then
    $apt update >"$dir/apt.log" 2>&1 || exit 77
    (cd "$dir/deb" && $apt download libcpp-httplib-dev libtomlplusplus-dev nlohmann-json3-dev doctest-dev \
        libcli11-dev libzstd-dev >>"$dir/apt.log" 2>&1) || exit 77
    for package in "$dir"/deb/*.deb; do dpkg -x "$package" "$dir/tree"; done
    # The package splits a part off into a library for newer systems; its source is one header.
    (cd "$dir/deb" && $apt source --download-only cpp-httplib >>"$dir/apt.log" 2>&1) || exit 77
    mkdir -p "$dir/httplib"
    tar -xf "$(ls "$dir"/deb/cpp-httplib_*.orig.tar.* | head -n 1)" -C "$dir/httplib" --strip-components=1
fi
PKG_CONFIG_LIBDIR=$(echo "$dir"/tree/usr/lib/*/pkgconfig) PKG_CONFIG_SYSROOT_DIR=$dir/tree
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
httplib_flags=$(sed -n 's/^Cflags: -I[^ ]*//p' "$PKG_CONFIG_LIBDIR/cpp-httplib.pc")

failed=0
for file in include/guild/json.hpp include/guild/toml.hpp include/guild/viewer.hpp examples/guild/cli.cpp tests/json.cpp \
    tests/toml.cpp tests/viewer/server.cpp; do
    flags=; case $file in *viewer*) flags=$httplib_flags;; esac
    # shellcheck disable=SC2086
    if ${CXX:-g++} -std=c++17 -fsyntax-only -Wall -Wextra -x c++ -Wno-pragma-once-outside-header $flags \
        -isystem "$dir/tree/usr/include" -I"$here/include" -I"$here/tests" \
        -DGUILD_TEST_DATA='""' -DGUILD_SOURCE_DIR='""' -DGUILD_SHARED_DATA='""' "$here/$file" 2>"$dir/errors.txt"; then
        echo "ok: $file"
    else
        failed=1
        echo "failed: $file"
        head -n 20 "$dir/errors.txt"
    fi
done
# The server is also run with the newest release.
set --
for name in http protocol request_head server worker_pool; do set -- "$@" "$here/tests/viewer/$name.cpp"; done
if ${CXX:-g++} -std=c++17 -O0 -isystem "$dir/httplib" -isystem "$dir/tree/usr/include" -I"$here/include" -I"$here/tests" \
    "$here/tests/main.cpp" "$@" -o "$dir/viewer_tests" -pthread 2>"$dir/errors.txt" && "$dir/viewer_tests"; then
    echo "ok: the server's tests with cpp-httplib $(sed -n 's/.*CPPHTTPLIB_VERSION "\(.*\)"/\1/p' "$dir/httplib/httplib.h")"
else
    failed=1
    echo "failed: the server's tests"
    head -n 20 "$dir/errors.txt"
fi
echo "with: $(ls "$dir/deb" | tr '\n' ' ')"
exit $failed
