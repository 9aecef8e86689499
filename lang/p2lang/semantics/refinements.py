"""Narrower rules than a parameter's type says, as the facts of a signature ask for them: lengths, limits, bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from p2lang.facts import Narrowing
from p2lang.semantics.bounds import interval
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import Typed
from p2lang.signatures import Parameter, Signature

_PAIR = 2
_MOST_COLOURS = 16
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_INFINITE = float("inf")
_LIKE_PERCENT = range(5, 101)


def refine(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    """Raise Clash when a value of the right type is not what the operation can use."""
    where = f"`{parameter.name}` of `{signature.name}`"
    narrowed = signature.facts.of(parameter.name)
    if narrowed.narrowing is not None:
        _NARROWINGS[narrowed.narrowing](where, typed)
    if narrowed.bounds is not None:
        _within(where, narrowed.bounds, typed)


def _within(where: str, bounds: tuple[float, float], typed: Typed) -> None:
    low, high = interval(typed.value, {})
    if low >= bounds[0] and high <= bounds[1]:
        return
    if (low, high) == (-_INFINITE, _INFINITE):
        return  # a column or a parameter: the run looks at it
    if bounds[1] == _INFINITE:
        help = f"write `{bounds[0]:g}`, or a larger number"
        raise Clash("P2-E0226", f"{where} is {bounds[0]:g} or more", help=help)
    help = f"write a number in `{bounds[0]:g}..{bounds[1]:g}`"
    if bounds[1] == 1 and high in _LIKE_PERCENT:
        help = f"write `{high:g}%`"
    raise Clash("P2-E0226", f"{where} lies between {bounds[0]:g} and {bounds[1]:g}", help=help)


def _two_limits(where: str, typed: Typed) -> None:
    item = typed.type.item
    pair = typed.type.kind == "range" or (typed.value[0] == "list" and len(typed.value[1]) == _PAIR)
    extent = typed.value[0] == "call" and typed.type.kind == "list"
    if not pair and not extent and typed.value[0] != "var":
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
    missing = item is not None and item.nullable
    if missing or (item is not None and item.kind != "unknown" and item.unit != "pt"):
        raise Clash(
            "P2-E0214",
            f"{where} is made of lengths"
            + (", and one of these may be missing" if missing else ""),
            help="add a unit, for example `[160mm, 90mm]`",
        )


def _moment(where: str, typed: Typed) -> None:
    text = typed.value[1] if typed.value[0] == "str" else None
    ago = typed.type.is_numeric and typed.type.unit == "s"
    if ago or (text is None and typed.type.kind == "string") or (text and _is_moment(text)):
        return
    raise Clash(
        "P2-E0207",
        f"{where} is a moment",
        help='write a day such as `"2026-01-31"`, how long ago such as `24h`, or `last_task("name")`',
    )


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _exact(where: str, typed: Typed) -> None:
    if typed.value[0] == "str" and "*" in typed.value[1]:
        raise Clash(
            "P2-E0223",
            f"{where} names one table exactly",
            help=f'to read several, write `access("{typed.value[1]}")`',
        )


def _number(where: str, typed: Typed) -> None:
    if not typed.type.is_numeric:
        raise Clash("P2-E0207", f"{where} is a number or a column of numbers")


def _colours(where: str, typed: Typed) -> None:
    written = typed.value[1] if typed.value[0] == "list" else []
    good = [value for value in written if value[0] == "str" and _COLOUR.match(value[1])]
    if len(good) != len(written) or typed.value[0] != "list":
        wrong = next((f'"{v[1]}"' for v in written if v[0] == "str" and v not in good), "this")
        raise Clash(
            "P2-E0207",
            f"{where} is a list of colours, and {wrong} is none",
            help='write each as "#RRGGBB", for example `["#0072B2", "#D55E00"]`',
        )
    if not 1 <= len(good) <= _MOST_COLOURS:
        raise Clash(
            "P2-E0207",
            f"{where} has {len(good)} colours, and may have 1 to {_MOST_COLOURS}",
            help="more cannot be told apart: use `facet`, or `gradient` for numbers",
        )
    if len({value[1].upper() for value in good}) != len(good):
        raise Clash("P2-E0207", f"{where} has the same colour twice", help="name each once")


_NARROWINGS: Mapping[Narrowing, Callable[[str, Typed], None]] = {
    "two lengths": _two_lengths,
    "limits": _two_limits,
    "number": _number,
    "place": _places,
    "colours": _colours,
    "moment": _moment,
    "exact": _exact,
}
