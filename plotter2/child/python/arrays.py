"""Arrays of numbers as scripts see them: read-only, with missing values, one or two dimensions.

A missing number of a float array is NaN; whole numbers, booleans and texts keep a mask beside the values. What is made
of a missing value is missing; what sums up leaves missing values out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plotter2.child.python import limits
from plotter2.child.python.facade import facade, named, wrong
from plotter2.child.python.held import (
    Held,
    Numbers,
    as_float,
    counted,
    element,
    fitting,
    quiet,
    require_exact,
    scalar,
    sized,
    summed,
    truths,
    with_none,
)
from plotter2.child.python.plain import called, listed

_SHOWN: Final = 8


@facade
class Array(Held):
    """Numbers or booleans, float64, int64 or bool, in one or two dimensions."""

    __slots__ = ()
    called = "an array"
    exports = named(
        """
        T all all_from any argmax argmin argsort count cumsum diff fill first flatten is_missing kind last max
        mean median min ndim quantile reshape round shape size sort std sum take tolist unique var
        """
    )

    @property
    def T(self) -> Array:  # noqa: N802 - what everybody calls it
        """rows and columns exchanged"""
        mask = None if self._missing is None else self._missing.T
        return Array(self._values.T, mask)

    def __hash__(self) -> int:
        raise wrong("an array cannot be a key or in a set", "use a number of it: x.sum()")

    def __str__(self) -> str:
        some = self._values.ravel()[:_SHOWN]
        parts = [
            str(element(value, bool(np.all(gone))))
            for value, gone in zip(some, self.missing.ravel(), strict=False)
        ]
        more = ", …" if self._values.size > _SHOWN else ""
        shape = "" if self.ndim == 1 else f" {' x '.join(map(str, self.shape))}:"
        return f"array({shape}[{', '.join(parts)}{more}])"

    __repr__ = __str__

    def __iter__(self) -> Iterator[Any]:
        if self.ndim > 1:
            return iter([self[number] for number in range(len(self))])
        return iter(self.tolist())

    def __contains__(self, value: Any) -> bool:
        return any(each == value for each in self.tolist()) if self.ndim == 1 else False

    def __getitem__(self, index: Any) -> Any:
        chosen = _index(index)
        try:
            taken = self._values[chosen]
            gone = self.missing[chosen]
        except IndexError as error:
            raise IndexError(str(error).replace("axis 0 with size", "an array of")) from None
        if np.ndim(taken) == 0:
            return element(taken, bool(np.all(gone)))
        if np.ndim(taken) > 2:
            raise wrong("an array has at most two dimensions", "choose rows first: a[rows]")
        return Array(taken, gone)

    # ------------------------------------------------------------ arithmetic
    def __add__(self, other: Any) -> Array:
        return combined(np.add, self, other)

    def __radd__(self, other: Any) -> Array:
        return combined(np.add, other, self)

    def __sub__(self, other: Any) -> Array:
        return combined(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Array:
        return combined(np.subtract, other, self)

    def __mul__(self, other: Any) -> Array:
        return combined(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Array:
        return combined(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Array:
        return combined(np.true_divide, self, other)

    def __rtruediv__(self, other: Any) -> Array:
        return combined(np.true_divide, other, self)

    def __floordiv__(self, other: Any) -> Array:
        return _divided(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Array:
        return _divided(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Array:
        return _divided(np.remainder, self, other)

    def __rmod__(self, other: Any) -> Array:
        return _divided(np.remainder, other, self)

    def __pow__(self, other: Any) -> Array:
        return combined(np.power, *_as_powers(self, other))

    def __rpow__(self, other: Any) -> Array:
        return combined(np.power, *_as_powers(other, self))

    def __matmul__(self, other: Any) -> Any:
        return product(self, other)

    def __neg__(self) -> Array:
        return combined(np.subtract, 0, self)

    def __pos__(self) -> Array:
        return self

    def __abs__(self) -> Array:
        sized_: Array = applied(np.absolute, self)
        return sized_

    # ------------------------------------------------------------ comparison, logic
    def __eq__(self, other: object) -> Any:
        return combined(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return combined(np.not_equal, self, other)

    def __lt__(self, other: Any) -> Array:
        return combined(np.less, self, other)

    def __le__(self, other: Any) -> Array:
        return combined(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Array:
        return combined(np.greater, self, other)

    def __ge__(self, other: Any) -> Array:
        return combined(np.greater_equal, self, other)

    def __and__(self, other: Any) -> Array:
        return _logical(np.logical_and, self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Array:
        return _logical(np.logical_or, self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Array:
        return _logical(np.logical_xor, self, other)

    __rxor__ = __xor__

    def __invert__(self) -> Array:
        if self.kind != "bool":
            raise wrong("`~` is for true and false", "write -x for numbers")
        return Array(~self._values, self._missing)

    # ------------------------------------------------------------ what changes the order or the shape
    def cumsum(self) -> Array:
        """the sums up to each element"""
        total = Array(np.cumsum(_kept(self, 0)), self._missing)
        return Array(total.values, self.missing) if self.kind == "number" else total

    def diff(self) -> Array:
        """the difference of each element to the one before it, one fewer"""
        return combined(np.subtract, self[1:], self[:-1])

    def sort(self, descending: Any = False) -> Array:
        """the elements from small to large, missing ones left out"""
        made = np.sort(self.there)
        return Array(made[::-1] if descending else made)

    def argsort(self, descending: Any = False) -> Array:
        """the indices that put the elements in order, those of missing ones last"""
        gone = self.missing
        values = _kept(self, 0).astype(float) if gone.any() else self._values
        order = np.argsort(-values if descending else values, kind="stable")
        return Array(np.concatenate([order[~gone[order]], order[gone[order]]]))

    def unique(self) -> Array:
        """each value once, from small to large"""
        return Array(np.unique(self.there))

    def take(self, indices: Any) -> Array:
        """the elements at these indices"""
        taken = self[as_array(indices)]
        assert isinstance(taken, Array)
        return taken

    def fill(self, value: Any) -> Array:
        """the same with a value where one is missing"""
        filling = scalar(value)
        gone = self.missing
        values = self._values if type(filling) is not float else self._values.astype(float)
        return Array(np.where(gone, filling, values))

    def is_missing(self) -> Array:
        """for each element whether it is missing"""
        return Array(self.missing.copy())

    def round(self, digits: Any = 0) -> Array:
        """each rounded to so many digits"""
        if type(digits) is not int or abs(digits) > 300:
            raise wrong("digits is a small whole number", "write x.round(2)")
        return Array(np.round(self._values, digits), self._missing)

    def flatten(self) -> Array:
        """all elements in one dimension"""
        return Array(self._values.ravel(), self.missing.ravel())

    def reshape(self, *shape: Any) -> Array:
        """the elements in other dimensions"""
        wanted = sized(shape[0] if len(shape) == 1 and type(shape[0]) is tuple else shape, -1)
        return Array(self._values.reshape(wanted), self.missing.reshape(wanted))

    def tolist(self) -> list[Any]:
        """the elements as a list, None where one is missing"""
        limits.require_items(self.size)
        plain = self._values.tolist()
        if not self.missing.any():
            return list(plain)
        return list(with_none(plain, self.missing.tolist()))


# ---- from and to plain values -----------------------------------------------------------------


def as_array(value: Any) -> Array:
    """Give an array of an array, a list of numbers, a list of lists of equal length, a range, or a number."""
    if type(value) is Array:
        return value
    if type(value) in (int, float, bool):
        return Array(np.asarray(scalar(value)))
    if type(value) in (str, dict) or value is None:
        raise wrong(
            f"numbers are wanted, not {called(value)}", "write an array or a list of numbers"
        )
    parts = [_scalar_or_row(each) for each in listed(value)]
    if not parts:
        return Array(np.zeros(0))
    if any(type(each) is Array for each in parts):
        return _stacked(parts)
    gone = np.array([each is None for each in parts])
    plain = [0 if each is None else each for each in parts]
    kinds = {type(each) for each in parts if each is not None}
    if len(kinds) == 2 and bool in kinds:
        raise wrong("numbers and true or false stand in one list", "write 0 and 1 for the latter")
    dtype = {frozenset((bool,)): bool, frozenset((int,)): np.int64}.get(frozenset(kinds), float)
    if dtype is np.int64 and any(abs(each) >= 2**63 for each in plain):
        dtype = float
    if dtype is float:
        plain = [as_float(each) for each in plain]
    return Array(np.array(plain, dtype=dtype), gone)


def _scalar_or_row(value: Any) -> Any:
    if value is None or type(value) in (int, float, bool):
        return value
    if type(value) in (list, tuple, Array):
        return as_array(value)
    raise wrong(f"numbers are wanted, not {called(value)}", "write an array or a list of numbers")


def _stacked(rows: list[Any]) -> Array:
    if any(type(row) is not Array or row.shape != rows[0].shape or row.ndim != 1 for row in rows):
        raise wrong("the rows of an array are not of one length", "give each as many numbers")
    limits.require_numbers(len(rows) * rows[0].size)
    return Array(np.stack([row.values for row in rows]), np.stack([row.missing for row in rows]))


def _index(index: Any) -> Any:
    if type(index) is tuple:
        if len(index) > 2:
            raise wrong("an array has at most two dimensions", "write a[i, j]")
        return tuple(_index(each) for each in index)
    if type(index) is int:
        return index
    if type(index) is slice:
        parts = (index.start, index.stop, index.step)
        if all(part is None or type(part) is int for part in parts):
            return index
    elif type(index) in (list, range):
        return _index(as_array(index))
    elif type(index) is Array:
        if index.kind == "bool":
            return index.values & ~index.missing
        if index.kind == "int" and not index.missing.any():
            return index.values
    raise wrong(
        "an index is a whole number, a slice, a list of whole numbers or true and false for each",
        "write a[0], a[1:5], a[[0, 3]] or a[a > 0]",
    )


# ---- operations --------------------------------------------------------------------------------


def combined(operation: Callable[..., Any], left: Any, right: Any) -> Array:
    """Give an operation on two arrays, or an array and a number, element by element."""
    a, b = as_array(left), as_array(right)
    x, y = fitting(operation, a.values, b.values)
    try:
        limits.require_numbers(int(np.prod(np.broadcast_shapes(x.shape, y.shape))))
        with quiet():
            made = operation(x, y)
            require_exact(operation, x, y, made)
    except ValueError:
        raise wrong(
            f"arrays of {_shape(a)} and {_shape(b)} elements do not fit", "use arrays of one shape"
        ) from None
    return Array(made, _either(a, b, made))


def _either(a: Array, b: Array, made: Any) -> npt.NDArray[np.bool_] | None:
    gone = a.missing | b.missing
    if not gone.any():
        return None
    return np.asarray(np.broadcast_to(gone, np.shape(made)))


def _shape(array: Array) -> str:
    return " x ".join(map(str, array.shape)) or "1"


def _divided(operation: Callable[..., Any], left: Any, right: Any) -> Array:
    made, by = combined(operation, left, right), as_array(right)
    if made.kind != "int":
        return made
    nothing = np.asarray(np.broadcast_to(by.values == 0, made.values.shape))
    return Array(made.values, made.missing | nothing)


def _as_powers(left: Any, right: Any) -> tuple[Array, Array]:
    a, b = as_array(left), as_array(right)
    if b.kind == "int" and np.any(b.values < 0):
        a = Array(a.values.astype(float), a.missing)
    return a, b


def _logical(operation: Callable[..., Any], left: Any, right: Any) -> Array:
    a, b = as_array(left), as_array(right)
    truths(a), truths(b)
    return combined(operation, a, b)


def applied(operation: Callable[..., Any], value: Any) -> Any:
    """Give a function of one number for each element; a plain number gives a plain number."""
    array = as_array(value)
    with quiet():
        made = operation(counted(array.values))
    result = Array(made, array.missing)
    return result if array.ndim else element(result.values[()], bool(result.missing[()]))


def _kept(array: Array, instead: int) -> Numbers:
    return np.where(array.missing, instead, array.values)


def reduced(name: str, value: Any, axis: Any = None) -> Any:
    """Give what sums an array up, missing values left out; None of nothing."""
    return summed(name, as_array(value), axis)


def product(left: Any, right: Any) -> Any:
    """the product of two matrices, of a matrix and a vector, or of two vectors"""
    a, b = as_array(left), as_array(right)
    if a.missing.any() or b.missing.any():
        raise wrong("a product of matrices needs all numbers", "write x.fill(0) first")
    x, y = a.values.astype(float), b.values.astype(float)
    if not (a.ndim and b.ndim) or x.shape[-1] != y.shape[0]:
        raise wrong(f"{_shape(a)} and {_shape(b)} do not fit", "write a.T @ b, or look at a.shape")
    limits.require_numbers((x.size // x.shape[-1]) * (y.size // y.shape[0]) if x.shape[-1] else 0)
    with quiet():
        made = x @ y
    return Array(made) if np.ndim(made) else element(made)
