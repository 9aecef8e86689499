"""Small files as other programs write them, made byte by byte, so that they can lie where a test wants it."""

from __future__ import annotations

import struct
import zlib

from plotter2.child.reader_crc import masked_crc32c


def records(*events: bytes) -> bytes:
    """Give an event file of TensorBoard with these records, whose checksums are right."""
    found = b""
    for content in events:
        head = struct.pack("<Q", len(content))
        sums = masked_crc32c([head, content])
        found += head + struct.pack("<I", sums[0]) + content + struct.pack("<I", sums[1])
    return found


def png(width: int, height: int, pixels: bytes = b"", *more: tuple[bytes, bytes]) -> bytes:
    """Give a PNG file that says what it likes of its size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    found = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", head), *more, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")):
        sums = struct.pack(">I", zlib.crc32(kind + content))
        found += struct.pack(">I", len(content)) + kind + content + sums
    return found


SOUND_PNG = png(4, 2, (b"\0" + bytes(12)) * 2)
