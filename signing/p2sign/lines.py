"""Signed texts of lines: each begins with its word and stands in its place, and the last one is `end`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from p2sign.refusal import Refusal, placed, shown

Value = TypeVar("Value")


class Lines:
    """The lines of a text, taken from the front; whatever does not fit is the refusal `cause`."""

    def __init__(self, data: bytes, cause: str) -> None:
        self._cause = cause
        if not data.isascii():
            raise self.wrong("it has a byte that is not ASCII")
        if not data.endswith(b"\n"):
            raise self.wrong("its last line does not end with a line feed")
        self._lines = data.decode("ascii").split("\n")[:-1]
        self._at = 0

    def peek(self) -> str:
        """Give the next line, "" where there is none."""
        return self._lines[self._at] if self._at < len(self._lines) else ""

    def header(self, word: str, convert: Callable[[str], Value]) -> Value:
        """Take the line that begins with `word` and convert the rest of it."""
        line = self.peek()
        with placed(f"line {self._at + 1}"):
            if not line.startswith(word + " "):
                raise self.wrong(f"expected the line {word!r}, found {shown(line)}")
            self._at += 1
            return convert(line[len(word) + 1 :])

    def block(self, word: str, convert: Callable[[str], Value]) -> tuple[Value, ...]:
        """Take all lines that begin with `word` (there may be none) and convert the rests of them."""
        values = []
        while self.peek().startswith(word + " "):
            values.append(self.header(word, convert))
        return tuple(values)

    def end(self) -> None:
        """Take the last line."""
        if self._lines[self._at :] != ["end"]:
            with placed(f"line {self._at + 1}"):
                raise self.wrong(f"unknown or misplaced line {shown(self.peek())}")

    def wrong(self, what: str) -> Refusal:
        """Give the refusal of this text with `what` as its sentence."""
        return Refusal(self._cause, what)
