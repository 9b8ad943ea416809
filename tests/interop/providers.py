"""TensorBoard's two data providers serve what guild's writer wrote: the data server, which TensorBoard starts by
default, through gRPC, and the multiplexer in Python. Every dashboard reads through one of these.
"""
import time

from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer, tag_types
from tensorboard.data import server_ingester
from tensorboard.plugins import base_plugin
from tensorboard.plugins.histogram import histograms_plugin
from tensorboard.plugins.image import images_plugin
from tensorboard.plugins.text import text_plugin
from tensorboard.util import grpc_util

import hparams
from loaders import hostile_tags
from report import attempt, check, same, same_series
from written import as_float

everything = 10 ** 6
hostile_text = "not \ufffd utf-8 either"
plugins = ("scalars", "text", "histograms", "images", "hparams")


def kept_by_server(points):
    """The data server's rule: a point at step s drops those of its tag before it with steps of s and more."""
    result = []
    for point in points:
        while result and result[-1][0] >= point[0]:
            result.pop()
        result.append(point)
    return result


class Source:
    """One data provider, asked for all points of all runs."""

    def __init__(self, name, provider, kept):
        self.name = name
        self.provider = provider
        self.kept = kept
        self.context = context.RequestContext()

    def _read(self, reading, plugin, value_of):
        read = reading(self.context, experiment_id="", plugin_name=plugin, downsample=everything)
        return {run: {tag: [(p.step, p.wall_time, value_of(p)) for p in points] for tag, points in tags.items()}
                for run, tags in read.items()}

    def runs(self):
        """The names of the runs."""
        return sorted(run.run_name for run in self.provider.list_runs(self.context, experiment_id=""))

    def scalars(self):
        """Run -> tag -> [(step, wall time, value)]."""
        return self._read(self.provider.read_scalars, "scalars", lambda point: point.value)

    def tensors(self, plugin):
        """Run -> tag -> [(step, wall time, value)] of a plugin whose values are tensors."""
        return self._read(self.provider.read_tensors, plugin, lambda point: point.numpy.tolist())

    def images(self):
        """Run -> tag -> [(step, wall time, [width, height, bytes])]."""
        return self._read(self.provider.read_blob_sequences, "images", lambda point: [
            self.provider.read_blob(self.context, blob_key=part.blob_key) for part in point.values])


class Server:
    """The data server over a directory, with samples so many that all points are kept. It ends with this program."""

    def __init__(self, directory):
        self._ingester = server_ingester.SubprocessServerDataIngester(
            server_ingester.get_server_binary(), directory, reload_interval=0,
            channel_creds_type=grpc_util.ChannelCredsType.LOCAL, samples_per_plugin=dict.fromkeys(plugins, everything),
            extra_flags=["--host=127.0.0.1"])  # a bare system knows no localhost
        self._ingester.start()
        self.source = Source("data server", self._ingester.data_provider, kept_by_server)

    def wait_for(self, runs, seconds=60):
        """Whether the server comes to have exactly these runs; it shows a run once it has read all of it."""
        end = time.monotonic() + seconds
        while self.source.runs() != runs and time.monotonic() < end:
            time.sleep(0.1)
        return self.source.runs() == runs


