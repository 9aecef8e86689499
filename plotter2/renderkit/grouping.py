"""Rows into groups by whole-array work: codes, levels, partitions. No step looks at single rows in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.scene import Codes
from plotter2.renderkit.view import Column, Factor

Level: TypeAlias = float | str | bool
Rows: TypeAlias = NDArray[np.intp] | slice
"""Which rows: positions, or a slice where they lie together (taking a slice copies nothing)."""

_DENSE: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """A column as codes into the levels that occur; -1 is null.

    Numbers stand in rising order, text in the order of its Factor.
    """

    codes: Codes
    levels: tuple[Level, ...]


def keyed(column: Column) -> Keyed:
    """Give a column as codes and levels."""
    if isinstance(column, Factor):
        used = np.bincount(column.codes + 1, minlength=len(column.levels) + 1)[1:] > 0
        renumbered = np.full(len(column.levels) + 1, -1, dtype=np.int32)
        renumbered[:-1][used] = np.arange(int(used.sum()), dtype=np.int32)
        levels = tuple(level for level, seen in zip(column.levels, used, strict=True) if seen)
        return Keyed(renumbered[column.codes], levels)
    if column.dtype == np.bool_:
        return _renumbered(column.astype(np.int32), (False, True))
    return _numbers(column)


def has_few_levels(column: Column, few: int) -> bool:
    """Tell from a sample, fast, whether a column can have at most `few` levels; text always may."""
    if isinstance(column, Factor) or column.dtype == np.bool_:
        return True
    sample = column[:: max(1, len(column) // 4096)]
    return len(np.unique(sample[np.isfinite(sample)])) <= few


def _renumbered(codes: Codes, levels: tuple[Level, ...]) -> Keyed:
    used = np.bincount(codes, minlength=len(levels)) > 0
    numbers = (np.cumsum(used) - 1).astype(np.int32)
    return Keyed(numbers[codes], tuple(x for x, seen in zip(levels, used, strict=True) if seen))


def _numbers(column: NDArray[Any]) -> Keyed:
    """Code a numeric column; long runs of equal values (the usual order of logged data) are looked at once."""
    if not len(column):
        return Keyed(np.empty(0, np.int32), ())
    starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    if len(starts) > len(column) // 4:
        codes, levels = _coded(column)
        return Keyed(codes, levels)
    codes, levels = _coded(column[starts])
    return Keyed(np.repeat(codes, np.diff(np.append(starts, len(column)))), levels)


def _coded(values: NDArray[Any]) -> tuple[Codes, tuple[Level, ...]]:
    unique = np.unique(values[:: max(1, len(values) // 4096)])
    unique = unique[np.isfinite(unique)]
    if 0 < len(unique) <= 256:
        places = np.minimum(np.searchsorted(unique, values), len(unique) - 1)
        if (unique[places] == values).all():
            return places.astype(np.int32), tuple(unique.tolist())
    unique, inverse = np.unique(values, return_inverse=True)
    finite = np.isfinite(unique)
    renumbered = np.where(finite, np.cumsum(finite) - 1, -1).astype(np.int32)
    return renumbered[inverse], tuple(unique[finite].tolist())


def merged(parts: Sequence[Keyed]) -> tuple[tuple[Level, ...], list[Codes]]:
    """Give the common levels of several columns and each column's codes into them.

    Numbers are merged in rising order; as soon as one part is text, levels keep the order of first appearance.
    """
    levels = dict.fromkeys(level for part in parts for level in part.levels)
    ordered = tuple(levels)
    if not any(isinstance(level, str) for level in ordered):
        ordered = tuple(sorted(ordered))
    places = {level: place for place, level in enumerate(ordered)}
    return ordered, [_translated(part, places) for part in parts]


def _translated(part: Keyed, places: dict[Level, int]) -> Codes:
    table = np.array([*(places[level] for level in part.levels), -1], dtype=np.int32)
    if (table[:-1] == np.arange(len(part.levels))).all():
        return part.codes
    return table[part.codes]


def combined(parts: Sequence[tuple[Codes, int]]) -> tuple[Codes, int]:
    """Join codes (each with its number of levels) into one code for each occurring combination.

    The order is that of the first part, then the second, ...; a row with a null in any part gets -1.
    """
    if len(parts) == 1:
        return parts[0]
    mixed = parts[0][0].astype(np.int64)
    null = mixed < 0
    size = max(parts[0][1], 1)
    for codes, count in parts[1:]:
        mixed, size = mixed * max(count, 1) + codes, size * max(count, 1)
        null |= codes < 0
        if size > _DENSE:
            mixed, size = _compressed(mixed)
    mixed, size = _compressed(mixed) if size > _DENSE else _dense(mixed, null, size)
    return np.where(null, -1, mixed).astype(np.int32), size


def _compressed(mixed: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    unique, inverse = np.unique(mixed, return_inverse=True)
    return inverse.astype(np.int64), len(unique)


def _dense(
    mixed: NDArray[np.int64], null: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int64], int]:
    mixed = np.where(null, 0, mixed)
    used = np.bincount(mixed[~null], minlength=size) > 0
    return (np.cumsum(used) - 1)[mixed], int(used.sum())


def partition(codes: Codes, count: int) -> Iterator[tuple[int, Rows]]:
    """Give (code, rows) for each code from 0 to count-1 that occurs, rows in their own order; -1 is left out."""
    if not len(codes):
        return
    if (codes[1:] >= codes[:-1]).all():
        edges = np.searchsorted(codes, np.arange(count + 1)).tolist()
        for code in range(count):
            if edges[code] < edges[code + 1]:
                yield code, slice(edges[code], edges[code + 1])
        return
    # Sorting 16-bit codes is a radix sort, several times faster than sorting 32-bit ones.
    order = np.argsort(codes.astype(np.int16) if count < 32_000 else codes, kind="stable")
    edges = np.cumsum(np.bincount(codes + 1, minlength=count + 1)).tolist()
    for code in range(count):
        if edges[code] < edges[code + 1]:
            yield code, order[edges[code] : edges[code + 1]]


def lined_up(groups: Codes | None, count: int, x: NDArray[Any]) -> tuple[Rows, Codes]:
    """Give the rows sorted by group, then by x (equal x in their own order), and where each group starts.

    Rows with group -1 are left out; None is one group of all rows. The starts end with the number of rows.
    """
    if groups is None:
        rising = bool((x[1:] >= x[:-1]).all())
        order = slice(0, len(x)) if rising else np.argsort(x, kind="stable")
        return order, np.unique([0, len(x)]).astype(np.int32)
    pieces: list[NDArray[np.intp]] = []
    starts, sliced = [0], True
    for _, rows in partition(groups, count):
        inside = x[rows]
        sliced = sliced and isinstance(rows, slice)
        here = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        if len(inside) > 1 and not (inside[1:] >= inside[:-1]).all():
            here = here[np.argsort(inside, kind="stable")]
            sliced = False
        pieces.append(here)
        starts.append(starts[-1] + len(here))
    edges = np.array(starts, dtype=np.int32)
    if sliced and starts[-1] == len(groups):
        return slice(0, len(groups)), edges
    return (np.concatenate(pieces) if pieces else np.empty(0, np.intp)), edges
