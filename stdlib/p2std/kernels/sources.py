"""Sources: where a flow begins. The bytes themselves are read by the interpreter; here is what is made of them."""

from __future__ import annotations

import polars as pl

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.table import Table


@kernel("source", "access@1")
def access(table: Table, step: int | None, since: object, before: object) -> pl.LazyFrame:
    """Give the stored rows, only those of one step if `step` is given; only the wanted columns were read."""
    if since is not None or before is not None:
        raise NotComputable(
            "P2-R0614", "access() does not know when rows came in: since and before cannot be used"
        )
    frame = table.frame
    if step is not None:
        if "step" not in table.schema:
            raise NotComputable(
                "P2-R0614", "access(step=…) wants a table with a column `step`; this one has none"
            )
        frame = frame.filter(pl.col("step") == step)
    return frame


@kernel("source", "union@1")
def union(a: Table, b: Table) -> pl.LazyFrame:
    """Give the rows of a and below them those of b; columns that one lacks are missing there."""
    return pl.concat([_shown(a), _shown(b)], how="diagonal_relaxed")


def _shown(table: Table) -> pl.LazyFrame:
    return table.frame.select(table.schema.names)
