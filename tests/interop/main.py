"""Everything between guild and TensorBoard: main.py BIN_DIR, in the environment of python_env.sh.

BIN_DIR holds interop_write_events and interop_follow_events. One line a check, sums at the end, exit status 1 if any
failed. The folder has no file tensorboard.py: it would be found in place of the package.
"""
import os
import sys
import tempfile

# gRPC would ask a proxy for the data server on this machine.
for variable in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
    os.environ.pop(variable, None)

import live
import loaders
import pictures
import providers
from report import attempt, finish
from written import Written


def read_back(program, root):
    """TensorBoard reads what guild's writer wrote."""
    written = Written(program, os.path.join(root, "written"), pictures.write(os.path.join(root, "pictures")))
    attempt("loaders", loaders.run, written)
    attempt("providers", providers.run, written)
    hostile = Written(program, os.path.join(root, "hostile"), [])
    attempt("hostile: event file loader", loaders.run_hostile, hostile)
    attempt("hostile: providers", providers.run_hostile, hostile)


def main():
    bin_dir, = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="guild-interop-") as root:
        attempt("live", live.run, os.path.join(bin_dir, "interop_follow_events"), os.path.join(root, "live"))
        attempt("reading back", read_back, os.path.join(bin_dir, "interop_write_events"), root)
    sys.exit(finish(176, 149897))


if __name__ == "__main__":
    main()
