"""Layers that move: one piece for each moment, and what is drawn between two moments. Axes see all moments at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.annotations import TextPiece
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.grouping import Rows
from plotter2.renderkit.pieces import Drawn, Frame, Piece, PointPiece
from plotter2.renderkit.scales import Extent, backward, forward
from plotter2.renderkit.scene import (
    BandMark,
    Codes,
    Counts,
    Floats,
    LineMark,
    Mark,
    PointMark,
    ScaledAxis,
)
from plotter2.renderkit.sources import Source
from plotter2.renderkit.surfaces import RulePiece


@dataclass(frozen=True, slots=True, eq=False)
class MovingPiece:
    """One layer in one panel of a film: its piece at each moment (None: no row), and the rows without a moment."""

    pieces: tuple[Piece | None, ...]
    keys: tuple[Codes | None, ...]
    never: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover at any moment."""
        x, y = Extent(), Extent()
        for piece in self.pieces:
            if piece is not None:
                across, up = piece.extents()
                x, y = x | across, y | up
        return x, y

    def drawn(self, frame: Frame) -> Drawn:
        """Give the marks of all moments over each other, each row counted once."""
        parts = [piece.drawn(frame) for piece in self.pieces if piece is not None]
        marks = tuple(mark for part in parts for mark in part.marks)
        counts = sum((part.counts for part in parts), Counts(self.never, self.never, 0, 0, 0))
        return Drawn(marks, counts)

    def overhang(self) -> float:
        """Give how far texts reach over their places at any moment."""
        texts = [piece.overhang() for piece in self.pieces if isinstance(piece, TextPiece)]
        return max(texts, default=0.0)

    def at(self, moment: int, share: float, frame: Frame) -> tuple[Mark, ...]:
        """Give the marks at a moment, or (with a share above 0) on the way from it to the next one."""
        piece = self.pieces[moment]
        if share > 0:
            later = self.pieces[moment + 1]
            if isinstance(piece, RulePiece) and isinstance(later, RulePiece):
                piece = _rules_between(piece, later, share, frame)
            elif self.keys[moment] is not None or self.keys[moment + 1] is not None:
                return _points_between(
                    (piece, self.keys[moment]), (later, self.keys[moment + 1]), share, frame
                )
        return () if piece is None else piece.drawn(frame).marks


def moving_piece(source: Source, rows: Rows, make: Callable[[Rows], Piece]) -> MovingPiece:
    """Part the rows of a layer by moment. Raises RunError P2-R0672 when a key is not unique at a moment."""
    moments = source.layer.moments
    assert moments is not None
    places = np.arange(source.rows)[rows]
    codes = moments.codes[rows]
    order = np.argsort(codes, kind="stable")
    count = int(moments.codes.max(initial=-1)) + 1
    starts = np.searchsorted(codes[order], np.arange(count + 1))
    pieces: list[Piece | None] = []
    keys: list[Codes | None] = []
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        own = places[order[begin:end]]
        piece = make(own) if end > begin else None
        pieces.append(piece)
        keys.append(_keys_of(source, moments.keys, own, piece))
    return MovingPiece(tuple(pieces), tuple(keys), int(starts[0]))


def _keys_of(source: Source, keys: Codes | None, rows: Rows, piece: Piece | None) -> Codes | None:
    if keys is None or not isinstance(piece, PointPiece):
        return None
    own: Codes = keys[rows][piece.kept]
    known = own[own >= 0]
    if len(np.unique(known)) < len(known):
        raise undrawable(
            "P2-R0672",
            "two points of one picture have the same key",
            source.where,
            "choose a key that names each row once, or summarise first",
        )
    return own


# ---- between two moments -------------------------------------------------------------------------


def _rules_between(one: RulePiece, other: RulePiece, share: float, frame: Frame) -> RulePiece:
    if (len(one.x), len(one.y)) != (len(other.x), len(other.y)):
        return one
    return replace(
        one,
        x=_between(frame.x, one.x, other.x, share),
        y=_between(frame.y, one.y, other.y, share),
    )


def _between(axis: ScaledAxis, one: Floats, other: Floats, share: float) -> Floats:
    """Give places on the way, even along the axis as it is drawn."""
    start, end = (forward(axis.scale, axis.constant, part) for part in (one, other))
    return backward(axis.scale, axis.constant, start + (end - start) * share)


_Keyed = tuple[Piece | None, Codes | None]


def _points_between(one: _Keyed, other: _Keyed, share: float, frame: Frame) -> tuple[Mark, ...]:
    """Let points with a key glide; those without a partner fade away, or in."""
    (start, start_keys), (end, end_keys) = one, other
    first = start if isinstance(start, PointPiece) else None
    second = end if isinstance(end, PointPiece) else None
    marks: list[Mark] = []
    left = np.arange(0 if first is None else len(first.x))
    right = np.arange(0 if second is None else len(second.x))
    if first is not None and second is not None and start_keys is not None and end_keys is not None:
        _, here, there = np.intersect1d(
            np.where(start_keys < 0, -1, start_keys),
            np.where(end_keys < 0, -2, end_keys),
            return_indices=True,
        )
        marks += _glided(_some(first, here), _some(second, there), share, frame).drawn(frame).marks
        left, right = np.delete(left, here), np.delete(right, there)
    if first is not None and len(left):
        marks += _faded(_some(first, left).drawn(frame).marks, 1.0 - share)
    if second is not None and len(right):
        marks += _faded(_some(second, right).drawn(frame).marks, share)
    return tuple(marks)


def _some(piece: PointPiece, rows: NDArray[Any]) -> PointPiece:
    return replace(
        piece,
        x=piece.x[rows],
        y=piece.y[rows],
        codes=piece.codes[rows],
        sizes=None if piece.sizes is None else piece.sizes[rows],
        shapes=piece.shapes[rows],
        given=len(rows),
    )


def _glided(one: PointPiece, other: PointPiece, share: float, frame: Frame) -> PointPiece:
    sizes = one.sizes
    if one.sizes is not None and other.sizes is not None:
        sizes = one.sizes + (other.sizes - one.sizes) * share
    return replace(
        one,
        x=_between(frame.x, one.x, other.x, share),
        y=_between(frame.y, one.y, other.y, share),
        sizes=sizes,
    )


def _faded(marks: tuple[Mark, ...], share: float) -> list[Mark]:
    return [
        replace(mark, alpha=mark.alpha * share) for mark in marks if isinstance(mark, PointMark)
    ]


# ---- lines that grow -----------------------------------------------------------------------------


def reach(source: Source) -> Floats:
    """Give for each moment how far along x a growing layer has come."""
    moments = source.layer.moments
    assert moments is not None
    x, codes = source.numbers["x"], moments.codes
    known = (codes >= 0) & ~np.isnan(x)
    farthest = np.full(int(codes.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(farthest, codes[known], x[known])
    return np.maximum.accumulate(farthest)


def grown(marks: tuple[Mark, ...], until: float) -> tuple[Mark, ...]:
    """Give lines and bands as far as they have grown."""
    return tuple(_cut(mark, until) for mark in marks if isinstance(mark, LineMark | BandMark))


def _cut(mark: LineMark | BandMark, until: float) -> LineMark | BandMark:
    kept = mark.x <= until
    starts = np.concatenate(([0], np.cumsum(kept)))[mark.starts].astype(np.int32)
    if isinstance(mark, LineMark):
        return replace(mark, x=mark.x[kept], y=mark.y[kept], starts=starts)
    return replace(mark, x=mark.x[kept], lo=mark.lo[kept], hi=mark.hi[kept], starts=starts)
