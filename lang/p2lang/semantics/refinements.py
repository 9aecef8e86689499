"""Narrower rules than a parameter's type says, one table line each: lengths, limits of axes, numbers within bounds."""

from __future__ import annotations

from collections.abc import Mapping

from p2lang.semantics.bounds import interval
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import Typed
from p2lang.signatures import Parameter, Signature

_PAIR = 2
_INFINITE = float("inf")
_LIKE_PERCENT = range(2, 101)

_LENGTHS = frozenset((("frame", "size"),))
_LIMITS = frozenset((("axis", "xlim"), ("axis", "ylim"), ("gradient", "domain")))
_NUMBERS = frozenset((("point", "size"), ("circle", "pad"), ("fit", "span")))
EXAMPLES: Mapping[tuple[str, str], str] = {
    ("frame", "size"): "[160mm, 100mm]",
    ("axis", "xlim"): "0..100",
    ("axis", "ylim"): "0..100",
    ("gradient", "domain"): "0..1",
    ("point", "size"): "3pt",
    ("rule", "x"): "0",
    ("rule", "y"): "0",
    ("head", "n"): "10",
    ("plot", "name"): '"reward"',
}
"""Arguments as they could be written, where the parameter's type does not say enough."""

WITH_CATEGORIES: Mapping[tuple[str, str], str] = {
    (
        "line",
        "y",
    ): "categories can stand on x: swap the two, or draw a `point`, which takes them on both",
    ("bar", "y"): "to count rows, write `| summary(by=..., n = count())` before it, and give `y=n`",
    (
        "histogram",
        "x",
    ): "to count categories, write `| summary(by=..., n = count())`, and draw a `bar`",
}
"""What to write where a column of numbers is wanted and categories are given; others are told how to convert."""

_PLACES = frozenset((("rule", "x"), ("rule", "y")))
_BOUNDS: dict[tuple[str, str], tuple[float, float]] = {
    ("head", "n"): (0, _INFINITE),
    ("sample", "rows"): (0, _INFINITE),
    ("kmeans", "k"): (1, _INFINITE),
    ("kmeans", "iters"): (1, _INFINITE),
    ("kmeans", "max_distance"): (0, _INFINITE),
    ("rolling_mean", "window"): (1, _INFINITE),
    ("ema", "half_life"): (0, _INFINITE),
    ("histogram", "bins"): (1, 10_000),
    ("facet", "max_panels"): (1, 400),
    ("frame", "cols"): (1, 100),
    ("frame", "rows"): (1, 100),
    ("quantile", "q"): (0, 1),
    ("ci_low", "level"): (0, 1),
    ("ci_high", "level"): (0, 1),
    ("line", "alpha"): (0, 1),
    ("point", "alpha"): (0, 1),
    ("band", "alpha"): (0, 1),
    ("fit", "span"): (0, 1),
    ("circle", "pad"): (0, _INFINITE),
}


def refine(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    """Raise Clash when a value of the right type is not what the operation can use."""
    key = (signature.name, parameter.name)
    where = f"`{parameter.name}` of `{signature.name}`"
    if key in _LENGTHS:
        _two_lengths(where, typed)
    elif key in _LIMITS:
        _two_limits(where, typed)
    elif key in _NUMBERS and not typed.type.is_numeric:
        raise Clash("P2-E0207", f"{where} is a number or a column of numbers")
    elif key in _PLACES:
        _places(where, typed)
    bounds = _BOUNDS.get(key)
    if bounds is not None:
        _within(where, bounds, typed)


def _within(where: str, bounds: tuple[float, float], typed: Typed) -> None:
    low, high = interval(typed.value, {})
    if low >= bounds[0] and high <= bounds[1]:
        return
    if (low, high) == (-_INFINITE, _INFINITE):
        return  # a column or a parameter: the run looks at it
    if bounds[1] == _INFINITE:
        raise Clash("P2-E0226", f"{where} is {bounds[0]:g} or more")
    percent = f"write `{high:g}%`" if bounds[1] == 1 and high in _LIKE_PERCENT else ""
    raise Clash("P2-E0226", f"{where} lies between {bounds[0]:g} and {bounds[1]:g}", help=percent)


def _two_limits(where: str, typed: Typed) -> None:
    item = typed.type.item
    pair = typed.type.kind == "range" or (typed.value[0] == "list" and len(typed.value[1]) == _PAIR)
    if not pair and typed.value[0] != "var":
        raise Clash("P2-E0207", f"{where} is a range", help="for example `0..100`")
    if item is not None and not item.is_numeric:
        raise Clash("P2-E0207", f"{where} is a range of numbers", help="for example `0..100`")


def _places(where: str, typed: Typed) -> None:
    item = typed.type.item if typed.type.kind == "list" else typed.type
    if typed.value[0] == "col" or item is None or item.is_numeric:
        return
    raise Clash(
        "P2-E0207",
        f"{where} is a number, a list of numbers or a column",
        help="write `[1, 2]` for a line at each end" if typed.type.kind == "range" else "",
    )


def _two_lengths(where: str, typed: Typed) -> None:
    item = typed.type.item
    count = len(typed.value[1]) if typed.value[0] == "list" else _PAIR
    if count != _PAIR:
        raise Clash(
            "P2-E0207",
            f"{where} has two lengths, width and height, not {count}",
            help="for example `[160mm, 90mm]`",
        )
    if item is not None and item.kind != "unknown" and item.unit != "pt":
        raise Clash(
            "P2-E0214",
            f"{where} is made of lengths",
            help="add a unit, for example `[160mm, 90mm]`",
        )
