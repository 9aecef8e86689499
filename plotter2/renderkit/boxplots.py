"""Box plots: for each x and colour the quartiles, whiskers and outliers of the rows there, from rows to marks.

The box reaches from the first to the third quartile with a line at the median (linear between neighbours, type 7 of
Hyndman and Fan 1996); whiskers reach the furthest values within `whiskers` times the height of the box, and what lies
beyond is drawn as points (Tukey 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from plotter2.renderkit.colouring import Painted
from plotter2.renderkit.grouping import Rows, combined, partition
from plotter2.renderkit.pieces import DENSE, Drawn, Frame, side_by_side, spacing
from plotter2.renderkit.scales import Extent, extent_of
from plotter2.renderkit.scene import BarMark, Codes, Counts, Floats, LineMark, Mark, PointMark
from plotter2.renderkit.sources import Source

_WHISKERS: Final = 1.5
_BOX_SHARE: Final = 0.7
_CAP_SHARE: Final = 0.5
_LONELY_SHARE: Final = 0.5
_FILL: Final = 0.35
_OUTLINE, _MEDIAN = 1.0, 2.0
_OUTLIER: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Box plots as columns: one row for each box; `lows` and `highs` are the ends of the whiskers."""

    x: Floats
    width: Floats
    codes: Codes
    lows: Floats
    firsts: Floats
    medians: Floats
    thirds: Floats
    highs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class BoxPiece:
    """Box plots in one panel, and the rows that lie beyond the whiskers."""

    boxes: Boxes
    outlier_x: Floats
    outlier_y: Floats
    outlier_codes: Codes
    palette: tuple[str, ...]
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the x and the y axis must cover."""
        boxes = self.boxes
        across = extent_of(boxes.x - boxes.width / 2) | extent_of(boxes.x + boxes.width / 2)
        return across, extent_of(boxes.lows) | extent_of(boxes.highs) | extent_of(self.outlier_y)

    def drawn(self, frame: Frame) -> Drawn:
        """Give fills, outlines, medians and outliers for each colour; rows of a box in view count as drawn."""
        marks: list[Mark] = []
        for code, rows in partition(self.boxes.codes, len(self.palette)):
            marks += self._boxes(rows, self.palette[code])
        inside = frame.inside(self.outlier_x, self.outlier_y)
        codes = np.where(inside, self.outlier_codes, -1).astype(np.int32)
        for code, rows in partition(codes, len(self.palette)):
            marks.append(self._outliers(rows, self.palette[code]))
        outside = int((~inside).sum())
        counts = Counts(self.given, self.null, outside, 0, self.given - self.null - outside)
        return Drawn(tuple(marks), counts)

    def _boxes(self, rows: Rows, colour: str) -> list[Mark]:
        b = self.boxes
        x, half = b.x[rows], b.width[rows] / 2
        low, first, middle, third, high = (
            values[rows] for values in (b.lows, b.firsts, b.medians, b.thirds, b.highs)
        )
        left, right, cap = x - half, x + half, half * _CAP_SHARE
        return [
            BarMark(left, right, first, third, colour, _FILL),
            _lines([(left, first), (right, first), (right, third), (left, third), (left, first)], colour),
            _lines([(x, first), (x, low)], colour),
            _lines([(x, third), (x, high)], colour),
            _lines([(x - cap, low), (x + cap, low)], colour),
            _lines([(x - cap, high), (x + cap, high)], colour),
            _lines([(left, middle), (right, middle)], colour, _MEDIAN),
        ]  # fmt: skip

    def _outliers(self, rows: Rows, colour: str) -> PointMark:
        x = self.outlier_x[rows]
        crowded = len(x) > DENSE
        codes = np.zeros(len(x), np.int32)
        return PointMark(
            x, self.outlier_y[rows], codes, (colour,), _OUTLIER, None, "circle", 0.7, crowded
        )


def box_piece(source: Source, rows: Rows, paint: Painted) -> BoxPiece:
    """Work out the boxes of a panel: side by side where several colours stand at one x."""
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    codes = np.zeros(len(x), np.int32) if paint.codes is None else paint.codes[rows]
    ok = ~(np.isnan(x) | np.isnan(y)) & (codes >= 0)
    given, null = len(x), int((~ok).sum())
    x, y, codes = x[ok], y[ok], codes[ok]
    colours = side_by_side(paint)
    if colours == 1 and paint.codes is not None and paint.scale is not None:
        codes = np.zeros(len(x), np.int32)
    width = _BOX_SHARE * spacing(source.numbers["x"])
    if len(np.unique(x)) == 1:
        width *= _LONELY_SHARE
    places = x
    if colours > 1 and _shares_places(x, codes, colours):
        width /= colours
        places = x + (codes - (colours - 1) / 2) * width
        width *= 0.9
    return _piece(source, (places, y, codes), width, paint.palette, (given, null))


def _shares_places(x: Floats, codes: Codes, colours: int) -> bool:
    pairs = np.unique(np.stack([x, codes.astype(np.float64)]), axis=1)
    return colours > 1 and pairs.shape[1] > len(np.unique(x))


def _piece(
    source: Source,
    columns: tuple[Floats, Floats, Codes],
    width: float,
    palette: tuple[str, ...],
    counted: tuple[int, int],
) -> BoxPiece:
    x, y, codes = columns
    reach = source.number_option("whiskers", _WHISKERS)
    levels, at = np.unique(x, return_inverse=True)
    groups, count = combined([(at.astype(np.int32), len(levels)), (codes, len(palette))])
    found: list[tuple[float, ...]] = []
    beyond = np.zeros(len(y), np.bool_)
    for _, rows in partition(groups, count):
        values = y[rows]
        first, middle, third = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        fence = reach * (third - first)
        near = (values >= first - fence) & (values <= third + fence)
        beyond[rows] = ~near
        place = rows.start if isinstance(rows, slice) else rows[0]
        low, high = first, third
        if near.any():
            low, high = float(values[near].min()), float(values[near].max())
        found.append((float(x[place]), float(codes[place]), low, first, middle, third, high))
    table = np.array(found, dtype=np.float64).reshape(-1, 7).T
    boxes = Boxes(
        table[0], np.full(table.shape[1], width), table[1].astype(np.int32), *table[2:]
    )  # fmt: skip
    return BoxPiece(boxes, x[beyond], y[beyond], codes[beyond], palette, *counted)


def _lines(corners: list[tuple[Floats, Floats]], colour: str, width: float = _OUTLINE) -> LineMark:
    """Give one polyline through these corners for each box."""
    x = np.stack([corner[0] for corner in corners], axis=1).ravel()
    y = np.stack([corner[1] for corner in corners], axis=1).ravel()
    starts = np.arange(0, len(x) + 1, len(corners), dtype=np.int32)
    return LineMark(x, y, starts, colour, width, 1.0)
