#!/usr/bin/env python3
"""The tutorial from "Initialize a Guild project" to "Add series to the view": each command is run, each edit made, and what
is printed and shown is compared with what the tutorial says.

    tutorial.py GUILD

Needs Python 3.8 and nothing else. The page is looked at through the JSON that it shows; tests/viewer opens it in a browser.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "tests" / "fixtures" / "mnist_with_summaries.py"

GUILD_FILE = """\
#-*-conf-*-

###################################################################
# Project
###################################################################

[project]

  name        = MNIST Tutorial
  description = Softmax and convolutional models trained \\
                on the MNIST dataset

###################################################################
# Models
###################################################################

[model "softmax"]

  description = Simple linear regression model
  train = mnist_with_summaries

###################################################################
# Flags
###################################################################

[flags]

  data_dir = data
  log_dir = $RUNDIR
  max_steps = 1000

"""

OLD_MAIN = """\
def main(_):
  if tf.gfile.Exists(FLAGS.log_dir):
    tf.gfile.DeleteRecursively(FLAGS.log_dir)
  tf.gfile.MakeDirs(FLAGS.log_dir)
  train()
"""

NEW_MAIN = """\
def main(_):
  tf.gfile.MakeDirs(FLAGS.log_dir)
  train()
"""

FIELDS = """\
###################################################################
# Flags
###################################################################

[field "validation-accuracy"]

  @attrs template "validation-accuracy-field"
  source = series/tf/test/accuracy_1

[field "train-accuracy"]

  @attrs template "train-accuracy-field"
  source = series/tf/train/accuracy_1

[field "loss"]

  @attrs template "loss-field"
  source = series/tf/train/cross_entropy_1

[field "steps"]

  @attrs template "steps-field"
  source = series/tf/train/cross_entropy_1

[field "time"]

  @attrs template "time-field"
  source = series/tf/train/cross_entropy_1
"""

SERIES = """\
###################################################################
# Series
###################################################################

[series "accuracy"]

  @attrs template "accuracy-series"
  source = series/tf/.+/accuracy_1

[series "loss"]

  @attrs template "loss-series"
  source = series/tf/train/cross_entropy_1

"""

DELETED = "Error logging series values: read_only (was RUNDIR deleted?)"

results = {True: 0, False: 0}


def check(sentence, holds, seen=""):
    results[bool(holds)] += 1
    print(("ok      " if holds else "FAILED  ") + sentence, flush=True)
    if not holds and seen != "":
        print("        seen: " + str(seen)[-3000:].replace("\n", "\n        "), flush=True)


def wait_for(condition, limit_s=60):
    """The first true value of condition(); the last one after limit_s seconds."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


