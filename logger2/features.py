"""Few numbers about a column from which its role can be inferred, so that inference never needs the values.

`features` makes them from a list in pure Python; `features_from` takes those that a reader of data frames made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from logger2.identity import Scalar

KINDS = ("int", "number", "string", "bool", "time")
_DATE = re.compile(
    r"\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})([ T]\d{1,2}:\d{2}(:\d{2})?.*)?\s*\Z"
)
_CLOCK = re.compile(r"\s*(\d+\s?d(?:ays?)?\s+)?\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Features:
    """A column in numbers. `dtype` is one of KINDS; missing values count for nothing but `missing` and `rows`.

    Shares are of the steps from one value to the next, NaN where there is no step; `restarts` counts how often the
    value falls. The text features are of columns of text.
    """

    dtype: str
    rows: int
    missing: int = 0
    unique: int = 0
    share_nondecreasing: float = math.nan
    share_changed: float = math.nan
    integer_like: bool = False
    minimum: float | None = None
    maximum: float | None = None
    constant: bool = False
    restarts: int = 0
    share_increasing: float = math.nan
    non_finite: int = 0
    mean_length: float = 0.0
    share_with_space: float = 0.0
    is_date: bool = False
    is_clock: bool = False

    @property
    def present(self) -> int:
        """Give the number of values that are not missing."""
        return self.rows - self.missing

    @property
    def is_numeric(self) -> bool:
        """Tell whether the values are numbers."""
        return self.dtype in ("int", "number", "time")


def features(values: Sequence[Scalar]) -> Features:
    """Give the features of a column's values, of which None is missing."""
    present = [value for value in values if value is not None]
    dtype = _kind(present)
    missing = len(values) - len(present)
    unique = len(set(present)) if dtype != "number" else len({v for v in present if v == v})
    base = Features(dtype, len(values), missing, unique, constant=unique == 1 and not missing)
    if dtype == "string":
        return _of_text(base, [str(value) for value in present])
    if dtype == "bool" or not present:
        return base
    finite = [float(v) for v in present if isinstance(v, int | float) and math.isfinite(v)]
    return _of_numbers(base, finite, non_finite=len(present) - len(finite))


def features_from(dtype: str, rows: int, found: Mapping[str, object]) -> Features:
    """Give features from named numbers of another maker; `min` and `max` may be called so, absent ones are unknown.

    Raises ValueError for an unknown kind or a feature of the wrong type.
    """
    if dtype not in KINDS:
        raise ValueError(f"the kind of a column is one of {', '.join(KINDS)}, not {dtype!r}")
    return Features(
        dtype=dtype,
        rows=rows,
        missing=int(_number(found, "missing", 0)),
        unique=int(_number(found, "unique", 0)),
        share_nondecreasing=_number(found, "share_nondecreasing", math.nan),
        share_changed=_number(found, "share_changed", math.nan),
        integer_like=_truth(found, "integer_like"),
        minimum=_optional(found, "min" if "min" in found else "minimum"),
        maximum=_optional(found, "max" if "max" in found else "maximum"),
        constant=_truth(found, "constant"),
        restarts=int(_number(found, "restarts", 0)),
        share_increasing=_number(found, "share_increasing", math.nan),
        non_finite=int(
            _number(found, "nan", 0)
            + _number(found, "infinite", 0)
            + _number(found, "non_finite", 0)
        ),
        mean_length=_number(found, "mean_length", 0.0),
        share_with_space=_number(found, "share_with_space", 0.0),
        is_date=_truth(found, "is_date"),
        is_clock=_truth(found, "is_clock"),
    )


def _kind(present: Iterable[Scalar]) -> str:
    kinds = set(map(type, present))
    if str in kinds:
        return "string"
    if kinds == {bool}:
        return "bool"
    return "int" if kinds <= {int, bool} and kinds else "number"


def _of_text(base: Features, texts: Sequence[str]) -> Features:
    return Features(
        dtype="string",
        rows=base.rows,
        missing=base.missing,
        unique=base.unique,
        constant=base.constant,
        mean_length=sum(map(len, texts)) / len(texts),
        share_with_space=sum(" " in text for text in texts) / len(texts),
        is_date=all(map(_DATE.match, texts)),
        is_clock=all(map(_CLOCK.match, texts)),
    )


def _of_numbers(base: Features, finite: Sequence[float], non_finite: int) -> Features:
    steps = len(finite) - 1
    rises = sum(after > before for before, after in pairwise(finite))
    falls = sum(after < before for before, after in pairwise(finite))
    return Features(
        dtype=base.dtype,
        rows=base.rows,
        missing=base.missing,
        unique=base.unique,
        share_nondecreasing=(steps - falls) / steps if steps > 0 else math.nan,
        share_changed=(rises + falls) / steps if steps > 0 else math.nan,
        integer_like=bool(finite) and all(map(float.is_integer, finite)),
        minimum=min(finite, default=None),
        maximum=max(finite, default=None),
        constant=base.constant,
        restarts=falls,
        share_increasing=rises / steps if steps > 0 else math.nan,
        non_finite=non_finite,
    )


def _number(found: Mapping[str, object], name: str, default: float) -> float:
    value = found.get(name)
    if value is None:
        return default
    if not isinstance(value, int | float):
        raise ValueError(f"the feature {name!r} is a number")
    return value


def _optional(found: Mapping[str, object], name: str) -> float | None:
    value = _number(found, name, math.nan)
    return value if value == value else None


def _truth(found: Mapping[str, object], name: str) -> bool:
    return found.get(name, False) is True
