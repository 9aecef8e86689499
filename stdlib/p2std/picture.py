"""A view while marks and decorations are added to it: plain frozen values that name columns. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from p2std.moving import Moving
from p2std.table import Tagged

AxisLimits: TypeAlias = tuple[float | None, float | None]


@dataclass(frozen=True)
class Mark:
    """One mark. A channel is a tagged value over the rows of the view: a column, or an expression for text.

    `key` names the column that tells which rows are the same thing in different pictures of a film.
    """

    kind: str
    channels: Mapping[str, Tagged]
    by: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class AxisWish:
    """What a script says of one axis; None where it says nothing."""

    label: str | None = None
    scale: str = "linear"
    limits: AxisLimits = (None, None)


@dataclass(frozen=True)
class LegendWish:
    """What a script says of the legend."""

    show: bool = True
    title: str | None = None
    at: str = "best"


@dataclass(frozen=True)
class FacetWish:
    """Small multiples by columns."""

    cols: str | None = None
    rows: str | None = None
    share: str = "both"
    max_panels: int = 36


@dataclass(frozen=True)
class Picture:
    """A view so far. `size` in points; `gradient` is (name, domain); `palette` are #RRGGBB.

    `colour_by` is a column, "" to choose one.
    """

    title: Moving = ""
    size: tuple[float, float] | None = None
    marks: tuple[Mark, ...] = ()
    x: AxisWish = AxisWish()
    y: AxisWish = AxisWish()
    equal: bool = False
    legend: LegendWish = LegendWish()
    facet: FacetWish | None = None
    gradient: tuple[str, tuple[float, float] | None] = ("viridis", None)
    palette: tuple[str, ...] = ()
    colour_by: str | None = None
    font: str = "sans"

    def with_mark(self, mark: Mark) -> Picture:
        """Give the view with one more mark on top."""
        return replace(self, marks=(*self.marks, mark))
