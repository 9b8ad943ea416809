"""What the tests of packages share: a local repository that stands in for https://github.com/tensorflow/tensorflow, and a
console whose guild fetches from it. Not a test itself.
"""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "packages" / "mnist-tutorial-src"
TRAINER = ROOT / "tests" / "fixtures" / "mnist_with_summaries.py"
MNIST = "tensorflow/examples/tutorials/mnist"
FILES = ["BUILD", "input_data.py", "mnist_softmax_xla.py", "mnist_with_summaries.py", "fully_connected_feed.py", "mnist.py",
         "__init__.py", "mnist_softmax.py", "mnist_deep.py"]

results = {True: 0, False: 0}


def check(sentence, holds, seen=""):
    results[bool(holds)] += 1
    print(("ok      " if holds else "FAILED  ") + sentence, flush=True)
    if not holds and seen != "":
        print("        seen: " + str(seen)[-3000:].replace("\n", "\n        "), flush=True)


def need(*programs):
    """Ends the test as skipped on a machine without one of these."""
    for program in programs:
        if not shutil.which(program):
            print(f"skipped: {program} is missing")
            sys.exit(77)


def finish():
    print(f"{results[True]} passed, {results[False]} failed")
    return 1 if results[False] or not results[True] else 0


def git(directory, *words):
    """Runs git as it would run for nobody in particular, at a fixed time."""
    environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C",
                       GIT_AUTHOR_DATE="2017-06-15T12:00:00Z", GIT_COMMITTER_DATE="2017-06-15T12:00:00Z",
                       GIT_AUTHOR_NAME="guild", GIT_AUTHOR_EMAIL="guild@example.org",
                       GIT_COMMITTER_NAME="guild", GIT_COMMITTER_EMAIL="guild@example.org")
    subprocess.run(["git", *words], cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)


def make_remote(directory):
    """A bare repository below `directory` with the tutorial's files at master and at v1.2.0, and the [mirror] that leads
    there."""
    tree = directory / "tree"
    place = tree / MNIST
    place.mkdir(parents=True)
    for name in FILES:
        (place / name).write_text(f'"""Stands in for {name}."""\n' if name.endswith(".py") else "# stands in\n")
    shutil.copy(TRAINER, place / "mnist_with_summaries.py")
    (tree / "README.md").write_text("A stand-in.\n")
    (tree / "tensorflow" / "core").mkdir()
    (tree / "tensorflow" / "core" / "large.cc").write_text("// not fetched\n" * 1000)
    git(tree, "init", "-q", "-b", "master")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "Stand in")
    git(tree, "tag", "v1.2.0")
    bare = directory / "remote" / "tensorflow" / "tensorflow.git"
    bare.parent.mkdir(parents=True)
    git(directory, "clone", "-q", "--bare", str(tree), str(bare))
    git(bare, "config", "uploadpack.allowFilter", "true")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    return bare


class Console:
    """A home directory in which github.com is the stand-in, and commands that see it."""

    def __init__(self, guild, directory, **variables):
        self.directory = directory
        home = directory / "home"
        (home / ".config" / "guild").mkdir(parents=True)
        (home / ".config" / "guild" / "config.toml").write_text(
            f'[mirror."https://github.com/"]\nurl = "file://{directory}/remote/"\n')
        keep = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")
                if name in os.environ}
        self.environment = dict(keep, PATH=f"{guild.parent}:{os.environ['PATH']}", HOME=str(home), LC_ALL="C", TERM="dumb")
        self.environment.update(variables)

    def run(self, *words, cwd=None, **variables):
        return subprocess.run(words, cwd=cwd or self.directory, env=dict(self.environment, **variables),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)

    def start(self, log, *words, cwd=None):
        with open(log, "wb") as out:
            return subprocess.Popen(words, cwd=cwd or self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=subprocess.STDOUT)
