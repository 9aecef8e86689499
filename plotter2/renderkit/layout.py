"""Where panels, axis texts, titles and captions stand on the page. Measures texts; knows nothing of data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Final, Literal

import numpy as np

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.facets import PanelGrid
from plotter2.renderkit.lettering import HALF_CAPITAL, text_height, text_width, wrapped
from plotter2.renderkit.scales import SLANT, share
from plotter2.renderkit.scene import Label, Rect, ScaledAxis
from plotter2.renderkit.view import MILLIMETRE

Axes = tuple[ScaledAxis, ScaledAxis]
TickPanel = Callable[[int, float, float], Axes]
"""Gives the axes, with ticks, of panel number i when it is so wide and so high."""

TICK_LENGTH: Final = 2.5
PAD: Final = 6.0
_GAP, _TEXT_GAP = 9.0, 5.0
_NARROWEST, _LOWEST = 24.0, 18.0
_ASCENT: Final = 0.76


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font sizes in points, chosen by the width of the plot."""

    title: float
    label: float
    tick: float
    strip: float
    legend: float
    caption: float


def fonts_for(width: float) -> Fonts:
    """Give sizes that read well from 90 mm (one column of a journal) to 160 mm and beyond."""
    part = float(np.clip((width / MILLIMETRE - 90) / 70, 0.0, 1.0))
    sizes = [(9.5, 11.0), (8.0, 9.0), (7.0, 8.0), (7.5, 8.5), (7.0, 8.0), (6.5, 7.0)]
    return Fonts(*(small + part * (large - small) for small, large in sizes))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be arranged: everything but the sizes of the panels.

    `side` is the room right of all panels, `beyond` the room that texts need at the right of each; `square` asks for
    panels in which so many units across and down are equally long, `least` for margins that are no narrower.
    """

    rect: Rect
    fonts: Fonts
    grid: PanelGrid
    ticks: TickPanel
    title: str
    caption: str
    x_label: str
    y_label: str
    shared: tuple[bool, bool]
    side: float = 0.0
    beyond: float = 0.0
    square: tuple[int, int] | None = None
    least: Margins | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The panels' rectangles and axes, the area they fill together, and all texts outside them.

    `side_left` is where the room beside the panels begins, `margins` what stands around all panels needs.
    """

    area: Rect
    rects: tuple[Rect, ...]
    axes: tuple[Axes, ...]
    labels: tuple[Label, ...]
    side_left: float
    margins: Margins


@dataclass(frozen=True, slots=True)
class Margins:
    """What stands around the panels needs so much room; `across` and `down` between them."""

    left: float
    right: float
    bottom: float
    top: float
    across: float
    down: float

    def widened(self, least: Margins) -> Margins:
        """Give margins that are nowhere narrower than either."""
        return Margins(*map(max, astuple(self), astuple(least)))

    def holds(self, least: Margins) -> bool:
        """Tell whether the outer margins are as wide as that, within a tenth of a point."""
        own, other = astuple(self)[:4], astuple(least)[:4]
        return all(mine >= wanted - 0.1 for mine, wanted in zip(own, other, strict=True))


def arranged(plan: Plan) -> Arrangement:
    """Arrange a plot: ticks depend on sizes and sizes on tick texts, so three rounds are made.

    Raises RunError P2-R0667 when panels become too small to read.
    """
    margins = Margins(40, PAD, 34, PAD, _GAP, _GAP)
    area, rects = _split(plan, margins)
    axes = _ticked(plan, rects)
    own = margins
    for _ in range(3):
        own = margins = _measured(plan, rects, axes)
        if plan.least is not None:
            margins = margins.widened(plan.least)
        area, rects = _split(plan, margins)
        axes = _ticked(plan, rects)
    # Where other plots need more room, the titles of the axes stay beside their axes all the same.
    spare = margins.left - own.left, margins.bottom - own.bottom
    titles = _axis_titles(plan, area, rects, axes, spare)
    labels = [*_headings(plan), *titles, *_strips(plan, rects)]
    for rect, (x, y) in zip(rects, axes, strict=True):
        labels += _tick_texts(rect, x, y, plan.fonts.tick)
    right = max(rect.right for rect in rects)
    side_left = right + plan.rect.right - PAD - plan.side - area.right - (margins.right - own.right)
    return Arrangement(area, rects, axes, tuple(labels), side_left, margins)


