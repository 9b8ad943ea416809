"""What the project of run.py trains: writes an event file with a falling loss, byte by byte."""
import os
import pathlib
import struct


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(payload):
    length = struct.pack("<Q", len(payload))
    return b"".join([length, struct.pack("<I", masked_crc(length)), payload, struct.pack("<I", masked_crc(payload))])


def scalar(step, tag, value):
    inner = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(inner)]) + inner
    return record(b"\x09" + struct.pack("<d", 1.5e9 + step) + b"\x10" + bytes([step])
                  + b"\x2a" + bytes([len(summary)]) + summary)


directory = pathlib.Path(os.environ["RUNDIR"]) / "train"
directory.mkdir(parents=True)
with open(directory / "events.out.tfevents.1500000000.host", "wb") as file:
    for step in range(4):
        file.write(scalar(step, b"loss", 1 / 2**step))
