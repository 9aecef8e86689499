"""Offsets of a text to the lines and characters of the protocol and back, in the units that were agreed on."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate

from lsprotocol import types

from p2lang.source import Span

_LINE_END = re.compile(r"\r\n|\n|\r")
_BEYOND_UTF16_UNIT = 0xFFFF


def tidy(text: str) -> str:
    """Give a text without halves of surrogate pairs, which no file can hold; lengths stay as they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Positions:
    """The positions of one text; `encoding` is `utf-8`, `utf-16` or `utf-32`."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self._text = text
        self._encoding = encoding

    @cached_property
    def _lines(self) -> tuple[int, ...]:
        return (0, *(match.end() for match in _LINE_END.finditer(self._text)))

    @cached_property
    def _wide(self) -> tuple[list[int], list[int]]:
        """Give the characters of more than one unit, and how many units more than characters there are before each.

        So a long line is not counted anew for each place in it.
        """
        if self._text.isascii() or self._encoding == "utf-32":
            return [], [0]
        more = ((index, self._units(c) - 1) for index, c in enumerate(self._text) if c > "\x7f")
        wide = [(index, units) for index, units in more if units]
        return [index for index, _ in wide], [*accumulate((u for _, u in wide), initial=0)]

    def _more(self, offset: int) -> int:
        places, more = self._wide
        return more[bisect_left(places, offset)]

    def position(self, offset: int) -> types.Position:
        """Give line and character, both from 0, of an offset."""
        line = bisect_right(self._lines, offset) - 1
        start = self._lines[line]
        return types.Position(line, offset - start + self._more(offset) - self._more(start))

    def range(self, span: Span) -> types.Range:
        """Give the range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: types.Position) -> int:
        """Give the offset of a position; what lies outside of the text is taken to the nearest place in it."""
        if position.line >= len(self._lines):
            return len(self._text)
        start = self._lines[position.line]
        end = len(self._text)
        if position.line + 1 < len(self._lines):
            end = self._lines[position.line + 1]
        line = self._text[start:end].rstrip("\r\n")
        left = position.character
        if not self._wide[0]:
            return start + min(max(left, 0), len(line))
        for index, character in enumerate(line):
            if left <= 0:
                return start + index
            left -= self._units(character)
        return start + len(line)

    def span(self, range_: types.Range) -> Span:
        """Give the span of a range."""
        start = self.offset(range_.start)
        return Span(start, max(start, self.offset(range_.end)))

    @property
    def whole(self) -> types.Range:
        """Give the range of the whole text."""
        return self.range(Span(0, len(self._text)))

    def _units(self, text: str) -> int:
        if self._encoding == "utf-8":
            return len(text.encode())
        if self._encoding == "utf-32":
            return len(text)
        return len(text) + sum(ord(c) > _BEYOND_UTF16_UNIT for c in text)
