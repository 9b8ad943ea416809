"""What write_events says that it wrote, in the order of writing."""
import json
import subprocess

import numpy as np


def as_float(value):
    """The nearest float, as numpy rounds it: what a simple value of four bytes keeps."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.float32(value))


def place(line):
    """(step, wall time) of a line."""
    return (int(line["step"]), float.fromhex(line["wall"]))


def contents(line):
    """What the line says about its value, in the form in which TensorBoard hands it out."""
    if line["kind"] == "scalar":
        return float.fromhex(line["value"])
    if line["kind"] == "text":
        return line["text"].encode("utf-8")
    if line["kind"] == "histogram":
        return [[float.fromhex(number) for number in bucket] for bucket in line["buckets"]]
    with open(line["file"], "rb") as file:
        png = file.read()
    width, height = (int.from_bytes(png[at:at + 4], "big") for at in (16, 20))
    return [b"%d" % width, b"%d" % height, png]


class Written:
    """The lines of write_events, as the directory's contents: by run and kind, and by tag."""

    def __init__(self, program, directory, images):
        done = subprocess.run([program, directory, *images], stdout=subprocess.PIPE, check=True)
        self.directory = directory
        self.lines = [json.loads(line) for line in done.stdout.decode("utf-8").split("\n") if line]
        self.runs = sorted({line["run"] for line in self.lines})

    def of(self, run, *kinds):
        """The lines of a run that are of these kinds."""
        return [line for line in self.lines if line["run"] == run and line["kind"] in kinds]

    def points(self, run, *kinds, stored=lambda value: value):
        """(tag, step, wall time, value) in the order of writing; `stored` is what the file keeps of a value."""
        return [(line["tag"], *place(line), stored(contents(line))) for line in self.of(run, *kinds)]

    def series(self, run, *kinds, stored=lambda value: value):
        """Tag -> [(step, wall time, value)]."""
        return by_tag(self.points(run, *kinds, stored=stored))


def by_tag(points):
    """(tag, step, wall time, value)... as tag -> [(step, wall time, value)]."""
    found = {}
    for tag, *point in points:
        found.setdefault(tag, []).append(tuple(point))
    return found
