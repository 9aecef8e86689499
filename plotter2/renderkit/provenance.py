"""A JSON text inside PNG, SVG and PDF files and films, put there and read back strictly. Standard library only.

PNG and APNG: an iTXt chunk `plotter2` before the first image data. SVG: `<metadata id="plotter2">` first in the root.
PDF: the key /Plotter2 of the document information, added as an incremental update at the end of the file.
MP4 and GIF: see `containers`.
What is read back says what the file claims; only a signature or a fresh run can prove it.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from plotter2.renderkit import containers
from plotter2.renderkit.codes import unreadable

MOST_TEXT: Final = 1 << 20
"""The largest provenance, in bytes of JSON."""

MOST_FILE: Final = 1 << 28
"""The largest picture that is read."""

_DEEPEST: Final = 32
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A string, whole or broken off: what was taken is not looked at twice, so a hostile text costs no more than others."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"plotter2"
_ITXT_HEAD: Final = _KEYWORD + b"\0\0\0\0\0"  # keyword, not compressed, no language, no translation


def embed(data: bytes, provenance: Mapping[str, Any]) -> bytes:
    """Give the picture with the provenance inside.

    Raises DataError P2-D0880/1 (not a whole picture), P2-D0883 (too large), P2-D0884 (not JSON, or already there).
    """
    text = _text(provenance)
    if read(data) is not None:
        raise unreadable("P2-D0884", "the picture carries provenance already")
    match format_of(data):
        case "png":
            return _into_png(data, text)
        case "svg":
            return _into_svg(data, text)
        case "mp4":
            return containers.into_mp4(data, text)
        case "gif":
            return containers.into_gif(data, text)
        case _:
            return _into_pdf(data, text)


def read(data: bytes) -> dict[str, Any] | None:
    """Give the provenance inside a picture; None when there is none.

    Raises DataError P2-D0880 (no such file), P2-D0881 (damaged), P2-D0882 (unreadable), P2-D0883 (too large).
    """
    if len(data) > MOST_FILE:
        raise unreadable("P2-D0883", f"a picture of {len(data):,} bytes is not read")
    match format_of(data):
        case "png":
            texts = _png_texts(data)
        case "svg":
            texts = _svg_texts(data)
        case "mp4":
            texts = [_decoded(raw) for raw in containers.mp4_texts(data)]
        case "gif":
            texts = [_decoded(raw) for raw in containers.gif_texts(data)]
        case _:
            texts = _pdf_texts(data)
    if not texts:
        return None
    if len(texts) > 1:
        raise unreadable("P2-D0882", f"the picture carries {len(texts)} provenance texts")
    return _parsed(texts[0])


def format_of(data: bytes) -> str:
    """Give png (APNG too), svg, pdf, mp4 or gif. Raises DataError P2-D0880."""
    if data.startswith(_PNG):
        return "png"
    if data.startswith(b"%PDF-"):
        return "pdf"
    if re.match(rb"\s*(<\?xml|<svg|<!DOCTYPE svg|<!--)", data):
        return "svg"
    if containers.is_mp4(data):
        return "mp4"
    if containers.is_gif(data):
        return "gif"
    raise unreadable("P2-D0880", "the file is neither PNG, SVG, PDF, MP4 nor GIF")


# ---------------------------------------------------------------- the JSON text


def _text(provenance: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(
            dict(provenance), ensure_ascii=True, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise unreadable("P2-D0884", f"the provenance is not plain JSON: {error}") from None
    if len(text) > MOST_TEXT:
        raise unreadable("P2-D0883", f"a provenance of {len(text):,} bytes is over {MOST_TEXT:,}")
    if _parsed(text) != provenance:
        raise unreadable("P2-D0884", "the provenance would change by being written as JSON")
    return text


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MOST_TEXT:
        raise unreadable("P2-D0883", f"a provenance of {len(text):,} bytes is over {MOST_TEXT:,}")
    if _depth(text) > _DEEPEST:
        raise unreadable("P2-D0882", f"the provenance nests deeper than {_DEEPEST} levels")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ValueError as error:
        raise unreadable("P2-D0882", f"the provenance is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise unreadable("P2-D0882", "the provenance is not a JSON object")
    return value


def _depth(text: str) -> int:
    """Count the deepest nesting of brackets outside strings, without building anything."""
    deepest = depth = 0
    for bracket in _STRING.sub("", text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# ---------------------------------------------------------------- PNG


def _into_png(data: bytes, text: str) -> bytes:
    after_header = len(_PNG) + 25
    chunk = png_chunk(b"iTXt", _ITXT_HEAD + text.encode())
    return data[:after_header] + chunk + data[after_header:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Give one PNG chunk with length and checksum (PNG, third edition, 5.3)."""
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _png_texts(data: bytes) -> list[str]:
    texts: list[str] = []
    place, kinds = len(_PNG), []
    while place < len(data):
        kind, body, place = _png_chunk_at(data, place)
        kinds.append(kind)
        containers.counted(len(kinds), "PNG", "chunks")
        if kind == b"iTXt" and body.startswith(_KEYWORD + b"\0"):
            texts.append(_png_text(body))
        if kind == b"IEND":
            break
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or place != len(data):
        raise unreadable("P2-D0881", "the PNG does not run from IHDR to IEND")
    return texts


