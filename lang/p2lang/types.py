"""Types of columns and tables, and the digest that names a table's shape."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, cast, get_args

from p2lang.once import once

ColumnKind = Literal["int", "number", "string", "bool", "time", "any"]
"""`int` may stand where `number` is wanted, nothing else may; `time` is seconds; `any` is an unknown value's."""

FlowKind = Literal["none", "table", "view", "plot", "item", "page", "done"]
"""What the pipe carries: nothing yet, rows, a frame to draw in, a queued picture, an item of a page, a page, an end."""

UNITS = {"": "a plain number", "s": "time", "pt": "length", "B": "bytes", "rad": "angle"}
"""Base units of the four dimensions the language checks; other units are labels, equal only to themselves."""

QUANTITY_UNITS: Mapping[str, tuple[Fraction, str]] = {
    "ns": (Fraction(1, 10**9), "s"),
    "us": (Fraction(1, 10**6), "s"),
    "ms": (Fraction(1, 1000), "s"),
    "s": (Fraction(1), "s"),
    "min": (Fraction(60), "s"),
    "h": (Fraction(3600), "s"),
    "d": (Fraction(86400), "s"),
    "pt": (Fraction(1), "pt"),
    "mm": (Fraction(360, 127), "pt"),
    "cm": (Fraction(3600, 127), "pt"),
    "inch": (Fraction(72), "pt"),
    "px": (Fraction(3, 4), "pt"),
    "B": (Fraction(1), "B"),
    "KiB": (Fraction(2**10), "B"),
    "MiB": (Fraction(2**20), "B"),
    "GiB": (Fraction(2**30), "B"),
    "rad": (Fraction(1), "rad"),
    "deg": (Fraction(0), "rad"),
    "%": (Fraction(1, 100), ""),
}
"""Units that a number may be written with: factor to the base unit, base unit. A degree is pi/180, see `quantity`."""

_QUANTITY = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9]+)?)([A-Za-z%]*)\Z")
_LONGEST_NUMBER = 400
_HUGE_EXPONENT = 400

