"""A proof of the run log inside a copy of a picture, and the picture as it was before. Standard library only.

The proof is put at the end, where taking it out gives back the same bytes: the log knows the picture without it.
PNG: an iTXt chunk `plotter2-log` before IEND. SVG: a comment after the root. PDF: a comment, and the end of the file
again. GIF: an application extension `plotter2log` before the trailer. MP4: a `uuid` box of our own.
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Final, NamedTuple
from uuid import UUID

from plotter2.errors import DataError
from plotter2.renderkit.containers import in_blocks, out_of_blocks
from plotter2.renderkit.provenance import format_of, pdf_start, png_chunk, read


class _Place(NamedTuple):
    """How a proof begins in one format, how far before that the piece begins, how many bytes close the file."""

    opening: bytes
    before: int
    closing: int


_BOX: Final = UUID("2d0f5b9e-33a7-5d0e-8c55-0b7a4f1f9a10").bytes
_PLACES: Final = {
    "png": _Place(b"iTXtplotter2-log\0\0\0\0\0", 4, 12),
    "svg": _Place(b"<!-- plotter2-log ", 0, 0),
    "pdf": _Place(b"%plotter2-log ", 0, 0),
    "gif": _Place(b"\x21\xff\x0bplotter2log", 0, 1),
    "mp4": _Place(b"uuid" + _BOX, 4, 0),
}
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=]*")


def carrying(picture: bytes, proof: bytes) -> bytes:
    """Give the picture with the proof inside. Raises DataError P2-D0880/1 when it is no whole picture."""
    read(picture)
    kind = format_of(picture)
    end = len(picture) - _PLACES[kind].closing
    return picture[:end] + _piece(kind, picture, base64.b64encode(proof)) + picture[end:]


def taken_out(data: bytes) -> tuple[bytes, bytes | None]:
    """Give the picture without its proof, and the proof: None when it carries none as `carrying` puts it there."""
    try:
        kind = format_of(data)
        place = _PLACES[kind]
        found = data.rfind(place.opening)
        if found < place.before:
            return data, None
        start, end = found - place.before, len(data) - place.closing
        picture = data[:start] + data[end:]
        text = data[found + len(place.opening) : end]
        if kind == "gif":
            text = out_of_blocks(text)
        elif kind == "png":
            text = text[:-4]  # the checksum
        encoded = _BASE64.match(text)
        proof = base64.b64decode(encoded[0] if encoded else b"", validate=True)
        return (picture, proof) if carrying(picture, proof) == data else (data, None)
    except (DataError, ValueError):
        return data, None


def _piece(kind: str, picture: bytes, text: bytes) -> bytes:
    opening = _PLACES[kind].opening
    match kind:
        case "png":
            return png_chunk(opening[:4], opening[4:] + text)
        case "svg":
            return opening + text + b" -->\n"
        case "pdf":
            return opening + text + b"\nstartxref\n%d\n%%%%EOF\n" % pdf_start(picture)
        case "gif":
            return opening + in_blocks(text)
        case _:
            return struct.pack(">I", 4 + len(opening) + len(text)) + opening + text
