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


@dataclass(frozen=True, slots=True)
class ShapedArray:
    """An array with its name."""

    name: str
    values: npt.NDArray[Any]


def is_shaped(values: npt.NDArray[Any]) -> bool:
    """Tell whether an array is more than a table: of three dimensions, or as wide as a picture."""
    if values.dtype.kind not in _KINDS or not values.size:
        return False
    wide = values.ndim == _TABLE_DIMENSIONS and values.shape[1] > WIDE
    return wide or values.ndim > _TABLE_DIMENSIONS


def npy_file(values: npt.NDArray[Any]) -> bytes:
    """Give an array as an NPY file; the same values give the same bytes, however they lay in memory."""
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()
