"""What the steps in Python of a task ask for and expose, read off their texts without running anything."""

from __future__ import annotations

from collections.abc import Iterator

from p2lang import ast
from p2lang.check.script_calls import Called, called
from p2lang.semantics.promises import Columns
from p2lang.types import parse_column_type


def asked_for(task: ast.Task, tree: ast.Script) -> Iterator[tuple[str, Columns]]:
    """Give the tables that steps of a task impose, with their columns."""
    return _said(task, tree, "impose")


def exposed(task: ast.Task, tree: ast.Script) -> Iterator[tuple[str, Columns]]:
    """Give the tables that steps of a task expose, as far as their columns are written."""
    return _said(task, tree, "expose")


def _said(task: ast.Task, tree: ast.Script, word: str) -> Iterator[tuple[str, Columns]]:
    for call in _calls(task, tree):
        name, columns = call.text(0), _columns(call)
        if call.word == word and name is not None and columns:
            yield name, columns


def _calls(task: ast.Task, tree: ast.Script) -> Iterator[Called]:
    scripts = {item.name.text: item for item in tree.items if isinstance(item, ast.ScriptDef)}
    if not scripts:
        return
    used = (n.name.text for n in ast.walk(task) if isinstance(n, ast.Call | ast.Stage))
    for name in dict.fromkeys(used):
        if name in scripts:
            yield from called(scripts[name].body, 0)


def _columns(call: Called) -> Columns:
    try:
        return tuple(
            (name, parse_column_type(value.value))
            for name, value in call.named
            if isinstance(value, ast.String)
        )
    except ValueError:
        return ()
