"""Small multiples: which panel each row belongs to, and how the panels stand on the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.grouping import Keyed, Level, keyed, merged
from plotter2.renderkit.lettering import text_width
from plotter2.renderkit.numbers import level_text
from plotter2.renderkit.scene import Codes
from plotter2.renderkit.sources import Source
from plotter2.renderkit.view import Facet

_NARROWEST, _LOWEST = 100.0, 70.0
_GOOD_ASPECT: Final = 1.3
# What texts and gaps take from each panel, roughly.
_AROUND, _AROUND_FREE, _ABOVE = 14.0, 50.0, 24.0
_TITLE_SIZE: Final = 8.5


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of one panel (row and column from the top left) and its texts: above it, and at its right side."""

    row: int
    column: int
    above: str = ""
    beside: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """How the rows of one layer fall into panels: panel p takes the rows whose code is wanted[p], out of `count`.

    A layer that lacks a facet column has the same code wanted by several panels and is drawn in each of them.
    """

    codes: Codes
    wanted: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class PanelGrid:
    """All panels. `splits[i]` tells where the rows of layer i go; None: all of them into every panel."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]
    splits: tuple[Split | None, ...]

    def is_lowest(self, panel: int) -> bool:
        """Whether no panel stands below this one."""
        cell = self.cells[panel]
        return not any(c.column == cell.column and c.row > cell.row for c in self.cells)


def panelled(
    facet: Facet | None, sources: Sequence[Source], size: tuple[float, float]
) -> PanelGrid:
    """Divide the rows into panels; raises RunError P2-R0660 (no such column) and P2-R0663 (too many panels)."""
    if facet is None or (facet.cols is None and facet.rows is None):
        return PanelGrid(1, 1, (Cell(0, 0),), (None,) * len(sources))
    across, across_codes = _levels(facet.cols, sources)
    down, down_codes = _levels(facet.rows, sources)
    _check(facet, max(len(across), 1) * max(len(down), 1))
    if facet.cols is None or facet.rows is None:
        name = facet.cols if facet.cols is not None else facet.rows
        assert name is not None
        levels = across if facet.cols is not None else down
        codes = across_codes if facet.cols is not None else down_codes
        shape = _wrapped_shape([_title(name, level) for level in levels], size, facet)
        return _one_way(name, levels, codes, shape)
    splits = tuple(
        _crossed(one, other, len(across), len(down))
        for one, other in zip(across_codes, down_codes, strict=True)
    )
    cells = tuple(
        Cell(
            row,
            column,
            _title(facet.cols, across[column]) if row == 0 else "",
            _title(facet.rows, down[row]) if column == len(across) - 1 else "",
        )
        for row in range(len(down))
        for column in range(len(across))
    )
    return PanelGrid(len(down), len(across), cells, splits)


def _levels(
    name: str | None, sources: Sequence[Source]
) -> tuple[tuple[Level, ...], list[Codes | None]]:
    if name is None:
        return (), [None] * len(sources)
    parts: dict[int, Keyed] = {
        s.index: keyed(s.layer.columns[name]) for s in sources if name in s.layer.columns
    }
    if not parts:
        message = f"no layer has the column {name!r} that the panels are made by"
        raise undrawable("P2-R0660", message, "facet", "keep the column up to the frame")
    levels, codes = merged(list(parts.values()))
    by_source = dict(zip(parts, codes, strict=True))
    if not levels:
        message = f"{name} is null in every row: there is no panel"
        raise undrawable("P2-R0661", message, "facet", "choose another column, or leave facet out")
    return levels, [by_source.get(s.index) for s in sources]


def _check(facet: Facet, panels: int) -> None:
    if panels > facet.max_panels:
        message = f"the facets make {panels} panels, but max_panels is {facet.max_panels}"
        remedy = f"filter to fewer values, or write max_panels={panels} and a larger size"
        raise undrawable("P2-R0663", message, "facet", remedy)


def _title(name: str, level: Level) -> str:
    return level if isinstance(level, str) else f"{name} = {level_text(level)}"


def _crossed(across: Codes | None, down: Codes | None, columns: int, rows: int) -> Split | None:
    panels = range(rows * columns)
    if across is None and down is None:
        return None
    if down is None and across is not None:
        return Split(across, tuple(panel % columns for panel in panels), columns)
    if across is None and down is not None:
        return Split(down, tuple(panel // columns for panel in panels), rows)
    assert across is not None
    assert down is not None
    crossed = np.where((across < 0) | (down < 0), -1, down * columns + across)
    return Split(crossed.astype(np.int32), tuple(panels), rows * columns)


def _wrapped_shape(
    titles: Sequence[str], size: tuple[float, float], facet: Facet
) -> tuple[int, int]:
    """Choose rows and columns: one way while there is room, else panels of a good shape with room for their titles."""
    (width, height), count = size, len(titles)
    upright = facet.cols is None
    if upright and height / count >= _LOWEST:
        return count, 1
    if not upright and width / count >= _NARROWEST:
        return 1, count
    around = _AROUND if facet.share in ("both", "y") else _AROUND_FREE
    widest = max(text_width(title, _TITLE_SIZE) for title in titles)

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        inner = max(width / columns - around, 1.0)
        aspect = inner / max(height / rows - _ABOVE, 1.0)
        cramped = max(widest / inner - 1.0, 0.0)
        return abs(math.log(aspect / _GOOD_ASPECT)) + (rows * columns - count) / count + 4 * cramped

    columns = min(range(1, count + 1), key=badness)
    return math.ceil(count / columns), columns


def _one_way(
    name: str, levels: Sequence[Level], codes: Sequence[Codes | None], shape: tuple[int, int]
) -> PanelGrid:
    rows, columns = shape
    cells = tuple(
        Cell(place // columns, place % columns, _title(name, level))
        for place, level in enumerate(levels)
    )
    panels = tuple(range(len(levels)))
    splits = tuple(None if part is None else Split(part, panels, len(panels)) for part in codes)
    return PanelGrid(rows, columns, cells, splits)
