"""Dimension scales of an HDF5 file: which of its datasets are the coordinates of another one's axes.

What a file says of its axes is sorted here, after all its datasets were read in the ordinary way; so a reference leads
to values that are there already, or nowhere. One that leads nowhere costs the axis its coordinate, and a note says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from logger2.identity import Scalar
from plotter2.child.reader_grids import Grid
from plotter2.child.reader_shapes import Axis, Coordinate, unfit

NAMES_ONLY: Final = "it names an axis and has no values"
"""Why a dataset without values of its own is left out."""
_ONLY_NAMED: Final = "This is a netCDF dimension but not a netCDF variable"
_SCALE: Final = "DIMENSION_SCALE"
_NUMBERED: Final = "_Netcdf4Dimid"
_MOST_TEXT: Final = 1 << 26
"""Texts of different lengths are kept in the length of the longest; together they may take so many bytes."""


@dataclass(frozen=True, slots=True)
class AxisSaid:
    """What a dataset says of one of its axes: the places in the file of its scales, its label, netCDF's number."""

    scales: tuple[int, ...] = ()
    label: str = ""
    number: int | None = None


@dataclass(slots=True)
class Scales:
    """The datasets of a file, by their places in it, as far as they may be along an axis."""

    _scales: dict[int, _Scale] = field(default_factory=dict)
    _numbered: dict[int, int] = field(default_factory=dict)

    def add(self, place: int, grid: Grid, attributes: Mapping[str, Scalar]) -> None:
        """Take a dataset that was read."""
        named_only = is_name_only(attributes)
        self._scales[place] = _Scale(grid, named_only)
        number = attributes.get(_NUMBERED)
        if attributes.get("CLASS") == _SCALE and isinstance(number, int):
            self._numbered.setdefault(number, place)

    def axes(self, grid: Grid, said: Sequence[AxisSaid], notes: dict[str, str]) -> tuple[Axis, ...]:
        """Give the axes of a dataset, none when nothing is known of them; what is wrong with them goes to the notes."""
        found = [
            self._axis(f"coordinate {number} of {grid.name}", grid, one, length, notes)
            for number, (one, length) in enumerate(zip(said, grid.values.shape, strict=False))
        ]
        return tuple(found) if any(axis != Axis() for axis in found) else ()

    def _axis(
        self, called: str, grid: Grid, said: AxisSaid, length: int, notes: dict[str, str]
    ) -> Axis:
        places = said.scales
        if not places and said.number is not None and said.number in self._numbered:
            places = (self._numbered[said.number],)
        if not places:
            return Axis(said.label)
        scale = self._scales.get(places[0])
        if scale is None:
            notes[called] = "it refers to nothing that was read"
            return Axis(said.label)
        if len(places) > 1:
            notes[f"{called} (another one)"] = "the first scale of the axis is kept"
        name = said.label or scale.grid.name
        is_own = scale.grid is grid and not said.scales
        if scale.named_only or is_own:  # a variable of netCDF of more dimensions names one of them
            return Axis(name)
        along, why = scale.coordinate(length)
        if why:
            notes[called] = f"{scale.grid.name!r} {why}"
        return Axis(name if along else said.label, along)


@dataclass(slots=True)
class _Scale:
    grid: Grid
    named_only: bool
    _made: Coordinate | None = None

    def coordinate(self, length: int) -> tuple[Coordinate | None, str]:
        """Give the values as a coordinate, always the same one, else None and why they are none."""
        values = self.grid.values
        is_text = values.dtype.kind == "O"
        if why := unfit(np.empty(values.shape, "i1") if is_text else values, length):
            return None, why
        if self._made is None:
            plain = _texts(values) if is_text else values
            if plain is None:
                return None, "has texts that are too long to be kept along an axis"
            self._made = Coordinate(plain, self.grid.unit)
        return self._made, ""


def is_name_only(attributes: Mapping[str, Scalar]) -> bool:
    """Tell whether a dataset stands for a dimension of netCDF that has no values."""
    return attributes.get("CLASS") == _SCALE and str(attributes.get("NAME")).startswith(_ONLY_NAMED)


def with_axes(grid: Grid, axes: tuple[Axis, ...]) -> Grid:
    """Give a grid with what is known of its axes."""
    return replace(grid, axes=axes) if axes else grid


def _texts(values: Any) -> Any:
    """Give texts as an array without Python objects; None when they are too long for that."""
    texts = [
        cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in values
    ]
    longest = max(map(len, texts), default=0)
    if longest * len(texts) * 4 > _MOST_TEXT:
        return None
    return np.array(texts, dtype=f"<U{max(longest, 1)}")
