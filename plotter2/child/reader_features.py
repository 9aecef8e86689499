"""Features of a column: few numbers from which its role (step, metric, seed, ...) can be inferred.

The host gets these instead of values, so that it never has to look into a column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from logger2.identity import Scalar
from plotter2.child.reader_columns import ReadColumn

_DATE = r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})([ T]\d{1,2}:\d{2}(:\d{2})?.*)?\s*$"
_NUMBERS = ("int", "number", "time")
_VERY_MANY = 1_000_000
_SURELY_MANY = 10_000
"""No role depends on how many different numbers there are beyond this."""
_BLOCK = 1 << 15
"""So many numbers are looked at together."""
_CLOCK = r"^\s*(\d+d\s+)?\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?\s*$"


def features_of(column: ReadColumn) -> dict[str, Scalar]:
    """Give the features of a column.

    All: `missing`, `unique` (missing values do not count; see `_different`), `constant`. Numbers:
    `min`, `max`, `first`, `last` (finite values only), `nan`, `infinite`, `integer_like`, and of
    the steps from one value to the next `share_nondecreasing`, `share_increasing`, `share_changed`,
    `restarts` (how often the value falls). Text: `longest`, `mean_length`, `share_with_space`,
    `is_date`, `is_clock`.
    """
    values = column.values.drop_nulls() if column.values.null_count() else column.values
    numbers = _of_numbers(values) if column.kind in _NUMBERS else {}
    rises = numbers.get("share_increasing") == 1 and not (numbers["nan"] or numbers["infinite"])
    unique = len(values) if rises else _different(column.kind, values)
    found: dict[str, Scalar] = {
        "missing": len(column.values) - len(values),
        "unique": unique,
        "constant": unique == 1 and len(values) == len(column.values),
    }
    if not len(values):
        return found
    if column.kind == "string":
        return found | _of_text(values)
    return found | numbers


def _different(kind: str, values: pl.Series) -> int:
    """Count different values; of very many numbers there are at least about as many as among the first of them.

    To count all takes many times as long as everything else that is looked at.
    """
    if kind in ("number", "time") and len(values) > _VERY_MANY:
        about = cast(int, values.head(_VERY_MANY).approx_n_unique())
        if about > _SURELY_MANY:
            return min(about, _VERY_MANY)
        about = cast(int, values.approx_n_unique())
        if about > _SURELY_MANY:
            return min(about, len(values))
    return int(values.n_unique()) if len(values) else 0


def _of_text(values: pl.Series) -> dict[str, Scalar]:
    lengths = values.str.len_chars()
    return {
        "longest": _scalar(lengths.max()),
        "mean_length": _scalar(lengths.mean()),
        "share_with_space": _scalar(values.str.contains(" ", literal=True).mean()),
        "is_date": bool(values.str.contains(_DATE).all()),
        "is_clock": bool(values.str.contains(_CLOCK).all()),
    }


@dataclass(slots=True)
class _Counted:
    """What is known of the numbers so far; `last` is the last finite one."""

    nan: int = 0
    infinite: int = 0
    finite: int = 0
    low: Any = None
    high: Any = None
    first: Any = None
    last: Any = None
    integer_like: bool = True
    rises: int = 0
    falls: int = 0

    def take(self, values: npt.NDArray[Any]) -> None:
        """Take the next numbers. The extremes tell whether all are finite: NaN and infinity go through to them."""
        low, high = values.min(), values.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            self.nan += int(np.isnan(values).sum())
            self.infinite += int(np.isinf(values).sum())
            values = values[np.isfinite(values)]
            if not values.size:
                return
            low, high = values.min(), values.max()
        self.finite += values.size
        if self.first is None:
            self.first, self.low, self.high = values[0], low, high
        else:
            self.rises += int(values[0] > self.last)
            self.falls += int(values[0] < self.last)
            self.low, self.high = min(self.low, low), max(self.high, high)
        self.last = values[-1]
        if self.integer_like and values.dtype.kind == "f":
            self.integer_like = bool((values == np.trunc(values)).all())
        before, after = values[:-1], values[1:]
        self.rises += int(np.count_nonzero(after > before))
        self.falls += int(np.count_nonzero(after < before))


def _of_numbers(numbers: pl.Series) -> dict[str, Scalar]:
    """Go through the numbers once, in blocks that stay in the processor's cache."""
    counted = _Counted()
    for piece in numbers.get_chunks():
        values = piece.to_numpy()
        for start in range(0, values.size, _BLOCK):
            counted.take(values[start : start + _BLOCK])
    found: dict[str, Scalar] = {"nan": counted.nan, "infinite": counted.infinite}
    if not counted.finite:
        return found
    found |= {
        "min": counted.low.item(),
        "max": counted.high.item(),
        "first": counted.first.item(),
        "last": counted.last.item(),
        "integer_like": counted.integer_like,
    }
    steps = counted.finite - 1
    if not steps:
        return found
    return found | {
        "share_nondecreasing": (steps - counted.falls) / steps,
        "share_increasing": counted.rises / steps,
        "share_changed": (counted.rises + counted.falls) / steps,
        "restarts": counted.falls,
    }


def _scalar(value: object) -> Scalar:
    if isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None
