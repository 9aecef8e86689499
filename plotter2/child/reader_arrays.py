"""Recorded arrays as tables.

An array of one dimension gives one row per step with columns `name_0`, `name_1`, ...; one of more
dimensions gives one row per element with a column per dimension and the column `value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from logger2.segment import Blob, blob_bytes
from plotter2.child.reader_columns import ReadColumn, ReadTable, from_numbers, from_values
from plotter2.child.reader_limits import ReadingLimits, checked_names

WIDE = 1024
"""The longest one-dimensional array that becomes columns."""
_MATRIX = ("row", "col")

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Recorded:
    """One array at one step."""

    blob: Blob
    values: Numbers


def array_tables(
    blobs: Sequence[tuple[int, Blob]], files: Mapping[str, bytes], limits: ReadingLimits
) -> tuple[ReadTable, ...]:
    """Give a table for each name of an array; `blobs` pairs it with the number of its segment.

    An array whose bytes do not match their checksum is left out and named in a note. Raises
    DataError: P2-D0847, P2-D0848 (limits), P2-D0845, P2-D0854 (names of columns).
    """
    by_name: dict[str, list[tuple[int, Blob]]] = {}
    for segment, blob in blobs:
        by_name.setdefault(blob.name, []).append((segment, blob))
    return tuple(_table(name, found, files, limits) for name, found in sorted(by_name.items()))


def _table(
    name: str, found: Sequence[tuple[int, Blob]], files: Mapping[str, bytes], limits: ReadingLimits
) -> ReadTable:
    notes: list[str] = []
    recorded: list[_Recorded] = []
    for segment, blob in found:
        data = files.get(f"seg-{segment:04d}.l2.bin", b"")
        try:
            recorded.append(_Recorded(blob, _numbers(blob, data)))
        except ValueError as error:
            notes.append(str(error))
    limits.check_rows(sum(one.values.size for one in recorded), name)
    is_wide = all(one.values.ndim == 1 and one.values.size <= WIDE for one in recorded)
    columns = (_wide if is_wide else _long)(name, recorded)
    if columns:
        checked_names([column.name for column in columns], name, limits)
    rows = len(columns[0].values) if columns else 0
    return ReadTable(name, rows, tuple(columns), 0, tuple(notes))


def _numbers(blob: Blob, data: bytes) -> Numbers:
    values = np.frombuffer(blob_bytes(blob, data), dtype=np.dtype(blob.code))
    if values.dtype.kind == "c":
        raise ValueError(f"array {blob.name!r} is left out: complex numbers have no column")
    return values.reshape(blob.shape)


# ------------------------------------------------------------ one row per step
def _wide(name: str, recorded: Sequence[_Recorded]) -> list[ReadColumn]:
    width = max((one.values.size for one in recorded), default=0)
    columns = _context(recorded, [1] * len(recorded))
    if all(one.values.size == width for one in recorded) and recorded:
        table = np.stack([one.values for one in recorded])
        return columns + [
            from_numbers(f"{name}_{place}", table[:, place]) for place in range(width)
        ]
    lists = [one.values.tolist() for one in recorded]
    for place in range(width):
        cells = [values[place] if place < len(values) else None for values in lists]
        columns.append(from_values(f"{name}_{place}", cells))
    return columns


# ------------------------------------------------------------ one row per element
def _long(name: str, recorded: Sequence[_Recorded]) -> list[ReadColumn]:
    columns = _context(recorded, [one.values.size for one in recorded])
    depth = max(one.values.ndim for one in recorded)
    for axis in range(depth):
        pieces = [_places(one, axis) for one in recorded]
        dims = next((one.blob.dims for one in recorded if one.blob.dims), ())
        default = _MATRIX[axis] if depth == 2 else f"dim{axis}"
        label = dims[axis] if axis < len(dims) else default
        cells: list[Any] = [cell for piece in pieces for cell in piece]
        columns.append(from_values(label, cells))
    return [
        *columns,
        from_numbers("value", np.concatenate([one.values.ravel() for one in recorded])),
    ]


def _places(one: _Recorded, axis: int) -> list[Any]:
    """For each element its place along a dimension: the label if there is one, else a number."""
    shape = one.values.shape
    if axis >= len(shape):
        return [None] * one.values.size
    places = np.broadcast_to(
        np.arange(shape[axis]).reshape([-1 if d == axis else 1 for d in range(len(shape))]), shape
    ).ravel()
    labels = one.blob.coords.get(one.blob.dims[axis], []) if one.blob.dims else []
    if len(labels) != shape[axis]:
        return places.tolist()
    return [labels[place] for place in places]


# ------------------------------------------------------------ columns
def _context(recorded: Sequence[_Recorded], repeats: Sequence[int]) -> list[ReadColumn]:
    """The step and the labels, repeated for each row of an array."""
    columns: list[ReadColumn] = []
    if any(one.blob.step is not None for one in recorded):
        columns.append(_repeated("step", [one.blob.step for one in recorded], repeats))
    labels = dict.fromkeys(label for one in recorded for label in one.blob.labels)
    for label in labels:
        cells = [one.blob.labels.get(label) for one in recorded]
        columns.append(_repeated(label, cells, repeats))
    return columns


def _repeated(name: str, cells: Sequence[Any], repeats: Sequence[int]) -> ReadColumn:
    spread = [cell for cell, times in zip(cells, repeats, strict=True) for _ in range(times)]
    return from_values(name, spread)
