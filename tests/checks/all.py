#!/usr/bin/env python3
"""Runs every check beside this file."""
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
failed = [path.name for path in sorted(here.glob("*.py")) if path.name not in ("all.py", "tree.py")
          and subprocess.run([sys.executable, str(path)]).returncode != 0]
print("failed: " + ", ".join(failed) if failed else "all checks passed")
sys.exit(1 if failed else 0)
