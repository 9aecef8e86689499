"""Columns that no picture, effect or condition needs: found backwards, then left out where they are read or made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from p2lang.compiler.lowering import Lowered
from p2lang.ir import NAMING, PARTS, Node, Value, parts, parts_of, walk
from p2lang.semantics.films import STATE
from p2lang.semantics.structure import DELIVERED, SCRIPT, read_to_choose, reads_rows
from p2lang.semantics.structure import operation as operation_named
from p2lang.signatures import Registry, Signature
from p2lang.types import TableSchema

_Columns = set[str]


@dataclass(frozen=True)
class Pruned:
    """The nodes that are left and, by id of the node before, the new columns that nothing uses."""

    lowered: Lowered
    unused: Mapping[str, tuple[str, ...]]


def prune(lowered: Lowered, registry: Registry) -> Pruned:
    """Leave out columns that nothing needs; ids are computed anew and equal nodes become one."""
    live = _live(lowered, registry)
    unused: dict[str, tuple[str, ...]] = {}
    renamed: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    origin: dict[str, str] = {}
    for node in lowered.nodes:
        attributes = dict(node.attributes)
        signature = operation_named(node.op, registry)
        if signature is not None and signature.gives == "table":
            dropped = _narrow(signature, attributes, live[node.id], lowered.schemas[node.id])
            if dropped:
                unused[node.id] = dropped
            if signature.name in _NOTHING_WITHOUT_NEW and not attributes["new"][1]:
                renamed[node.id] = renamed[node.inputs[0]]
                continue
        rebuilt = Node(
            node.op,
            tuple(dict.fromkeys(renamed[i] for i in node.inputs)),
            {name: _renamed(value, renamed) for name, value in attributes.items()},
            node.kind,
        )
        renamed[node.id] = rebuilt.id
        nodes.setdefault(rebuilt.id, rebuilt)
        origin.setdefault(rebuilt.id, node.id)
    left = Lowered(
        tuple(nodes.values()),
        tuple(renamed[sink] for sink in lowered.sinks),
        {new: lowered.spans[old] for new, old in origin.items()},
        {new: lowered.schemas[old] for new, old in origin.items()},
        {new: lowered.named[old] for new, old in origin.items()},
    )
    return Pruned(left, unused)


_NOTHING_WITHOUT_NEW = frozenset(("derive", "rename", "cast"))


def _renamed(value: Value, renamed: Mapping[str, str]) -> Value:
    tag = value[0]
    if tag in NAMING:
        return [tag, renamed[value[1]], *value[2:]]
    if not parts(value):
        return value
    if tag in ("list", "cat"):
        return [tag, [_renamed(inner, renamed) for inner in value[1]]]
    if tag == "call":
        return [tag, value[1], {name: _renamed(inner, renamed) for name, inner in value[2].items()}]
    if tag == "new":
        return [tag, [[name, _renamed(inner, renamed)] for name, inner in value[1]]]
    return [_renamed(inner, renamed) if isinstance(inner, list) else inner for inner in value]


# ---- what is needed ------------------------------------------------------------------------------


def _live(lowered: Lowered, registry: Registry) -> dict[str, _Columns]:
    """Give the columns that are needed of each table and view.

    An effect on a table needs all of it, and so does a picture without marks: the run chooses what it draws.
    """
    live: dict[str, _Columns] = {node.id: set() for node in lowered.nodes}
    marked = _with_marks(lowered, registry)
    kinds = {node.id: node.kind for node in lowered.nodes}
    for node in reversed(lowered.nodes):
        signature = operation_named(node.op, registry)
        assert signature is not None
        for value in node.attributes.values():
            for inner in walk(value):
                if inner[0] == "field":
                    live[inner[1]].add(inner[2])
        _keep_one(live[node.id], lowered.schemas[node.id], signature)
        if signature.takes != "none" and node.inputs:
            flow = node.inputs[0]
            schema = lowered.schemas[flow]
            if schema is not None:
                everything = (kinds[flow] == "table" and _takes_all(signature, node)) or (
                    kinds[flow] == "view" and signature.kind == "effect" and flow not in marked
                )
                needed = _needed(signature, node, live[node.id])
                live[flow] |= {name for name in schema.names if everything or name in needed}
        _tables_needed(signature, node, live, lowered)
        _parts_need(node, live, marked, lowered)
    return live


def _takes_all(signature: Signature, node: Node) -> bool:
    return (signature.kind == "effect" and signature.name not in _PROMISED) or (
        signature.kind == "item" and "columns" not in node.attributes
    )


def _parts_need(node: Node, live: dict[str, _Columns], marked: set[str], lowered: Lowered) -> None:
    """Hand on to the parts of a box what the box needs; a part without marks needs all of its columns."""
    for _, part in parts_of(node.attributes):
        schema = lowered.schemas[part]
        if schema is not None:
            live[part] |= {n for n in schema.names if part not in marked or n in live[node.id]}


def _keep_one(live: _Columns, schema: TableSchema | None, signature: Signature) -> None:
    # A table without columns has no rows to count: one column stays.
    if not live and schema is not None and signature.gives == "table" and schema.names:
        live.add(schema.names[0])


def _with_marks(lowered: Lowered, registry: Registry) -> set[str]:
    """Give the ids of all views that have a mark above them; the parts of a box are looked at one by one."""
    marked: set[str] = set()
    for node in lowered.nodes:
        signature = operation_named(node.op, registry)
        if signature is not None and (
            signature.kind == "mark"
            or PARTS in node.attributes
            or (node.kind == "view" and node.inputs[0] in marked)
        ):
            marked.add(node.id)
    return marked


def _needed(signature: Signature, node: Node, live: _Columns) -> _Columns:
    """Give the columns that a node needs of its input so that it can give the live ones."""
    rule = _NEEDED.get(signature.name)
    return live | set(named_columns(node.attributes.values())) if rule is None else rule(node, live)


def named_columns(values: Iterable[Value]) -> list[str]:
    """Give the columns that values name."""
    found: list[str] = []
    for value in values:
        for inner in walk(value):
            if inner[0] == "col":
                found.append(inner[1])
            elif inner[0] == "cols":
                found += inner[1]
            elif inner[0] == "by":
                found += [key[1][1] if key[0] == "desc" else key[1] for key in inner[1]]
    return found


def _promised(attribute: str) -> Callable[[Node, _Columns], _Columns]:
    # What a declared type does not name is not seen on the other side of it.
    return lambda node, live: {name for name, _ in node.attributes[attribute][1]}


def _of_select(node: Node, live: _Columns) -> _Columns:
    return live & set(node.attributes["cols"][1])


def _of_derive(node: Node, live: _Columns) -> _Columns:
    new = dict(node.attributes["new"][1])
    used = named_columns(value for name, value in new.items() if name in live)
    return (live - set(new)) | set(used)


def _of_summary(node: Node, live: _Columns) -> _Columns:
    by = node.attributes.get("by", ["cols", []])[1]
    return set(by) | set(named_columns(v for name, v in node.attributes["new"][1] if name in live))


def _of_rename(node: Node, live: _Columns) -> _Columns:
    old = dict(node.attributes["new"][1])
    return {old.get(name, name) for name in live}


def _made(*names: str) -> Callable[[Node, _Columns], _Columns]:
    def rule(node: Node, live: _Columns) -> _Columns:
        return (live - set(names)) | set(named_columns(node.attributes.values()))

    return rule


def _of_pca(node: Node, live: _Columns) -> _Columns:
    count = node.attributes.get("n", ["int", 2])[1]
    made = {f"pc{i + 1}" for i in range(count)}
    return (live - made) | set(named_columns(node.attributes.values()))


_PROMISED = frozenset(("link", "expose", "ran", "drawn"))


def _of_simulate(node: Node, live: _Columns) -> _Columns:
    new = node.attributes["new"][1]
    return (live - {STATE}) | {name for name, _ in new} | set(named_columns(v for _, v in new))


_NEEDED: dict[str, Callable[[Node, _Columns], _Columns]] = {
    "link": _promised("type"),
    "expose": _promised("type"),
    "script": _promised("takes"),
    "made": lambda node, live: set(),
    "ran": lambda node, live: set(),
    "drawn": lambda node, live: set(),
    "select": _of_select,
    "derive": _of_derive,
    "simulate": _of_simulate,
    "summary": _of_summary,
    "rename": _of_rename,
    "cast": lambda node, live: live,
    "label": _made("label"),
    "kmeans": _made("cluster"),
    "pca": _of_pca,
}


def _tables_needed(
    signature: Signature, node: Node, live: dict[str, _Columns], lowered: Lowered
) -> None:
    """Mark what a union or a join needs of the tables that its attributes name."""
    keys = set(named_columns([node.attributes["on"]])) if "on" in node.attributes else set()
    for parameter in signature.parameters:
        value = node.attributes.get(parameter.attribute)
        if value is None or value[0] != "table":
            continue
        schema = lowered.schemas[value[1]]
        if schema is not None:
            everything = signature is SCRIPT
            live[value[1]] |= {n for n in schema.names if everything or n in live[node.id] | keys}


# ---- leaving out ---------------------------------------------------------------------------------


def _narrow(
    signature: Signature, attributes: dict[str, Value], live: _Columns, schema: TableSchema | None
) -> tuple[str, ...]:
    """Leave columns out of a node's attributes; give the new columns that went."""
    if reads_rows(signature) and schema is not None:
        wanted = live | read_to_choose(attributes)
        attributes[DELIVERED] = ["cols", sorted(name for name in schema.names if name in wanted)]
    elif signature.name == "select":
        attributes["cols"] = ["cols", [name for name in attributes["cols"][1] if name in live]]
    elif signature.name in ("rename", "cast"):
        tag, pairs = attributes["new"]
        attributes["new"] = [tag, [pair for pair in pairs if pair[0] in live]]
    elif signature.name in ("derive", "summary"):
        new = attributes["new"][1]
        attributes["new"] = ["new", [pair for pair in new if pair[0] in live]]
        return tuple(pair[0] for pair in new if pair[0] not in live)
    return ()
