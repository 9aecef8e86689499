"""From a name to its declaration and its uses, and to another name for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from p2lang import ast
from p2lang.check.libraries import exported
from p2lang.diagnostics import Fix
from p2lang.service.document import Document
from p2lang.service.names import Declared
from p2lang.service.tree import path_to
from p2lang.source import Source, Span

_OUTWARD = {
    "link": "other scripts and runs link to it by this name",
    "expose": "other scripts and runs read it by this name",
    "input": "what calls this script gives it by this name",
    "in Python": "the Python between the quotes uses it by this name",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something cannot be done, and what to do instead."""

    message: str
    help: str


def name_at(document: Document, offset: int) -> Declared | None:
    """Give the name that is declared or used at an offset."""
    for each in document.names:
        if any(span.start <= offset <= span.end for span in (each.span, *each.uses)):
            return each
    return None


def definition(document: Document, offset: int) -> Span | None:
    """Give where the name at an offset is declared; for a column the step of the script that makes it."""
    found = name_at(document, offset)
    if found is not None:
        return found.span
    path = path_to(document.parsed.script, offset)
    if path and isinstance(path[-1], ast.Name) and any(isinstance(n, ast.Column) for n in path):
        return _made(document, path, path[-1].text)
    return None


def library_definition(document: Document, offset: int) -> tuple[Source, Span] | None:
    """Give the text of a library and the place in it of what is named at an offset; of a `use`, its beginning."""
    path = path_to(document.parsed.script, offset)
    use = next((node for node in path if isinstance(node, ast.Use)), None)
    if use is not None:
        loaded = document.sights.libraries.get(use.path.value)
        return None if loaded is None else (loaded.source, Span(0, 0))
    parts = next((p for p in map(_parts, reversed(path)) if len(p) > 1), ())
    if not parts or offset <= parts[0].span.end or document.parsed.script is None:
        return None
    for item in document.parsed.script.items:
        if isinstance(item, ast.Use) and item.alias.text == parts[0].text:
            loaded = document.sights.libraries.get(item.path.value)
            member = None if loaded is None else exported(loaded).get(parts[1].text)
            return None if loaded is None or member is None else (loaded.source, member.name.span)
    return None


def _parts(node: ast.Node) -> tuple[ast.Name, ...]:
    if isinstance(node, ast.Stage | ast.Call):
        return node.name.parts
    return (node.name, *node.fields) if isinstance(node, ast.Var) else ()


def references(document: Document, offset: int) -> tuple[Span, ...]:
    """Give all places of the name at an offset, its declaration among them, in order."""
    found = name_at(document, offset)
    return () if found is None else _places(found)


def rename(document: Document, offset: int, new: str) -> tuple[Fix, ...] | Refused:
    """Give the replacements that rename what is at an offset, or why that cannot be done."""
    if any(d.is_error for d in document.parsed.diagnostics):
        return Refused(
            "a script that cannot be read is not renamed in",
            "mend what is wrong first: a part that is not understood may use the name",
        )
    found = name_at(document, offset)
    if found is None:
        return _nothing_to_rename(document, offset)
    refused = _refused(document, found, new.removeprefix("" if found.is_word else "$"))
    if refused is not None:
        return refused
    text = new.removeprefix("$")
    return tuple(Fix(span, text) for span in _places(found))


def _places(found: Declared) -> tuple[Span, ...]:
    return tuple(sorted({found.span, *found.uses}, key=lambda span: span.start))


def _refused(document: Document, found: Declared, new: str) -> Refused | None:
    registry = document.workspace.registry
    if found.kind in _OUTWARD:
        return Refused(f"{_OUTWARD[found.kind]}", "change it by hand, here and there")
    if not ast.IDENTIFIER.match(new):
        return Refused(f"`{new}` cannot be a name", "take letters a-z, A-Z, digits and `_`")
    if new in ast.KEYWORDS:
        return Refused(f"`{new}` is a word of the language", f"take another, such as `{new}_`")
    if found.is_word and found.kind != "task" and registry.spelled(new) in registry.newest:
        return Refused(f"`{new}` is a step or function of the language", "take another name")
    for other in document.names:
        if other is not found and other.name == new and _meet(found, other):
            line = document.source.position(other.span.start)[0]
            return Refused(
                f"`{new}` is declared in line {line}", "names are given once; take another"
            )
    if found.kind == "task" and _in_text(document, found.name):
        return Refused(f'"{found.name}" stands in texts as well', "change it by hand")
    return None


def _meet(one: Declared, other: Declared) -> bool:
    """Tell whether both names are in force somewhere."""
    shared = min(len(one.scope), len(other.scope))
    return one.is_word == other.is_word and one.scope[:shared] == other.scope[:shared]


def _in_text(document: Document, name: str) -> bool:
    script = document.parsed.script
    nodes: Iterable[ast.Node] = () if script is None else ast.walk(script)
    return any(isinstance(node, ast.String) and node.value == name for node in nodes)


def _nothing_to_rename(document: Document, offset: int) -> Refused:
    path = path_to(document.parsed.script, offset)
    if path and isinstance(path[-1], ast.Name) and any(isinstance(n, ast.Column) for n in path):
        text = path[-1].text
        return Refused(
            f"the column {text} is named by the data and by texts that mention it",
            f"rename it in the flow: `| rename(new_name = {text})`",
        )
    return Refused(
        "there is no name of this script here",
        "rename what `let`, `param`, `pipe` or `def` declare",
    )


def _made(document: Document, path: tuple[ast.Node, ...], name: str) -> Span | None:
    """Give the name of the new column in the nearest step above that makes it."""
    stage = next((node for node in reversed(path) if isinstance(node, ast.Stage)), None)
    seen = None if stage is None else document.sights.steps.get(stage.span)
    step = None if seen is None else seen.before.step
    while step is not None:
        if name in step.named:
            return step.named[name]
        step = step.inputs[0] if step.inputs else None
    return None
