"""Values that speak of a whole table, or of the place where a script runs."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from p2std.around import Around
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


# ---- where a script runs -------------------------------------------------------------------------


@kernel("val", "me@1")
def me(here: Around, of: str) -> str:
    """Give the name of the bundle or of the task that the run is for."""
    return here.bundle if of == "bundle" else here.task


@kernel("val", "exposed@1")
def exposed(here: Around) -> list[str]:
    """Give the names of the tables that tasks exposed for this bundle, as the store has them."""
    return list(here.exposed)


@kernel("val", "imposed@1")
def imposed(here: Around) -> list[str]:
    """Give the names of the tables that the tasks after this one impose."""
    return list(here.imposed)


@kernel("val", "islinked@1")
def islinked(here: Around, name: str | None = None) -> bool:
    """Tell whether a link of that name, or any, answers for this bundle."""
    return bool(here.linked) if name is None else name in here.linked


@kernel("val", "approved@1")
def approved(here: Around, action: str, target: str) -> bool:
    """Tell whether a person approved the action on the target for this run."""
    return (action, target) in here.approved


@kernel("val", "last_task@1")
def last_task(here: Around, name: str) -> str | None:
    """Give the moment at which the last task of that name ended (ISO 8601, UTC); missing when none did."""
    return here.ended.get(name)


@kernel("val", "gather_tasks@1")
def gather_tasks(here: Around, name: str) -> list[str]:
    """Give the name of the task as `collect` takes it; which runs that means is known to the store."""
    del here
    return [name]
