"""Expressions on their way to polars: what an operand, a reduction, a range is, and what operators do to operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from p2std.table import DTYPES

NUMERIC: Final = ("int", "number", "time")
COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression, the kind of value it gives, from which stage on it can be evaluated, and whether it is `clean`.

    An unclean one may hold NaN; NaN is missing, so it must not reach what treats missing values in a way of its own.
    """

    expr: pl.Expr
    kind: str
    stage: int = 0
    clean: bool = True

    def number(self) -> pl.Expr:
        """Give the expression as Float64."""
        return self.expr if self.kind in ("number", "time") else self.expr.cast(pl.Float64)

    def plain(self) -> pl.Expr:
        """Give the expression as it is."""
        return self.expr

    def text(self) -> pl.Expr:
        """Give the expression as text: the shortest digits that read back as the same number; 5.0 is "5"."""
        text = self.expr.cast(pl.String)
        return text.str.strip_suffix(".0") if self.kind in ("number", "time", "any") else text


@dataclass(frozen=True, slots=True)
class Reduction:
    """An aggregate: what polars reduces over the rows of a group, by name, and arithmetic on the results.

    Aggregates of the same arguments share parts of the same name. With `of`, every part is a mean, std, sum or n of
    that expression, and may be computed without polars (see `p2std.grouping`).
    """

    parts: Mapping[str, pl.Expr]
    finish: Callable[..., pl.Expr]
    of: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One reduction over the rows of a group: its hidden column's name, what it is, and over what (see `Reduction`)."""

    name: str
    kind: str
    about: bytes
    expr: pl.Expr
    of: pl.Expr | None


@dataclass(frozen=True, slots=True)
class Range:
    """The values from `low` to `high`, both included."""

    low: float
    high: float


# ------------------------------------------------------------ operators
Rule: TypeAlias = Callable[[Operand, Operand], tuple[pl.Expr, str, bool]]
"""Two operands to an expression, its kind, and whether it is clean."""


def _arithmetic(sign: str) -> Rule:
    apply = {"+": pl.Expr.__add__, "-": pl.Expr.__sub__, "*": pl.Expr.__mul__}[sign]

    def rule(a: Operand, b: Operand) -> tuple[pl.Expr, str, bool]:
        if a.kind == b.kind == "int":
            # 64 bits wrap round in silence: compute in 128 and let the way back fail.
            wide = apply(a.expr.cast(pl.Int128), b.expr.cast(pl.Int128))
            return wide.cast(pl.Int64), "int", True
        return apply(a.number(), b.number()), "number", False

    return rule


def _comparison(sign: str) -> Rule:
    apply = {
        "==": pl.Expr.__eq__, "!=": pl.Expr.__ne__, "<": pl.Expr.__lt__,
        "<=": pl.Expr.__le__, ">": pl.Expr.__gt__, ">=": pl.Expr.__ge__,
    }[sign]  # fmt: skip
    return lambda a, b: (apply(a.expr, b.expr), "bool", True)


OPERATORS: Final[Mapping[str, Rule]] = {
    **{sign: _arithmetic(sign) for sign in "+-*"},
    **{sign: _comparison(sign) for sign in COMPARISONS},
    "/": lambda a, b: (a.number() / b.number(), "number", False),
    "**": lambda a, b: (a.number().pow(b.number()), "number", False),
    "and": lambda a, b: (a.expr & b.expr, "bool", True),
    "or": lambda a, b: (a.expr | b.expr, "bool", True),
}


def literal(value: Any) -> Operand:
    """Give the operand for a plain value; None is missing."""
    if value is None:
        return Operand(pl.lit(None), "any")
    kind = {bool: "bool", int: "int", float: "number", str: "string"}[type(value)]
    return Operand(pl.lit(value, dtype=DTYPES[kind]), kind)


def stage_of(operands: Sequence[Operand]) -> int:
    """Give the first stage in which all of these can be evaluated."""
    return max((o.stage for o in operands), default=0)


def common_kind(a: str, b: str) -> str:
    """Give the kind that holds values of both kinds."""
    if a == b or b == "any":
        return a
    if a == "any":
        return b
    return "number" if a in NUMERIC and b in NUMERIC else a
