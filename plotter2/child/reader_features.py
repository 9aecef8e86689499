"""Features of a column: few numbers from which its role (step, metric, seed, ...) can be inferred.

The host gets these instead of values, so that it never has to look into a column.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from logger2.identity import Scalar
from plotter2.child.reader_columns import ReadColumn

_DATE = r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})([ T]\d{1,2}:\d{2}(:\d{2})?.*)?\s*$"
_VERY_MANY = 1_000_000
_SURELY_MANY = 10_000
"""No role depends on how many different numbers there are beyond this."""
_CLOCK = r"^\s*(\d+d\s+)?\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?\s*$"


def features_of(column: ReadColumn) -> dict[str, Scalar]:
    """Give the features of a column.

    All: `missing`, `unique` (missing values do not count; about, of millions), `constant`. Numbers:
    `min`, `max`, `first`, `last` (finite values only), `nan`, `infinite`, `integer_like`, and of
    the steps from one value to the next `share_nondecreasing`, `share_increasing`, `share_changed`,
    `restarts` (how often the value falls). Text: `longest`, `mean_length`, `share_with_space`,
    `is_date`, `is_clock`.
    """
    values = column.values.drop_nulls()
    unique = _different(column.kind, values)
    found: dict[str, Scalar] = {
        "missing": len(column.values) - len(values),
        "unique": unique,
        "constant": unique == 1 and len(values) == len(column.values),
    }
    if not len(values):
        return found
    if column.kind == "string":
        return found | _of_text(values)
    if column.kind in ("int", "number", "time"):
        return found | _of_numbers(values.to_numpy())
    return found


def _different(kind: str, values: pl.Series) -> int:
    """Count different values; of very many numbers about, for exactly takes ten times as long."""
    if kind in ("number", "time") and len(values) > _VERY_MANY:
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


def _of_numbers(values: npt.NDArray[Any]) -> dict[str, Scalar]:
    finite = values[np.isfinite(values)]
    found: dict[str, Scalar] = {
        "nan": int(np.isnan(values).sum()),
        "infinite": int(np.isinf(values).sum()),
    }
    if not finite.size:
        return found
    found |= {
        "min": finite.min().item(),
        "max": finite.max().item(),
        "first": finite[0].item(),
        "last": finite[-1].item(),
        "integer_like": bool((finite == np.trunc(finite)).all()),
    }
    return found | _of_steps(finite)


def _of_steps(values: npt.NDArray[Any]) -> dict[str, Scalar]:
    if values.size < 2:
        return {}
    before, after = values[:-1], values[1:]
    rises, falls = int((after > before).sum()), int((after < before).sum())
    steps = values.size - 1
    return {
        "share_nondecreasing": (steps - falls) / steps,
        "share_increasing": rises / steps,
        "share_changed": (rises + falls) / steps,
        "restarts": falls,
    }


def _scalar(value: object) -> Scalar:
    if isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None
