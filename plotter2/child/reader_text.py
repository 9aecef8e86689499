"""What every text reader asks first: is this text at all, is it whole, where does it begin.

Bytes in, bytes out; nothing is decoded for good here.
"""

from __future__ import annotations

import codecs
import re

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.errors import DataError

_BOM = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LFS = b"version https://git-lfs.github.com/spec/"
_STEP = 1 << 24
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf)", re.I)
_WORDS: dict[str, Scalar] = {
    "True": True, "False": False, "true": True, "false": False, "None": None,
}  # fmt: skip
_MAGIC = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive (or .npz, .xlsx)",
    b"\x89HDF\r\n": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x93NUMPY": "a NumPy .npy file",
    b"SQLite format 3": "an SQLite file",
    b"\x89PNG": "a PNG picture",
    b"%PDF": "a PDF document",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}


def checked_text(data: bytes, where: str) -> bytes:
    """Give UTF-8 text without byte-order mark and with `\\n` as the only line end.

    Raises DataError: P2-D0840 empty, P2-D0841 binary, P2-D0842 Git-LFS pointer, P2-D0843 not UTF-8.
    """
    if not data or data.isspace() or (data.startswith(_BOM) and data[len(_BOM) :].strip() == b""):
        raise DataError(
            codes.EMPTY,
            f"{where} is empty",
            where=where,
            help="check whether the program that writes it has run; then add it again",
        )
    if data.startswith(_LFS):
        raise DataError(
            codes.LFS_POINTER,
            f"{where} is a Git-LFS pointer, not the data",
            where=where,
            help="fetch the data with: git lfs pull",
        )
    if data.startswith(_UTF16):
        raise _not_utf8(where, "it is UTF-16", "UTF-16")
    _refuse_binary(data, where)
    _refuse_other_encodings(data, where)
    return _with_plain_line_ends(data.removeprefix(_BOM))


def scalar_in(text: str) -> Scalar:
    """Give what a program wrote as the text of a single value: a number, true/false, nothing, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def line_of(data: bytes, offset: int) -> int:
    """Give the number (from 1) of the line that holds the byte at `offset`."""
    return data.count(b"\n", 0, offset) + 1


def _refuse_binary(data: bytes, where: str) -> None:
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")
    offset = data.find(b"\0")
    if kind or offset >= 0:
        what = kind or f"binary data (a zero byte at offset {offset})"
        raise DataError(
            codes.BINARY,
            f"{where} is {what}, not text",
            where=where,
            help="give a CSV, TSV or JSON-lines file; export the data to one of these first",
        )


def _refuse_other_encodings(data: bytes, where: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _STEP):
        piece = data[start : start + _STEP]
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=start + _STEP >= len(data))
        except UnicodeDecodeError as error:
            offset = start - pending + error.start
            what = f"byte 0x{data[offset]:02x} in line {line_of(data, offset)} is not UTF-8"
            raise _not_utf8(where, what, "LATIN1") from None


def _with_plain_line_ends(data: bytes) -> bytes:
    if b"\r" not in data:
        return data
    if b"\n" not in data:
        return data.replace(b"\r", b"\n")
    return data.replace(b"\r\n", b"\n")


def _not_utf8(where: str, what: str, likely: str) -> DataError:
    return DataError(
        codes.NOT_UTF8,
        f"{where} is not UTF-8 text: {what}",
        where=where,
        help=f"convert it, for example with: iconv -f {likely} -t UTF-8 FILE > NEW",
    )
