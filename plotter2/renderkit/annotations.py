"""One layer within one panel, from rows to marks: texts and circles, which explain other marks (see `pieces`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.colouring import Painted
from plotter2.renderkit.grouping import Rows, combined, partition
from plotter2.renderkit.lettering import printable, text_width
from plotter2.renderkit.numbers import level_text
from plotter2.renderkit.pieces import Drawn, Frame
from plotter2.renderkit.scales import Extent, backward, extent_of, forward
from plotter2.renderkit.scene import CircleMark, Codes, Counts, Floats, TextMark
from plotter2.renderkit.sources import Source

MOST_TEXTS: Final = 5000
_TEXT_SIZE, _SMALLEST_TEXT = 7.5, 3.5
_CIRCLE_WIDTH, _CIRCLE_ALPHA = 1.0, 0.12


@dataclass(frozen=True, slots=True, eq=False)
class TextPiece:
    """Texts at places; `cells` is the size of the categories they stand in (0 for numbers)."""

    source: Source
    x: Floats
    y: Floats
    texts: tuple[str, ...]
    colours: tuple[str, ...]
    at: str
    cells: tuple[int, int]
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover."""
        return extent_of(self.x), extent_of(self.y)

    def drawn(self, frame: Frame) -> Drawn:
        """Give the texts within the limits, small enough for the cells they stand in."""
        inside = frame.inside(self.x, self.y)
        shown = np.flatnonzero(inside).tolist()
        texts = tuple(self.texts[place] for place in shown)
        colours = tuple(self.colours[place] for place in shown)
        grouped = self.at != "data"
        x, y = self.x[inside], self.y[inside]
        if self.at == "end":
            x = backward(frame.x.scale, frame.x.constant, _nudged(frame, x))
        mark = TextMark(
            x, y, texts, colours, self._size(frame, texts), grouped or not all(self.cells),
            self.at == "centroid", "left" if self.at == "end" else "center",
        )  # fmt: skip
        valid = self.given - self.null
        outside = 0 if grouped else valid - len(texts)
        return Drawn((mark,), Counts(self.given, self.null, outside, 0, valid - outside))

    def overhang(self) -> float:
        """Give the room in points that texts at line ends need right of the panel."""
        if self.at != "end":
            return 0.0
        size = self.source.number_option("size", _TEXT_SIZE)
        return 3.0 + max((text_width(text, size) for text in self.texts), default=0.0)

    def _size(self, frame: Frame, texts: tuple[str, ...]) -> float:
        if "size" in self.source.layer.options or not all(self.cells):
            return self.source.number_option("size", _TEXT_SIZE)
        widest = max((text_width(text, 1.0) for text in texts), default=1.0)
        room_x = 0.86 * frame.rect.width / self.cells[0] / max(widest, 1e-6)
        room_y = 0.7 * frame.rect.height / self.cells[1]
        return max(_SMALLEST_TEXT, min(_TEXT_SIZE + 0.5, room_x, room_y))


def _nudged(frame: Frame, x: Floats) -> Floats:
    """Move places to the right by 3 points of the page, in the even space of the axis."""
    low, high = forward(frame.x.scale, frame.x.constant, np.array(frame.x.limits))
    moved: Floats = (
        forward(frame.x.scale, frame.x.constant, x) + (high - low) * 3.0 / frame.rect.width
    )
    return moved


def text_piece(source: Source, rows: Rows, paint: Painted, cells: tuple[int, int]) -> TextPiece:
    """Place texts at each row, or once for each label at the middle or the end of its rows.

    Raises RunError P2-R0665 (a colour column that names no colour) and P2-R0668 (too many texts).
    """
    at = str(source.layer.options.get("at", "data"))
    if at not in ("data", "centroid", "end"):
        remedy = "use data, centroid or end"
        raise undrawable("P2-R0660", f"at={at!r} is not known", source.where, remedy)
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    label = source.keys["label"].codes[rows]
    colour = (
        source.keys["colour"].codes[rows] if "colour" in source.keys else np.zeros(len(x), np.int32)
    )
    ok = ~(np.isnan(x) | np.isnan(y)) & (label >= 0) & (colour >= 0)
    given, null = len(x), int((~ok).sum())
    x, y, label, colour = x[ok], y[ok], label[ok], colour[ok]
    if at != "data":
        x, y, label, colour = _once_each(x, y, label, colour, at)
    if len(x) > MOST_TEXTS:
        message = f"{len(x)} texts in one panel; at most {MOST_TEXTS} are drawn"
        raise undrawable("P2-R0668", message, source.where, 'use at="centroid" or fewer rows')
    names = [printable(level_text(level)) for level in source.keys["label"].levels]
    return TextPiece(
        source, x, y, tuple(names[code] for code in label.tolist()),
        _text_colours(source, colour, paint), at, cells, given, null,
    )  # fmt: skip


def _once_each(
    x: Floats, y: Floats, label: Codes, colour: Codes, at: str
) -> tuple[Floats, Floats, Codes, Codes]:
    places = []
    for code, rows in partition(label, int(label.max(initial=-1)) + 1):
        if at == "centroid":
            places.append((x[rows].mean(), y[rows].mean(), code, colour[rows][0]))
        else:
            last = int(np.argmax(x[rows]))
            places.append((x[rows][last], y[rows][last], code, colour[rows][last]))
    parts: Any = np.array(places, dtype=np.float64).reshape(-1, 4).T
    return parts[0], parts[1], parts[2].astype(np.int32), parts[3].astype(np.int32)


