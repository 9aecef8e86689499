"""The IR: a Merkle graph of versioned operations in canonical JSON without floats.

A node is `[id, "op@version", [input ids], {attribute: value}, kind]` with
`id = "n" + sha256("p2node-v1\\0" + canonical([op, inputs, attributes, kind]))[:32]`; a module is named by
`sha256("p2ir-v1\\0" + canonical(module))`. Spans are kept beside the module, never in it.

Every value of an attribute is a tagged list, so that nothing can be read two ways:

    ["int", 5]  ["str", "a"]  ["bool", true]  ["null"]                           literals
    ["num", "0x1.8000000000000p+1"]   a number as float.hex() writes it; a quantity is in its base unit, which follows:
    ["num", "0x1.2c00000000000p+9", "s"]                                         ten minutes
    ["col", "lr"]                     a column of the node's (first) input
    ["cols", ["lr", "step"]]          columns
    ["by", [["col", "lr"], ["desc", ["col", "x"]]]]                              sort keys, in order
    ["param", "lr"]                   a param of the bundles that a source chooses from, only in its `where`
    ["var", "window"]                 a param of the module; `task.name` for a param of a task
    ["list", [v, ...]]  ["range", a, b]  ["cat", [v, ...]]  ["if", c, a, b]
    ["len", a]                        how many items a list has
    ["op", "+", a, b]                 or and == != <= >= < > in + - * / ** ; ["not", a]  ["neg", a]
    ["call", "mean@1", {"x": v}]      a function by its full name
    ["new", [["m", v], ...]]          named new columns, in order
    ["rename", [["new", "old"], ...]] ["types", [["col", "int"], ...]]
    ["table", "n..."]                 the table that another node gives (that node is among the inputs)
    ["field", "n...", "lr"]           a column of that table
    ["shape", [["lr", "number?"], ...]]   a table's type as it was declared: columns in order with their types
    ["node", "n..."]                  another node of any kind, likewise among the inputs: a part of a box

`inputs` holds first what the pipe delivers (unless the operation takes nothing), then the nodes that attributes name,
in order of first mention. Attributes that a call leaves out are absent: the signature's default holds, for ever.
Beside the parameters of its signature a node may carry `cols` on a source that reads a bundle (the columns it
delivers; rows have them in the order of the bundle), `@seq` on an effect (its place in the order of effects), `@when`
(a single truth value: the effect is skipped when it is false or null) and `@task` (the name of the task that the effect
belongs to). A picture without a name among its parameters may carry `@name`, and any picture `@format` (the kind of
file that the ending of its name asks for).

Boxes (`frame_grid`, `frame_layers`, `page`, `report`) take nothing from the left; what stands in them is their
attribute `parts`, `["list", [part, ...]]` in the order of the script. A part is `["node", "n..."]`, or
`["if", condition, ["node", "n..."], ["null"]]` when it is there only if a single truth value holds. Parts are pure:
only a report, which is a picture, has a place in the order of effects.

A module with tasks has one key more, `tasks`: `[{"name", "params", "after"}, ...]` in the order of the script; a task
waits only for tasks above it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from p2lang.once import once

Value = list[Any]
"""A tagged value, see the module's text."""

FORMAT = 1
CORE = "core@1"
TASKS = "tasks"
"""The key that only modules with tasks have."""

MODULE_KEYS = (
    "p2ir", "core", "edition", "libs", "params", "schema", "nodes", "sinks", "rights", "work", "needs",
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One operation: what it is, what it reads, its attributes, what it gives."""

    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Value]
    kind: str

    @once
    def id(self) -> str:
        """Give the name made of the content."""
        content = [self.op, list(self.inputs), dict(self.attributes), self.kind]
        return node_id(encoded(content))

    @once
    def inside(self) -> tuple[Value, ...]:
        """Give all tagged values of the attributes, attributes in order of their names; walked through once."""
        return tuple(inside(self.attributes))

    @once
    def calls(self) -> tuple[Value, ...]:
        """Give all calls of functions among them."""
        return tuple(value for value in self.inside if value[0] == "call")

    def as_json(self) -> list[Any]:
        """Give `[id, op, inputs, attributes, kind]`."""
        return [self.id, self.op, list(self.inputs), dict(self.attributes), self.kind]


@dataclass(frozen=True)
class ModuleParam:
    """A param of a script: type text, default value and the condition it must meet (or None)."""

    type: str
    default: Value | None
    where: Value | None

    def as_json(self) -> dict[str, Any]:
        """Give `{type, default, where}`."""
        return {"type": self.type, "default": self.default, "where": self.where}


@dataclass(frozen=True)
class ModuleTask:
    """A task of a script: its name, its own params, and the tasks above it that it waits for."""

    name: str
    params: Mapping[str, ModuleParam] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give `{name, params, after}`."""
        params = {name: param.as_json() for name, param in self.params.items()}
        return {"name": self.name, "params": params, "after": list(self.after)}

    def variables(self) -> dict[str, ModuleParam]:
        """Give the params by the names that values call them: `task.name`."""
        return {f"{self.name}.{name}": param for name, param in self.params.items()}


@dataclass(frozen=True)
class Module:
    """A whole program. `schema` maps each bundle path to the digest of the shape it was checked against.

    `work` is the bound in units; `needs` are the other bounds: memory, rows, panels, pixels, frames.
    """

    nodes: tuple[Node, ...]
    sinks: tuple[str, ...]
    params: Mapping[str, ModuleParam]
    schema: Mapping[str, str]
    rights: tuple[str, ...]
    work: int
    edition: int = 1
    libs: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, int] = field(default_factory=dict)
    tasks: tuple[ModuleTask, ...] = ()

    def variables(self) -> dict[str, ModuleParam]:
        """Give all params by the names that values call them: `name`, and `task.name` for those of a task."""
        found = dict(self.params)
        for task in self.tasks:
            found.update(task.variables())
        return found

    def as_json(self) -> dict[str, Any]:
        """Give the module as plain JSON values; `tasks` is there only when there are some."""
        tasks = {"tasks": [task.as_json() for task in self.tasks]} if self.tasks else {}
        return {
            **tasks,
            "p2ir": FORMAT,
            "core": CORE,
            "edition": self.edition,
            "libs": dict(self.libs),
            "params": {name: param.as_json() for name, param in self.params.items()},
            "schema": dict(self.schema),
            "nodes": [node.as_json() for node in self.nodes],
            "sinks": list(self.sinks),
            "rights": list(self.rights),
            "work": self.work,
            "needs": dict(self.needs),
        }

    def encode(self) -> bytes:
        """Give the canonical bytes."""
        return self._encoded

    @once
    def _encoded(self) -> bytes:
        return canonical(self.as_json())

    @once
    def sha256(self) -> str:
        """Give the module's name: 64 hex digits."""
        return module_hash(self.encode())


