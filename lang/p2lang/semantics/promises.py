"""Declared table types: what a table must have to keep one. The same rule for checker and verifier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from p2lang.ir import Value
from p2lang.semantics.clash import Clash
from p2lang.types import ColumnType, TableSchema, parse_column_type

Columns = tuple[tuple[str, ColumnType], ...]


@dataclass(frozen=True)
class Broken:
    """A column that does not keep its promise: it is not there, of another type, or may be null."""

    column: str
    promised: ColumnType
    actual: ColumnType | None
    why: Literal["lacking", "type", "null"]


def shape_of(columns: Iterable[tuple[str, ColumnType]]) -> Value:
    """Give a declared table type as a tagged value."""
    return ["shape", [[name, str(type_)] for name, type_ in columns]]


def columns_of(shape: Value) -> Columns:
    """Give the columns of a declared table type; raises ValueError when a type is none."""
    return tuple((name, parse_column_type(text)) for name, text in shape[1])


def broken(promised: Columns, schema: TableSchema) -> list[Broken]:
    """Give every column of a table that does not keep its promise; columns beyond the promised ones do no harm."""
    found = []
    for name, wanted in promised:
        actual = schema.get(name)
        if actual is None:
            found.append(Broken(name, wanted, None, "lacking"))
        elif not column_fits(wanted, actual):
            found.append(Broken(name, wanted, actual, "type"))
        elif actual.nullable and not wanted.nullable:
            found.append(Broken(name, wanted, actual, "null"))
    return found


def keep(what: str, promised: Columns, schema: TableSchema) -> None:
    """Raise Clash unless a table keeps a promise."""
    for problem in broken(promised, schema):
        here = "is missing" if problem.actual is None else f"is {problem.actual}"
        raise Clash(
            "P2-E0221", f"{what} has {problem.column}: {problem.promised}, but here it {here}"
        )


def column_fits(promised: ColumnType, actual: ColumnType) -> bool:
    """Tell whether a column is of a promised type, nulls aside; a time may be a column of seconds."""
    if "any" in (promised.kind, actual.kind):
        return True
    if actual.kind == "time" and promised.unit == "s":
        return True
    kinds = actual.kind == promised.kind or (actual.kind, promised.kind) == ("int", "number")
    return kinds and (actual.unit == promised.unit or not promised.unit)
