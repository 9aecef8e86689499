"""Attached scripts as text and as programs: the names they declare, one link alone, what its tasks ask and give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from p2lang import ast, ir
from p2lang.diagnostics import Diagnostic, has_errors
from p2lang.parser import decode, parse
from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import (
    EXPOSE,
    LINK,
    NEED,
    SCRIPT,
    TASK,
    makes_picture,
    operation,
)
from p2lang.semantics.values import WRITTEN
from p2lang.source import Source
from p2lang.types import ColumnType
from p2std.registry import core
from plotter2.runs.compiling import CompiledScript
from plotter2.tasks.in_python import asked_for, exposed
from plotter2.tasks.model import Head, Kind

STEP = "step"
"""The argument by which a task chooses one step of what it reads, and the column that this needs."""

EXPOSED_ROWS = int(NEED.by_name["rows"].default or 0)
"""Rows that an exposed table has at most where it is read by name."""

_NOT_FOR_LINKS = (
    ast.Task,
    ast.FlowStatement,
    ast.Expose,
    ast.ImposeThat,
    ast.ImposeInput,
    ast.Repeat,
    ast.When,
)
"""Statements that do something; beside them a link needs only what it names."""


@dataclass(frozen=True, slots=True)
class Text:
    """A script's text and tree; `outside` tells that something beside links and tasks would happen in a run."""

    source: Source
    tree: ast.Script

    @property
    def links(self) -> dict[str, ast.Link]:
        """Give the links that stand outside of tasks: those by which the bundle answers."""
        return {i.name.text: i for i in self.tree.items if isinstance(i, ast.Link)}

    @property
    def tasks(self) -> dict[str, ast.Task]:
        """Give the tasks."""
        return {item.name.text: item for item in self.tree.items if isinstance(item, ast.Task)}

    @property
    def uses(self) -> bool:
        """Tell whether it uses libraries."""
        return any(isinstance(item, ast.Use) for item in self.tree.items)

    @property
    def outside(self) -> bool:
        """Tell whether there are statements that do something outside of tasks."""
        return any(
            isinstance(i, _NOT_FOR_LINKS) and not isinstance(i, ast.Task) for i in self.tree.items
        )

    def via(self, link: ast.Link) -> str:
        """Give the translation of a link as it is written, on one line."""
        if not link.via:
            return ""
        text = self.source.text[link.via[0].span.start : link.via[-1].span.end]
        return "| " + " ".join(text.split())

    def place(self, node: ast.Node) -> str:
        """Give `file:line:column`."""
        line, column = self.source.position(node.span.start)
        return f"{self.source.name}:{line}:{column}"


@lru_cache(maxsize=256)
def text_of(content: bytes, name: str) -> Text | None:
    """Give a script's text and tree; None when it cannot be read as one."""
    decoded = decode(content, name)
    if isinstance(decoded, Diagnostic):
        return None
    parsed = parse(decoded)
    if parsed.script is None or has_errors(parsed.diagnostics):
        return None
    return Text(decoded, parsed.script)


def only_link(tree: ast.Script, name: str) -> ast.Script:
    """Give the script with one of its links and what that needs: nothing else can make it fail."""
    items = [
        item
        for item in tree.items
        if not isinstance(item, _NOT_FOR_LINKS)
        and not (isinstance(item, ast.Link) and item.name.text != name)
    ]
    values = {item.name.text: item for item in items if isinstance(item, ast.Let)}
    needed: set[str] = set()
    pending: list[ast.Node] = [item for item in items if not isinstance(item, ast.Let)]
    while pending:
        for node in ast.walk(pending.pop()):
            if isinstance(node, ast.Var) and node.name.text in values.keys() - needed:
                needed.add(node.name.text)
                pending.append(values[node.name.text])
    kept = tuple(
        item for item in items if not isinstance(item, ast.Let) or item.name.text in needed
    )
    return replace(tree, items=kept)


def imposed_in(task: ast.Task, tree: ast.Script) -> dict[str, Head]:
    """Give the inputs that a task imposes, in its branches and steps in Python too, whether it reads them or not."""
    inputs = (item for item in _all(task.body.items) if isinstance(item, ast.ImposeInput))
    found = {item.name.text: _head_of(item.name.text, item.type) for item in inputs}
    return found | {name: Head(name, columns) for name, columns in asked_for(task, tree)}


def exposed_in(text: Text) -> dict[str, Head]:
    """Give the tables that the tasks of a script say they expose, as far as their types are written."""
    found = {}
    for task in text.tasks.values():
        for item in _all(task.body.items):
            if isinstance(item, ast.Expose) and item.type is not None and item.type.fields:
                found[item.name.text] = _head_of(item.name.text, item.type)
        found |= {name: Head(name, columns) for name, columns in exposed(task, text.tree)}
    return found


def _head_of(name: str, written: ast.TypeExpr) -> Head:
    return Head(name, tuple((f.name.text, _column(f.type)) for f in written.fields or ()))


