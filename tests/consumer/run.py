#!/usr/bin/env python3
"""run.py KIND BUILD COMPILER: uses guild the way another project does, from a fresh directory, and runs the result.

find_package      installed from BUILD into a prefix, found by its CMake package
add_subdirectory  the source tree inside another CMake project, which exports a package of its own
pkg_config        the same prefix, by pkg-config alone
single_header     single_include/ and a compiler
meson             the source tree as a Meson subproject
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parents[1]
sources = [str(here / "main.cpp"), str(here / "second.cpp")]


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run(list(map(str, command)), check=True, **options)


def expect(program):
    said = subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    version = (root / "include/guild/version.hpp").read_text(encoding="ascii").split('version = "')[1].split('"')[0]
    if said != f"guild {version} e3069283\n":
        sys.exit(f"{program} said {said!r}")


def install(build, prefix):
    run("cmake", "--install", build, "--prefix", prefix, stdout=subprocess.DEVNULL)


def with_cmake(directory, compiler, work, *options):
    run("cmake", "-S", here / directory, "-B", work / "build", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
        *options)
    run("cmake", "--build", work / "build")
    expect(work / "build/consumer")
    run(work / "build/values")


def find_package(build, compiler, work):
    install(build, work / "prefix")
    moved = work / "moved"  # a package must not remember where it was installed
    (work / "prefix").rename(moved)
    with_cmake("find_package", compiler, work, f"-DCMAKE_PREFIX_PATH={moved}")


def add_subdirectory(_build, compiler, work):
    with_cmake("add_subdirectory", compiler, work, "-DGUILD_INSTALL=ON")


def pkg_config(build, compiler, work):
    install(build, work / "prefix")
    path = f"{work}/prefix/share/pkgconfig"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "guild"], check=True, stdout=subprocess.PIPE,
                           universal_newlines=True, env=dict(os.environ, PKG_CONFIG_PATH=path)).stdout.split()
    run(compiler, "-std=c++17", *sources, *flags, "-o", work / "consumer")
    expect(work / "consumer")


def single_header(_build, compiler, work):
    run(compiler, "-std=c++17", f"-I{root}/single_include", *sources, "-pthread", "-o", work / "consumer")
    expect(work / "consumer")


def meson(_build, compiler, work):
    project = work / "project"
    project.mkdir()
    for name in ("meson/meson.build", "main.cpp", "second.cpp", "values.cpp"):
        shutil.copy(here / name, project)
    (project / "subprojects").mkdir()
    (project / "subprojects/guild").symlink_to(root)
    run("meson", "setup", work / "build", project, env=dict(os.environ, CXX=compiler))
    run("ninja", "-C", work / "build")
    expect(work / "build/consumer")
    run(work / "build/values")


def main():
    kind, build, compiler = sys.argv[1:]
    kinds = {f.__name__: f for f in (find_package, add_subdirectory, pkg_config, single_header, meson)}
    with tempfile.TemporaryDirectory() as work:
        kinds[kind](pathlib.Path(build), compiler, pathlib.Path(work))


if __name__ == "__main__":
    main()
