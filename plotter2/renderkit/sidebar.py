"""Where the legend and the colour bars go: a free corner of the panel, a named corner, or beside the panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.colouring import ColourScale, Painted
from plotter2.renderkit.layout import PAD, Arrangement, fonts_for
from plotter2.renderkit.legends import (
    BarPlan,
    LegendPlan,
    bars_of,
    blocks_of,
    corner,
    free_corner,
    planned,
    planned_bar,
)
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.samples import ink
from plotter2.renderkit.scene import ColourBar, LegendBox, Mark, Rect
from plotter2.renderkit.sources import Source
from plotter2.renderkit.surfaces import Shading
from plotter2.renderkit.view import Place, View

_GAP: Final = 10.0
_WIDEST: Final = 0.3


@dataclass(frozen=True, slots=True)
class Placed:
    """Legends and colour bars with their places."""

    legends: tuple[LegendBox, ...]
    bars: tuple[ColourBar, ...]


@dataclass(frozen=True, slots=True)
class Sidebar:
    """The legend and the colour bars of a view, measured. Colour bars always stand beside the panels."""

    rect: Rect
    legend: LegendPlan | None
    bars: tuple[BarPlan, ...]
    at: Place

    @property
    def width(self) -> float:
        """The room needed beside the panels, with the gap."""
        widths = [bar.width for bar in self.bars]
        if self.legend is not None and self.at == "outside":
            widths.append(self.legend.width)
        return max(widths) + _GAP if widths else 0.0

    def all_outside(self) -> Sidebar:
        """Give the same with the legend beside the panels."""
        return replace(self, at="outside")

    def placed(
        self, arrangement: Arrangement, frames: Sequence[Frame], marks: Sequence[Sequence[Mark]]
    ) -> Placed | None:
        """Place everything; None when the best place would be a free corner and there is none."""
        left, y = arrangement.side_left + _GAP, arrangement.area.top
        legends: tuple[LegendBox, ...] = ()
        if self.legend is not None and self.at == "outside":
            y = min(self.rect.top - PAD, max(y, self.rect.y + PAD + self.legend.height))
            legends = (self.legend.placed(left, y, framed=False),)
            y -= self.legend.height + _GAP
        elif self.legend is not None:
            inside = self._inside(self.legend, frames, marks)
            if inside is None:
                return None
            legends = (inside,)
        bars = []
        for bar in self.bars:
            bars.append(bar.placed(left, y))
            y -= bar.height + _GAP
        return Placed(legends, tuple(bars))

    def _inside(
        self, legend: LegendPlan, frames: Sequence[Frame], marks: Sequence[Sequence[Mark]]
    ) -> LegendBox | None:
        if self.at != "best":
            left, top = corner(legend, _corner_rect(frames, self.at), self.at)
            return legend.placed(left, top, framed=True)
        if len(frames) > 1:
            return None
        place = free_corner(legend, frames[0].rect, ink(frames[0], marks[0]))
        return None if place is None else legend.placed(*place, framed=True)


def _corner_rect(frames: Sequence[Frame], at: Place) -> Rect:
    """The panel that stands in the named corner of all panels."""
    right, upper = at.endswith("right"), at.startswith("upper")
    rects = [frame.rect for frame in frames]
    return max(rects, key=lambda r: (r.y if upper else -r.y, r.x if right else -r.x))


def sidebar_for(
    view: View,
    sources: Sequence[Source],
    colours: tuple[Sequence[Painted], Sequence[ColourScale], Shading | None],
    rect: Rect,
) -> Sidebar:
    """Measure the legend and the colour bars of a view; raises RunError P2-R0667 when they are taller than it."""
    if not view.legend.show:
        return Sidebar(rect, None, (), view.legend.at)
    paints, scales, shading = colours
    fill = None if shading is None else (shading.palette, shading.domain)
    blocks = blocks_of(sources, paints, scales, view.legend)
    size, widest, tallest = (
        fonts_for(rect.width).legend,
        _WIDEST * rect.width,
        rect.height - 2 * PAD,
    )
    legend = planned(blocks, size, widest)
    if legend is not None and legend.height > tallest:
        legend = planned(blocks, size * 0.75, widest)
    if legend is not None and legend.height > tallest:
        message = "the legend is taller than the frame"
        raise undrawable("P2-R0667", message, "legend", "make the frame higher, or legend(false)")
    bars = bars_of(sources, scales, view.legend, fill)
    room = (rect.height - 2 * PAD) / max(len(bars), 1) - _GAP
    return Sidebar(
        rect,
        legend,
        tuple(planned_bar(bar, size, (widest, 0.75 * room)) for bar in bars),
        view.legend.at,
    )
