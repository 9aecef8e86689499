"""Which colour each row gets: one scale for each colour column of the view, the same in all its layers and panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.grouping import Level, merged
from plotter2.renderkit.scales import extent_of, spread
from plotter2.renderkit.scene import Codes, Floats
from plotter2.renderkit.sources import FEW_COLOURS, FEW_COLOURS_LOG, Source
from plotter2.renderkit.view import Gradient

_LOG_RATIO: Final = 30.0


@dataclass(frozen=True, slots=True)
class ColourScale:
    """The colours of one column: one for each level, or (when `domain` is set) a gradient over numbers."""

    column: str
    levels: tuple[Level, ...]
    palette: tuple[str, ...]
    domain: tuple[float, float] | None = None
    log: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The colours of one layer: row i has palette[codes[i]]; codes None is palette[0] for all rows; -1 is null."""

    palette: tuple[str, ...]
    codes: Codes | None = None
    scale: ColourScale | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a view chooses its colours from: a gradient for numbers, a palette for the rest; `own` tells whose it is."""

    gradient: Gradient
    palette: tuple[str, ...]
    own: bool

    def fits(self, levels: Sequence[Level]) -> bool:
        """Tell whether numbers of these values get colours of the palette."""
        return self.own and len(levels) <= len(self.palette)


def painted(
    sources: Sequence[Source], gradient: Gradient, palette: Sequence[str] = ()
) -> tuple[list[Painted], list[ColourScale]]:
    """Give the colours of every layer and the colour scales in order of first use; without a palette it is ours.

    Raises RunError P2-R0662 when text has more categories than can be told apart.
    """
    own = tuple(palettes.colour(text, "palette") for text in palette)
    choice = _Choice(gradient, own or palettes.CATEGORIES, bool(own))
    scales: dict[str, ColourScale] = {}
    codes: dict[int, Codes] = {}
    users = _users(sources)
    for column in dict.fromkeys(users.values()):
        mine = [source for source in sources if users.get(source.index) == column]
        scales[column], parts = _scaled(column, mine, choice)
        codes.update(zip((source.index for source in mine), parts, strict=True))
    series = _series_colours(sources, users, choice.palette)
    layers = [
        Painted(scales[users[s.index]].palette, codes[s.index], scales[users[s.index]])
        if s.index in users
        else _plain(s, series, choice.palette[0])
        for s in sources
    ]
    return layers, list(scales.values())


def _users(sources: Sequence[Source]) -> dict[int, str]:
    users = {
        s.index: s.layer.channels["colour"]
        for s in sources
        if "colour" in s.layer.channels and s.layer.kind != "text"
    }
    for s in sources:
        if s.layer.kind == "circle" and s.index not in users and "colour" not in s.layer.options:
            around = s.layer.channels.get("around")
            if around in users.values():
                users[s.index] = str(around)
    return users


def _scaled(
    column: str, sources: Sequence[Source], choice: _Choice
) -> tuple[ColourScale, list[Codes]]:
    """Give the scale of a column and the codes of its layers' rows."""
    gradient, most = choice.gradient, len(choice.palette)
    if any(_channel(source) not in source.keys for source in sources):
        return _shaded(column, sources, gradient)
    levels, parts = merged([source.keys[_channel(source)] for source in sources])
    if not levels or any(isinstance(level, (str, bool)) for level in levels):
        if len(levels) > most:
            told = (
                f"the palette has {most} colours"
                if choice.own
                else f"at most {most} can be told apart"
            )
            message = f"colour={column} has {len(levels)} categories; {told}"
            remedy = (
                f"keep fewer, draw a panel for each with facet, or use by={column} without colours"
            )
            raise undrawable("P2-R0662", message, sources[0].where, remedy)
        return ColourScale(column, levels, choice.palette[: len(levels)]), parts
    if len(levels) == 1 or choice.fits(levels):
        return ColourScale(column, levels, choice.palette[: len(levels)]), parts
    if len(levels) <= (FEW_COLOURS_LOG if _is_log(np.array(levels, np.float64)) else FEW_COLOURS):
        shades = palettes.gradient(gradient.name, len(levels), readable=True)
        return ColourScale(column, levels, shades), parts
    return _shaded(column, sources, gradient)


