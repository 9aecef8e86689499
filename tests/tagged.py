"""Short ways to write the tagged values of the IR in tests."""

from __future__ import annotations

from typing import Any

import polars as pl

from p2lang.types import ColumnKind, ColumnType, TableSchema
from p2std.binding import flow_kernels
from p2std.table import HIDDEN, Nothing, Outside, Table, collected


def col(name: str) -> list[Any]:
    return ["col", name]


def lit(value: Any) -> list[Any]:
    """Give a literal, or a list of them."""
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int):
        return ["int", value]
    if isinstance(value, float):
        return ["num", value.hex()]
    if isinstance(value, str):
        return ["str", value]
    return ["list", [lit(v) for v in value]]


def op(sign: str, left: Any, right: Any) -> list[Any]:
    return ["op", sign, _value(left), _value(right)]


def call(name: str, **arguments: Any) -> list[Any]:
    return ["call", f"{name}@1", {n: _value(v) for n, v in arguments.items()}]


def cols(*names: str) -> list[Any]:
    return ["cols", list(names)]


def new(**values: Any) -> list[Any]:
    return ["new", [[name, _value(v)] for name, v in values.items()]]


def _value(given: Any) -> list[Any]:
    tagged = isinstance(given, list) and bool(given) and isinstance(given[0], str)
    return given if tagged and given[0] in _TAGS else lit(given)


_TAGS = [
    "int",
    "num",
    "str",
    "bool",
    "null",
    "col",
    "cols",
    "by",
    "var",
    "list",
    "range",
    "cat",
    "if",
    "op",
    "not",
    "neg",
    "call",
    "table",
    "field",
    "desc",
]


def ran(
    step: str, frame: pl.DataFrame, outside: Outside | None = None, **arguments: Any
) -> pl.DataFrame:
    """Carry out one step on a frame with arguments as its kernel takes them."""
    result = flow_kernels()[f"{step}@1"].run(table_of(frame, outside), **arguments)
    return collected(result)


def derived(frame: pl.DataFrame, value: Any, outside: Outside | None = None) -> list[Any]:
    """Give the values of one expression on every row."""
    return ran("derive", frame, outside, new=new(out=value))["out"].to_list()


def reduced(values: Any, name: str, **arguments: Any) -> Any:
    """Give an aggregate of a column `x` over a whole table."""
    frame = (
        values if isinstance(values, pl.DataFrame) else pl.DataFrame({"x": values}, strict=False)
    )
    given = (
        arguments
        if "x" in arguments or name in ("count", "integral")
        else {"x": col("x"), **arguments}
    )
    return ran("summary", frame, by=[], new=new(out=call(name, **given)))["out"][0]


def table_of(frame: pl.DataFrame | pl.LazyFrame, outside: Outside | None = None) -> Table:
    """Give a table of these rows, NaN turned into null, with the schema read off the columns."""
    lazy = frame.lazy().with_columns(
        pl.col(pl.Float32, pl.Float64).cast(pl.Float64).fill_nan(None),
    )
    return Table(lazy, schema_of(lazy), outside or Nothing())


def schema_of(frame: pl.LazyFrame) -> TableSchema:
    """Read the schema off the columns, hidden ones left out; every column counts as nullable."""
    columns = frame.collect_schema().items()
    shown = tuple((n, ColumnType(_kind(t), True)) for n, t in columns if not n.startswith(HIDDEN))
    return TableSchema(shown, 0)


def _kind(dtype: pl.DataType) -> ColumnKind:
    if dtype.is_integer():
        return "int"
    if dtype.is_float():
        return "number"
    return "bool" if dtype == pl.Boolean else "string"
