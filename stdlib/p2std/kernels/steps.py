"""Steps that relate tables: choose, compute, summarise, sort, join. Lazy; polars plans the chain."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.random import PCG64

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.grouping import grouped
from p2std.lowering import GroupLowering, Lowering, columns, with_operands, with_rows
from p2std.moving import Moving
from p2std.operands import Operand
from p2std.picture import Picture
from p2std.table import DTYPES, Table, Tagged, collected


@kernel("step", "select@1")
def select(table: Table, cols: list[str]) -> pl.LazyFrame:
    """Keep these columns, in this order."""
    return table.frame.select([*cols, *table.hidden()])


@kernel("step", "filter@1")
def keep(table: Table, where: Tagged) -> pl.LazyFrame:
    """Keep the rows for which the condition is true; null is not true."""
    lowering = Lowering(table)
    condition = lowering.operand(where).expr
    kept = lowering.applied(table.frame).filter(condition)
    return kept.drop(lowering.hidden) if lowering.stages else kept


@kernel("step", "derive@1")
def derive(table: Table, new: Tagged) -> pl.LazyFrame:
    """Add or replace columns; every expression sees the columns as they were before."""
    return with_rows(table, new[1])


@kernel("step", "simulate@1")
def simulate(table: Table, steps: int, new: Tagged) -> pl.LazyFrame:
    """Give the rows as state 0 and below them `steps` states, each made of the one before as `derive` makes columns.

    All expressions see the state before; aggregates and window functions see the rows of that one state. Columns that
    are not named keep their values.
    """
    if not 1 <= steps <= _MOST_STEPS:
        raise NotComputable("P2-R0614", f"simulate() wants 1 to {_MOST_STEPS:,} steps, not {steps}")
    state = table.collected().select(table.schema.names)
    wanted = {name: DTYPES[table.schema[name].kind] for name, _ in new[1]}
    states = []
    for number in range(steps + 1):
        if number:
            before = Table(state.lazy(), table.schema, table.outside)
            state = collected(with_rows(before, new[1]).cast(wanted))
        states.append(state.with_columns(pl.lit(number, pl.Int64).alias("state")))
    return pl.concat(states).lazy()


_MOST_STEPS = 5000


@kernel("step", "summary@1")
def summary(table: Table, by: list[str], new: Tagged | None) -> pl.LazyFrame:
    """Give one row for each value of `by`, in the order of the keys, missing keys last; without `by` one row in all."""
    lowering = GroupLowering(table)
    final = {name: lowering.operand(value) for name, value in (new or ["new", []])[1]}
    for name, value in table.counted.items():
        final[name] = Operand(lowering.count_of(value).cast(pl.Int64), "int")
    frame = grouped(lowering.rows.applied(table.frame), by, list(lowering.parts.values()))
    return with_operands(lowering.applied(frame), final).select([*by, *final])


@kernel("step", "order@1")
def order(table: Table, cols: Tagged) -> pl.LazyFrame:
    """Sort by these keys; stable; missing last in either direction."""
    keys = cols[1] if cols[0] == "by" else [["col", name] for name in columns(cols)]
    lowering = Lowering(table)
    backwards = [key[0] == "desc" for key in keys]
    expressions = [
        lowering.cleaned(key[1] if down else key).expr
        for key, down in zip(keys, backwards, strict=True)
    ]
    frame = lowering.applied(table.frame)
    frame = frame.sort(expressions, descending=backwards, nulls_last=True, maintain_order=True)
    return frame.drop(lowering.hidden) if lowering.stages else frame


@kernel("step", "head@1")
def head(table: Table, n: int) -> pl.LazyFrame:
    """Keep the first n rows."""
    return table.frame.head(min(_not_negative("head", n), _MOST_ROWS))


@kernel("step", "sample@1")
def sample(table: Table, rows: int, seed: int) -> pl.LazyFrame:
    """Keep `rows` rows drawn without replacement, in row order: those with the smallest PCG64 numbers of `seed`."""
    frame = table.collected()
    wanted = min(_not_negative("sample", rows), frame.height)
    numbers = PCG64(_not_negative("sample", seed)).random_raw(frame.height)
    chosen = np.sort(np.argsort(numbers, kind="stable")[:wanted])
    return frame[chosen].lazy()


@kernel("step", "rename@1")
def rename(table: Table, new: Tagged) -> pl.LazyFrame:
    """Give columns new names; place and content stay."""
    return table.frame.rename({old: name for name, old in _pairs(new)})


@kernel("step", "cast@1")
def cast(table: Table, new: Tagged) -> pl.LazyFrame:
    """Change the types of columns. A value that does not fit stops the run; a number to "int" drops its decimals."""
    return table.frame.with_columns(
        **{name: _converted(table, name, kind) for name, kind in _pairs(new)}
    )


@kernel("step", "drop_nulls@1")
def drop_nulls(table: Table, cols: list[str]) -> pl.LazyFrame:
    """Drop the rows that miss a value in these columns, in any column if none is named."""
    return table.frame.drop_nulls(subset=cols or list(table.schema.names))


@kernel("step", "label@1")
def label(table: Table, by: str | None) -> pl.LazyFrame:
    """Add `label`: `by` as text. A script without `by` is compiled with the first text column, else the first int."""
    if by is None:
        raise NotComputable("P2-R0614", "label() wants by=<column>")
    return table.frame.with_columns(label=Lowering(table).operand(["col", by]).text())


@kernel("step", "join@1")
def join(table: Table, other: Table, on: list[str], rows: int | None) -> pl.LazyFrame:
    """Give each pair of rows with equal `on`, in the order of the left table; missing keys match nothing."""
    right = other.frame.select(other.schema.names)
    right = right.with_columns(_as_key(table, other, name) for name in on)
    most = max(table.schema.rows, other.schema.rows) if rows is None else rows
    _require_pairs(table, right, on, most)
    return table.frame.join(right, on=on, how="inner", maintain_order="left_right")


@kernel("step", "frame@1")
def frame(title: Moving | None, size: list[float] | None, cols: int, rows: int | None) -> Picture:
    """Start a view over the table: title, and size in points (width, height)."""
    if cols != 1 or rows is not None:
        raise NotComputable(
            "P2-R0614",
            "frame(cols=…, rows=…) arranges frames inside a frame, and this one holds none",
            "for small multiples write | facet(cols=<column>)",
        )
    if size is not None and (len(size) != 2 or not all(0 < length < 20_000 for length in size)):
        raise NotComputable(
            "P2-R0614",
            "frame(size=…) wants a width and a height, each above 0 and below 20,000 points (7 m)",
            "write size=[160mm, 90mm], or size=(160, 90) in a step in Python",
        )
    return Picture(title=title or "", size=None if size is None else (size[0], size[1]))


_MOST_ROWS = 2**32 - 1
"""Rows that a polars table can have."""


def _require_pairs(table: Table, right: pl.LazyFrame, on: list[str], most: int) -> None:
    # Counted before they are made: keys that repeat in both tables multiply, and could fill the memory.
    of_right = collected(right.group_by(on).agg(pl.len().cast(pl.Float64).alias("right")))
    single = of_right.height == 0 or of_right["right"].max() == 1
    if single and table.schema.rows <= most:
        return
    of_left = table.frame.group_by(on).agg(pl.len().cast(pl.Float64).alias("left"))
    together = of_left.join(of_right.lazy(), on=on, how="inner")
    pairs = int(collected(together.select((pl.col("left") * pl.col("right")).sum())).item())
    if pairs > most:
        raise NotComputable(
            "P2-R0617",
            f"join() would give {pairs:,} rows, and {most:,} are allowed",
            "keys stand in several rows of both tables: make one row for each in one of them, with summary(by=…),"
            f" add the column that tells them apart to on=, or write rows={pairs} if it is meant",
        )


def _as_key(table: Table, other: Table, name: str) -> pl.Expr:
    wanted, given, key = table.schema[name].kind, other.schema[name].kind, pl.col(name)
    if wanted == "int" and given in ("number", "time"):
        # 2.5 equals no whole number and must not become 2.
        return pl.when(key == key.floor()).then(key).cast(pl.Int64)
    return key.cast(DTYPES[wanted]) if wanted in DTYPES else key


def _pairs(value: Tagged) -> list[tuple[str, str]]:
    pairs = []
    for name, held in value[1]:
        pairs.append((name, held if isinstance(held, str) else held[1]))
    return pairs


def _converted(table: Table, name: str, kind: str) -> pl.Expr:
    operand = Lowering(table).operand(["col", name])
    if kind == "string":
        return operand.text()
    if kind == "bool" and operand.kind == "string":
        text = operand.expr.str.to_lowercase()
        return text.replace_strict(["true", "false"], [True, False], return_dtype=pl.Boolean)
    if kind == "int" and operand.kind == "string":
        # "3.0" is a whole number too; polars alone reads it as no integer at all.
        return operand.expr.str.strip_suffix(".0").cast(pl.Int64)
    return operand.expr.cast(DTYPES[kind])


def _not_negative(step: str, number: int) -> int:
    if number < 0:
        raise NotComputable("P2-R0614", f"{step}() wants a number from 0, not {number}")
    return number
