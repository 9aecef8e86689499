"""A grid of plots as places on the page: a rectangle for each plot, titles and captions over and under each grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.layout import PAD, fonts_for
from plotter2.renderkit.lettering import text_height, wrapped
from plotter2.renderkit.scene import Family, Label, Rect
from plotter2.renderkit.view import MILLIMETRE, Grid, View

_GUTTER: Final = 6.0
_ROW: Final = 70 * MILLIMETRE
_TALLEST: Final = 240 * MILLIMETRE
_SMALLEST: Final = 20 * MILLIMETRE
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """One plot and its place. Cells of one `column` share their left and right edges, those of one `row` the others."""

    view: View
    rect: Rect

    @property
    def column(self) -> tuple[float, float]:
        """What cells above each other have in common."""
        return round(self.rect.x, 3), round(self.rect.width, 3)

    @property
    def row(self) -> tuple[float, float]:
        """What cells beside each other have in common."""
        return round(self.rect.y, 3), round(self.rect.height, 3)


def size_of(grid: Grid, width: float) -> tuple[float, float]:
    """Give the size of a grid: its own, or so wide with rows of a good height."""
    return grid.size or (width, min(_TALLEST, _rows_high(grid) * _ROW))


def _rows_high(grid: Grid) -> int:
    rows = _rows(grid)
    inner = max((_rows_high(v) for v in grid.views if isinstance(v, Grid)), default=1)
    return rows * inner


def _rows(grid: Grid) -> int:
    if not grid.views or grid.cols < 1:
        raise undrawable("P2-R0661", "nothing to draw: the grid has no views", "frame")
    return max(grid.rows or 1, math.ceil(len(grid.views) / grid.cols))


def spread(
    grid: Grid, rect: Rect, font: Family = "sans", depth: int = 1
) -> tuple[list[Cell], list[Label]]:
    """Share a rectangle out to the plots of a grid, row by row; a plot without a font of its own has the grid's."""
    if depth > _DEEPEST:
        message = f"frames are nested more than {_DEEPEST} deep"
        raise undrawable("P2-R0667", message, "frame", "put fewer frames into each other")
    font = grid.font if grid.font != "sans" else font
    labels, area = _headings(grid, rect, font)
    rows = _rows(grid)
    width = (area.width - _GUTTER * (grid.cols - 1)) / grid.cols
    height = (area.height - _GUTTER * (rows - 1)) / rows
    if min(width, height) < _SMALLEST:
        shown = f"{width / MILLIMETRE:.0f} mm x {height / MILLIMETRE:.0f} mm"
        message = f"{len(grid.views)} frames have only {shown} each, too small to draw in"
        remedy = "give the frame around them more room: frame(size=[...]), or fewer frames"
        raise undrawable("P2-R0667", message, "frame", remedy)
    cells: list[Cell] = []
    for number, view in enumerate(grid.views):
        row, column = divmod(number, grid.cols)
        left = area.x + column * (width + _GUTTER)
        low = area.top - (row + 1) * height - row * _GUTTER
        place = Rect(left, low, width, height)
        if isinstance(view, Grid):
            inner, texts = spread(view, place, font, depth + 1)
            cells += inner
            labels += texts
        else:
            own = view.font if view.font != "sans" else font
            cells.append(Cell(replace(view, font=own), place))
    return cells, labels


def _headings(grid: Grid, rect: Rect, font: Family) -> tuple[list[Label], Rect]:
    fonts, labels = fonts_for(rect.width), []
    low, high, room = rect.y, rect.top, rect.width - 2 * PAD
    if grid.title:
        size = fonts.title + 1
        text = wrapped(grid.title, room, size, bold=True)
        labels.append(
            Label(
                "title",
                text,
                rect.x + PAD,
                high - PAD,
                size,
                palettes.INK,
                valign="top",
                bold=True,
                family=font,
            )
        )
        high -= PAD + text_height(text, size)
    if grid.caption:
        text = wrapped(grid.caption, room, fonts.caption)
        labels.append(
            Label(
                "caption",
                text,
                rect.x + PAD,
                low + PAD,
                fonts.caption,
                palettes.FAINT_INK,
                valign="bottom",
                family=font,
            )
        )
        low += PAD + text_height(text, fonts.caption)
    return labels, Rect(rect.x, low, rect.width, high - low)
