"""What an array holds, and what can be said of it as a whole: kinds, missing values, sums, extremes, places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plotter2.child.python import limits
from plotter2.child.python.facade import Facade, wrong
from plotter2.child.python.plain import called, listed
from plotter2.errors import RunError

Numbers = npt.NDArray[Any]
HUGE: Final = float(2**63)


def quiet() -> np.errstate:
    """Give a context in which 1/0 is inf and 0/0 missing, without a word."""
    return np.errstate(all="ignore")


class Held(Facade):
    """Numbers or booleans, float64, int64 or bool, in one or two dimensions; some may be missing."""

    __slots__ = ("_missing", "_values")

    def __init__(self, values: Numbers, missing: npt.NDArray[np.bool_] | None = None) -> None:
        limits.require_numbers(values.size)
        if values.dtype.kind == "f" and missing is not None:
            values, missing = np.where(missing, np.nan, values), None
        self._values = values
        self._missing = missing if missing is not None and missing.any() else None

    # ------------------------------------------------------------ what it is
    @property
    def values(self) -> Numbers:
        """Give the numbers; for code of ours only."""
        return self._values

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Give which are missing; for code of ours only."""
        if self._values.dtype.kind == "f":
            return np.isnan(self._values)
        if self._missing is None:
            return np.zeros(self._values.shape, dtype=bool)
        return self._missing

    @property
    def there(self) -> Numbers:
        """Give all numbers that are not missing, in one dimension; for code of ours only."""
        if self._values.dtype.kind != "f" and self._missing is None:
            return self._values.ravel()
        return self._values[~self.missing]

    @property
    def kind(self) -> str:
        """what it holds: "int", "number" or "bool" """
        return {"i": "int", "f": "number", "b": "bool"}[self._values.dtype.kind]

    @property
    def size(self) -> int:
        """how many elements it has"""
        return int(self._values.size)

    @property
    def shape(self) -> tuple[int, ...]:
        """how many elements in each dimension"""
        return tuple(map(int, self._values.shape))

    @property
    def ndim(self) -> int:
        """how many dimensions it has"""
        return int(self._values.ndim)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        raise wrong("an array is neither true nor false", "write x.any() or x.all()")

    # ------------------------------------------------------------ what sums up
    def sum(self, axis: Any = None) -> Any:
        """the sum; with axis=0 of each column, with axis=1 of each row"""
        return summed("sum", self, axis)

    def mean(self, axis: Any = None) -> Any:
        """the mean"""
        return summed("mean", self, axis)

    def std(self, axis: Any = None) -> Any:
        """the standard deviation (n - 1)"""
        return summed("std", self, axis)

    def var(self, axis: Any = None) -> Any:
        """the variance (n - 1)"""
        return summed("var", self, axis)

    def min(self, axis: Any = None) -> Any:
        """the smallest"""
        return summed("min", self, axis)

    def max(self, axis: Any = None) -> Any:
        """the largest"""
        return summed("max", self, axis)

    def median(self, axis: Any = None) -> Any:
        """the median"""
        return summed("median", self, axis)

    def quantile(self, q: Any) -> Any:
        """the value below which the share q lies"""
        if type(q) not in (int, float) or not 0 <= q <= 1:
            raise wrong("a quantile is a share from 0 to 1", "write x.quantile(0.9)")
        there = self.there
        return element(np.quantile(there, q)) if there.size else None

    def all(self) -> bool:
        """whether all are true"""
        return bool(np.all(self.there))

    def any(self) -> bool:
        """whether one is true"""
        return bool(np.any(self.there))

    def count(self) -> int:
        """how many are not missing"""
        return int(self.there.size)

    def first(self) -> Any:
        """the first that is not missing, or None"""
        there = self.there
        return element(there[0]) if there.size else None

    def last(self) -> Any:
        """the last that is not missing, or None"""
        there = self.there
        return element(there[-1]) if there.size else None

    def argmin(self) -> Any:
        """the index of the smallest, or None"""
        return _place_of(self, np.nanargmin)

    def argmax(self) -> Any:
        """the index of the largest, or None"""
        return _place_of(self, np.nanargmax)

    def all_from(self) -> Any:
        """the index from which on all are true, missing ones aside; None when the last is not"""
        bad = np.flatnonzero(~truths(self) & ~self.missing)
        good = np.flatnonzero(truths(self) & ~self.missing)
        after = good if not bad.size else good[good > bad[-1]]
        return int(after[0]) if after.size else None


def element(value: Any, gone: bool = False) -> Any:
    """Give an element as a plain value, None when it is missing."""
    plain = value.item() if isinstance(value, np.generic) else value
    if gone or (type(plain) is float and plain != plain):
        return None
    return plain


