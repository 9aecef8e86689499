"""Named arrays of a file as tables: those of equal length are columns of one table, each other one is its own.

An array without dimensions is a param. One of two dimensions gives the columns `name_0`, `name_1`, ...: of the table
of that length if there is one and it is narrow, else of its own. One of more dimensions, or a very wide one, is kept as
it is, and gives a row per element with its place along each dimension as well, unless it is very large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from logger2.identity import Scalar
from plotter2.child.reader_arrays import WIDE
from plotter2.child.reader_columns import ReadColumn, ReadTable, from_numbers, from_values
from plotter2.child.reader_limits import ReadingLimits, checked_names
from plotter2.child.reader_shapes import MOST_AS_ROWS, Axis, ShapedArray, can_be_kept, is_shaped

Values: TypeAlias = npt.NDArray[Any]
_NARROW = 64
_MATRIX = ("row", "col")
_LONGEST_TEXT = 10_000
_ROUNDED = {2: "float16", 4: "float32"}


@dataclass(frozen=True, slots=True)
class Grid:
    """An array with its name; `values` have a kind of b, i, u, f, c, S, U, M, m, O (texts), or fields of these."""

    name: str
    values: Values
    unit: str = ""
    axes: tuple[Axis, ...] = ()
    """None when nothing is known of them; an array of which something is known is kept as it is as well."""


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """What belongs together in a file: tables ("" = the main one), params, arrays, what was left out and why."""

    name: str
    tables: tuple[ReadTable, ...] = ()
    params: Mapping[str, Scalar] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    arrays: tuple[ShapedArray, ...] = ()


def grouped(
    name: str,
    grids: Sequence[Grid],
    where: str,
    limits: ReadingLimits,
    *,
    params: Mapping[str, Scalar] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> ReadGroup:
    """Give a group's arrays as tables. Raises DataError: P2-D0845, P2-D0847, P2-D0848, P2-D0849, P2-D0854."""
    scalars = dict(params or {})
    reasons = dict(left_out or {})
    arrays = tuple(ShapedArray(g.name, g.values, g.axes) for g in grids if _is_kept(g))
    grids = [g for g in grids if not is_shaped(g.values) or g.values.size <= MOST_AS_ROWS]
    main: list[Grid] = []
    others: list[list[Grid]] = []
    lengths = Counter(len(g.values) for g in grids if _is_column(g))
    most = max(lengths.values(), default=0)
    main_length = next((length for length, count in lengths.items() if count == most), -1)
    lone: dict[int, list[Grid]] = {}
    for grid in grids:
        if grid.values.ndim == 0 and not grid.values.dtype.names:
            scalars[grid.name] = scalar_of(grid.values[()])
        elif not grid.values.size:
            reasons[grid.name] = "it has no values"
        elif not _is_column(grid):
            beside = _is_narrow(grid) and len(grid.values) == main_length
            main.append(grid) if beside else others.append([grid])
        elif len(grid.values) == main_length:
            main.append(grid)
        else:
            lone.setdefault(len(grid.values), []).append(grid)
    others += lone.values()
    if not main and len(others) == 1:
        tables = [_table("", others[0], where, limits)]
    else:
        tables = [_table("", main, where, limits)] if main else []
        tables += [_table(several[0].name, several, where, limits) for several in others]
    return ReadGroup(name, tuple(tables), scalars, reasons, arrays)


