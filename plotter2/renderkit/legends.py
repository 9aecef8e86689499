"""What the legend says, how large it is, and where it covers no data. Colour bars too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np

from plotter2.renderkit import palettes
from plotter2.renderkit.colouring import ColourScale, Painted, series_name
from plotter2.renderkit.lettering import HALF_CAPITAL, text_height, text_width, wrapped
from plotter2.renderkit.numbers import level_text
from plotter2.renderkit.pieces import SHAPES, diameter_samples
from plotter2.renderkit.scales import AxisRoom, share, ticked
from plotter2.renderkit.scene import ColourBar, Key, Label, LegendBox, Rect, ScaledAxis, Shape
from plotter2.renderkit.sources import Source
from plotter2.renderkit.view import Legend

_NO_RECT: Final = Rect(0, 0, 0, 0)
_KEY_WIDTH, _KEY_GAP, _PAD, _BLOCK_GAP = 15.0, 5.0, 5.0, 6.0
_BAR_WIDTH, _BAR_LENGTH, _BAR_GAP = 9.0, 170.0, 4.0
_ROW: Final = 1.5


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the legend with a title: texts with their keys."""

    title: str
    rows: tuple[tuple[str, Key], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A colour bar to come: its title, colours and axis."""

    title: str
    palette: tuple[str, ...]
    axis: ScaledAxis


def blocks_of(
    sources: Sequence[Source],
    paints: Sequence[Painted],
    scales: Sequence[ColourScale],
    legend: Legend,
) -> list[Block]:
    """Give the parts of the legend: each colour column, each series, shapes and sizes. Nothing is said twice."""
    blocks = [
        block
        for scale in scales
        if scale.domain is None
        for block in [_colour_block(scale, sources, paints)]
        if len(block.rows) > 1 or legend.title
    ]
    blocks += _series_blocks(sources, paints)
    coloured = {scale.column for scale in scales}
    for source, paint in zip(sources, paints, strict=True):
        if source.layer.channels.get("shape") not in {None, *coloured}:
            blocks.append(_shape_block(source))
        if "size" in source.numbers:
            blocks.append(_size_block(source, paint))
    unique = list({(b.title, tuple(text for text, _ in b.rows)): b for b in blocks}.values())
    if unique and legend.title is not None:
        unique[0] = replace(unique[0], title=legend.title)
    return unique


def bars_of(
    sources: Sequence[Source],
    scales: Sequence[ColourScale],
    legend: Legend,
    fill: tuple[tuple[str, ...], tuple[float, float]] | None,
) -> list[Bar]:
    """Give the colour bars: of every gradient of numbers and of the fill."""
    bars = [
        Bar(scale.column, scale.palette, ScaledAxis("log" if scale.log else "linear", scale.domain))
        for scale in scales
        if scale.domain is not None
    ]
    filled = [source.layer.channels["fill"] for source in sources if "fill" in source.numbers]
    if fill is not None and filled:
        palette, domain = fill
        bars.append(Bar(filled[0], palette, ScaledAxis("linear", domain)))
    if bars and legend.title is not None:
        bars[0] = replace(bars[0], title=legend.title)
    return bars


def _colour_block(
    scale: ColourScale, sources: Sequence[Source], paints: Sequence[Painted]
) -> Block:
    using = [s for s, paint in zip(sources, paints, strict=True) if paint.scale is scale]
    rows = []
    for place, (level, colour) in enumerate(zip(scale.levels, scale.palette, strict=True)):
        key = Key(_NO_RECT, colour)
        for source in using:
            shapes = source.layer.channels.get("shape") == scale.column
            key = _with_mark(key, source, SHAPES[place % len(SHAPES)] if shapes else "circle")
        rows.append((level_text(level), key))
    return Block(scale.column, tuple(rows))


def _with_mark(key: Key, source: Source, shape: Shape = "circle") -> Key:
    match source.layer.kind:
        case "line":
            return replace(key, line=max(source.number_option("width", 1.2), 1.4))
        case "band":
            return replace(key, area=source.number_option("alpha", 0.25))
        case "bar":
            over_each_other = "width" in source.numbers and "colour" in source.layer.channels
            return replace(key, area=source.number_option("alpha", 0.6 if over_each_other else 1.0))
        case "point":
            plain = cast(Shape, source.layer.options.get("marker", shape))
            return replace(key, shape=plain if shape == SHAPES[0] else shape, size=5.5)
        case "box":
            return replace(key, area=0.35)
        case "polygon":
            return replace(key, area=source.number_option("alpha", 0.25))
        case "circle" if key.shape is None:
            return replace(key, area=max(source.number_option("alpha", 0.12), 0.25))
    return key


_SERIES = ("line", "point", "bar", "band", "box", "polygon")


def _series_blocks(sources: Sequence[Source], paints: Sequence[Painted]) -> list[Block]:
    keys: dict[str, Key] = {}
    labelled = False
    for source, paint in zip(sources, paints, strict=True):
        if paint.scale is not None or source.layer.kind not in _SERIES:
            continue
        label = source.layer.options.get("label")
        if source.layer.kind == "band" and not label:
            continue
        name = series_name(source)
        labelled = labelled or bool(label)
        key = _with_mark(keys.get(name, Key(_NO_RECT, paint.palette[0])), source)
        if source.layer.kind == "line":
            key = replace(key, alpha=source.number_option("alpha", 1.0))
        keys[name] = key
    if len(keys) < 2 and not labelled:
        return []
    return [Block("", tuple(keys.items()))]


def _shape_block(source: Source) -> Block:
    levels = source.keys["shape"].levels
    rows = [
        (level_text(level), Key(_NO_RECT, palettes.SOFT_INK, shape=SHAPES[place], size=5.5))
        for place, level in enumerate(levels)
    ]
    return Block(source.layer.channels["shape"], tuple(rows))


def _size_block(source: Source, paint: Painted) -> Block:
    colour = palettes.SOFT_INK if paint.codes is not None else paint.palette[0]
    rows = [
        (text, Key(_NO_RECT, colour, shape="circle", size=diameter))
        for text, diameter in diameter_samples(source.numbers["size"])
    ]
    return Block(source.layer.channels["size"], tuple(rows))


@dataclass(frozen=True, slots=True)
class LegendPlan:
    """A legend measured but not yet placed."""

    blocks: tuple[Block, ...]
    size: float
    width: float
    height: float

    def placed(self, left: float, top: float, framed: bool) -> LegendBox:
        """Give the legend with its upper left corner at (left, top)."""
        keys: list[Key] = []
        labels: list[Label] = []
        y = top - _PAD
        for block in self.blocks:
            y = self._placed_block(block, left + _PAD, y, keys, labels) - _BLOCK_GAP
        rect = Rect(left, top - self.height, self.width, self.height)
        return LegendBox(rect, tuple(keys), tuple(labels), framed)

    def _placed_block(
        self, block: Block, left: float, y: float, keys: list[Key], labels: list[Label]
    ) -> float:
        if block.title:
            title = Label("legend", block.title, left, y, self.size, palettes.INK, valign="top")
            labels.append(title)
            y -= text_height(block.title, self.size) + 0.45 * self.size
        for text, key in block.rows:
            height = _row_height(text, self.size)
            middle = y - height / 2
            rect = Rect(left, middle - 0.5 * self.size, _KEY_WIDTH, self.size)
            keys.append(replace(key, rect=rect))
            x = left + _KEY_WIDTH + _KEY_GAP
            labels.append(_beside(text, x, middle, self.size))
            y -= height
        return y


def _beside(text: str, x: float, middle: float, size: float) -> Label:
    """Give a text whose capitals stand at the height of its key."""
    if "\n" in text:
        return Label("legend", text, x, middle, size, palettes.SOFT_INK, valign="center")
    return Label("legend", text, x, middle - HALF_CAPITAL * size, size, palettes.SOFT_INK)


def _row_height(text: str, size: float) -> float:
    return text_height(text, size) + (_ROW - 1.0) * size


def planned(blocks: Sequence[Block], size: float, widest: float) -> LegendPlan | None:
    """Measure the legend; texts wider than `widest` points are broken into lines. None when there is nothing to say."""
    if not blocks:
        return None
    room = widest - 2 * _PAD
    broken = tuple(
        Block(
            wrapped(block.title, room, size),
            tuple((wrapped(t, room - _KEY_WIDTH - _KEY_GAP, size), k) for t, k in block.rows),
        )
        for block in blocks
    )
    width = max(
        [text_width(block.title, size) for block in broken]
        + [_KEY_WIDTH + _KEY_GAP + text_width(t, size) for block in broken for t, _ in block.rows]
    )
    height = sum(
        (text_height(block.title, size) + 0.45 * size if block.title else 0.0)
        + sum(_row_height(text, size) for text, _ in block.rows)
        for block in broken
    )
    height += _BLOCK_GAP * (len(broken) - 1)
    return LegendPlan(broken, size, width + 2 * _PAD, height + 2 * _PAD)


@dataclass(frozen=True, slots=True)
class BarPlan:
    """A colour bar measured but not yet placed."""

    bar: Bar
    size: float
    width: float
    length: float

    @property
    def height(self) -> float:
        """The height with the title."""
        return self.length + text_height(self.bar.title, self.size) + 0.6 * self.size

    def placed(self, left: float, top: float) -> ColourBar:
        """Give the bar with the upper left corner of its title at (left, top)."""
        title = Label("legend", self.bar.title, left, top, self.size, palettes.INK, valign="top")
        axis = _bar_axis(self.bar, self.length, self.size)
        rect = Rect(left, top - self.height, _BAR_WIDTH, self.length)
        shares = share(axis, np.array([tick.at for tick in axis.ticks]))
        ticks = tuple((rect.y + shares * rect.height).tolist())
        labels = [title]
        for y, tick in zip(ticks, axis.ticks, strict=True):
            text = _beside(tick.text, rect.right + _BAR_GAP, y, self.size - 0.5)
            labels.append(text)
        return ColourBar(rect, self.bar.palette, ticks, tuple(labels))


def _bar_axis(bar: Bar, length: float, size: float) -> ScaledAxis:
    return ticked(bar.axis, AxisRoom(length, size, upright=True))


def planned_bar(bar: Bar, size: float, room: tuple[float, float]) -> BarPlan:
    """Measure a colour bar that may take `room` (widest, longest) points."""
    length = min(_BAR_LENGTH, room[1] - 3 * size)
    axis = _bar_axis(bar, length, size)
    factor = f" ({axis.factor})" if axis.factor else ""
    title = wrapped(bar.title + factor, room[0], size)
    texts = max((text_width(tick.text, size - 0.5) for tick in axis.ticks), default=0.0)
    width = max(text_width(title, size), _BAR_WIDTH + _BAR_GAP + texts)
    return BarPlan(replace(bar, title=title), size, width, length)


def free_corner(
    plan: LegendPlan, rect: Rect, taken: Mapping[str, np.ndarray]
) -> tuple[float, float] | None:
    """Give the upper left corner of a place for the legend in a corner of the panel that covers no data, or None.

    `taken` holds page coordinates ("x", "y") of samples of everything drawn.
    """
    if plan.width > 0.5 * rect.width or plan.height > 0.65 * rect.height:
        return None
    for at in ("upper right", "upper left", "lower right", "lower left"):
        left, top = corner(plan, rect, at)
        within = (
            (taken["x"] > left - 3)
            & (taken["x"] < left + plan.width + 3)
            & (taken["y"] > top - plan.height - 3)
            & (taken["y"] < top + 3)
        )
        if not within.any():
            return left, top
    return None


def corner(plan: LegendPlan, rect: Rect, at: str) -> tuple[float, float]:
    """Give the upper left corner of the legend for a named corner of the panel."""
    gap = 4.0
    left = rect.x + gap if at.endswith("left") else rect.right - plan.width - gap
    top = rect.top - gap if at.startswith("upper") else rect.y + plan.height + gap
    return left, top
