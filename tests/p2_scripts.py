"""The project's own example scripts, and small ways to parse a text in tests."""

from __future__ import annotations

from pathlib import Path

from p2lang import ast
from p2lang.diagnostics import Diagnostic, render
from p2lang.parser import parse
from p2lang.source import Source

SCRIPTS = sorted((Path(__file__).parent / "p2lang" / "scripts").glob("*.p2"))


def parsed(text: str) -> ast.Script:
    """Parse a text that must be fine."""
    result = parse(Source(text))
    assert result.script is not None
    errors = [render(d, Source(text)) for d in result.diagnostics if d.is_error]
    assert not errors, "\n".join([*errors, text])
    return result.script


def only(text: str) -> ast.Item:
    """Parse a text of one statement."""
    [item] = parsed(text).items
    return item


def value_of(text: str) -> ast.Expr | ast.Box | None:
    """Parse an expression."""
    item = only(f"let it = {text}")
    assert isinstance(item, ast.Let)
    return item.value.head


def errors_of(text: str) -> list[Diagnostic]:
    """Give the errors of a text."""
    return [d for d in parse(Source(text)).diagnostics if d.is_error]
