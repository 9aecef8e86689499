"""Identities: ULIDs (https://github.com/ulid/spec): 48 bits of time, 80 random bits, 26 characters.

They sort by time of making. Nothing secret is in them.
"""

from __future__ import annotations

import os
import re
import time

from logger2.identity import CROCKFORD, ulid
from plotter2.manifest.names import is_ulid

_PREFIX = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{5,25}\Z")


def now_ms() -> int:
    """Give the wall-clock time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class IdSource:
    """Makes ULIDs that are strictly increasing inside this process."""

    def __init__(self) -> None:
        self._last = ""

    def new(self) -> str:
        """Give the next id."""
        made = ulid(now_ms(), os.urandom(10))
        if made <= self._last:
            made = _successor(self._last)
        self._last = made
        return made


def is_id(text: str) -> bool:
    """Tell whether `text` is a whole ULID."""
    return is_ulid(text)


def is_id_prefix(text: str) -> bool:
    """Tell whether `text` can be the beginning (six characters or more) of a ULID, in any case."""
    return _PREFIX.match(text.upper()) is not None


def _successor(made: str) -> str:
    number = 0
    for character in made:
        number = number * 32 + CROCKFORD.index(character)
    number += 1
    return ulid(number >> 80, (number & ((1 << 80) - 1)).to_bytes(10, "big"))
