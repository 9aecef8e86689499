"""What kind of file some bytes are, told from the name and the first bytes. Nothing is parsed; it is only said.

The first bytes win over the name where they are known; of several kinds that begin alike the name tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FIRST_BYTES: Final = 4096
UNKNOWN: Final = "application/octet-stream"
_TEXT: Final = "text/plain"

_BY_ENDING: Final[Mapping[str, str]] = {
    "apng": "image/apng", "bmp": "image/bmp", "c": "text/x-c", "cfg": _TEXT, "css": "text/css", "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif", "gz": "application/gzip", "h5": "application/x-hdf5", "hdf5": "application/x-hdf5",
    "htm": "text/html", "html": "text/html", "ini": _TEXT, "ipynb": "application/x-ipynb+json", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "json": "application/json", "jsonl": "application/jsonl", "log": _TEXT,
    "md": "text/markdown", "mp3": "audio/mpeg", "mp4": "video/mp4", "npy": "application/x-npy",
    "npz": "application/x-npz", "onnx": "application/x-onnx", "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf", "pkl": "application/x-pickle", "pickle": "application/x-pickle", "png": "image/png",
    "pt": "application/x-pytorch", "pth": "application/x-pytorch", "py": "text/x-python", "r": "text/x-r",
    "rst": "text/x-rst", "safetensors": "application/x-safetensors", "sh": "application/x-sh",
    "svg": "image/svg+xml", "tar": "application/x-tar", "tex": "text/x-tex", "tif": "image/tiff",
    "tiff": "image/tiff", "toml": "application/toml", "tsv": "text/tab-separated-values", "txt": _TEXT,
    "wav": "audio/wav", "webm": "video/webm", "webp": "image/webp", "xml": "application/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip", "zst": "application/zstd",
}  # fmt: skip
_ZIPPED: Final = frozenset({"docx", "npz", "pt", "pth", "xlsx"})
_WRITTEN: Final = frozenset(
    {ending for ending, media in _BY_ENDING.items() if media.startswith("text/")}
    | {"html", "ipynb", "json", "jsonl", "sh", "svg", "toml", "xml", "yaml", "yml"}
)
"""Endings of files that are text."""

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x7fELF", "application/x-elf"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (257, b"ustar", "application/x-tar"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
)


def media_of(name: str, first: bytes) -> str:
    """Give the media type of a file by its name and its first bytes, of which `FIRST_BYTES` are enough."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    named = _BY_ENDING.get(ending, "")
    for place, magic, media in _SIGNATURES:
        if first[place : place + len(magic)] == magic:
            return _told_apart(ending, named, media)
    if not first:
        return named or UNKNOWN
    if _is_text(first[:FIRST_BYTES]):
        return named if ending in _WRITTEN else _TEXT
    known = {media for _, _, media in _SIGNATURES}
    return (
        UNKNOWN if ending in _WRITTEN or ending in _ZIPPED or named in known else named or UNKNOWN
    )


def _told_apart(ending: str, named: str, media: str) -> str:
    if media == "application/zip" and ending in _ZIPPED:
        return named
    return named if media == "image/png" and ending == "apng" else media


def _is_text(first: bytes) -> bool:
    if b"\x00" in first:
        return False
    for cut in range(4):  # a character may go on behind the end
        try:
            first[: len(first) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
