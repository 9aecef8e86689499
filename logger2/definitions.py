"""What a person said about columns: `define("*/loss", unit="nat", better="lower")`. Says nothing about values."""

from __future__ import annotations

from collections.abc import Mapping

ROLES = (
    "step",
    "time",
    "coordinate",
    "metric",
    "param",
    "repeat",
    "category",
    "id",
    "uncertainty",
    "count",
    "text",
    "constant",
    "empty",
)
BETTER = ("lower", "higher")
FIELDS = ("x", "unit", "better", "desc", "role")
MAX_TEXT = 1000

Definitions = Mapping[str, Mapping[str, str]]
"""Glob of column names to fields; of several that match, the later one wins, field by field."""


def checked(fields: Mapping[str, str | None]) -> dict[str, str]:
    """Give the fields that were said; raises ValueError naming the one that cannot be."""
    said = {name: str(value) for name, value in fields.items() if value is not None}
    for name, value in said.items():
        if name not in FIELDS:
            raise ValueError(f"a definition has no field {name!r}; it has {', '.join(FIELDS)}")
        if len(str(value)) > MAX_TEXT:
            raise ValueError(f"{name} is text of at most {MAX_TEXT} characters")
    if said.get("better", "lower") not in BETTER:
        raise ValueError(f'better is "lower" or "higher", not {said["better"]!r}')
    if said.get("role", "metric") not in ROLES:
        raise ValueError(f"role is one of {', '.join(ROLES)}, not {said['role']!r}")
    return said


def said_about(name: str, definitions: Definitions) -> dict[str, str]:
    """Give what the definitions say about a column."""
    if not definitions:
        return {}
    from fnmatch import fnmatchcase

    said: dict[str, str] = {}
    for glob, fields in definitions.items():
        if fnmatchcase(name, glob):
            said.update(fields)
    return said
