#!/usr/bin/env python3
"""A translation unit that only includes one of our headers must define nothing of ours.

symbols.py --nm NM LIST: LIST names one object file a line. No external symbol at all, and no local one whose
demangled name contains "guild" (standard headers leave a few local ones).
"""
import argparse
import subprocess
import sys


def symbols(nm, objects, *flags):
    """`object: symbol` of each symbol that the objects define."""
    out = subprocess.run([nm, "--defined-only", "--demangle", "--print-file-name", *flags, *objects], check=True,
                         stdout=subprocess.PIPE, universal_newlines=True).stdout
    return [f"{line.split(':', 1)[0]}: {line.split(None, 3)[-1]}" for line in out.splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("list")
    options = parser.parse_args()
    with open(options.list, encoding="ascii") as text:
        objects = text.read().split()
    problems = [f"external symbol in {found}" for found in symbols(options.nm, objects, "--extern-only")]
    problems += [f"local symbol in {found}" for found in symbols(options.nm, objects) if "guild" in found.split(": ")[1]]
    print("\n".join(problems) if problems else f"{len(objects)} headers emit nothing")
    return 1 if problems or not objects else 0


if __name__ == "__main__":
    sys.exit(main())