def scalar_of(value: Any) -> Scalar:
    """Give a single value as a param; text that is not UTF-8 keeps what can be read of it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)[:_LONGEST_TEXT]


def _is_kept(grid: Grid) -> bool:
    return is_shaped(grid.values) or (bool(grid.axes) and can_be_kept(grid.values))


def _is_column(grid: Grid) -> bool:
    return grid.values.ndim == 1 and grid.values.size > 0


def _is_narrow(grid: Grid) -> bool:
    return grid.values.ndim == len(_MATRIX) and grid.values.shape[1] <= _NARROW


def _table(name: str, grids: Sequence[Grid], where: str, limits: ReadingLimits) -> ReadTable:
    columns: list[ReadColumn] = []
    units: dict[str, str] = {}
    notes: list[str] = []
    for grid in grids:
        limits.check_columns(len(columns) + _width(grid), where)
        if len(grids) == 1 and _is_wide(grid):
            columns.append(from_numbers("row", np.arange(len(grid.values))))
        made = list(_columns(grid, where, limits))
        columns += made
        if grid.unit:
            units |= {
                column.name: grid.unit for column in made if column.name.startswith(grid.name)
            }
        rounded = grid.values.dtype.kind == "f" and _ROUNDED.get(grid.values.dtype.itemsize)
        if rounded:
            notes.append(
                f"{grid.name!r} is {rounded} in the file, so its numbers have fewer digits"
            )
    checked_names([column.name for column in columns], where, limits)
    rows = len(columns[0].values)
    limits.check_rows(rows, where)
    notes += [note for column in columns for note in column.notes]
    return ReadTable(name, rows, tuple(columns), 0, tuple(notes), units)


def _is_wide(grid: Grid) -> bool:
    return grid.values.ndim == len(_MATRIX) and grid.values.shape[1] <= WIDE


def _width(grid: Grid) -> int:
    return grid.values.shape[1] if _is_wide(grid) else 1


# ------------------------------------------------------------ columns
def _columns(grid: Grid, where: str, limits: ReadingLimits) -> Iterator[ReadColumn]:
    values = grid.values
    if values.dtype.names:
        flat = values.reshape(-1)
        for part in values.dtype.names:
            inner = Grid(f"{grid.name}.{part}" if grid.name else part, flat[part], grid.unit)
            yield from _columns(inner, where, limits)
    elif values.ndim == 1:
        yield from _flat(grid.name, values, where, limits)
    elif _is_wide(grid):
        for place in range(values.shape[1]):
            yield from _flat(f"{grid.name}_{place}", values[:, place], where, limits)
    else:
        yield from _along(values)
        yield from _flat("value", values.reshape(-1), where, limits)


def _along(values: Values) -> Iterator[ReadColumn]:
    for axis, length in enumerate(values.shape):
        label = _MATRIX[axis] if values.ndim == len(_MATRIX) else f"dim{axis}"
        along = np.arange(length).reshape([-1 if d == axis else 1 for d in range(values.ndim)])
        yield from_numbers(label, np.broadcast_to(along, values.shape).reshape(-1))


def _flat(name: str, values: Values, where: str, limits: ReadingLimits) -> Iterator[ReadColumn]:
    match values.dtype.kind:
        case "c":
            yield from_numbers(f"{name}_re", values.real)
            yield from_numbers(f"{name}_im", values.imag)
        case "M" | "m":
            yield _seconds(name, values)
        case "S" | "U" | "O":
            yield _texts(name, values, where, limits)
        case _:
            yield from_numbers(name, values)


def _seconds(name: str, values: Values) -> ReadColumn:
    wanted = "datetime64[us]" if values.dtype.kind == "M" else "timedelta64[us]"
    counts = values.astype(wanted)
    seconds = pl.Series(name, counts.astype(np.int64) / 1_000_000)
    return ReadColumn(name, "time", seconds.set(pl.Series(np.isnat(counts)), None))


def _texts(name: str, values: Values, where: str, limits: ReadingLimits) -> ReadColumn:
    texts: list[str | None] = []
    damaged = 0
    for value in values.tolist():
        text = value
        if isinstance(value, bytes):
            try:
                text = value.decode()
            except UnicodeDecodeError:
                text = value.decode("utf-8", "replace")
                damaged += 1
        if isinstance(text, str) and len(text) > limits.text_bytes // 4:
            size = len(text.encode("utf-8", "replace"))
            if size > limits.text_bytes:
                raise limits.text_too_long(where, f"a value of {name!r}", size)
        texts.append(_sound(text) if isinstance(text, str) else None)
    column = from_values(name, texts)
    if not damaged:
        return column
    note = f"column {name!r}: {damaged} texts are not UTF-8; what could not be read is \N{REPLACEMENT CHARACTER}"
    return ReadColumn(column.name, column.kind, column.values, (*column.notes, note))


def _sound(text: str) -> str:
    """Give text without halves of surrogate pairs, which no file can be written with."""
    return text.encode("utf-8", "replace").decode()