def _split(plan: Plan, margins: Margins) -> tuple[Rect, tuple[Rect, ...]]:
    rect, grid = plan.rect, plan.grid
    area = Rect(
        rect.x + margins.left,
        rect.y + margins.bottom,
        rect.width - margins.left - margins.right,
        rect.height - margins.bottom - margins.top,
    )
    width = (area.width - margins.across * (grid.columns - 1)) / grid.columns
    height = (area.height - margins.down * (grid.rows - 1)) / grid.rows
    if width < _NARROWEST or height < _LOWEST:
        shown = f"{rect.width / MILLIMETRE:.0f} mm x {rect.height / MILLIMETRE:.0f} mm"
        message = f"a frame of {shown} is too small for {len(grid.cells)} panel(s) with their texts"
        remedy = "give frame(size=[...]) more room, or make fewer panels"
        raise undrawable("P2-R0667", message, "frame", remedy)
    if plan.square is not None:
        unit = min(width / plan.square[0], height / plan.square[1])
        width, height = unit * plan.square[0], unit * plan.square[1]
    rects = tuple(
        Rect(
            area.x + cell.column * (width + margins.across),
            area.top - (cell.row + 1) * height - cell.row * margins.down,
            width,
            height,
        )
        for cell in grid.cells
    )
    return area, rects


def _ticked(plan: Plan, rects: Sequence[Rect]) -> tuple[Axes, ...]:
    axes = []
    for panel, rect in enumerate(rects):
        x, y = plan.ticks(panel, rect.width, rect.height)
        lowest, first = plan.grid.is_lowest(panel), plan.grid.cells[panel].column == 0
        x = replace(x, labelled=lowest or not plan.shared[0])
        y = replace(y, labelled=first or not plan.shared[1])
        axes.append((x, y))
    return tuple(axes)


def _measured(plan: Plan, rects: Sequence[Rect], axes: Sequence[Axes]) -> Margins:
    fonts, grid = plan.fonts, plan.grid
    y_texts = max((_widest(y, fonts.tick) for _, y in axes), default=0.0)
    x_texts = max((_tallest(x, fonts.tick) for x, _ in axes), default=0.0)
    before, beyond = _overhang(rects, axes, fonts.tick)
    beyond = max(beyond, plan.beyond)
    wrapped_strips = any(cell.above and cell.row > 0 for cell in grid.cells)
    strip = 1.5 * fonts.strip if any(cell.above for cell in grid.cells) else 0.0
    factor = 1.5 * fonts.tick if any(y.factor and y.labelled for _, y in axes) else 0.0
    outer_y = TICK_LENGTH + 3 + y_texts
    outer_x = TICK_LENGTH + 3 + x_texts
    factor_x = any(x.factor and x.labelled for x, _ in axes)
    x_title = (
        text_height(_x_label(plan), fonts.label) + _TEXT_GAP if plan.x_label or factor_x else 0.0
    )
    y_title = text_height(_y_label(plan), fonts.label) + _TEXT_GAP if plan.y_label else 0.0
    beside = 1.6 * fonts.strip if any(cell.beside for cell in grid.cells) else 0.0
    return Margins(
        left=max(PAD + y_title + outer_y, PAD + before),
        right=PAD + max(beyond - (beside + plan.side), plan.beyond) + beside + plan.side,
        bottom=PAD + _caption_height(plan) + x_title + outer_x,
        top=PAD + _title_height(plan) + strip + factor,
        across=max(_GAP, before + beyond + 4 if plan.shared[1] else outer_y + beyond + _GAP),
        down=_GAP
        + (strip if wrapped_strips else 0.0)
        + (0.0 if plan.shared[0] else outer_x)
        + (factor if not plan.shared[1] else 0.0),
    )


def _widest(axis: ScaledAxis, size: float) -> float:
    if not axis.labelled:
        return 0.0
    return max((text_width(tick.text, size) for tick in axis.ticks), default=0.0)


def _tallest(axis: ScaledAxis, size: float) -> float:
    if not axis.labelled:
        return 0.0
    if axis.angle:
        turn = np.deg2rad(axis.angle)
        return float(_widest(axis, size) * np.sin(turn) + size * np.cos(turn))
    return max((text_height(tick.text, size) for tick in axis.ticks), default=0.0)


def _overhang(rects: Sequence[Rect], axes: Sequence[Axes], size: float) -> tuple[float, float]:
    """How far tick texts of the x axes reach beyond the left and the right edges of their panels."""
    before = beyond = 0.0
    for rect, (x, _) in zip(rects, axes, strict=True):
        if not x.labelled or not x.ticks:
            continue
        places = share(x, np.array([tick.at for tick in x.ticks])) * rect.width
        widths = np.array([text_width(tick.text, size) for tick in x.ticks])
        reach = widths * np.cos(np.deg2rad(SLANT)) if x.angle else widths / 2
        before = max(before, float((reach - places).max()))
        if not x.angle:
            beyond = max(beyond, float((places + reach - rect.width).max()))
    return before, beyond


def _title_height(plan: Plan) -> float:
    return text_height(_title(plan), plan.fonts.title) + 8.0 if plan.title else 0.0


def _title(plan: Plan) -> str:
    return wrapped(plan.title, plan.rect.width - 2 * PAD, plan.fonts.title, bold=True)


def _caption(plan: Plan) -> str:
    return wrapped(plan.caption, plan.rect.width - 2 * PAD, plan.fonts.caption)


