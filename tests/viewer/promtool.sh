#!/bin/sh
# promtool.sh GUILD_PROGRAM - Prometheus' own checker accepts /metrics, of ended runs, of one that goes on and of one
# with a hostile name. Exit 77: there is no promtool (Debian: package prometheus).
set -eu
guild=$1
command -v promtool >/dev/null || { echo "skipped: no promtool"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
hostile='runs/20170714T024000Z-h"o\s}tile'
mkdir -p "$hostile/guild.d/series"
printf 'model\ta"} 1\\nb{c="\nstarted_us\t1500000000000000\nstatus\terror\n' >"$hostile/guild.d/meta.tsv"
"$guild" run -- true
# The command of a run looks while the run goes on, as soon as its machine's first numbers are there.
"$guild" run -- sh -c '
    for try in 1 2 3 4 5 6 7 8 9 10; do
        "$0" view --once /metrics >"$1"
        grep -q "^guild_run_last_value" "$1" && break
        sleep 1
    done' "$guild" "$dir/metrics"
grep -q '^guild_runs{status="running"} 1$' metrics
grep -q '^guild_runs{status="completed"} 1$' metrics
grep -q '^guild_run_start_time_seconds{run=' metrics
grep -q '^guild_run_last_value{run=.*series="sys/' metrics
promtool check metrics <metrics
[ "$(tail -n 1 metrics)" = '# EOF' ]
echo "promtool accepts $(wc -l <metrics) lines"
