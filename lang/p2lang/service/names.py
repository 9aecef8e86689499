"""The names that a script declares, and where each is used. Follows the rules of scopes, knows no data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from p2lang import ast
from p2lang.source import Span

NameKind = Literal[
    "let", "param", "pipe", "repeat", "parameter", "in Python", "def", "script", "library", "task",
    "link", "expose", "input",
]  # fmt: skip

WORDS = frozenset(("def", "script", "library", "task"))
"""Names that stand before `(` or after `|`; all others are written `$name`."""


@dataclass(eq=False)
class Declared:
    """A name with the place where it is declared and those where it is used; spans cover its letters only.

    `scope` is the way from the script to the block that it is in force in.
    """

    name: str
    kind: NameKind
    span: Span
    node: ast.Node
    scope: tuple[int, ...]
    uses: list[Span] = field(default_factory=list)
    parameters: dict[str, Declared] = field(default_factory=dict)

    @property
    def is_word(self) -> bool:
        """Tell whether it is written without `$`."""
        return self.kind in WORDS


def declared(script: ast.Script) -> tuple[Declared, ...]:
    """Give all names of a script in the order of their declarations."""
    reader = _Reader()
    reader.items(script.items, ({}, {}), ())
    return tuple(reader.found)


# ---- reading -------------------------------------------------------------------------------------

_Known = tuple[dict[str, Declared], dict[str, Declared]]
"""Bindings and words in force."""


@dataclass
class _Reader:
    found: list[Declared] = field(default_factory=list)
    blocks: int = 0

    def items(self, items: Iterable[ast.Item], known: _Known, scope: tuple[int, ...]) -> None:
        for item in items:
            self._item(item, known, scope)

    def _item(self, item: ast.Item, known: _Known, scope: tuple[int, ...]) -> None:
        if isinstance(item, ast.Def | ast.ScriptDef):
            self._definition(item, known, scope)
        elif isinstance(item, ast.Task):
            self._task(item, known, scope)
        elif isinstance(item, ast.Repeat):
            self._uses(item.over, known, scope)
            inside, within = self._inner(known, scope)
            self._declare("repeat", item.name, item, inside, within)
            self.items(item.body.items, inside, within)
        else:
            self._simple(item, known, scope)

    def _simple(self, item: ast.Item, known: _Known, scope: tuple[int, ...]) -> None:
        self._uses(item, known, scope)
        for kind, type_ in _KINDS.items():
            if isinstance(item, type_):
                name = item.alias if isinstance(item, ast.Use) else item.name
                self._declare(kind, name, item, known, scope)

    def _definition(
        self, item: ast.Def | ast.ScriptDef, known: _Known, scope: tuple[int, ...]
    ) -> None:
        inside, within = self._inner(known, scope)
        kind: NameKind = "parameter" if isinstance(item, ast.Def) else "in Python"
        parameters = self._parameters(item.parameters, inside, within, kind)
        if isinstance(item, ast.Def):
            self._uses(item.body, inside, within)
        word = self._declare(
            "def" if isinstance(item, ast.Def) else "script", item.name, item, known, scope
        )
        word.parameters = parameters

    def _task(self, item: ast.Task, known: _Known, scope: tuple[int, ...]) -> None:
        for earlier in item.after:
            self._use(earlier, known[1], 0)
        inside, within = self._inner(known, scope)
        self._parameters(item.parameters or (), inside, within)
        self.items(item.body.items, inside, within)
        self._declare("task", item.name, item, known, scope)

    def _parameters(
        self,
        parameters: Iterable[ast.Parameter],
        known: _Known,
        scope: tuple[int, ...],
        kind: NameKind = "parameter",
    ) -> dict[str, Declared]:
        given: dict[str, Declared] = {}
        for parameter in parameters:
            if parameter.default is not None:
                self._uses(parameter.default, known, scope)
            declared = self._declare(kind, parameter.name, parameter, known, scope)
            given[declared.name] = declared
        return given

    def _inner(self, known: _Known, scope: tuple[int, ...]) -> tuple[_Known, tuple[int, ...]]:
        self.blocks += 1
        return (dict(known[0]), dict(known[1])), (*scope, self.blocks)

    def _declare(
        self, kind: NameKind, name: ast.Name, node: ast.Node, known: _Known, scope: tuple[int, ...]
    ) -> Declared:
        declared = Declared(name.text, kind, name.span, node, scope)
        known[declared.is_word].setdefault(name.text, declared)
        self.found.append(declared)
        return declared

    def _uses(self, node: ast.Node, known: _Known, scope: tuple[int, ...]) -> None:
        """Note the uses in a node; blocks inside it have names of their own."""
        waiting = [node]
        while waiting:
            each = waiting.pop()
            if isinstance(each, ast.Block):
                inside, within = self._inner(known, scope)
                self.items(each.items, inside, within)
                continue
            if isinstance(each, ast.Var | ast.Splice):
                self._use(each.name, known[0], 1)
            elif isinstance(each, ast.Stage | ast.Call):
                self._called(each, known)
            waiting += reversed(list(ast.children(each)))

    def _called(self, node: ast.Stage | ast.Call, known: _Known) -> None:
        word = self._use(node.name.parts[0], known[1], 0)
        for argument in node.arguments or ():
            if word is not None and argument.name is not None:
                self._use(argument.name, word.parameters, 0)

    def _use(self, name: ast.Name, known: dict[str, Declared], sign: int) -> Declared | None:
        found = known.get(name.text)
        if found is not None:
            found.uses.append(Span(name.span.start + sign, name.span.end))
        return found


_KINDS: dict[
    NameKind,
    type[ast.Use | ast.Param | ast.Let | ast.Pipe | ast.Link | ast.Expose | ast.ImposeInput],
] = {
    "library": ast.Use,
    "param": ast.Param,
    "let": ast.Let,
    "pipe": ast.Pipe,
    "link": ast.Link,
    "expose": ast.Expose,
    "input": ast.ImposeInput,
}
