#!/usr/bin/env python3
"""Event files: `bench_events`, then what others read and write them with, on the same files in one run.

Prints one row a line, tab separated: name, value, unit, target, `ok`, `short` or `-`; with --json one object a line.
Lines that begin with # say what machine it is and what was left out. Run: `cmake --build BUILD --target
bench_events_peers`, or `python3 tests/bench/events_peers.py BENCH_EVENTS`. The peers:

- TensorBoard's Python loaders, EventAccumulator keeping all, and EventFileLoader, which TensorBoard itself reads with,
- TensorBoard's data server, from its start until its log says that everything is loaded, less the same for an empty
  directory; as TensorBoard starts it (payloads not checked, 1000 points a tag kept), checking, and keeping all points,
- tensorboardX's SummaryWriter, and PyTorch's and TensorFlow's where this python3 has them.

Peers come from tests/interop/python_env.sh; exit 77 where that cannot make an environment. Times are medians of three,
or the only run where that takes over 10 s. Memory is the process at its largest.
"""
import argparse
import json
import mmap
import os
import platform
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))
patience = 900  # seconds for one peer
some_events = 200000  # where a peer is slow or writes: EventFileLoader reads some 20,000 a second


# ---- measuring -------------------------------------------------------------------------------------


class PeerFailed(Exception):
    pass


