"""Where a text stands in an MP4 and in a GIF: put there and found again by walking the whole file. No codec is needed.

MP4: a `uuid` box of our own at the end (ISO/IEC 14496-12, 4.2), which every player skips. GIF: an application extension
`plotter2` before the trailer (GIF89a, 26).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from plotter2.renderkit.codes import unreadable

_UUID: Final = UUID("6c1c5e0e-6f64-5c1b-9a52-6b6c7f0a2b71").bytes
_APPLICATION: Final = b"\x21\xff\x0bplotter2p2-"
_BLOCK: Final = 255
_MOST_PIECES: Final = 1 << 21
"""Boxes, chunks or blocks of one file; the largest film that is read has a million."""
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


def is_mp4(data: bytes) -> bool:
    """Tell whether the bytes begin like an MP4."""
    return data[4:8] == b"ftyp"


def is_gif(data: bytes) -> bool:
    """Tell whether the bytes begin like a GIF."""
    return data.startswith((b"GIF87a", b"GIF89a"))


def into_mp4(data: bytes, text: str) -> bytes:
    """Give the MP4 with the text inside."""
    body = _UUID + text.encode("ascii")
    return data + struct.pack(">I", 8 + len(body)) + b"uuid" + body


def mp4_texts(data: bytes) -> list[bytes]:
    """Give the texts of ours in an MP4. Raises DataError P2-D0881 when its boxes do not fill the file."""
    return [
        data[start + 16 : end]
        for kind, start, end in _boxes(data)
        if kind == b"uuid" and data[start : start + 16] == _UUID
    ]


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    place = boxes = 0
    while place < len(data):
        boxes += 1
        counted(boxes, "MP4", "boxes")
        head = 8
        if place + head > len(data):
            raise unreadable("P2-D0881", "the MP4 ends inside a box", f"byte {place}")
        size, kind = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + 16 <= len(data):
            head, size = 16, struct.unpack_from(">Q", data, place + 8)[0]
        if size == 0:
            size = len(data) - place
        if size < head or place + size > len(data):
            raise unreadable("P2-D0881", "the MP4 ends inside a box", f"byte {place}")
        yield kind, place + head, place + size
        place += size


def counted(number: int, file: str, pieces: str) -> None:
    """Raise DataError P2-D0881 when a file has more pieces than any that is worth reading."""
    if number > _MOST_PIECES:
        raise unreadable("P2-D0881", f"the {file} has more than {_MOST_PIECES:,} {pieces}")


def into_gif(data: bytes, text: str) -> bytes:
    """Give the GIF with the text inside."""
    return data[:-1] + _APPLICATION + in_blocks(text.encode("ascii")) + data[-1:]


def in_blocks(raw: bytes) -> bytes:
    """Give bytes as a GIF has them: in blocks that begin with their length, and an empty one at the end."""
    blocks = (raw[at : at + _BLOCK] for at in range(0, len(raw), _BLOCK))
    return b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def out_of_blocks(data: bytes, place: int = 0) -> bytes:
    """Give the bytes that `in_blocks` has put at a place. Raises DataError P2-D0881 when no empty block ends them."""
    parts = []
    while length := _byte(data, place):
        parts.append(data[place + 1 : place + 1 + length])
        place += 1 + length
    return b"".join(parts)


def gif_texts(data: bytes) -> list[bytes]:
    """Give the texts of ours in a GIF. Raises DataError P2-D0881 when it does not run to its trailer."""
    texts: list[bytes] = []
    place, blocks = _after_table(data, 10, 13), 0
    while _byte(data, place) != _TRAILER:
        kind = data[place]
        if kind == _EXTENSION:
            ours = data.startswith(_APPLICATION, place)
            start = place + (len(_APPLICATION) if ours else 2)
            place, blocks = _after_blocks(data, start, blocks)
            if ours:
                texts.append(out_of_blocks(data, start))
        elif kind == _IMAGE:
            start = _after_table(data, place + 9, place + 10) + 1
            place, blocks = _after_blocks(data, start, blocks)
        else:
            raise unreadable("P2-D0881", "the GIF has a block of no kind", f"byte {place}")
    if place + 1 != len(data):
        raise unreadable("P2-D0881", "the GIF goes on after its end", f"byte {place}")
    return texts


def _after_table(data: bytes, flags: int, start: int) -> int:
    packed = _byte(data, flags)
    return start + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)


def _after_blocks(data: bytes, place: int, blocks: int) -> tuple[int, int]:
    """Give the place after a row of blocks, and how many there were so far in the file."""
    while True:
        blocks += 1
        counted(blocks, "GIF", "blocks")
        length = _byte(data, place)
        place += 1 + length
        if not length:
            return place, blocks


def _byte(data: bytes, place: int) -> int:
    if place >= len(data):
        raise unreadable("P2-D0881", "the GIF ends inside a block", f"byte {place}")
    return data[place]
