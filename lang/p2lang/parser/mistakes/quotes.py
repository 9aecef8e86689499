"""Quotation marks, backticks and braces of texts: foreign, unclosed, one too many, pasted along."""

from __future__ import annotations

import re

from p2lang.diagnostics import Diagnostic, Fix, Related
from p2lang.parser.mistakes.trouble import Trouble
from p2lang.source import Span


def quotes(at: Trouble) -> Diagnostic | None:
    """Texts that do not close, and quotes that hold no text."""
    kind, text, span = at.kind(), at.text(), at.span()
    if kind == "BAD_STRING":
        earlier = (
            at.kind(-1) in ("NAME", "STRING") and at.kind(-2) == "STRING" and not at.on_new_line()
        )
        note = "or a quote earlier on this line is one too many, or missing" if earlier else ""
        label = "a text must end on the line it starts"
        return Diagnostic("P2-E0105", "text has no closing quote", span, label, 'add `"`', note)
    if kind == "BAD_SINGLE":
        inside = text[1:-1] if len(text) > 1 and text.endswith("'") else None
        mended = None if inside is None or '"' in inside else Fix(span, f'"{inside}"')
        message, advice = "text is written with double quotes", "replace ' by \""
        return Diagnostic("P2-E0105", message, span, help=advice, fix=mended)
    if kind == "BAD_CURLY":
        inside = text.strip('“”„‟«»‘’‚‹›"')
        return Diagnostic(
            "P2-E0105",
            f"`{text[0]}` does not start a text",
            span,
            help='write straight double quotes: "..."',
            fix=Fix(span, f'"{inside}"'),
        )
    return None


def odd_quotes(at: Trouble) -> Diagnostic | None:
    """A quote missing in the middle of a line, or quotes inside a text: texts and words have changed places."""
    for d in (0, -1):
        word = at.kind(d) in ("NAME", "NUMBER", "BAD_WORD", "VAR")
        if word and at.kind(d - 1) == "STRING" and at.touching(d - 1):
            return _changed_places(at, d)
    return None


def _changed_places(at: Trouble, word: int) -> Diagnostic | None:
    distance = word
    while not at.on_new_line(distance + 1) and at.kind(distance + 1) != "$END":
        distance += 1
        if at.kind(distance) == "BAD_STRING":
            return Diagnostic(
                "P2-E0105",
                "a quote is missing on this line",
                at.span(distance),
                "this text does not end",
                help='close every text with `"` on the line it starts',
                related=(Related(at.span(word - 1), "this was read as one text"),),
            )
        if at.kind(distance) == "STRING" and at.touching(distance - 1):
            advice = 'write a quote inside a text as `\\"`'
            return Diagnostic(
                "P2-E0105", "this text ends at its second quote", at.span(word - 1), help=advice
            )
    return None


def triple_quotes(at: Trouble) -> Diagnostic | None:
    """Three quotes that do not close, or that stand where no Python is expected."""
    if at.kind() not in ("BAD_TRIPLE", "PYTHON"):
        return None
    start = at.span().start
    span = Span(start, start + 3)
    if at.kind(-1) != "BY_PYTHON":
        return Diagnostic(
            "P2-E0105",
            "three quotes only hold the Python of a `script` step",
            span,
            help='a text is written `"..."`, on one line; a line end in it is `\\n`',
        )
    return Diagnostic(
        "P2-E0105",
        "the Python of this step has no closing quotes",
        span,
        "opened here",
        help='close it with `"""`',
    )


def pasted(at: Trouble) -> Diagnostic | None:
    """What came along when a script was copied: fences of Markdown, prompts of an interpreter."""
    rest = at.tokens.text[at.span().start :][:3]
    if rest != "```" and (at.place or rest != ">>>"):
        return None
    span = Span(at.span().start, at.span().start + 3)
    return Diagnostic("P2-E0111", f"{rest} is no part of a script", span, help="delete it")


def backticks(at: Trouble) -> Diagnostic | None:
    """Names in backticks that do not close, or that hold nothing or too much."""
    if at.kind() != "BAD_BACKTICK":
        return None
    text = at.text()
    if len(text) < 2 or not text.endswith("`"):
        message, advice = "name in backticks has no closing backtick", "add a backtick"
    elif text == "``":
        message, advice = "there is no name between the backticks", "write the column's name"
    else:
        message, advice = "name in backticks is longer than 200 characters", "rename the column"
    return Diagnostic("P2-E0105", message, at.span(), help=advice)


def holes(at: Trouble) -> Diagnostic | None:
    """Texts with holes whose braces do not match."""
    if at.kind() != "BAD_FSTRING":
        return None
    text, start = at.text(), at.span().start
    brace = _bad_brace(text)
    if brace is None:
        label = "a text must end on the line it starts"
        return Diagnostic("P2-E0105", "text has no closing quote", at.span(), label, 'add `"`')
    offset, character = brace
    span = Span(start + offset, start + offset + 1)
    if character == "}":
        return Diagnostic(
            "P2-E0114",
            "`}` closes no hole",
            span,
            help="write `}}` for a brace in the text",
            fix=Fix(span, "}}"),
        )
    nested = "{" in text[offset + 1 :].partition("}")[0]
    return Diagnostic(
        "P2-E0114",
        "a hole holds one expression without braces" if nested else "this hole is never closed",
        span,
        "opened here",
        help="add `}`, or write `{{` for a brace in the text",
    )


def _bad_brace(text: str) -> tuple[int, str] | None:
    """Give place and kind of the brace in `f"..."` that has no partner, if there is one."""
    good = re.compile(
        r'\{\{|\}\}|\{(?:[^"{}\n]|"[^"\\\n]*(?:\\.[^"\\\n]*)*")*\}|\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)|[^{}\\]'
    )
    position = 2
    while position < len(text):
        match = good.match(text, position)
        if match is None:
            return (position, text[position]) if text[position] in "{}" else None
        position = match.end()
    return None
