"""Values that speak of a whole table."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.table import collected


@kernel("val", "rows@1")
def rows(t: pl.LazyFrame) -> int:
    """Give the number of rows."""
    return int(collected(t.select(pl.len()))[0, 0])


@kernel("val", "distinct@1")
def distinct(c: pl.LazyFrame) -> int:
    """Give the number of different values in the one column of `c`; missing is none."""
    return int(collected(c.select(pl.all().drop_nulls().n_unique()))[0, 0])


@kernel("val", "extent@1")
def extent(c: pl.LazyFrame) -> list[float | None]:
    """Give the least and the greatest value of the one column of `c`; both missing when there is none."""
    column = collected(c).to_series()
    if not column.dtype.is_numeric():
        raise NotComputable(
            "P2-R0614", f"extent() wants a column of numbers, and {column.name} holds none"
        )
    ends = (column.min(), column.max())
    return [float(end) if isinstance(end, int | float) else None for end in ends]


@kernel("val", "current@1")
def current(c: object) -> object:
    """Give the value; the film puts it in the place of the column, one picture after the other."""
    return c


@kernel("val", "cols@1")
def matching(glob: str, names: Sequence[str]) -> list[str]:
    """Give the names that match a pattern (`*` any text, `?` one character, `[abc]`), in the table's order."""
    return [name for name in names if fnmatchcase(name, glob)]
