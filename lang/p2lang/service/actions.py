"""What an editor offers to mend: the fixes of diagnostics, one by one or all that do not touch each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from p2lang.diagnostics import EDITION_LACKS, Diagnostic, Fix, fixed
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
        if d.fix is not None and d.in_script.start <= span.end and span.start <= d.in_script.end
    )


def fix_all(document: Document) -> tuple[Fix, ...]:
    """Give the fixes of mistakes that can be made together; those of lints would only silence them."""
    mistakes = (d for d in document.compiled.diagnostics if d.is_error or d.code == EDITION_LACKS)
    return tuple(fix for _, fix in fixed(document.source, mistakes)[1])


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