def _png_chunk_at(data: bytes, place: int) -> tuple[bytes, bytes, int]:
    if place + 12 > len(data):
        raise unreadable("P2-D0881", "the PNG ends inside a chunk", f"byte {place}")
    length = int.from_bytes(data[place : place + 4], "big")
    kind, end = data[place + 4 : place + 8], place + 8 + length
    if end + 4 > len(data):
        raise unreadable("P2-D0881", "the PNG ends inside a chunk", f"byte {place}")
    body = data[place + 8 : end]
    if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end : end + 4], "big"):
        raise unreadable("P2-D0881", "a checksum of the PNG is wrong", f"byte {place}")
    return kind, body, end + 4


def _png_text(body: bytes) -> str:
    if not body.startswith(_ITXT_HEAD):
        raise unreadable(
            "P2-D0882", "the provenance in the PNG is not stored as plotter2 stores it"
        )
    return _decoded(body[len(_ITXT_HEAD) :])


def _decoded(raw: bytes) -> str:
    if len(raw) > MOST_TEXT:
        raise unreadable("P2-D0883", f"a provenance of {len(raw):,} bytes is over {MOST_TEXT:,}")
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        raise unreadable("P2-D0882", "the provenance is not ASCII text") from None


# ---------------------------------------------------------------- SVG

_DEEPEST_SVG: Final = 200
_SVG_OPENING: Final = re.compile(rb"<svg\b(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?(?P<close>/?)>")


def _into_svg(data: bytes, text: str) -> bytes:
    opening = _SVG_OPENING.search(data)
    if opening is None or opening["close"]:
        raise unreadable("P2-D0881", "the SVG has no root element that can hold metadata")
    element = f'\n <metadata id="plotter2">{escape(text)}</metadata>'.encode("ascii")
    return data[: opening.end()] + element + data[opening.end() :]


