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
    """Another place that explains the first, with the words to put under it; `source` is None in the script itself."""

    span: Span
    label: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement of text that mends the mistake."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake or lint: stable code, one sentence, the smallest span, and what to type instead.

    `source` is that of a library when the place is in one, None in the script itself.
    """

    code: str
    message: str
    span: Span = NOWHERE
    label: str = ""
    help: str = ""
    note: str = ""
    severity: Severity = "error"
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    source: Source | None = None

    @property
    def is_error(self) -> bool:
        """Tell whether this stops the script."""
        return self.severity == "error"

    @property
    def in_script(self) -> Span:
        """Give the place in the script itself: of a mistake in a library, where the script uses it."""
        if self.source is None:
            return self.span
        return next((r.span for r in self.related if r.source is None), NOWHERE)


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Tell whether any of them stops the script."""
    return any(d.is_error for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic], source: Source) -> tuple[Diagnostic, ...]:
    """Give diagnostics line by line, on each line errors first; the remark about the edition line comes last."""

    def place(diagnostic: Diagnostic) -> tuple[bool, int, bool, int, int]:
        span = diagnostic.in_script
        line = source.position(span.start)[0]
        return diagnostic.code == EDITION_LACKS, line, not diagnostic.is_error, span.start, span.end

    return tuple(sorted(diagnostics, key=place))


def fixed(
    source: Source, diagnostics: Iterable[Diagnostic]
) -> tuple[str, tuple[tuple[Diagnostic, Fix], ...]]:
    """Give the text with the fixes applied that do not overlap, the first of them first; and which ones these are."""
    used: list[tuple[Diagnostic, Fix]] = []
    end = -1
    with_fix = [(d, d.fix) for d in diagnostics if d.fix is not None]
    for diagnostic, fix in sorted(
        with_fix, key=lambda pair: (pair[1].span.start, pair[1].span.end)
    ):
        if fix.span.start > end:
            used.append((diagnostic, fix))
            end = fix.span.end
    text = source.text
    for _, fix in reversed(used):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    return text, tuple(used)


def as_json(diagnostic: Diagnostic, source: Source) -> dict[str, Any]:
    """Give `{code, severity, message, span, help, note, related, fix}`; lines and columns from 1.

    A span has `file` when it is not in the script itself.
    """
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "span": _placed(diagnostic.span, diagnostic.source, source),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "note": diagnostic.note,
        "related": [
            {"label": r.label, "span": _placed(r.span, r.source, source)}
            for r in diagnostic.related
        ],
        "fix": None if fix is None else {"span": span_json(fix.span, source), "text": fix.text},
    }


def _placed(span: Span, of: Source | None, script: Source) -> dict[str, Any]:
    if of is None:
        return span_json(span, script)
    return {"file": of.name, **span_json(span, of)}


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
    main = Related(diagnostic.span, diagnostic.label, diagnostic.source)
    places = [main, *diagnostic.related]
    width = max(len(str(_position(p, source)[0])) for p in places)
    line, column = _position(main, source)
    out = [
        f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}",
        f"{' ' * width}--> {(main.source or source).name}:{line}:{column}",
    ]
    here = [place for place in places if place.source == main.source]
    for place in sorted(here, key=lambda place: place.span.start):
        out += _excerpt(place, source, width, "^" if place is main else "-")
    for place in (place for place in places if place.source != main.source):
        line, column = _position(place, source)
        out.append(f"{' ' * width}::: {(place.source or source).name}:{line}:{column}")
        out += _excerpt(place, source, width, "-")
    for title, text in (("help", diagnostic.help), ("note", diagnostic.note)):
        if text:
            out.append(f"{' ' * width} = {title}: {text}")
    return "\n".join(out)


def excerpt(span: Span, source: Source) -> str:
    """Give the line in which a span begins, with a mark under it, as `render` shows it."""
    width = len(str(source.position(span.start)[0]))
    return "\n".join(_excerpt(Related(span, ""), source, width, "^"))


def _position(place: Related, script: Source) -> tuple[int, int]:
    return (place.source or script).position(place.span.start)


def _excerpt(place: Related, script: Source, width: int, mark: str) -> list[str]:
    source = place.source or script
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
