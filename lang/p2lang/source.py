"""Source text and places in it. Knows nothing of syntax."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

INVISIBLE_LETTER = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What Unicode counts among letters, marks and symbols and what shows nothing all the same."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of source text, in characters from its start."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Give the stretch from the start of this span to the end of another."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)
"""The span of what no one wrote: nodes that a program built."""


@dataclass(frozen=True)
class Source:
    """A script's text with the name that people know it by."""

    text: str
    name: str = "<script>"

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Give the offset at which each line starts."""
        return (0, *(i + 1 for i, c in enumerate(self.text) if c == "\n"))

    def position(self, offset: int) -> tuple[int, int]:
        """Give line and column, both from 1, of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Give the text of a line (from 1) without its end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def slice(self, span: Span) -> str:
        """Give the text that a span covers."""
        return self.text[span.start : span.end]
