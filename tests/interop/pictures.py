"""PNG files to log: of one pixel, of odd sizes, and one that is larger than a buffer."""
import os
import random
import struct
import zlib


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width, height, noise):
    rows = b"".join(b"\0" + bytes(noise.randrange(256) for _ in range(3 * width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def write(directory):
    """Writes the pictures, the same at every call, and returns their paths."""
    os.makedirs(directory)
    noise = random.Random(1)
    paths = []
    for width, height in ((1, 1), (3, 7), (64, 48), (301, 257)):
        paths.append(os.path.join(directory, f"{width}x{height}.png"))
        with open(paths[-1], "wb") as file:
            file.write(_png(width, height, noise))
    return paths
