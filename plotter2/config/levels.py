"""Sandbox levels and their order: A adds namespaces, B is Landlock and seccomp, C is seccomp without opening files."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Level: TypeAlias = Literal["A", "B", "C", "none"]
"""How well a child is confined, strongest first."""

LEVELS: tuple[Level, ...] = get_args(Level)


def reaches(level: Level, minimum: Level) -> bool:
    """Tell whether `level` is at least `minimum`."""
    return LEVELS.index(level) <= LEVELS.index(minimum)
