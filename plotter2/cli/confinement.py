"""How a run was confined, told to people: the level, each missing layer with its reason, and loudly what ran free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from plotter2.config.levels import Level, missing_told, reaches
from plotter2.printable import printable

_LOUD = "NOT CONFINED AS ASKED"


def confinement_text(record: Mapping[str, Any]) -> str:
    """Give `sandbox level A`, with what is missing; several lines when something is."""
    level = record.get("sandbox_level", "unknown")
    lines = [f"sandbox level {level}"]
    lines += [f"without {told}" for told in missing_told(record.get("sandbox_missing", {}))]
    if record.get("unconfined"):
        lines.append("ran with --unconfined: the level that the settings ask for was not required")
    return "\n  ".join(lines)


def level_cell(record: Mapping[str, Any]) -> str:
    """Give the level for a table: `A`, or `none, unconfined`."""
    level = str(record.get("sandbox_level", ""))
    return f"{level}, unconfined" if record.get("unconfined") else level


def warn_of_freedom(level: Level, minimum: Level) -> None:
    """Tell on standard error what a run without its confinement may do, before it begins."""
    if reaches(level, minimum):
        told = f"note: --unconfined changes nothing here: level {level} is reached"
    else:
        told = (
            f"warning: {_LOUD}: {_dangers(level)} (level {level}, the settings ask for {minimum})"
        )
    click.echo(printable(told), err=True)


def _dangers(level: Level) -> str:
    if level == "none":
        return "the script's process can do whatever you can do"
    return "the script's process has fewer walls around it than the settings ask for"
