"""Params as words: `-p name=value`, whose text the script's types read, and values as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import click

from logger2.identity import Scalar

FILES_HELP = (
    "Keep, or leave alone, files that nothing is read from (default: kept beside what is read)."
)
"""Of `--files/--no-files`, wherever experiment output is taken."""


def param_text(value: Scalar) -> str:
    """Give a param's value as people and scripts write it: `null` when there is none, `true`, else as it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def param_values(words: Sequence[str]) -> dict[str, str]:
    """Split `name=value` words. Raises click.UsageError for anything else, and for a name that comes twice."""
    values: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"-p takes name=value, not {word!r}")
        if name in values:
            raise click.UsageError(f"the param {name!r} is given twice")
        values[name] = text
    return values
