"""One layer within one panel, from rows to marks: heatmap cells and rules (see `pieces`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.colouring import Painted
from plotter2.renderkit.decimation import PIXELS_PER_POINT
from plotter2.renderkit.grouping import Rows, keyed
from plotter2.renderkit.pieces import Drawn, Frame
from plotter2.renderkit.scales import Extent, extent_of
from plotter2.renderkit.scene import (
    CellMark,
    Codes,
    Counts,
    Floats,
    RuleMark,
)
from plotter2.renderkit.sources import Source

MOST_CELLS: Final = 1 << 24
_SEPARATED: Final = 5.0
_VECTOR_CELLS: Final = 10_000
_RULE_WIDTH: Final = 0.9


@dataclass(frozen=True, slots=True)
class Shading:
    """How numbers become the colours of cells."""

    palette: tuple[str, ...]
    domain: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class CellPiece:
    """Cells of a heatmap: values[row, column] between edges, NaN where there is none."""

    x_edges: Floats
    y_edges: Floats
    values: Floats
    shading: Shading
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover: all cells, whole."""
        return extent_of(self.x_edges), extent_of(self.y_edges)

    def drawn(self, frame: Frame) -> Drawn:
        """Give the cells; where they are finer than pixels, the mean of those that fall together."""
        placed_x, placed_y = frame.page_x(self.x_edges), frame.page_y(self.y_edges)
        values, x_edges = _pooled(self.values, self.x_edges, placed_x, axis=1)
        values, y_edges = _pooled(values, self.y_edges, placed_y, axis=0)
        codes = palettes.shade_codes(values, self.shading.domain, log=False)
        columns, rows = len(x_edges) - 1, len(y_edges) - 1
        smallest = min(frame.rect.width / columns, frame.rect.height / rows)
        raster = columns * rows > _VECTOR_CELLS
        separated = smallest >= _SEPARATED and not raster
        mark = CellMark(x_edges, y_edges, codes, self.shading.palette, separated, raster)
        middle_x = (self.x_edges[1:] + self.x_edges[:-1]) / 2
        middle_y = (self.y_edges[1:] + self.y_edges[:-1]) / 2
        seen = frame.inside(*(part.ravel() for part in np.meshgrid(middle_x, middle_y)))
        inside = int((seen.reshape(self.values.shape) & ~np.isnan(self.values)).sum())
        pooled = self.values.size != values.size
        shown = min(inside, int((codes >= 0).sum())) if pooled else inside
        valid = self.given - self.null
        counts = Counts(self.given, self.null, valid - inside, inside - shown, shown)
        return Drawn((mark,), counts)


def _pooled(values: Floats, edges: Floats, placed: Floats, axis: int) -> tuple[Floats, Floats]:
    """Join neighbouring cells until each is at least half a pixel wide; a joined cell is the mean of its values."""
    pixels = np.abs(placed[-1] - placed[0]) * PIXELS_PER_POINT
    count = values.shape[axis]
    if not count > 2 * pixels or pixels < 1:
        return values, edges
    bins = np.floor(np.abs(placed[:-1] - placed[0]) * PIXELS_PER_POINT + 1e-9).astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], bins[1:] != bins[:-1])))
    known = ~np.isnan(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts, axis=axis)
    numbers = np.add.reduceat(known.astype(np.float64), starts, axis=axis)
    means: Floats = np.divide(sums, numbers, out=np.full_like(sums, np.nan), where=numbers > 0)
    kept: Floats = edges[np.append(starts, count)]
    return means, kept


