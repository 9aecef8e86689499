"""Parts of a program that take long and do not depend on each other, computed at once, each in a child of its own.

What such a child computes is handed to the child of the run, as what is found in the cache is. Nothing else depends on
it: where such a child fails or runs out of its share of what the run may use, the child of the run computes that part
itself, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeAlias

from p2lang.verifier import Program
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Outcome
from plotter2.runs.holding import Handed, Holding
from plotter2.runs.inputs import ResultInputs
from plotter2.wire.memory import memory_for_results

AHEAD_UNITS: Final = 50_000_000
"""Work from which on a part is worth a child of its own, in units of about 10 ns."""

_MEMORY_BYTES: Final = 1 << 30
"""What the results of one part may take; untouched pages cost nothing."""


@dataclass(frozen=True)
class Part:
    """Nodes that one child computes: `wanted` are those whose results are not known, `last` those behind no other.

    `reads` are all nodes behind them, up to what is known.
    """

    last: tuple[str, ...]
    wanted: tuple[str, ...]
    reads: frozenset[str]
    units: int


Send: TypeAlias = Callable[[Part, ResultInputs, int], Outcome]
"""Has a child compute a part with what is known, within so many parts of what the run may use."""


def compute_ahead(results: Holding, send: Send, children: int) -> None:
    """Compute the independent parts of a program in at most so many children at once, if there are several."""
    parts = [
        p
        for p in independent(results.program, results.missing, set(results.known))
        if p.units >= AHEAD_UNITS
    ]
    if children < 2 or len(parts) < 2:
        return
    at_once = min(children, len(parts))
    with ThreadPoolExecutor(at_once, "ahead") as pool:
        waiting = [pool.submit(_computed, results, part, send, at_once) for part in parts]
    for each in waiting:
        handed = each.result()
        results.known.update({one.known.node: one.known for one in handed})
        results.ahead = (*results.ahead, *(one.known.node for one in handed))
        results.keep(handed)


def _computed(results: Holding, part: Part, send: Send, at_once: int) -> list[Handed]:
    memory = results.own(memory_for_results(_MEMORY_BYTES))
    known = tuple(known for node, known in results.known.items() if node in part.reads)
    try:
        outcome = send(part, ResultInputs(known, part.wanted, memory, all=True), at_once)
        with outcome:
            return results.handed(outcome, memory, dict.fromkeys(part.wanted, ""))
    except Plotter2Error:
        return []  # the child of the run computes it itself, and tells what is wrong with its place


def independent(program: Program, missing: Iterable[str], known: set[str]) -> list[Part]:
    """Give the parts of a program that compute what is missing; no two of them compute the same held node."""
    wanted = set(missing)
    behind = {node: _behind(program, node, known) for node in wanted}
    last = [
        n.id
        for n in program.nodes
        if n.id in wanted and not any(n.id in behind[o] for o in wanted - {n.id})
    ]
    groups: list[list[str]] = []
    for node in last:
        shared = [g for g in groups if any(behind[node] & behind[other] & wanted for other in g)]
        groups = [g for g in groups if g not in shared]
        groups.append([*(n for g in shared for n in g), node])
    return [_part(program, group, behind, wanted) for group in groups]


def _part(
    program: Program, group: Sequence[str], behind: dict[str, set[str]], wanted: set[str]
) -> Part:
    reads = frozenset().union(*(behind[node] for node in group))
    return Part(
        tuple(group),
        tuple(node.id for node in program.nodes if node.id in reads & wanted),
        reads,
        sum(program[node].work for node in reads),
    )


def _behind(program: Program, node: str, known: set[str]) -> set[str]:
    """Give a node and all that it is made of, up to what is known, this included."""
    found, pending = {node}, [node]
    while pending:
        name = pending.pop()
        new = set() if name in known else set(program[name].inputs) - found
        found |= new
        pending += new
    return found
