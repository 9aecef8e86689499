"""Row-wise functions: values of a row to a value of the row. Missing in, missing out.

What has no value (the square root of -1) is missing: NaN, which the interpreter turns into null.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from p2std.binding import kernel
from p2std.errors import NotComputable, UnfitFormat

_SPEC = re.compile(
    r"(?:.?[<>=^])?[-+ ]?#?0?(?P<width>\d{0,3})[,_]?(?:\.(?P<digits>\d{1,3}))?[bdeEfFgGnosxX%]?\Z"
)
_MOST_DIGITS = 100


@kernel("fn", "abs@1")
def absolute(x: pl.Expr) -> pl.Expr:
    """Give |x|."""
    return x.abs()


@kernel("fn", "sqrt@1")
def sqrt(x: pl.Expr) -> pl.Expr:
    """Give the square root; null for x < 0."""
    return x.sqrt()


@kernel("fn", "exp@1")
def exp(x: pl.Expr) -> pl.Expr:
    """Give e^x; infinite from about 710."""
    return x.exp()


@kernel("fn", "log@1")
def log(x: pl.Expr) -> pl.Expr:
    """Give the natural logarithm; null for x <= 0."""
    return pl.when(x > 0).then(x.log())


@kernel("fn", "log10@1")
def log10(x: pl.Expr) -> pl.Expr:
    """Give the decimal logarithm; null for x <= 0."""
    return pl.when(x > 0).then(x.log10())


@kernel("fn", "sin@1")
def sin(x: pl.Expr) -> pl.Expr:
    """Give the sine of radians."""
    return x.sin()


@kernel("fn", "cos@1")
def cos(x: pl.Expr) -> pl.Expr:
    """Give the cosine of radians."""
    return x.cos()


@kernel("fn", "tan@1")
def tan(x: pl.Expr) -> pl.Expr:
    """Give the tangent of radians."""
    return x.tan()


@kernel("fn", "asin@1")
def asin(x: pl.Expr) -> pl.Expr:
    """Give the arc sine in radians, -pi/2..pi/2; null outside -1..1."""
    return x.arcsin()


@kernel("fn", "acos@1")
def acos(x: pl.Expr) -> pl.Expr:
    """Give the arc cosine in radians, 0..pi; null outside -1..1."""
    return x.arccos()


@kernel("fn", "atan@1")
def atan(x: pl.Expr) -> pl.Expr:
    """Give the arc tangent in radians, -pi/2..pi/2."""
    return x.arctan()


@kernel("fn", "atan2@1")
def atan2(y: pl.Expr, x: pl.Expr) -> pl.Expr:
    """Give the angle of the point (x, y) in radians, -pi..pi."""
    return pl.arctan2(y, x)


@kernel("fn", "mod@1")
def mod(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """Give x - y floor(x / y): the remainder with the sign of y; null for y = 0."""
    return x % y


@kernel("fn", "round@1")
def rounded(x: pl.Expr, digits: int) -> pl.Expr:
    """Give x to `digits` decimals (negative: to tens, hundreds), half away from zero."""
    if digits >= 0:
        return x.round(min(digits, 300), mode="half_away_from_zero")
    step = 10.0 ** min(-digits, 300)
    return (x / step).round(0, mode="half_away_from_zero") * step


@kernel("fn", "isnull@1", "nulls")
def isnull(x: pl.Expr) -> pl.Expr:
    """Give whether the value is missing: null or NaN."""
    return x.is_null()


@kernel("fn", "fill@1", "nulls", "clean")
def fill(x: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Give x, or `value` where x is null or NaN."""
    return pl.coalesce(x, value)


@kernel("fn", "format@1", "nulls")
def formatted(x: pl.Expr, spec: str) -> pl.Expr:
    """Give the value as text by a Python format specification (Format Specification Mini-Language, docs.python.org)."""
    match = _SPEC.match(spec)
    if match is None or int(match["digits"] or 0) > _MOST_DIGITS:
        raise NotComputable(
            "P2-R0612",
            f'format() does not know the specification "{spec}"',
            'write for example ".2f", ".1%", ",d" or ".3g"',
        )

    def texts(values: pl.Series) -> pl.Series:
        try:
            return pl.Series(
                [None if v is None else format(v, spec) for v in values], dtype=pl.String
            )
        except ValueError as error:
            raise UnfitFormat(f'format() with "{spec}" does not suit a value: {error}') from None

    return x.map_batches(texts, return_dtype=pl.String, is_elementwise=True)


@kernel("fn", "desc@1")
def desc(x: pl.Expr) -> pl.Expr:
    """Give x itself; `order` reads the mark."""
    return x


@kernel("fn", "sinh@1")
def sinh(x: pl.Expr) -> pl.Expr:
    """Give (e^x - e^-x) / 2."""
    return x.sinh()


@kernel("fn", "cosh@1")
def cosh(x: pl.Expr) -> pl.Expr:
    """Give (e^x + e^-x) / 2."""
    return x.cosh()


@kernel("fn", "tanh@1")
def tanh(x: pl.Expr) -> pl.Expr:
    """Give sinh(x) / cosh(x)."""
    return x.tanh()


@kernel("fn", "asinh@1")
def asinh(x: pl.Expr) -> pl.Expr:
    """Give the number whose hyperbolic sine is x."""
    return x.arcsinh()


@kernel("fn", "acosh@1")
def acosh(x: pl.Expr) -> pl.Expr:
    """Give the number of at least 0 whose hyperbolic cosine is x; null for x < 1."""
    return x.arccosh()


@kernel("fn", "atanh@1")
def atanh(x: pl.Expr) -> pl.Expr:
    """Give the number whose hyperbolic tangent is x; null for x <= -1 and x >= 1."""
    return pl.when(x.abs() < 1).then(x.arctanh())


@kernel("fn", "log2@1")
def log2(x: pl.Expr) -> pl.Expr:
    """Give the logarithm to base 2, exact for powers of 2; null for x <= 0."""

    def logarithms(values: pl.Series) -> pl.Series:
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return pl.Series(np.log2(values.to_numpy()))

    return pl.when(x > 0).then(x.map_batches(logarithms, pl.Float64, is_elementwise=True))


@kernel("fn", "floor@1")
def floor(x: pl.Expr) -> pl.Expr:
    """Give the largest whole number that is not above x."""
    return x.floor()


@kernel("fn", "ceil@1")
def ceil(x: pl.Expr) -> pl.Expr:
    """Give the smallest whole number that is not below x."""
    return x.ceil()


@kernel("fn", "sign@1")
def sign(x: pl.Expr) -> pl.Expr:
    """Give -1 below 0, 1 above 0, else 0."""
    return x.sign()


@kernel("fn", "clamp@1", "nulls", "clean")
def clamp(x: pl.Expr, low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """Give min(max(x, low), high); missing where any of the three is."""
    raised = pl.when(x < low).then(low).otherwise(x)
    lowered = pl.when(raised > high).then(high).otherwise(raised)
    return pl.when(low.is_not_null() & high.is_not_null()).then(lowered)