def measured(once):
    """The median of three results of `once`, by seconds."""
    results = [once()]
    while len(results) < 3 and results[0]["seconds"] < 10:
        results.append(once())
    return sorted(results, key=lambda result: result["seconds"])[len(results) // 2]


def python_peer(python, name, path, events):
    """Runs one function of events_in_python.py; None where its library is missing."""
    done = subprocess.run([python, os.path.join(here, "events_in_python.py"), name, path, str(events)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=patience)
    if done.returncode == 77:
        return None
    if done.returncode != 0:
        raise PeerFailed((done.stderr.strip().splitlines() or ["no message"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib(pid):
    # Not getrusage, which would count the process that forked this one.
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def data_server(binary, directory, flags=(), threads=0):
    """Seconds and memory until the server's log says that it has loaded the directory."""
    command = [binary, f"--logdir={directory}", "--reload=once", "--host=127.0.0.1", "--port=0", "--verbose",
               "--die-after-stdin", *flags]
    begin = time.perf_counter()
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                              env=dict(os.environ, RAYON_NUM_THREADS=str(threads), RUST_LOG="info"))
    limit = threading.Timer(patience, server.kill)
    limit.start()
    try:
        log = ""
        for line in server.stderr:
            log += line
            if "Finished load cycle" in line:
                break
        seconds = time.perf_counter() - begin
        # It gives up a file with a warning, and would then be fast: too many open ones, for example.
        lost = [line for line in log.splitlines() if " WARN " in line or " ERROR " in line]
        if lost or "Finished load cycle" not in log:
            raise PeerFailed(lost[0] if lost else "the data server ended before it had loaded: " + log.strip())
        return {"seconds": seconds, "mib": peak_mib(server.pid)}
    finally:
        limit.cancel()
        server.kill()
        server.communicate()


def event_files(directory):
    return [os.path.join(parent, name) for parent, _, names in os.walk(directory) for name in sorted(names)
            if "tfevents" in name]


def count_events(path):
    """Records but for the one that holds the version."""
    length = struct.Struct("<Q").unpack_from
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, count = 0, 0
        while at + 16 <= len(data):
            at += 16 + length(data, at)[0]
            count += 1
        return count - (data.find(b"brain.Event:", 0, 64) >= 0)


# ---- rows ------------------------------------------------------------------------------------------


class Report:
    def __init__(self, as_json):
        self.as_json = as_json
        self.values = {}

    def row(self, name, value, unit, least=None):
        target, verdict = ("-", "-") if least is None else (f">={least}", "ok" if value >= least else "short")
        self.repeat(name, value, unit, target, verdict)

    def repeat(self, name, value, unit, target, verdict):
        self.values[name] = value
        if self.as_json:
            print(json.dumps({"name": name, "value": value, "unit": unit, "target": target, "verdict": verdict}),
                  flush=True)
        else:
            print(f"{name}\t{value:.3g}\t{unit}\t{target}\t{verdict}", flush=True)

    def remark(self, text):
        print(json.dumps({"remark": text}) if self.as_json else "# " + text, flush=True)

    def ratio(self, ours, peer, place, least=None):
        """How many times faster ours is than the row `peer, place`."""
        if ours in self.values:
            self.row(f"{ours} / {peer}", self.values[ours] / self.values[f"{peer}, {place}"], "ratio", least)
        else:
            self.remark(f"expected a row '{ours}' from bench_events, so no ratio to {peer}")


def bench_rows(report, program, data, events):
    """Makes the files and measures ours."""
    command = [program, "--data", data, "--json"] + (["--events", str(events)] if events else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, timeout=2 * patience)
    if done.returncode != 0:
        sys.exit(f"events_peers.py: expected exit status 0 of {program}, found {done.returncode}")
    for line in done.stdout.splitlines():
        report.repeat(**json.loads(line))


def loader_rows(report, python, path):
    events = count_events(path)
    for peer, place, wanted in (("EventAccumulator", "one file", events),
                                ("EventFileLoader", f"first {some_events} of one file", min(events, some_events))):
        got = measured(lambda p=peer, n=wanted: python_peer(python, p, path, n))
        if got["events"] != wanted:
            raise PeerFailed(f"expected {wanted} scalars from {peer}, found {got['events']}")
        report.row(f"{peer}, {place}", wanted / got["seconds"] / 1e6, "M scalars/s")
        report.ratio("scan one file", peer, place, 500)
        report.row(f"memory, {peer}, {place}", got["mib"], "MiB")


def server_rows(report, python, data, empty):
    binary = subprocess.run([python, "-c", "import tensorboard_data_server as t; print(t.server_binary())"],
                            stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout.strip()
    start = statistics.median(data_server(binary, empty)["seconds"] for _ in range(3))
    report.row("data server, start and empty directory", start * 1e3, "ms")
    for folder, place, threads in (("one", "one file", 1), ("many", "many files, 1 thread", 1),
                                   ("many", "many files, 2 threads", 2)):
        directory = os.path.join(data, folder)
        events = sum(map(count_events, event_files(directory)))
        for flags in ([], ["--checksum"], ["--samples-per-plugin=scalars=all"]):
            got = measured(lambda d=directory, f=flags, t=threads: data_server(binary, d, f, t))
            peer = " ".join(["data server", *flags])
            report.row(f"{peer}, {place}", events / (got["seconds"] - start) / 1e6, "M scalars/s")
            report.ratio("scan " + place, peer, place, 10)
            report.row(f"memory, {peer}, {place}", got["mib"], "MiB")
    for folder in ("images", "graphs"):
        directory = os.path.join(data, folder)
        size = sum(map(os.path.getsize, event_files(directory)))
        for flags in ([], ["--checksum"]):
            got = measured(lambda d=directory, f=flags: data_server(binary, d, f, 1))
            report.row(" ".join(["data server", *flags]) + f", {folder}", size / (got["seconds"] - start) / 1e9, "GB/s")


def writer_rows(report, python, work):
    for peer, interpreter in (("tensorboardX", python), ("torch", sys.executable), ("tensorflow", sys.executable)):
        directory = os.path.join(work, "written")
        got = python_peer(interpreter, peer, directory, some_events)
        shutil.rmtree(directory, ignore_errors=True)
        if got is None:
            report.remark(f"{peer} is not installed for this python3, its writer is not measured")
            continue
        report.row(f"{peer}, write", got["events"] / got["seconds"] / 1e6, "M scalars/s")
        report.ratio("write, buffered", peer, "write")


# ---- the machine, and all of it --------------------------------------------------------------------


def machine(python):
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    versions = subprocess.run([python, "-c", "import platform, importlib.metadata as m; print('python ' + "
                               "platform.python_version(), *(f'{n} {m.version(n)}' for n in ('tensorboard', "
                               "'tensorboard-data-server', 'tensorboardX', 'protobuf')), sep=', ')"],
                              stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout.strip()
    return (f"machine: {model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {versions}, "
            f"load {os.getloadavg()[0]:.1f} before this run")


def arguments():
    parser = argparse.ArgumentParser(description="Times readers and writers of event files beside bench_events.")
    parser.add_argument("program", help="BUILD/bin/bench_events")
    parser.add_argument("work", nargs="?", help="directory for the files, 1.4 GB (default: BUILD/bench)")
    parser.add_argument("--events", type=int, help="scalars in the one large file")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args()
    given.program = os.path.abspath(given.program)
    given.build = os.path.dirname(os.path.dirname(given.program))
    given.work = os.path.abspath(given.work or os.path.join(given.build, "bench"))
    return given


def main():
    given = arguments()
    environment = subprocess.run(["sh", os.path.join(here, "..", "interop", "python_env.sh"), given.build,
                                  "tensorboard", "tensorboardX"], stdout=subprocess.PIPE, universal_newlines=True)
    if environment.returncode != 0:
        sys.exit(environment.returncode)
    python = environment.stdout.strip()
    # The data server keeps each of the 2000 files open.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    data, empty = os.path.join(given.work, "data"), os.path.join(given.work, "empty")
    os.makedirs(data, exist_ok=True)
    os.makedirs(empty, exist_ok=True)
    report = Report(given.json)
    report.remark(machine(python))
    bench_rows(report, given.program, data, given.events)
    failed = 0
    for rows, *where in ((loader_rows, *event_files(os.path.join(data, "one"))), (server_rows, data, empty),
                         (writer_rows, given.work)):
        try:
            rows(report, python, *where)
        except (PeerFailed, subprocess.SubprocessError) as problem:
            failed += 1
            report.remark(f"{rows.__name__} stopped: {problem}")
    report.remark(f"load {os.getloadavg()[0]:.1f} after this run, 1 to 2 of it its own")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
