#!/usr/bin/env python3
"""guild view and TensorBoard on the same event files, in one run: how long from the start to the first chart, what
memory, which points are seen.

Prints one row a line, tab separated: what, guild's value, TensorBoard's, unit; with --json one object a line. Lines that
begin with # say what machine it is. Run: `cmake --build BUILD --target bench_view_peers`, or `python3
tests/bench/view_peers.py BENCH_VIEW GUILD_PROGRAM`. Ten runs with ten series each are made; one point of each series
stands out.

guild's time begins with `guild import-events`, TensorBoard's with its start, with its data server. It ends with the data
of one chart, every run in it: at first any, then with the last step of all. TensorBoard comes from PyPI, by
tests/interop/python_env.sh; exit 77 where that cannot be had.
"""
import argparse
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
patience = 300  # seconds
runs = [f"run{i}" for i in range(10)]
tags = [f"group/value{i}" for i in range(10)]
tall = 1000.0  # the value that stands out


def get(url):
    """The JSON at an address; None while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, json.JSONDecodeError):
        return None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def tree_mib(pid):
    """What a process and its children take together, in MiB; shared pages count where they are first."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(name))
        except OSError:
            pass
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        with open(f"/proc/{one}/status", encoding="utf-8") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))
    return total / 1024


def watch(begin, process, charts):
    """Asks `charts(tag)` until all runs are there, then until their last step is, then for all tags."""
    result = {}
    while time.perf_counter() - begin < patience:
        lines = charts(tags[0])
        if lines and len(lines) == len(runs):
            result.setdefault("first", time.perf_counter() - begin)
            if all(line["last_step"] == last_step for line in lines):
                result["whole"] = time.perf_counter() - begin
                break
        time.sleep(0.02)
    if "whole" not in result:
        sys.exit("view_peers.py: expected the last step of each series, waited for it in vain")
    every = [line for tag in tags for line in charts(tag)]
    result["points"] = sum(line["points"] for line in every)
    result["tall"] = sum(line["has_tall"] for line in every)
    result["mib"] = tree_mib(process.pid)
    return result


def measure_guild(program, work, events):
    site = os.path.join(work, "site")
    shutil.rmtree(site, ignore_errors=True)
    os.makedirs(site)
    with open(os.path.join(site, "Guild"), "w", encoding="utf-8") as file:
        file.write("[project]\n  name = bench\n")
    port = free_port()
    begin = time.perf_counter()
    subprocess.run([program, "import-events", "-P", site, events], stdout=subprocess.DEVNULL, check=True)
    process = subprocess.Popen([program, "view", "-P", site, "--port", str(port)], stdout=subprocess.DEVNULL)
    ids = []

    def charts(tag):
        base = f"http://127.0.0.1:{port}/api/runs"
        if not ids:
            listed = get(base)
            ids.extend(run["id"] for run in listed["runs"]) if listed else None
        lines = []
        for run in ids:
            answer = get(f"{base}/{run}/data?columns=400&key=" + urllib.parse.quote("tf/" + tag, safe=""))
            for one in answer["series"] if answer else []:
                # `count` stands for all points, those between the extremes of a column included.
                lines.append({"last_step": one["steps"][-1], "points": one["count"],
                              "has_tall": tall in one["values"]})
        return lines

    try:
        return watch(begin, process, charts)
    finally:
        process.terminate()
        process.wait()


def measure_tensorboard(python, work, events):
    port = free_port()
    begin = time.perf_counter()
    with open(os.path.join(work, "tensorboard.log"), "wb") as log:
        process = subprocess.Popen([python, "-m", "tensorboard.main", "--logdir", events, "--host", "127.0.0.1",
                                    "--port", str(port), "--load_fast", "true"], stdout=log, stderr=log)

    def charts(tag):
        base = f"http://127.0.0.1:{port}/experiment/defaultExperimentId/data/plugin/scalars/scalars?"
        lines = []
        for run in runs:
            points = get(base + urllib.parse.urlencode({"run": run, "tag": tag}))
            if points:
                lines.append({"last_step": points[-1][1], "points": len(points),
                              "has_tall": any(point[2] == tall for point in points)})
        return lines

    try:
        return watch(begin, process, charts)
    finally:
        process.terminate()
        process.wait()


def machine(python):
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    version = subprocess.run([python, "-c", "import importlib.metadata as m; print(m.version('tensorboard'))"],
                             stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout.strip()
    return f"machine: {model}, {os.cpu_count()} cores, TensorBoard {version}, load {os.getloadavg()[0]:.1f} before this run"


def main():
    global last_step
    parser = argparse.ArgumentParser(description="guild view and TensorBoard on the same event files.")
    parser.add_argument("bench", help="BUILD/bin/bench_view")
    parser.add_argument("program", help="BUILD/bin/guild")
    parser.add_argument("work", nargs="?", help="directory for the files, 300 MB (default: BUILD/bench/view)")
    parser.add_argument("--quick", action="store_true", help="2000 steps, not 50,000")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args()
    bench, program = os.path.abspath(given.bench), os.path.abspath(given.program)
    build = os.path.dirname(os.path.dirname(bench))
    environment = subprocess.run(["sh", os.path.join(here, "..", "interop", "python_env.sh"), build, "tensorboard"],
                                 stdout=subprocess.PIPE, universal_newlines=True)
    if environment.returncode != 0:
        sys.exit(environment.returncode)
    python = environment.stdout.strip()
    work = os.path.abspath(given.work or os.path.join(build, "bench", "view"))
    events = os.path.join(work, "quick" if given.quick else "events")
    steps = 2000 if given.quick else 50000
    last_step = steps - 1
    if not os.path.isdir(events):
        os.makedirs(work, exist_ok=True)
        subprocess.run([bench] + (["--quick"] if given.quick else []) + ["--events=" + events], check=True)
    print(json.dumps({"remark": machine(python)}) if given.json else "# " + machine(python), flush=True)
    guild = measure_guild(program, work, events)
    board = measure_tensorboard(python, work, events)
    total = steps * len(runs) * len(tags)
    for name, unit, value in (("start to a chart of every run", "s", lambda r: r["first"]),
                              ("start to the last step of that chart", "s", lambda r: r["whole"]),
                              ("memory of all its processes", "MiB", lambda r: r["mib"]),
                              (f"points lost, of {total}", "points", lambda r: total - r["points"]),
                              ("values that stand out and are not shown, of 100", "values", lambda r: 100 - r["tall"])):
        row = {"name": name, "guild": value(guild), "tensorboard": value(board), "unit": unit}
        print(json.dumps(row) if given.json else f"{name}\t{row['guild']:.3g}\t{row['tensorboard']:.3g}\t{unit}", flush=True)


if __name__ == "__main__":
    main()