def _column(written: ast.TypeExpr) -> ColumnType:
    kind, unit = WRITTEN.get(written.name.text, ("any", ""))
    if written.arguments:
        unit = written.arguments[0].name.text
    return ColumnType(kind, written.nullable, unit)


def _all(items: Sequence[ast.Item]) -> Iterator[ast.Item]:
    for item in items:
        yield item
        if isinstance(item, ast.When | ast.Repeat):
            yield from _all(item.body.items)
        if isinstance(item, ast.When) and item.otherwise is not None:
            yield from _all(item.otherwise.items)


# ---- what a compiled script says ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkNode:
    """A compiled link: its node, its head, and the node that its rows begin with."""

    node: ir.Node
    head: Head
    origin: ir.Node

    @property
    def path(self) -> str:
        """Give the path of its source as it is written."""
        return str(self.origin.attributes["path"][1])

    @property
    def reads(self) -> tuple[str, ...]:
        """Give the columns that it reads of its source."""
        return tuple(self.origin.attributes["cols"][1])


def links_of(compiled: CompiledScript) -> dict[str, LinkNode]:
    """Give the links of a program that belong to no task."""
    by_id = {node.id: node for node in compiled.module.nodes}
    found = {}
    for node in compiled.module.nodes:
        if node.op == LINK.full_name and TASK not in node.attributes:
            origin = node
            while origin.inputs:
                origin = by_id[origin.inputs[0]]
            head = _head(node)
            found[head.name] = LinkNode(node, head, origin)
    return found


@dataclass(frozen=True, slots=True)
class TaskParts:
    """What a compiled task asks and gives."""

    kind: Kind
    imposed: tuple[Head, ...]
    links: tuple[str, ...]
    exposes: tuple[Head, ...]
    stepped: tuple[str, ...]


def task_parts(compiled: CompiledScript, text: Text, task: ir.ModuleTask) -> TaskParts:
    """Give what a task of a compiled script asks of its bundle, links for itself, and exposes."""
    by_id = {node.id: node for node in compiled.module.nodes}
    effects = [n for n in compiled.module.nodes if _task_of(n) == task.name]
    nodes = list(_above(effects, by_id))
    links = tuple(dict.fromkeys(_head(n).name for n in effects if n.op == LINK.full_name))
    exposes = tuple(dict.fromkeys(_head(n) for n in effects if n.op == EXPOSE.full_name))
    earlier = _exposed_before(compiled, task)
    imposed = imposed_in(text.tasks[task.name], text.tree)
    # What is opened with a key no link answers.
    asked = dict.fromkeys(
        _head(n) for n in nodes if n.op == NEED.full_name and "key" not in n.attributes
    )
    # A name that is read without being imposed is a link of the bundle, else what a task above exposes.
    linked = text.links.keys()
    heads = tuple(
        head
        for head in asked
        if head.name not in links
        and (head.name in imposed or head.name in linked or head.name not in earlier)
    )
    spoken_of = {*links, *(_head(n).name for n in nodes if n.op == NEED.full_name)}
    heads += tuple(head for name, head in imposed.items() if name not in spoken_of)
    stepped = {_head(n).name for n in nodes if n.op == NEED.full_name and STEP in n.attributes}
    chosen = tuple(head.name for head in heads if head.name in stepped)
    return TaskParts(_kind(nodes), heads, links, exposes, chosen)


def _kind(nodes: Sequence[ir.Node]) -> Kind:
    if any(node.op == SCRIPT.full_name for node in nodes):
        return "script"
    signatures = [operation(node.op, core()) for node in nodes]
    gives = any(node.op == EXPOSE.full_name for node in nodes)
    draws = any(s is not None and (makes_picture(s) or s.facts.output) for s in signatures)
    return "configuration" if gives and not draws else "pipeline"


def _exposed_before(compiled: CompiledScript, task: ir.ModuleTask) -> frozenset[str]:
    tasks = {each.name: each for each in compiled.module.tasks}
    before: set[str] = set()
    pending = list(task.after)
    while pending:
        name = pending.pop()
        if name not in before:
            before.add(name)
            pending += tasks[name].after
    return frozenset(
        _head(node).name
        for node in compiled.module.nodes
        if node.op == EXPOSE.full_name and _task_of(node) in before
    )


def _above(effects: Sequence[ir.Node], by_id: dict[str, ir.Node]) -> Iterator[ir.Node]:
    """Give nodes and all that they need, each once, in the order of the program."""
    wanted: set[str] = set()
    pending = [node.id for node in effects]
    while pending:
        node_id = pending.pop()
        if node_id not in wanted:
            wanted.add(node_id)
            pending += by_id[node_id].inputs
    return (node for node in by_id.values() if node.id in wanted)


def _task_of(node: ir.Node) -> str:
    named = node.attributes.get(TASK)
    return "" if named is None else str(named[1])


def _head(node: ir.Node) -> Head:
    return Head(str(node.attributes["name"][1]), columns_of(node.attributes["type"]))
