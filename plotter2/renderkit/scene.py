"""A composed picture: everything has a place (points, origin lower left) and a colour; only drawing is left.

Plain data without matplotlib objects, so that any backend can draw it and a golden test can compare it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int32]
AxisScale: TypeAlias = Literal["linear", "log", "symlog", "category"]
Role: TypeAlias = Literal[
    "title", "caption", "x label", "y label", "x tick", "y tick", "strip", "legend", "text"
]
Family: TypeAlias = Literal["sans", "serif", "mono", "stix"]
Shape: TypeAlias = Literal["circle", "square", "triangle", "diamond", "cross", "plus"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in points from the lower left corner of the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def top(self) -> float:
        """The y of the upper edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Label:
    """One text (lines split by newline). (x, y) is the point that `align` and `valign` refer to; `angle` in degrees."""

    role: Role
    text: str
    x: float
    y: float
    size: float
    colour: str
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "center", "bottom", "baseline"] = "baseline"
    angle: float = 0.0
    bold: bool = False
    family: Family = "sans"


@dataclass(frozen=True, slots=True)
class Tick:
    """One labelled place on an axis, in data coordinates."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ScaledAxis:
    """An axis of a panel. `limits[0]` is at the left or lower edge.

    On a category y axis, which runs downwards, limits[0] is the larger one.
    `constant` is the width of the linear part of a symlog scale. `labelled` tells whether this panel shows tick texts.
    """

    scale: AxisScale
    limits: tuple[float, float]
    ticks: tuple[Tick, ...] = ()
    minor: tuple[float, ...] = ()
    constant: float = 1.0
    labelled: bool = True
    angle: float = 0.0
    factor: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LineMark:
    """Polylines of one style: line i is x[starts[i]:starts[i+1]]; NaN in y is a gap."""

    x: Floats
    y: Floats
    starts: Codes
    colour: str
    width: float
    alpha: float
    raster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BandMark:
    """Areas between lo and hi of one style; area i is [starts[i]:starts[i+1]]; NaN is a gap."""

    x: Floats
    lo: Floats
    hi: Floats
    starts: Codes
    colour: str
    alpha: float
    raster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PointMark:
    """Points of one shape. Point i has the colour palette[codes[i]] and the diameter sizes[i] (or `size`) in points."""

    x: Floats
    y: Floats
    codes: Codes
    palette: tuple[str, ...]
    size: float
    sizes: Floats | None
    shape: Shape
    alpha: float
    raster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BarMark:
    """Boxes from (left, bottom) to (right, top)."""

    left: Floats
    right: Floats
    bottom: Floats
    top: Floats
    colour: str
    alpha: float
    raster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CellMark:
    """A grid of coloured cells between the edges; codes[row, column] point into the palette, -1 is an empty cell."""

    x_edges: Floats
    y_edges: Floats
    codes: Codes
    palette: tuple[str, ...]
    separated: bool
    raster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class RuleMark:
    """Straight lines across the panel, at x (upright) and at y (level)."""

    x: Floats
    y: Floats
    colour: str
    width: float
    alpha: float


@dataclass(frozen=True, slots=True, eq=False)
class TextMark:
    """Texts at data coordinates; `halo` puts a white edge around the letters."""

    x: Floats
    y: Floats
    texts: tuple[str, ...]
    colours: tuple[str, ...]
    size: float
    halo: bool
    bold: bool
    align: Literal["left", "center"] = "center"
    family: Family = "sans"


@dataclass(frozen=True, slots=True, eq=False)
class CircleMark:
    """Ellipses in points of the page (unlike other marks), filled with `alpha` and outlined."""

    x: Floats
    y: Floats
    x_radius: Floats
    y_radius: Floats
    colours: tuple[str, ...]
    width: float
    alpha: float


@dataclass(frozen=True, slots=True, eq=False)
class PolygonMark:
    """Closed outlines of one colour; polygon i is [starts[i]:starts[i+1]], filled with `alpha`."""

    x: Floats
    y: Floats
    starts: Codes
    colour: str
    alpha: float
    width: float
    raster: bool = False


Mark: TypeAlias = (
    PolygonMark
    | LineMark
    | BandMark
    | PointMark
    | BarMark
    | CellMark
    | RuleMark
    | TextMark
    | CircleMark
)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One drawing area with its axes; marks are drawn in order and cut at the edges of `rect`."""

    rect: Rect
    x: ScaledAxis
    y: ScaledAxis
    marks: tuple[Mark, ...]
    grid: bool = True
    column: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """The sample beside one legend text: any of a line, an area and a point, in one colour, inside `rect`."""

    rect: Rect
    colour: str
    line: float | None = None
    area: float | None = None
    shape: Shape | None = None
    size: float = 5.0
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class LegendBox:
    """A legend: texts and their keys; `framed` puts a white ground behind it (it stands on data)."""

    rect: Rect
    keys: tuple[Key, ...]
    labels: tuple[Label, ...]
    framed: bool


