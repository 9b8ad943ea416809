#!/usr/bin/env python3
"""run.py MACHINE: builds the programs beside this file for another machine and runs them under qemu-user.

arm      words of 32 bits
s390x    the highest byte first
aarch64  an instruction for CRC-32C that some processors lack
x86_64   likewise

What a program says must be what it says when built for this machine, and what expected.jsonl of the shared event files
says. Ends with 77 when the cross compiler or the emulator is not installed.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parents[1]

# Machine -> (prefix of its compiler, flags, processors to emulate with whether they have the instruction).
machines = {
    "arm": ("arm-linux-gnueabihf", ["-Wno-psabi"], {"max": "without"}),
    "s390x": ("s390x-linux-gnu", [], {"max": "without"}),
    "aarch64": ("aarch64-linux-gnu", [], {"max": "with"}),
    "x86_64": ("x86_64-linux-gnu", [], {"max": "with", "Conroe": "without"}),
}
native_compiler = os.environ.get("GUILD_CXX", "c++")
shared = pathlib.Path(os.environ.get("GUILD_SHARED_DATA", root / "../shared/data")) / "event-files"


def say(*command, seconds=120):
    """What a command prints; its failure ends this program."""
    command = list(map(str, command))
    print("+", *(command if len(command) < 40 else command[:10] + ["..."]), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=seconds, env=dict(os.environ, LC_ALL="C"))
    said = done.stdout.decode("utf-8", "backslashreplace")
    if done.returncode != 0:
        sys.exit(f"{said}\nended with {done.returncode}, expected 0")
    return said


def warning_flags():
    """The flags of every program of this repository; the cross compilers are all g++."""
    return re.findall(r"(?<!\S)-W[\w=-]+|(?<=:)-W[\w=-]+", (root / "cmake/warnings.cmake").read_text(encoding="ascii"))


class Builder:
    """Compiles the programs for one machine into one directory."""

    def __init__(self, compiler, directory, flags):
        self.command = [compiler, "-std=c++17", "-O2", "-fno-exceptions", "-fno-rtti", f"-I{root}/include", *flags]
        self.directory = directory
        directory.mkdir()

    def build(self, name, *others, link=()):
        program = self.directory / name
        sources = [here / f"{source}.cpp" for source in (others or (name,))]
        say(*self.command, *sources, *link, "-pthread", "-o", program)
        return program


def expect_same(what, here_said, there_said):
    if here_said == there_said:
        return
    pairs = zip(here_said.splitlines() + [""], there_said.splitlines() + [""])
    first = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    sys.exit(f"{what}: this machine says\n{first[0]}\nthe other one says\n{first[1]}")


def escaped(tag):
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in tag.encode("utf-8"))


def expected_tags(directory):
    """Path -> what read_events says about its tags, in the order of expected.jsonl."""
    tags = {}
    with open(directory / "expected.jsonl", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["t"] == "file":
                tags.setdefault(row["path"], [])
            elif row["t"] == "tag":
                tags.setdefault(row["path"], []).append(
                    (str(row["count"]), str(row["last_step"]), row["fnv64"], escaped(row["tag"])))
    return tags


def compare_with_expected(said, directory, expected):
    found = {}
    for line in said.splitlines():
        word, _, rest = line.partition(" ")
        if word == "file":
            tags = found.setdefault(os.path.relpath(rest, directory), [])
        elif word == "tag":
            count, last_step, _, _, print64, tag = rest.split(" ", 5)
            tags.append((count, last_step, print64, tag))
    for path, tags in expected.items():
        if found.get(path) != tags:
            sys.exit(f"{path}: expected.jsonl says\n{tags}\nthe other machine says\n{found.get(path)}")
    print(f"{len(expected)} files with {sum(map(len, expected.values()))} tags are as expected.jsonl says")


def check_events(native, foreign, emulator, work):
    """The same file is written, the same scalars are read."""
    programs = {"here": [native.build("read_events")], "there": [emulator, foreign.build("read_events")]}
    for place, program in programs.items():
        say(*program, "--make", work / place)
    if (work / "here").read_bytes() != (work / "there").read_bytes():
        sys.exit("the event files that this machine and the other one write differ")
    expected = expected_tags(shared) if (shared / "expected.jsonl").is_file() else {}
    files = [work / "here", *(shared / path for path in expected)]
    said = say(*programs["there"], *files)
    expect_same("read_events", say(*programs["here"], *files), said)
    if expected:
        compare_with_expected(said, shared, expected)


def check_crc32c(native, foreign, machine, emulator, work):
    """Every variant gives the same checksums, and the machine's best one is chosen at run time."""
    sums = native.build("crc32c")
    told = subprocess.run([str(sums), "with"], stdout=subprocess.PIPE, check=False).returncode == 0
    expected = say(sums, "with" if told else "without")
    program = foreign.build("crc32c")
    runs = [(program, cpu, has) for cpu, has in machines[machine][2].items()]
    if machine == "aarch64":  # the emulator knows no processor without the instruction
        hidden = foreign.build("without", "crc32c", "no_instruction", link=["-Wl,--wrap=getauxval"])
        runs.append((hidden, "max", "without"))
    for program, cpu, has in runs:
        expect_same(f"crc32c on {cpu}", expected, say(emulator, "-cpu", cpu, program, has))
        log = work / "executed"  # names the functions that were reached
        say(emulator, "-cpu", cpu, "-d", "in_asm", "-D", log, program, "chosen")
        executed = log.read_text(encoding="utf-8", errors="replace")
        if "main" not in executed or ("crc32c_by_instruction" in executed) != (has == "with"):
            sys.exit(f"expected a processor {has} the instruction to make crc32c() use what it has")


def check_large_files(foreign, emulator, work):
    directory = work / "large"
    directory.mkdir()
    expect_same("large_files", "whole, 1 names\n", say(emulator, foreign.build("large_files"), directory))


def main():
    machine = sys.argv[1] if len(sys.argv) == 2 else ""
    if machine not in machines:
        sys.exit(__doc__)
    prefix, flags, _ = machines[machine]
    compiler, emulator = f"{prefix}-g++", f"qemu-{machine}"
    missing = [tool for tool in (compiler, emulator) if shutil.which(tool) is None]
    if missing:
        print(f"skipped: {' and '.join(missing)} not installed; scripts/deps.sh --all installs what is needed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        native = Builder(native_compiler, work / "native", [])
        foreign = Builder(compiler, work / "foreign", ["-static", *warning_flags(), *flags])
        check_events(native, foreign, emulator, work)
        check_crc32c(native, foreign, machine, emulator, work)
        check_large_files(foreign, emulator, work)


if __name__ == "__main__":
    main()
