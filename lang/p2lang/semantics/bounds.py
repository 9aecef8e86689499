"""How large a whole number can become: upper bounds of values from the ranges of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from p2lang.ir import Value

Bounds = Mapping[str, tuple[float, float]]
"""Lowest and highest value of each parameter; infinite when its `where` does not say; lists as `count(name)`.

Whole numbers stay whole: as a float a large one would be rounded, and the bound could be too low.
"""

_Interval = tuple[float, float]
_ANY: _Interval = (float("-inf"), float("inf"))


def upper(value: Value, bounds: Bounds) -> int | None:
    """Give the largest whole number a value can be, or None when nothing bounds it."""
    high = interval(value, bounds)[1]
    return None if high == float("inf") or high != high else int(high)


def interval(value: Value, bounds: Bounds) -> _Interval:
    """Give the lowest and highest number a value can be."""
    tag = value[0]
    if tag == "int":
        return value[1], value[1]
    if tag == "num":
        number = float.fromhex(value[1])
        return number, number
    if tag == "var":
        return bounds.get(value[1], _ANY)
    if tag == "len":
        return _length(value[1], bounds)
    if tag == "op" and value[1] in _ARITHMETIC:
        try:
            return _ARITHMETIC[value[1]](interval(value[2], bounds), interval(value[3], bounds))
        except OverflowError:
            return _ANY
    if tag == "if":
        return _hull(interval(value[2], bounds), interval(value[3], bounds))
    return _ANY


def _length(value: Value, bounds: Bounds) -> _Interval:
    if value[0] == "list":
        return len(value[1]), len(value[1])
    return bounds.get(f"count({value[1]})", _ANY) if value[0] == "var" else _ANY


def count(value: Value, bounds: Bounds) -> int | None:
    """Give how many items a list or a range of whole numbers has at most, or None when nothing bounds it."""
    if value[0] == "list":
        return len(value[1])
    if value[0] == "range":
        low, high = interval(value[1], bounds)[0], upper(value[2], bounds)
        return None if high is None or low == float("-inf") else max(high - int(low) + 1, 0)
    return upper(["len", value], bounds)


def bounds_of(conditions: Mapping[str, Value | None]) -> Bounds:
    """Give the bounds of parameters from their names and `where` conditions."""
    found: dict[str, _Interval] = {}
    for name, condition in conditions.items():
        found[name] = of_condition(condition, name)
        found[f"count({name})"] = _of_subject(condition, ["len", ["var", name]])
    return found


def of_condition(condition: Value | None, name: str) -> _Interval:
    """Give the range that a parameter's `where` leaves: `$n in a..b`, comparisons with a number, joined by `and`."""
    return _of_subject(condition, ["var", name])


def _of_subject(condition: Value | None, subject: Value) -> _Interval:
    if condition is None or condition[0] != "op":
        return _ANY
    operator, left, right = condition[1], condition[2], condition[3]
    if operator == "and":
        first, second = _of_subject(left, subject), _of_subject(right, subject)
        return max(first[0], second[0]), min(first[1], second[1])
    if left == subject and operator in _NARROWED:
        return _NARROWED[operator](right)
    if right == subject and operator in _MIRRORED:
        return _NARROWED[_MIRRORED[operator]](left)
    return _ANY


def _within(value: Value) -> _Interval:
    if value[0] == "range":
        return interval(value[1], {})[0], interval(value[2], {})[1]
    if value[0] == "list" and value[1]:
        each = [interval(item, {}) for item in value[1]]
        return min(low for low, _ in each), max(high for _, high in each)
    return _ANY


_NARROWED: dict[str, Callable[[Value], _Interval]] = {
    "in": _within,
    "==": lambda value: interval(value, {}),
    "<": lambda value: (_ANY[0], interval(value, {})[1]),
    "<=": lambda value: (_ANY[0], interval(value, {})[1]),
    ">": lambda value: (interval(value, {})[0], _ANY[1]),
    ">=": lambda value: (interval(value, {})[0], _ANY[1]),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def _hull(left: _Interval, right: _Interval) -> _Interval:
    return min(left[0], right[0]), max(left[1], right[1])


def _multiplied(left: _Interval, right: _Interval) -> _Interval:
    if float("inf") in (left[1], right[1]) or float("-inf") in (left[0], right[0]):
        return _ANY
    products = [a * b for a in left for b in right]
    return min(products), max(products)


_ARITHMETIC: dict[str, Callable[[_Interval, _Interval], _Interval]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "*": _multiplied,
}
