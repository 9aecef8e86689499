"""What to draw when nobody says: marks chosen from the names and types of a table's columns. Looks at no rows.

In this order: components of a `pca` as points; a matrix as a heatmap; a metric over steps or time as lines, one for
each run; a metric in each category as boxes; two numbers as points; one number as a histogram.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from p2lang.types import TableSchema
from p2std.picture import Mark

_NUMERIC = ("int", "number", "time")
_ORDERING = ("step", "steps", "epoch", "iteration", "iter", "timestep", "t", "time", "wall_time")
_METRICS = (
    "reward", "return", "score", "accuracy", "acc", "loss", "error", "value", "mean", "m", "y",
)  # fmt: skip
_TELLING = ("cluster", "label")
_IDENTITY = ("run", "bundle")
_NO_METRIC = frozenset(("seed", "attempt", "index", "id", "rank", "lr", "learning_rate"))
_MATRIX = (("col", "row", "value"), ("column", "row", "value"), ("x", "y", "value"))


def chosen(schema: TableSchema) -> Mark | None:
    """Give the mark that suits a table; None when no column holds numbers."""
    numbers = [name for name, column in schema.columns if column.kind in _NUMERIC]
    texts = [name for name, column in schema.columns if column.kind == "string"]
    if "pc1" in numbers and "pc2" in numbers:
        return _mark("point", x="pc1", y="pc2", colour=_telling(schema, texts))
    for across, up, fill in _MATRIX:
        if {across, up, fill} <= set(numbers):
            return _mark("heatmap", x=across, y=up, fill=fill)
    if not numbers:
        return None
    x, y = _axes(schema, numbers)
    if x is not None and y is not None:
        colour = _colour(schema, texts, (x, y))
        if x not in _ORDERING and schema[x].kind == "number":
            return _mark("point", x=x, y=y, colour=colour)
        return _mark("line", x=x, y=y, colour=colour, by=_series(texts, colour))
    only = y or x
    categories = _telling(schema, texts)
    if categories is not None:
        return _mark("box", x=categories, y=only)
    return Mark("histogram", {"x": ["col", only]}, (), {"bins": 30})


def _axes(schema: TableSchema, numbers: Sequence[str]) -> tuple[str | None, str | None]:
    x = _first(_ORDERING, numbers)
    rest = [name for name in numbers if name != x and name not in _ORDERING]
    y = _first(_METRICS, rest) or next(
        (n for n in rest if schema[n].kind == "number" and n not in _NO_METRIC), None
    )
    y = y or next((n for n in rest if n not in _NO_METRIC), None) or next(iter(rest), None)
    if x is None:
        others = [n for n in rest if n not in _NO_METRIC]
        counted = [n for n in others if n != y and schema[n].kind in ("int", "time")]
        x = next(iter(counted), None) or next(iter(others), None)
        if x == y:  # two numbers that nothing tells apart: the first goes across
            y = next((n for n in others if n != x), None)
    return x, y


def _colour(schema: TableSchema, texts: Sequence[str], taken: Iterable[str]) -> str | None:
    telling = _telling(schema, texts)
    if telling is not None:
        return telling
    return next((n for n in ("lr", "learning_rate") if n in schema and n not in taken), None)


def _telling(schema: TableSchema, texts: Sequence[str]) -> str | None:
    found = next((name for name in _TELLING if name in schema), None)
    return found or next((name for name in texts if name not in _IDENTITY), None)


def _series(texts: Sequence[str], colour: str | None) -> tuple[str, ...]:
    return tuple(name for name in _IDENTITY if name in texts and name != colour)


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _mark(kind: str, by: tuple[str, ...] = (), **channels: str | None) -> Mark:
    named = {channel: ["col", name] for channel, name in channels.items() if name is not None}
    return Mark(kind, named, by)