class Session:
    """The tutorial's console: one directory, one program."""

    def __init__(self, guild, directory):
        self.directory = directory
        self.environment = dict(os.environ, PATH=f"{guild.parent}:{os.environ['PATH']}", HOME=str(directory / "home"))
        self.environment.pop("NO_COLOR", None)

    def run(self, *words):
        return subprocess.run(["guild", *words], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)

    def start(self, log, *words):
        """The program in the background, what it prints going to the file `log`."""
        with open(self.directory / log, "wb") as out:
            return subprocess.Popen(["guild", *words], cwd=self.directory, env=self.environment,
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def text(self, name):
        return (self.directory / name).read_text()

    def write(self, name, text):
        (self.directory / name).write_text(text)

    def runs(self):
        return [line.split("\t") for line in self.run("list-runs").stdout.splitlines()]


def initialize(session):
    refused = session.run("init")
    check("init: a directory with files is refused, and --force is named",
          refused.returncode == 2 and "is not an empty directory" in refused.stderr
          and "guild init --force" in refused.stderr, refused.stderr)
    before = session.text("mnist_with_summaries.py")
    forced = session.run("init", "--force")
    check("init --force: prints nothing and writes Guild",
          forced.returncode == 0 and forced.stdout + forced.stderr == "" and "[project]" in session.text("Guild"),
          forced.stdout + forced.stderr)
    check("init --force: leaves the other files as they were", session.text("mnist_with_summaries.py") == before)
    session.write("Guild", GUILD_FILE)
    again = session.run("init", "--force")
    check("init --force: does not overwrite an existing Guild file, and says so in one line",
          again.returncode == 0 and session.text("Guild") == GUILD_FILE and len((again.stdout + again.stderr).splitlines()) == 1,
          again.stdout + again.stderr)


def first_training(session):
    done = session.run("train")
    lines = (done.stdout + done.stderr).splitlines()
    check("train: the softmax model trains to its end although the script deletes RUNDIR", done.returncode == 0, lines)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        check(f"train: prints 'Extracting data/{name}-ubyte.gz'", f"Extracting data/{name}-ubyte.gz" in lines, lines)
    check("train: prints that RUNDIR was deleted, on standard error", DELETED in done.stderr.splitlines(), done.stderr)
    accuracies = [line for line in lines if re.fullmatch(r"Accuracy at step \d+: [\d.]+", line)]
    check("train: prints the accuracy every ten steps", len(accuracies) == 100 and accuracies[3].startswith("Accuracy at step 30:"),
          lines)
    runs = session.runs()
    check("list-runs: the deleted run stands there again, completed", [run[1:] for run in runs] == [["completed"]], runs)
    keys = session.run("list-series", "-L").stdout.splitlines()
    check("list-series: the deleted run has kept its TensorFlow scalars",
          {"tf/test/accuracy_1", "tf/train/accuracy_1", "tf/train/cross_entropy_1"} <= set(keys), keys)


def interrupted_training(session):
    process = session.start("train.log", "train", "-F", "max_steps=1000000")
    seen = wait_for(lambda: DELETED in session.text("train.log") and "Accuracy at step 30: " in session.text("train.log"))
    check("train: while it trains, the message appears among the output", seen, session.text("train.log"))
    check("list-runs: the run is running", wait_for(lambda: [run[1] for run in session.runs()][:1] == ["running"], 15),
          session.runs())
    process.send_signal(signal.SIGINT)
    status = process.wait(60)
    check("train: CTRL-C ends it with status 130", status == 130, status)
    check("list-runs: newest first, the run is terminated",
          [run[1] for run in session.runs()] == ["terminated", "completed"], session.runs())


def second_training(session):
    text = session.text("mnist_with_summaries.py")
    check("edit: the script has the tutorial's main", text.count(OLD_MAIN) == 1)
    session.write("mnist_with_summaries.py", text.replace(OLD_MAIN, NEW_MAIN))
    done = session.run("train")
    check("train: runs to completion without error messages", done.returncode == 0 and done.stderr == "", done.stderr)
    last = done.stdout.splitlines()[-1]
    match = re.fullmatch(r"Accuracy at step 990: ([\d.]+)", last)
    check("train: the model has learned", match and float(match.group(1)) > 0.8, last)
    check("list-runs: three runs, the new one completed",
          [run[1] for run in session.runs()] == ["completed", "terminated", "completed"], session.runs())


def list_series(session):
    short, long = session.run("list-series", "-L"), session.run("list-series", "--latest-run")
    keys = short.stdout.splitlines()
    check("list-series -L: the same as --latest-run", short.returncode == 0 and short.stdout == long.stdout)
    check("list-series -L: several keys start with tf/",
          [key for key in keys if key.startswith("tf/")] ==
          ["tf/test/accuracy_1", "tf/test/cross_entropy_1", "tf/train/accuracy_1", "tf/train/cross_entropy_1"], keys)
    check("list-series -L: statistics of the machine and of the operation are there",
          any(key.startswith("sys/") for key in keys) and any(key.startswith("op/") for key in keys), keys)
    check("list-series -L: in key order", keys == sorted(keys), keys)


class Page:
    """What the page shows, read from the addresses that it reads."""

    def __init__(self, port):
        self.port = port

    def fetch(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.headers, answer.read().decode()

    def json(self, path):
        return json.loads(self.fetch("/api/" + path)[1])

    def latest(self, what):
        return self.json(f"runs/latest/{what}")[what]

    def fields(self):
        return {field["label"]: field["text"] for field in self.latest("fields")}

    def charts(self):
        """The charts that the project file asks for: title and the keys of its lines."""
        charts = {}
        for chart in self.json("project")["series"]:
            if chart["extra"]:
                continue
            pattern = urllib.parse.quote(chart["source"].split("/", 1)[1])
            charts[chart["title"]] = [one["key"] for one in self.json(f"runs/latest/data?pattern={pattern}")["series"]]
        return charts


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_view(session):
    """Guild View on the tutorial's port, or, when another program has that one, on another."""
    port = 6333 if is_free(6333) else free_port()
    process = session.start("view.log", "view", *([] if port == 6333 else ["--port", str(port)]))
    line = f"Guild View running on port {port}\n"
    check(f"view: prints '{line.strip()}'", wait_for(lambda: session.text("view.log") == line, 30), session.text("view.log"))
    return process, Page(port)


def view_results(page):
    headers, html = page.fetch("/")
    check("page: it is there, and takes nothing from elsewhere",
          "<html" in html and "default-src" in headers.get("Content-Security-Policy", ""), html)
    project = page.json("project")
    check("page: the project's title and description",
          (project["title"], project["description"]) ==
          ("MNIST Tutorial", "Softmax and convolutional models trained on the MNIST dataset"), project)
    runs = page.json("runs")["runs"]
    check("page: the runs, newest first, with their statuses",
          [(run["model"], run["status"]) for run in runs] ==
          [("softmax", "completed"), ("softmax", "terminated"), ("softmax", "completed")], runs)
    flags = {flag["name"]: flag["value"] for flag in page.latest("flags")}
    check("page: flags used with the command",
          list(flags) == ["data_dir", "log_dir", "max_steps"] and flags["max_steps"] == "1000"
          and flags["log_dir"] == runs[0]["path"], flags)
    check("page: system attributes at the time of the operation",
          {"cpu_model", "memory", "host"} <= {attr["name"] for attr in page.latest("attrs")}, page.latest("attrs"))
    keys = [series["key"] for series in page.latest("series")]
    check("page: system and operation stats", "op/mem/rss" in keys and "sys/mem/used" in keys, keys)
    text = "".join(piece["text"] for piece in page.json("runs/latest/output?limit=1000000")["pieces"])
    check("page: command output", "Extracting data/train-images-idx3-ubyte.gz\n" in text and "Accuracy at step 990: " in text,
          text)
    check("page: no fields and no charts of the project yet", page.fields() == {} and page.charts() == {})


def add_fields(session, page):
    session.write("Guild", session.text("Guild") + FIELDS)
    fields = page.fields()
    check("fields: after a reload the page shows five, in the tutorial's order",
          list(fields) == ["Validation Accuracy", "Train Accuracy", "Loss", "Steps", "Time"], fields)
    shapes = (r"\d+\.\d\d%", r"\d+\.\d\d%", r"\d+\.\d{4}", r"998", r"\d+:\d\d:\d\d")
    check("fields: their values are formatted as the templates say",
          all(re.fullmatch(shape, text) for shape, text in zip(shapes, fields.values())), fields)
    check("fields: the validation accuracy is the last one printed",
          fields.get("Validation Accuracy") == f"{100 * last_accuracy(session):.2f}%", fields)


def last_accuracy(session):
    output = pathlib.Path(session.runs()[0][0]) / "guild.d" / "output.log"
    return float(output.read_text().splitlines()[-1].rsplit(" ", 1)[1])


def add_series(session, page):
    session.write("Guild", session.text("Guild") + SERIES)
    charts = page.charts()
    check("series: after a reload there are two charts more, and training and test accuracy are in one",
          charts == {"Accuracy": ["tf/test/accuracy_1", "tf/train/accuracy_1"], "Loss": ["tf/train/cross_entropy_1"]}, charts)
    lines = page.json("runs/latest/data?pattern=tf/.%2B/accuracy_1")["series"]
    check("series: the charts have the points of the run", [line["count"] for line in lines] == [100, 900],
          [line["count"] for line in lines])


def break_and_mend(session, page):
    good = session.text("Guild")
    session.write("Guild", good + '[field "broken"\n')
    error = page.json("project")["error"]
    check("page: a mistake in the project file is shown with its line, and the runs stay",
          error and error["line"] == len(good.splitlines()) + 1 and len(page.json("runs")["runs"]) == 3, error)
    session.write("Guild", good)
    check("page: it is right again when the file is", page.json("project")["error"] is None and len(page.fields()) == 5)


def delete_while_shown(session, page):
    run = page.json("runs/latest")
    done = session.run("delete-run", "-L")
    check("delete-run: says what it deletes", done.stdout == f"Deleting {run['path']}\n", done.stdout + done.stderr)
    try:
        status = page.fetch(f"/api/runs/{run['id']}/series")[0] and 200
    except urllib.error.HTTPError as error:
        status, answer = error.code, json.load(error)
    check("page: a run deleted while it is shown is told missing, and the others stay",
          status == 404 and run["id"] in answer["error"]["message"] and len(page.json("runs")["runs"]) == 2, status)


def stop_view(session, process):
    process.send_signal(signal.SIGINT)
    status = process.wait(30)
    check("view: CTRL-C ends it, which it says",
          status == 0 and session.text("view.log").endswith("Server stopped by user\n"), session.text("view.log"))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    guild = pathlib.Path(sys.argv[1]).resolve()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guild-tutorial-")).resolve() / "mnist"
    directory.mkdir()
    shutil.copy(SCRIPT, directory)
    session = Session(guild, directory)
    try:
        initialize(session)
        first_training(session)
        interrupted_training(session)
        second_training(session)
        process, page = start_view(session)
        try:
            view_results(page)
            list_series(session)
            add_fields(session, page)
            add_series(session, page)
            break_and_mend(session, page)
            delete_while_shown(session, page)
        finally:
            stop_view(session, process)
    finally:
        shutil.rmtree(directory.parent, ignore_errors=True)
    print(f"{results[True]} passed, {results[False]} failed")
    return 1 if results[False] or not results[True] else 0


if __name__ == "__main__":
    sys.exit(main())
