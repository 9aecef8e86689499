"""Source text and places in it. Knows nothing of syntax."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

LONGEST_SCRIPT = 256 * 1024
"""Bytes of a script in UTF-8."""
INVISIBLE_LETTER = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What Unicode counts among letters, marks and symbols and what shows nothing all the same."""


_LINE_END = re.compile("\n")

_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0455\u0458\u0501\u04bb\u043a\u051b\u051d\u0261\u0251\u0131"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0406\u0405\u0408"
    "\u03b1\u03bf\u03bd\u03c1\u03b9\u03ba\u03c5\u03c7\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcxyisjdhkqwgaiABEKMHOPCTXYISJaovpikuxABEZHIKMNOPTYX",
)
"""Cyrillic, Greek and phonetic letters that are drawn like Latin ones."""


def plain_letters(word: str) -> str:
    """Give a word with every letter that only looks like a Latin one replaced by that one."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFKC", word).translate(_LOOKALIKES)


def unicode_name(letter: str) -> str:
    """Give `U+0435 cyrillic small letter ie`."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '').lower()}".rstrip()


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
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

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
