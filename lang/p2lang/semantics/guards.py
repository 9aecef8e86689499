"""Conditions around effects: when two of them cannot both hold."""

from __future__ import annotations

from collections.abc import Sequence

from p2lang.ir import Value


def exclusive(guards: Sequence[Value], others: Sequence[Value]) -> bool:
    """Tell whether two lists of conditions have the two branches of one `when` in them."""
    return any(a == ["not", b] or b == ["not", a] for a in guards for b in others)
