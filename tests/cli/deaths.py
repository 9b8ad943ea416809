#!/usr/bin/env python3
"""Twelve ways in which a run can end badly: each is told right by list-runs, its JSON, guild show and what the page reads.

    deaths.py GUILD

Prints a table: death, status, cause. A death that this machine does not allow is done in the way that stands behind it.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

LIMIT_S = 120
EAT = ("import mmap\nkept = []\nwhile True:\n    kept.append(bytearray(1 << 20))\n")


def wait_until(holds, what):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.02)
    raise SystemExit(f"deaths: waited in vain for {what}")


class Deaths:
    def __init__(self, guild, directory):
        self.guild, self.directory = guild, directory
        self.rows, self.page_words, self.problems = [], [], []
        self.env = {k: v for k, v in os.environ.items() if k != "RUNDIR"}

    def start(self, *command, options=(), **how):
        """Starts guild run in a session of its own."""
        return subprocess.Popen([self.guild, "run", *options, "--", *command], cwd=self.directory, env=self.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True, **how)

    def script(self, text, **how):
        return self.start("sh", "-c", text, **how)

    def newest(self):
        runs = sorted((self.directory / "runs").glob("2*"), key=lambda path: path.stat().st_ctime_ns)
        return runs[-1] if runs else None

    def ready(self, process):
        """Waits until the command has said so; gives its run directory."""
        line = process.stdout.readline()
        assert line == "ready\n", (line, process.stderr.read() if process.poll() is not None else "")
        run = self.newest()
        wait_until(lambda: b"pid\t" in (run / "guild.d/meta.tsv").read_bytes(), "the command's number")
        return run

    def finish(self, process):
        _, errors = process.communicate(timeout=LIMIT_S)
        return process.returncode, errors

    def expect(self, death, run, status, cause, errors=None):
        """What list-runs, its JSON and guild show say must be this; `cause` is a pattern."""
        objects = json.loads(subprocess.run([self.guild, "list-runs", "--json"], cwd=self.directory, env=self.env,
                                            capture_output=True, text=True, timeout=LIMIT_S).stdout)
        object = {each["path"]: each for each in objects}.get(str(run), {})
        listed = subprocess.run([self.guild, "list-runs"], cwd=self.directory, env=self.env, capture_output=True,
                                text=True, timeout=LIMIT_S).stdout
        word = dict(line.split("\t") for line in listed.splitlines()).get(str(run))
        shown = json.loads(subprocess.run([self.guild, "show", "--json", str(run)], cwd=self.directory, env=self.env,
                                          capture_output=True, text=True, timeout=LIMIT_S).stdout)
        self.rows.append((death, word, shown["cause"], run))
        if word != status or shown["status"] != status or not re.fullmatch(cause, shown["cause"]):
            self.problems.append(f"{death}: expected {status}: {cause}, saw {word}, {shown['status']}: {shown['cause']}")
        if (object.get("status"), object.get("cause")) != (word, shown["cause"]):
            self.problems.append(f"{death}: list-runs --json says {object}")
        if not shown["post_mortem"].startswith(f"{status}: {shown['cause']}"):
            self.problems.append(f"{death}: post-mortem line {shown['post_mortem']!r}")
        if errors is not None and f"{status}: {shown['cause']}" not in errors:
            self.problems.append(f"{death}: guild run printed {errors!r}")

    # ---- the twelve ----

    def exit_1(self):
        process = self.script("echo last words; exit 1")
        code, errors = self.finish(process)
        assert code == 1 and "  last words" in errors, (code, errors)
        self.expect("exit 1", self.newest(), "error", "exit code 1", errors)

    def segmentation_fault(self):
        work = self.directory / "core"
        work.mkdir()
        unlimited = lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        try:
            child = subprocess.Popen(["sh", "-c", "kill -SEGV $$"], cwd=work, preexec_fn=unlimited)
            core = os.WCOREDUMP(os.waitpid(child.pid, 0)[1])
            child.returncode = 0
        except (subprocess.SubprocessError, ValueError):
            unlimited, core = None, False
        process = self.script("cd core && kill -SEGV $$", preexec_fn=unlimited)
        code, errors = self.finish(process)
        assert code == 139, (code, errors)
        self.expect("SIGSEGV with core" if core else "SIGSEGV (no cores on this machine)", self.newest(), "error",
                    r"SIGSEGV \(core dumped\)" if core else "SIGSEGV", errors)

    def killed_from_outside(self):
        process = self.script("echo ready; exec sleep 300")
        run = self.ready(process)
        pid = int(re.findall(r"^pid\t(\d+)$", (run / "guild.d/meta.tsv").read_text(), re.M)[-1])
        os.kill(pid, signal.SIGKILL)
        code, errors = self.finish(process)
        assert code == 137, (code, errors)
        self.expect("SIGKILL from outside", run, "error", r"SIGKILL \(not by guild\)", errors)

    def out_of_memory(self):
        group = self.make_memory_group(64 << 20)
        if group is None:
            limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
            code, errors = self.finish(self.start(sys.executable, "-c", EAT, preexec_fn=limit))
            self.expect("out of memory (RLIMIT_AS)", self.newest(), "error", "exit code 1", errors)
            return
        try:
            enter = lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
            code, errors = self.finish(self.start(sys.executable, "-c", EAT, preexec_fn=enter))
            assert code == 137, (code, errors)
            self.expect("out of memory in a cgroup", self.newest(), "error", r"SIGKILL \(cgroup out of memory\)", errors)
            if not re.search(r"\d+\.\d of 67\.1 MB resident", errors):
                self.problems.append(f"out of memory: no word of the memory in {errors!r}")
        finally:
            wait_until(lambda: not (group / "cgroup.procs").read_text().strip(), "an empty control group")
            os.rmdir(group)

    @staticmethod
    def make_memory_group(size):
        """The directory of a new control group; None where that is not allowed."""
        for top, limit in ((pathlib.Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
                           (pathlib.Path("/sys/fs/cgroup"), "memory.max")):
            group = top / f"guild-deaths-{os.getpid()}"
            try:
                group.mkdir()
            except OSError:
                continue
            try:
                (group / limit).write_text(str(size))
                return group
            except OSError:
                os.rmdir(group)
        return None

    def guild_killed(self):
        process = self.script("sleep 300 & echo $! > sleeper; echo ready; wait")
        run = self.ready(process)
        os.kill(process.pid, signal.SIGKILL)
        self.finish(process)
        sleeper = int((self.directory / "sleeper").read_text())
        wait_until(lambda: not alive(sleeper), "the guard to end the command")
        self.expect("guild killed with -9", run, "terminated", r"guild went away \(process \d+ on [^ ]+\)")
        return run

    def change_lock(self, key, value):
        """A run whose guild was killed, with another value in its LOCK, which stays the same file."""
        process = self.script("echo ready; exec sleep 300")
        run = self.ready(process)
        os.kill(process.pid, signal.SIGKILL)
        self.finish(process)
        lock = run / "guild.d/LOCK"
        text = lock.read_text()
        old = re.search(rf"^{key}\t(.*)$", text, re.M).group(1)
        with open(lock, "r+") as file:
            file.write(text.replace(f"{key}\t{old}\n", f"{key}\t{value(old)}\n"))
        return run

    def power_cut(self):
        run = self.change_lock("boot_id", lambda old: old[::-1])
        self.expect("power cut", run, "terminated", r"guild went away \(.*; the machine was started anew\)")

    def number_reused(self):
        run = self.change_lock("pid", lambda old: str(os.getpid()).zfill(20))
        self.expect("pid of another program", run, "terminated",
                    r"guild went away \(.*; another program has its number now\)")

    def ctrl_c(self):
        process = self.script("trap 'echo bye; exit 3' INT; echo ready; while :; do sleep 0.05; done")
        run = self.ready(process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        code, errors = self.finish(process)
        assert code == 130, (code, errors)
        self.expect("Ctrl-C", run, "terminated", "SIGINT", errors)

    def ctrl_c_twice(self):
        process = self.script("trap 'echo no' INT; echo ready; while :; do sleep 0.05; done")
        run = self.ready(process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "no\n"
        os.killpg(process.pid, signal.SIGINT)
        code, errors = self.finish(process)
        assert code == 130, (code, errors)
        self.expect("Ctrl-C twice", run, "terminated", "SIGINT, then killed", errors)

    def timeout(self):
        process = self.script("echo ready; exec sleep 300", options=["--timeout", "0.5s"])
        code, errors = self.finish(process)
        assert code == 143, (code, errors)
        self.expect("--timeout", self.newest(), "terminated", "timeout after 500 ms", errors)

    def guild_stop(self):
        process = self.script("echo ready; exec sleep 300")
        run = self.ready(process)
        stopped = subprocess.run([self.guild, "stop", str(run)], cwd=self.directory, env=self.env, capture_output=True,
                                 text=True, timeout=LIMIT_S)
        assert stopped.stdout == f"Stopped {run}\n", stopped
        code, errors = self.finish(process)
        assert code == 143, (code, errors)
        self.expect("guild stop", run, "terminated", "guild stop", errors)

    def disk_full(self):
        """The disk is a small one where that may be made, else files may not grow."""
        disk = self.directory / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", disk], capture_output=True).returncode == 0
        limit = None if mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            (disk / "Guild").write_text("[project]\n  name = full\n")
            process = self.start("sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; exit 1", options=["-P", str(disk)],
                                 preexec_fn=limit)
            code, errors = self.finish(process)
            assert code == 1, (code, errors)
            run, = (disk / "runs").glob("2*")
            kept = self.directory / "runs" / (run.name + "-disk")
            shutil.copytree(run, kept)
            self.expect("disk full" if mounted else "disk full (RLIMIT_FSIZE)", kept, "error",
                        r"exit code 1 \(no space left on the disk of the run\)", errors)
        finally:
            if mounted:
                subprocess.run(["umount", disk], check=True)

    def page(self):
        """What the page reads says the same, in the list and of each run."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([self.guild, "view", "-p", str(port)], cwd=self.directory, env=self.env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def fetch(path="/api/runs"):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                        return json.load(answer)
                except OSError:
                    return None
            wait_until(lambda: fetch() is not None, "the page")
            answer = fetch()
            runs = {run["path"]: run for run in (answer["runs"] if isinstance(answer, dict) else answer)}
            for death, word, cause, run in self.rows:
                seen = runs.get(str(run), {})
                alone = fetch(f"/api/runs/{run.name}") or {}
                self.page_words.append(seen.get("status", "nothing"))
                for what in (seen, alone):
                    if (what.get("status"), what.get("cause")) != (word, cause):
                        self.problems.append(f"{death}: the page reads {what}")
        finally:
            server.terminate()
            server.wait(LIMIT_S)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def main():
    guild = str(pathlib.Path(sys.argv[1]).resolve())
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guild-deaths-")).resolve()
    deaths = Deaths(guild, directory)
    try:
        for death in (deaths.exit_1, deaths.segmentation_fault, deaths.killed_from_outside, deaths.out_of_memory,
                      deaths.guild_killed, deaths.power_cut, deaths.number_reused, deaths.ctrl_c, deaths.ctrl_c_twice,
                      deaths.timeout, deaths.guild_stop, deaths.disk_full):
            death()
        deaths.page()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{'death':26}{'status':12}{'on the page':13}cause")
    for (death, status, cause, _), page in zip(deaths.rows, deaths.page_words):
        print(f"{death:26}{status:12}{page:13}{cause}")
    for problem in deaths.problems:
        print(f"wrong: {problem}")
    return 1 if deaths.problems or len(deaths.rows) != 12 else 0


if __name__ == "__main__":
    sys.exit(main())
