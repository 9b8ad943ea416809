#!/usr/bin/env python3
"""Makes the tables of README.md out of what bench_view and view_peers.py measured: cat FILES | view_table.py

Both with --json.
"""
import json
import sys

# The beginnings of the names of rows that stand in the table, with what a reader makes of them.
LINES = [
    ("small JSON, 8 connections", "small answers on 8 kept connections"),
    ("65th client, 64 idle ones attached", "a new client beside 64 idle ones"),
    ("list, warm, first byte, 1000 runs", "list of 1000 runs, first byte"),
    ("list, warm, first byte, 10000 runs", "list of 10,000 runs, first byte"),
    ("list, cold, first byte, 10000 runs", "the same from a server that has just started"),
    ("list, unchanged, 10000 runs", "the same when nothing changed"),
    ("charts, a request each, 100 series x 1000000 points", "charts of 100 series x 1 M points, a request each"),
    ("charts, bytes of a request each, 100 series x 1000000 points", "bytes sent for them"),
    ("zoom, one chart, a hundredth, 100 series x 1000000 points", "zoom into one of them"),
    ("memory, charts, 100 series x 1000000 points", "memory of the server after them"),
]


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main():
    rows = [row for row in map(json.loads, sys.stdin) if "name" in row]
    print("| guild view | closed run | live run | target |\n|---|---|---|---|")
    for name, what in LINES:
        live = next((row for row in rows if row["name"] == name + ", live"), None)
        row = next((row for row in rows if row["name"] in (name + ", wrk", name)), None)
        if row:
            after = f"{number(live['value'])} {live['unit']}" if live else ""
            print(f"| {what} | {number(row['value'])} {row['unit']} | {after} | {row.get('target', '-')} |")
    pairs = [row for row in rows if "tensorboard" in row]
    if pairs:
        print("\n| the same event files | guild | TensorBoard |\n|---|---|---|")
    for row in pairs:
        print(f"| {row['name']} | {number(row['guild'])} {row['unit']} | {number(row['tensorboard'])} {row['unit']} |")


if __name__ == "__main__":
    main()
