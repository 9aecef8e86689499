"""The physical plan of a program: which nodes are computed together in one pass over the rows. Loads no polars.

A step that keeps its rows and whose table only one node takes is not computed where it stands: polars plans it together
with what comes after it. The result of a node that takes long to compute is held: computed where it stands, in one
piece, so that it can be stored and handed in again and nothing after it can tell. The plan follows from the program
alone, so it is neither signed nor part of the module, and no store changes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from p2lang.semantics.structure import has_more_than_rows
from p2lang.verifier import Program, ProgramNode

HELD_UNITS: Final = 20_000_000
"""Work from which on a result is held, in units of about 10 ns."""

_UNITS_PER_ROW: Final = 5
"""What a held node does with each row, at least: less is done again faster than its rows are read."""

_UNITS_PER_ROW_ALONE: Final = 20
"""The same for a step that could be computed together with the next one."""

_BYTES_PER_UNIT: Final = 1
"""A result of more bytes than this for each unit of its work is written and read as fast as it is computed."""

_ON_ONE_PROCESSOR: Final = frozenset(("kmeans", "pca", "script", "simulate"))
"""Operations that numpy or Python computes, or step by step. What polars computes takes all processors by itself: two
such nodes at once take as long as one after the other."""


@dataclass(frozen=True)
class Plan:
    """`planned` nodes wait for the next one; each of `fused` is a run of nodes that are computed together, in order.

    The last node of a run is where it is computed: a step that changes rows, one that is `held`, or the frame that
    draws the rows.
    """

    planned: frozenset[str]
    fused: tuple[tuple[str, ...], ...]
    held: frozenset[str] = frozenset()


def is_worth_keeping(units: int, size: int) -> bool:
    """Tell whether a result of so much work and so many bytes is read faster than it is computed again."""
    return units >= HELD_UNITS and size <= units * _BYTES_PER_UNIT


def work_on_one_processor(node: ProgramNode) -> int:
    """Give the bound of a node's work as far as more processors do not help with it."""
    return node.work if node.signature.name in _ON_ONE_PROCESSOR else 0


def plan_of(program: Program) -> Plan:
    """Give the plan of a verified program."""
    uses = Counter(name for node in program.nodes for name in set(node.inputs))
    waiting = frozenset(n.id for n in program.nodes if _waits(n) and uses[n.id] <= 1)
    held = frozenset(_held(program, waiting))
    planned = waiting - held
    return Plan(planned, tuple(_runs(program, planned)), held)


def _waits(node: ProgramNode) -> bool:
    return node.kind == "table" and node.signature.facts.rows == "kept"


def _held(program: Program, waiting: frozenset[str]) -> Iterator[str]:
    """Give the nodes whose results take long, counted from the held ones before them."""
    since: dict[str, int] = {}
    for node in program.nodes:
        units = node.work + sum(since[name] for name in set(node.inputs))
        since[node.id] = min(units, program.work)  # what many nodes take is counted more than once
        if node.kind != "table" or node.flow is None or has_more_than_rows(node.node):
            continue
        assert node.schema is not None
        taken = (program[name].schema for name in node.inputs)
        rows = max(node.schema.rows, *(schema.rows for schema in taken if schema is not None), 1)
        alone = node.id in waiting
        long = node.work if alone else since[node.id]
        if long >= HELD_UNITS and node.work >= rows * (
            _UNITS_PER_ROW_ALONE if alone else _UNITS_PER_ROW
        ):
            since[node.id] = 0
            yield node.id


def _runs(program: Program, planned: frozenset[str]) -> Iterator[tuple[str, ...]]:
    for node in program.nodes:
        if node.id in planned:
            continue
        run = [node.id]
        before = node.flow
        while before in planned:
            run.append(before)
            before = program[before].flow
        if len(run) > 1:
            yield tuple(reversed(run))
