#!/usr/bin/env python3
"""Runs guild on a pseudo terminal, as a user sees it.

    terminal.py GUILD

guild watch shows output and, in one line below, the last values; draws them anew in their place, also when the window became
narrower; ends with the run, or with Ctrl-C, and leaves the terminal as it was. What it sends is put on a small screen here, which
breaks long lines when its window becomes narrower, as most terminals do.
"""

import fcntl
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

LIMIT_S = 60


class Screen:
    """Rows of text and a cursor: carriage return, line feed, erase to the end of line or screen, cursor up."""

    def __init__(self, columns):
        self.columns, self.rows, self.row, self.column, self.rest = columns, [""], 0, 0, ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        while text:
            escape = re.match(r"\x1b\[(\d*)([A-Za-z])", text)
            if escape:
                self.control(int(escape.group(1) or 1), escape.group(2))
                text = text[escape.end():]
            elif text[0] == "\x1b":
                self.rest, text = text, ""
            else:
                self.put(text[0])
                text = text[1:]

    def control(self, number, letter):
        if letter == "A":
            self.row -= number
        elif letter in "KJ":
            self.rows[self.row] = self.rows[self.row][:self.column]
            if letter == "J":
                del self.rows[self.row + 1:]
        else:
            raise SystemExit(f"terminal: unexpected control sequence {letter!r}")

    def put(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n" or self.column == self.columns:
            self.row += 1
            if self.row == len(self.rows):
                self.rows.append("")
            self.column = self.column if letter == "\n" else 0
        if letter not in "\r\n":
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[:self.column] + letter + row[self.column + 1:]
            self.column += 1

    def resize(self, columns):
        broken = [row[at:at + columns] for row in self.rows for at in range(0, max(len(row), 1), columns)]
        self.columns, self.rows = columns, broken
        self.row, self.column = len(broken) - 1, len(broken[-1])

    def text(self):
        return [row.rstrip() for row in self.rows]


class Terminal:
    """A program whose standard streams are a terminal of its own."""

    def __init__(self, words, directory, env, columns=60):
        self.master, self.slave = os.openpty()
        self.screen, self.raw = Screen(columns), ""
        self.set_size(columns)
        self.before = termios.tcgetattr(self.slave)
        take = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(words, cwd=directory, env=env, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, preexec_fn=take)
        os.set_blocking(self.master, False)

    def set_size(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def resize(self, columns):
        self.read()
        self.screen.resize(columns)
        self.set_size(columns)

    def read(self):
        """Shows what was sent so far."""
        while True:
            try:
                text = os.read(self.master, 65536).decode()
            except OSError:  # nothing more, or nobody there
                return
            self.raw += text
            self.screen.feed(text)

    def wait_for(self, rows, what):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            self.read()
            if [row for row in self.screen.text() if row] == rows:
                return
            time.sleep(0.02)
        raise SystemExit(f"terminal: {what}: expected {rows}, saw {self.screen.text()}, sent {self.raw!r}")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, code, what):
        assert self.process.wait(LIMIT_S) == code, (what, self.process.returncode, self.raw)
        self.read()
        assert termios.tcgetattr(self.slave) == self.before, f"{what}: the terminal's settings were changed"
        os.close(self.master)
        os.close(self.slave)


COMMAND = """echo one; "$GUILD" export a --tfevents -o "$RUNDIR/a" -P . > /dev/null
until test -f more; do sleep 0.05; done
echo two; "$GUILD" export b --tfevents -o "$RUNDIR/b" -P . > /dev/null
until test -f go; do sleep 0.05; done
printf three; exit 3
"""


def follow(guild, directory, env):
    """A run from its first line to its end, on three terminals."""
    run = subprocess.Popen([guild, "run", "--", "sh", "-c", COMMAND], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + LIMIT_S
        while not list((directory / "runs").glob("*-sh/guild.d/output.idx")):
            assert time.monotonic() < end
            time.sleep(0.02)
        path, = (directory / "runs").glob("*-sh")
        watch = Terminal([guild, "watch", "-L"], directory, env)
        watch.wait_for(["one", "step 2  tf/a/loss 0.5"], "the first values")
        (directory / "more").touch()
        both = "step 20  tf/a/loss 0.5  tf/b/loss 0.25"
        watch.wait_for(["one", "two", both], "values below new output")
        watch.resize(20)
        watch.wait_for(["one", "two", both[:19].rstrip()], "a narrower window")
        watch.resize(70)
        watch.wait_for(["one", "two", both], "a wider window")
        watch.type("\x03")
        watch.end(130, "Ctrl-C")
        assert watch.screen.text() == ["one", "two", ""], watch.screen.text()
        assert run.poll() is None, "Ctrl-C of guild watch ended the run"

        plain = Terminal([guild, "watch", "-L"], directory, dict(env, TERM="dumb"))
        plain.wait_for(["one", "two"], "a terminal without control sequences")
        again = Terminal([guild, "watch", "-L"], directory, dict(env, NO_COLOR="1"))
        again.wait_for(["one", "two", both], "a terminal without colours")
        (directory / "go").touch()
        last = f"{path}: error (exit code 3)"
        broken = [last[at:at + 60] for at in range(0, len(last), 60)]
        again.wait_for(["one", "two", "three", *broken], "the end of the run")
        again.end(0, "the end of the run")
        plain.end(0, "the end of the run")
        assert "\x1b" not in plain.raw, plain.raw
    finally:
        if run.poll() is None:
            run.send_signal(signal.SIGTERM)
        run.wait(LIMIT_S)


def purge(guild, directory, env):
    """What is removed for good is asked for at a terminal."""
    subprocess.run([guild, "delete-run", "-L"], cwd=directory, env=env, check=True, stdout=subprocess.DEVNULL)
    for answer, code, left in (("n\n", 1, 1), ("\n", 1, 1), ("y\n", 0, 0)):
        asked = Terminal([guild, "purge"], directory, env, columns=200)
        asked.wait_for(["Remove 1 deleted run for good? [y/N]"], "the question")
        asked.type(answer)
        asked.end(code, f"purge, answered {answer!r}")
        assert len(list((directory / "runs/.trash").glob("*"))) == left, answer


def main():
    guild = str(pathlib.Path(sys.argv[1]).resolve())
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guild-terminal-")).resolve()
    env = {name: value for name, value in os.environ.items() if name not in ("RUNDIR", "NO_COLOR")}
    env.update(GUILD=guild, TERM="xterm", LC_ALL="C.UTF-8")
    try:
        for name, step, value in (("a", 2, 0.5), ("b", 20, 0.25)):
            text = f"key,step,time_us,value\nloss,{step},1700000000000000,{value}\n"
            subprocess.run([guild, "import", "-", "--csv", "--name", name], cwd=directory, env=env, input=text, text=True,
                           check=True, stdout=subprocess.DEVNULL)
            made, = (directory / "runs").glob(f"*-{name}")
            made.rename(directory / "runs" / name)
        follow(guild, directory, env)
        purge(guild, directory, env)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("terminal: as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