@dataclass(frozen=True, slots=True)
class ColourBar:
    """A strip of colours from low (bottom) to high with its ticks (y in points) and texts."""

    rect: Rect
    palette: tuple[str, ...]
    ticks: tuple[float, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line on the page, in points."""

    x: float
    y: float
    to_x: float
    to_y: float
    width: float
    colour: str
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics as TeX writes it, without dollars; (x, y) is the left end of its base line."""

    tex: str
    x: float
    y: float
    size: float
    colour: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows given to a layer: given = null + outside + decimated + drawn.

    `null`: null, NaN, infinite or over 1e200 where the mark needs a number; `outside`: beyond the axis limits, or not
    positive on a log axis; `decimated`: left out because other rows of the same pixel column show the same; `drawn`:
    the rest.
    """

    given: int
    null: int
    outside: int
    decimated: int
    drawn: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.given + other.given,
            self.null + other.null,
            self.outside + other.outside,
            self.decimated + other.decimated,
            self.drawn + other.drawn,
        )


@dataclass(frozen=True, slots=True)
class LayerCounts:
    """The counts of one layer; `view` and `layer` are positions counted from 0."""

    view: int
    layer: int
    kind: str
    counts: Counts


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A whole picture of `width` x `height` points."""

    width: float
    height: float
    panels: tuple[Panel, ...]
    labels: tuple[Label, ...]
    legends: tuple[LegendBox, ...]
    colour_bars: tuple[ColourBar, ...]
    ledger: tuple[LayerCounts, ...]
    strokes: tuple[Stroke, ...] = ()
    formulas: tuple[Formula, ...] = ()

    @property
    def counts(self) -> Counts:
        """The counts of all layers together."""
        return sum((entry.counts for entry in self.ledger), Counts(0, 0, 0, 0, 0))

    def as_json(self, digits: int = 9) -> dict[str, Any]:
        """Give the scene as plain JSON values: numbers rounded to `digits` significant digits, NaN as null."""
        value = _plain(self, digits)
        assert isinstance(value, dict)
        return value


def lettered(scene: Scene, family: Family) -> Scene:
    """Give the scene with all its letters in one family."""
    if family == "sans":
        return scene

    def labels(given: tuple[Label, ...]) -> tuple[Label, ...]:
        return tuple(replace(label, family=family) for label in given)

    def marks(given: tuple[Mark, ...]) -> tuple[Mark, ...]:
        return tuple(replace(m, family=family) if isinstance(m, TextMark) else m for m in given)

    return replace(
        scene,
        labels=labels(scene.labels),
        legends=tuple(replace(box, labels=labels(box.labels)) for box in scene.legends),
        colour_bars=tuple(replace(bar, labels=labels(bar.labels)) for bar in scene.colour_bars),
        panels=tuple(replace(panel, marks=marks(panel.marks)) for panel in scene.panels),
    )


def _plain(value: Any, digits: int) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        named = {f.name: _plain(getattr(value, f.name), digits) for f in fields(value)}
        return {"is": type(value).__name__, **named}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist(), digits)
    if isinstance(value, (tuple, list)):
        return [_plain(item, digits) for item in value]
    if isinstance(value, float):
        return None if value != value else float(f"{value:.{digits}g}")
    return value
