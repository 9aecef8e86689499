"""The physical plan of a program: which nodes are computed together in one pass over the rows. Loads no polars.

A step that keeps its rows and whose table only one node takes is not computed where it stands: polars plans it together
with what comes after it. The plan follows from the program, so it is neither signed nor part of the module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from p2lang.verifier import Program, ProgramNode


@dataclass(frozen=True)
class Plan:
    """`planned` nodes wait for the next one; each of `fused` is a run of nodes that are computed together, in order.

    The last node of a run is where it is computed: a step that changes rows, or the frame that draws them.
    """

    planned: frozenset[str]
    fused: tuple[tuple[str, ...], ...]


def plan_of(program: Program) -> Plan:
    """Give the plan of a verified program."""
    uses = Counter(name for node in program.nodes for name in set(node.inputs))
    planned = frozenset(n.id for n in program.nodes if _waits(n) and uses[n.id] <= 1)
    return Plan(planned, tuple(_runs(program, planned)))


def _waits(node: ProgramNode) -> bool:
    return node.kind == "table" and node.signature.facts.rows == "kept"


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
