"""A script as an outline: what it declares and does, one entry a statement, blocks with what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from p2lang import ast
from p2lang.service.document import Document
from p2lang.service.wording import value_text
from p2lang.source import Span

SymbolKind = Literal[
    "let", "param", "pipe", "def", "script", "library", "task", "link", "expose", "input",
    "repeat", "when", "box", "flow",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """One statement: its name, a few words about it, where it is and where its name is."""

    name: str
    kind: SymbolKind
    detail: str
    span: Span
    selection: Span
    children: tuple[Symbol, ...] = ()


def symbols(document: Document) -> tuple[Symbol, ...]:
    """Give the outline of a script; conditions and bare calls are left out."""
    script = document.parsed.script
    return () if script is None else _of_items(document, script.items)


def _of_items(document: Document, items: Iterable[ast.Item]) -> tuple[Symbol, ...]:
    found = (_of_item(document, item) for item in items)
    return tuple(symbol for symbol in found if symbol is not None)


def _of_item(document: Document, item: ast.Item) -> Symbol | None:
    if isinstance(item, ast.Use):
        return Symbol(item.alias.text, "library", item.path.value, item.span, item.alias.span)
    if isinstance(item, ast.Repeat):
        inner = _of_items(document, item.body.items)
        return Symbol(f"repeat {item.name.text}", "repeat", "", item.span, item.name.span, inner)
    if isinstance(item, ast.When):
        blocks = (item.body,) if item.otherwise is None else (item.body, item.otherwise)
        inner = _of_items(document, [each for block in blocks for each in block.items])
        condition = document.source.slice(item.condition.span)
        return Symbol(f"when {condition}", "when", "", item.span, item.condition.span, inner)
    if isinstance(item, ast.FlowStatement):
        return _of_flow(document, item)
    if isinstance(item, ast.ImposeThat):
        return None
    inner = _of_items(document, item.body.items) if isinstance(item, ast.Task) else ()
    return Symbol(
        item.name.text,
        _KINDS[type(item)],
        _detail(document, item),
        item.span,
        item.name.span,
        inner,
    )


_KINDS: dict[type, SymbolKind] = {
    ast.Let: "let",
    ast.Param: "param",
    ast.Pipe: "pipe",
    ast.Def: "def",
    ast.ScriptDef: "script",
    ast.Task: "task",
    ast.Link: "link",
    ast.Expose: "expose",
    ast.ImposeInput: "input",
}


def _detail(document: Document, item: ast.Item) -> str:
    if isinstance(item, ast.Let | ast.Pipe):
        binding = document.sights.bindings.get(item.name.span)
        return "" if binding is None else value_text(binding.what)
    if isinstance(item, ast.Param | ast.ImposeInput):
        return document.source.slice(item.type.span)
    return ""


def _of_flow(document: Document, item: ast.FlowStatement) -> Symbol | None:
    """Give a flow by the name of the picture or file it makes, else by its last step."""
    flow = item.flow
    inner: tuple[Symbol, ...] = ()
    label = ""
    if isinstance(flow.head, ast.Box):
        box = flow.head
        inner = () if box.body is None else _of_items(document, box.body.items)
        label = (
            box.kind if box.label is None else f"{box.kind} {document.source.slice(box.label.span)}"
        )
    named = (_text_given(document, stage) for stage in reversed(flow.stages))
    picture = next((text for text in named if text), "")
    steps = flow.stages
    name = picture or label or (steps[-1].name.text if steps else "")
    if not name:
        return None
    kind: SymbolKind = "box" if label else "flow"
    return Symbol(
        name, kind, label if picture else "", item.span, _first_line(document, item.span), inner
    )


def _text_given(document: Document, stage: ast.Stage | ast.Splice) -> str:
    if not isinstance(stage, ast.Stage):
        return ""
    operation = document.workspace.registry.flow(stage.name.text)
    if operation is None or operation.kind != "effect" or operation.parameter("name") is None:
        return ""
    texts = (a.value.value for a in stage.arguments or () if isinstance(a.value, ast.String))
    return next(texts, "")


def _first_line(document: Document, span: Span) -> Span:
    line = document.source.slice(span).partition("\n")[0]
    return Span(span.start, span.start + len(line))
