"""Items of a page as values: text, formulas, tables. Setting them is the renderer's work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.table import Table, collected

MOST_ROWS = 500
"""Rows that a printed table may have."""

_LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula as TeX writes it."""

    tex: str


@dataclass(frozen=True, eq=False)
class Printed:
    """Rows to print, numbers with so many significant digits."""

    rows: pl.DataFrame
    units: Sequence[str]
    digits: int


Item: TypeAlias = Paragraph | Formula | Printed


@kernel("item", "text@2")
def text(text: str) -> Item:
    """Set a paragraph, broken into lines; a line end in it starts a new one."""
    if len(text) > _LONGEST_TEXT:
        raise NotComputable(
            "P2-R0614", f"a text of {len(text):,} letters is too long", "split it into several"
        )
    return Paragraph(text)


@kernel("item", "expr@1")
def expr(tex: str) -> Item:
    """Set a formula in a line of its own, as matplotlib's mathtext does."""
    return Formula(tex)


@kernel("item", "table@1")
def table(table: Table, columns: list[str], digits: int) -> Item:
    """Print the rows, all columns if none are named; more than 500 rows stop the run."""
    names = columns or list(table.schema.names)
    rows = collected(table.frame.select(names).head(MOST_ROWS + 1))
    if rows.height > MOST_ROWS:
        raise NotComputable(
            "P2-R0614",
            f"a table of more than {MOST_ROWS} rows is not printed",
            "put `| head(20)` or a `summary` before it",
        )
    return Printed(rows, [table.schema[name].unit for name in names], digits)
