"""Printed tables: how wide the columns are, where texts break, how high each row becomes. Measures; places nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plotter2.renderkit.document import Sheet
from plotter2.renderkit.lettering import LINE_HEIGHT, text_width, wrapped

SIZE: Final = 9.0
_GAP: Final = 14.0
ROW_PAD: Final = 5.0
"""What a row has above and below its lines of text together."""

_NARROWEST: Final = 36.0
_MOST_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its texts broken into lines, and its height."""

    texts: tuple[str, ...]
    height: float


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet that fits a width: the left and right edge of each column, the head and the rows."""

    edges: tuple[tuple[float, float], ...]
    right: tuple[bool, ...]
    head: Row
    rows: tuple[Row, ...]
    width: float
    size: float


def fitted(sheet: Sheet, room: float) -> Table:
    """Fit a table into a width: wide columns of text are broken first, then the letters become smaller."""
    size = SIZE
    widths = _widths(sheet, size)
    while sum(widths) + _GAP * (len(widths) - 1) > room and size > 0.6 * SIZE:
        least = [min(width, _NARROWEST) for width in widths]
        spare = room - _GAP * (len(widths) - 1)
        if sum(least) <= spare:
            widths = _shared(widths, spare)
            break
        size *= 0.9
        widths = _widths(sheet, size)
    if sum(widths) + _GAP * (len(widths) - 1) > room:
        widths = _shared(widths, max(room - _GAP * (len(widths) - 1), 4.0 * len(widths)))
    edges, left = [], 0.0
    for width in widths:
        edges.append((left, left + width))
        left += width + _GAP
    head = _row([column.head for column in sheet.columns], widths, size, bold=True)
    count = len(sheet.columns[0].cells) if sheet.columns else 0
    rows = tuple(
        _row([column.cells[place] for column in sheet.columns], widths, size)
        for place in range(count)
    )
    right = tuple(column.right for column in sheet.columns)
    return Table(tuple(edges), right, head, rows, left - _GAP, size)


def _widths(sheet: Sheet, size: float) -> list[float]:
    return [
        max(
            text_width(column.head, size, bold=True),
            max((text_width(cell, size) for cell in column.cells), default=0.0),
        )
        + 1.0
        for column in sheet.columns
    ]


def _shared(widths: Sequence[float], room: float) -> list[float]:
    """Cut the widest columns down to one width, so that all fit."""
    low, high = 0.0, max(widths)
    for _ in range(40):
        middle = (low + high) / 2
        if sum(min(width, middle) for width in widths) > room:
            high = middle
        else:
            low = middle
    return [min(width, low) for width in widths]


def _row(texts: Sequence[str], widths: Sequence[float], size: float, bold: bool = False) -> Row:
    broken = [_lines(text, width, size, bold) for text, width in zip(texts, widths, strict=True)]
    lines = max((text.count("\n") + 1 for text in broken), default=1)
    return Row(tuple(broken), size * LINE_HEIGHT * lines + ROW_PAD)


def _lines(text: str, width: float, size: float, bold: bool) -> str:
    lines = wrapped(text.replace("\n", " "), width, size, bold).split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return "\n".join(lines)
