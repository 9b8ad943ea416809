#!/usr/bin/env python3
"""One reader or writer of event files that is a Python library: events_in_python.py PEER PATH EVENTS.

For events_peers.py, which starts one process a peer. A reader reads the file PATH, a writer writes EVENTS scalars into
the directory PATH. Prints a JSON object: scalars, seconds without imports, and the process at its largest in MiB. Exit
77 where the library is missing.
"""
import itertools
import json
import sys
import time

import events_peers


def read_with_event_accumulator(path, _):
    from tensorboard.backend.event_processing import event_accumulator
    everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    begin = time.perf_counter()
    loaded = event_accumulator.EventAccumulator(path, size_guidance=everything).Reload()
    seconds = time.perf_counter() - begin
    return sum(len(loaded.Scalars(tag)) for tag in loaded.Tags()["scalars"]), seconds


def read_with_event_file_loader(path, events):
    from tensorboard.backend.event_processing import event_file_loader
    begin = time.perf_counter()
    summaries = (event for event in event_file_loader.EventFileLoader(path).Load() if event.HasField("summary"))
    count = sum(len(event.summary.value) for event in itertools.islice(summaries, events))
    return count, time.perf_counter() - begin


def write_scalars(writer, events):
    begin = time.perf_counter()
    for step in range(events):
        writer.add_scalar("train/loss", 0.25, step, 1.7e9)
    writer.close()
    return events, time.perf_counter() - begin


def write_with_tensorboardx(path, events):
    import tensorboardX
    return write_scalars(tensorboardX.SummaryWriter(path), events)


def write_with_torch(path, events):
    from torch.utils import tensorboard
    return write_scalars(tensorboard.SummaryWriter(path), events)


def write_with_tensorflow(path, events):
    import tensorboard  # noqa: F401  tf.summary needs it, and fails late without
    import tensorflow
    writer = tensorflow.summary.create_file_writer(path)
    begin = time.perf_counter()
    with writer.as_default():
        for step in range(events):
            tensorflow.summary.scalar("train/loss", 0.25, step=step)
    writer.close()
    return events, time.perf_counter() - begin


peers = {
    "EventAccumulator": read_with_event_accumulator,
    "EventFileLoader": read_with_event_file_loader,
    "tensorboardX": write_with_tensorboardx,
    "torch": write_with_torch,
    "tensorflow": write_with_tensorflow,
}


def main():
    peer, path, events = sys.argv[1:]
    try:
        count, seconds = peers[peer](path, int(events))
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(77)
    print(json.dumps({"events": count, "seconds": seconds, "mib": events_peers.peak_mib("self")}))


if __name__ == "__main__":
    main()
