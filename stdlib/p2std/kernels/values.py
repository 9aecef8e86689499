"""Values that speak of a whole table."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from p2std.binding import kernel
from p2std.table import collected


@kernel("val", "rows@1")
def rows(t: pl.LazyFrame) -> int:
    """Give the number of rows."""
    return int(collected(t.select(pl.len()))[0, 0])


@kernel("val", "distinct@1")
def distinct(c: pl.LazyFrame) -> int:
    """Give the number of different values in the one column of `c`; missing is none."""
    return int(collected(c.select(pl.all().drop_nulls().n_unique()))[0, 0])


@kernel("val", "cols@1")
def matching(glob: str, names: Sequence[str]) -> list[str]:
    """Give the names that match a pattern (`*` any text, `?` one character, `[abc]`), in the table's order."""
    return [name for name in names if fnmatchcase(name, glob)]
