#!/usr/bin/env python3
"""The tutorial from "Name the package" to "Create a working source copy", its to-dos, and the package of examples/packages
installed and used, against a local repository: what is printed is compared line for line.

    package.py GUILD

Needs Python 3.8, git, patch, tar and xz.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.request

from stand_in import EXAMPLE, FILES, MNIST, Console, check, finish, git, make_remote, need

GUILDPKG = """\
#-*-conf-*-

[package]

  name = mnist-tutorial-src
  version = 1
  source = https://github.com/tensorflow/tensorflow/tree/master/tensorflow/examples/tutorials/mnist
  packager = packager

[references]

  github = https://github.com/tensorflow/tensorflow/tree/master/tensorflow/examples/tutorials/mnist

"""

BUILT = """\
Downloading https://github.com/tensorflow/tensorflow.git
Cloning into bare repository '{directory}/tensorflow'...
Extracting tensorflow/master/tensorflow/examples/tutorials/mnist
Using packager
Running build
TODO Perform any build steps here
Running package
TODO Copy packages here
Creating mnist-tutorial-src-1.pkg.tar.xz
"""

ARCHIVE = "mnist-tutorial-src-1.pkg.tar.xz"
SHA256 = re.compile(r"sha256 of its tar: ([0-9a-f]{64})\n")


def said(done):
    return f"{done.stdout}{done.stderr}? {done.returncode}"


def initialize(console, directory):
    directory.mkdir()
    (directory / "notes").write_text("a directory with files is fine\n")
    done = console.run("guild", "init", "--package", cwd=directory)
    check("init --package: prints nothing and writes GuildPkg and packager beside what is there",
          said(done) == "? 0" and sorted(os.listdir(directory)) == ["GuildPkg", "notes", "packager"], said(done))
    (directory / "notes").unlink()
    untouched = console.run("guild", "package", cwd=directory)
    check("package: the untouched GuildPkg is refused at its lines", untouched.returncode != 0 and "GuildPkg:" in untouched.stderr,
          said(untouched))
    (directory / "GuildPkg").write_text(GUILDPKG)
    again = console.run("guild", "init", "--package", cwd=directory)
    check("init --package: leaves what is there, and says so",
          said(again) == "GuildPkg is there already: it was left unchanged\npackager is there already: it was left unchanged\n? 0"
          and (directory / "GuildPkg").read_text() == GUILDPKG, said(again))


def build(console, directory):
    done = console.run("guild", "package", cwd=directory)
    expected = BUILT.format(directory=directory)
    check("package: prints the tutorial's lines, and the identity of the package behind them",
          done.returncode == 0 and done.stderr == "" and done.stdout.startswith(expected)
          and SHA256.fullmatch(done.stdout[len(expected):]), said(done))
    sha256 = SHA256.search(done.stdout).group(1)
    found = console.run("find", "src/", cwd=directory).stdout.replace("src/\n", "src\n").splitlines()
    parts = MNIST.split("/")
    expected = ["src"] + ["src/" + "/".join(parts[:n + 1]) for n in range(len(parts))] + [f"src/{MNIST}/{name}" for name in FILES]
    check("find src/: the tutorial's files and nothing else", sorted(found) == sorted(expected), found)
    check("find pkg/: nothing is in it", console.run("find", "pkg/", cwd=directory).stdout == "pkg/\n")
    listed = console.run("tar", "tf", ARCHIVE, cwd=directory)
    check("tar tf: exactly ./ and ./.GuildPkg", said(listed) == "./\n./.GuildPkg\n? 0", said(listed))
    packed = console.run("tar", "xOf", ARCHIVE, "./.GuildPkg", cwd=directory)
    check("the archive's .GuildPkg is GuildPkg", packed.stdout == GUILDPKG, packed.stdout)
    check("the identity is in GuildPkg.lock and in the buildinfo",
          f"tar_sha256 = {sha256}\n" in (directory / "GuildPkg.lock").read_text()
          and f"tar-sha256\t{sha256}\n" in (directory / "mnist-tutorial-src-1.buildinfo").read_text())
    log = (directory / "package.log").read_text()
    check("package.log holds what the packager printed",
          log == "Running build\nTODO Perform any build steps here\nRunning package\nTODO Copy packages here\n", log)
    return sha256


def build_again(console, directory, sha256):
    copied = console.run("cp", "-a", "src/", "working/", cwd=directory)
    check("cp -a src/ working/: the working copy of the tutorial", said(copied) == "? 0" and (directory / "working" / MNIST).is_dir())
    shutil.rmtree(directory / "working")
    again = console.run("guild", "package", cwd=directory)
    check("package: the second time nothing is cloned, and the package is the same",
          again.returncode == 0 and "Cloning" not in again.stdout and SHA256.search(again.stdout).group(1) == sha256, said(again))
    offline = console.run("guild", "package", "--offline", cwd=directory)
    check("package --offline: builds from what is there",
          offline.returncode == 0 and SHA256.search(offline.stdout).group(1) == sha256, said(offline))
    verified = console.run("guild", "package", "--verify", ARCHIVE, cwd=directory)
    check("package --verify: the archive is as its buildinfo says",
          verified.returncode == 0 and f"sha256 of its tar: {sha256}\n" in verified.stdout, said(verified))
    missing = directory.parent / "missing"
    missing.mkdir()
    (missing / "GuildPkg").write_text(GUILDPKG.replace("tutorials/mnist\n  packager = packager", "tutorials/cifar"))
    done = console.run("guild", "package", cwd=missing)
    check("package: a path that the ref has not is an error that names both",
          done.returncode != 0 and "tensorflow/examples/tutorials/cifar" in done.stderr and "master" in done.stderr
          and not (missing / "src").exists(), said(done))


def example(console, directory):
    """The package of examples/packages: built, its working copy edited and built again."""
    shutil.copytree(EXAMPLE, directory)
    done = console.run("guild", "package", cwd=directory)
    check("example: its steps run without a word of their own",
          done.returncode == 0 and done.stderr == "" and "Extracting tensorflow/v1.2.0/" in done.stdout
          and "Using packager\nRunning prepare\nRunning package\nCreating " + ARCHIVE in done.stdout, said(done))
    listed = console.run("tar", "tf", ARCHIVE, cwd=directory).stdout.splitlines()
    check("example: the archive holds the scripts, Guild.in and .GuildPkg",
          [name for name in listed if not name.endswith("/")] ==
          ["./.GuildPkg", "./Guild.in", "./mnist_deep_with_summaries.py"] +
          [f"./{MNIST}/{name}.py" for name in ("mnist_deep", "mnist_softmax_xla", "mnist_with_summaries")], listed)
    script = (directory / "pkg" / MNIST / "mnist_with_summaries.py").read_text()
    check("example: the patch took the deletion of log_dir out of main, and nothing else",
          "DeleteRecursively(FLAGS" not in script and "def main(_):\n  tf.gfile.MakeDirs(FLAGS.log_dir)\n  train()\n" in script)
    sha256 = SHA256.search(done.stdout).group(1)

    working = console.run("guild", "package", "--working", cwd=directory)
    check("package --working: NAME, NAME.orig and Guild",
          working.returncode == 0 and "Creating working/tensorflow\n" in working.stdout
          and {"Guild", "Guild.in", "tensorflow", "tensorflow.orig"} <= set(os.listdir(directory / "working")), said(working))
    changed = (directory / "working" / "tensorflow" / "examples" / "tutorials" / "mnist" / "mnist_with_summaries.py").read_text()
    check("package --working: the package's patch is in the copy", changed == script)
    patch = console.run("guild", "package", "--make-patch", cwd=directory)
    check("package --make-patch: writes tensorflow.patch", said(patch) == "Creating tensorflow.patch\n? 0", said(patch))
    rebuilt = console.run("guild", "package", cwd=directory)
    check("package: with the patch that was made anew the package is the same",
          rebuilt.returncode == 0 and SHA256.search(rebuilt.stdout).group(1) == sha256, said(rebuilt))
    trained = console.run("guild", "train", "softmax", "-F", "max_steps=30", cwd=directory / "working")
    check("guild train runs in the working copy", trained.returncode == 0, said(trained))


def wait_for(condition, limit_s=60):
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def use(console, package, project):
    """A project made of the installed package."""
    installed = console.run("guild", "install", str(package / ARCHIVE))
    check("install: takes the archive", installed.returncode == 0 and "Installing" in installed.stdout, said(installed))
    listed = console.run("guild", "list-packages")
    check("list-packages: it is there", "mnist-tutorial-src" in listed.stdout, said(listed))
    variables = console.run("guild", "init", "--template", "mnist-tutorial-src", "--print-vars")
    check("init --print-vars: name padded to 21, and help", said(variables) == "name                 title of the project\n? 0",
          said(variables))
    made = console.run("guild", "init", "--template", "mnist-tutorial-src", str(project), "name=My MNIST")
    check("init --template: prints nothing, and the project is there",
          said(made) == "? 0" and sorted(os.listdir(project)) == ["Guild", "mnist_deep_with_summaries.py", "tensorflow"], said(made))
    text = (project / "Guild").read_text()
    check("init --template: Guild.in is rendered", "name        = My MNIST\n" in text and "#+" not in text and "{{" not in text, text)
    models = console.run("guild", "list-models", cwd=project)
    check("list-models: three models", models.returncode == 0 and [line.split()[0] for line in models.stdout.splitlines()] ==
          ["softmax", "softmax-xla", "deep"], said(models))
    trained = console.run("guild", "train", "softmax", "-F", "max_steps=30", cwd=project)
    check("train: the packaged script trains without error messages",
          trained.returncode == 0 and trained.stderr == "" and "Accuracy at step 20: " in trained.stdout, said(trained))
    port = free_port()
    log = project / "view.log"
    process = console.start(log, "guild", "view", "--port", str(port), cwd=project)
    try:
        check("view: runs", wait_for(lambda: f"Guild View running on port {port}\n" in log.read_text()), log.read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/project", timeout=30) as answer:
            title = json.load(answer)["title"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/runs/latest/fields", timeout=30) as answer:
            labels = [field["label"] for field in json.load(answer)["fields"]]
        check("view: shows the run with the fields of Guild.in",
              (title, labels) == ("My MNIST", ["Validation Accuracy", "Train Accuracy", "Loss", "Steps", "Time"]), (title, labels))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def update(console, directory, remote):
    """What upstream changes reaches a package when it asks for it."""
    tree = directory.parent / "tree"
    (tree / MNIST / "mnist_deep.py").write_text("# changed\n")
    git(tree, "commit", "-q", "-a", "-m", "Change")
    git(tree, "push", "-q", str(remote), "master")
    source = directory / "src" / MNIST / "mnist_deep.py"
    pinned = console.run("guild", "package", cwd=directory)
    check("package: GuildPkg.lock holds the commit although the branch has moved",
          pinned.returncode == 0 and source.read_text() != "# changed\n", said(pinned))
    updated = console.run("guild", "package", "--update", cwd=directory)
    check("package --update: takes the branch as it is now",
          updated.returncode == 0 and source.read_text() == "# changed\n", said(updated))


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def stop(console, directory):
    """A build ends with everything it started when the user, or the end of guild itself, ends it."""
    directory.mkdir()
    (directory / "GuildPkg").write_text("[package]\n  name = slow\n  version = 1\n  source = x\n  packager = packager\n")
    (directory / "x").write_text("x\n")
    (directory / "packager").write_text('build() { sleep 1000 & echo $! >"$pkgdir/pid"; wait; }\n')
    pid_file = directory / "pkg" / "pid"
    for number, status, sentence in ((signal.SIGINT, 130, "CTRL-C ends it with status 130"),
                                     (signal.SIGKILL, -9, "what it started ends even when guild is killed")):
        pid_file.unlink(missing_ok=True)
        process = console.start(directory.parent / "slow.log", "guild", "package", cwd=directory)
        wait_for(lambda: pid_file.exists() and pid_file.read_text().strip())
        child = pid_file.read_text().strip()
        process.send_signal(number)
        ended = process.wait(60)
        check("package: " + sentence, ended == status and wait_for(lambda: not is_running(child), 30), ended)
    check("package: a build that was ended leaves no archive", not list(directory.glob("slow-1*")))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    need("git", "patch", "tar", "xz", "bash")
    guild = pathlib.Path(sys.argv[1]).resolve()
    top = pathlib.Path(tempfile.mkdtemp(prefix="guild-package-")).resolve()
    try:
        remote = make_remote(top)
        console = Console(guild, top)
        directory = top / "mnist-tutorial-src"
        initialize(console, directory)
        build_again(console, directory, build(console, directory))
        update(console, directory, remote)
        example(console, top / "example")
        use(console, top / "example", top / "project")
        stop(console, top / "slow")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
