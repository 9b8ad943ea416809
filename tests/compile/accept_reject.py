#!/usr/bin/env python3
"""accept_reject.py FILE.cpp -- COMPILER FLAG...

Compiles FILE with GUILD_REJECT=0, which must succeed, and with GUILD_REJECT=1, which must fail for the reason that
FILE gives in a line `// rejected: REGULAR EXPRESSION` (searched in what the compiler says).
"""
import os
import re
import subprocess
import sys


def compile_with(command, source, reject):
    done = subprocess.run([*command, "-fsyntax-only", "-Werror=unused-result", f"-DGUILD_REJECT={reject}", source],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                          env=dict(os.environ, LC_ALL="C"))
    return done.returncode, done.stdout


def main():
    source, command = sys.argv[1], sys.argv[3:]
    with open(source, encoding="ascii") as text:
        reasons = re.findall(r"^// rejected: (.+)$", text.read(), re.M)
    if len(reasons) != 1:
        print(f"{source}: expected one line `// rejected: ...`, found {len(reasons)}")
        return 1
    code, output = compile_with(command, source, 0)
    if code != 0:
        print(f"{source}: must compile with GUILD_REJECT=0\n{output}")
        return 1
    code, output = compile_with(command, source, 1)
    if code == 0:
        print(f"{source}: must not compile with GUILD_REJECT=1")
        return 1
    if not re.search(reasons[0], output):
        print(f"{source}: rejected, but not for {reasons[0]!r}\n{output}")
        return 1
    print(f"{source}: accepted and rejected as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
