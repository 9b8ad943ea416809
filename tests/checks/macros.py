#!/usr/bin/env python3
"""After any umbrella only the public macros are visible: GUILD_ASSERT and GUILD_VERSION_*."""
import os
import subprocess

import tree

public = {"GUILD_ASSERT", "GUILD_VERSION_MAJOR", "GUILD_VERSION_MINOR", "GUILD_VERSION_PATCH"}


def main():
    command = [os.environ.get("GUILD_CXX", "c++"), "-std=c++17", f"-I{tree.include}", "-dM", "-E", "-x", "c++", "-"]
    done = subprocess.run(command, input="#include <guild/guild.hpp>\n", check=True, stdout=subprocess.PIPE,
                          universal_newlines=True)
    names = {line.split()[1].split("(")[0] for line in done.stdout.splitlines()}
    seen = {name for name in names if name.upper().startswith("GUILD")}
    problems = [f"guild.hpp leaves {name} defined" for name in sorted(seen - public)]
    problems += [f"guild.hpp does not define {name}" for name in sorted(public - seen)]
    tree.finish("macros", problems, f"{len(seen)} visible")


if __name__ == "__main__":
    main()
