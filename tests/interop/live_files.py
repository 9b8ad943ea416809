"""guild's reader and files as they are on disk: records cut at any byte, many writers at once, reading once more."""
import io
import os
import subprocess
import threading
import time

import tensorboardX.record_writer
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboardX import SummaryWriter

from follower import Follower, nothing_lost, parse_point, scalar_event, series, start
from report import check, exact, same
from written import as_float


def framed(*events):
    """The bytes that TensorBoard's RecordWriter makes of each event."""
    frames = []
    for event in events:
        buffer = io.BytesIO()
        RecordWriter(buffer).write(event.SerializeToString())
        frames.append(buffer.getvalue())
    return frames


def cut_records(program, root):
    """A record that reaches the file in two parts, cut at every one of its bytes, and one that comes byte by byte."""
    run = "cut"
    os.makedirs(os.path.join(root, run))
    points = series(200, "loss", run)
    header = event_pb2.Event(wall_time=start, file_version="brain.Event:2")
    first, *frames = framed(header, *(scalar_event(p[1], p[2], p[3], value=p[4]) for p in points))
    follower = Follower(program, root)
    early = late = cuts = 0
    with open(os.path.join(root, run, "events.out.tfevents.1.cut"), "wb", buffering=0) as file:
        file.write(first)
        for cut in range(1, len(frames[0])):
            frame = frames[cut - 1]
            file.write(frame[:cut])
            early += len(follower.look())
            file.write(frame[cut:])
            late += len(follower.look()) != 1
            cuts += 1
        for byte in range(len(frames[cuts])):
            early += len(follower.look())
            file.write(frames[cuts][byte:byte + 1])
        late += len(follower.look()) != 1
        two = frames[cuts + 1] + frames[cuts + 2]  # the end of one record and the beginning of the next in one write
        file.write(two[:10])
        early += len(follower.look())
        file.write(two[10:-10])
        late += len(follower.look()) != 1
        file.write(two[-10:])
        late += len(follower.look()) != 1
    check("half records: nothing was read of them", early == 0, f"{early} points came too early")
    check("half records: each was read once it was whole", late == 0, f"{late} points did not come")
    expected = [p[:4] + (as_float(p[4]),) for p in points[:cuts + 3]]
    same("half records: points, one by one", expected, follower.points, len(frames[0]) - 1 + 3)
    check("half records: nothing was lost", follower.close() == nothing_lost)
    return expected


class UnbufferedFiles:
    """Files for tensorboardX whose every write reaches the disk at once, and is followed by a look of the reader."""

    def __init__(self, look):
        self._look = look

    def directory_check(self, path):
        os.makedirs(path.split(":", 1)[1], exist_ok=True)

    def open(self, path):
        return UnbufferedFile(path.split(":", 1)[1], self._look)


class UnbufferedFile:
    def __init__(self, path, look):
        self._file = open(path, "wb", buffering=0)
        self._look = look

    def write(self, data):
        self._file.write(data)
        self._look()

    def flush(self):
        pass

    def close(self):
        self._file.close()


def unbuffered_tensorboardx(program, root):
    """tensorboardX writes length, checksum, payload and checksum one by one; here each reaches the file alone."""
    run, count = "x", 500
    follower = Follower(program, root)
    seen = []
    tensorboardX.record_writer.register_writer_factory(
        "unbuffered", UnbufferedFiles(lambda: seen.append(len(follower.look()))))
    writer = SummaryWriter("unbuffered:" + os.path.join(root, run), flush_secs=3600)
    points = series(count, "loss", run)
    for point in points:
        writer.add_scalar(point[1], point[4], point[2], walltime=point[3])
    end = time.monotonic() + 20
    while len(seen) < 4 * (count + 1) and time.monotonic() < end:
        time.sleep(0.01)
    check("tensorboardX unbuffered: each point was read with the last of its four writes, before the file was closed",
          seen == [0] * 4 + [0, 0, 0, 1] * count, f"{len(seen)} looks saw {sum(seen)} points: {seen[:20]}")
    writer.close()
    expected = [point[:4] + (as_float(point[4]),) for point in points]
    same("tensorboardX unbuffered: points, one by one", expected, follower.points, count)
    check("tensorboardX unbuffered: nothing was lost", follower.close() == nothing_lost)
    return expected


