"""From what a script's source chooses by to what the registry looks up: conditions on params, a span of time.

What does not depend on the run narrows already when the script is compiled, so that its shape is that of the bundles
that remain. What does (a param of the script, how long ago, the end of a task) narrows when its tables are bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from p2lang.ir import Value
from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.semantics.selection import Selection, comparison
from plotter2.datter.narrowing import (
    Combined,
    Condition,
    Narrowing,
    OneOf,
    Present,
    Test,
    conditions,
    moment,
)
from plotter2.errors import ExitCode, RunError
from plotter2.runs import codes


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What only a run knows: the values of the script's params, the time and when tasks ended (ms since 1970)."""

    params: Mapping[str, Any] = field(default_factory=dict)
    now: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)


def variables(params: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Give the values of params by the names that a program calls them: those of a task as `task.name` too."""
    return {**params, **{f"{task}.{name}": value for name, value in params.items() if task}}


def settled(shape: Selection) -> Narrowing:
    """Give what narrows a selection that no run changes."""
    return narrowed(shape, Circumstances())


def narrowed(selected: Selection, run: Circumstances) -> Narrowing:
    """Give what narrows a selection in a run. Raises RunError (P2-R0622) for a time that is none."""
    chosen = selected.attributes
    where = [_test(chosen["where"], run.params, holds=True)] if "where" in chosen else []
    ends = [_end(name, chosen[name], run) if name in chosen else 0 for name in ("since", "before")]
    return Narrowing(conditions(where), *ends)


# ---- conditions on params ------------------------------------------------------------------------


def _test(value: Value, params: Mapping[str, Any], *, holds: bool) -> Test:
    """Give the test that a condition is, or (not `holds`) its opposite."""
    if value[0] == "not":
        return _test(value[1], params, holds=not holds)
    if value[0] == "op" and value[1] in ("and", "or"):
        parts = tuple(_test(part, params, holds=holds) for part in value[2:])
        return Combined(parts, (value[1] == "and") == holds)
    test = _comparison(value, params)
    return test if test is _NEVER or holds else test.opposite()


_NEVER = OneOf("", ())
"""What a comparison with null is: it does not hold, and its opposite does not either."""


def _comparison(value: Value, params: Mapping[str, Any]) -> Test:
    param, operator, given = comparison(value)
    if not operator:
        return Condition(param, "=", True)
    if operator == "isnull":
        return Present(param, there=False)
    if operator == "in" and given[0] == "range":
        low, high = (evaluate(end, params) for end in given[1:])
        ends = Condition(param, ">=", low), Condition(param, "<=", high)
        return _NEVER if low is None or high is None else Combined(ends, every=True)
    known = evaluate(given, params)
    if operator == "in":
        return OneOf(param, tuple(each for each in known if each is not None))
    if known is None:
        return _NEVER
    return Condition(param, {"==": "="}.get(operator, operator), known)


# ---- time ----------------------------------------------------------------------------------------


def _end(name: str, value: Value, run: Circumstances) -> int:
    """Give an end of the span of time in ms since 1970."""
    if value[0] == "call" and value[1].startswith("last_task@"):
        return _end_of_task(value[2]["name"][1], run)
    try:
        known = evaluate(value, run.params)
    except NotConstant:
        raise _no_moment(name, "this") from None
    if not isinstance(known, str):
        return max(run.now - int(known * 1000), 1)
    found = moment(known)
    if found is None:
        raise _no_moment(name, repr(known))
    return max(found, 1)


def _end_of_task(task: str, run: Circumstances) -> int:
    if task not in run.ended:
        raise RunError(
            codes.NO_END,
            f"rows are asked for since or before the end of {task}, which has not ended here yet",
            help="run that task first; plotter2 show BUNDLE tells which ran",
        )
    return run.ended[task]


def _no_moment(name: str, written: str) -> RunError:
    return RunError(
        codes.NO_MOMENT,
        f"`{name}` of `access` is a day or a time, and {written} is none",
        help='give the param a value such as "2026-01-31" or "2026-01-31T14:30+01:00"',
        exit_code=ExitCode.USAGE,
    )
