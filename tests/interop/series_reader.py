#!/usr/bin/env python3
"""Prints every point of a series file: series_reader.py FILE.gts

One line a point, in file order: `key,step,time_us,f` or `...,i` and the 64 bits of the double or the integer in
hexadecimal. What was lost is told on stderr. Written from docs/format-series.md and nothing else, with nothing but the
standard library, so that whoever has that page and a file can get the points out.
"""
import collections
import itertools
import struct
import sys

MAGIC = b"\xa9GTB"
DICT, FRAMES, CHUNK = 1, 2, 5
MASK = (1 << 64) - 1


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


TABLE = list(crc_table())


def crc(data, seed):
    state = seed ^ 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ TABLE[(state ^ byte) & 255]
    return state ^ 0xFFFFFFFF


def masked(c):
    return ((c >> 15 | c << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def signed(n):
    return (n & MASK) - (1 << 64) if n & 1 << 63 else n & MASK


class Payload:
    """Takes one thing after another out of bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        if count > len(self.data) - self.at:
            raise ValueError("a payload ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, code):
        return struct.unpack("<" + code, self.bytes(struct.calcsize("<" + code)))[0]

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.bytes(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value & MASK
        raise ValueError("a varint of more than 10 bytes")

    def zigzag(self):
        n = self.varint()
        return n >> 1 ^ -(n & 1)

    def text(self):
        return self.bytes(self.varint())


# ---- values ----------------------------------------------------------------------------------------


def f32_to_f64(bits):
    if bits & 0x7F800000 == 0x7F800000 and bits & 0x7FFFFF:  # a NaN, which a conversion might change
        return (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7FFFFF) << 29
    return struct.unpack("<Q", struct.pack("<d", struct.unpack("<f", struct.pack("<I", bits))[0]))[0]


def value(payload, width):
    if width == 0:
        return "f%016x" % payload.number("Q")
    if width == 1:
        return "f%016x" % f32_to_f64(payload.number("I"))
    return "i%016x" % (payload.number("q" if width == 2 else "i") & MASK)


def packed(payload, count):
    values = []
    while len(values) < count:
        here = min(128, count - len(values))
        width, exceptions, base = payload.number("B"), payload.number("B"), payload.zigzag()
        bits = int.from_bytes(payload.bytes((here * width + 7) // 8), "little")
        low = [bits >> i * width & (1 << width) - 1 for i in range(here)]
        for _ in range(exceptions):
            place = payload.number("B")
            low[place] += payload.zigzag() << width
        values += [base + each for each in low]
    return values


def integers(payload, count, before=()):
    if count == 0:
        return []
    transform = payload.number("B")
    if transform == 0:
        return [signed(each) for each in packed(payload, count)]
    if transform == 3:
        return [signed(each + difference) for each, difference in zip(before, packed(payload, count))]
    values = [payload.zigzag()]
    if transform == 2:
        return values * count
    for difference in packed(payload, count - 1):
        values.append(signed(values[-1] + difference))
    return values


def bitmap(payload, count):
    bits = payload.bytes((count + 7) // 8)
    return [bits[i // 8] >> i % 8 & 1 for i in range(count)]


def ratios(payload, count, code):
    divisor, at, exceptions = payload.varint(), 0, {}
    for _ in range(payload.varint()):
        at += payload.varint()
        exceptions[at] = payload.number(code)
    real, size = ("<f", "<I") if code == "I" else ("<d", "<Q")
    words = [struct.unpack(size, struct.pack(real, each / divisor))[0] for each in integers(payload, count)]
    return [exceptions.get(i, word) for i, word in enumerate(words)]


def words_of(payload, kind, method, count):
    code, top = ("I", 1 << 31) if kind == 1 else ("Q", 1 << 63)
    if method == 0:
        return [payload.number(code) for _ in range(count)]
    if method == 1:
        return [payload.number(code)] * count
    if method == 4:
        return ratios(payload, count, code)
    shift = payload.number("B")
    if method == 2:
        numbers = integers(payload, count)
        return [(n << shift) & MASK if n >= 0 or kind == 2 else (-1 - n) << shift | top for n in numbers]
    words = [payload.varint()]
    for difference in packed(payload, count - 1):
        words.append((words[-1] ^ difference) & MASK)
    return [word << shift & MASK for word in words]


def column(payload, count):
    if count == 0:
        return []
    form = payload.number("B")
    kind = form & 3
    is_integer = bitmap(payload, count) if kind == 3 else [kind == 2] * count
    repeats = bitmap(payload, count) if form & 4 else [0] * count
    words = iter(words_of(payload, kind, form >> 3 & 7, count - sum(repeats)))
    word, values = 0, []
    for i in range(count):
        word = word if repeats[i] else next(words)
        bits = f32_to_f64(word) if kind == 1 else word
        values.append(("i%016x" if is_integer[i] else "f%016x") % bits)
    return values


# ---- blocks ----------------------------------------------------------------------------------------


def names(payload, known):
    for _ in range(payload.varint()):
        number, key = payload.varint(), payload.text()
        for _ in range(2 * payload.varint()):  # attributes
            payload.text()
        known[number] = key


def points(payload):
    step, time, frames, _ = (payload.number(code) for code in "qqII")
    columns = []
    for _ in range(frames):
        step, time = signed(step + payload.zigzag()), signed(time + payload.zigzag())
        columns = [payload.varint() for _ in range(payload.varint())] or columns
        for column in columns:
            yield column >> 2, step, time, value(payload, column & 3)


def chunk_points(payload):
    steps = times = ()
    while payload.at < len(payload.data):
        frames = payload.varint()
        ids = list(itertools.accumulate(payload.zigzag() for _ in range(payload.varint())))
        sets = [[payload.varint() for _ in range(payload.varint())] for _ in range(payload.varint())]
        set_of_frame = integers(Payload(payload.text()), frames) if len(sets) != 1 else [0] * frames
        steps = integers(Payload(payload.text()), frames, steps)
        times = integers(Payload(payload.text()), frames, times)
        points_of = collections.Counter(place for each in set_of_frame for place in sets[each])
        columns = [iter(column(Payload(payload.text()), points_of[i])) for i in range(len(ids))]
        for i in range(frames):
            for place in sets[set_of_frame[i]]:
                yield ids[place], steps[i], times[i], next(columns[place])


def block_at(data, at, seed):
    """(type and flags, payload, end) of the good block at this offset, or None."""
    if len(data) - at < 48 or data[at:at + 4] != MAGIC:
        return None
    kind, length, own = struct.unpack_from("<H2xI12xQ", data, at + 4)
    end = at + 48 + (length + 7) // 8 * 8
    if own != at or length > 1 << 26 or end > len(data):
        return None
    again, checksum = struct.unpack_from("<II", data, end - 8)
    good = again == length and checksum == masked(crc(data[at:end - 4], seed))
    return (kind, data[at + 40:at + 40 + length], end) if good else None


def blocks(data, seed):
    at = 96
    while at < len(data):
        found, begin = block_at(data, at, seed), at
        while found is None and at != -1:
            at = data.find(MAGIC, at + 1)
            found = block_at(data, at, seed) if at % 8 == 0 and at != -1 else None
        if found is None:
            print(f"{len(data) - begin} bytes at the end are not a whole block", file=sys.stderr)
            return
        if at != begin:
            print(f"lost: bytes {begin} to {at}", file=sys.stderr)
        kind, payload = found[0] & 255, found[1]
        if kind == CHUNK and found[0] >> 8 & 1:  # keys come first
            payload = Payload(payload)
            yield DICT, payload.text()
            payload = payload.data[payload.at:]
        yield kind, payload
        at = found[2]


def lines(data):
    """What is printed, a line a point."""
    if data[:4] != b"GTS1":
        sys.exit("not a series file")
    if len(data) < 96:
        sys.exit("not a series file yet")
    if struct.unpack_from("<I", data, 92)[0] != masked(crc(data[:92], 0)):
        print("lost: the header", file=sys.stderr)
    elif data[4:6] != b"\1\0":
        sys.exit(f"expected version 1, found {data[4] + 256 * data[5]}")
    found = list(blocks(data, crc(data[8:24], 0)))
    known = {}
    for kind, payload in found:
        if kind == DICT:
            names(Payload(payload), known)
    for kind, payload in found:
        if kind in (FRAMES, CHUNK):
            for number, step, time, bits in (points if kind == FRAMES else chunk_points)(Payload(payload)):
                if number in known:
                    yield known[number] + f",{step},{time},{bits}\n".encode()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as series_file:
        sys.stdout.buffer.writelines(lines(series_file.read()))
