#!/usr/bin/env python3
"""A translation unit that only includes one of our headers must define nothing of ours.

symbols.py --nm NM LIST: LIST names one object file a line. No external symbol at all, and no local one whose
demangled name contains "guild" (standard headers leave a few local ones).
"""
import argparse
import subprocess
import sys


def symbols(nm, path, *flags):
    out = subprocess.run([nm, "--defined-only", "--demangle", *flags, path], check=True,
                         stdout=subprocess.PIPE, universal_newlines=True).stdout
    return [line.split(None, 2)[-1] for line in out.splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("list")
    options = parser.parse_args()
    with open(options.list, encoding="ascii") as text:
        objects = text.read().split()
    problems = []
    for path in objects:
        problems += [f"{path}: external symbol {name}" for name in symbols(options.nm, path, "--extern-only")]
        problems += [f"{path}: local symbol {name}" for name in symbols(options.nm, path) if "guild" in name]
    print("\n".join(problems) if problems else f"{len(objects)} headers emit nothing")
    return 1 if problems or not objects else 0


if __name__ == "__main__":
    sys.exit(main())
