#!/usr/bin/env python3
"""run.py PROGRAM: the README's first program, in a project that has a model."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
expected = "last loss 0.125\n"


def main():
    with tempfile.TemporaryDirectory() as work:
        (pathlib.Path(work) / "Guild").write_text('[model "line"]\n  train = train\n', encoding="ascii")
        shutil.copy(here / "train.py", work)
        said = subprocess.run([sys.argv[1]], cwd=work, check=True, stdout=subprocess.PIPE, universal_newlines=True)
        if said.stdout != expected:
            sys.exit(f"expected {expected!r}, the program said {said.stdout!r}")


if __name__ == "__main__":
    main()
