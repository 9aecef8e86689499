"""Small grey texts between the code: how large the table is after each step, what a `let` stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from p2lang import ast
from p2lang.check.model import Stream
from p2lang.service.document import Document
from p2lang.service.wording import value_text
from p2lang.types import TableSchema


@dataclass(frozen=True, slots=True)
class Hint:
    """A text to show at an offset; it is not part of the script."""

    offset: int
    text: str


def inlay_hints(document: Document, start: int = 0, end: int | None = None) -> tuple[Hint, ...]:
    """Give the hints for a stretch of the text: at ends of lines, where the table gets another size or shape."""
    script = document.parsed.script
    if script is None:
        return ()
    stop = len(document.text) if end is None else end
    found = (hint for node in ast.walk(script) for hint in _of(document, node))
    return tuple(
        sorted((h for h in found if start <= h.offset <= stop), key=lambda hint: hint.offset)
    )


def _of(document: Document, node: ast.Node) -> Iterator[Hint]:
    if isinstance(node, ast.Let) and node.type is None:
        yield from _let(document, node)
    elif isinstance(node, ast.Flow) and node.head is not None and node.stages:
        given = document.sights.heads.get(node.head.span)
        if isinstance(given, Stream):
            yield from _size(document, node.head.span.end, None, given)
    elif isinstance(node, ast.Stage | ast.Splice):
        seen = document.sights.steps.get(node.span)
        if seen is not None:
            yield from _size(document, node.span.end, seen.before.schema, seen.after)


def _let(document: Document, node: ast.Let) -> Iterator[Hint]:
    binding = document.sights.bindings.get(node.name.span)
    what = None if binding is None else binding.what
    if what is not None:
        text = "table" if isinstance(what, Stream) and what.kind == "table" else value_text(what)
        yield Hint(node.name.span.end, f": {text}")


def _size(
    document: Document, offset: int, before: TableSchema | None, after: Stream
) -> Iterator[Hint]:
    ends_line = not document.text[offset:].partition("\n")[0].strip()
    if not ends_line or after.kind != "table" or after.schema is None:
        return
    schema = after.schema
    if before is None or (before.rows, len(before.columns)) != (schema.rows, len(schema.columns)):
        columns = len(schema.columns)
        yield Hint(
            offset, f"≤ {schema.rows:,} rows, {columns:,} column{'s' if columns != 1 else ''}"
        )
