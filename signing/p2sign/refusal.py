"""The exception that p2sign raises: code, stable name, what, where and how to mend it. The texts stand in `causes`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from p2sign.causes import CAUSES


class Refusal(Exception):
    """p2sign says no. `what` is one sentence about this case, `where` the file, line or block, `remedy` the way out."""

    def __init__(self, name: str, what: str = "", where: str = "", remedy: str = "") -> None:
        cause = CAUSES[name]
        self.code = cause.code
        self.name = name
        self.what = what or cause.cause
        self.where = where
        self.remedy = remedy or cause.remedy
        super().__init__(self.what)

    def within(self, place: str) -> Refusal:
        """Give the same refusal with `place` put before its own place."""
        where = f"{place}, {self.where}" if self.where else place
        return Refusal(self.name, self.what, where, self.remedy)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what} [{self.code} {self.name}]"


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Put `place` (a file, a line, a block) before the place of each refusal that leaves the block."""
    try:
        yield
    except Refusal as refusal:
        raise refusal.within(place) from refusal.__cause__


def shown(text: str | bytes, limit: int = 60) -> str:
    """Give foreign text in quotes, escaped and cut, so that it cannot disturb a terminal or a message."""
    if isinstance(text, bytes):
        text = text.decode("ascii", "backslashreplace")
    return ascii(text if len(text) <= limit else text[: limit - 3] + "...")