def _channel(source: Source) -> str:
    return "colour" if "colour" in source.layer.channels else "around"


def _shaded(
    column: str, sources: Sequence[Source], gradient: Gradient
) -> tuple[ColourScale, list[Codes]]:
    """Give a gradient over the numbers of a column."""
    numbers = [_numbers(source) for source in sources]
    sample = np.concatenate([part[:: max(1, len(part) // 4096)] for part in numbers])
    extents = [extent_of(part) for part in numbers]
    low, high = min(e.low for e in extents), max(e.high for e in extents)
    domain = _domain(gradient, low, high)
    log = min(low, domain[0]) > 0 and _is_log(np.sort(sample[~np.isnan(sample)]))
    scale = ColourScale(column, (), palettes.gradient(gradient.name, readable=True), domain, log)
    return scale, [palettes.shade_codes(part, domain, log) for part in numbers]


def _numbers(source: Source) -> Floats:
    if "colour" in source.numbers:
        return source.numbers["colour"]
    key = source.keys[_channel(source)]
    return np.array([*key.levels, np.nan], dtype=np.float64)[key.codes]


def _is_log(rising: Floats) -> bool:
    """Whether values crowd near the low end as learning rates do, so that only their logarithms are even."""
    if rising[0] <= 0 or rising[-1] < _LOG_RATIO * rising[0]:
        return False
    return bool(np.median(rising) < 0.25 * rising[-1])


def _series_colours(
    sources: Sequence[Source], users: Mapping[int, str], palette: Sequence[str]
) -> dict[str, str]:
    """One colour for each y column that is drawn without a colour column, in order of appearance."""
    plain = [s for s in sources if s.index not in users and "colour" not in s.layer.options]
    names = dict.fromkeys(series_name(s) for s in plain if s.layer.kind in ("line", "point", "bar"))
    bands = dict.fromkeys(series_name(s) for s in plain if s.layer.kind == "band")
    colours = {name: palette[place % len(palette)] for place, name in enumerate(names)}
    for place, band in enumerate(bands):
        partner = list(names)[place] if place < len(names) else None
        own = palette[(len(names) + place) % len(palette)]
        colours.setdefault(band, colours[partner] if partner is not None else own)
    return colours


def series_name(source: Source) -> str:
    """Name what a layer without a colour column shows: its label, else its y column (or lo, for a band)."""
    label = source.layer.options.get("label")
    if isinstance(label, str) and label:
        return label
    return source.layer.channels.get("y") or source.layer.channels.get("lo", "")


def _plain(source: Source, series: Mapping[str, str], first: str) -> Painted:
    given = source.layer.options.get("colour")
    if given is not None:
        return Painted((palettes.colour(str(given), source.where),))
    if source.layer.kind in ("text", "rule", "circle"):
        return Painted((palettes.INK if source.layer.kind == "text" else palettes.SOFT_INK,))
    return Painted((series.get(series_name(source), first),))


def fill_domain(sources: Sequence[Source], gradient: Gradient) -> tuple[float, float] | None:
    """Give the range of all fills of the view; None when nothing is filled.

    Raises RunError P2-R0669 for a domain that does not rise.
    """
    fills = [source.numbers["fill"] for source in sources if "fill" in source.numbers]
    if not fills:
        return None
    extents = [extent_of(fill) for fill in fills]
    return _domain(gradient, min(e.low for e in extents), max(e.high for e in extents))


def _domain(gradient: Gradient, low: float, high: float) -> tuple[float, float]:
    if gradient.domain is None:
        return spread(low, high) if low <= high else (0.0, 1.0)
    low, high = gradient.domain
    if not (np.isfinite([low, high]).all() and low < high):
        message = f"the domain {low} to {high} of the gradient does not rise"
        raise undrawable(
            "P2-R0669", message, "gradient", "give two finite numbers, the smaller first"
        )
    return low, high
