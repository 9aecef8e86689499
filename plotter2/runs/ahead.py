"""Parts of a program that take long and do not depend on each other, computed at once, each in a child of its own.

What such a child computes is handed to the child of the run, as what is found in the cache is. Nothing else depends on
it: where such a child fails or runs out of its share of what the run may use, the child of the run computes that part
itself, and says what is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from p2lang.verifier import Program
from p2std.plan import work_on_one_processor
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Cancellation, Outcome
from plotter2.runs.holding import Handed, Holding
from plotter2.runs.inputs import ResultInputs
from plotter2.wire.memory import memory_for_results

AHEAD_UNITS: Final = 50_000_000
"""Work from which on a part is worth a child of its own, in units of about 10 ns."""

_LEAST_CHILDREN: Final = 2


@dataclass(frozen=True)
class Spent:
    """What was used of what a run may use, in milliseconds."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0


NOTHING_SPENT: Final = Spent()


@dataclass(frozen=True)
class Part:
    """Nodes that one child computes: `wanted` are those whose results are not known, `last` those behind no other.

    `reads` are all nodes that it needs, up to what is known; `units` is their work on one processor.
    """

    last: tuple[str, ...]
    wanted: tuple[str, ...]
    reads: frozenset[str]
    units: int


Send: TypeAlias = Callable[[Part, ResultInputs, int, Cancellation], Outcome]
"""Has a child compute a part with what is known, within so many parts of what the run may use."""


def compute_ahead(results: Holding, send: Send, children: int) -> Spent:
    """Compute the independent parts of a program in at most so many children at once, if there are several.

    Gives what that took. What ends the run, such as a person's Ctrl-C, ends these children and comes out here.
    """
    found = independent(results.program, results.missing, set(results.known))
    parts = [part for part in found if part.units >= AHEAD_UNITS]
    at_once = min(children, len(parts))
    if at_once < _LEAST_CHILDREN:
        return NOTHING_SPENT
    begun = time.monotonic()
    cancellation = Cancellation()
    cpu_ms = 0.0
    with ThreadPoolExecutor(at_once, "ahead") as pool:
        try:
            computed = partial(_computed, results, send, at_once, cancellation)
            for ahead in list(pool.map(computed, parts)):
                cpu_ms += ahead.cpu_ms
                results.know(ahead.handed)
        finally:  # of those that are done nobody hears it
            cancellation.cancel()
    return Spent((time.monotonic() - begun) * 1000, cpu_ms)


@dataclass(frozen=True)
class _Ahead:
    handed: Sequence[Handed]
    cpu_ms: float


def _computed(
    results: Holding, send: Send, at_once: int, cancellation: Cancellation, part: Part
) -> _Ahead:
    memory = results.own(memory_for_results(results.most_bytes // at_once))
    known = tuple(known for node, known in results.known.items() if node in part.reads)
    begun = time.monotonic()
    try:
        kept = tuple(node for node in part.wanted if node in results.keys)
        given = ResultInputs(known, kept, memory, always=part.last)
        with send(part, given, at_once, cancellation) as outcome:
            handed = results.handed(outcome, memory, part.wanted)
            return _Ahead(handed, outcome.usage.cpu_ms)
    except Plotter2Error:
        # The child of the run computes it itself, and tells what is wrong and where.
        return _Ahead((), (time.monotonic() - begun) * 1000)


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
    return [_part(program, group, behind, wanted, known) for group in groups]


def _part(
    program: Program,
    group: Sequence[str],
    behind: Mapping[str, set[str]],
    wanted: set[str],
    known: set[str],
) -> Part:
    reads = frozenset().union(*(behind[node] for node in group))
    return Part(
        tuple(group),
        tuple(node.id for node in program.nodes if node.id in reads & wanted),
        reads,
        sum(work_on_one_processor(program[node]) for node in reads - known),
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
