"""The word `num`: maths on arrays of numbers. Each function takes numbers and arrays, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from plotter2.child.python import limits
from plotter2.child.python.algebra import ALGEBRA
from plotter2.child.python.arrays import Array, applied, as_array, combined, product, reduced
from plotter2.child.python.chance import seeded
from plotter2.child.python.facade import Word, Words, wrong
from plotter2.child.python.held import element, quiet, sized
from plotter2.child.python.plain import listed

_OF_ONE: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "abs": (np.absolute, "the size of a number"),
    "acos": (np.arccos, "the angle with this cosine, in radians"),
    "asin": (np.arcsin, "the angle with this sine, in radians"),
    "atan": (np.arctan, "the angle with this tangent, in radians"),
    "ceil": (np.ceil, "the next whole number above"),
    "cos": (np.cos, "the cosine"),
    "cosh": (np.cosh, "the hyperbolic cosine"),
    "degrees": (np.degrees, "radians as degrees"),
    "exp": (np.exp, "e to the power of x"),
    "expm1": (np.expm1, "exp(x) - 1, exact near 0"),
    "floor": (np.floor, "the next whole number below"),
    "isfinite": (np.isfinite, "whether it is neither infinite nor missing"),
    "log": (np.log, "the natural logarithm"),
    "log10": (np.log10, "the logarithm to base 10"),
    "log1p": (np.log1p, "log(1 + x), exact near 0"),
    "log2": (np.log2, "the logarithm to base 2"),
    "radians": (np.radians, "degrees as radians"),
    "sign": (np.sign, "-1, 0 or 1"),
    "sin": (np.sin, "the sine"),
    "sinh": (np.sinh, "the hyperbolic sine"),
    "sqrt": (np.sqrt, "the square root"),
    "tan": (np.tan, "the tangent"),
    "tanh": (np.tanh, "the hyperbolic tangent"),
}
_OF_TWO: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "atan2": (np.arctan2, "the angle of the point (x, y), given as atan2(y, x)"),
    "hypot": (np.hypot, "the length of (x, y)"),
    "maximum": (np.maximum, "the larger of two, element by element"),
    "minimum": (np.minimum, "the smaller of two, element by element"),
}
_SUMMING: Final[dict[str, str]] = {
    "max": "the largest",
    "mean": "the mean",
    "median": "the median",
    "min": "the smallest",
    "prod": "the product",
    "std": "the standard deviation (n - 1)",
    "sum": "the sum",
    "var": "the variance (n - 1)",
}


def _of_one(operation: Callable[..., Any], about: str) -> Callable[..., Any]:
    def run(x: Any) -> Any:
        return applied(operation, x)

    run.__doc__ = about
    return run


def _of_two(operation: Callable[..., Any], about: str) -> Callable[..., Any]:
    def run(x: Any, y: Any) -> Any:
        return _given_back(combined(operation, x, y))

    run.__doc__ = about
    return run


def _summing(name: str, about: str) -> Callable[..., Any]:
    def run(x: Any, axis: Any = None) -> Any:
        return reduced(name, x, axis)

    run.__doc__ = about
    return run


def _given_back(made: Array) -> Any:
    return made if made.ndim else element(made.values[()], bool(made.missing[()]))


# ---- making -----------------------------------------------------------------------------------


def make_array(values: Any) -> Array:
    """an array of a list of numbers, or of lists of equal length"""
    return as_array(values)


def make_zeros(shape: Any) -> Array:
    """an array of zeros: zeros(10) or zeros((3, 4))"""
    return Array(np.zeros(sized(shape)))


def make_ones(shape: Any) -> Array:
    """an array of ones"""
    return Array(np.ones(sized(shape)))


def make_full(shape: Any, value: Any) -> Array:
    """an array of one number"""
    one = as_array(value)
    if one.ndim:
        raise wrong("full() takes one number", "write num.full(10, 0.5)")
    return Array(np.full(sized(shape), one.values))


def make_eye(n: Any) -> Array:
    """the unit matrix"""
    return Array(np.eye(sized((n, n))[0]))


def make_arange(*ends: Any) -> Array:
    """numbers from a start to before an end, by a step"""
    start, stop, step = (0, *ends, 1) if len(ends) == 1 else (*ends, 1)[:3]
    if not 1 <= len(ends) <= 3 or any(type(end) not in (int, float) for end in (start, stop, step)):
        raise wrong("arange() takes one to three numbers", "write num.arange(0, 10, 2)")
    if not step or not all(math.isfinite(end) for end in (start, stop, step)):
        raise wrong("the step of arange() is a number other than 0", "write num.arange(0, 10, 2)")
    limits.require_numbers(
        math.ceil(abs((stop - start) / step)) if (stop - start) / step > 0 else 0
    )
    return Array(np.arange(start, stop, step))


def make_linspace(start: Any, stop: Any, n: Any = 50) -> Array:
    """n numbers at equal distances, both ends among them"""
    if any(type(end) not in (int, float) for end in (start, stop)):
        raise wrong("linspace() goes from a number to a number", "write num.linspace(0, 1, 50)")
    return Array(np.linspace(start, stop, sized(n)[0]))


def make_logspace(start: Any, stop: Any, n: Any = 50) -> Array:
    """n numbers at equal ratios from 10**start to 10**stop"""
    with quiet():
        return Array(10.0 ** make_linspace(start, stop, n).values)


def make_concat(arrays: Any) -> Array:
    """arrays one after the other, matrices one below the other"""
    parts = [as_array(each) for each in listed(arrays)]
    if not parts or len({part.shape[1:] for part in parts}) > 1 or not parts[0].ndim:
        raise wrong("concat() takes arrays of one width", "write num.concat([a, b])")
    limits.require_numbers(sum(part.size for part in parts))
    return Array(
        np.concatenate([p.values for p in parts]), np.concatenate([p.missing for p in parts])
    )


def make_stack(arrays: Any) -> Array:
    """arrays of one length as the rows of a matrix"""
    return as_array([as_array(each) for each in listed(arrays)])


def make_where(condition: Any, yes: Any, no: Any) -> Any:
    """yes where the condition holds, else no; missing where the condition is"""
    test, a, b = as_array(condition), as_array(yes), as_array(no)
    if test.kind != "bool":
        raise wrong("where() takes true and false first", "write num.where(x > 0, x, 0)")
    with quiet():
        made = np.where(test.values, a.values, b.values)
        gone = np.where(test.values, a.missing, b.missing) | test.missing
    return _given_back(Array(made, gone))


def make_clip(x: Any, low: Any, high: Any) -> Any:
    """x, but at least low and at most high"""
    return _given_back(combined(np.minimum, combined(np.maximum, x, low), high))


def make_round(x: Any, digits: Any = 0) -> Any:
    """rounded to so many digits"""
    return _given_back(as_array(x).round(digits))


def make_ismissing(x: Any) -> Any:
    """whether it is missing"""
    return True if x is None else _given_back(as_array(x).is_missing())


# ---- about several ----------------------------------------------------------------------------


def about_cumsum(x: Any) -> Array:
    """the sums up to each element"""
    return as_array(x).cumsum()


def about_diff(x: Any) -> Array:
    """the difference of each element to the one before it"""
    return as_array(x).diff()


def about_sort(x: Any, descending: Any = False) -> Array:
    """the elements from small to large"""
    return as_array(x).sort(descending)


def about_argsort(x: Any, descending: Any = False) -> Array:
    """the indices that put the elements in order"""
    return as_array(x).argsort(descending)


def about_unique(x: Any) -> Array:
    """each value once"""
    return as_array(x).unique()


def about_quantile(x: Any, q: Any) -> Any:
    """the value below which the share q lies"""
    return as_array(x).quantile(q)


def about_all(x: Any) -> bool:
    """whether all are true"""
    return as_array(x).all()


def about_any(x: Any) -> bool:
    """whether one is true"""
    return as_array(x).any()


def about_argmin(x: Any) -> Any:
    """the index of the smallest"""
    return as_array(x).argmin()


def about_argmax(x: Any) -> Any:
    """the index of the largest"""
    return as_array(x).argmax()


def about_histogram(x: Any, bins: Any = 10) -> tuple[Array, Array]:
    """how many lie in each of so many bins of equal width, and the edges of the bins"""
    values = as_array(x).there.astype(float)
    values = values[np.isfinite(values)]
    counts, edges = np.histogram(values, sized(bins)[0])
    return Array(counts.astype(np.int64)), Array(edges)


def about_interp(x: Any, xs: Any, ys: Any) -> Any:
    """the value at x of the line through the points (xs, ys); xs go up"""
    points, a, b = as_array(x), as_array(xs), as_array(ys)
    if a.shape != b.shape or a.ndim != 1 or not a.size or np.any(np.diff(a.values) <= 0):
        raise wrong(
            "interp() takes points of which each lies right of the one before", "sort them by x"
        )
    return _given_back(Array(np.interp(points.values, a.values, b.values), points.missing))


def about_corr(x: Any, y: Any) -> Any:
    """the correlation of two columns"""
    a, b = as_array(x), as_array(y)
    if a.shape != b.shape or a.ndim != 1:
        raise wrong("corr() takes two columns of one length", "take both from one table")
    both = ~(a.missing | b.missing)
    left, right = a.values[both].astype(float), b.values[both].astype(float)
    if left.size < 2:
        return None
    with quiet():
        return element(np.corrcoef(left, right)[0, 1])


def _prefixed(prefix: str) -> dict[str, Callable[..., Any]]:
    return {n.removeprefix(prefix): run for n, run in globals().items() if n.startswith(prefix)}


def numbers() -> Words:
    """Give `num`."""
    functions: dict[str, Callable[..., Any]] = {
        **{name: _of_one(*made) for name, made in _OF_ONE.items()},
        **{name: _of_two(*made) for name, made in _OF_TWO.items()},
        **{name: _summing(name, about) for name, about in _SUMMING.items()},
        **_prefixed("make_"),
        **_prefixed("about_"),
        **ALGEBRA,
        "dot": product,
        "random": seeded,
    }
    members: dict[str, Any] = {name: Word(f"num.{name}", run) for name, run in functions.items()}
    members |= {"pi": math.pi, "e": math.e, "inf": math.inf}
    return Words("num", dict(sorted(members.items())))
