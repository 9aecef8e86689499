"""Sources: where a flow begins. The bytes themselves are read by the interpreter; here is what is made of them."""

from __future__ import annotations

from itertools import product

import polars as pl

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.table import Table


@kernel("source", "access@1")
def access(table: Table, step: int | None) -> pl.LazyFrame:
    """Give the stored rows, only those of one step if `step` is given; only the wanted columns were read."""
    frame = table.frame
    if step is not None:
        if "step" not in table.schema:
            raise NotComputable(
                "P2-R0614",
                "access(step=…) wants a table with a column step; this one has none",
                "leave step out, or put | filter(…) by another column after it",
            )
        frame = frame.filter(pl.col("step") == step)
    return frame


@kernel("source", "copy@1")
def copy(table: Table) -> pl.LazyFrame:
    """Give the stored rows, in memory of their own."""
    return table.frame


@kernel("source", "load@1")
def load(table: Table) -> pl.LazyFrame:
    """Give the stored rows."""
    return table.frame


@kernel("source", "collect@1")
def collect(table: Table) -> pl.LazyFrame:
    """Give what the tasks exposed, a bundle below the other; waiting for them was done before the run."""
    return table.frame


@kernel("source", "sweep@1")
def sweep(new: dict[str, list[object]]) -> pl.LazyFrame:
    """Give a row for each choice of one value from every list; the last list varies fastest."""
    rows = list(product(*new.values()))
    values = zip(*rows, strict=True)
    return pl.LazyFrame([pl.Series(n, v) for n, v in zip(new, values, strict=True)])


@kernel("source", "union@1")
def union(a: Table, b: Table) -> pl.LazyFrame:
    """Give the rows of a and below them those of b; columns that one lacks are missing there."""
    return pl.concat([_shown(a), _shown(b)], how="diagonal_relaxed")


def _shown(table: Table) -> pl.LazyFrame:
    return table.frame.select(table.schema.names)
