"""Rows into groups and their reductions, the same bits on every run, groups in the order of their keys.

polars adds up in the order in which threads finish unless it is told not to, and is then two to five times slower. Keys
are therefore first made whole numbers; where these are dense, numpy adds the rows up in row order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from p2std.operands import Part
from p2std.table import HIDDEN, collected

Codes: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_MOST_LEVELS: Final = 1 << 16
_MOST_SLOTS: Final = 1 << 20
_SLOTS_A_ROW: Final = 4
_LARGEST: Final = 1 << 62
_PACKED: Final = f"{HIDDEN}key"


def grouped(frame: pl.LazyFrame, by: Sequence[str], parts: Sequence[Part]) -> pl.LazyFrame:
    """Give one row for each value of `by` (missing keys last) with each part under its name; one row without `by`."""
    if not by:
        reductions = {part.name: part.expr for part in parts} or {f"{HIDDEN}none": pl.len()}
        return frame.select(**reductions)
    roots = {name for part in parts for name in part.expr.meta.root_names()}
    rows = collected(frame.select(list(dict.fromkeys([*by, *sorted(roots)]))))
    keys = packed([rows[name] for name in by])
    if keys is None:
        return _by_polars(rows, by, parts).lazy()
    if keys.size <= max(_MOST_SLOTS, _SLOTS_A_ROW * rows.height) and _all_dense(parts):
        codes, reduced = _dense(rows, keys, parts)
    else:
        together = rows.with_columns(pl.Series(_PACKED, keys.codes))
        found = _by_polars(together, [_PACKED], parts)
        codes, reduced = found[_PACKED].to_numpy(), found.drop(_PACKED)
    named = [column.alias(name) for name, column in zip(by, keys.unpack(codes), strict=True)]
    return pl.DataFrame([*named, *reduced.get_columns()]).lazy()


def _by_polars(rows: pl.DataFrame, by: Sequence[str], parts: Sequence[Part]) -> pl.DataFrame:
    reductions = {part.name: part.expr for part in parts}
    query = rows.lazy().group_by(by).agg(**reductions).sort(by, nulls_last=True)
    return collected(query)


# ------------------------------------------------------------ reductions
def _all_dense(parts: Sequence[Part]) -> bool:
    return all(
        part.kind == _ROWS or (part.of is not None and part.kind in _DENSE) for part in parts
    )


def _dense(rows: pl.DataFrame, keys: Keys, parts: Sequence[Part]) -> tuple[Codes, pl.DataFrame]:
    counts = np.bincount(keys.codes, minlength=keys.size)
    present = np.flatnonzero(counts)
    codes = keys.codes
    if len(present) < keys.size:
        places = np.zeros(keys.size, dtype=np.int64)
        places[present] = np.arange(len(present))
        codes = places[codes]
    sums: dict[bytes, _Sums] = {}
    found = []
    for part in parts:
        if part.of is None:
            found.append(pl.Series(part.name, counts[present]))
            continue
        if part.about not in sums:
            x = rows.select(part.of.cast(pl.Float64).alias("x"))["x"]
            sums[part.about] = _Sums(codes, len(present), x)
        found.append(pl.Series(part.name, _DENSE[part.kind](sums[part.about])))
    return present, pl.DataFrame(found)


class _Sums:
    """Sums over the groups of one column, missing values left out, each computed when first asked for."""

    def __init__(self, codes: Codes, groups: int, x: pl.Series) -> None:
        self._groups = groups
        known = x.is_not_null().to_numpy() if x.null_count() else None
        self._codes = codes if known is None else codes[known]
        self._x = x.to_numpy() if known is None else x.drop_nulls().to_numpy()

    @cached_property
    def n(self) -> Codes:
        """How many values."""
        return np.bincount(self._codes, minlength=self._groups)

    @cached_property
    def sum(self) -> Floats:
        """The sum."""
        return np.asarray(np.bincount(self._codes, self._x, self._groups), np.float64)

    @cached_property
    def mean(self) -> Floats:
        """The mean; NaN for none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sum / self.n)

    @cached_property
    def std(self) -> pl.Series:
        """The standard deviation, n - 1; null below two values."""
        with np.errstate(invalid="ignore", over="ignore"):
            away = self._x - self.mean[self._codes]
            squares = np.bincount(self._codes, away * away, self._groups)
            deviations = np.sqrt(squares / np.maximum(self.n - 1, 1))
        return pl.Series(np.where(self.n > 1, deviations, np.nan)).fill_nan(None)


