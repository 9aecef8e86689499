"""Messages in protocol-buffer form, taken apart field by field. Strict: what does not fit to the last byte is refused.

Only the form is known here; which field means what is the business of who asks. Nothing is nested by itself: a part
is looked into only when it is asked for, so no file decides how deep this goes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

Field: TypeAlias = tuple[int, "int | float | bytes"]
"""A field's number and its value: a whole number, the bytes of a fixed-size number, or of text or a message."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST_VARINT = 10
_HIGH = 0x80
_SIGN = 1 << 63


class NoMessageError(Exception):
    """The bytes are no message."""


def fields_of(data: bytes | memoryview) -> Iterator[Field]:
    """Give the fields of a message in order; raises NoMessageError."""
    place, end = 0, len(data)
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise NoMessageError(f"a field of the kind {kind}")
        if not number or size > end - place:
            raise NoMessageError("a field that is longer than its message")
        yield number, bytes(data[place : place + size])
        place += size


def one_of(data: bytes | memoryview, wanted: int) -> int | float | bytes | None:
    """Give the value of a field, the last one if it stands there several times; None if it does not."""
    found: int | float | bytes | None = None
    for number, value in fields_of(data):
        if number == wanted:
            found = value
    return found


def message(value: int | float | bytes | None) -> bytes:
    """Give the bytes of a field that is a message or a text; an absent one is empty. Raises NoMessageError."""
    if value is None:
        return b""
    if not isinstance(value, bytes):
        raise NoMessageError("a number where a message should be")
    return value


def text(value: int | float | bytes | None) -> str:
    """Give a field that is text; what is not UTF-8 in it is replaced. Raises NoMessageError."""
    return message(value).decode("utf-8", "replace")


def whole(value: int | float | bytes | None) -> int:
    """Give a field that is a signed whole number; an absent one is 0. Raises NoMessageError."""
    if value is None:
        return 0
    if not isinstance(value, int):
        raise NoMessageError("bytes where a whole number should be")
    return value - 2 * _SIGN if value >= _SIGN else value


def double(value: int | float | bytes | None) -> float:
    """Give a field that is a float of 32 or 64 bits; an absent one is 0. Raises NoMessageError."""
    data = message(value)
    if not data:
        return 0.0
    if len(data) not in (4, 8):
        raise NoMessageError("a number of neither 4 nor 8 bytes")
    return float(struct.unpack("<d" if len(data) == 8 else "<f", data)[0])


def _varint(data: bytes | memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[place : place + _LONGEST_VARINT]:
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < _HIGH:
            return value & (2 * _SIGN - 1), place
        shift += 7
    raise NoMessageError("a number without an end")
