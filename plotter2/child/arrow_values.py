"""A column of numbers out of an Arrow IPC file, used where it lies instead of being copied.

Only the plainest layout is known, the one in which large columns of numbers are stored: one column of 64-bit whole
numbers or 64-bit floats, none missing, not compressed. Whatever differs in the least is left to polars, which checks
and copies it. Nothing of a file is believed: an offset or a length is followed only after it proved to lie inside.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

_MAGIC = b"ARROW1"
_BYTE, _SHORT, _UNSIGNED_SHORT = map(struct.Struct, ("<B", "<h", "<H"))
_INT, _OFFSET, _LONG = map(struct.Struct, ("<i", "<I", "<q"))
_TAIL = struct.Struct("<i6s")
_PREFIX = struct.Struct("<Ii")
_CONTINUES = 0xFFFFFFFF
_BLOCK = struct.Struct("<qi4xq")
_NODE = struct.Struct("<qq")
_BUFFER = struct.Struct("<qq")
_METADATA_LIMIT = 1 << 16
"""Bytes that describe one column, or one batch of it, with room to spare."""
_VERSIONS = (3, 4)
_RECORD_BATCH = 3
_WHOLE, _FLOAT = 2, 3
_DOUBLE = 2
_WIDTH = 8


@dataclass(frozen=True, slots=True)
class PlainColumn:
    """The numbers of a file with one plain column: a view of the file for each batch."""

    name: str
    batches: list[npt.NDArray[Any]]


def lent_column(file: memoryview) -> pl.Series | None:
    """Give the column of a file that is plain, None of any other; it keeps alive what `file` shows."""
    found = plain_column(file)
    if found is None:
        return None
    return pl.concat([pl.Series(found.name, batch) for batch in found.batches], rechunk=False)


def plain_column(file: memoryview) -> PlainColumn | None:
    """Give what a file with one plain column holds, None of any other."""
    try:
        return _plain(file)
    except (_UnlikeError, struct.error, UnicodeDecodeError):
        return None


class _UnlikeError(Exception):
    """The file is not laid out as the plainest ones are."""


def _plain(file: memoryview) -> PlainColumn:
    footer = _footer(file)
    _require(not footer.vector(2, _BLOCK))
    fields = footer.table(1).tables(1)
    _require(len(fields) == 1)
    dtype = _dtype(footer.table(1), fields[0])
    blocks = footer.vector(3, _BLOCK)
    _require(bool(blocks))
    return PlainColumn(fields[0].text(0), [_batch(file, block, dtype) for block in blocks])


def _footer(file: memoryview) -> _Table:
    _require(bytes(file[: len(_MAGIC)]) == _MAGIC)
    end = len(file) - _TAIL.size
    length, magic = _read(file, _TAIL, end)
    _require(magic == _MAGIC and 0 < length <= _METADATA_LIMIT)
    footer = _root(_part(file, end - length, length))
    _require(footer.number(0, _SHORT) in _VERSIONS)
    return footer


def _dtype(schema: _Table, column: _Table) -> str:
    little_endian = schema.number(0, _SHORT) == 0
    _require(little_endian)
    # A dictionary, children, or a note that it means something else than its numbers.
    _require(not (column.has(4) or column.tables(5) or column.tables(6)))
    kind, described = column.number(2, _BYTE), column.table(3)
    if kind == _FLOAT and described.number(0, _SHORT) == _DOUBLE:
        return "<f8"
    _require(kind == _WHOLE and described.number(0, _INT) == 8 * _WIDTH)
    _require(described.number(1, _BYTE) == 1)
    return "<i8"


def _batch(file: memoryview, block: tuple[int, ...], dtype: str) -> npt.NDArray[Any]:
    start, described, length = block
    _require(_PREFIX.size < described <= _METADATA_LIMIT)
    metadata = _part(file, start, described)
    continues, size = _read(metadata, _PREFIX, 0)
    _require(continues == _CONTINUES)
    message = _root(_part(metadata, _PREFIX.size, size))
    _require(message.number(0, _SHORT) in _VERSIONS and message.number(1, _BYTE) == _RECORD_BATCH)
    _require(message.number(3, _LONG) == length)
    offset, rows = _values_of(message.table(2), length)
    first = start + described + offset
    _require(first % _WIDTH == 0)
    return np.frombuffer(_part(file, first, rows * _WIDTH), dtype)


def _values_of(batch: _Table, length: int) -> tuple[int, int]:
    """Give where in the body of a batch the numbers begin, and how many they are."""
    rows, compressed = batch.number(0, _LONG), batch.has(3)
    _require(not compressed and batch.vector(1, _NODE) == [(rows, 0)])
    buffers = batch.vector(2, _BUFFER)
    _require(len(buffers) == 2)
    offset, size = buffers[1]
    _require(offset >= 0 and 0 <= rows * _WIDTH <= size and offset + size <= length)
    return offset, rows


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer; its fields are numbered, and those that are absent have their default."""

    data: memoryview
    at: int

    def has(self, field: int) -> bool:
        """Tell whether a field is written down."""
        return bool(self._place(field))

    def number(self, field: int, form: struct.Struct) -> int:
        """Give a number; 0 is the default of all that are asked for here."""
        place = self._place(field)
        return int(_read(self.data, form, place)[0]) if place else 0

    def table(self, field: int) -> _Table:
        """Give a table that must be there."""
        place = self._place(field)
        _require(place > 0)
        return _Table(self.data, self._followed(place))

    def tables(self, field: int) -> list[_Table]:
        """Give the tables of a vector; none when it is absent."""
        start, count = self._vector(field, _OFFSET.size)
        places = range(start, start + count * _OFFSET.size, _OFFSET.size)
        return [_Table(self.data, self._followed(place)) for place in places]

    def vector(self, field: int, form: struct.Struct) -> list[tuple[int, ...]]:
        """Give the members of a vector of numbers; none when it is absent."""
        start, count = self._vector(field, form.size)
        return list(form.iter_unpack(self.data[start : start + count * form.size]))

    def text(self, field: int) -> str:
        """Give a text; an empty one when it is absent."""
        start, count = self._vector(field, 1)
        return str(self.data[start : start + count], "utf-8")

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        target = self._followed(place)
        (count,) = _read(self.data, _OFFSET, target)
        start = target + _OFFSET.size
        _require(start + count * size <= len(self.data))
        return start, count

    def _place(self, field: int) -> int:
        (back,) = _read(self.data, _INT, self.at)
        index = self.at - back
        (size,) = _read(self.data, _UNSIGNED_SHORT, index)
        entry = 4 + 2 * field
        if entry + 2 > size:
            return 0
        (offset,) = _read(self.data, _UNSIGNED_SHORT, index + entry)
        return self.at + int(offset) if offset else 0

    def _followed(self, place: int) -> int:
        return place + int(_read(self.data, _OFFSET, place)[0])


def _root(data: memoryview) -> _Table:
    return _Table(data, int(_read(data, _OFFSET, 0)[0]))


def _read(data: memoryview, form: struct.Struct, at: int) -> tuple[Any, ...]:
    # Before the start Python would count from the end; past the end it raises.
    _require(at >= 0)
    return form.unpack_from(data, at)


def _part(data: memoryview, start: int, length: int) -> memoryview:
    _require(start >= 0 and length >= 0 and start + length <= len(data))
    return data[start : start + length]


def _require(holds: bool) -> None:
    if not holds:
        raise _UnlikeError
