"""Records to lines of a segment: a quick way for rows of known kinds, a careful way for everything else.

orjson is used when the experiment has it, else `json`; both write the same records. Neither is imported before the
first run starts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from logger2.identity import Scalar, plain

MAX_LINE = 1 << 20
"""Bytes of the longest line that is written or read."""

NUMBER_CODES = ("f8", "f4", "f2")
INTEGER_CODES = ("i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1")
CODES = (*NUMBER_CODES, *INTEGER_CODES, "b1", "str")
"""The kinds of columns in a schema line, in the order in which a later one gives way to an earlier one."""

QuickEncoder = Callable[[tuple[object, ...]], bytes]


class NeedsCare(ValueError):
    """The quick way cannot write this row: a non-finite number, a missing value, or a value of another kind."""


def quick_encoder() -> QuickEncoder:
    """Give the function that writes a flat row of numbers and text as a line; it raises NeedsCare."""
    try:
        import orjson
    except ImportError:
        return _json_encoder()
    dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE

    def encode(row: tuple[object, ...]) -> bytes:
        try:
            line = dumps(row, plain, newline)
        except (TypeError, ValueError) as error:
            raise NeedsCare(str(error)) from None
        if b"null" in line:  # orjson writes NaN and infinities as null without a word
            raise NeedsCare("null")
        return line

    return encode


def _json_encoder() -> QuickEncoder:
    from json import JSONEncoder

    dumps = JSONEncoder(
        separators=(",", ":"),
        allow_nan=False,
        check_circular=False,
        ensure_ascii=False,
        default=plain,
    ).encode

    def encode(row: tuple[object, ...]) -> bytes:
        try:
            return (dumps(row) + "\n").encode()
        except (TypeError, ValueError) as error:
            raise NeedsCare(str(error)) from None

    return encode


def careful_line(row: Sequence[Scalar]) -> bytes:
    """Write a row of plain values; NaN and infinities become the texts "nan", "inf" and "-inf"."""
    return record_line([_finite(value) for value in row])


def record_line(record: Sequence[object] | Mapping[str, object]) -> bytes:
    """Write any record of finite plain values as a line; raises ValueError when the line is too long."""
    from json import dumps

    line = dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ValueError(f"a record has at most {MAX_LINE} bytes, this one {len(line)}")
    return line


def code_of(value: object) -> str:
    """Give the column code of a value: numpy's own for its scalars, else by the kind of Python value."""
    if value is None:
        return "f8"
    text = getattr(getattr(value, "dtype", None), "str", None)
    if isinstance(text, str) and text[1:] in CODES:
        return text[1:]
    value = plain(value)
    if isinstance(value, bool):
        return "b1"
    if isinstance(value, int):
        return "i8"
    return "str" if isinstance(value, str) else "f8"


def wider(old: str, new: str) -> str:
    """Give the code of a column that holds values of both codes; text beside numbers stays what came last."""
    if old == new or "str" in (old, new):
        return new
    if old in NUMBER_CODES or new in NUMBER_CODES:
        numbers = [code for code in (old, new) if code in NUMBER_CODES]
        return numbers[0] if len(numbers) == 2 and numbers[0] == numbers[1] else "f8"
    return "i8"


def _finite(value: Scalar) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if value != value else ("inf" if value > 0 else "-inf")
    return value
