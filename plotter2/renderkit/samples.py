"""Where the ink of a panel is: points of the page sampled from its marks, so that a legend can keep away from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from plotter2.renderkit.lettering import text_width
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.scene import (
    BandMark,
    BarMark,
    CellMark,
    CircleMark,
    Floats,
    LineMark,
    Mark,
    PointMark,
    PolygonMark,
    RuleMark,
    TextMark,
)

_MANY: Final = 50_000
_STEPS: Final = 12


def ink(frame: Frame, marks: Sequence[Mark]) -> dict[str, Floats]:
    """Give samples of everything drawn as page coordinates "x" and "y"."""
    parts = [_ink(frame, mark) for mark in marks] or [np.empty((2, 0))]
    x, y = np.concatenate(parts, axis=1)
    known = ~(np.isnan(x) | np.isnan(y))
    return {"x": x[known], "y": y[known]}


def _ink(frame: Frame, mark: Mark) -> Floats:
    match mark:
        case LineMark():
            return _path(frame.page_x(mark.x), frame.page_y(mark.y), mark.starts)
        case BandMark():
            return _area(frame, mark)
        case PointMark() | PolygonMark():
            return np.stack([frame.page_x(mark.x), frame.page_y(mark.y)])
        case BarMark():
            edges = (frame.page_x(mark.left), frame.page_x(mark.right))
            return _boxes(*edges, frame.page_y(mark.bottom), frame.page_y(mark.top))
        case CellMark():
            x, y = frame.page_x(mark.x_edges[[0, -1]]), frame.page_y(mark.y_edges[[0, -1]])
            return _boxes(x[:1], x[1:], y[:1], y[1:], steps=60)
        case RuleMark():
            return _rules(frame, mark)
        case TextMark():
            return _texts(frame, mark)
        case CircleMark():
            return _rings(mark)


def _path(x: Floats, y: Floats, starts: np.ndarray) -> Floats:
    if len(x) < 2 or len(x) > _MANY:
        return np.stack([x, y])
    part = np.linspace(0, 1, _STEPS, endpoint=False)
    real = np.ones(len(x) - 1, dtype=np.bool_)
    inner = starts[1:-1]
    real[inner[(inner > 0) & (inner < len(x))] - 1] = False
    along_x = x[:-1, None] + part * np.diff(x)[:, None]
    along_y = y[:-1, None] + part * np.diff(y)[:, None]
    return np.concatenate(
        [np.stack([along_x[real].ravel(), along_y[real].ravel()]), np.stack([x, y])], axis=1
    )


def _area(frame: Frame, mark: BandMark) -> Floats:
    x, lo, hi = frame.page_x(mark.x), frame.page_y(mark.lo), frame.page_y(mark.hi)
    part = np.linspace(0, 1, _STEPS)
    tall = lo[:, None] + part * (hi - lo)[:, None]
    return np.stack([np.repeat(x, _STEPS), tall.ravel()])


def _boxes(left: Floats, right: Floats, bottom: Floats, top: Floats, steps: int = 8) -> Floats:
    across, up = (part.ravel() for part in np.meshgrid(*[np.linspace(0, 1, steps)] * 2))
    x = left[:, None] + across * (right - left)[:, None]
    y = bottom[:, None] + up * (top - bottom)[:, None]
    return np.stack([x.ravel(), y.ravel()])


def _rules(frame: Frame, mark: RuleMark) -> Floats:
    part = np.linspace(0, 1, 100)
    rect = frame.rect
    x = np.concatenate(
        [np.repeat(frame.page_x(mark.x), 100), np.tile(rect.x + part * rect.width, len(mark.y))]
    )
    y = np.concatenate(
        [np.tile(rect.y + part * rect.height, len(mark.x)), np.repeat(frame.page_y(mark.y), 100)]
    )
    return np.stack([x, y])


def _texts(frame: Frame, mark: TextMark) -> Floats:
    widths = np.array([text_width(text, mark.size) for text in mark.texts])
    x, y = frame.page_x(mark.x), frame.page_y(mark.y)
    left = x if mark.align == "left" else x - widths / 2
    return _boxes(left, left + widths, y - mark.size / 2, y + mark.size / 2)


def _rings(mark: CircleMark) -> Floats:
    turns = np.linspace(0, 2 * np.pi, 72)
    x = mark.x[:, None] + mark.x_radius[:, None] * np.cos(turns)
    y = mark.y[:, None] + mark.y_radius[:, None] * np.sin(turns)
    return np.stack([x.ravel(), y.ravel()])
