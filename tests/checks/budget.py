#!/usr/bin/env python3
"""Including guild.hpp at -O0 costs at most twice what its standard and system headers cost alone.

json.hpp and toml.hpp: at most 1.3 x guild.hpp plus their library. CPU time of the compiler, the best of five.
"""
import os
import resource
import subprocess
import sys
import tempfile

import tree

compiler = os.environ.get("GUILD_CXX", "c++")


def cpu_seconds(source, repeats=5):
    best = float("inf")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "unit.cpp")
        with open(path, "w", encoding="ascii") as file:
            file.write(source)
        for _ in range(repeats):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([compiler, "-std=c++17", "-O0", f"-I{tree.include}", "-c", path, "-o", path + ".o"],
                           check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def foreign_includes(headers):
    names = {name for header in headers for _, name in tree.includes_of(header) if not name.startswith("guild/")}
    # intrinsics are included for one machine only, behind the preprocessor
    return sorted(name for name in names if name not in ("nmmintrin.h", "arm_acle.h", "sys/auxv.h")
                  and not name.endswith("intrin.h"))


def unit(names):
    return "".join(f"#include <{name}>\n" for name in names)


def main():
    core = [header for header in tree.headers()
            if header != "guild" and tree.modules[tree.module_of(header)][0] in tree.core_layers]
    floor = cpu_seconds(unit(foreign_includes(core)))
    ours = cpu_seconds(unit(["guild/guild.hpp"]))
    rows = [("guild.hpp", ours, 2 * floor)]
    for header in ("json", "toml"):
        library = "nlohmann/json.hpp" if header == "json" else "toml++/toml.h"
        if header in tree.headers():
            try:
                limit = 1.3 * (ours + cpu_seconds(unit([library])))
                rows.append((header + ".hpp", cpu_seconds(unit([f"guild/{header}.hpp"])), limit))
            except subprocess.CalledProcessError:
                print(f"{library} is not installed, {header}.hpp is not measured", file=sys.stderr)
    problems = []
    for name, seconds, limit in rows:
        print(f"{name}\t{seconds:.2f} s\tlimit {limit:.2f} s")
        if seconds > limit:
            problems.append(f"{name}: {seconds:.2f} s to include, limit {limit:.2f} s")
    tree.finish("budget", problems, "within limits")


if __name__ == "__main__":
    main()