def cell_piece(
    source: Source, rows: Rows, categories: tuple[int, int], shading: Shading
) -> CellPiece:
    """Put the rows into a grid; `categories` is the number of categories of x and y (0 for numbers).

    Raises RunError P2-R0666 when two rows fall into one cell and P2-R0668 for too large a grid.
    """
    x, y, fill = (source.numbers[name][rows] for name in ("x", "y", "fill"))
    columns, x_edges = _cells_along(x, categories[0])
    lines, y_edges = _cells_along(y, categories[1])
    width, height = len(x_edges) - 1, len(y_edges) - 1
    if width * height > MOST_CELLS:
        message = f"{width} x {height} cells; at most {MOST_CELLS:,} are drawn"
        raise undrawable("P2-R0668", message, source.where, "round x and y, then summarise")
    placed = (columns >= 0) & (lines >= 0)
    cell = lines[placed].astype(np.int64) * width + columns[placed]
    counts = np.bincount(cell, minlength=width * height)
    if len(cell) and counts.max() > 1:
        _refuse_double(
            source, rows, int(counts.max()), np.flatnonzero(placed)[cell == counts.argmax()]
        )
    values = np.full(width * height, np.nan)
    values[cell] = fill[placed]
    given, shown = len(x), int((~np.isnan(fill[placed])).sum())
    return CellPiece(x_edges, y_edges, values.reshape(height, width), shading, given, given - shown)


def _refuse_double(source: Source, rows: Rows, count: int, double: NDArray[np.intp]) -> None:
    names = (source.layer.channels["x"], source.layer.channels["y"])
    shown = ", ".join(names)
    message = (
        f"{count} rows have the same {names[0]} and {names[1]}, so one cell would hide the others"
    )
    remedy = f"summarise first: summary(by=[{shown}], ...)"
    raise undrawable("P2-R0666", message, source.where, remedy)


def _cells_along(values: Floats, categories: int) -> tuple[Codes, Floats]:
    edges: Floats = np.arange(categories + 1, dtype=np.float64) - 0.5
    if categories:
        return np.where(np.isnan(values), -1, values).astype(np.int32), edges
    key = keyed(values)
    places = np.array(key.levels, dtype=np.float64)
    if len(places) < 2:
        middle = places[0] if len(places) else 0.0
        return key.codes, np.array([middle - 0.5, middle + 0.5])
    between = (places[1:] + places[:-1]) / 2
    first, last = 2 * places[0] - between[0], 2 * places[-1] - between[-1]
    edges = np.concatenate(([first], between, [last]))
    return key.codes, edges


@dataclass(frozen=True, slots=True, eq=False)
class RulePiece:
    """Straight lines across the panel."""

    source: Source
    x: Floats
    y: Floats
    colour: str
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover."""
        return extent_of(self.x), extent_of(self.y)

    def drawn(self, frame: Frame) -> Drawn:
        """Give the rules within the limits."""
        x = self.x[frame.inside(self.x)]
        y = self.y[frame.inside(np.full(len(self.y), frame.x.limits[0]), self.y)]
        number = self.source.number_option
        mark = RuleMark(x, y, self.colour, number("width", _RULE_WIDTH), number("alpha", 1.0))
        shown = len(x) + len(y)
        outside = self.given - self.null - shown
        return Drawn((mark,), Counts(self.given, self.null, outside, 0, shown))


def rule_piece(source: Source, rows: Rows, paint: Painted) -> RulePiece:
    """Take the places of rules from columns and from the options x and y."""
    places = {}
    for name in ("x", "y"):
        column = source.numbers[name][rows] if name in source.numbers else np.empty(0)
        places[name] = np.concatenate([column, _fixed(source, name)])
    given = sum(map(len, places.values()))
    x, y = (np.unique(part[~np.isnan(part)]) for part in places.values())
    null = sum(int(np.isnan(part).sum()) for part in places.values())
    merged = given - null - len(x) - len(y)
    return RulePiece(source, x, y, paint.palette[0], given - merged, null)


def _fixed(source: Source, name: str) -> Floats:
    value = source.layer.options.get(name, ())
    if isinstance(value, (str, bool)):
        raise undrawable(
            "P2-R0660",
            f"{name}={value!r} is not a number",
            source.where,
            f"give {name} as a number",
        )
    return np.atleast_1d(np.asarray(value, dtype=np.float64))
