#!/bin/sh
# Installs what is missing on this machine: deps.sh [--demo | --test | --all]
#
#   --demo  what building and running the guild program and the trainers needs
#   --test  that, and what scripts/test.sh needs (the default)
#   --all   that, and what scripts/test.sh --all needs: more compilers, foreign machines, Meson, a browser, a locale,
#           Prometheus' checker; SQLite and wrk for benchmarks
#
# Knows apt, dnf, pacman and brew. Asks for nothing that is there already, and so is quick the second time. Without
# root it uses sudo; without sudo it says what to install.
set -eu
cd "$(dirname "$0")/.."
level=${1:---test}

# ---- what is needed, by package manager ------------------------------------------------------------

apt_demo="ca-certificates cmake g++ ninja-build pkg-config nlohmann-json3-dev libtomlplusplus-dev libcpp-httplib-dev
          libcli11-dev curl gzip python3"
apt_test="doctest-dev ccache procps bash xz-utils zstd bzip2 git patch diffutils findutils tar"
apt_all="clang-14 clang-19 libclang-rt-14-dev libclang-rt-19-dev meson chromium nodejs npm locales tzdata
         g++-arm-linux-gnueabihf g++-s390x-linux-gnu g++-aarch64-linux-gnu qemu-user
         python3-venv libsqlite3-dev prometheus wrk"
dnf_demo="cmake gcc-c++ ninja-build pkgconf-pkg-config json-devel tomlplusplus-devel cpp-httplib-devel cli11-devel curl
          gzip python3"
dnf_test="doctest-devel ccache procps-ng bash xz zstd bzip2 git patch diffutils findutils tar"
dnf_all="clang compiler-rt meson chromium nodejs npm glibc-langpack-de sqlite-devel"
pacman_demo="cmake gcc ninja pkgconf nlohmann-json tomlplusplus cpp-httplib cli11 curl gzip python"
pacman_test="doctest ccache procps-ng bash xz zstd bzip2 git patch diffutils findutils tar"
pacman_all="clang compiler-rt meson chromium nodejs npm sqlite"
brew_demo="cmake ninja pkg-config nlohmann-json tomlplusplus cpp-httplib cli11"
brew_test="doctest ccache bash xz zstd git gpatch"
brew_all="llvm meson node sqlite"

packages_of() { # packages_of MANAGER
    eval "echo \$$1_demo"
    case $level in --test | --all) eval "echo \$$1_test" ;; esac
    case $level in --all) eval "echo \$$1_all" ;; esac
}

# ---- one manager each: which packages are missing, and how they are installed ----------------------

missing_apt() {
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}
missing_dnf() { for package; do rpm -q --whatprovides "$package" >/dev/null 2>&1 || echo "$package"; done; }
missing_pacman() { for package; do pacman -Qi "$package" >/dev/null 2>&1 || echo "$package"; done; }
missing_brew() { for package; do brew list "$package" >/dev/null 2>&1 || echo "$package"; done; }

# A tool that is there without its package (built by hand, or from elsewhere) is not installed again.
leave_out_tools() {
    for package; do
        case $package in
            python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null || echo "$package" ;;
            nodejs) command -v node >/dev/null 2>&1 || echo "$package" ;;
            prometheus) command -v promtool >/dev/null 2>&1 || echo "$package" ;;
            cmake | npm | meson | ccache | git | curl | python3 | bash | patch | tar | wrk) command -v "$package" >/dev/null 2>&1 || echo "$package" ;;
            *) echo "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_apt() {
    as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}
install_dnf() { as_root dnf install -y "$@"; }
install_pacman() { as_root pacman -Sy --needed --noconfirm "$@"; }
install_brew() { brew install "$@"; }

manager=
for candidate in apt:apt-get dnf:dnf pacman:pacman brew:brew; do
    if [ -z "$manager" ] && command -v "${candidate#*:}" >/dev/null 2>&1; then
        manager=${candidate%%:*}
    fi
done
if [ -z "$manager" ]; then
    echo "deps.sh: no apt, dnf, pacman or brew here; please install:" $(packages_of apt) "(names of Debian 12)" >&2
    exit 1
fi

missing=$(leave_out_tools $("missing_$manager" $(packages_of "$manager")))
if [ -n "$missing" ] && [ "$(id -u)" != 0 ] && [ "$manager" != brew ] && ! command -v sudo >/dev/null 2>&1; then
    echo "deps.sh: neither root nor sudo here; please have these installed:" $missing >&2
    exit 1
fi
if [ -n "$missing" ]; then
    mkdir -p build
    echo "deps.sh: installing" $missing "(what the package manager says: build/deps.log)"
    if ! "install_$manager" $missing >build/deps.log 2>&1; then
        tail -n 15 build/deps.log
        # Older or newer releases lack a package: the others are still wanted; CMake says what it leaves out.
        [ "$level" = --all ] && exit 1
        for package in $missing; do
            "install_$manager" "$package" || echo "deps.sh: $package is not to be had here" >&2
        done
    fi
fi

# ---- what no package brings: under build/, nothing of the machine is changed -----------------------

if [ "$level" = --all ]; then
    if [ ! -d build/locale/de_DE.utf8 ]; then
        mkdir -p build/locale
        localedef --no-archive -i de_DE -f UTF-8 build/locale/de_DE.utf8
    fi
fi
