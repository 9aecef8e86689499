"""From what a file holds to typed columns: int, number, bool, string, or null when there is no value.

No value is guessed at: text becomes a number only if every value of its column is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from plotter2.child.arrow import Piece

Kind: TypeAlias = Literal["int", "number", "bool", "string", "time", "null"]

NULL_TOKENS = ("", "NA", "N/A", "null")
"""Texts of a CSV field that mean: no value."""
_NUMBER_WORDS = {
    "nan": math.nan, "inf": math.inf, "-inf": -math.inf, "infinity": math.inf,
    "-infinity": -math.inf, "+inf": math.inf, "+infinity": math.inf,
}  # fmt: skip
_INT_LIMIT = 2**63
_TRIED_FIRST = 1_000
"""So many values are tried before a whole column is converted."""
_DTYPES: dict[Kind, Any] = {
    "int": pl.Int64,
    "number": pl.Float64,
    "bool": pl.Boolean,
    "string": pl.String,
    "time": pl.Float64,
    "null": pl.Null,
}


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column as it was read: its values, what they are, and what a person should know.

    `pieces` stay together as one chunk each; none = as the size wants.
    """

    name: str
    kind: Kind
    values: pl.Series
    notes: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class NoRow:
    """A line that is left out: its number (from 1), its bytes, and why."""

    line: int
    content: bytes
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table as it was read; `skipped_bytes` are those of a torn last line; `units` by column."""

    name: str
    rows: int
    columns: tuple[ReadColumn, ...]
    skipped_bytes: int = 0
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    no_rows: tuple[NoRow, ...] = ()


def bare(texts: pl.Series) -> pl.Series:
    """Give CSV fields without the space around them, and null for those that mean: no value."""
    values = texts.str.strip_chars()
    return values.set(values.is_in(NULL_TOKENS), None)


def from_texts(name: str, values: pl.Series) -> ReadColumn:
    """Type a column of bare CSV fields."""
    missing = values.null_count()
    if missing == len(values):
        return ReadColumn(name, "null", pl.Series(name, [None] * len(values), dtype=pl.Null))
    for kind in ("int", "number"):
        first = values.head(_TRIED_FIRST)
        if first.cast(_DTYPES[kind], strict=False).null_count() > first.null_count():
            continue
        numbers = values.cast(_DTYPES[kind], strict=False)
        if numbers.null_count() == missing:
            return ReadColumn(name, kind, numbers.rename(name), _padding_note(name, kind, values))
    lowered = values.str.to_lowercase()
    if lowered.drop_nulls().is_in(["true", "false"]).all():
        return ReadColumn(name, "bool", (lowered == "true").rename(name))
    return ReadColumn(name, "string", values.rename(name))


def from_values(name: str, values: Sequence[Any]) -> ReadColumn:
    """Type a column of JSON values: None, bool, int, float or str.

    Numbers beside the words for NaN and infinity are numbers; any other mixture becomes text.
    """
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return _made(name, "null", [None] * len(values))
    if kinds == {bool}:
        return _made(name, "bool", values)
    if kinds == {int} and all(v is None or -_INT_LIMIT <= v < _INT_LIMIT for v in values):
        return _made(name, "int", values)
    if kinds <= {int, float}:
        return _made(name, "number", [None if v is None else as_float(v) for v in values])
    if kinds == {str}:
        return _made(name, "string", values)
    return _mixed(name, kinds, values)


def from_numbers(name: str, values: npt.NDArray[Any]) -> ReadColumn:
    """Type a column of true/false, whole or other real numbers as numpy has them."""
    kind = _NUMPY_KINDS.get(values.dtype.kind, "number")
    if values.dtype == np.uint64 and values.size and int(values.max()) >= _INT_LIMIT:
        kind = "number"
    return ReadColumn(name, kind, pl.Series(name, values.astype(_NUMPY_TYPES[kind])))


_NUMPY_KINDS: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int"}
_NUMPY_TYPES: dict[Kind, type] = {"bool": np.bool_, "int": np.int64, "number": np.float64}


def _mixed(name: str, kinds: set[type], values: Sequence[Any]) -> ReadColumn:
    words = {v for v in values if isinstance(v, str)}
    if kinds <= {int, float, str} and all(word.lower() in _NUMBER_WORDS for word in words):
        note = f"column {name!r}: the texts {', '.join(sorted(words))} are read as numbers"
        return _made(name, "number", [_number_or_none(v) for v in values], note)
    listed = ", ".join(sorted(_WORDS[kind] for kind in kinds))
    note = f"column {name!r} mixes {listed}; all its values are kept as text"
    return _made(name, "string", [None if v is None else _as_text(v) for v in values], note)


def _made(name: str, kind: Kind, values: Sequence[Any], *notes: str) -> ReadColumn:
    series = pl.Series(name, values, dtype=_DTYPES[kind], strict=True)
    return ReadColumn(name, kind, series, notes)


def _padding_note(name: str, kind: Kind, values: pl.Series) -> tuple[str, ...]:
    if kind == "int" and _is_padded(values):
        return (f"column {name!r}: leading zeros are dropped, its values are read as numbers",)
    return ()


def _is_padded(values: pl.Series) -> bool:
    """Tell whether a text of whole numbers begins with a zero that says nothing."""
    if len(values) > _TRIED_FIRST:
        return bool(values.str.contains(_PADDED).any())
    # A query of polars takes a hundred times as long as a few texts.
    return any(text is not None and re.match(_PADDED, text) for text in values.to_list())


_PADDED = r"^[+-]?0\d"
_WORDS = {int: "whole numbers", float: "numbers", bool: "true/false", str: "text"}


def as_float(value: float) -> float:
    """Give a whole number of any size as a float; too large ones are infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _number_or_none(value: Any) -> float | None:
    if isinstance(value, str):
        return _NUMBER_WORDS[value.lower()]
    return None if value is None else as_float(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
