#!/usr/bin/env python3
"""Runs the transcripts *.txt of this folder against the guild program and compares what it prints.

    run.py GUILD [FILE.txt ...]        compare; prints a diff for each transcript that differs
    MODE=COLLECT run.py GUILD [...]    write what the program prints into the transcripts

A transcript is text in which a line "$ COMMAND" is a shell command (a line "> MORE" behind it continues it) and the lines
up to the next command are what it printed: standard output as it is, standard error behind "! ", then "? N" when its exit
status is N instead of 0. Lines that start with "#" before the first command are a description. Each transcript runs in an empty
directory of its own, each command in a shell of its own. Shown as words, because they differ from run to run:

    DIR      the transcript's directory
    TIME     a time as in the name of a run directory, a suffix that tells two of one second apart left out
    PORT     a free port, in commands $PORT
    N        the number of GPUs, in GPU_COUNT=N
"""

import difflib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
COMMAND_LIMIT_S = 120


def parse(text):
    """The description's lines and the commands of a transcript."""
    head, commands = [], []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append([line[2:]])
        elif line.startswith("> ") and commands and not commands[-1][1:]:
            commands[-1][0] += "\n" + line[2:]
        elif commands:
            commands[-1].append(line)
        else:
            head.append(line)
    return head, [command[0] for command in commands]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(guild, directory, port):
    """A small environment, the same on every machine."""
    keep = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")
            if name in os.environ}
    keep.update(PATH=f"{guild.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}", HOME=f"{directory}/home", LC_ALL="C",
                PORT=str(port), TERM="dumb")
    return keep


def normalize(text, directory, port):
    text = text.replace(str(directory), "DIR")
    text = re.sub(rf"\b{port}\b", "PORT", text)
    text = re.sub(r"\b\d{8}T\d{6}Z(-[\w.+]+(?:-evaluate)?)?(-[0-9a-z]{4}\b)?", r"TIME\1", text)
    return re.sub(r"\bGPU_COUNT=\d+", "GPU_COUNT=N", text)


# What a sanitizer says of a child that runs on a stack of its own until it starts its program.
SANITIZER_REMARK = re.compile(r"==\d+==WARNING: ASan is ignoring requested __asan_handle_no_return|"
                              r"False positive error reports may follow|"
                              r"For details see https://github.com/google/sanitizers/issues/189")


def split_lines(text):
    return [line for line in text.splitlines() if not SANITIZER_REMARK.match(line)]


def run_command(command, directory, env):
    """The lines that one command adds to the transcript."""
    try:
        done = subprocess.run(["sh", "-c", command], cwd=directory, env=env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="backslashreplace",
                              timeout=COMMAND_LIMIT_S)
    except subprocess.TimeoutExpired:
        return [f"? no end within {COMMAND_LIMIT_S} s"]
    lines = split_lines(done.stdout) + [f"! {line}".rstrip() for line in split_lines(done.stderr)]
    if done.returncode != 0:
        lines.append(f"? {done.returncode}")
    return lines


def perform(path, guild):
    """The transcript as this program makes it."""
    head, commands = parse(path.read_text())
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guild-cli-")).resolve()
    port = free_port()
    env = environment(guild, directory, port)
    lines = list(head)
    try:
        for command in commands:
            lines += ["$ " + command.replace("\n", "\n> ")]
            lines += [normalize(line, directory, port) for line in run_command(command, directory, env)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    guild = pathlib.Path(sys.argv[1]).resolve()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored by all that is started here
    paths = [pathlib.Path(name) for name in sys.argv[2:]] or sorted(HERE.glob("*.txt"))
    passed = failed = 0
    for path in paths:
        seen = perform(path, guild)
        if os.environ.get("MODE") == "COLLECT":
            path.write_text(seen)
        if seen == path.read_text():
            passed += 1
            continue
        failed += 1
        sys.stdout.writelines(difflib.unified_diff(path.read_text().splitlines(True), seen.splitlines(True),
                                                   f"{path.name} (expected)", f"{path.name} (seen)"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
