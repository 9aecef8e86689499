"""Lark's LALR parser, fed with the project's tokens. Imported when the first script is parsed, not before.

Lark's tables come from JSON (p2lang.parser.tables), never from its cache or its `load`, both of which unpickle. The
way in is the one that Lark's generated standalone parsers use; it is not public, hence the narrow pin of lark.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from lark import Lark, Token, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from p2lang.parser.lexer import Tokens
from p2lang.parser.tables import tables
from p2lang.parser.tree import HOLE, Part, Stuck, TooDeep


class Leaf(Token):
    """A token as Lark takes it; its `value` is its index among the tokens of the text."""

    __slots__ = ("depth", "first", "last")

    first: int
    last: int
    depth: int


def run(tokens: Tokens, order: Sequence[int], start: str, level: int = 0) -> Part | Stuck | TooDeep:
    """Parse the tokens whose indexes are given, in that order; the last one must be of kind `$END`.

    `level` is how deep in a tree the start symbol already is.
    """
    parser = _lark().parse_interactive(start=start)
    built: Any = None
    for place, index in enumerate(order):
        try:
            built = _feed(parser, tokens.kinds[index], index, level)
        except UnexpectedToken:
            return Stuck(place, partial(_accepted, tokens, order[:place], start))
        except TooDeep as problem:
            return problem
    assert isinstance(built, Part)
    return built


_CLOSING = {
    "RPAR": ")",
    "RSQB": "]",
    "RBRACE": "}",
    "AS": "as",
    "THEN": "then",
    "ELSE": "else",
    "IN": "in",
    "EQUAL": "=",
    "COLON": ":",
    "ARROW": "->",
    "LBRACE": "{",
    "NAME": HOLE,
    "STRING": '""',
    "NUMBER": "1",
    "LPAR": "(",
    "LSQB": "[",
    "BY_PYTHON": "python",
    "PYTHON": '""""""',
}
"""What is tried, in this order, to bring a statement to its end: what closes first, what opens last."""
_MOST_CLOSING = 160


def continued(tokens: Tokens, order: Sequence[int]) -> int | tuple[frozenset[str], str]:
    """Give the kinds that may follow these tokens, and a name with what then ends the statement as text.

    Gives the position in the order at which reading stops when the tokens do not fit each other.
    """
    parser = _lark().parse_interactive(start="script")
    for place, index in enumerate(order):
        try:
            _feed(parser, tokens.kinds[index], index, 0)
        except (UnexpectedToken, TooDeep):
            return place
    accepts = frozenset(parser.accepts())  # type: ignore[no-untyped-call] # Lark's own
    texts = []
    if "NAME" in accepts and _tried(parser, "NAME") is not None:
        parser = _tried(parser, "NAME") or parser
        texts.append(HOLE)
    while len(texts) < _MOST_CLOSING and _tried(parser, "$END") is None:
        choices = parser.choices()  # type: ignore[no-untyped-call] # Lark's own
        fitting = ((kind, _tried(parser, kind)) for kind in _CLOSING if kind in choices)
        kind, after = next(((k, p) for k, p in fitting if p is not None), ("", None))
        if after is None:
            break
        parser = after
        texts.append(_CLOSING[kind])
    return accepts, " ".join(texts)


def _tried(parser: InteractiveParser, kind: str) -> InteractiveParser | None:
    """Give the parser after one more token, None when it does not fit."""
    further: InteractiveParser = parser.copy(deepcopy_values=False)  # type: ignore[no-untyped-call] # Lark's own
    leaf = Leaf(kind, "")
    leaf.value = leaf.first = leaf.last = leaf.depth = 0
    try:
        further.feed_token(leaf)
    except (UnexpectedToken, TooDeep):
        return None
    return further


@cache
def _lark() -> Lark:
    given = tables()
    lark: Lark = Lark._load_from_dict(given.data, given.memo, tree_class=Part)  # type: ignore[no-untyped-call] # Lark's own
    return lark


def _feed(parser: InteractiveParser, kind: str, index: int, level: int) -> Any:
    """Feed a token, as a NAME when it is a keyword that does not fit; raises UnexpectedToken when nothing fits."""
    fitting = parser.choices()  # type: ignore[no-untyped-call] # Lark's own
    if kind not in fitting and kind in tables().keyword_kinds:
        kind = "NAME"
    leaf = Leaf(kind, "")
    leaf.value = leaf.first = leaf.last = index
    leaf.depth = level
    return parser.feed_token(leaf)


def _accepted(tokens: Tokens, order: Sequence[int], start: str) -> frozenset[str]:
    """Give the kinds that could follow these tokens; parses them anew, since a token that fails leaves its traces."""
    parser = _lark().parse_interactive(start=start)
    for index in order:
        _feed(parser, tokens.kinds[index], index, 0)
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call] # Lark's own
