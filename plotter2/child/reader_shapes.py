"""Arrays that are kept as they are: those of more dimensions than a table has, as NPY files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from plotter2.child.reader_arrays import WIDE

MOST_AS_ROWS: Final = 1_000_000
"""An array of more values is no table as well: a row for each of them is more than anyone draws."""
_TABLE_DIMENSIONS: Final = 2
_KINDS: Final = "biufcSUMm"


@dataclass(frozen=True, slots=True, eq=False)
class Coordinate:
    """The values along an axis; each is one object, so that those of several arrays are told once."""

    values: npt.NDArray[Any]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of an array; either may be missing: its name, and its coordinate."""

    name: str = ""
    coordinate: Coordinate | None = None


@dataclass(frozen=True, slots=True)
class ShapedArray:
    """An array with its name, and its axes: none when nothing is known of them."""

    name: str
    values: npt.NDArray[Any]
    axes: tuple[Axis, ...] = ()


def can_be_kept(values: npt.NDArray[Any]) -> bool:
    """Tell whether an array can be kept as an NPY file without Python objects, and holds anything."""
    return values.dtype.kind in _KINDS and values.size > 0


def unfit(values: npt.NDArray[Any], length: int) -> str:
    """Say why values cannot be the coordinate of an axis; "" when they can."""
    if values.ndim != 1:
        return f"has {values.ndim} dimensions"
    if len(values) != length:
        return f"has {len(values)} values for {length} places"
    return "" if can_be_kept(values) else "holds values of a type that no array is kept of"


def is_shaped(values: npt.NDArray[Any]) -> bool:
    """Tell whether an array is more than a table: of three dimensions, or as wide as a picture."""
    if not can_be_kept(values):
        return False
    wide = values.ndim == _TABLE_DIMENSIONS and values.shape[1] > WIDE
    return wide or values.ndim > _TABLE_DIMENSIONS


def npy_file(values: npt.NDArray[Any]) -> bytes:
    """Give an array as an NPY file; the same values give the same bytes, however they lay in memory."""
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()
