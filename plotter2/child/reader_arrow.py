"""Arrow IPC files as one table: each file brings columns, or more rows of columns that came before, in order.

A file with one column that is as a store would keep it stays as it is, so that what a store gave away comes back as
the very same bytes, whichever release wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from plotter2.child import reader_codes as codes
from plotter2.child.arrow import Piece
from plotter2.child.arrow_values import lent_column
from plotter2.child.reader_columns import Kind, ReadColumn, ReadTable
from plotter2.child.reader_limits import ReadingLimits, checked_names
from plotter2.errors import DataError

_MICROSECONDS, _NANOSECONDS = 10**6, 10**9
_KINDS: dict[type[pl.DataType], tuple[Kind, type[pl.DataType]]] = {
    pl.Boolean: ("bool", pl.Boolean), pl.String: ("string", pl.String), pl.Null: ("null", pl.Null),
    pl.Categorical: ("string", pl.String), pl.Enum: ("string", pl.String), pl.Decimal: ("number", pl.Float64),
}  # fmt: skip


@dataclass(slots=True)
class _Growing:
    """A column while files are read."""

    kind: Kind
    values: list[pl.Series]
    pieces: list[Piece]


def read_arrow(
    files: Sequence[memoryview], where: str, limits: ReadingLimits, *, whole: bool = True
) -> ReadTable:
    """Read a table out of Arrow IPC files; of one that is not `whole` the columns may differ in their rows.

    Raises DataError: P2-D0857 (no Arrow file, columns that do not fit together), P2-D0858 (a type
    that no column has), P2-D0847, P2-D0848, P2-D0849, P2-D0854 (limits, names).
    """
    columns: dict[str, _Growing] = {}
    for number, data in enumerate(files):
        frame = _frame(data, where)
        for series in frame.get_columns():
            kind, values = _typed(series, where)
            grown = columns.setdefault(series.name, _Growing(kind, [], []))
            if grown.kind != kind:
                raise _bad(
                    where,
                    f"column {series.name!r} is {grown.kind} in one file and {kind} in the next",
                )
            grown.values.append(values)
            stays = frame.width == 1 and values.dtype == series.dtype
            grown.pieces.append(Piece(len(values), data if stays else None, number))
    checked_names(tuple(columns), where, limits)
    made = tuple(_column(name, grown, where, limits) for name, grown in columns.items())
    rows = len(made[0].values) if made else 0
    limits.check_rows(rows, where)
    for column in made:
        if whole and len(column.values) != rows:
            raise _bad(
                where,
                f"column {column.name!r} has {len(column.values)} rows, column {made[0].name!r} has {rows}",
            )
    return ReadTable("", rows, made)


def _column(name: str, grown: _Growing, where: str, limits: ReadingLimits) -> ReadColumn:
    values = pl.concat(grown.values, rechunk=False)
    if grown.kind == "string":
        longest = values.str.len_bytes().max()
        if isinstance(longest, int) and longest > limits.text_bytes:
            raise limits.text_too_long(where, f"a value of column {name!r}", longest)
    return ReadColumn(name, grown.kind, values, pieces=tuple(grown.pieces))


def _frame(data: memoryview, where: str) -> pl.DataFrame:
    if bytes(data[:6]) != b"ARROW1":
        raise _bad(where, "it does not begin like one")
    lent = lent_column(data)
    if lent is not None:
        return lent.to_frame()
    try:
        return pl.read_ipc(bytes(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        first = next(iter(str(error).splitlines()), "")
        raise _bad(where, "it is damaged", f"polars says: {first[:200]}") from None


def _typed(series: pl.Series, where: str) -> tuple[Kind, pl.Series]:
    """Give what a column is and its values as the store keeps them."""
    dtype = series.dtype
    if dtype.is_integer():
        return _whole(series)
    if dtype.is_float():
        return "number", series.cast(pl.Float64)
    if dtype.is_temporal():
        return "time", _seconds(series)
    known = _KINDS.get(dtype.base_type())
    if known is None:
        raise DataError(
            codes.NO_COLUMN_TYPE,
            f"{where}: column {series.name!r} is of the type {dtype}, which no column of a table can have",
            where=where,
            help="write numbers, text, true/false or times; a list of numbers as one column for each of them",
        )
    kind, wanted = known
    return kind, series.cast(wanted)


def _whole(series: pl.Series) -> tuple[Kind, pl.Series]:
    largest = series.max()
    if isinstance(largest, int) and largest >= 2**63:
        return "number", series.cast(pl.Float64)
    return "int", series.cast(pl.Int64)


def _seconds(series: pl.Series) -> pl.Series:
    """Give dates and times as seconds since 1970, durations and times of day as seconds."""
    if series.dtype == pl.Time:
        return _divided(series.cast(pl.Int64), _NANOSECONDS)
    fine = series.cast(pl.Duration("us") if series.dtype == pl.Duration else pl.Datetime("us"))
    return _divided(fine.cast(pl.Int64), _MICROSECONDS)


def _divided(counts: pl.Series, per_second: int) -> pl.Series:
    """Give seconds; polars multiplies by the inexact inverse, so whole seconds are taken out before."""
    whole = counts // per_second
    return whole.cast(pl.Float64) + (counts - whole * per_second).cast(pl.Float64) / per_second


def _bad(where: str, why: str, note: str = "") -> DataError:
    return DataError(
        codes.BAD_ARROW,
        f"{where} cannot be read as Arrow IPC files: {why}",
        where=where,
        help="write the file again (polars: write_ipc), one table in a file, or give it as CSV",
        note=note,
    )
