"""Columns of other programs' types as those of a store, and what a whole frame may be: for Arrow and Parquet."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import Kind, ReadColumn, ReadTable
from plotter2.child.reader_limits import Expansion, ReadingLimits, checked_names
from plotter2.errors import DataError

_MICROSECONDS, _NANOSECONDS = 10**6, 10**9
_SHOWN = 200
_LEAST_BYTES = 4
"""What a value of a type without a fixed size takes at least."""
_KINDS: dict[type[pl.DataType], tuple[Kind, type[pl.DataType]]] = {
    pl.Boolean: ("bool", pl.Boolean), pl.String: ("string", pl.String), pl.Null: ("null", pl.Null),
    pl.Categorical: ("string", pl.String), pl.Enum: ("string", pl.String), pl.Decimal: ("number", pl.Float64),
}  # fmt: skip
_FIXED: dict[type[pl.DataType], int] = {
    pl.Int8: 1, pl.UInt8: 1, pl.Int16: 2, pl.UInt16: 2, pl.Int32: 4, pl.UInt32: 4, pl.Float32: 4, pl.Date: 4,
    pl.Int64: 8, pl.UInt64: 8, pl.Float64: 8, pl.Datetime: 8, pl.Duration: 8, pl.Time: 8, pl.Decimal: 16,
    pl.Int128: 16, pl.Boolean: 1, pl.Null: 1,
}  # fmt: skip


def require_room(
    schema: Mapping[str, pl.DataType], rows: int, size: int, where: str, limits: ReadingLimits
) -> None:
    """Raise DataError when a frame of this schema is more than may be read of a file of `size` bytes.

    P2-D0847 and P2-D0848 (rows, columns), P2-D0858 (types that no column has), P2-D0930 (bytes).
    """
    limits.check_rows(rows, where)
    limits.check_columns(len(schema), where)
    expansion = Expansion(size, where)
    for name, dtype in schema.items():
        require_kind(name, dtype, where)
        width = _FIXED.get(dtype.base_type(), _LEAST_BYTES)
        expansion.take(rows * width, f"column {name!r}")


def table_of(frame: pl.DataFrame, size: int, where: str, limits: ReadingLimits) -> ReadTable:
    """Give a frame as a table. Raises DataError: P2-D0854, P2-D0845, P2-D0858, P2-D0849, P2-D0930."""
    checked_names(frame.columns, where, limits)
    expansion = Expansion(size, where)
    columns = []
    for series in frame.get_columns():
        kind, values = typed(series, where)
        check_texts(series.name, values, where, limits, expansion)
        columns.append(ReadColumn(series.name, kind, values))
    return ReadTable("", frame.height, tuple(columns))


def check_texts(
    name: str,
    values: pl.Series,
    where: str,
    limits: ReadingLimits,
    expansion: Expansion | None = None,
) -> None:
    """Raise DataError P2-D0849 for a text that is too long, P2-D0930 when all together are too much.

    Many values may share one long text while they are read, but not when they are stored.
    """
    if values.dtype != pl.String:
        return
    lengths = values.str.len_bytes()
    longest = lengths.max()
    if isinstance(longest, int) and longest > limits.text_bytes:
        raise limits.text_too_long(where, f"a value of column {name!r}", longest)
    if expansion is not None:
        expansion.take(int(lengths.cast(pl.UInt64).sum()), f"the texts of column {name!r}")


def require_kind(name: str, dtype: pl.DataType, where: str) -> None:
    """Raise DataError P2-D0858 for a type that no column of a table can have."""
    if not (dtype.is_numeric() or dtype.is_temporal() or dtype.base_type() in _KINDS):
        raise DataError(
            codes.NO_COLUMN_TYPE,
            f"{where}: column {name!r} is of the type {str(dtype)[:_SHOWN]}, which no column of a table can have",
            where=where,
            help="write numbers, text, true/false or times; a list of numbers as one column for each of them",
        )


def typed(series: pl.Series, where: str) -> tuple[Kind, pl.Series]:
    """Give what a column is and its values as the store keeps them. Raises DataError P2-D0858."""
    dtype = series.dtype
    require_kind(series.name, dtype, where)
    if dtype.is_integer():
        return _whole(series)
    if dtype.is_float():
        return "number", series.cast(pl.Float64)
    if dtype.is_temporal():
        return "time", _seconds(series)
    kind, wanted = _KINDS[dtype.base_type()]
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