def _text_colours(source: Source, codes: Codes, paint: Painted) -> tuple[str, ...]:
    if "colour" not in source.keys:
        return (paint.palette[0],) * len(codes)
    levels = [palettes.colour(level_text(c), source.where) for c in source.keys["colour"].levels]
    return tuple(levels[code] for code in codes.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class CirclePiece:
    """Circles around groups of points, or with given radii (data units along x and y)."""

    source: Source
    groups: tuple[tuple[Floats, Floats], ...]
    radii: Floats | None
    colours: tuple[str, ...]
    unit: tuple[float, float]
    given: int
    null: int

    def extents(self) -> tuple[Extent, Extent]:
        """Give what the axes must cover, judged by the spread of the data (or by equal units)."""
        x, y = Extent(), Extent()
        for place, (xs, ys) in enumerate(self.groups):
            across, down = self.unit
            middle_x, middle_y, radius = enclosing(xs / across, ys / down)
            radius = self._padded(radius)
            reach_x, reach_y = radius * across, radius * down
            if self.radii is not None:
                reach_x = reach_y = float(self.radii[place])
            centre_x, centre_y = middle_x * across, middle_y * down
            x = x | extent_of(np.array([centre_x - reach_x, centre_x + reach_x]))
            y = y | extent_of(np.array([centre_y - reach_y, centre_y + reach_y]))
        return x, y

    def _padded(self, radius: float) -> float:
        return radius * (1.0 + self.source.number_option("pad", 0.05))

    def drawn(self, frame: Frame) -> Drawn:
        """Give the circles, round on the page."""
        number = self.source.number_option
        rings = [self._ring(frame, place) for place in range(len(self.groups))]
        x, y, across, down = np.array(rings, dtype=np.float64).reshape(-1, 4).T
        mark = CircleMark(
            x, y, across, down, self.colours,
            number("width", _CIRCLE_WIDTH), number("alpha", _CIRCLE_ALPHA),
        )  # fmt: skip
        valid = self.given - self.null
        return Drawn((mark,), Counts(self.given, self.null, 0, 0, valid))

    def _ring(self, frame: Frame, place: int) -> tuple[float, float, float, float]:
        xs, ys = self.groups[place]
        if self.radii is None:
            x, y, radius = enclosing(frame.page_x(xs), frame.page_y(ys))
            reach = max(self._padded(radius), radius + 3.0)
            return x, y, reach, reach
        reach = float(self.radii[place])
        edges_x = frame.page_x(np.array([xs[0], xs[0] + reach]))
        edges_y = frame.page_y(np.array([ys[0], ys[0] + reach]))
        across, down = edges_x[1] - edges_x[0], abs(edges_y[1] - edges_y[0])
        return float(edges_x[0]), float(edges_y[0]), float(across), float(down)


def enclosing(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Give centre and radius of a circle around all points, at most about 1 % wider than the least one.

    Badoiu and Clarkson 2003: the centre walks towards the farthest point in ever smaller steps.
    """
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if not len(x):
        return float("nan"), float("nan"), 0.0
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outer = np.unique([int(np.argmax(x * np.cos(turn) + y * np.sin(turn))) for turn in turns])
    hull_x, hull_y = x[outer], y[outer]
    middle_x, middle_y = float(hull_x.mean()), float(hull_y.mean())
    for step in range(1, 200):
        far = int(np.argmax((hull_x - middle_x) ** 2 + (hull_y - middle_y) ** 2))
        middle_x += float(hull_x[far] - middle_x) / (step + 1)
        middle_y += float(hull_y[far] - middle_y) / (step + 1)
    radius = float(np.sqrt(((x - middle_x) ** 2 + (y - middle_y) ** 2).max()))
    return middle_x, middle_y, radius


def circle_piece(
    source: Source, rows: Rows, paint: Painted, unit: tuple[float, float]
) -> CirclePiece:
    """Take circles from rows; `unit` is what one data unit of x and of y is worth when no axes are known yet."""
    x, y = source.numbers["x"][rows], source.numbers["y"][rows]
    colour = np.zeros(len(x), np.int32) if paint.codes is None else paint.codes[rows]
    ok = ~(np.isnan(x) | np.isnan(y)) & (colour >= 0)
    if "radius" in source.numbers:
        radii = source.numbers["radius"][rows]
        chosen = np.flatnonzero(ok & ~np.isnan(radii)).tolist()
        groups = tuple((x[place : place + 1], y[place : place + 1]) for place in chosen)
        colours = tuple(paint.palette[colour[place]] for place in chosen)
        return CirclePiece(
            source, groups, radii[chosen], colours, unit, len(x), len(x) - len(chosen)
        )
    around = source.keys["around"]
    codes, count = combined([(around.codes[rows], len(around.levels))])
    codes = np.where(ok, codes, -1).astype(np.int32)
    parts = [members for _, members in partition(codes, count)]
    groups = tuple((x[members], y[members]) for members in parts)
    colours = tuple(paint.palette[int(colour[members][0])] for members in parts)
    null = int((codes < 0).sum())
    return CirclePiece(source, groups, None, colours, unit, len(x), null)
