"""`-p name=value` as typed values: what the text looks like decides, the script's types are checked later."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from plotter2.wire.messages import Scalar

_INT = re.compile(r"[+-]?[0-9][0-9_]*\Z")
_NUMBER = re.compile(r"[+-]?([0-9][0-9_]*)?\.?[0-9_]+([eE][+-]?[0-9]+)?\Z")


def parameter_values(words: Sequence[str]) -> dict[str, Scalar | list[Scalar]]:
    """Read `name=value` words: int, number, true/false, `[a, b]` lists, else text. Raises click.UsageError."""
    values: dict[str, Scalar | list[Scalar]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"-p takes name=value, not {word!r}")
        if name in values:
            raise click.UsageError(f"the param {name!r} is given twice")
        values[name] = _value(text)
    return values


def _value(text: str) -> Scalar | list[Scalar]:
    if text.startswith("[") and text.endswith("]"):
        inside = text[1:-1].strip()
        return [_scalar(part.strip()) for part in inside.split(",")] if inside else []
    return _scalar(text)


def _scalar(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text):
        return int(text)
    if _NUMBER.match(text):
        return float(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text
