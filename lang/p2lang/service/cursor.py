"""Where a cursor is: in a word, in text, in which argument of which call. Looks at tokens, knows no operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from p2lang.parser.lexer import Tokens, lex
from p2lang.parser.mistakes.trouble import CLOSERS, OPENERS
from p2lang.parser.tables import tables
from p2lang.source import Span

Inside = Literal["name", "binding", "text", "nothing"]
"""What is being written: a word (perhaps an empty one), `$` and a word, text in quotes, nothing that can be helped."""

_WORD = re.compile(r"[A-Za-z0-9_]*")
_HOLE_WORD = re.compile(r"(\$?[A-Za-z_][A-Za-z0-9_]*|\$|)\Z")
_NO_CALLEES = frozenset(
    ("AND", "OR", "NOT", "IN", "IF", "THEN", "ELSE", "WHEN", "IMPOSE", "WHERE", "REPEAT")
)
_FAR = 4000
"""Characters behind the cursor that are searched for further arguments of the same call."""


@dataclass(frozen=True)
class Word:
    """What is being written at a cursor: its kind, its text up to the cursor, and what a completion replaces.

    `start` is where it begins; a text with holes begins where its quotes do, though only a hole's word is replaced.
    """

    inside: Inside
    typed: str
    replaces: Span
    start: int


@dataclass(frozen=True)
class OpenCall:
    """The call whose brackets are around a cursor.

    `argument` is the name in `name=...`, `position` how many arguments without a name come before; `given` are the
    names that are taken; `fresh` tells that nothing of the argument is written yet, so that a name may come.
    """

    name: str
    span: Span
    is_step: bool
    argument: str | None
    position: int
    given: frozenset[str]
    fresh: bool


def word_at(text: str, offset: int) -> Word:
    """Give what is being written at an offset."""
    tokens = lex(text, 0, offset)
    nothing = Word("nothing", "", Span(offset, offset), offset)
    if any(
        span.start < offset and "\n" not in text[span.start : offset] for span in tokens.comments
    ):
        return nothing
    last = len(tokens) - 2
    if last < 0 or tokens.ends[last] != offset:
        return Word("name", "", Span(offset, _word_end(text, offset)), offset)
    return _touched(tokens, last, text, offset) or nothing


def _touched(tokens: Tokens, last: int, text: str, offset: int) -> Word | None:
    kind, start, typed = tokens.kinds[last], tokens.starts[last], tokens.text_of(last)
    if kind in ("VAR", "BAD_VAR"):
        return Word("binding", typed, Span(start, _word_end(text, offset)), start)
    if kind == "NAME" or kind in tables().keyword_kinds or kind in ("BAD_WORD", "BAD_BACKTICK"):
        if len(typed) > 1 and typed[0] == typed[-1] == "`":
            return None
        return Word("name", typed, Span(start, _name_end(text, start, offset)), start)
    if kind in ("BAD_STRING", "BAD_SINGLE", "BAD_CURLY"):
        return Word("text", typed[1:], Span(start, _text_end(text, offset)), start)
    if kind == "BAD_FSTRING":
        return _in_hole(typed, text, offset, start)
    if kind in ("STRING", "FSTRING", "PYTHON", "NUMBER", "QUANTITY") or kind.startswith("BAD_"):
        return None
    return Word("name", "", Span(offset, _word_end(text, offset)), offset)


def _word_end(text: str, offset: int) -> int:
    match = _WORD.match(text, offset)
    return offset if match is None else match.end()


def _name_end(text: str, start: int, offset: int) -> int:
    if text[start] != "`":
        return _word_end(text, offset)
    end = text.find("`", offset)
    line = text.find("\n", offset)
    return end + 1 if end >= 0 and (line < 0 or end < line) else offset


def _text_end(text: str, offset: int) -> int:
    """Give where a text that is open at an offset ends: behind its quote on the same line, else at the offset."""
    line = text[offset:].partition("\n")[0]
    match = re.match(r'[^"|,()=]*"', line)
    return offset if match is None else offset + match.end()


def _in_hole(typed: str, text: str, offset: int, start: int) -> Word | None:
    inner = typed.replace("{{", "  ").rpartition("{")
    if not inner[1] or "}" in inner[2]:
        return None
    match = _HOLE_WORD.search(inner[2])
    assert match is not None
    word = match.group()
    replaced = Span(offset - len(word), _word_end(text, offset))
    return Word("binding" if word.startswith("$") else "name", word, replaced, start)


# ---- calls ---------------------------------------------------------------------------------------


def open_call(tokens: Tokens, text: str, offset: int) -> OpenCall | None:
    """Give the innermost call whose brackets are open behind the last token; lists and brackets inside do not count."""
    end = len(tokens) - 1
    for opener in _open_brackets(tokens, end):
        if tokens.kinds[opener] == "LBRACE":
            return None
        if tokens.kinds[opener] == "LPAR" and opener and _is_name(tokens, opener - 1):
            return _call(tokens, opener, text, offset)
    return None


def in_pipe_list(tokens: Tokens, first: int) -> bool:
    """Tell whether the cursor is between the brackets of `pipe name = [ ]`, and not in a step's own brackets."""
    opener = next(_open_brackets(tokens, len(tokens) - 1), None)
    return opener is not None and tokens.kinds[first] == "PIPE" and opener == first + 3


