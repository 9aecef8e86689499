"""Where a parse got stuck: the tokens around the place, and what could have stood there. Rules only ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from p2lang.diagnostics import Diagnostic
from p2lang.parser.lexer import END, Tokens
from p2lang.parser.tables import tables
from p2lang.source import Span

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}
STATEMENT_WORDS = frozenset(
    (
        "USE",
        "PARAM",
        "LET",
        "PIPE",
        "DEF",
        "SCRIPT",
        "TASK",
        "LINK",
        "EXPOSE",
        "IMPOSE",
        "REPEAT",
        "WHEN",
    )
)
BOX_WORDS = frozenset(("FRAME", "REPORT", "PAGE"))
_WHOLE_VALUES = frozenset(
    ("NAME", "VAR", "NUMBER", "QUANTITY", "STRING", "FSTRING", "TRUE", "FALSE", "NULL")
)
VALUE_ENDS = _WHOLE_VALUES | {"RPAR", "RSQB"}
VALUE_STARTS = _WHOLE_VALUES | {"LPAR", "LSQB", "NOT", "IF"}
_LONGEST_SHOWN = 24


@dataclass(frozen=True)
class Trouble:
    """A statement (or the inside of a hole) that does not parse.

    `order` are the indexes of its tokens, `place` the position in it at which reading stopped (its length when the
    statement ended too early), `following` the token after the statement, `acceptable` what gives the kinds of token
    that would have been fine.
    """

    tokens: Tokens
    order: Sequence[int]
    place: int
    following: int
    acceptable: Callable[[], frozenset[str]]
    start: str = "script"

    # ---- tokens by their distance from the place; 0 is the one that does not fit ----

    def index(self, distance: int = 0) -> int | None:
        """Give the token at a distance, None outside the statement; at 0 after the end, the token that follows."""
        position = self.place + distance
        if 0 <= position < len(self.order):
            return self.order[position]
        return self.following if position == len(self.order) and distance == 0 else None

    def kind(self, distance: int = 0) -> str:
        """Give the kind of a token; `$END` where the statement has ended, empty before it."""
        if self.place + distance >= len(self.order):
            return END
        index = self.index(distance)
        return "" if index is None else self.tokens.kinds[index]

    def text(self, distance: int = 0) -> str:
        """Give the text of a token, empty outside the statement."""
        index = self.index(distance)
        return "" if index is None else self.tokens.text_of(index)

    def span(self, distance: int = 0) -> Span:
        """Give the place of a token, or of the nearest one inside the statement."""
        position = max(min(self.place + distance, len(self.order) - 1), 0)
        return self.tokens.span(self.order[position])

    def stretch(self, first: int, last: int) -> Span:
        """Give the place from one token to another."""
        return self.span(first).to(self.span(last))

    def touching(self, distance: int) -> bool:
        """Tell whether nothing stands between a token and the one after it."""
        left, right = self.index(distance), self.index(distance + 1)
        return left is not None and right is not None and self.tokens.touch(left, right)

    def on_new_line(self, distance: int = 0) -> bool:
        """Tell whether a line ended before a token."""
        index = self.index(distance)
        return index is not None and self.tokens.first_on_line(index)

    @property
    def continues_line(self) -> bool:
        """Tell whether the statement begins on a line on which something else stands before it."""
        first = self.order[0] if self.order else 0
        return first > 0 and not self.tokens.first_on_line(first)

    @property
    def ended(self) -> bool:
        """Tell whether the statement ended too early."""
        return self.place >= len(self.order)

    # ---- what could stand here ----

    @cached_property
    def accepts(self) -> frozenset[str]:
        """Give the kinds of token that would have been fine."""
        return self.acceptable()

    def wants(self, *kinds: str) -> bool:
        """Tell whether all of these would have been fine."""
        return self.accepts.issuperset(kinds)

    @property
    def wants_value(self) -> bool:
        """Tell whether a value could stand here."""
        return "NUMBER" in self.accepts

    @property
    def wants_statement(self) -> bool:
        """Tell whether a new statement could start here."""
        return "LET" in self.accepts

    @property
    def wants_only_name(self) -> bool:
        """Tell whether nothing but a name could stand here."""
        return self.accepts == {"NAME"}

    # ---- what is around ----

    @property
    def first(self) -> int:
        """Give the distance of the statement's first token."""
        return -self.place

    @property
    def head(self) -> str:
        """Give the kind of the statement's first token."""
        return self.kind(self.first)

    @cached_property
    def opener(self) -> int | None:
        """Give the distance of the innermost bracket that is open here."""
        open_ones: list[int] = []
        for distance in range(self.first, 0):
            kind = self.kind(distance)
            if kind in OPENERS:
                open_ones.append(distance)
            elif kind in CLOSERS and open_ones:
                open_ones.pop()
        return open_ones[-1] if open_ones else None

    @property
    def inside(self) -> str:
        """Give the kind of the innermost open bracket, empty when there is none."""
        return "" if self.opener is None else self.kind(self.opener)

    @property
    def callee(self) -> str:
        """Give the name of the call in whose parentheses this is, empty when it is in none."""
        if self.opener is None or self.inside != "LPAR":
            return ""
        before = self.kind(self.opener - 1)
        is_name = before == "NAME" or before in tables().keyword_kinds
        return self.text(self.opener - 1) if is_name else ""

    def is_word(self, distance: int) -> bool:
        """Tell whether a token is a name or a word of the language."""
        kind = self.kind(distance)
        return kind == "NAME" or kind in tables().keyword_kinds

    def ends_value(self, distance: int = -1) -> bool:
        """Tell whether a value could end with a token."""
        return self.kind(distance) in VALUE_ENDS

    def starts_value(self, distance: int = 0) -> bool:
        """Tell whether a value could start with a token."""
        return self.kind(distance) in VALUE_STARTS

    def shown(self, distance: int = 0) -> str:
        """Give a token as messages show it."""
        if distance == 0 and self.ended and self.start == "hole":
            return "`}`"
        text = self.text(distance)
        if not text:
            return "the end of the script"
        line, *more = text.split("\n", 1)
        short = f"{line[:_LONGEST_SHOWN]}..." if more or len(line) > _LONGEST_SHOWN else line
        return f"`{short}`" if "`" not in short else short

    @property
    def where(self) -> str:
        """Give `before X` for a token on the same line, `after Y` where the line or the statement ends."""
        if self.place == 0:
            return f"before {self.shown()}"
        late = self.start == "script" and (self.ended or self.on_new_line())
        return f"after {self.shown(-1)}" if late else f"before {self.shown()}"

    @property
    def gap(self) -> Span:
        """Give the token to underline for `where`."""
        if self.ended and self.start == "hole":
            end = self.tokens.starts[self.following]
            return Span(end, end + 1)
        return self.span(-1) if self.where.startswith("after") or self.ended else self.span()


Rule = Callable[[Trouble], Diagnostic | None]
"""Explains a kind of mistake, or gives None when it is another."""
