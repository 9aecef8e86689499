"""One layer within one panel, from rows to marks: lines, bands, points and bars. Nothing is placed on the page yet.

A piece is made once from its rows; it tells what the axes must cover, and gives marks and counts for given axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.colouring import Painted
from plotter2.renderkit.decimation import thinned
from plotter2.renderkit.grouping import Rows, lined_up, partition
from plotter2.renderkit.numbers import level_text, linear_ticks
from plotter2.renderkit.scales import Extent, extent_of, has_nan, share
from plotter2.renderkit.scene import (
    BandMark,
    BarMark,
    Codes,
    Counts,
    Floats,
    LineMark,
    Mark,
    PointMark,
    Rect,
    ScaledAxis,
    Shape,
)
from plotter2.renderkit.sources import Source

MOST_LINES: Final = 20_000
"""The most lines of one layer in one panel."""

DENSE: Final = 20_000
"""Above so many points or vertices a mark is drawn as an image inside SVG and PDF."""

SHAPES: Final[tuple[Shape, ...]] = ("circle", "square", "triangle", "diamond", "cross", "plus")
_LINE_WIDTH, _LINE_ALPHA, _BAND_ALPHA = 1.2, 1.0, 0.25
_SMALLEST, _LARGEST = 2.0, 9.0
_BAR_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel as a piece sees it: its place on the page and its axes."""

    rect: Rect
    x: ScaledAxis
    y: ScaledAxis

    def page_x(self, values: NDArray[Any]) -> Floats:
        """Give the page x, in points, of data x."""
        return self.rect.x + share(self.x, values) * self.rect.width

    def page_y(self, values: NDArray[Any]) -> Floats:
        """Give the page y, in points, of data y."""
        return self.rect.y + share(self.y, values) * self.rect.height

    def inside(self, x: NDArray[Any], *ys: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which rows lie within the limits (and, on a log axis, have a place at all)."""
        within = _within(share(self.x, x))
        for y in ys:
            within &= _within(share(self.y, y))
        return within


def _within(shares: Floats) -> NDArray[np.bool_]:
    return (shares >= -1e-9) & (shares <= 1 + 1e-9)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The marks of a piece with the account of its rows."""

    marks: tuple[Mark, ...]
    counts: Counts


class Piece(Protocol):
    """One layer in one panel."""

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the x and the y axis must cover."""
        ...

    def drawn(self, frame: Frame) -> Drawn:
        """Give the marks and counts within these axes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class StrandPiece:
    """Lines or bands: rows sorted by line and x. `ys` is (y,) or (lo, hi); `colours` has one colour for each line.

    `gap` tells where a y is NaN (None: nowhere); `spans` is what the axes must cover.
    """

    source: Source
    x: Floats
    ys: tuple[Floats, ...]
    starts: Codes
    colours: tuple[str, ...]
    gap: NDArray[np.bool_] | None
    spans: tuple[Extent, Extent]
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the x and the y axis must cover."""
        return self.spans

    def drawn(self, frame: Frame) -> Drawn:
        """Thin the lines for the width of the panel and give one mark for each colour."""
        if not (_covers(frame.x, self.spans[0]) and _covers(frame.y, self.spans[1])):
            return self._cut(frame)
        place = (frame.x, frame.rect.width)
        kept, starts = thinned(self.x, self.starts, place, self.gap, *self.ys)
        x, ys = self.x, self.ys
        total = drawn = self.given - self.null
        if kept is not None:
            x, ys = x[kept], tuple(values[kept] for values in ys)
            drawn = len(kept) - (0 if self.gap is None else int(self.gap[kept].sum()))
        counts = Counts(self.given, self.null, 0, total - drawn, drawn)
        return Drawn(self._marks(x, ys, starts), counts)

    def _cut(self, frame: Frame) -> Drawn:
        """Draw within axes that do not show every row."""
        x, ys, starts = self.x, self.ys, self.starts
        if frame.y.scale == "log":
            ys = tuple(np.where(values > 0, values, np.nan) for values in ys)
        if frame.x.scale == "log" and len(x) and x.min() <= 0:
            placed = x > 0
            starts = np.concatenate(([0], np.cumsum(placed)))[starts].astype(np.int32)
            x, ys = x[placed], tuple(values[placed] for values in ys)
        inside = frame.inside(x, *ys)
        total = drawn = int(inside.sum())
        kept, starts = thinned(x, starts, (frame.x, frame.rect.width), _gap(ys), *ys)
        if kept is not None:
            x, ys = x[kept], tuple(values[kept] for values in ys)
            drawn = int(inside[kept].sum())
        valid = self.given - self.null
        counts = Counts(self.given, self.null, valid - total, total - drawn, drawn)
        return Drawn(self._marks(x, ys, starts), counts)

    def _marks(self, x: Floats, ys: tuple[Floats, ...], starts: Codes) -> tuple[Mark, ...]:
        marks: list[Mark] = []
        first = 0
        for last in range(1, len(self.colours) + 1):
            if last < len(self.colours) and self.colours[last] == self.colours[first]:
                continue
            begin, end = int(starts[first]), int(starts[last])
            own = (starts[first : last + 1] - starts[first]).astype(np.int32)
            part = tuple(values[begin:end] for values in ys)
            marks.append(self._mark(x[begin:end], part, own, self.colours[first]))
            first = last
        return tuple(marks)

    def _mark(self, x: Floats, ys: tuple[Floats, ...], starts: Codes, colour: str) -> Mark:
        number = self.source.number_option
        raster = len(x) > DENSE
        if self.source.layer.kind == "band":
            return BandMark(x, ys[0], ys[1], starts, colour, number("alpha", _BAND_ALPHA), raster)
        width = number("width", _LINE_WIDTH)
        return LineMark(x, ys[0], starts, colour, width, number("alpha", _LINE_ALPHA), raster)


def strand_piece(source: Source, rows: Rows, paint: Painted) -> StrandPiece:
    """Sort the rows of lines or bands; raises RunError P2-R0668 for more lines than can be drawn."""
    groups, count = (None, 1) if source.lines is None else source.lines
    groups = None if groups is None else groups[rows]
    x = source.numbers["x"][rows]
    names = ("y",) if source.layer.kind == "line" else ("lo", "hi")
    given = len(x)
    if has_nan(x):
        known = np.zeros(given, np.int32) if groups is None else groups
        groups = np.where(np.isnan(x), -1, known).astype(np.int32)
    order, starts = lined_up(groups, count, x)
    if len(starts) - 1 > MOST_LINES:
        message = f"{len(starts) - 1} lines in one panel; at most {MOST_LINES} are drawn"
        raise undrawable("P2-R0668", message, source.where, "summarise first, or use facet")
    x = x[order]
    ys = tuple(source.numbers[name][rows][order] for name in names)
    gap = _gap(ys)
    y_span = Extent()
    for values in ys:
        y_span = y_span | extent_of(values)
    colours = _line_colours(paint, rows, order, starts)
    null = given - len(x) + (0 if gap is None else int(gap.sum()))
    return StrandPiece(source, x, ys, starts, colours, gap, (extent_of(x), y_span), given, null)


def _gap(ys: tuple[Floats, ...]) -> NDArray[np.bool_] | None:
    """Tell where any of the values is NaN; None when none is."""
    if not any(has_nan(values) for values in ys):
        return None
    gap = np.isnan(ys[0])
    for values in ys[1:]:
        gap = gap | np.isnan(values)
    return gap


def _covers(axis: ScaledAxis, span: Extent) -> bool:
    """Tell whether the axis has a place for everything in the span."""
    low, high = min(axis.limits), max(axis.limits)
    return span.empty or (low <= span.low and span.high <= high)


def _line_colours(paint: Painted, rows: Rows, order: Rows, starts: Codes) -> tuple[str, ...]:
    lines = len(starts) - 1
    if paint.codes is None:
        return (paint.palette[0],) * lines
    firsts = starts[:-1] + order.start if isinstance(order, slice) else order[starts[:-1]]
    return tuple(paint.palette[code] for code in paint.codes[rows][firsts].tolist())


@dataclass(frozen=True, slots=True, eq=False)
class PointPiece:
    """Points in row order, parted by shape. `kept` tells which of the given rows they are."""

    source: Source
    x: Floats
    y: Floats
    codes: Codes
    palette: tuple[str, ...]
    sizes: Floats | None
    shapes: Codes
    given: int
    kept: NDArray[np.bool_]

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the x and the y axis must cover."""
        return extent_of(self.x), extent_of(self.y)

    def drawn(self, frame: Frame) -> Drawn:
        """Give one mark for each shape."""
        inside = frame.inside(self.x, self.y)
        drawn = int(inside.sum())
        counts = Counts(self.given, self.given - len(self.x), len(self.x) - drawn, 0, drawn)
        shapes = np.where(inside, self.shapes, -1).astype(np.int32)
        plain = self.source.layer.options.get("marker", SHAPES[0])
        each = SHAPES if "shape" in self.source.keys else (cast(Shape, plain),)
        marks = [self._mark(rows, each[shape]) for shape, rows in partition(shapes, len(each))]
        return Drawn(tuple(marks), counts)

    def _mark(self, rows: Rows, shape: Shape) -> PointMark:
        number = self.source.number_option
        crowd = len(self.x)
        size = number("size", default_diameter(crowd))
        return PointMark(
            self.x[rows],
            self.y[rows],
            self.codes[rows],
            self.palette,
            size,
            None if self.sizes is None else self.sizes[rows],
            shape,
            number("alpha", 1.0),
            crowd > DENSE,
        )


def default_diameter(crowd: int) -> float:
    """Give the diameter of points where no size is asked for: smaller, the more there are."""
    return 4.5 if crowd < 300 else 3.5 if crowd < 3000 else 2.5


def point_piece(source: Source, rows: Rows, paint: Painted) -> PointPiece:
    """Take the rows that have a place, a colour, a size and a shape."""
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    codes = np.zeros(len(x), np.int32) if paint.codes is None else paint.codes[rows]
    shapes = _shapes(source, rows, len(x))
    ok = ~(np.isnan(x) | np.isnan(y)) & (codes >= 0) & (shapes >= 0)
    sizes = None
    if "size" in source.numbers:
        sizes = _diameters(source.numbers["size"])[rows]
        ok &= ~np.isnan(sizes)
    given = len(x)
    if not ok.all():
        x, y, codes, shapes = x[ok], y[ok], codes[ok], shapes[ok]
        sizes = None if sizes is None else sizes[ok]
    return PointPiece(source, x, y, codes, paint.palette, sizes, shapes, given, ok)


def _shapes(source: Source, rows: Rows, count: int) -> Codes:
    key = source.keys.get("shape")
    if key is None:
        return np.zeros(count, np.int32)
    if len(key.levels) > len(SHAPES):
        name = source.layer.channels["shape"]
        message = (
            f"shape={name} has {len(key.levels)} values; at most {len(SHAPES)} can be told apart"
        )
        raise undrawable("P2-R0662", message, source.where, "use colour, or facet")
    return key.codes[rows]


def _diameters(values: Floats) -> Floats:
    """Give diameters whose squares (areas) are even in the values."""
    extent = extent_of(values)
    if extent.empty or extent.high == extent.low:
        return np.where(np.isnan(values), np.nan, (_SMALLEST + _LARGEST) / 2)
    part = (values - extent.low) / (extent.high - extent.low)
    diameters: Floats = np.sqrt(_SMALLEST**2 + part * (_LARGEST**2 - _SMALLEST**2))
    return diameters


def diameter_samples(values: Floats) -> list[tuple[str, float]]:
    """Give a few round values, written out, with the diameters that stand for them."""
    extent = extent_of(values)
    if extent.empty:
        return []
    if extent.low == extent.high:
        return [(level_text(extent.low), float(_diameters(values).max()))]
    ticks = linear_ticks((extent.low, extent.high), 4, lambda _texts, _places: True, whole=False)
    all_values = np.array([extent.low, extent.high, *(tick.at for tick in ticks.major)])
    diameters = _diameters(all_values)[2:].tolist()
    return [(level_text(tick.at), size) for tick, size in zip(ticks.major, diameters, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class BarPiece:
    """Bars that stand on 0 (on the lower limit of a log axis)."""

    source: Source
    left: Floats
    right: Floats
    y: Floats
    codes: Codes
    palette: tuple[str, ...]
    alpha: float
    given: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover; the y axis reaches 0."""
        y = extent_of(self.y)
        return (
            extent_of(self.left) | extent_of(self.right),
            y | Extent(0.0, 0.0) if not y.empty else y,
        )

    def drawn(self, frame: Frame) -> Drawn:
        """Give one mark for each colour."""
        middle = (self.left + self.right) / 2
        reach = np.clip(self.y, min(frame.y.limits), max(frame.y.limits))
        inside = frame.inside(middle, reach)
        if frame.y.scale == "log":
            inside &= self.y > 0
        drawn = int(inside.sum())
        counts = Counts(self.given, self.given - len(self.y), len(self.y) - drawn, 0, drawn)
        foot = min(frame.y.limits) if frame.y.scale == "log" else 0.0
        codes = np.where(inside, self.codes, -1).astype(np.int32)
        marks = [
            BarMark(
                self.left[rows],
                self.right[rows],
                np.minimum(self.y[rows], foot),
                np.maximum(self.y[rows], foot),
                self.palette[code],
                self.alpha,
                len(self.y) > DENSE,
            )
            for code, rows in partition(codes, len(self.palette))
        ]
        return Drawn(tuple(marks), counts)


def bar_piece(source: Source, rows: Rows, paint: Painted) -> BarPiece:
    """Place bars: side by side where several colours stand at one x, over each other where a width is given."""
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    codes = np.zeros(len(x), np.int32) if paint.codes is None else paint.codes[rows]
    ok = ~(np.isnan(x) | np.isnan(y)) & (codes >= 0)
    if "width" in source.numbers:
        ok &= ~np.isnan(source.numbers["width"][rows])
        width = source.numbers["width"][rows][ok]
    else:
        width = np.full(int(ok.sum()), _BAR_SHARE * spacing(source.numbers["x"]))
    given = len(x)
    x, y, codes = x[ok], y[ok], codes[ok]
    left, colours = x - width / 2, side_by_side(paint)
    crowded = colours > 1 and len(np.unique(x)) < len(x)
    if crowded and "width" not in source.numbers:
        width = width / colours
        left = left + codes * width
    alpha = source.number_option("alpha", 0.6 if crowded and "width" in source.numbers else 1.0)
    return BarPiece(source, left, left + width, y, codes, paint.palette, alpha, given)


def side_by_side(paint: Painted) -> int:
    """Give how many colours stand beside each other at one x: 1 when colour is a shade of a number."""
    return 1 if paint.scale is None or paint.scale.domain is not None else len(paint.palette)


def spacing(x: Floats) -> float:
    """Give the least distance of two different places; 1 when there are not two."""
    places = np.unique(x[~np.isnan(x)])
    return float(np.diff(places).min()) if len(places) > 1 else 1.0