# ---- all at once ------------------------------------------------------------------------------------


class Collector(threading.Thread):
    """follow_events on its own, and what it has printed so far."""

    def __init__(self, program, root, count):
        super().__init__()
        self._process = subprocess.Popen([program, root, str(count), "90"], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE)
        self.points = {}
        self.start()

    def run(self):
        for line in self._process.stdout:
            point = parse_point(line)
            self.points.setdefault(point[1], []).append(point)

    def finish(self):
        """The exit status of the program and what it said about losses."""
        self.join()
        return self._process.wait(), self._process.stderr.read().decode()


def wait_for_reader(collector, tag, count, flush):
    """Whether the reader comes to have `count` points of a tag whose file is open and will be written on."""
    end = time.monotonic() + 30
    while len(collector.points.get(tag, [])) < count and time.monotonic() < end:
        flush()
        time.sleep(0.01)
    return len(collector.points.get(tag, [])) == count


def write_series(collector, root, name, points, seen):
    """A thread's work: points of its own tag, flushed now and then; in the middle it waits for the reader."""
    run, tag = points[0][:2]
    directory = os.path.join(root, run)
    os.makedirs(directory, exist_ok=True)
    kind = SummaryWriter if name.startswith("x") else EventFileWriter
    writer = kind(directory, flush_secs=1, filename_suffix="." + name)
    for i, point in enumerate(points):
        if kind is SummaryWriter:
            writer.add_scalar(tag, point[4], point[2], walltime=point[3])
        else:
            writer.add_event(scalar_event(tag, point[2], point[3], value=point[4]))
        if i % 97 == 0:
            writer.flush()
        if i + 1 == len(points) // 2:
            seen.append((name, wait_for_reader(collector, tag, i + 1, writer.flush)))
    writer.close()


def all_at_once(program, root):
    """Six writers in three runs, two files in each, at full speed; the reader follows by itself."""
    count = 2000
    runs = {"x1": "one", "e1": "one", "x2": "deep/two", "e2": "deep/two", "x3": "deep/er/three", "e3": "deep/er/three"}
    collector = Collector(program, root, count * len(runs))
    points = {name: series(count, "from_" + name, run) for name, run in runs.items()}
    seen = []
    threads = [threading.Thread(target=write_series, args=(collector, root, name, points[name], seen)) for name in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    code, lost = collector.finish()
    check("six writers at once: all points came in time, none twice", code == 0, f"exit status {code}, {lost}")
    check("six writers at once: nothing was lost", lost == nothing_lost, lost)
    same("six writers at once: each waited in its middle until the reader had its first half",
         [(name, True) for name in sorted(runs)], sorted(seen), len(runs))
    expected = []
    for name in runs:
        written = [point[:4] + (as_float(point[4]),) for point in points[name]]
        read = collector.points.get("from_" + name, [])
        same(f"six writers at once: points of {name}, in order", written, read, count)
        expected += written
    return expected


def read_again(program, root, written):
    """A reader that comes when all is written sees the same, tag by tag."""
    follower = Follower(program, root)
    got = follower.look()
    follower.close()
    check("read again from the start: as many points", len(got) == len(written),
          f"expected {len(written)}, found {len(got)}")
    left, right = {}, {}
    for points, tags in ((written, left), (got, right)):
        for point in points:
            tags.setdefault(point[:2], []).append(point)
    differ = [key for key in sorted(set(left) | set(right)) if exact(left.get(key, [])) != exact(right.get(key, []))]
    check(f"read again from the start: the same {len(left)} series", not differ and len(left) >= 30, f"{differ[:5]}")
