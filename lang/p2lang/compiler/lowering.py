"""Typed steps to nodes of the IR: tables get the ids of the nodes that give them, equal nodes become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p2lang.check import Step
from p2lang.ir import Node, Value
from p2lang.source import Span
from p2lang.types import TableSchema


@dataclass(frozen=True)
class Lowered:
    """Nodes in an order in which inputs come first, each with its place in the script and the shape it gives."""

    nodes: tuple[Node, ...]
    sinks: tuple[str, ...]
    spans: Mapping[str, Span]
    schemas: Mapping[str, TableSchema | None]
    named: Mapping[str, Mapping[str, Span]]


def lower(steps: Sequence[Step], effects: Sequence[Step]) -> Lowered:
    """Give the nodes of all steps that an effect needs."""
    needed = _needed(effects)
    ids: dict[int, str] = {}
    nodes: dict[str, Node] = {}
    spans: dict[str, Span] = {}
    schemas: dict[str, TableSchema | None] = {}
    named: dict[str, Mapping[str, Span]] = {}
    for step in steps:
        if id(step) not in needed:
            continue
        node = _node(step, ids)
        ids[id(step)] = node.id
        if node.id not in nodes:
            nodes[node.id] = node
            spans[node.id] = step.span
            schemas[node.id] = step.schema
            named[node.id] = step.named
    sinks = tuple(ids[id(effect)] for effect in effects)
    return Lowered(tuple(nodes.values()), sinks, spans, schemas, named)


def _needed(effects: Sequence[Step]) -> set[int]:
    needed: set[int] = set()
    pending = list(effects)
    while pending:
        step = pending.pop()
        if id(step) not in needed:
            needed.add(id(step))
            pending.extend(step.inputs)
    return needed


def _node(step: Step, ids: Mapping[int, str]) -> Node:
    return Node(
        step.signature.full_name,
        tuple(dict.fromkeys(ids[id(given)] for given in step.inputs)),
        {name: named_tables(value, ids) for name, value in step.attributes.items()},
        step.kind,
    )


def named_tables(value: Value, ids: Mapping[int, str]) -> Value:
    """Give a value with the ids of nodes where it holds steps."""
    named: Value = _replaced(value, ids)
    return named


def _replaced(item: Any, ids: Mapping[int, str]) -> Any:
    if isinstance(item, Step):
        return ids[id(item)]
    if isinstance(item, Mapping):
        return {name: _replaced(inner, ids) for name, inner in item.items()}
    if isinstance(item, list | tuple):
        return [_replaced(inner, ids) for inner in item]
    return item