def in_python(directory):
    """TensorBoard's own reading in Python, keeping everything."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(size_guidance={tag_types.TENSORS: 0})
    multiplexer.AddRunsFromDirectory(directory).Reload()
    return Source("multiplexer", data_provider.MultiplexerDataProvider(multiplexer, directory), lambda points: points)


# ---- checks -----------------------------------------------------------------------------------------


def expected_of(source, written, run, kind, stored=lambda value: value):
    """What a source shows of a run."""
    return {tag: source.kept(points) for tag, points in written.series(run, kind, stored=stored).items()}


def check_scalars(source, written, counts):
    """Scalars of four bytes; `counts` says how many points each run shows."""
    found = source.scalars()
    for run, count in counts.items():
        same_series(f"{source.name}: {run}: scalars", expected_of(source, written, run, "scalar", as_float),
                    found.get(run, {}), count)


def check_doubles_in_python(source, written):
    """Doubles come in full precision."""
    same_series(f"{source.name}: double: scalars", expected_of(source, written, "double", "scalar"),
                source.scalars().get("double", {}), 10000)


def check_doubles_are_hidden(source):
    """The data server hides tensors of doubles on purpose (event-files.md 1.3): the tags are there, no point is."""
    found = source.scalars().get("double", {})
    check(f"{source.name}: double: no point of 13 tags is shown, which is its documented rule",
          len(found) == 13 and not any(found.values()), str({tag[:20]: len(found[tag]) for tag in found}))
    listed = source.provider.list_scalars(source.context, experiment_id="", plugin_name="scalars")
    check(f"{source.name}: double: the run is not listed among those with scalars",
          "float" in listed and "double" not in listed, str(list(listed)))


def check_kinds(source, written):
    """Texts, histograms and images, alone in their run and mixed with everything else."""
    texts, histograms, images = source.tensors("text"), source.tensors("histograms"), source.images()
    for run in ("text", "mixed"):
        same_series(f"{source.name}: {run}: texts", expected_of(source, written, run, "text"), texts.get(run, {}), 7)
    for run in ("histograms", "mixed"):
        same_series(f"{source.name}: {run}: histograms", expected_of(source, written, run, "histogram"),
                    histograms.get(run, {}), 27)
    for run in ("images", "mixed"):
        same_series(f"{source.name}: {run}: images", expected_of(source, written, run, "image"), images.get(run, {}), 5)
    check(f"{source.name}: only those runs have texts, histograms and images",
          [sorted(found) for found in (texts, histograms, images)]
          == [["mixed", "text"], ["histograms", "mixed"], ["images", "mixed"]],
          f"{sorted(texts)} {sorted(histograms)} {sorted(images)}")


def check_dashboards(source, written):
    """The dashboards' own code serves them: the plugins behind the pages for text, histograms and images."""
    about = base_plugin.TBContext(data_provider=source.provider, sampling_hints=dict.fromkeys(plugins, everything))
    dashboard = text_plugin.TextPlugin(about)
    tag = written.of("text", "text")[1]["tag"]
    shown = dashboard.text_impl(source.context, "text", tag, "", True)
    check(f"{source.name}: the text dashboard shows a table, and a letter that is not ASCII",
          len(shown) == 5 and "<table>" in shown[3]["text"] and "\u00e4" in shown[3]["text"], str(shown)[:500])
    dashboard = histograms_plugin.HistogramsPlugin(about)
    shown = dashboard.histograms_impl(source.context, "weights", "histograms", "", everything)[0]
    check(f"{source.name}: the histogram dashboard shows 20 of 30 buckets",
          [len(buckets) for _, _, buckets in shown] == [30] * 20, str(shown)[:500])
    index = images_plugin.ImagesPlugin(about)._index_impl(source.context, "")  # no public way in without HTTP
    check(f"{source.name}: the image dashboard shows one picture a step",
          {part["samples"] for tags in index.values() for part in tags.values()} == {1} and len(index) == 2, str(index))


def check_source(source, written, counts):
    """What both providers have in common."""
    attempt(f"{source.name}: scalars", check_scalars, source, written, counts)
    attempt(f"{source.name}: texts, histograms and images", check_kinds, source, written)
    attempt(f"{source.name}: dashboards", check_dashboards, source, written)
    attempt(f"{source.name}: hparams", hparams.run, source, written)


def run(written):
    """Every check of this file. The counts differ where steps go back: the server drops what was before."""
    shown = {"float": 10000, "threads": 8000, "hparams/a": 20, "hparams/b": 20, "exported": 80}
    source = in_python(written.directory)
    check(f"{source.name}: has every run", source.runs() == written.runs, str(source.runs()))
    check_source(source, written, shown)
    attempt(f"{source.name}: doubles", check_doubles_in_python, source, written)
    server = Server(written.directory)
    check("data server: has every run", server.wait_for(written.runs), str(server.source.runs()))
    check_source(server.source, written, {**shown, "float": 9989, "restarted once": 121, "restarted twice": 91})
    attempt("data server: doubles", check_doubles_are_hidden, server.source)


def run_hostile(written):
    """Tags and texts that are not UTF-8 and times that are no numbers do not cost their neighbours."""
    server = Server(written.directory)
    server.wait_for(written.runs)
    for source in (in_python(written.directory), server.source):
        same(f"hostile: {source.name} has what is not UTF-8, what has no time, and all between",
             sorted(set(hostile_tags) - {hostile_text}), sorted(source.scalars().get("hostile", {})), 5)
        about = base_plugin.TBContext(data_provider=source.provider, sampling_hints=dict.fromkeys(plugins, everything))
        shown = text_plugin.TextPlugin(about).text_impl(source.context, "hostile", hostile_text, "", True)
        check(f"hostile: {source.name}: the text dashboard shows the text",
              len(shown) == 1 and "\ufffd\ufffd" in shown[0]["text"], str(shown))
        groups = hparams.table(source).run().session_groups
        same(f"hostile: {source.name}: the table of hparams shows group and flag", [("group \ufffd", "value \ufffd")],
             [(group.name, group.hparams["name \ufffd"].string_value) for group in groups], 1)
