#!/usr/bin/env python3
"""Runs `bench_series --quick` and looks whether each row is there, so that the benchmark does not rot. No time matters.

smoke.py BENCH_SERIES
"""
import json
import math
import subprocess
import sys

listing = ", 8 runs x 20 series x 30 points"
pixels = ", 100000 points"

ours = {
    "append, buffered, curves",
    "append, visible at once, curves",
    "append, allocations after warm-up, curves",
    *(f"{what}, {how}, curves" for what in ("size", "scan") for how in ("live", "live, 64 KiB a flush", "closed")),
    "size, killed, curves",
    "size, TFRecord, curves",
    *("listing, " + how + listing for how in ("live", "closed", "killed")),
    "floor, opening and 8 KiB, listing, closed" + listing,
    "memory, listing, closed" + listing,
    "memory, 1000 pixels, closed" + pixels,
    *(f"floor, reading and checksumming, {how}, curves" for how in ("live", "closed")),
    *("1000 pixels, " + how + pixels for how in ("live", "closed", "live, reading every point")),
}
ours_of_event_files = {"size, TFRecord, event files"} | {
    f"size, {how}, event files{of}" for how in ("live", "live, 64 KiB a flush", "closed", "killed")
    for of in ("", " of runs with 200 points or more")}
peers = {
    *(f"append, SQLite, {how}, curves"
      for how in ("1000 rows a transaction", "a transaction a frame", "a transaction a row")),
    "append, layout of 2017, a transaction a row of ten seconds, curves",
    *(f"{what}, {peer}, curves" for what in ("size", "scan") for peer in ("SQLite", "layout of 2017")),
    *("listing, " + how + listing for how in ("SQLite, a summary table for all runs", "SQLite, GROUP BY in each run",
                                              "SQLite, a summary table in each run", "layout of 2017")),
    *("1000 pixels, SQLite, " + how + pixels for how in ("GROUP BY", "a query a pixel")),
}
peers_of_event_files = {f"size, {peer}, event files" for peer in ("SQLite", "layout of 2017")}


def main():
    done = subprocess.run([sys.argv[1], "--quick", "--json"], stdout=subprocess.PIPE, universal_newlines=True, timeout=100)
    if done.returncode != 0:
        sys.exit(f"expected exit status 0, found {done.returncode}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    remarks = " ".join(line["remark"] for line in lines if "remark" in line)
    rows = {line["name"]: line for line in lines if "name" in line}
    has_sqlite = "built without SQLite" not in remarks
    has_event_files = "no event files" not in remarks
    expected = ours | (peers if has_sqlite else set())
    if has_event_files:
        expected |= ours_of_event_files | (peers_of_event_files if has_sqlite else set())
    wrong = [f"missing: {name}" for name in sorted(expected - set(rows))]
    wrong += [f"not expected: {name}" for name in sorted(set(rows) - expected)]
    for name, row in rows.items():
        if not math.isfinite(row["value"]) or row["value"] < 0 or row["verdict"] not in ("ok", "short", "-"):
            wrong.append(f"not a row: {row}")
    print("\n".join(wrong) or f"all {len(rows)} rows are there")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
