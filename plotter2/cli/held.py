"""What a bundle keeps beside its tables, told in lines: its files, its arrays and what these lie along."""

from __future__ import annotations

from typing import Any

from plotter2.cli.tables import size
from plotter2.datter.axes import shape_text
from plotter2.datter.holdings import type_name
from plotter2.printable import count, shortened

_SHOWN_NAMES = 8


def held_lines(files: dict[str, dict[str, Any]], arrays: dict[str, dict[str, Any]]) -> list[str]:
    """Say which files and arrays a bundle keeps: so many of them, and the first ones."""
    lines = []
    if files:
        taken = size(sum(file["bytes"] for file in files.values()))
        lines.append(f"{count(len(files), 'file', 'files')} ({taken}): {some(list(files))}")
    if arrays:
        named = [
            f"{name} ({shape_text(array['shape'], array.get('axes', ()))}, {type_name(array['dtype'])})"
            for name, array in arrays.items()
        ]
        lines.append(f"{count(len(arrays), 'array', 'arrays')}: {some(named)}")
        if along := _along(arrays):
            lines.append(f"{count(len(along), 'coordinate', 'coordinates')}: {some(along)}")
    return lines


def _along(arrays: dict[str, dict[str, Any]]) -> list[str]:
    """Say what the coordinates of arrays are called, each once; one without a name by its axis."""
    named: dict[tuple[str, str], str] = {}
    for name, array in arrays.items():
        for number, axis in enumerate(array.get("axes", ())):
            if along := axis["coordinate"]:
                unit = f", {along['unit']}" if along["unit"] else ""
                called = axis["name"] or f"axis {number} of {name}"
                said = f"{called} ({type_name(along['dtype'])}{unit})"
                named.setdefault((axis["name"], along["sha256"]), said)
    return list(named.values())


def some(names: list[str]) -> str:
    """Give the first names, and how many there are if there are more."""
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(map(shortened, names[:_SHOWN_NAMES])) + more
