#!/bin/sh
# Makes a Python environment with packages of requirements.txt: python_env.sh BUILD_DIR PACKAGE...
#
# Prints the path of its python; use that and `-m`, not the programs beside it. It lies below BUILD_DIR/python, one for
# each list of packages, set of versions and python3, so that the second call does nothing, and is put in place whole, so
# that calls side by side and calls cut short do no harm. Exit 77, with one line that says why: it cannot be made here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
versions=$here/requirements.txt
if [ $# -lt 2 ]; then
    echo "usage: python_env.sh BUILD_DIR PACKAGE..." >&2
    exit 2
fi
mkdir -p "$1/python"
root=$(cd "$1/python" && pwd)
shift

skip() {
    echo "python_env.sh: $1" >&2
    exit 77
}

for package; do
    if ! grep -q -i "^$package==" "$versions"; then
        echo "python_env.sh: expected a package of requirements.txt, found '$package'" >&2
        exit 2
    fi
done

identity=$(python3 -c 'import sys; print(sys.executable, sys.version)' 2>/dev/null) || skip "no python3"
packages=$(printf '%s\n' "$@" | sort -u)
key=$(printf '%s\n' "$identity" "$packages" | cat - "$versions" | cksum | cut -d ' ' -f 1)
env=$root/$key
if [ ! -x "$env/bin/python" ]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || skip "python3 has no venv (Debian: package python3-venv)"
    fresh=$root/$key.$$
    log=$root/$key.$$.log
    trap 'rm -rf "$fresh"' EXIT
    trap 'exit 130' HUP INT TERM
    python3 -m venv "$fresh" >"$log" 2>&1 || skip "python3 -m venv failed (see $log)"
    # Wheels alone: a build from source would want compilers and hide that a version does not fit this Python.
    # shellcheck disable=SC2086 # a list of names
    "$fresh/bin/python" -m pip install -q --disable-pip-version-check --no-input --retries 1 --only-binary :all: \
        --constraint "$versions" $packages >>"$log" 2>&1 </dev/null ||
        skip "PyPI cannot be reached, or has no such versions for this Python (see $log)"
    # Not mv: where another call was faster it would put ours inside the other's.
    python3 -c 'import os, sys; os.rename(sys.argv[1], sys.argv[2])' "$fresh" "$env" 2>/dev/null ||
        [ -x "$env/bin/python" ] || skip "cannot rename $fresh to $env"
    rm -f "$log"
fi
echo "$env/bin/python"
