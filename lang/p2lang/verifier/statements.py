"""What statements mean, checked on nodes: tasks in their order, links, exposed tables, steps in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from p2lang.ir import Module, ModuleTask, Node, Value
from p2lang.semantics.guards import conjuncts, exclusive
from p2lang.semantics.promises import columns_of, keep
from p2lang.semantics.script_text import first_fault
from p2lang.semantics.selection import CHOOSING
from p2lang.semantics.structure import EFFECTS, GUARD, TABLES, TASK, row_wise
from p2lang.semantics.values import Typed, assignable, parameter_type
from p2lang.signatures import Registry, Signature
from p2lang.types import TableSchema
from p2lang.verifier.refusal import RefusedProgram

_NONE: frozenset[str] = frozenset()
_SPEAK_OF_TASKS = ("gather_tasks", "last_task")


class _Seen(NamedTuple):
    """What a node stands on: tasks whose params it uses, tasks it asks about, what it reads row by row.

    `in_task` tells that it names the task around it.
    """

    uses: frozenset[str] = _NONE
    asks: frozenset[str] = _NONE
    origin: str | None = None
    in_task: bool = False


@dataclass
class Statements:
    """What is known about tasks, links and exposed tables while the nodes go by."""

    module: Module
    registry: Registry
    places: dict[str, int] = field(default_factory=dict)
    exposed: dict[str, dict[str, TableSchema]] = field(default_factory=dict)
    seen: dict[str, _Seen] = field(default_factory=dict)
    guards: dict[tuple[str, str, str], list[list[Value]]] = field(default_factory=dict)
    current: str = ""
    left: set[str] = field(default_factory=set)
    scripts: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in self.module.tasks:
            _in_order(task, self.places, self.module)
            self.places[task.name] = len(self.places)

    def collected(self, node: Node) -> TableSchema:
        """Give what the tasks expose that a `collect` names; raises RefusedProgram when that is not known."""
        task = _literal_task(node.attributes["tasks"], "gather_tasks")
        found = self.exposed.get(task, {})
        name = node.attributes.get("name")
        wanted = _text(node, "name") if name is not None else next(iter(found), "")
        if wanted not in found or (name is None and len(found) > 1):
            raise _wrong(f"{node.op} does not say which table of {task!r} it takes")
        return found[wanted]

    def add(
        self, node: Node, signature: Signature, schema: TableSchema | None, flow: TableSchema | None
    ) -> None:
        """Check what a node means for tasks and tables outside, after its attributes were checked."""
        seen = self._seen(node, signature)
        self.seen[node.id] = seen
        task = node.attributes.get(TASK)
        if task is not None or node.kind in EFFECTS:
            self._effect(node, "" if task is None else task[1], seen)
        rule = _RULES.get(signature.name)
        if rule is not None:
            rule(self, node, flow)
        if signature.name == "collect":
            self._within_cap(node, schema)

    def _seen(self, node: Node, signature: Signature) -> _Seen:
        uses: set[str] = set()
        asks: set[str] = set()
        in_task = False
        for before in (self.seen[name] for name in node.inputs):
            uses |= before.uses
            asks |= before.asks
            in_task |= before.in_task
        for value in node.inside:
            if value[0] == "var" and "." in value[1]:
                uses.add(value[1].partition(".")[0])
        for value in node.calls:
            function = value[1].partition("@")[0]
            if function in _SPEAK_OF_TASKS:
                asks.add(_literal_task(value, function))
            elif function == "me":
                in_task |= value[2]["of"] == ["str", "task"]
        for name in asks:
            if name not in self.places:
                raise RefusedProgram("P2-V0525", f"there is no task {name!r}")
        return _Seen(frozenset(uses), frozenset(asks), self._origin(node, signature), in_task)

    def _origin(self, node: Node, signature: Signature) -> str | None:
        if signature.name == "access" and any(name in node.attributes for name in CHOOSING):
            return None
        if signature.name in ("access", "need"):
            return str(node.attributes["path" if signature.name == "access" else "name"][1])
        if row_wise(signature, node.attributes.values(), self.registry):
            return self.seen[node.inputs[0]].origin if len(node.inputs) == 1 else None
        return None

    def _effect(self, node: Node, task: str, seen: _Seen) -> None:
        if task and task not in self.places:
            raise RefusedProgram("P2-V0525", f"{node.op} belongs to no task of the module")
        if task != self.current:
            self.left |= {self.current} if self.current else set()
            self.current = task
        if task in self.left:
            raise RefusedProgram("P2-V0525", f"the effects of task {task!r} are not together")
        if seen.in_task and not task:
            raise RefusedProgram("P2-V0525", f"{node.op} names its task, and stands in none")
        if seen.uses - {task}:
            raise RefusedProgram("P2-V0525", f"{node.op} uses a parameter of another task")
        if task and any(self.places[name] >= self.places[task] for name in seen.asks):
            raise RefusedProgram("P2-V0525", f"task {task!r} asks about one that is not above it")

    def _within_cap(self, node: Node, schema: TableSchema | None) -> None:
        if schema is None or schema.rows < self.collected(node).rows:
            raise _wrong(f"{node.op} takes fewer rows than one task may expose")

    def _link(self, node: Node, flow: TableSchema | None) -> None:
        assert flow is not None
        path = _text(node, "path")
        if self.seen[node.inputs[0]].origin != path or path == _text(node, "name"):
            raise _wrong(f"{node.op} is no row by row translation of {path[:60]!r}")
        keep("the link", columns_of(node.attributes["type"]), flow)
        self._once(node, "linked")

    def _expose(self, node: Node, flow: TableSchema | None) -> None:
        assert flow is not None
        name, columns = _text(node, "name"), columns_of(node.attributes["type"])
        keep("the exposed table", columns, flow)
        self._once(node, "exposed")
        tables = self.exposed.setdefault(self.current, {})
        before = tables.get(name)
        if before is not None and before.columns != columns:
            raise _wrong(f"{name[:60]!r} is exposed as two different tables")
        rows = flow.rows if before is None else max(flow.rows, before.rows)
        tables[name] = TableSchema(columns, rows)

    def _once(self, node: Node, how: str) -> None:
        """Refuse a second answer by the same name, unless only one of the two can happen."""
        name = _text(node, "name")
        known = self.guards.setdefault((self.current, node.op, name), [])
        now = conjuncts(node.attributes.get(GUARD))
        if not all(exclusive(now, before) for before in known):
            raise _wrong(f"{name[:60]!r} is {how} twice")
        known.append(now)

    def _release(self, node: Node, flow: TableSchema | None) -> None:
        if not self.current:
            raise RefusedProgram("P2-V0525", f"{node.op} stands in no task")

    def _named(self, node: Node, flow: TableSchema | None) -> None:
        _text(node, "name")

    def _script(self, node: Node, flow: TableSchema | None) -> None:
        self._named(node, flow)
        sites = node.attributes.get("sites", ["types", []])[1]
        self.scripts[node.id] = frozenset(to for _, to in sites)

    def _of_script(self, node: Node, flow: TableSchema | None) -> None:
        before = self.scripts.get(node.inputs[0])
        if before is None:
            raise RefusedProgram("P2-V0531", f"{node.op} stands on no step in Python")
        if node.op.startswith("made@") and _text(node, "name") not in before:
            raise RefusedProgram("P2-V0531", f"{node.op} is of no call in the text of its step")

    def _redo(self, node: Node, flow: TableSchema | None) -> None:
        _text(node, "bundle")


_RULES: dict[str, Callable[[Statements, Node, TableSchema | None], None]] = {
    "link": Statements._link,
    "expose": Statements._expose,
    "release": Statements._release,
    "need": Statements._named,
    "script": Statements._script,
    "redo": Statements._redo,
    "made": Statements._of_script,
    "ran": Statements._of_script,
    "drawn": Statements._of_script,
}


def check_script(node: Node, given: Mapping[str, Typed]) -> None:
    """Raise RefusedProgram unless a step in Python is declared as it is given its values."""
    text, declared = _text(node, "text"), node.attributes["params"]
    fault = first_fault(text)
    if fault is not None:
        code = "P2-V0513" if fault.about == "size" else "P2-V0530"
        raise RefusedProgram(code, f"the text of a step in Python is not fit: {fault.message}")
    _check_sites(node)
    if not node.attributes["takes"][1] or not node.attributes["gives"][1]:
        raise _wrong("a step in Python takes or gives a table without columns")
    (_, table), *values = declared[1] or [["", ""]]
    if table != "table" or [name for name, _ in values] != list(given):
        raise _wrong("a step in Python is not given the values of its parameters")
    for name, written in values:
        try:
            wanted = parameter_type(written)
        except ValueError:
            raise _wrong(f"{name!r} of a step in Python has no known type") from None
        if given[name].type.shape != "one" or not assignable(wanted, given[name].type):
            raise _wrong(f"{name!r} of a step in Python is not {written}")


def _check_sites(node: Node) -> None:
    sites = dict(node.attributes.get("sites", ["types", []])[1])
    tables = [name for name in TABLES if name in node.attributes]
    led = {to for to in sites.values() if to in TABLES}
    if any(node.attributes[name][0] != "table" for name in tables) or led != set(tables):
        raise RefusedProgram(
            "P2-V0531", "the tables that a step in Python reads are not those of its calls"
        )


def _in_order(task: ModuleTask, places: Mapping[str, int], module: Module) -> None:
    if task.name in places:
        raise RefusedProgram("P2-V0525", f"there are two tasks {task.name!r}")
    if any(name not in places for name in task.after) or len(set(task.after)) != len(task.after):
        raise RefusedProgram("P2-V0525", f"task {task.name!r} waits for one that is not above it")
    if set(task.params) & set(module.params):
        raise RefusedProgram("P2-V0525", f"a param of task {task.name!r} hides one of the script")


def _literal_task(value: Value, function: str) -> str:
    name = value[2].get("name") if value[0] == "call" else None
    if value[0] != "call" or value[1].partition("@")[0] != function or not name:
        raise _wrong(f"{function} is wanted here")
    if name[0] != "str":
        raise _wrong(f"{function} does not name a task")
    return str(name[1])


def _text(node: Node, attribute: str) -> str:
    value = node.attributes[attribute]
    if value[0] != "str" or not value[1]:
        raise _wrong(f"{attribute!r} of {node.op} is not known before the run")
    return str(value[1])


def _wrong(what: str) -> RefusedProgram:
    return RefusedProgram("P2-V0509", what)
