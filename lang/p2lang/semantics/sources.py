"""Tables that start flows and are no stored bundles: what a bundle answers for, what tasks exposed, a sweep."""

from __future__ import annotations

from p2lang.ir import Value, walk
from p2lang.semantics.application import Application
from p2lang.semantics.bounds import count, upper
from p2lang.semantics.clash import Clash
from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import DELIVERED
from p2lang.semantics.values import Typed, ValueType
from p2lang.types import ColumnType, TableSchema

MOST_ROWS = 1_000_000_000
"""Rows that `rows=` may allow."""

MOST_COMBINATIONS = 100_000
"""Rows that a `sweep` may have."""


def need(application: Application) -> TableSchema:
    """Give the table that a bundle answers for: what was declared."""
    rows = upper(_written(application, "rows"), application.bounds)
    promised = columns_of(application.attributes["type"])
    return _delivered(application, TableSchema(promised, _limited(application, rows)))


def collect(application: Application) -> TableSchema | None:
    """Give what the tasks expose (`application.bundle`), with the bundle that each row is from."""
    exposed = application.bundle
    if exposed is None:
        return None
    if "bundle" in exposed:
        raise Clash(
            "P2-E0225",
            "`collect` adds a column bundle, and what the task exposes has one already",
            help="rename it where the task exposes it: `| rename(origin = bundle)`",
        )
    rows = upper(_written(application, "rows"), application.bounds)
    columns = (("bundle", ColumnType("string")), *exposed.columns)
    return _delivered(application, TableSchema(columns, _limited(application, rows)))


def _written(application: Application, name: str) -> Value:
    parameter = application.signature.parameter(name)
    assert parameter is not None
    value = application.attributes.get(name, parameter.default_value)
    assert value is not None
    return value


def _limited(application: Application, rows: int | None) -> int:
    if rows is None or not 1 <= rows <= MOST_ROWS:
        raise Clash(
            "P2-E0226",
            f"`rows` of `{application.signature.name}` is a whole number from 1 to {MOST_ROWS:,} that bounds the work",
            help="write a number, or a param with a range",
            argument="rows",
        )
    return rows


def _delivered(application: Application, schema: TableSchema) -> TableSchema:
    if DELIVERED not in application.attributes:
        return schema
    names = application.columns(DELIVERED)
    unknown = [name for name in names if name not in schema]
    if unknown:
        raise Clash("P2-E0201", f"there is no column {unknown[0]} in this table")
    return TableSchema(tuple((name, schema[name]) for name in names), schema.rows)


def sweep(application: Application) -> TableSchema:
    """Give the cross product of lists: a column for each, at most as many rows as their bounds allow."""
    if not application.new:
        raise Clash(
            "P2-E0206",
            "`sweep` needs a list for each column",
            help="write `sweep(lr=[0.1, 0.2], seed=1..3)`",
        )
    rows, columns = 1, {}
    for name, typed in application.new:
        item = _item(name, typed)
        many = 1 if item.kind == "unknown" else count(typed.value, application.bounds)
        if many is None:
            raise Clash(
                "P2-E0223",
                f"nothing bounds how many values `{name}` of `sweep` has",
                help=_bounded(typed.value),
                argument=name,
            )
        rows *= many
        columns[name] = item.as_column()
    if rows > MOST_COMBINATIONS:
        raise Clash(
            "P2-E0226",
            f"`sweep` makes at most {MOST_COMBINATIONS:,} combinations, and here are {rows:,}",
            help="leave out values, or sweep fewer things at once",
        )
    return TableSchema(tuple(columns.items()), rows)


def _item(name: str, typed: Typed) -> ValueType:
    item = typed.type.item
    if typed.type.kind == "unknown":
        return typed.type
    if typed.type.kind not in ("list", "range") or item is None or not item.is_scalar:
        raise Clash(
            "P2-E0207",
            f"`{name}` of `sweep` is a list or a range of single values",
            help=f"write `{name}=[0.1, 0.2]` or `{name}=1..3`",
            argument=name,
        )
    if typed.type.kind == "range" and item.kind != "int":
        raise Clash(
            "P2-E0207",
            f"`{name}` of `sweep` is a range of fractions, which has no steps",
            help="write a list: `[0.1, 0.2, 0.3]`",
            argument=name,
        )
    return item


def _bounded(value: Value) -> str:
    named = next((v[1] for v in walk(value) if v[0] == "var"), "name")
    if value[0] == "var":
        return f"say so where it is declared: `param {named}: list[...] where count(${named}) in 1..32`"
    return f"give it a range where it is declared, for example `where ${named} in 1..10`"
