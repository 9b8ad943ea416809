#!/usr/bin/env python3
"""One package built twice, on as different machines as one machine can play: the archives are the same, byte for byte.

    reproducible.py GUILD

The second build has a longer directory, another user (when this runs as root), umask, TZ and LANG, a clock 400 days ahead,
directories read backwards, files that were made in reversed order, and one processor instead of all. Needs Python 3.8, git, tar
and xz; what the machine cannot play (no C compiler, no taskset, not root, a sanitizer in guild) is left out, with a line.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from stand_in import ROOT, Console, check, finish, make_remote, need

GUILDPKG = """\
[package]
  name = mixed-src
  version = 1.0
  source = https://github.com/tensorflow/tensorflow/tree/v1.2.0/tensorflow/examples/tutorials/mnist tree data.tar.gz
  packager = packager
"""

PACKAGER = """\
build() {
    date >built-at
    sort tree/* | sha256sum >sum
}
check() {
    grep -q -- - sum
}
package() {
    cp -R tensorflow tree data sum built-at "$pkgdir"
    for i in 3 1 2; do mkdir -p "$pkgdir/made/$i"; echo "$i" >"$pkgdir/made/$i/file"; done
    ln -s made/1 "$pkgdir/link"
    echo 'echo run' >"$pkgdir/run"
    chmod 777 "$pkgdir/run"
    : >"$pkgdir/$(printf 'long-%0150d' 1)"
    printf '%s %s %s\\n' "$LC_ALL" "$TZ" "$SOURCE_DATE_EPOCH" >"$pkgdir/environment"
}
"""
# A clock that a packager writes into the package is its own mistake: SOURCE_DATE_EPOCH is there for it.
PACKAGER = PACKAGER.replace("date >", 'date -d "@$SOURCE_DATE_EPOCH" >')

NAMES = ["a", "B", "c.txt", "d-1", "\u00e4", "z z"]
OUTPUTS = ["mixed-src-1.0.pkg.tar.xz", "mixed-src-1.0.buildinfo", "GuildPkg.lock"]


def make_package(directory, names, mode):
    directory.mkdir(parents=True)
    (directory / "GuildPkg").write_text(GUILDPKG)
    (directory / "packager").write_text(PACKAGER)
    tree = directory / "tree"
    tree.mkdir(mode=mode)
    for name in names:
        path = tree / name
        path.write_text(name + "\n")
        path.chmod(0o755 if name == "a" else 0o600 if mode == 0o700 else 0o644)


def compile_other_machine(directory):
    """The library that plays another day and another file system; None without a C compiler that makes it."""
    library = directory / "other_machine.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    source = pathlib.Path(__file__).resolve().parent / "other_machine.c"
    made = compiler and subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return library if made else None


def works(*words, **variables):
    return subprocess.run(words, env=dict(os.environ, **variables), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def other_machine(guild, directory):
    """Words before the command, and variables, of the second build."""
    words, variables = ["sh", "-c", 'umask 077; exec "$@"', "sh"], {"TZ": "Pacific/Kiritimati", "LANG": "de_DE.UTF-8"}
    library = compile_other_machine(directory)
    if library and works(str(guild), "--version", LD_PRELOAD=str(library)):
        variables["LD_PRELOAD"] = str(library)
    else:
        print("left out: another clock, directories read backwards")
    if shutil.which("taskset"):
        words += ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    else:
        print("left out: one processor")
    user = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
    if os.geteuid() == 0 and shutil.which("setpriv") and works(*user, str(guild), "--version"):
        words += user
        for path in [directory, *directory.rglob("*")]:
            os.chown(path, 12345, 12345, follow_symlinks=False)
    else:
        print("left out: another user")
    return words, variables


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    need("git", "patch", "tar", "xz", "bash")
    guild = pathlib.Path(sys.argv[1]).resolve()
    top = pathlib.Path(tempfile.mkdtemp(prefix="g-")).resolve()
    top.chmod(0o755)
    try:
        near, far = top / "a", top / "another-directory" / "with-a-longer-name"
        for place in (near, far):
            place.mkdir(parents=True)
            make_remote(place)
        make_package(near / "p", NAMES, 0o755)
        make_package(far / "package-directory", NAMES[::-1], 0o700)
        subprocess.run(["tar", "-C", str(ROOT / "docs"), "-czf", str(near / "p" / "data.tar.gz"), "manual.md"], check=True)
        shutil.copy(near / "p" / "data.tar.gz", far / "package-directory")
        one = Console(guild, near)
        two = Console(guild, far)
        first = one.run("guild", "package", cwd=near / "p", LC_ALL="", LANG="C", TZ="UTC")
        check("the first build succeeds", first.returncode == 0, first.stdout + first.stderr)
        words, variables = other_machine(guild, far)
        second = two.run(*words, "guild", "package", cwd=far / "package-directory", LC_ALL="", **variables)
        check("the second build succeeds", second.returncode == 0, second.stdout + second.stderr)
        check("both print the same identity", first.stdout.splitlines()[-1:] == second.stdout.splitlines()[-1:],
              first.stdout + second.stdout)
        for name in OUTPUTS:
            check(f"{name} is the same, byte for byte",
                  digest(near / "p" / name) == digest(far / "package-directory" / name) != "missing",
                  "".join((place / name).read_text(errors="replace")[:1500] if not name.endswith("xz") and
                          (place / name).exists() else "" for place in (near / "p", far / "package-directory")))
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
