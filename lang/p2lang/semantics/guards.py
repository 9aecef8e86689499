"""Conditions around effects: when two of them cannot both hold."""

from __future__ import annotations

from collections.abc import Sequence

from p2lang.ir import Value


def conjuncts(guard: Value | None) -> list[Value]:
    """Give everything that holds when a guard holds, as far as `and` tells: itself, its sides, their sides."""
    found = [] if guard is None else [guard]
    for value in found:
        if value[:2] == ["op", "and"]:
            found += value[2:]
    return found


def exclusive(guards: Sequence[Value], others: Sequence[Value]) -> bool:
    """Tell whether two lists of conditions have the two branches of one `when` in them."""
    return any(a == ["not", b] or b == ["not", a] for a in guards for b in others)
