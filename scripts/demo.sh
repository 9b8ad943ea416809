#!/bin/sh
# The main job, from a bare clone: installs what is missing, builds, trains `softmax`, lists what was recorded and
# serves the page at http://localhost:6333 until Ctrl-C.
#
#   demo.sh          as above
#   demo.sh --once   looks at the page itself, on a free port, and ends
#
# Works in build/demo, a copy of examples/mnist; the source tree stays as it is.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
once=${1:-}

say() { printf '\n==> %s\n' "$*"; }

say "Looking for what the build needs"
sh scripts/deps.sh --demo

mkdir -p build/demo
say "Building into build/release"
cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release -DGUILD_BUILD_TESTS=OFF >build/demo/cmake.log 2>&1 ||
    { cat build/demo/cmake.log; exit 1; }
cmake --build build/release --target demo
PATH=$root/build/release/bin:$PATH
export PATH

say "Making a project in build/demo from examples/mnist"
cp examples/mnist/Guild build/demo/
cd build/demo
for trainer in "$root"/build/release/bin/mnist_*; do
    ln -sf "$trainer" .
done

say "guild train softmax"
guild train softmax

say "guild list-runs"
guild list-runs

say "guild list-series -L"
guild list-series -L

if [ "$once" != --once ]; then
    say "guild view (Ctrl-C ends it)"
    exec guild view
fi

# ---- --once: the page is looked at by curl ---------------------------------------------------------

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
address=http://localhost:$port
guild view --port "$port" >view.log 2>&1 &
viewer=$!
trap 'kill $viewer 2>/dev/null; wait $viewer 2>/dev/null || :' EXIT
waited=0
until curl -fsS "$address/" >/dev/null 2>&1; do
    waited=$((waited + 1))
    [ "$waited" -le 40 ] || { echo "demo.sh: guild view did not start:"; cat view.log; exit 1; }
    sleep 0.25
done

expect() { # expect PATH TEXT...
    path=$1
    shift
    curl -fsS "$address$path" >answer.txt
    for text; do
        grep -qF -- "$text" answer.txt || { echo "demo.sh: $address$path does not show '$text'"; exit 1; }
    done
    echo "$address$path: ok"
}

say "Looking at the page at $address"
run=$(basename "$(guild list-runs | head -n 1 | cut -f 1)")
expect / '<html' 'script'
expect /api/runs "$run"
expect "/api/runs/$run" '"completed"'
expect "/api/runs/$run/series" '"tf/train/accuracy_1"' '"tf/test/accuracy_1"' '"tf/train/cross_entropy_1"'
expect "/api/runs/$run/fields" '"Validation Accuracy"' '"Train Accuracy"' '"Loss"' '"Steps"' '"Time"'
say "Everything works."
