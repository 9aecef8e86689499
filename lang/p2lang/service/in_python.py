"""What may be typed inside the text of a step in Python: its words, its parameters, what its text names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from p2lang.check.script_names import NUM, WORDS, bound_names
from p2lang.source import Span

_TEXT = re.compile(r'script\b[^"]*?python\s*"""(?P<text>.*?)(?:"""|\Z)', re.DOTALL)
_PARAMETER = re.compile(r"[(,]\s*([A-Za-z_][A-Za-z0-9_]*)\s*:")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_INSIDE_TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\Z|'(?:[^'\\\n]|\\.)*\Z|#[^\n]*\Z")


def text_around(text: str, offset: int) -> re.Match[str] | None:
    """Give the step in Python in whose text an offset lies."""
    for match in _TEXT.finditer(text):
        if match.start("text") <= offset <= match.end("text"):
            return match
    return None


def words_at(text: str, offset: int) -> tuple[Span, Iterator[tuple[str, bool]]] | None:
    """Give what may be typed at an offset (and whether it is a word of ours), and what it replaces; None outside."""
    match = text_around(text, offset)
    if match is None:
        return None
    before = text[match.start("text") : offset]
    typed = _WORD.search(before)
    start = offset - (len(typed[0]) if typed else 0)
    after = _WORD.sub("", before)
    line = after.rpartition("\n")[2]
    if _INSIDE_TEXT.search(re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "", line)):
        return Span(start, offset), iter(())
    return Span(start, offset), _offers(match, after)


def _offers(match: re.Match[str], before: str) -> Iterator[tuple[str, bool]]:
    if before.endswith("."):
        if re.search(r"(?<![\w.])num\.\Z", before):
            yield from ((name, True) for name in sorted(NUM))
        return
    head = match[0][: match.start("text") - match.start()]
    own = {*_PARAMETER.findall(head), *bound_names(match["text"])}
    yield from ((name, False) for name in sorted(own))
    yield from ((name, True) for name in sorted(WORDS - own))
