"""Layers checked and resolved: every channel becomes an array of numbers or codes over the layer's rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.grouping import Keyed, combined, has_few_levels, keyed, merged
from plotter2.renderkit.numbers import level_text
from plotter2.renderkit.scene import Codes, Floats
from plotter2.renderkit.view import Column, Factor, Layer, View

MOST_CATEGORIES: Final = 1000
"""The most categories on one axis."""

MOST: Final = 1e200
"""The largest number on an axis; what is larger counts as infinite."""

FEW_COLOURS, FEW_COLOURS_LOG = 7, 12
"""Up to so many different numbers get a colour each (more when they are even only in their logarithms)."""

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "line": ("x", "y"),
    "band": ("x", "lo", "hi"),
    "point": ("x", "y"),
    "bar": ("x", "y"),
    "box": ("x", "y"),
    "polygon": ("x", "y"),
    "heatmap": ("x", "y", "fill"),
    "rule": (),
    "text": ("x", "y", "label"),
    "circle": ("x", "y"),
}
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "line": ("colour",),
    "band": ("colour",),
    "point": ("colour", "size", "shape"),
    "bar": ("colour", "width"),
    "box": ("colour",),
    "polygon": ("colour",),
    "heatmap": (),
    "rule": ("x", "y"),
    "text": ("colour",),
    "circle": ("colour", "around", "radius"),
}
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "line": ("alpha", "width", "colour", "label"),
    "band": ("alpha", "colour", "label"),
    "point": ("alpha", "size", "colour", "label", "marker"),
    "bar": ("alpha", "colour", "label"),
    "box": ("whiskers", "colour", "label"),
    "polygon": ("alpha", "width", "colour", "label"),
    "heatmap": (),
    "rule": ("alpha", "width", "colour", "x", "y"),
    "text": ("at", "size", "colour"),
    "circle": ("alpha", "width", "colour", "pad"),
}
_GROUPED: Final = ("line", "band", "polygon")
"""Marks of which each joins several rows: those of one colour and of equal `by`."""
_ON_Y: Final = ("y", "lo", "hi")
_MAY_BE_TEXT: Final = ("colour", "shape", "label", "around")


def place_of(index: int, layer: Layer) -> str:
    """Name a layer in a message: `layer 2 (band)`."""
    return f"layer {index + 1} ({layer.kind})"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One layer over all its rows.

    `numbers` holds the channels that are places or amounts, `keys` those that are levels (a colour of numbers may be
    both, or only a number when it has many values); `lines` are the groups of a line or band, None for a single one.
    """

    index: int
    layer: Layer
    rows: int
    numbers: Mapping[str, Floats]
    keys: Mapping[str, Keyed]
    lines: tuple[Codes, int] | None

    @property
    def where(self) -> str:
        """The layer's name in messages."""
        return place_of(self.index, self.layer)

    def number_option(self, name: str, default: float) -> float:
        """Give a numeric option; raises RunError P2-R0660 when it is not a number."""
        value = self.layer.options.get(name, default)
        if isinstance(value, (bool, str, tuple)) or not np.isfinite(value):
            message = f"{name}={value!r} is not a number"
            raise undrawable("P2-R0660", message, self.where, f"give {name} as a number")
        return float(value)


@dataclass(frozen=True, slots=True)
class AxisKinds:
    """The categories of each axis; empty for an axis of numbers. `whole_*`: only whole numbers occur."""

    x: tuple[str, ...]
    y: tuple[str, ...]
    whole_x: bool
    whole_y: bool


def resolved(view: View) -> tuple[list[Source], AxisKinds]:
    """Check the layers of a view and resolve them; raises RunError P2-R0660, P2-R0668 or P2-R0670."""
    for index, layer in enumerate(view.layers):
        _check(index, layer, _facet_columns(view))
    columns_x = _on_axis(view.layers, ("x",))
    columns_y = _on_axis(view.layers, _ON_Y)
    x_levels, x_places = _categories("x", columns_x)
    y_levels, y_places = _categories("y", columns_y)
    places = {**x_places, **y_places}
    sources = [_source(index, layer, places) for index, layer in enumerate(view.layers)]
    kinds = AxisKinds(x_levels, y_levels, _whole(columns_x.values()), _whole(columns_y.values()))
    return sources, kinds


def _facet_columns(view: View) -> tuple[str, ...]:
    if view.facet is None:
        return ()
    return tuple(name for name in (view.facet.cols, view.facet.rows) if name is not None)


def _check(index: int, layer: Layer, facets: Sequence[str]) -> None:
    where = place_of(index, layer)
    if layer.kind not in _NEEDED:
        message = f"there is no mark {layer.kind!r}"
        raise undrawable("P2-R0660", message, where, "use one of: " + ", ".join(_NEEDED))
    needed, allowed = _NEEDED[layer.kind], _ALLOWED[layer.kind]
    for channel in needed:
        if channel not in layer.channels:
            message = f"{layer.kind} needs a column for {channel}"
            raise undrawable("P2-R0660", message, where, f"give {channel}=...")
    _check_names(where, "channel", layer.channels, (*needed, *allowed))
    _check_names(where, "option", layer.options, _OPTIONS[layer.kind])
    if layer.kind == "circle" and ("around" in layer.channels) == ("radius" in layer.channels):
        message = "circle needs either a group to stand around or a radius"
        raise undrawable("P2-R0660", message, where, "give around=... or radius=...")
    used = [*layer.channels.values(), *layer.by]
    for name in used:
        if name not in layer.columns:
            near = difflib.get_close_matches(name, layer.columns, n=1)
            remedy = f"did you mean {near[0]}?" if near else ""
            raise undrawable("P2-R0660", f"there is no column {name!r}", where, remedy)
    _check_columns(where, layer, {*used, *(name for name in facets if name in layer.columns)})