_ROWS: Final = "rows"
_DENSE: Final[Mapping[str, Callable[[_Sums], pl.Series]]] = {
    "mean": lambda sums: pl.Series(sums.mean).fill_nan(None),
    "std": lambda sums: sums.std,
    "sum": lambda sums: pl.Series(sums.sum),
    "n": lambda sums: pl.Series(sums.n),
}


# ------------------------------------------------------------ keys
@dataclass(frozen=True)
class Key:
    """One key column as codes from 0 in the order of its values, `size` of them, and the way back."""

    codes: Codes
    size: int
    values: Callable[[Codes], pl.Series]


@dataclass(frozen=True)
class Keys:
    """Several keys as one code for each row, in the order of the first key, then the second, ..."""

    codes: Codes
    parts: tuple[Key, ...]

    @property
    def size(self) -> int:
        """How many codes there could be."""
        return math.prod(part.size for part in self.parts)

    def unpack(self, codes: Codes) -> list[pl.Series]:
        """Give the values of each key for these codes."""
        columns = []
        for part in reversed(self.parts):
            codes, own = np.divmod(codes, part.size)
            columns.append(part.values(own))
        return columns[::-1]


def packed(columns: Sequence[pl.Series]) -> Keys | None:
    """Give key columns as one code for each row; None when they have too many values for that."""
    parts: list[Key] = []
    for column in columns:
        part = _by_range(column) or _by_levels(column)
        if part is None or math.prod(p.size for p in parts) * part.size >= _LARGEST:
            return None
        parts.append(part)
    codes = parts[0].codes
    for part in parts[1:]:
        codes = codes * part.size + part.codes
    return Keys(codes, tuple(parts))


def _by_range(column: pl.Series) -> Key | None:
    if column.dtype != pl.Int64 or column.null_count() == len(column):
        return None
    low, high = int(column.min()), int(column.max())  # type: ignore[arg-type] # not all null
    span = high - low + 1
    if span > max(_MOST_SLOTS, len(column)):
        return None
    # Missing keys come last.
    codes = (column - low).fill_null(span).to_numpy()

    def values(codes: Codes) -> pl.Series:
        numbers = pl.Series(codes + low)
        return numbers.set(pl.Series(codes == span), None) if column.null_count() else numbers

    return Key(codes, span + bool(column.null_count()), values)


def _by_levels(column: pl.Series) -> Key | None:
    # Keys often come in long runs, one for each run of an experiment: only the first row of each is looked at.
    starts = column.ne_missing(column.shift(1))[1:].arg_true().to_numpy().astype(np.int64) + 1
    starts = np.concatenate(([0], starts)) if len(column) else starts
    in_runs = len(starts) * 8 < len(column)
    looked_at = column.gather(starts) if in_runs else column
    levels = looked_at.unique().sort(nulls_last=True)
    if len(levels) > _MOST_LEVELS:
        return None
    codes = _places(looked_at, levels)
    if in_runs:
        codes = np.repeat(codes, np.diff(np.append(starts, len(column))))
    return Key(codes, max(len(levels), 1), levels.gather)


def _places(column: pl.Series, levels: pl.Series) -> Codes:
    known = levels.drop_nulls()
    if column.dtype == pl.String:
        found = column.cast(pl.Enum(known)).to_physical()
    elif column.dtype == pl.Null:
        found = pl.Series([None] * len(column), dtype=pl.UInt32)
    else:
        numbers = known.cast(pl.UInt8) if column.dtype == pl.Boolean else known
        wanted = column.cast(numbers.dtype)
        found = numbers.search_sorted(wanted).set(wanted.is_null(), None)
    return found.cast(pl.Int64).fill_null(len(known)).to_numpy()
