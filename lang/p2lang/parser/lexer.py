"""Text to tokens with places. Every character ends up in a token, a comment or white space; what fits nothing gets a
`BAD_` kind that no rule of the grammar accepts, so that its message is made where all others are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache

from p2lang.parser.tables import Tables, tables
from p2lang.source import Span

END = "$END"

_BEHIND = {
    "PYTHON": ("BAD_TRIPLE", r'"""[\s\S]*'),
    "FSTRING": ("BAD_FSTRING", r'f"[^"\\\n]*(?:\\.[^"\\\n]*)*"?'),
}
"""What is tried right behind its twin, because other terminals would bite into it."""
_BAD = (
    ("BAD_STRING", r'"[^\n]*'),
    ("BAD_BACKTICK", r"`[^`\n]*`?"),
    ("BAD_SINGLE", r"'[^'\n]*'?"),
    ("BAD_CURLY", '[“”„‟«»‘’‚‹›][^“”„‟«»‘’‚‹›"\n]*[“”«»‘’‹›"]?'),
    ("BAD_NUMBER", r"[0-9][A-Za-z0-9_]*(?:\.[0-9][A-Za-z0-9_]*)?"),
    ("BAD_VAR", r"\$(?:\{[A-Za-z0-9_]*\}|[A-Za-z0-9_]*)"),
    ("BAD_OPERATOR", r"&&?|!|;+|[\^%~@\\]"),
    ("BAD_WORD", r"[^\W\d_]\w*"),
    ("BAD_CHARACTER", r"[\s\S]"),
)


@dataclass(slots=True)
class Tokens:
    """The tokens of a text in order: kinds, starts and ends side by side, closed by one of kind `$END`.

    A word that is a keyword somewhere has the keyword's kind; the parser takes it for a NAME where no keyword fits.
    """

    text: str
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.kinds)

    def text_of(self, index: int) -> str:
        """Give what a token looks like; empty for the end."""
        return self.text[self.starts[index] : self.ends[index]]

    def span(self, first: int, last: int | None = None) -> Span:
        """Give the stretch from one token to another (to itself when none is named)."""
        return Span(self.starts[first], self.ends[first if last is None else last])

    def at(self, offset: int) -> int:
        """Give the index of the last token that starts at or before an offset, -1 when there is none."""
        return bisect_right(self.starts, offset) - 1

    def touch(self, left: int, right: int) -> bool:
        """Tell whether nothing stands between two tokens."""
        return self.ends[left] == self.starts[right]

    def first_on_line(self, index: int) -> bool:
        """Tell whether only white space stands before a token on its line."""
        return index == 0 or not self.same_line(index - 1, index)

    def same_line(self, left: int, right: int) -> bool:
        """Tell whether no line ends between two tokens."""
        return "\n" not in self.text[self.ends[left] : self.starts[right]]


def lex(text: str, start: int = 0, end: int | None = None) -> Tokens:
    """Cut a text, or a stretch of it, into tokens; places count from the start of the whole text."""
    stop = len(text) if end is None else end
    given = tables()
    tokens = Tokens(text)
    kinds, starts, ends = tokens.kinds, tokens.starts, tokens.ends
    keywords, ignored = given.keywords, given.ignored
    for match in _master().finditer(text, start, stop):
        kind = match.lastgroup or ""  # every alternative is a named group
        if kind in ignored:
            if kind == "COMMENT":
                tokens.comments.append(Span(match.start(), _comment_end(match)))
            continue
        if kind == "NAME":
            kind = keywords.get(match[0], kind)
        first, last = match.span()
        kinds.append(kind)
        starts.append(first)
        ends.append(last)
    kinds.append(END)
    starts.append(stop)
    ends.append(stop)
    return tokens


def _comment_end(match: re.Match[str]) -> int:
    return match.start() + len(match.group().rstrip())


@cache
def _master() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _patterns(tables())))


def _patterns(given: Tables) -> list[tuple[str, str]]:
    words = set(given.keywords.values())
    patterns: list[tuple[str, str]] = []
    for name, kind, pattern in given.terminals:
        if name not in words:
            patterns.append((name, pattern if kind == "re" else re.escape(pattern)))
        if name in _BEHIND:
            patterns.append(_BEHIND[name])
    return [*patterns, *_BAD]
