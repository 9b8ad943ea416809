"""What the live checks share: follow_events as a Python object, points to write, batches that are read as they come."""
import json
import subprocess
import time

from tensorboard.compat.proto import event_pb2, summary_pb2

from report import check, same
from written import as_float

start = 1700000000.0
nothing_lost = "0 bytes lost, 0 left over\n"


def parse_point(line):
    """One line of follow_events as (run, tag, step, wall time, value)."""
    point = json.loads(line)
    return (point["run"], point["tag"], int(point["step"]), float.fromhex(point["wall"]), float.fromhex(point["value"]))


class Follower:
    """follow_events, asked to look once at a time."""

    def __init__(self, program, directory):
        self._process = subprocess.Popen([program, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE)
        self.points = []

    def _ask(self, question):
        """The lines that the program answers."""
        self._process.stdin.write(question + b"\n")
        self._process.stdin.flush()
        lines = []
        for line in iter(self._process.stdout.readline, b".\n"):
            if not line:
                raise RuntimeError("follow_events ended: " + self._process.stderr.read().decode())
            lines.append(line)
        return lines

    def look(self):
        """The points that are new."""
        new = [parse_point(line) for line in self._ask(b"")]
        self.points += new
        return new

    def flags(self, run):
        """Name -> text of a run's hyperparameters."""
        return {flag["name"]: flag["flag"] for flag in map(json.loads, self._ask(run.encode()))}

    def wait_for(self, count, flush=lambda: None, seconds=20):
        """Looks until `count` points are new: tensorboardX hands them to its file from a thread of its own."""
        new = []
        end = time.monotonic() + seconds
        while len(new) < count and time.monotonic() < end:
            flush()
            new += self.look()
            if len(new) < count:
                time.sleep(0.002)
        return new + self.look()

    def close(self):
        """What the program said about losses at its end."""
        _, said = self._process.communicate()
        return said.decode()


def series(count, tag, run=".", step=0):
    """Points that no rounding leaves alone."""
    return [(run, tag, step + i, start + i * 0.1, (i + 1) / 3.0 * (-1) ** i) for i in range(count)]


odd_values = [float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 1e-45, 3.4028234663852886e38, 0.1]
odd_steps = [-1, 0, 1, 2 ** 31, 2 ** 53 + 1, 2 ** 62, -2 ** 62, 2 ** 63 - 1, -2 ** 63]


def in_batches(name, follower, batches, write, flush, stored=as_float):
    """Writes batch after batch and looks after each; the last look comes before anything is closed."""
    late = 0
    expected, got = [], []
    for batch in batches:
        for point in batch:
            write(point)
        new = follower.wait_for(len(batch), flush)
        late += len(new) != len(batch)
        expected += [point[:4] + (stored(point[4]),) for point in batch]
        got += new
    check(f"{name}: every one of {len(batches)} batches was read before the next was written", late == 0,
          f"{late} batches were not")
    same(f"{name}: points, one by one", expected, got, sum(map(len, batches)))
    return expected


def scalar_event(tag, step, wall_time, value=None, tensor=None):
    """A scalar as a simple value or as a tensor with the metadata of the scalar dashboard."""
    event = event_pb2.Event(step=step, wall_time=wall_time)
    if tensor is None:
        event.summary.value.add(tag=tag, simple_value=value)
    else:
        metadata = summary_pb2.SummaryMetadata(data_class=summary_pb2.DATA_CLASS_SCALAR)
        metadata.plugin_data.plugin_name = "scalars"
        event.summary.value.add(tag=tag, tensor=tensor, metadata=metadata)
    return event
