"""guild's reader follows files while tensorboardX and TensorBoard's own writers write them.

After every batch the reader is asked what it sees, while the writer is still open: what was flushed must be there, in
order and bit by bit, and half a record must not be.
"""
import os

import numpy as np
import tensorboard.summary
from tensorboard.compat.proto import event_pb2, tensor_pb2, types_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
from tensorboardX import SummaryWriter

import live_files
from follower import Follower, in_batches, nothing_lost, odd_steps, odd_values, scalar_event, series, start
from report import attempt, check, same
from written import as_float


def tensorboardx(program, root):
    """SummaryWriter, with text, histograms, images and hparams between the scalars, and a restart in the same run."""
    run = "x"
    follower = Follower(program, root)
    writer = SummaryWriter(os.path.join(root, run), flush_secs=3600, filename_suffix=".first")

    def write(point):
        writer.add_scalar(point[1], point[4], point[2], walltime=point[3])

    def batch(i):
        points = series(20, "loss/train", run, i * 20) + series(5, "accuracy", run, i * 20)
        if i == 0:
            points += [(run, "odd_values", k, start, value) for k, value in enumerate(odd_values)]
            points += [(run, "odd_steps", step, start - 0.5, 1.0) for step in odd_steps]
        return points

    noise = np.random.RandomState(1)

    def disturb():
        writer.add_text("notes", "a | b\n--|--\n\u00e4 | \U0001f680", 1)
        writer.add_histogram("weights", noise.normal(size=1000), 1)
        writer.add_image("picture", noise.randint(0, 255, (3, 64, 48)).astype(np.uint8), 1)
        writer.flush()

    expected = in_batches("tensorboardX scalars", follower, [batch(i) for i in range(10)], write, writer.flush)
    for i in range(10, 20):
        disturb()
        expected += in_batches(f"tensorboardX scalars after text, histogram and image {i - 9}", follower, [batch(i)],
                               write, writer.flush)
    expected += tensorboardx_hparams(follower, writer, root, run)
    again = SummaryWriter(os.path.join(root, run), flush_secs=3600, filename_suffix=".second", purge_step=300)
    writer.close()
    writer = again
    expected += in_batches("tensorboardX scalars of a second file with purge_step", follower,
                           [batch(i) for i in range(15, 18)], write, again.flush)
    again.close()
    check("tensorboardX: closing adds nothing", follower.look() == [])
    check("tensorboardX: nothing was lost", follower.close() == nothing_lost)
    return expected


def tensorboardx_hparams(follower, writer, root, run):
    """add_hparams makes a run of its own, with the metrics as scalars."""
    flags = {"lr": 0.1, "batch": 32, "nesterov": True, "dropout": False, "optimizer": "sgd", "\u00e4": "\u00f6 \u00fc"}
    writer.add_hparams(flags, {"hparam/loss": 0.3, "hparam/accuracy": 0.9}, name="trial", global_step=7)
    inner = run + "/trial"
    got = follower.wait_for(2)
    expected = [(inner, "hparam/loss", 7, as_float(0.3)), (inner, "hparam/accuracy", 7, as_float(0.9))]
    same("tensorboardX hparams: the metrics are scalars, the flags are none",
         expected, [(p[0], p[1], p[2], p[4]) for p in got], 2)
    texts = {"lr": "0.1", "batch": "32", "nesterov": "true", "dropout": "false", "optimizer": "sgd",
             "\u00e4": "\u00f6 \u00fc"}
    same("tensorboardX hparams: read into flags", sorted(texts.items()), sorted(follower.flags(inner).items()), 6)
    check("tensorboardX hparams: a run without has none", follower.flags(run) == {})
    return got