def _caption_height(plan: Plan) -> float:
    return text_height(_caption(plan), plan.fonts.caption) + 6.0 if plan.caption else 0.0


def _headings(plan: Plan) -> list[Label]:
    labels = []
    left = plan.rect.x + PAD
    if plan.title:
        top = plan.rect.top - PAD
        labels.append(
            Label(
                "title",
                _title(plan),
                left,
                top,
                plan.fonts.title,
                palettes.INK,
                valign="top",
                bold=True,
            )
        )
    if plan.caption:
        low = plan.rect.y + PAD
        labels.append(
            Label(
                "caption",
                _caption(plan),
                left,
                low,
                plan.fonts.caption,
                palettes.FAINT_INK,
                valign="bottom",
            )
        )
    return labels


def _axis_titles(
    plan: Plan,
    area: Rect,
    rects: Sequence[Rect],
    axes: Sequence[Axes],
    spare: tuple[float, float],
) -> list[Label]:
    labels, size = [], plan.fonts.label
    low = plan.rect.y + PAD + _caption_height(plan) + spare[1]
    lowest, right = min(rect.y for rect in rects), max(rect.right for rect in rects)
    used = Rect(area.x, lowest, right - area.x, area.top - lowest)
    low += lowest - area.y
    if plan.x_label:
        middle = used.x + used.width / 2
        labels.append(
            Label("x label", _x_label(plan), middle, low, size, palettes.INK, "center", "bottom")
        )
    if plan.y_label:
        left, middle = plan.rect.x + PAD + spare[0], used.y + used.height / 2
        labels.append(
            Label(
                "y label", _y_label(plan), left, middle, size, palettes.INK, "left", "center", 90.0
            )
        )
    tick = plan.fonts.tick
    for rect, (x, y) in zip(rects, axes, strict=True):
        if x.factor and x.labelled:
            labels.append(
                Label(
                    "x tick", x.factor, rect.right, low, tick, palettes.SOFT_INK, "right", "bottom"
                )
            )
        if y.factor and y.labelled:
            labels.append(
                Label(
                    "y tick",
                    y.factor,
                    rect.x,
                    rect.top + 3,
                    tick,
                    palettes.SOFT_INK,
                    "left",
                    "bottom",
                )
            )
    return labels


def _x_label(plan: Plan) -> str:
    return wrapped(plan.x_label, 0.7 * plan.rect.width, plan.fonts.label)


def _y_label(plan: Plan) -> str:
    return wrapped(plan.y_label, 0.8 * plan.rect.height, plan.fonts.label)


def _strips(plan: Plan, rects: Sequence[Rect]) -> list[Label]:
    labels, size = [], plan.fonts.strip
    for rect, cell in zip(rects, plan.grid.cells, strict=True):
        if cell.above:
            text = _shortened(cell.above, rect.width, size)
            middle = rect.x + rect.width / 2
            labels.append(Label("strip", text, middle, rect.top + 4, size, palettes.INK, "center"))
        if cell.beside:
            text = _shortened(cell.beside, rect.height, size)
            middle = rect.y + rect.height / 2
            labels.append(
                Label(
                    "strip",
                    text,
                    rect.right + 4,
                    middle,
                    size,
                    palettes.INK,
                    "left",
                    "center",
                    270.0,
                )
            )
    return labels


def _shortened(text: str, room: float, size: float) -> str:
    """Keep both ends of a panel's name that has no room: names of one family differ at the end."""
    text = wrapped(text, 1e9, size).replace("\n", " ")
    kept = len(text)
    while kept > 4 and text_width(text, size) > room:
        kept -= 1
        text = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) + 1 :]}"
    return text


def _tick_texts(rect: Rect, x: ScaledAxis, y: ScaledAxis, size: float) -> list[Label]:
    labels = []
    if x.labelled:
        places = rect.x + share(x, np.array([tick.at for tick in x.ticks])) * rect.width
        align: Literal["right", "center"] = "right" if x.angle else "center"
        low = rect.y - TICK_LENGTH - 3
        # Level texts share a base line, whatever letters they have; slanted ones hang from the tick.
        valign: Literal["top", "baseline"]
        low, valign = (low, "top") if x.angle else (low - _ASCENT * size, "baseline")
        for place, tick in zip(places.tolist(), x.ticks, strict=True):
            labels.append(
                Label(
                    "x tick", tick.text, place, low, size, palettes.SOFT_INK, align, valign, x.angle
                )
            )
    if y.labelled:
        places = rect.y + share(y, np.array([tick.at for tick in y.ticks])) * rect.height
        left = rect.x - TICK_LENGTH - 2
        for place, tick in zip(places.tolist(), y.ticks, strict=True):
            low = place - HALF_CAPITAL * size
            labels.append(Label("y tick", tick.text, left, low, size, palettes.SOFT_INK, "right"))
    return labels
