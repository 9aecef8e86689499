"""What all pictures of one starter script share: the bundle, which parameters stay apart and how, labels. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from logger2 import scriptparts as p2
from logger2.preface import Facts
from logger2.schema import ColumnSchema, Schema
from logger2.sweep import Axis, Sweep
from logger2.words import MOST_CATEGORIES, unit_in
from p2lang import ast

RUN = "run"
MOST_FACETS = 5
SIZE = ast.ListExpr(
    (ast.Argument(p2.quantity("160", "mm")), ast.Argument(p2.quantity("100", "mm")))
)


@dataclass(frozen=True)
class Plan:
    """The bundle, its schema and sweep, and which parameters stay apart in which way."""

    bundle: str
    schema: Schema
    sweep: Sweep
    facts: Facts

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Give the varied parameters that a script can name."""
        return tuple(axis for axis in self.sweep.axes if p2.can_be_named(axis.name))

    @property
    def colour(self) -> Axis | None:
        """Give the parameter that colours the lines: the first whose values colours can tell apart."""
        apart = (a for a in self.axes if a.is_numeric or len(a.values) <= MOST_CATEGORIES)
        return next(apart, None)

    @property
    def facet(self) -> Axis | None:
        """Give the parameter that makes panels: the next one, when it has few values."""
        others = [axis for axis in self.axes if axis is not self.colour]
        return others[0] if others and len(others[0].values) <= MOST_FACETS else None

    @property
    def keys(self) -> tuple[str, ...]:
        """Give the names of the parameters that stay apart."""
        return tuple(axis.name for axis in (self.colour, self.facet) if axis is not None)

    @property
    def mixed(self) -> tuple[str, ...]:
        """Give the names of varied parameters that do not stay apart; runs that differ in them are never averaged."""
        return tuple(axis.name for axis in self.sweep.axes if axis.name not in self.keys)

    @property
    def repeats(self) -> int:
        """Give how many runs may be averaged: those of a combination, 1 where runs differ in something else too."""
        if self.mixed:
            return 1
        return self.sweep.fewest if self.sweep.fewest > 1 else self.sweep.most


def label(column: ColumnSchema) -> str:
    """Give how a column is called beside an axis: its name, and its unit in brackets."""
    base = unit_in(column.name)[0] if column.unit else column.name
    return p2.one_line(f"{base} ({column.unit})" if column.unit else column.name)
