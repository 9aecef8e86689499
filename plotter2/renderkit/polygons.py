"""Polygons: the rows of each group are the corners of one, in the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from plotter2.renderkit.colouring import Painted
from plotter2.renderkit.grouping import Rows, partition
from plotter2.renderkit.pieces import DENSE, Drawn, Frame
from plotter2.renderkit.scales import Extent, extent_of
from plotter2.renderkit.scene import Codes, Counts, Floats, Mark, PolygonMark
from plotter2.renderkit.sources import Source

_FILL: Final = 0.25
_OUTLINE: Final = 1.2
_FEWEST_CORNERS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class PolygonPiece:
    """Polygons in one panel: polygon i is x[starts[i]:starts[i+1]], in the colour palette[codes[i]]."""

    source: Source
    x: Floats
    y: Floats
    starts: Codes
    codes: Codes
    palette: tuple[str, ...]
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the x and the y axis must cover."""
        return extent_of(self.x), extent_of(self.y)

    def drawn(self, frame: Frame) -> Drawn:
        """Give one mark for each colour; corners beyond the axes are cut off with their sides."""
        number = self.source.number_option
        style = (number("alpha", _FILL), number("width", _OUTLINE))
        marks: list[Mark] = []
        for code, which in partition(self.codes, len(self.palette)):
            chosen = range(len(self.codes))[which] if isinstance(which, slice) else which.tolist()
            parts = [slice(int(self.starts[i]), int(self.starts[i + 1])) for i in chosen]
            x = np.concatenate([self.x[part] for part in parts])
            y = np.concatenate([self.y[part] for part in parts])
            starts = np.cumsum([0, *(part.stop - part.start for part in parts)]).astype(np.int32)
            marks.append(PolygonMark(x, y, starts, self.palette[code], *style, len(x) > DENSE))
        inside = int(frame.inside(self.x, self.y).sum())
        counts = Counts(self.given, self.null, self.given - self.null - inside, 0, inside)
        return Drawn(tuple(marks), counts)


def polygon_piece(source: Source, rows: Rows, paint: Painted) -> PolygonPiece:
    """Take the corners of each group in row order; what has fewer than three is no polygon and counts as null."""
    groups, count = (None, 1) if source.lines is None else source.lines
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    given = len(x)
    own = np.zeros(given, np.int32) if groups is None else groups[rows].copy()
    own[np.isnan(x) | np.isnan(y)] = -1
    colours = np.zeros(given, np.int32) if paint.codes is None else paint.codes[rows]
    own[colours < 0] = -1
    xs, ys, codes, starts = [np.empty(0)], [np.empty(0)], [], [0]
    for _, corners in partition(own, count):
        part = x[corners]
        if len(part) < _FEWEST_CORNERS:
            continue
        xs.append(part)
        ys.append(y[corners])
        codes.append(int(colours[corners][0]))
        starts.append(starts[-1] + len(part))
    return PolygonPiece(
        source,
        np.concatenate(xs),
        np.concatenate(ys),
        np.array(starts, np.int32),
        np.array(codes, np.int32),
        paint.palette,
        given,
        given - starts[-1],
    )