def canonical(value: Any) -> bytes:
    """Give the one encoding of a value: JSON, sorted keys, no spaces, ASCII; raises TypeError on a float."""
    _refuse_floats(value)
    return encoded(value)


def encoded(value: Any) -> bytes:
    """Give the one encoding of a value that is known to hold no float, or is part of what is encoded whole later."""
    return _ENCODER.encode(value).encode()


# Values are trees, so the encoder need not look for one that holds itself.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, check_circular=False
)


def node_id(content: bytes) -> str:
    """Give the name of a node from the canonical bytes of `[op, inputs, attributes, kind]`."""
    return "n" + hashlib.sha256(b"p2node-v1\0" + content).hexdigest()[:32]


def module_hash(encoded: bytes) -> str:
    """Give the name of a module from its canonical bytes."""
    return hashlib.sha256(b"p2ir-v1\0" + encoded).hexdigest()


def parts(value: Value) -> list[Value]:
    """Give the tagged values directly inside a tagged value, in order."""
    tag = value[0]
    if tag in ("list", "cat"):
        return list(value[1])
    if tag == "call":
        return [value[2][name] for name in sorted(value[2])]
    if tag == "new":
        return [inner for _, inner in value[1]]
    first = _FIRST_PART.get(tag)
    return [] if first is None else list(value[first:])


_FIRST_PART = {"range": 1, "if": 1, "op": 2, "not": 1, "neg": 1, "len": 1}


LEAVES = frozenset(
    ("int", "num", "str", "bool", "null", "col", "cols", "by", "var", "table", "field", "node",
     "param")
)  # fmt: skip
"""The commonest tags of values that hold no others."""


def walk(value: Value) -> Iterator[Value]:
    """Give a tagged value and all inside it, from left to right; parents come first."""
    pending = [value]
    while pending:
        item = pending.pop()
        yield item
        if item[0] not in LEAVES:
            pending.extend(reversed(parts(item)))


def inside(attributes: Mapping[str, Value]) -> list[Value]:
    """Give all tagged values of attributes as `walk` does, attributes in order of their names."""
    found: list[Value] = []
    for name in sorted(attributes):
        value = attributes[name]
        if value[0] in LEAVES:
            found.append(value)
        else:
            found.extend(walk(value))
    return found


def depth(value: Value) -> int:
    """Give how many tagged values are nested in each other, counting the outermost."""
    deepest, pending = 0, [(value, 1)]
    while pending:
        item, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((part, level + 1) for part in parts(item))
    return deepest


DEEPEST = 128
"""Levels of tagged values that a program may nest."""


NAMING = frozenset(("table", "field", "node"))
"""The tags of values that name another node."""

PARTS = "parts"
"""The attribute with what stands in a box."""


def nodes_named(attributes: Mapping[str, Value], tags: frozenset[str] = NAMING) -> Iterator[Any]:
    """Give what values of these tags name, attributes in order of their names."""
    for value in inside(attributes):
        if value[0] in tags:
            yield value[1]


def parts_of(attributes: Mapping[str, Value]) -> list[tuple[Value | None, Any]]:
    """Give the parts of a box: the condition under which each is there (None: always), and what it names."""
    found: list[tuple[Value | None, Any]] = []
    for part in attributes.get(PARTS, ["list", []])[1]:
        found.append((part[1], part[2][1]) if part[0] == "if" else (None, part[1]))
    return found


def _refuse_floats(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str or kind is int:
            continue
        if kind is list or kind is tuple:
            pending.extend(item)
        elif isinstance(item, float):
            raise TypeError(f"{item!r}: a float has no canonical form; write float.hex()")
        elif isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
