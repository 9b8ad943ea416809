#!/usr/bin/env python3
"""Every place that states the version states the one of version.hpp; --expect vX.Y.Z compares a tag too."""
import argparse
import re

import tree


def find(path, pattern):
    """(first match or None, line number) of a pattern with one group."""
    file = tree.root / path
    if not file.exists():
        return None, 0
    text = file.read_text(encoding="utf-8")
    match = re.search(pattern, text, re.M)
    return (match.group(1), text.count("\n", 0, match.start()) + 1) if match else (None, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expect", help="a tag, like v0.1.0")
    options = parser.parse_args()
    header = "include/guild/version.hpp"
    parts = [find(header, rf"^#define GUILD_VERSION_{part} (\d+)$")[0] for part in ("MAJOR", "MINOR", "PATCH")]
    version = ".".join(parts)
    places = [
        (header, r'version = "([^"]+)"'),
        ("meson.build", r"^\s*version: '([^']+)'"),
        ("CHANGELOG.md", r"^## (\d+\.\d+\.\d+)"),
        ("README.md", r"guild (\d+\.\d+\.\d+)"),
        *[(f"single_include/guild/{name}.hpp", r"^// guild (\d+\.\d+\.\d+)")
          for name in ("guild", "json", "toml", "viewer")],
    ]
    problems = []
    for path, pattern in places:
        found, line = find(path, pattern)
        if found != version:
            problems.append(f"{path}:{line}: states {found}, version.hpp {version}")
    if options.expect and options.expect != f"v{version}":
        problems.append(f"tag {options.expect}, version.hpp {version}")
    inline = f"inline namespace v{parts[0]} "
    for name in tree.headers():
        text = tree.text_of(name)
        if "namespace guild" in text and inline not in text:
            problems.append(f"{tree.path_of(name)}: namespace guild without `{inline.strip()}`")
    tree.finish("version", problems, f"{version} everywhere")


if __name__ == "__main__":
    main()