_TYPE_TEXT = re.compile(r"(int|number|string|bool|time|any)(\?)?(?:\[([^\[\]\n]{1,60})\])?\Z")
_GLOB = re.compile(r"(.*)\*(\d{1,5})\Z")


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column: kind, whether rows may lack it, and its unit."""

    kind: ColumnKind
    nullable: bool = False
    unit: str = ""

    def __str__(self) -> str:
        unit = f"[{self.unit}]" if self.unit else ""
        return f"{self.kind}{'?' if self.nullable else ''}{unit}"

    @property
    def is_numeric(self) -> bool:
        """Tell whether arithmetic works on it."""
        return self.kind in ("int", "number", "time", "any")

    def optional(self) -> ColumnType:
        """Give the same type for rows that may lack the value."""
        return self if self.nullable else ColumnType(self.kind, True, self.unit)

    def given(self) -> ColumnType:
        """Give the same type for rows that all have the value."""
        return ColumnType(self.kind, False, self.unit) if self.nullable else self


def parse_column_type(text: str) -> ColumnType:
    """Read `number?[s]` and the like; raises ValueError with the text when it is no type."""
    match = _TYPE_TEXT.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a column type")
    kind, optional, unit = match.groups()
    assert kind in get_args(ColumnKind)
    return ColumnType(cast(ColumnKind, kind), optional is not None, unit or "")


def exact_number(text: str) -> Fraction:
    """Give the exact value of a number as written, underscores allowed.

    Raises ValueError when it is no number, OverflowError when it is far beyond the range of a double.
    """
    digits = text.replace("_", "")
    exponent = digits.lower().partition("e")[2]
    # A fraction of 1e999999999 would fill the memory before anyone could say that it is too large.
    if len(digits) > _LONGEST_NUMBER or (exponent and abs(int(exponent)) > _HUGE_EXPONENT):
        raise OverflowError(f"{text[:20]} is out of range")
    return Fraction(digits)


def quantity(number: str, unit: str) -> tuple[float, str]:
    """Give value in the base unit and base unit of `10`, `min`; exact until rounded once, so 95 % is 0.95.

    Raises KeyError for an unknown unit and OverflowError beyond the range of a double.
    """
    factor, base = QUANTITY_UNITS[unit]
    exact = exact_number(number)
    return (math.radians(float(exact)) if unit == "deg" else float(exact * factor)), base


def parse_quantity(text: str) -> tuple[float, str]:
    """Read `10min`, `95%` or a plain number from text; raises ValueError or OverflowError when it is none."""
    match = _QUANTITY.match(text)
    if match is None or (match.group(2) and match.group(2) not in QUANTITY_UNITS):
        raise ValueError(f"{text!r} is not a number with a unit")
    if not match.group(2):
        return float(exact_number(match.group(1))), ""
    return quantity(match.group(1), match.group(2))


@dataclass(frozen=True)
class Members:
    """The runs whose tables a schema stacks, and for each column that some of them lack, which ones these are."""

    runs: tuple[str, ...]
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSchema:
    """Columns in order with their types, and an upper bound of the number of rows.

    `members` is what is known about the runs it is made of; it is for messages, and no part of the schema's identity.
    """

    columns: tuple[tuple[str, ColumnType], ...]
    rows: int
    members: Members | None = field(default=None, compare=False, repr=False)

    @once
    def by_name(self) -> Mapping[str, ColumnType]:
        """Give the columns as a mapping, in order."""
        return dict(self.columns)

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> ColumnType:
        return self.by_name[name]

    def get(self, name: str) -> ColumnType | None:
        """Give the type of a column, or None when there is no such column."""
        return self.by_name.get(name)

    @once
    def names(self) -> tuple[str, ...]:
        """Give the column names in order."""
        return tuple(n for n, _ in self.columns)

    def digest(self) -> str:
        """Give 32 hex digits that change when a column, type, unit or nullability changes; rows do not count."""
        texts = {t: str(t) for t in {id(t): t for _, t in self.columns}.values()}
        pairs = sorted((n, texts[t]) for n, t in self.columns)
        text = json.dumps(pairs, separators=(",", ":"), check_circular=False)
        return hashlib.sha256(b"p2schema-v1\0" + text.encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        """Give `{"rows": n, "cols": {name: type}}`."""
        return {"rows": self.rows, "cols": {n: str(t) for n, t in self.columns}}


def schema_from_json(value: Any) -> TableSchema:
    """Read `{"rows": n, "cols": {name: type}}`; `w_*32` stands for w_0..w_31. Raises ValueError saying why.

    `"runs": [name]` and `"lacking": {column: [name]}` may say which runs it stacks, and which of them lack a column.
    """
    optional = {"runs", "lacking"}
    if not isinstance(value, Mapping) or set(value) - optional != {"rows", "cols"}:
        raise ValueError(
            'a schema has the keys "rows" and "cols", and may have "runs" and "lacking"'
        )
    rows, columns = value["rows"], value["cols"]
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise ValueError('"rows" is a whole number, 0 or more')
    if not isinstance(columns, Mapping):
        raise ValueError('"cols" maps column names to types')
    out: list[tuple[str, ColumnType]] = []
    for name, text in columns.items():
        if not isinstance(text, str):
            raise ValueError(f"the type of column {name!r} is not text")
        column_type = parse_column_type(text)
        out += [(n, column_type) for n in _expanded(name)]
    return TableSchema(tuple(out), rows, _members(value))


def _members(value: Mapping[str, Any]) -> Members | None:
    runs, lacking = value.get("runs", []), value.get("lacking", {})
    if "runs" not in value and not lacking:
        return None
    listed = [runs, *(lacking.values() if isinstance(lacking, Mapping) else [None])]
    if any(not isinstance(n, list) or not all(isinstance(r, str) for r in n) for n in listed):
        raise ValueError('"runs" lists names, and "lacking" maps columns to lists of them')
    return Members(tuple(runs), {column: tuple(names) for column, names in lacking.items()})


def schemas_from_json(value: Any) -> dict[str, TableSchema]:
    """Read `{bundle path: schema}`; raises ValueError naming the bundle whose schema is wrong."""
    if not isinstance(value, Mapping):
        raise ValueError("schemas are an object that maps bundle paths to schemas")
    schemas: dict[str, TableSchema] = {}
    for path, schema in value.items():
        try:
            schemas[path] = schema_from_json(schema)
        except ValueError as error:
            raise ValueError(f"schema of {path!r}: {error}") from None
    return schemas


def _expanded(name: str) -> list[str]:
    match = _GLOB.match(name)
    if match is None:
        return [name]
    return [f"{match.group(1)}{i}" for i in range(int(match.group(2)))]
