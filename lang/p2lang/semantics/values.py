"""Types of expressions, and how written types, columns and values compare. Values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from p2lang.ir import Value
from p2lang.semantics import units
from p2lang.types import ColumnKind, ColumnType, TableSchema

ValueKind = Literal[
    "int", "number", "string", "bool", "time", "any",
    "null", "list", "range", "table", "field", "columns", "unknown",
]  # fmt: skip
"""Kinds of columns, and what only expressions have: `field` is a column of a table other than the one from the left,
`unknown` is what a mistake left behind and fits everywhere."""

Shape = Literal["one", "group", "each"]
"""One value for the whole run, one for each group of rows, or one for each row."""

WRITTEN: Mapping[str, tuple[ColumnKind, str]] = {
    "int": ("int", ""),
    "number": ("number", ""),
    "string": ("string", ""),
    "bool": ("bool", ""),
    "time": ("number", "s"),
    "len": ("number", "pt"),
    "bytes": ("number", "B"),
    "angle": ("number", "rad"),
    "any": ("any", ""),
}
"""Scalar types as they are written, with the kind and the unit they stand for."""

_PARAMETER_TYPE = re.compile(
    r"(?:(list)\[)?(int|number|string|bool|time|len|bytes|angle)(?:\[([A-Za-z_][A-Za-z0-9_]{0,59})\])?(\])?\Z"
)

_COLUMN_PARAMETER = re.compile(r"column(?:\[(int|number|string|bool|time|any)\])?\Z")

_SHAPES: tuple[Shape, ...] = ("one", "group", "each")
_NUMBERS = frozenset(("int", "number", "time", "any", "unknown"))
SCALARS = frozenset(("int", "number", "string", "bool", "time", "any", "null", "unknown"))
_COLUMN_KINDS: dict[ValueKind, ColumnKind] = {
    "int": "int",
    "number": "number",
    "string": "string",
    "bool": "bool",
    "time": "time",
}


@dataclass(frozen=True)
class ValueType:
    """The type of an expression. `item` is a list's or range's element, `schema` a table's shape.

    `aggregated` and `windowed` tell that it was made with an aggregate or a window function: these look at many rows
    at once and may not stand inside each other.
    """

    kind: ValueKind
    shape: Shape = "one"
    nullable: bool = False
    unit: str = ""
    item: ValueType | None = None
    schema: TableSchema | None = None
    aggregated: bool = False
    windowed: bool = False

    def __str__(self) -> str:
        if self.kind in ("list", "range"):
            return f"{self.kind}[{self.item}]" if self.item is not None else self.kind
        unit = f"[{self.unit}]" if self.unit else ""
        return f"{self.kind}{'?' if self.nullable else ''}{unit}"

    @property
    def is_numeric(self) -> bool:
        """Tell whether arithmetic works on it."""
        return self.kind in _NUMBERS

    @property
    def is_scalar(self) -> bool:
        """Tell whether it is a single value (in each place) and not a list, range, table or columns."""
        return self.kind in SCALARS

    def in_shape(self, shape: Shape) -> ValueType:
        """Give the same type in another shape."""
        return self if shape == self.shape else replace(self, shape=shape)

    def as_column(self) -> ColumnType:
        """Give the type of a column that holds such values."""
        kind = _COLUMN_KINDS.get(self.kind, "any")
        unit = "" if kind == "time" else self.unit
        return ColumnType(kind, self.nullable or self.kind == "null", unit)


@dataclass(frozen=True)
class Typed:
    """A tagged value of the IR with its type."""

    value: Value
    type: ValueType


INT = ValueType("int")
NUMBER = ValueType("number")
STRING = ValueType("string")
BOOL = ValueType("bool")
NULL = ValueType("null", nullable=True)
UNKNOWN = ValueType("unknown")


def parameter_type(text: str) -> ValueType:
    """Give the type of a parameter from its text, `int`, `time`, `list[number]`; raises ValueError when it is none."""
    match = _PARAMETER_TYPE.match(text)
    if match is None or (match[1] is None) != (match[4] is None):
        raise ValueError(f"{text!r} is not the type of a parameter")
    kind, unit = WRITTEN[match[2]]
    item = ValueType(kind, unit=match[3] or unit)
    return item if match[1] is None else ValueType("list", item=item)


def column_parameter(text: str) -> ValueType:
    """Give the type of the columns that a parameter may name, `column[number]`; raises ValueError when it is none."""
    match = _COLUMN_PARAMETER.match(text)
    if match is None:
        raise ValueError(f"{text!r} does not name a column")
    kind, unit = WRITTEN[match[1] or "any"]
    return ValueType(kind, "each", unit=unit)


@lru_cache(maxsize=1024)
def of_column(column: ColumnType) -> ValueType:
    """Give the type of a column's name where rows are at hand."""
    unit = "s" if column.kind == "time" else column.unit
    return ValueType(column.kind, "each", column.nullable, unit)


def made_of(result: ValueType, *operands: ValueType) -> ValueType:
    """Give the type with the shape and the marks of what it is made of."""
    shape = _SHAPES[max((_SHAPES.index(t.shape) for t in operands), default=0)]
    aggregated = any(t.aggregated for t in operands)
    windowed = any(t.windowed for t in operands)
    if (shape, aggregated, windowed) == (result.shape, result.aggregated, result.windowed):
        return result
    return marked(result, shape, aggregated, windowed)


@lru_cache(maxsize=1024)
def marked(result: ValueType, shape: Shape, aggregated: bool, windowed: bool) -> ValueType:
    """Give the type with this shape and these marks."""
    return replace(result, shape=shape, aggregated=aggregated, windowed=windowed)


def assignable(wanted: ValueType, actual: ValueType) -> bool:
    """Tell whether a value may stand where a type was written: same kind and unit, or a whole number as a number."""
    if "unknown" in (actual.kind, wanted.kind) or (wanted.kind == "any" and actual.is_scalar):
        return True
    if wanted.kind == "list":
        if actual.kind not in ("list", "range") or actual.item is None or wanted.item is None:
            return actual.kind in ("list", "range")
        return assignable(wanted.item, actual.item)
    if not actual.is_scalar or not wanted.is_scalar:
        return actual.kind == wanted.kind
    if actual.kind == "null":
        return wanted.nullable
    kinds = actual.kind == wanted.kind or (
        actual.kind in ("int", "time") and wanted.kind == "number"
    )
    return kinds and actual.unit == wanted.unit


def units_differ(left: ValueType, right: ValueType) -> bool:
    """Tell whether two units may not meet: different labels, or time, length, bytes, angle with a plain number."""
    if left.unit == right.unit or {"any", "unknown", "null"} & {left.kind, right.kind}:
        return False
    if left.unit and right.unit:
        return True
    return (left.unit or right.unit) in units.CHECKED
