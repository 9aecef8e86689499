"""What a band and a line show, in words: estimator, interval and n, followed back through the program. Reads no rows.

Every band says where its edges come from ("95 % t-interval"), or that nobody knows ("band: lo..hi"). n is the number of
values, missing ones not counted, behind each drawn point: "n = 5" or "n = 3–5".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from p2lang.ir import Value
from p2lang.verifier import Program
from p2std.origins import Origin, counted_values, estimator, hidden_name, of_statistics, origin
from p2std.picture import Mark

Resolve: TypeAlias = Mapping[str, Any]
"""The values of the program's parameters."""

_HOLES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Statement:
    """A view's caption without n, and the hidden columns that hold n, with the words for what they count."""

    text: str
    counts: Mapping[str, str] = field(default_factory=dict)


def statement(program: Program, table: str, marks: Sequence[Mark], params: Resolve) -> Statement:
    """Give the caption of a view with these marks; empty when nothing on it is a statistic or a band."""
    parts: dict[str, None] = {}
    counts: dict[str, str] = {}
    estimated = [m for m in marks if m.kind in ("line", "bar", "point")]
    for mark in [*estimated, *(m for m in marks if m.kind == "band")]:
        origins = [origin(program, table, column) for column in of_statistics(mark)]
        words = (
            _band(mark, origins, params) if mark.kind == "band" else _estimate(origins[0], params)
        )
        if words:
            parts[f"{mark.kind}: {words}"] = None
        for value in (v for o in origins if o.summary is not None for v in counted_values(o.value)):
            counts[hidden_name(value)] = written(value, params)
    return Statement("; ".join(parts), counts)


def with_n(said: Statement, found: Mapping[str, tuple[int, int]]) -> str:
    """Give the caption with the least and largest n of each count."""
    shown = {name: _span(found[name]) for name in said.counts if name in found}
    if not shown:
        return said.text
    if len(set(shown.values())) == 1:
        return "; ".join(filter(None, (said.text, f"n = {next(iter(shown.values()))}")))
    each = [f"n({said.counts[name]}) = {span}" for name, span in shown.items()]
    return "; ".join(filter(None, (said.text, *each)))


# ------------------------------------------------------------ from expressions to words
def _band(mark: Mark, origins: Sequence[Origin], params: Resolve) -> str:
    low, high = (o.value if o.summary is not None else ["null"] for o in origins)
    words = (
        _t_interval(low, high, params)
        or _between(low, high, params)
        or _spread(low, high, params)
    )  # fmt: skip
    return words or f"{mark.channels['lo'][1]}..{mark.channels['hi'][1]}"


def _estimate(found: Origin, params: Resolve) -> str:
    if found.summary is None or found.value[0] != "call":
        return ""
    _, name, arguments = found.value
    words = estimator(name) or ""
    for argument in _HOLES.findall(words):
        words = words.replace(f"{{{argument}}}", _percent(arguments[argument], params))
    return f"{words} of {written(arguments['x'], params)}" if words else ""


def _t_interval(low: Value, high: Value, params: Resolve) -> str:
    if low[:2] != ["call", "ci_low@1"] or high[:2] != ["call", "ci_high@1"]:
        return ""
    lower, upper = ({"level": ["num", (0.95).hex()], **side[2]} for side in (low, high))
    return f"{_percent(lower['level'], params)} t-interval" if lower == upper else ""


def _between(low: Value, high: Value, params: Resolve) -> str:
    if low[0] != "call" or high[0] != "call" or low[2].get("x") != high[2].get("x"):
        return ""
    if low[1] == high[1] == "quantile@1":
        return f"{_percent(low[2]['q'], params)} to {_percent(high[2]['q'], params)} quantile"
    return "minimum to maximum" if (low[1], high[1]) == ("min@1", "max@1") else ""


def _spread(low: Value, high: Value, params: Resolve) -> str:
    if low[:2] != ["op", "-"] or high[:2] != ["op", "+"] or low[2:] != high[2:]:
        return ""
    centre, width = low[2:]
    if centre[0] != "call" or centre[1] not in ("mean@1", "median@1"):
        return ""
    amount = _deviations(width, centre[2]["x"], params)
    return f"{_bare(centre[1])} ± {amount}" if amount else ""


def _deviations(width: Value, x: Value, params: Resolve) -> str:
    factor = 1.0
    if width[:2] == ["op", "*"]:
        for number, other in (width[2:], width[3:1:-1]):
            if (found := _plain_number(number, params)) is not None:
                factor, width = found, other
                break
    plural = "" if factor == 1 else "s"
    deviation = ["call", "stddev@1", {"x": x}]
    if width == deviation:
        return f"{factor:g} standard deviation{plural}"
    root = ["call", "sqrt@1", {"x": ["call", "count@1", {}]}]
    return f"{factor:g} standard error{plural}" if width == ["op", "/", deviation, root] else ""


def written(value: Value, params: Resolve) -> str:
    """Write an expression as a script would, short: `smooth`, `reward / 2`, `abs(x)`."""
    match value:
        case ["col", name] | ["field", _, name]:
            return str(name)
        case ["num", text, *_]:
            return f"{float.fromhex(text):g}"
        case ["var", name]:
            return str(params.get(name, f"${name}"))
        case ["op", sign, left, right]:
            return f"{written(left, params)} {sign} {written(right, params)}"
        case ["neg", inner]:
            return f"-{written(inner, params)}"
        case ["call", name, arguments]:
            first = next(iter(arguments.values()), None)
            return f"{_bare(name)}({'' if first is None else written(first, params)})"
        case ["int" | "str" | "bool", plain]:
            return str(plain)
        case _:
            return "…"


def _percent(value: Value, params: Resolve) -> str:
    share = _plain_number(value, params)
    return "?" if share is None else f"{share * 100:.10g} %"


def _plain_number(value: Value, params: Resolve) -> float | None:
    match value:
        case ["int", number]:
            return float(number)
        case ["num", text, *_]:
            return float.fromhex(text)
        case ["var", name] if isinstance(params.get(name), int | float):
            return float(params[name])
    return None


def _bare(full_name: str) -> str:
    return full_name.partition("@")[0]


def _span(found: tuple[int, int]) -> str:
    return f"{found[0]:,}" if found[0] == found[1] else f"{found[0]:,}–{found[1]:,}"
