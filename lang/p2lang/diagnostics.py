"""What is wrong with a script, as values: code, place, one sentence, help. Rendering for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from p2lang.source import NOWHERE, Source, Span

EDITION_LACKS = "P2-W0405"
"""The code of the remark that a script has no edition line: it is about the whole script."""

Severity = Literal["error", "warning"]

_WIDEST = 120
"""Characters of a line that an excerpt shows at most."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains the first, with the words to put under it."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement of text that mends the mistake."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake or lint: stable code, one sentence, the smallest span, and what to type instead."""

    code: str
    message: str
    span: Span = NOWHERE
    label: str = ""
    help: str = ""
    note: str = ""
    severity: Severity = "error"
    related: tuple[Related, ...] = ()
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        """Tell whether this stops the script."""
        return self.severity == "error"


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Tell whether any of them stops the script."""
    return any(d.is_error for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic], source: Source) -> tuple[Diagnostic, ...]:
    """Give diagnostics line by line, on each line errors first; the remark about the edition line comes last."""

    def place(diagnostic: Diagnostic) -> tuple[bool, int, bool, int, int]:
        span = diagnostic.span
        line = source.position(span.start)[0]
        return diagnostic.code == EDITION_LACKS, line, not diagnostic.is_error, span.start, span.end

    return tuple(sorted(diagnostics, key=place))


def as_json(diagnostic: Diagnostic, source: Source) -> dict[str, Any]:
    """Give `{code, severity, message, span, help, note, related, fix}`; lines and columns from 1."""
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "span": span_json(diagnostic.span, source),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "note": diagnostic.note,
        "related": [
            {"label": r.label, "span": span_json(r.span, source)} for r in diagnostic.related
        ],
        "fix": None if fix is None else {"span": span_json(fix.span, source), "text": fix.text},
    }


def span_json(span: Span, source: Source) -> dict[str, Any]:
    """Give `{line, column, end_line, end_column, text}` of a span."""
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "text": source.slice(span),
    }


def render(diagnostic: Diagnostic, source: Source) -> str:
    """Give the diagnostic as text for a terminal: sentence, place, excerpt, underline, help, note."""
    line, column = source.position(diagnostic.span.start)
    places = [Related(diagnostic.span, diagnostic.label), *diagnostic.related]
    width = max(len(str(source.position(p.span.start)[0])) for p in places)
    out = [
        f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}",
        f"{' ' * width}--> {source.name}:{line}:{column}",
    ]
    ordered = sorted(enumerate(places), key=lambda item: item[1].span.start)
    for index, place in ordered:
        out += _excerpt(place, source, width, "^" if index == 0 else "-")
    for title, text in (("help", diagnostic.help), ("note", diagnostic.note)):
        if text:
            out.append(f"{' ' * width} = {title}: {text}")
    return "\n".join(out)


def _excerpt(place: Related, source: Source, width: int, mark: str) -> list[str]:
    line, column = source.position(place.span.start)
    text, column = _window(source.line(line), column)
    length = min(place.span.end - place.span.start, len(text) - column + 1)
    visible = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    underline = " " * (column - 1) + mark * max(length, 1)
    label = f" {place.label}" if place.label else ""
    return [f"{line:>{width}} | {visible}", f"{' ' * width} | {underline}{label}"]


def _window(line: str, column: int) -> tuple[str, int]:
    """Give the part of a long line around a column, and the column in it; tabs become single spaces."""
    text = line.replace("\t", " ")
    if len(text) <= _WIDEST:
        return text, column
    first = max(0, min(column - _WIDEST // 2, len(text) - _WIDEST))
    before = "..." if first else ""
    after = "..." if first + _WIDEST < len(text) else ""
    return before + text[first : first + _WIDEST] + after, column - first + len(before)
