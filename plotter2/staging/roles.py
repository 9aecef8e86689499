"""Roles and units of a table's columns, from the features that the reader sent; no value is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logger2.definitions import said_about
from plotter2.staging.reading import ReadTable


@dataclass(frozen=True, slots=True)
class Role:
    """What a column is for, in which unit, how sure that is and why."""

    role: str = ""
    unit: str = ""
    confidence: float = 1.0
    why: str = ""


def roles_of(table: ReadTable, definitions: Mapping[str, Mapping[str, str]]) -> dict[str, Role]:
    """Give the role of each column; what a person defined counts more than what can be inferred."""
    roles: dict[str, Role] = {}
    for name, column in table.columns.items():
        said = said_about(name, definitions)
        unit = said.get("unit") or str(column.features.get("unit") or "")
        roles[name] = Role(said.get("role", ""), unit)
    return roles
