"""What an editor offers to mend: the fixes of diagnostics, one by one or all that do not touch each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.service.document import Document
from p2lang.source import Span


@dataclass(frozen=True, slots=True)
class Action:
    """A change that mends one mistake: `title` says it in words."""

    title: str
    diagnostic: Diagnostic
    fix: Fix


def actions(document: Document, span: Span) -> tuple[Action, ...]:
    """Give what mends the mistakes that touch a stretch of the text."""
    return tuple(
        Action(_title(document, d.fix), d, d.fix)
        for d in document.compiled.diagnostics
        if d.fix is not None and d.span.start <= span.end and span.start <= d.span.end
    )


def fixes(diagnostics: Iterable[Diagnostic]) -> tuple[Fix, ...]:
    """Give the fixes that can be made together, in order: of two that touch each other the first."""
    found: list[Fix] = []
    wanted = (d.fix for d in diagnostics if d.fix is not None)
    for fix in sorted(wanted, key=lambda fix: (fix.span.start, fix.span.end)):
        if (
            not found
            or fix.span.start > found[-1].span.end
            or (fix.span.start == found[-1].span.end and fix.span.end > fix.span.start)
        ):
            found.append(fix)
    return tuple(found)


def applied(text: str, changes: Iterable[Fix]) -> str:
    """Give the text with replacements made that do not touch each other."""
    for fix in sorted(changes, key=lambda fix: fix.span.start, reverse=True):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    return text


def _title(document: Document, fix: Fix) -> str:
    old, new = document.source.slice(fix.span).strip(), fix.text.strip()
    if not new:
        return f"delete {_short(old)}"
    return f"write {_short(new)}" + (f" instead of {_short(old)}" if old else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= 40 else f"`{line[:37]}...`"
