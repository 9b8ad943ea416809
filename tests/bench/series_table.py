#!/usr/bin/env python3
"""Makes the table of README.md out of what bench_series measured: bench_series --json | series_table.py"""
import json
import sys

# What stands in a line: its name, guild's row, the peers' names and rows. More: better when larger.
LINES = [
    ("appending frames of ten values, buffered", "append, buffered, curves",
     [("SQLite, 1000 rows a transaction", "append, SQLite, 1000 rows a transaction, curves")], False),
    ("the same, visible to readers at once", "append, visible at once, curves",
     [("SQLite, a transaction a frame", "append, SQLite, a transaction a frame, curves"),
      ("a row", "append, SQLite, a transaction a row, curves"),
      ("layout of 2017, a row for ten seconds", "append, layout of 2017, a transaction a row of ten seconds, curves")],
     False),
    *((f"size of {name}, {what}", f"size, {row}, {name}",
       [(peer, f"size, {peer}, {name}") for peer in ("TFRecord", "SQLite", "layout of 2017")] if row == "closed" else [],
       False)
      for name in ("curves", "event files")
      for what, row in (("closed", "closed"), ("live, a flush a second", "live"),
                        ("live, a flush every 64 KiB", "live, 64 KiB a flush"), ("killed", "killed"))),
    ("size of event files, closed, runs of 200 points or more",
     "size, closed, event files of runs with 200 points or more", [], False),
    *((f"scan of curves, {what}, every point and checksum", f"scan, {what}, curves", peers, True)
      for what, peers in (("closed", [("SQLite", "scan, SQLite, curves"),
                                      ("layout of 2017", "scan, layout of 2017, curves")]), ("live", []))),
    *((f"last, min and max of 1000 runs x 100 series x 300 points, {what}", f"listing, {what}", peers, False)
      for what, peers in (("closed", [("SQLite, one summary table", "listing, SQLite, a summary table for all runs"),
                                      ("a summary table in each run", "listing, SQLite, a summary table in each run"),
                                      ("GROUP BY in each run", "listing, SQLite, GROUP BY in each run"),
                                      ("layout of 2017", "listing, layout of 2017")]), ("live", []), ("killed", []))),
    *((f"chart of 1000 pixels, 10 M points, {what}", f"1000 pixels, {what}", peers, False)
      for what, peers in (("closed", [("SQLite, GROUP BY", "1000 pixels, SQLite, GROUP BY"),
                                      ("a query a pixel", "1000 pixels, SQLite, a query a pixel")]), ("live", []))),
    ("memory of a process that makes that list", "memory, listing, closed", [], False),
    ("memory of a process that makes that chart", "memory, 1000 pixels, closed", [], False),
]


def short(row):
    value, unit = row["value"], row["unit"]
    while value >= 1000 and unit in ("ns/value", "us/value", "ms"):
        value, unit = value / 1000, {"ns/value": "us/value", "us/value": "ms/value", "ms": "s"}[unit]
    return f"{value:.3g} {unit}"


def sized(ratio):
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.2g}"


def main():
    rows = {row["name"]: row for row in map(json.loads, sys.stdin) if "name" in row}

    def find(name):
        """By its whole name, or by its beginning where the size of the data follows."""
        return rows.get(name) or next((row for each, row in rows.items() if each.startswith(name + ", ")
                                       and each[len(name) + 2].isdigit()), None)

    print("| series storage | guild | peer | ratio |\n|---|---|---|---|")
    for what, name, peers, more in LINES:
        ours = find(name)
        if ours is None:
            continue
        others = [(peer, find(row)) for peer, row in peers if find(row)]
        ratios = [row["value"] / ours["value"] for _, row in others]
        print(f"| {what} | {short(ours)} | " + "; ".join(f"{peer}, {short(row)}" for peer, row in others) + " | "
              + "; ".join(f"{sized(1 / ratio if more else ratio)}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