def tensorboard_event_writer(program, root):
    """TensorBoard's EventFileWriter: simple values, then a tensor of every numeric type."""
    run = "event_writer"
    follower = Follower(program, root)
    writer = EventFileWriter(os.path.join(root, run), flush_secs=3600)
    batches = [series(50, "loss", run, i * 50) for i in range(20)]
    batches.append([(run, "odd values", k, start, value) for k, value in enumerate(odd_values)])
    batches.append([(run, "odd steps", step, start - 0.5, 1.0) for step in odd_steps])
    batches.append([(run, "\u00e4\u03b2\u640d\U0001f680 \"quoted\" \\", 1, 0.0, 0.1)])
    expected = in_batches("TensorBoard's EventFileWriter, simple values", follower, batches,
                          lambda p: writer.add_event(scalar_event(p[1], p[2], p[3], value=p[4])), writer.flush)
    expected += tensors_of_every_type(follower, writer, run)
    other_events(writer)
    expected += in_batches("TensorBoard's EventFileWriter, after events of other kinds", follower,
                           [series(3, "late", run)],
                           lambda p: writer.add_event(scalar_event(p[1], p[2], p[3], value=p[4])), writer.flush)
    writer.close()
    check("TensorBoard's EventFileWriter: closing adds nothing", follower.look() == [])
    check("TensorBoard's EventFileWriter: nothing was lost", follower.close() == nothing_lost)
    return expected


def tensors_of_every_type(follower, writer, run):
    """Scalars as tensors: of rank 0, of one element, and as bytes, which is TensorFlow's way."""
    kinds = [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32,
             np.int64, np.uint64, np.bool_]
    points = []
    for kind in kinds:
        for form in ("rank 0", "one element", "bytes"):
            for step, value in enumerate((1, 0, 100, 0.1 if kind(0.1) != 0 else 7)):
                array = np.array(kind(value)).reshape([1] if form == "one element" else [])
                tensor = tensor_util.make_tensor_proto(array, shape=array.shape)
                if form == "bytes":
                    tensor = tensor_pb2.TensorProto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape,
                                                    tensor_content=array.tobytes())
                writer.add_event(scalar_event(f"{kind.__name__}, {form}", step, start, tensor=tensor))
                points.append((run, f"{kind.__name__}, {form}", step, start, float(kind(value))))
    same("TensorBoard's EventFileWriter, tensors of every type and form", points,
         follower.wait_for(len(points), writer.flush), 12 * 3 * 4)
    return points


def other_events(writer):
    """Graphs, session logs, tensors that are no scalars."""
    writer.add_event(event_pb2.Event(wall_time=start, graph_def=b"\x0a" * 300000))
    writer.add_event(event_pb2.Event(wall_time=start, meta_graph_def=b"\x0a" * 30))
    log = event_pb2.SessionLog(status=event_pb2.SessionLog.START, checkpoint_path="here")
    writer.add_event(event_pb2.Event(wall_time=start, step=5, session_log=log))
    run_metadata = event_pb2.TaggedRunMetadata(tag="step_5", run_metadata=b"abc")
    writer.add_event(event_pb2.Event(wall_time=start, tagged_run_metadata=run_metadata))
    event = event_pb2.Event(wall_time=start, step=5)
    event.summary.value.add(tag="matrix", tensor=tensor_util.make_tensor_proto(np.ones((2, 3))))
    event.summary.value.add(tag="words", tensor=tensor_util.make_tensor_proto("text", dtype=types_pb2.DT_STRING))
    event.summary.value.add(tag="nothing")
    writer.add_event(event)


def tensorboard_summary_writer(program, root):
    """tensorboard.summary.Writer, which writes tensors with metadata on every point."""
    run = "summary_writer"
    follower = Follower(program, root)
    writer = tensorboard.summary.Writer(os.path.join(root, run))
    expected = in_batches("tensorboard.summary.Writer", follower, [series(25, "loss", run, i * 25) for i in range(8)],
                          lambda p: writer.add_scalar(p[1], p[4], p[2], wall_time=p[3]), writer.flush)
    writer.close()
    check("tensorboard.summary.Writer: nothing was lost", follower.close() == nothing_lost)
    return expected


def run(program, root):
    """Every live check; `root` is an empty directory."""
    written = []
    parts = (tensorboardx, tensorboard_event_writer, tensorboard_summary_writer, live_files.cut_records,
             live_files.unbuffered_tensorboardx, live_files.all_at_once)
    for part in parts:
        part_root = os.path.join(root, part.__name__)
        os.makedirs(part_root)
        points = attempt(part.__name__, part, program, part_root) or []
        written += [(f"{part.__name__}/{point[0]}", *point[1:]) for point in points]
    live_files.read_again(program, root, written)