class _SvgReader:
    """Collects the text of /svg/metadata[@id="plotter2"]; entities are refused, nothing else is kept."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.path: list[str] = []
        self.inside = False
        self.size = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.path.append(name)
        if len(self.path) > _DEEPEST_SVG:
            raise unreadable("P2-D0881", f"the SVG nests deeper than {_DEEPEST_SVG} elements")
        if len(self.path) == 1 and name != "svg":
            raise unreadable("P2-D0880", f"the root of the file is {name}, not svg")
        if self.inside:
            raise unreadable("P2-D0882", "the provenance in the SVG holds other elements")
        if self.path == ["svg", "metadata"] and attributes.get("id") == "plotter2":
            self.texts.append([])
            self.inside = True

    def end(self, _name: str) -> None:
        self.path.pop()
        self.inside = False

    def text(self, text: str) -> None:
        if self.inside:
            self.size += len(text)
            if self.size > MOST_TEXT:
                raise unreadable("P2-D0883", f"a provenance over {MOST_TEXT:,} bytes")
            self.texts[-1].append(text)

    def entity(self, *_declared: object) -> None:
        raise unreadable("P2-D0881", "the SVG declares entities, which plotter2 never writes")


def _svg_texts(data: bytes) -> list[str]:
    reader, parser = _SvgReader(), expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise unreadable("P2-D0881", f"the SVG is not well-formed: {error}") from None
    return ["".join(parts) for parts in reader.texts]


# ---------------------------------------------------------------- PDF

_TAIL: Final = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z")
_XREF_ONE: Final = re.compile(rb"xref\n(\d{1,7}) 1\n(\d{10}) 00000 n \n")
_TRAILER: Final = re.compile(rb"trailer\s*<<(?P<body>[^<>]*)>>")
_REFERENCE: Final = rb"/%s\s+(\d{1,7}) 0 R"
_ENTRY: Final = re.compile(rb"/Plotter2 \((?P<text>(?:[^()\\]|\\[()\\])*)\)")
_TAIL_LENGTH: Final = 2048


def _into_pdf(data: bytes, text: str) -> bytes:
    start = pdf_start(data)
    trailer = _TRAILER.search(data, start)
    if trailer is None:
        raise unreadable("P2-D0881", "the PDF has no trailer with a cross-reference table")
    root, info = (_reference(trailer["body"], name) for name in (b"Root", b"Info"))
    size = re.search(rb"/Size\s+(\d{1,7})", trailer["body"])
    if size is None:
        raise unreadable("P2-D0881", "the trailer of the PDF has no size")
    kept = _information(data, info)
    quoted = re.sub(rb"[()\\]", rb"\\\g<0>", text.encode("ascii"))
    body = data if data.endswith(b"\n") else data + b"\n"
    place = len(body)
    body += b"%d 0 obj\n<<%s /Plotter2 (%s) >>\nendobj\n" % (info, kept, quoted)
    table = len(body)
    body += b"xref\n%d 1\n%010d 00000 n \n" % (info, place)
    body += b"trailer\n<< /Size %s /Root %d 0 R /Info %d 0 R /Prev %d >>\n" % (
        size[1],
        root,
        info,
        start,
    )
    return body + b"startxref\n%d\n%%%%EOF\n" % table


def pdf_start(data: bytes) -> int:
    """Give where the last cross-reference table of a PDF begins. Raises DataError P2-D0881."""
    tail = _TAIL.search(data, max(0, len(data) - _TAIL_LENGTH))
    if tail is None or int(tail[1]) >= len(data):
        raise unreadable("P2-D0881", "the PDF does not end with its cross-reference table")
    return int(tail[1])


def _reference(trailer: bytes, name: bytes) -> int:
    found = re.search(_REFERENCE % name, trailer)
    if found is None:
        raise unreadable("P2-D0881", f"the trailer of the PDF has no /{name.decode()}")
    return int(found[1])


def _information(data: bytes, number: int) -> bytes:
    """Give the inside of the document information of a PDF as matplotlib writes it (strings in brackets only)."""
    pattern = rb"\n%d 0 obj\n<<(?P<body>(?:[^()<>]|\((?:[^()\\]|\\.)*\))*)>>" % number
    found = re.search(pattern, data, re.DOTALL)
    if found is None:
        raise unreadable("P2-D0881", "the PDF has no document information")
    return found["body"].rstrip()


def _pdf_texts(data: bytes) -> list[str]:
    """Read the information object that the last cross-reference table names, if plotter2 wrote that table."""
    start = pdf_start(data)
    table = _XREF_ONE.match(data, start)
    if table is None:
        return []
    trailer = _TRAILER.search(data, table.end())
    if trailer is None or _reference(trailer["body"], b"Info") != int(table[1]):
        return []
    place = int(table[2])
    head = b"%d 0 obj\n<<" % int(table[1])
    if not data.startswith(head, place) or place >= start:
        raise unreadable("P2-D0881", "the last table of the PDF points to nothing")
    found = _ENTRY.findall(data[place:start])
    return [_decoded(re.sub(rb"\\([()\\])", rb"\1", raw)) for raw in found]
