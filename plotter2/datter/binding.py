"""Binding: for the columns a script reads, the files that hold them and the values true for all rows.

It gives paths and numbers; it opens nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logger2.identity import Scalar
from plotter2.datter import codes
from plotter2.datter.bundle import Table
from plotter2.datter.layout import Layout
from plotter2.datter.objects import chunk_path
from plotter2.datter.registry import BundleRow
from plotter2.datter.stack import Part, Stacked, StackedColumn
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class BoundChunk:
    """One Arrow IPC file with one column and some of the rows, in order."""

    path: Path
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class BoundPart:
    """One run's share of the wanted columns.

    For each wanted column the reader takes `columns[name]` (chunks, to be cast to the type of the
    stacked schema), else `constants[name]` for every row, else null for every row.
    """

    bundle: str
    bundle_id: str
    run: str
    attempt: int
    rows: int
    columns: dict[str, tuple[BoundChunk, ...]]
    constants: dict[str, Scalar]


def bind(layout: Layout, stacked: Stacked, columns: Sequence[str]) -> tuple[BoundPart, ...]:
    """Give the runs' parts, in order, for the wanted columns.

    Raises DataError: P2-D0819 for a column the table does not have, P2-D0816 when an object is
    missing or has another size than was stored.
    """
    by_name = {column.name: column for column in stacked.columns}
    for name in columns:
        if name not in by_name:
            raise DataError(
                codes.UNKNOWN_COLUMN,
                f"{stacked.path!r} has no column {name!r}",
                where=stacked.path,
                help=f"it has {', '.join(list(by_name)[:12])}",
            )
    wanted = [by_name[name] for name in columns]
    return tuple(_bound(layout, part, wanted) for part in stacked.parts)


def _bound(layout: Layout, part: Part, wanted: Sequence[StackedColumn]) -> BoundPart:
    recorded = {column.name: column for column in part.table.columns}
    offered = part.constants()
    columns: dict[str, tuple[BoundChunk, ...]] = {}
    constants: dict[str, Scalar] = {}
    for column in wanted:
        own = recorded.get(column.name)
        if own is None:
            if column.name in offered:
                constants[column.name] = _fitted(offered[column.name], column)
        elif own.kind != "null":
            columns[column.name] = tuple(
                BoundChunk(chunk_path(layout, chunk), chunk.bytes, chunk.rows)
                for chunk in own.chunks
            )
    bundle = part.bundle
    return BoundPart(
        bundle.name,
        bundle.id,
        bundle.run,
        bundle.attempt,
        part.table.rows,
        columns,
        constants,
    )


def bind_exposed(
    layout: Layout, exposed: Sequence[tuple[BundleRow, Table]], columns: Sequence[str]
) -> tuple[BoundPart, ...]:
    """Give where the wanted columns of exposed tables are, one part for each bundle; `bundle` is its name.

    Raises DataError as `bind`.
    """
    return tuple(_exposed(layout, bundle, table, columns) for bundle, table in exposed)


def _exposed(layout: Layout, bundle: BundleRow, table: Table, columns: Sequence[str]) -> BoundPart:
    found: dict[str, tuple[BoundChunk, ...]] = {}
    constants: dict[str, Scalar] = {}
    for name in columns:
        column = table.column(name)
        if column is None and name == "bundle":
            constants[name] = bundle.name
        elif column is None:
            raise DataError(
                codes.UNKNOWN_COLUMN,
                f"what was exposed for {bundle.name!r} has no column {name!r}",
                where=bundle.name,
                help="run the task that exposes it again: its script has changed since",
            )
        else:
            found[name] = tuple(
                BoundChunk(chunk_path(layout, chunk), chunk.bytes, chunk.rows)
                for chunk in column.chunks
            )
    return BoundPart(
        bundle.name,
        bundle.id,
        bundle.run,
        bundle.attempt,
        table.rows,
        found,
        constants,
    )


def _fitted(value: Scalar, column: StackedColumn) -> Scalar:
    """Give a constant in the column's type; params that differ in kind between runs are text."""
    if value is None or isinstance(value, str):
        return value
    if column.type.kind == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    return float(value) if column.type.kind == "number" else value
