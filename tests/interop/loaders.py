"""TensorBoard's event file loader and its event accumulators read what guild's writer wrote."""
import glob
import os
import time

from tensorboard.backend.event_processing import event_accumulator, event_file_loader, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.util import tensor_util

from report import attempt, check, same, same_series
from written import as_float, by_tag

points_of_a_run = 10000
tags_of_a_run = 13
hostile_tags = ["before", "not \ufffd utf-8 \ufffd", "between", "nan time", "not \ufffd utf-8 either", "after"]
loaders = (event_file_loader.LegacyEventFileLoader, event_file_loader.EventFileLoader)


def event_files(written, run):
    """The event files of a run in the order in which TensorBoard reads them."""
    return sorted(glob.glob(os.path.join(glob.escape(os.path.join(written.directory, run)), "*tfevents*")))


def events(written, run, loader=event_file_loader.LegacyEventFileLoader):
    """Every event of a run."""
    return [event for path in event_files(written, run) for event in loader(path).Load()]


def value_of(value):
    """A scalar, a text, the rows of a histogram or the parts of an image."""
    if value.HasField("simple_value"):
        return value.simple_value
    return tensor_util.make_ndarray(value.tensor).tolist()


def values(written, run, loader):
    """(tag, step, wall time, value) of everything in a run, in the order of the file; hparams aside."""
    return [(value.tag, event.step, event.wall_time, value_of(value))
            for event in events(written, run, loader) for value in event.summary.value
            if not value.tag.startswith("_hparams_/")]


def accumulated(written, run, module):
    """A run in an event accumulator of TensorBoard that keeps everything."""
    kept = dict.fromkeys(module.DEFAULT_SIZE_GUIDANCE, 0)
    return module.EventAccumulator(os.path.join(written.directory, run), size_guidance=kept).Reload()


def tensors(accumulator):
    """Tag -> [(step, wall time, value)] of an accumulator, hparams aside."""
    return {tag: [(e.step, e.wall_time, tensor_util.make_ndarray(e.tensor_proto).tolist())
                  for e in accumulator.Tensors(tag)]
            for tag in accumulator.Tags()["tensors"] if not tag.startswith("_hparams_/")}


def check_versions(written):
    """The first event of every file is the version of the format and names the writer."""
    paths = [path for run in written.runs for path in event_files(written, run)]
    first = [next(iter(event_file_loader.LegacyEventFileLoader(path).Load())) for path in paths]
    same("every file begins with its version and its writer", [("brain.Event:2", "guild", 0)] * len(paths),
         [(event.file_version, event.source_metadata.writer, len(event.summary.value)) for event in first],
         len(written.runs) + 3)


def check_run(written, run, kinds, count, stored=lambda value: value):
    """Everything of one run: each loader in file order, the accumulator of the dashboards tag by tag."""
    expected = written.points(run, *kinds, stored=stored)
    for loader in loaders:
        same(f"{run}: in file order, {loader.__name__}", expected, values(written, run, loader), count)
    found = tensors(accumulated(written, run, plugin_event_accumulator))
    same_series(f"{run}: plugin event accumulator", by_tag(expected), found, count)


def check_scalars(written):
    """Both kinds of scalars, with the accumulator that other programs use too."""
    check_run(written, "float", ["scalar"], points_of_a_run, as_float)
    check_run(written, "double", ["scalar"], points_of_a_run)
    simple = accumulated(written, "float", event_accumulator)
    found = {tag: [(e.step, e.wall_time, e.value) for e in simple.Scalars(tag)] for tag in simple.Tags()["scalars"]}
    series = written.series("float", "scalar", stored=as_float)
    same_series("float: event accumulator", series, found, points_of_a_run)
    check("float: as many tags as were meant", len(series) == tags_of_a_run, str(len(series)))
    simple = accumulated(written, "double", event_accumulator)
    same_series("double: event accumulator", written.series("double", "scalar"), tensors(simple), points_of_a_run)


def check_now(written):
    """A point without a wall time has that of the moment."""
    found = [event for event in events(written, "now") if event.summary.value]
    check("now: one point, of now", len(found) == 1 and abs(found[0].wall_time - time.time()) < 100, str(found))


def check_threads(written):
    """Four threads on one writer: each tag in order, nothing torn."""
    expected = written.series("threads", "scalar", stored=as_float)
    found = by_tag(values(written, "threads", event_file_loader.LegacyEventFileLoader))
    same_series("four threads on one writer: event file loader", expected, found, 8000)


def check_restarts(written):
    """purge_step: the loader sees a session start at that step, before anything else."""
    start = event_pb2.SessionLog.START
    starts = [(event.step, event.session_log.status) for event in events(written, "restarted twice")
              if event.HasField("session_log")]
    same("purge_step: the loader sees the session starts", [(60, start), (30, start)], starts, 2)
    for path, step in zip(event_files(written, "restarted twice")[1:], (60, 30)):
        first = [event.WhichOneof("what") for event in event_file_loader.LegacyEventFileLoader(path).Load()][:3]
        check(f"purge_step {step}: the session start comes before every summary",
              first == ["file_version", "session_log", "summary"], str(first))


def check_purges(written):
    """TensorBoard's rule in Python (event-files.md 1.4): the first start of a run purges nothing, which leaves the
    points of a run that was restarted once as they are, and the second start everything from its step on."""
    series = written.series("restarted once", "scalar", stored=as_float)
    found = tensors(accumulated(written, "restarted once", plugin_event_accumulator))
    same_series("purge_step: the accumulator keeps all at the first start", series, found, 162)
    series = written.series("restarted twice", "scalar", stored=as_float)
    expected = {"loss": series["loss"][:30] + series["loss"][-60:], "first file only": series["first file only"][1:]}
    found = tensors(accumulated(written, "restarted twice", plugin_event_accumulator))
    same_series("purge_step: the accumulator purges at the second start", expected, found, 91)


def run(written):
    """Every check of this file."""
    for part in (check_versions, check_scalars, check_now, check_threads, check_restarts, check_purges):
        attempt(part.__name__, part, written)
    for name, kinds, count in (("text", ["text"], 7), ("histograms", ["histogram"], 27), ("images", ["image"], 5),
                               ("mixed", ["scalar", "text", "histogram", "image"], 59)):
        attempt(name, check_run, written, name, kinds, count)


def run_hostile(written):
    """Tags and texts that are not UTF-8 and times that are no numbers do not cost their neighbours."""
    found = [tag for tag, *_ in values(written, "hostile", event_file_loader.EventFileLoader)]
    same("hostile: event file loader reads what is not UTF-8, what has no time, and all between", hostile_tags, found, 6)
