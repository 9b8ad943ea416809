#!/usr/bin/env python3
"""Kills `guild train` with -9 at random moments: each leaves a run that can be read and that tells the truth.

    kills.py GUILD [KILLS] [SEED]

A run whose end was recorded before the kill is completed, any other terminated; its output is the beginning of what the
command prints; every byte of its series checks; no process of it is left.
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

COMMAND = """#!/bin/sh
i=0
while test $i -lt 40; do echo "step $i"; i=$((i+1)); sleep 0.005; done
"""
OUTPUT = "".join(f"step {i}\n" for i in range(40))


def processes_of(run):
    """Who was started with this RUNDIR and lives."""
    mark = f"RUNDIR={run}".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def ask(guild, directory, *words):
    return subprocess.run([guild, *words], cwd=directory, capture_output=True, text=True, timeout=120)


def check(guild, directory, listed, run):
    """What is wrong with this run, in words; empty if nothing is."""
    data = run / "guild.d"
    meta = (data / "meta.tsv").read_text() if (data / "meta.tsv").exists() else ""
    ended = re.search(r"^status\tcompleted$", meta, re.M) is not None
    status = listed.get(str(run), {}).get("status")
    began = (data / "LOCK").exists() or meta
    if status != ("completed" if ended else "terminated" if began else "pending"):
        return f"status {status}, recorded end: {ended}"
    output = (data / "output.log").read_text() if (data / "output.log").exists() else ""
    if output != OUTPUT[:len(output)] or (ended and output != OUTPUT):
        return f"output {output!r}"
    shown = ask(guild, directory, "show", "--json", str(run))
    if shown.returncode != 0 or json.loads(shown.stdout)["status"] != status:
        return f"show: {shown.stdout}{shown.stderr}"
    verified = ask(guild, directory, "verify", str(run))
    if (data / "series").exists() and verified.returncode != 0:
        return f"verify: {verified.stdout}{verified.stderr}"
    return ""


def main():
    guild = str(pathlib.Path(sys.argv[1]).resolve())
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guild-kills-")).resolve()
    problems = []
    try:
        (directory / "Guild").write_text("[model]\n  train = slow.sh\n[flags]\n  rate = 0.1\n")
        (directory / "slow.sh").write_text(COMMAND)
        (directory / "slow.sh").chmod(0o755)
        root = directory / "runs"
        made = tries = 0
        while made < kills and tries < 10 * kills:
            tries += 1
            process = subprocess.Popen([guild, "train"], cwd=directory, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # From the first moments, which are rich in steps, to after the end.
            time.sleep(chance.choice((0.03, 0.1, 0.45)) * chance.random())
            process.send_signal(signal.SIGKILL)
            process.wait()
            made = len(list(root.glob("2*/guild.d")))
        runs = sorted(data.parent for data in root.glob("2*/guild.d"))  # without it, no run was made yet
        end = time.monotonic() + 60
        while any(processes_of(run) for run in runs[-20:]) and time.monotonic() < end:
            time.sleep(0.1)
        listed = {run["path"]: run for run in json.loads(ask(guild, directory, "list-runs", "--json").stdout)}
        counts = {}
        for run in runs:
            status = listed.get(str(run), {}).get("status", "not listed")
            counts[status] = counts.get(status, 0) + 1
            problem = check(guild, directory, listed, run)
            left = processes_of(run)
            if problem or left:
                problems.append(f"{run.name}: {problem} {left or ''}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{tries} kills left {len(runs)} runs: {counts}")
    for problem in problems:
        print("wrong:", problem)
    return 1 if problems or len(runs) < kills else 0


if __name__ == "__main__":
    sys.exit(main())
