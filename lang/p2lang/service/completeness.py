"""Whether what was typed so far is a whole script, the beginning of one, or wrong."""

from __future__ import annotations

from typing import Literal

from p2lang.diagnostics import Diagnostic, has_errors
from p2lang.parser import parse
from p2lang.parser.lexer import lex
from p2lang.parser.limits import refused
from p2lang.parser.outline import outlined
from p2lang.parser.unfinished import unfinished
from p2lang.source import Source

Completeness = Literal["complete", "incomplete", "invalid"]

_NOTHING_HERE = "P2-E0118"
"""The code of a script without statements: of no interest to who is still typing."""

_OPEN_AT_THE_END = frozenset(("BAD_TRIPLE",))


def is_complete(text: str) -> Completeness:
    """Tell whether a text can be run, needs more lines, or has a mistake that more lines do not mend."""
    source = Source(text)
    if refused(source):
        return "invalid"
    tokens = lex(text)
    if len(tokens) == 1:
        return "complete"
    if not _wrong(parse(source).diagnostics):
        return "complete"
    if tokens.kinds[-2] in _OPEN_AT_THE_END:
        return "incomplete"
    end = unfinished(text, len(text))
    if not end.accepts or "$END" in end.accepts:
        return "invalid"
    # The last statement goes on; what is wrong before it stays wrong.
    last = outlined(tokens).extents[-1].first
    if end.repaired or end.first != last:
        return "invalid"
    before = parse(Source(text[: tokens.starts[last]])).diagnostics
    return "invalid" if _wrong(before) else "incomplete"


def _wrong(diagnostics: tuple[Diagnostic, ...]) -> bool:
    return has_errors(tuple(d for d in diagnostics if d.code != _NOTHING_HERE))
