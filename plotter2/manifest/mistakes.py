"""One mistake in a manifest: what, where in it, how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake; `path` is a JSON path such as `$.contains[0].name`."""

    code: str
    message: str
    path: str
    help: str


def at_key(path: str, key: str) -> str:
    """Give the path of a value under its key."""
    return f"{path}.{key}" if _PLAIN_KEY.match(key) else f"{path}[{quoted(key)}]"


def at_place(path: str, place: int) -> str:
    """Give the path of a value in a list."""
    return f"{path}[{place}]"


def quoted(value: object) -> str:
    """Give a value as it is told: not too long, and nothing in it that a terminal would obey."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    return ascii(text) if isinstance(value, str) else text
