"""What is known about the thing under the pointer: name, type, rows, cost, and the sentence of its documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from p2lang import ast
from p2lang.check.libraries import exported
from p2lang.check.model import Step, Stream, Word
from p2lang.parser.lexer import lex
from p2lang.semantics.structure import reads_bundle
from p2lang.service.completion import KEYWORDS
from p2lang.service.document import Document, SeenStep
from p2lang.service.names import Declared
from p2lang.service.renaming import name_at
from p2lang.service.tree import path_to
from p2lang.service.wording import (
    definition_text,
    doc_of,
    given_text,
    harmless,
    schema_text,
    signature_text,
    size_text,
    stream_text,
    value_text,
    written_name,
)
from p2lang.signatures import Signature, parameter_text
from p2lang.source import Span
from p2lang.types import UNITS, quantity


@dataclass(frozen=True, slots=True)
class Hover:
    """A line of code that names the thing with its type, sentences about it, and the text that it is about."""

    span: Span
    code: str
    text: str = ""


def hover(document: Document, offset: int) -> Hover | None:
    """Give what is known about what is at an offset, None when it is nothing in particular."""
    path = path_to(document.parsed.script, offset)
    for depth in range(len(path) - 1, 0, -1):
        about = _ABOUT.get(type(path[depth]))
        found = None if about is None else about(document, path[: depth + 1], offset)
        if found is not None:
            return found
    word_is_a_name = bool(path) and isinstance(path[-1], ast.Name | ast.Column | ast.String)
    return None if word_is_a_name else _keyword(document, offset)


def _keyword(document: Document, offset: int) -> Hover | None:
    tokens = lex(document.text, 0, len(document.text))
    at = tokens.at(offset)
    if at < 0 or offset > tokens.span(at).end or tokens.kinds[at] not in KEYWORDS:
        return None
    word, text = KEYWORDS[tokens.kinds[at]]
    return Hover(tokens.span(at), word, text) if text else None


_Path = tuple[ast.Node, ...]


def _name(document: Document, path: _Path, offset: int) -> Hover | None:
    name, owner = path[-1], path[-2]
    assert isinstance(name, ast.Name)
    if isinstance(owner, ast.Argument):
        return _argument_name(document, path, name)
    if isinstance(owner, ast.Var) and name is not owner.name:
        return _field(document, owner, name)
    declared = name_at(document, offset)
    if declared is None:
        return None
    if declared.is_word and not isinstance(owner, ast.Def | ast.ScriptDef | ast.Use | ast.Task):
        return None  # a call: its own step says more
    return _declared(document, declared, name.span)


def _declared(document: Document, declared: Declared, span: Span) -> Hover:
    node = declared.node
    comments = node.comments if isinstance(node, ast.Commented) else ()
    if isinstance(node, ast.Def | ast.ScriptDef):
        return Hover(span, f"def {definition_text(node)}", harmless(doc_of(comments)))
    if isinstance(node, ast.Use):
        return Hover(
            span, f'use "{node.path.value}" as {declared.name}', harmless(doc_of(comments))
        )
    if declared.kind in ("task", "link", "expose"):
        return Hover(span, f"{declared.kind} {declared.name}", harmless(doc_of(comments)))
    binding = document.sights.bindings.get(declared.span)
    what = None if binding is None else binding.what
    title = f"${declared.name}"
    if declared.kind in ("let", "param", "pipe", "repeat"):
        title = f"{declared.kind} {title}"
    if isinstance(node, ast.Param | ast.Parameter):
        title = f"{title.rpartition('$')[0]}${given_text(node)}"
    elif what is not None:
        title = f"{title}: {value_text(what)}"
    if isinstance(node, ast.Param) and node.where is not None:
        title = f"{title} where {document.source.slice(node.where.span)}"
    columns = schema_text(what.schema) if isinstance(what, Stream) and what.schema else ""
    return Hover(span, title, _paragraphs(harmless(doc_of(comments)), _listed(columns)))


def _argument_name(document: Document, path: _Path, name: ast.Name) -> Hover | None:
    signature = _signature(document, path)
    parameter = (
        None
        if signature is None
        else signature.parameter(document.workspace.registry.spelled(name.text))
    )
    if parameter is not None:
        return Hover(name.span, parameter_text(parameter))
    made = _step_of(document, path)
    schema = None if made is None else made.after.schema
    kind = None if schema is None else schema.get(name.text)
    return (
        None
        if kind is None
        else Hover(name.span, f"{written_name(name.text)}: {kind}", "new column")
    )


def _field(document: Document, owner: ast.Var, name: ast.Name) -> Hover | None:
    declared = name_at(document, owner.name.span.start + 1)
    node = None if declared is None else declared.node
    if not isinstance(node, ast.Let):
        return None
    binding = document.sights.bindings.get(node.name.span)
    what = None if binding is None else binding.what
    kind = what.schema.get(name.text) if isinstance(what, Stream) and what.schema else None
    return None if kind is None else Hover(name.span, f"{written_name(name.text)}: {kind}")


def _column(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.Column)
    seen = _step_of(document, path)
    schema = None if seen is None else seen.before.schema
    kind = None if schema is None else schema.get(node.name.text)
    if kind is None:
        return _param_to_choose_by(document, path, node)
    unit = UNITS.get(kind.unit, f"in {kind.unit}") if kind.unit else ""
    facts = ("may be missing" if kind.nullable else "", unit)
    text = ", ".join(fact for fact in facts if fact)
    return Hover(node.span, f"{written_name(node.name.text)}: {kind}", text)


def _param_to_choose_by(document: Document, path: _Path, node: ast.Column) -> Hover | None:
    """Give what a param of bundles holds, in the condition by which a source chooses among them."""
    call = next((n for n in reversed(path) if isinstance(n, ast.Call | ast.Stage)), None)
    if not isinstance(call, ast.Call) or not _reads_bundle(document, call):
        return None
    text = next((a.value for a in call.arguments if _is_path(a)), None)
    if not isinstance(text, ast.String):
        return None
    kind = (document.workspace.schemas.params_of(text.value) or {}).get(node.name.text)
    title = f"{written_name(node.name.text)}: {kind}"
    return None if kind is None else Hover(node.span, title, "param of the bundles")


def _is_path(argument: ast.Argument) -> bool:
    return argument.name is None or argument.name.text == "path"


def _stage(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.Stage)
    if offset > node.name.span.end:
        return None
    seen = document.sights.steps.get(node.span)
    title, doc = _called(document, node, (*path, node))
    if title is None:
        return None
    gives = "" if seen is None else f"gives {stream_text(seen.after)}"
    cost = "" if seen is None else _cost(document, seen.after.step)
    schema = None if seen is None or seen.after.kind != "table" else seen.after.schema
    columns = "" if schema is None else schema_text(schema)
    return Hover(node.name.span, title, _paragraphs(doc, gives, cost, _listed(columns)))


def _call(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.Call)
    if offset > node.name.span.end:
        return None
    title, doc = _called(document, node, path)
    if title is None:
        return None
    given = document.sights.heads.get(node.span)
    gives = f"gives {stream_text(given)}" if isinstance(given, Stream) and given.step else ""
    columns = schema_text(given.schema) if isinstance(given, Stream) and given.schema else ""
    return Hover(node.name.span, title, _paragraphs(doc, gives, _listed(columns)))


def _called(document: Document, node: ast.Stage | ast.Call, path: _Path) -> tuple[str | None, str]:
    declared = name_at(document, node.name.span.start)
    what = None if declared is None else declared.node
    if isinstance(what, ast.Use) and len(node.name.parts) > 1:
        what = _member(document, what, node.name.parts[1].text)
    if isinstance(what, ast.Def | ast.ScriptDef):
        return f"def {definition_text(what)}", harmless(doc_of(what.comments))
    signature = _operation(document, node, path)
    return (None, "") if signature is None else (signature_text(signature), signature.doc)


def _member(document: Document, library: ast.Use, name: str) -> ast.Node | None:
    """Give the definition that a library offers under a name."""
    loaded = document.sights.libraries.get(library.path.value)
    found = None if loaded is None else exported(loaded).get(name)
    return found.what if isinstance(found, Word) and isinstance(found.what, ast.Def) else None


def _variable(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.Var | ast.Splice)
    declared = name_at(document, node.name.span.end)
    return None if declared is None else _declared(document, declared, node.name.span)


def _string(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.String)
    call = next((n for n in reversed(path) if isinstance(n, ast.Call | ast.Link)), None)
    if not isinstance(call, ast.Call) or not _reads_bundle(document, call):
        return None
    if not any(_is_path(argument) and argument.value is node for argument in call.arguments):
        return None
    given = document.sights.heads.get(call.span)
    if not isinstance(given, Stream) or given.schema is None:
        return None
    return Hover(
        node.span,
        f"{document.source.slice(node.span)}: {size_text(given.schema)}",
        _listed(schema_text(given.schema)),
    )


def _reads_bundle(document: Document, call: ast.Call) -> bool:
    operation = document.workspace.registry.flow(call.name.text, "none")
    return operation is not None and reads_bundle(operation)


def _quantity(document: Document, path: _Path, offset: int) -> Hover | None:
    node = path[-1]
    assert isinstance(node, ast.Quantity)
    try:
        value, unit = quantity(node.text, node.unit)
    except OverflowError:
        return None
    return Hover(
        node.span, f"{node.text}{node.unit} = {value:g} {unit}".rstrip(), UNITS.get(unit, "")
    )


_ABOUT: dict[type, Callable[[Document, _Path, int], Hover | None]] = {
    ast.Name: _name,
    ast.Column: _column,
    ast.Stage: _stage,
    ast.Call: _call,
    ast.Var: _variable,
    ast.Splice: _variable,
    ast.String: _string,
    ast.Quantity: _quantity,
}


# ---- inside --------------------------------------------------------------------------------------


def _step_of(document: Document, path: _Path) -> SeenStep | None:
    stage = next((node for node in reversed(path) if isinstance(node, ast.Stage)), None)
    return None if stage is None else document.sights.steps.get(stage.span)


def _signature(document: Document, path: _Path) -> Signature | None:
    """Give the operation whose argument the end of a path is."""
    node = next((n for n in reversed(path) if isinstance(n, ast.Stage | ast.Call)), None)
    return None if node is None else _operation(document, node, path)


def _operation(document: Document, node: ast.Stage | ast.Call, path: _Path) -> Signature | None:
    registry, name = document.workspace.registry, node.name.text
    if isinstance(node, ast.Stage):
        seen = document.sights.steps.get(node.span)
        left = "" if seen is None else seen.before.kind or ""
        return registry.flow(name, left)
    return registry.expression(name) or registry.flow(name, "none")


def _cost(document: Document, step: Step | None) -> str:
    """Give what the flow may cost up to a step; nothing while the script has mistakes."""
    compiled = document.compiled
    if step is None or compiled.module is None:
        return ""
    spans, waiting, seen = set[Span](), [step], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            spans.add(each.span)
            waiting += each.inputs
    units = sum(cost for node, cost in compiled.costs.items() if compiled.spans[node] in spans)
    share = 100 * units / compiled.module.work if compiled.module.work else 0
    return f"up to here at most {units:,} units of work, {share:.0f} % of the script's"


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _listed(columns: str) -> str:
    return "\n".join(f"- {harmless(line)}" for line in columns.splitlines())
