#!/usr/bin/env python3
"""What including the umbrellas costs the compiler at -O0, beside the standard and system headers that they include.

Prints one row a line, tab separated: name, value, unit, target, `ok` or `short`. CPU time, the best of five. The
targets: guild.hpp at most twice the cost of its foreign headers alone; json.hpp and toml.hpp at most 1.3 x guild.hpp
plus their library. Run: `python3 tests/bench/headers.py` (the compiler is $GUILD_CXX, or c++).
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "checks"))
import tree  # noqa: E402

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
    """What the headers include from elsewhere, on every platform: not under a condition."""
    names = set()
    for header in headers:
        depth = 0
        for line in tree.text_of(header).splitlines():
            conditional = re.match(r"\s*#\s*(if|ifdef|ifndef|endif)\b", line)
            depth += 0 if not conditional else -1 if conditional.group(1) == "endif" else 1
            include = re.match(r"#include <([^>]+)>", line)
            if include and depth == 0 and not include.group(1).startswith("guild/"):
                names.add(include.group(1))
    return sorted(names)


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
    for name, seconds, limit in rows:
        print(f"{name}\t{seconds:.2f}\ts\t{limit:.2f}\t{'ok' if seconds <= limit else 'short'}")
    print(f"standard and system headers\t{floor:.2f}\ts\t-\t-")


if __name__ == "__main__":
    main()
