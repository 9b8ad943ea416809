#!/bin/sh
# tensorboard.sh BIN_DIR BUILD_DIR - TensorBoard reads what guild writes, and guild what tensorboardX and TensorBoard
# write while they write it: main.py and its neighbours, in an environment that python_env.sh makes.
#
# Exit 77: the environment cannot be made here, which python_env.sh explains.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:?usage: tensorboard.sh BIN_DIR BUILD_DIR}
build=${2:?usage: tensorboard.sh BIN_DIR BUILD_DIR}

python=$(sh "$here/python_env.sh" "$build" tensorboard tensorboardX)
exec "$python" "$here/main.py" "$bin"
