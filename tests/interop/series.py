#!/usr/bin/env python3
"""Compares series_reader.py with guild on whole, live, torn and damaged files: series.py BIN_DIR

interop_series_points makes the files; damage is made here, at places that a fixed seed chooses.
"""
import contextlib
import io
import os
import random
import subprocess
import sys
import tempfile

import series_reader

program = os.path.join(sys.argv[1], "interop_series_points")
seed = 20170601


def by_series(text):
    """A file in columns has no order of different series that all must share; that of each series counts."""
    lines = text.split(b"\n")
    return b"\n".join(sorted(lines, key=lambda line: line.rsplit(b",", 3)[0]))


def by_guild(path):
    """Whether it was refused, the lines, and the ranges that were lost."""
    done = subprocess.run([program, "print", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    lost = [line for line in done.stderr.decode().splitlines() if line.startswith("lost: bytes")]
    return done.returncode != 0, by_series(done.stdout), lost


def by_page(content):
    """The same by series_reader.py, whose refusals exit."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            text = b"".join(series_reader.lines(content))
    except SystemExit:
        return True, b"", []
    return False, by_series(text), [line for line in told.getvalue().splitlines() if line.startswith("lost: bytes")]


def damaged(data, random):
    """Pairs of a name and bytes; few of a large file, which takes its time."""
    every = list(damages(data, random))
    return every[:1] + (random.sample(every[1:], 6) if len(data) > 60000 else every[1:])


def damages(data, random):
    yield "whole", data
    for _ in range(4):
        end = random.randrange(len(data) + 1)
        yield f"cut at {end}", data[:end]
    for count in (1, 1, 3, 10):
        flipped = bytearray(data)
        places = sorted(random.randrange(len(data)) for _ in range(count))
        for place in places:
            flipped[place] ^= 1 << random.randrange(8)
        yield f"bits flipped at {places}", bytes(flipped)
    for size in (512, 4096):
        begin = random.randrange(max(1, len(data) - size)) // 512 * 512
        yield f"zeros from {begin} on", data[:begin] + bytes(min(size, len(data) - begin)) + data[begin + size:]
        yield f"{size} bytes missing at {begin}", data[:begin] + data[begin + size:]
        yield f"{size} bytes of this file at the end once more", data + data[begin:begin + size]
    for place in (0, 4, 10, 30, 94):
        yield f"header damaged at {place}", data[:place] + bytes([data[place] ^ 255]) + data[place + 1:]


def summary(read):
    refused, text, lost = read
    return "refuses it" if refused else f"finds {len(text.splitlines())} lines {hash(text) & 0xFFFF:x}, {lost}"


def main():
    failed, compared, points = 0, 0, 0
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="guild-series-") as directory:
        subprocess.run([program, "write", directory], check=True)
        names = sorted(os.listdir(directory))
        path = os.path.join(directory, "damaged.gts")
        for name in names:
            with open(os.path.join(directory, name), "rb") as file:
                data = file.read()
            for what, content in damaged(data, chance):
                with open(path, "wb") as file:
                    file.write(content)
                ours, theirs = by_guild(path), by_page(content)
                compared += 1
                points += theirs[1].count(b"\n")
                if ours != theirs:
                    failed += 1
                    print(f"{name}, {what}: guild {summary(ours)}, series_reader.py {summary(theirs)}")
    print(f"{compared} files compared, {points} points, {failed} differ (seed {seed})")
    sys.exit(1 if failed or points == 0 else 0)


if __name__ == "__main__":
    main()
