"""Which pictures a table of series deserves, and in which order: the main metric first, one for each family. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logger2 import words
from logger2.schema import ColumnSchema, Schema
from logger2.scriptparts import can_be_named

MOST_DRAWN = 6
MEASURED_FIRST = ("val", "test", "eval", "", "train")
_BETTER_FIRST = ("higher", "lower", "")
_LOG_RATIO = 100.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a column against x, and beside it perhaps the same quantity on the training data, drawn faintly."""

    column: ColumnSchema
    x: ColumnSchema
    faint: ColumnSchema | None = None
    reason: str = ""

    @property
    def columns(self) -> tuple[ColumnSchema, ...]:
        """Give the columns that are drawn."""
        return (self.column,) if self.faint is None else (self.column, self.faint)


def panels(schema: Schema) -> tuple[Panel, ...]:
    """Give the panels of a schema in order of interest; none when there is nothing to draw series against."""
    families: dict[str, list[ColumnSchema]] = {}
    for column in metrics(schema):
        families.setdefault(column.family or column.name, []).append(column)
    found: list[Panel] = []
    for family in families.values():
        found += _of_family(family, schema)
    return tuple(sorted(found, key=_rank))


def metrics(schema: Schema) -> tuple[ColumnSchema, ...]:
    """Give the numeric metrics that a script can name; without any, the other numbers that are no x."""
    found = _numbers(schema, "metric")
    if found:
        return found
    return tuple(c for c in _numbers(schema, "coordinate", "count") if c.name != schema.x)


def _numbers(schema: Schema, *roles: str) -> tuple[ColumnSchema, ...]:
    return tuple(
        c for c in schema.with_role(*roles) if c.kind in ("int", "number") and can_be_named(c.name)
    )


def deserves_log(column: ColumnSchema, ranges: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether a log axis fits: something that shrinks, always positive, over two orders of magnitude."""
    low, high = ranges.get(column.name, (0.0, 0.0))
    return column.better == "lower" and low > 0 and high / low >= _LOG_RATIO


def _of_family(family: list[ColumnSchema], schema: Schema) -> list[Panel]:
    """Put training and held-out data into one panel when they were logged together, else side by side."""
    ordered = sorted(family, key=lambda column: MEASURED_FIRST.index(column.subset))
    training = next((c for c in ordered if c.subset == "train"), None)
    main = ordered[0]
    panels: list[Panel] = []
    shared = (
        training is not None and training is not main and not (main.nullable or training.nullable)
    )
    for column in ordered:
        x = _x_for(column, schema)
        if x is None or (shared and column is training):
            continue
        reason = ""
        if training is not None and training is not main and not shared:
            reason = "training and held-out values are on different rows, so each has a picture of its own"
        panels.append(Panel(column, x, training if shared and column is main else None, reason))
    return panels


def _x_for(column: ColumnSchema, schema: Schema) -> ColumnSchema | None:
    for name in (column.x, schema.x):
        if (
            name
            and name in schema
            and schema[name].kind in ("int", "number", "time")
            and can_be_named(name)
        ):
            return schema[name]
    return None


def _rank(panel: Panel) -> tuple[int, int, int]:
    column = panel.column
    name = column.family or column.name
    side = 2 if words.is_schedule(name) else 1 if words.is_system(name) or column.unit == "s" else 0
    return side, _BETTER_FIRST.index(column.better), MEASURED_FIRST.index(column.subset)
