"""Types of columns and tables, and the digest that names a table's shape."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

ColumnKind = Literal["int", "number", "string", "bool", "time", "any"]
"""`int` may stand where `number` is wanted, nothing else may; `time` is seconds; `any` is an unknown value's."""

FlowKind = Literal["none", "table", "view", "plot", "item", "done"]
"""What the pipe carries: nothing yet, rows, a frame to draw in, a queued picture, a report's item, the end."""

UNITS = {"": "a plain number", "s": "time", "pt": "length", "B": "bytes", "rad": "angle"}
"""Base units of the four dimensions the language checks; other units are labels, equal only to themselves."""

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
        return replace(self, nullable=True)


def parse_column_type(text: str) -> ColumnType:
    """Read `number?[s]` and the like; raises ValueError with the text when it is no type."""
    match = _TYPE_TEXT.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a column type")
    kind, optional, unit = match.groups()
    assert kind in get_args(ColumnKind)
    return ColumnType(cast(ColumnKind, kind), optional is not None, unit or "")


@dataclass(frozen=True, slots=True)
class TableSchema:
    """Columns in order with their types, and an upper bound of the number of rows."""

    columns: tuple[tuple[str, ColumnType], ...]
    rows: int

    def __contains__(self, name: str) -> bool:
        return any(name == n for n, _ in self.columns)

    def __getitem__(self, name: str) -> ColumnType:
        for n, column_type in self.columns:
            if n == name:
                return column_type
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the column names in order."""
        return tuple(n for n, _ in self.columns)

    def digest(self) -> str:
        """Give 32 hex digits that change when a column, type, unit or nullability changes; rows do not count."""
        text = json.dumps(sorted((n, str(t)) for n, t in self.columns), separators=(",", ":"))
        return hashlib.sha256(b"p2schema-v1\0" + text.encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        """Give `{"rows": n, "cols": {name: type}}`."""
        return {"rows": self.rows, "cols": {n: str(t) for n, t in self.columns}}


def schema_from_json(value: Any) -> TableSchema:
    """Read `{"rows": n, "cols": {name: type}}`; `w_*32` stands for w_0..w_31. Raises ValueError saying why."""
    if not isinstance(value, Mapping) or set(value) != {"rows", "cols"}:
        raise ValueError('a schema has exactly the keys "rows" and "cols"')
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
    return TableSchema(tuple(out), rows)


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
