#!/bin/sh
# Opens the page in a browser and clicks through it: run.sh GUILD_PROGRAM OUTPUT_DIRECTORY [PART...]
#
# playwright-core is installed below OUTPUT_DIRECTORY, never into the tree; screenshots are kept there. What is missing
# (node, a Chromium, the network for the first run) is told and the test is skipped: exit status 77.
set -u
program=$1
output=$2
here=$(cd "$(dirname "$0")" && pwd)

skip() {
    echo "skipped: $1"
    exit 77
}

command -v python3 >/dev/null || skip "no python3 for the training script"
command -v node >/dev/null || skip "no node"
browser=${GUILD_BROWSER:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$browser" ] || skip "no Chromium; set GUILD_BROWSER to one"
mkdir -p "$output" || exit 1
if [ ! -d "$output/node_modules/playwright-core" ]; then
    command -v npm >/dev/null || skip "no npm to install playwright-core"
    npm install --silent --no-audit --no-fund --no-save --prefix "$output" playwright-core@1 >"$output/npm.log" 2>&1 ||
        skip "playwright-core cannot be installed (see $output/npm.log)"
fi
shift 2
exec node "$here/page.mjs" "$program" "$output" "$browser" "$@"
