"""`-p name=value` words; the script's types say how a value's text is read, so it stays text here."""

from __future__ import annotations

from collections.abc import Sequence

import click


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
