"""The borders of a step in Python: tables become facades, and what comes back is held against the declared type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from p2lang.semantics.promises import Columns
from p2lang.types import ColumnType
from p2std.table import DTYPES
from plotter2.child.python.arrays import Array
from plotter2.child.python.plain import called, spelt
from plotter2.child.python.tables import Column, Table, made_of
from plotter2.child.python.texts import Texts
from plotter2.child.run_codes import SCRIPT_COLUMNS, SCRIPT_VALUE
from plotter2.errors import RunError


def handed_in(frame: pl.DataFrame, columns: Sequence[tuple[str, ColumnType]]) -> Table:
    """Give the columns that a step declares, read-only."""
    return Table({name: _column(frame[name]) for name, _ in columns}, frame.height)


def _column(series: pl.Series) -> Column:
    if series.dtype == pl.String:
        return _texts(series)
    missing = series.is_null().to_numpy()
    if series.dtype == pl.Boolean:
        return Array(series.fill_null(False).to_numpy().astype(bool), missing)
    if series.dtype.is_integer():
        return Array(series.fill_null(0).to_numpy().astype(np.int64), missing)
    return Array(series.cast(pl.Float64).fill_null(float("nan")).to_numpy())


def _texts(series: pl.Series) -> Texts:
    names = series.drop_nulls().unique(maintain_order=True)
    codes = series.replace_strict(names, pl.int_range(len(names), eager=True), default=None)
    return Texts(codes.fill_null(-1).cast(pl.Int64).to_numpy(), tuple(names.to_list()))


def frame_of(table: Table) -> pl.DataFrame:
    """Give a script's table as the language computes with it."""
    return pl.DataFrame(
        [
            _series(name, column, ColumnType("any", nullable=True))
            for name, column in table.parts.items()
        ]
    )


def plain(value: Any) -> Any:
    """Give the value of a parameter as a script may have it."""
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def handed_out(name: str, result: Any, gives: Columns) -> pl.DataFrame:
    """Give the rows of what a script returns; raises RunError P2-R0694, P2-R0695 when it is not what it promises."""
    if type(result) not in (Table, list, dict):
        what = "nothing" if result is None else called(result)
        raise RunError(
            SCRIPT_COLUMNS,
            f"`{name}` gives {what}, and promises a table",
            help="end it with `return table(rows)`",
        )
    table = made_of(result)
    promised = dict(gives)
    if not table.parts and not table.size:
        return empty(gives)
    lacking = [n for n in promised if n not in table.parts]
    beyond = [n for n in table.parts if n not in promised]
    if lacking or beyond:
        raise _differ(name, lacking, beyond, table)
    return pl.DataFrame([_series(n, table.parts[n], kind) for n, kind in gives])


def empty(gives: Columns) -> pl.DataFrame:
    """Give a table without rows."""
    return pl.DataFrame({name: pl.Series(name, [], _dtype(kind)) for name, kind in gives})


def _differ(name: str, lacking: list[str], beyond: list[str], table: Table) -> RunError:
    said = [f"lacks {', '.join(lacking)}"] if lacking else []
    said += [f"has {', '.join(beyond)}, which it does not promise"] if beyond else []
    return RunError(
        SCRIPT_COLUMNS,
        f"the table that `{name}` gives {' and '.join(said)}"[:500],
        help="give the columns that its head declares, or declare others there",
        note=f"it has {', '.join(table.parts) or 'no column'}"[:500],
    )


def _dtype(kind: ColumnType) -> type[pl.DataType]:
    return DTYPES.get(kind.kind, pl.Float64)


def _series(name: str, column: Column, kind: ColumnType) -> pl.Series:
    gone = column.is_missing().values
    if gone.all() and kind.kind != "any":
        fitting: pl.Series = pl.Series(name, [None] * len(column), _dtype(kind))
    elif isinstance(column, Texts):
        if kind.kind not in ("string", "any"):
            raise _unfit(name, column, 0, kind, gone)
        names = pl.Series(name, [*column.names, None], pl.String)
        fitting = names.gather(np.where(column.codes < 0, len(column.names), column.codes))
    else:
        fitting = _numbers(name, column, kind, gone)
    if gone.any() and not kind.nullable:
        raise RunError(
            SCRIPT_VALUE,
            f"row {int(np.argmax(gone)) + 1} of {name} is missing, and {name}: {kind} never is",
            help=f"give a value, or declare `{name}: {kind.optional()}`",
        )
    return fitting


def _numbers(name: str, column: Array, kind: ColumnType, gone: Any) -> pl.Series:
    values = column.values
    fits = {
        "b": ("bool", "any"),
        "i": ("int", "number", "time", "any"),
        "f": ("number", "time", "any", "int"),
    }
    if kind.kind not in fits[values.dtype.kind]:
        raise _unfit(name, column, 0, kind, gone)
    if kind.kind == "int" and values.dtype.kind == "f":
        odd = ~gone & ((values != np.floor(values)) | (np.abs(values) >= 2.0**63))
        if odd.any():
            raise _unfit(name, column, int(np.argmax(odd)), kind, gone)
        values = np.where(gone, 0, values).astype(np.int64)
    if kind.kind in ("number", "time"):
        values = values.astype(np.float64)
    series = pl.Series(name, values)
    return series.set(pl.Series(gone), None) if gone.any() else series


def _unfit(name: str, column: Column, at: int, kind: ColumnType, gone: Any) -> RunError:
    row = at if not gone[at] else int(np.argmax(~gone))
    value = column[row]
    hint = "write round(x) for it" if kind.kind == "int" and type(value) is float else ""
    return RunError(
        SCRIPT_VALUE,
        f"row {row + 1} of {name} is {spelt(value)[:60]}, and {name}: {kind} is promised",
        help=hint or f"give such values, or declare `{name}` otherwise in the head",
    )