def _check_names(where: str, what: str, given: Iterable[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            remedy = f"known here: {', '.join(known)}" if known else f"it takes no {what}"
            raise undrawable("P2-R0660", f"{what} {name!r} is not known", where, remedy)


def _check_columns(where: str, layer: Layer, used: set[str]) -> None:
    lengths = {name: _length(where, name, layer.columns[name]) for name in sorted(used)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise undrawable("P2-R0660", f"the columns differ in length ({shown})", where)
    for channel, name in layer.channels.items():
        column = layer.columns[name]
        numeric = channel not in (*_MAY_BE_TEXT, "x", "y") or (channel == "y" and _is_tall(layer))
        if numeric and (isinstance(column, Factor) or column.dtype == np.bool_):
            message = f"{channel}={name} must be a column of numbers, but it holds categories"
            raise undrawable("P2-R0660", message, where, "give a column of numbers")


def _is_tall(layer: Layer) -> bool:
    return layer.kind in ("line", "bar", "box")


def _length(where: str, name: str, column: Column) -> int:
    if isinstance(column, Factor):
        codes = column.codes
        if codes.ndim == 1 and codes.dtype.kind == "i":
            if not len(codes) or (codes.min() >= -1 and codes.max() < len(column.levels)):
                return len(codes)
            raise undrawable("P2-R0660", f"column {name!r} has a code beyond its levels", where)
    elif column.ndim == 1 and column.dtype.kind in "fiub":
        return len(column)
    message = f"column {name!r} is neither numbers nor categories"
    raise undrawable("P2-R0660", message, where, "give float64, int64, bool or a Factor")


def _on_axis(
    layers: Sequence[Layer], channels: Sequence[str]
) -> dict[tuple[int, str], tuple[str, Column]]:
    return {
        (index, channel): (layer.channels[channel], layer.columns[layer.channels[channel]])
        for index, layer in enumerate(layers)
        for channel in channels
        if channel in layer.channels
    }


def _is_text(column: Column) -> bool:
    return isinstance(column, Factor) or column.dtype == np.bool_


def _categories(
    axis: str, columns: dict[tuple[int, str], tuple[str, Column]]
) -> tuple[tuple[str, ...], dict[tuple[int, str], Floats]]:
    text = [name for name, column in columns.values() if _is_text(column)]
    numeric = [name for name, column in columns.values() if not _is_text(column)]
    if not text:
        return (), {}
    if numeric:
        message = f"the {axis} axis has categories ({text[0]}) and numbers ({numeric[0]})"
        remedy = "use columns of one kind on an axis, or cast one of them"
        raise undrawable("P2-R0670", message, f"axis {axis}", remedy)
    levels, codes = merged([keyed(column) for _, column in columns.values()])
    if len(levels) > MOST_CATEGORIES:
        message = f"{text[0]} has {len(levels)} categories; an axis shows at most {MOST_CATEGORIES}"
        remedy = "keep the most frequent ones, or use a number"
        raise undrawable("P2-R0668", message, f"axis {axis}", remedy)
    places = {
        place: np.where(code < 0, np.nan, code.astype(np.float64))
        for place, code in zip(columns, codes, strict=True)
    }
    return tuple(map(level_text, levels)), places


def _whole(columns: Iterable[tuple[str, Column]]) -> bool:
    return all(
        not isinstance(column, Factor) and column.dtype.kind in "iu" for _, column in columns
    )


def _source(index: int, layer: Layer, places: Mapping[tuple[int, str], Floats]) -> Source:
    numbers: dict[str, Floats] = {}
    keys: dict[str, Keyed] = {}
    for channel, name in layer.channels.items():
        column = layer.columns[name]
        if channel in ("shape", "label", "around"):
            keys[channel] = keyed(column)
        elif channel == "colour":
            if not _is_text(column):
                numbers[channel] = as_floats(column)
            if layer.kind in _GROUPED or has_few_levels(column, FEW_COLOURS_LOG):
                keys[channel] = keyed(column)
        else:
            numbers[channel] = places.get((index, channel), as_floats(column))
    rows = _rows(layer)
    return Source(index, layer, rows, numbers, keys, _lines(layer, keys.get("colour")))


def as_floats(column: Column) -> Floats:
    """Give a column as float64, NaN for what no axis can show: infinite or over 1e200 (copied if it changes)."""
    if isinstance(column, Factor):
        return np.where(column.codes < 0, np.nan, column.codes.astype(np.float64))
    numbers: Floats = np.asarray(column, dtype=np.float64)
    if column.dtype.kind != "f":
        return numbers
    if not len(numbers) or (numbers.min() >= -MOST and numbers.max() <= MOST):
        return numbers
    boundless = np.abs(numbers) > MOST
    return np.where(boundless, np.nan, numbers) if boundless.any() else numbers


def _rows(layer: Layer) -> int:
    for column in layer.columns.values():
        return len(column.codes) if isinstance(column, Factor) else len(column)
    return 0


def _lines(layer: Layer, colour: Keyed | None) -> tuple[Codes, int] | None:
    if layer.kind not in _GROUPED:
        return None
    parts = [(colour.codes, len(colour.levels))] if colour is not None else []
    for name in layer.by:
        key = keyed(layer.columns[name])
        parts.append((key.codes, len(key.levels)))
    return combined(parts) if parts else None
