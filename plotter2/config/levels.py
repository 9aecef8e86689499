"""Sandbox levels and their order: A adds namespaces, B is Landlock and seccomp, C is seccomp without opening files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

Level: TypeAlias = Literal["A", "B", "C", "none"]
"""How well a child is confined, strongest first."""

LEVELS: tuple[Level, ...] = get_args(Level)


def reaches(level: Level, minimum: Level) -> bool:
    """Tell whether `level` is at least `minimum`."""
    return LEVELS.index(level) <= LEVELS.index(minimum)


def missing_told(missing: Mapping[str, str]) -> list[str]:
    """Give `empty root, pid namespace: why` for layers that are off, those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for layer, reason in missing.items():
        by_reason.setdefault(reason, []).append(layer.replace("_", " "))
    return [f"{', '.join(layers)}: {reason}" for reason, layers in by_reason.items()]
