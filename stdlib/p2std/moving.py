"""Values that follow the animated column: whether they do, and what they are at one moment."""

from __future__ import annotations

from typing import Any, TypeAlias

from p2lang.semantics.films import CURRENT
from p2std.table import Tagged

Moving: TypeAlias = str | Tagged
"""Text, or the tagged value that becomes text at each moment of a film."""


def moves(value: Any) -> bool:
    """Tell whether a tagged value asks for the current value."""
    match value:
        case ["call", str(name), _] if name == CURRENT:
            return True
        case list() | tuple():
            return any(map(moves, value))
        case dict():
            return any(map(moves, value.values()))
        case _:
            return False


def at(value: Any, moment: Tagged) -> Any:
    """Give a tagged value with this in the place of the current value."""
    match value:
        case ["call", str(name), _] if name == CURRENT:
            return moment
        case list():
            return [at(inner, moment) for inner in value]
        case dict():
            return {name: at(inner, moment) for name, inner in value.items()}
        case _:
            return value


def literal(value: Any) -> Tagged:
    """Give a value of a column as a tagged value."""
    match value:
        case bool():
            return ["bool", value]
        case int():
            return ["int", value]
        case float():
            return ["num", value.hex()]
        case _:
            return ["str", str(value)]