def counted(values: Numbers) -> Numbers:
    """Give booleans as numbers."""
    return values.astype(np.int64) if values.dtype.kind == "b" else values


def too_large() -> RunError:
    """Give the error for whole numbers beyond 64 bits."""
    return RunError(
        "P2-R0610",
        "a whole number is larger than 64 bits can hold",
        help="compute with numbers: 1.0 * x",
    )


def truths(array: Held) -> npt.NDArray[np.bool_]:
    """Give the values of an array of booleans."""
    if array.kind != "bool":
        raise wrong("true and false are wanted, not numbers", "compare first: x > 0")
    return array.values


def summed(name: str, array: Held, axis: Any = None) -> Any:
    """Give what sums an array up, missing values left out; None of nothing."""
    if axis is not None:
        if type(axis) is not int or not 0 <= axis < array.ndim:
            raise wrong("axis is 0 (down the columns) or 1 (along the rows)", "write axis=0")
        if array.ndim > 1:
            return _by_line(name, array, axis)
    there = counted(array.there)
    if name == "sum" and not there.size:
        return 0
    if there.size <= (1 if name in ("std", "var") else 0):
        return None
    if name == "sum" and there.dtype.kind == "i" and abs(there.astype(float).sum()) >= HUGE:
        raise too_large()
    with quiet():
        return element(_REDUCTIONS[name](there))


def _by_line(name: str, array: Held, axis: int) -> Held:
    kind = type(array)
    lines, gone = (each if axis == 1 else each.T for each in (array.values, array.missing))
    made = [summed(name, kind(line, lost)) for line, lost in zip(lines, gone, strict=True)]
    values = np.array([0 if value is None else value for value in made])
    return kind(values, np.array([value is None for value in made], dtype=bool))


_REDUCTIONS: Final[dict[str, Callable[[Numbers], Any]]] = {
    "sum": np.sum,
    "prod": lambda x: np.prod(x.astype(float)),
    "mean": np.mean,
    "std": lambda x: np.std(x, ddof=1),
    "var": lambda x: np.var(x, ddof=1),
    "min": np.min,
    "max": np.max,
    "median": np.median,
}


def _place_of(array: Held, operation: Callable[..., Any]) -> Any:
    gone = array.missing
    if array.ndim != 1:
        raise wrong("the place of a value is one number only in one dimension", "write x.flatten()")
    if gone.all():
        return None
    values = np.where(gone, np.nan, array.values.astype(float)) if gone.any() else array.values
    return int(operation(values))


def with_none(plain: list[Any], gone: list[Any]) -> Iterator[Any]:
    """Give plain values with None where one is missing, lists inside lists too."""
    for value, missing in zip(plain, gone, strict=True):
        if isinstance(value, list):
            yield list(with_none(value, missing))
        else:
            yield None if missing else value


def as_float(value: Any) -> float:
    """Give a number as a float. Raises RunError P2-R0691 for a whole number beyond floats."""
    try:
        return float(value)
    except OverflowError:
        raise wrong(
            "a whole number is too large for an array", "an array holds numbers up to 1e308"
        ) from None


def scalar(value: Any) -> Any:
    """Give a plain number that an array can hold."""
    if type(value) not in (int, float, bool):
        raise wrong(f"a number is wanted, not {called(value)}", "write a number or an array")
    if type(value) is int and abs(value) >= 2**63:
        return as_float(value)
    return value


def sized(shape: Any, least: int = 0) -> tuple[int, ...]:
    """Give a shape of at most two dimensions."""
    sizes = listed(shape) if type(shape) in (tuple, list) else [shape]
    if not 1 <= len(sizes) <= 2 or any(type(size) is not int or size < least for size in sizes):
        raise wrong("a shape is one or two whole numbers", "write 10 or (3, 4)")
    product_ = 1
    for size in sizes:
        product_ *= max(size, 1)
    limits.require_numbers(product_)
    return tuple(sizes)


def fitting(operation: Callable[..., Any], x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Give two operands as an operation takes them: it counts with booleans."""
    if operation in (np.add, np.subtract, np.multiply, np.power):
        return counted(x), counted(y)
    return x, y


def require_exact(operation: Callable[..., Any], x: Numbers, y: Numbers, made: Any) -> None:
    """Raise RunError P2-R0610 when whole numbers grew beyond 64 bits."""
    # Whole numbers of numpy wrap around without a word.
    if made.dtype.kind != "i" or operation not in (np.add, np.subtract, np.multiply, np.power):
        return
    about = operation(x.astype(float), y.astype(float))
    if np.any(np.abs(about) >= HUGE):
        raise too_large()