def _open_brackets(tokens: Tokens, end: int) -> Iterator[int]:
    depth = 0
    for i in range(end - 1, -1, -1):
        kind = tokens.kinds[i]
        if kind in CLOSERS:
            depth += 1
        elif kind in OPENERS:
            if depth == 0:
                yield i
            depth = max(depth - 1, 0)


def _is_name(tokens: Tokens, i: int) -> bool:
    kind = tokens.kinds[i]
    return kind == "NAME" or (kind in tables().keyword_kinds and kind not in _NO_CALLEES)


def _call(tokens: Tokens, opener: int, text: str, offset: int) -> OpenCall:
    first = opener - 1
    while first > 1 and tokens.kinds[first - 1] == "DOT" and _is_name(tokens, first - 2):
        first -= 2
    arguments = list(_arguments(tokens, opener + 1, len(tokens) - 1))
    names = {tokens.text_of(start) for start, _ in arguments if _is_named(tokens, start)}
    start, stop = arguments[-1]
    named = _is_named(tokens, start)
    before = tokens.kinds[first - 1] if first else ""
    return OpenCall(
        "".join(tokens.text_of(i) for i in range(first, opener)).replace("`", ""),
        tokens.span(first, opener - 1),
        before == "VBAR" or (before in ("LSQB", "COMMA") and _lists_steps(tokens, first)),
        tokens.text_of(start) if named else None,
        sum(not _is_named(tokens, at) for at, _ in arguments[:-1]),
        frozenset(names | _later_names(text, offset)),
        start == stop,
    )


def _lists_steps(tokens: Tokens, first: int) -> bool:
    opener = next(_open_brackets(tokens, first), 0)
    return opener > 2 and tokens.kinds[opener - 3] == "PIPE" and tokens.kinds[opener] == "LSQB"


def _arguments(tokens: Tokens, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the ranges of tokens between the commas of a call whose end is not written yet."""
    depth = 0
    for i in range(start, end):
        kind = tokens.kinds[i]
        depth += (kind in OPENERS) - (kind in CLOSERS)
        if kind == "COMMA" and depth == 0:
            yield start, i
            start = i + 1
    yield start, end


def _is_named(tokens: Tokens, i: int) -> bool:
    return i + 1 < len(tokens) and tokens.kinds[i + 1] == "EQUAL"


def _later_names(text: str, offset: int) -> set[str]:
    """Give the names of the arguments that stand behind the cursor in the same brackets."""
    tokens = lex(text, _word_end(text, offset), min(len(text), offset + _FAR))
    names, depth = set[str](), 0
    for i, kind in enumerate(tokens.kinds):
        depth += (kind in OPENERS) - (kind in CLOSERS)
        if depth < 0:
            return names
        if depth == 0 and _is_named(tokens, i) and tokens.kinds[i - 1] == "COMMA":
            names.add(tokens.text_of(i))
    return set()
