"""Values of expressions without columns: defaults, conditions of parameters. The same arithmetic as at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from p2lang.ir import Value


class NotConstant(Exception):
    """The expression needs a table or something else that only a run knows."""


class _Between:
    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high

    def __contains__(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)


def evaluate(value: Value, variables: Mapping[str, Any]) -> Any:
    """Give the Python value of a tagged value; lists are tuples, null is None.

    Raises NotConstant when a run is needed to know it.
    """
    rule = _RULES.get(value[0])
    if rule is None:
        raise NotConstant(value[0])
    return rule(value, variables)


def _variable(value: Value, variables: Mapping[str, Any]) -> Any:
    if value[1] not in variables:
        raise NotConstant(f"${value[1]}")
    return variables[value[1]]


def _operator(value: Value, variables: Mapping[str, Any]) -> Any:
    operator = value[1]
    left = evaluate(value[2], variables)
    if operator == "and" and left is False:
        return False
    if operator == "or" and left is True:
        return True
    right = evaluate(value[3], variables)
    if left is None or right is None:
        return None
    try:
        return _OPERATORS[operator](left, right)
    except (ZeroDivisionError, OverflowError):
        return None


def _power(left: Any, right: Any) -> Any:
    # Whole numbers to whole powers can fill the memory; floating point cannot.
    return float(left) ** float(right)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": _power,
}


def _not(value: Value, variables: Mapping[str, Any]) -> Any:
    operand = evaluate(value[1], variables)
    return None if operand is None else not operand


def _negation(value: Value, variables: Mapping[str, Any]) -> Any:
    operand = evaluate(value[1], variables)
    return None if operand is None else -operand


def _if(value: Value, variables: Mapping[str, Any]) -> Any:
    return evaluate(value[2 if evaluate(value[1], variables) is True else 3], variables)


def _length(value: Value, variables: Mapping[str, Any]) -> Any:
    items = evaluate(value[1], variables)
    if not isinstance(items, tuple):
        raise NotConstant("len")
    return len(items)


def _range(value: Value, variables: Mapping[str, Any]) -> _Between:
    return _Between(evaluate(value[1], variables), evaluate(value[2], variables))


_RULES: dict[str, Callable[[Value, Mapping[str, Any]], Any]] = {
    "int": lambda value, _: value[1],
    "num": lambda value, _: float.fromhex(value[1]),
    "str": lambda value, _: value[1],
    "bool": lambda value, _: value[1],
    "null": lambda value, _: None,
    "var": _variable,
    "list": lambda value, variables: tuple(evaluate(item, variables) for item in value[1]),
    "len": _length,
    "range": _range,
    "op": _operator,
    "not": _not,
    "neg": _negation,
    "if": _if,
}
