"""Letters over a heatmap: dark ink on pale cells, white on dark ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from plotter2.renderkit import palettes
from plotter2.renderkit.scene import CellMark, Floats, Mark, TextMark

_EVEN: Final = 0.17  # relative luminance at which ink and white stand out alike (WCAG 2)


def legible(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Give the marks of a panel with letters in ink turned white where the cell under them is dark.

    A text that has a colour of its own keeps it.
    """
    made: list[Mark] = []
    cells: CellMark | None = None
    for mark in marks:
        if isinstance(mark, CellMark):
            cells = mark
        made.append(
            _over(mark, cells) if isinstance(mark, TextMark) and cells is not None else mark
        )
    return tuple(made)


def _over(mark: TextMark, cells: CellMark) -> TextMark:
    if mark.halo or set(mark.colours) != {palettes.INK}:
        return mark
    dark = np.array([_luminance(colour) < _EVEN for colour in cells.palette] + [False])
    rows, columns = _between(cells.y_edges, mark.y), _between(cells.x_edges, mark.x)
    under = dark[cells.codes[rows, columns]]
    outside = (rows < 0) | (columns < 0)
    colours = np.where(under & ~outside, palettes.PAPER, palettes.INK)
    return replace(mark, colours=tuple(colours.tolist()))


def _between(edges: Floats, places: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Give the number of the cell for each place, -1 outside."""
    count = len(edges) - 1
    rising = edges[-1] >= edges[0]
    found = np.searchsorted(edges if rising else edges[::-1], places, side="right") - 1
    found = np.where((found < 0) | (found >= count), -1, found)
    return found if rising else np.where(found < 0, -1, count - 1 - found)


def _luminance(colour: str) -> float:
    """Give the relative luminance of `#RRGGBB`, 0 black to 1 white."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
