"""Results of nodes that a run finds in the cache, and those that it leaves there.

The program's plan says which nodes are held (`p2std.plan`). Of those that the effects of a run need, what is found is
handed to the child; what the child computes instead and thinks worth it comes back in a memory of its own and is kept.
A run is the same with and without: only its time differs, and its record says what was found and what was kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from p2lang.semantics.structure import effects_of
from p2lang.verifier import Program
from p2std.plan import plan_of
from plotter2.cache.entries import Found, NodeCache, Result
from plotter2.errors import HostError
from plotter2.orchestrator import Outcome
from plotter2.runs.inputs import BoundTable, KnownResult, ResultInputs
from plotter2.runs.model import RunRequest
from plotter2.runs.node_keys import Keys
from plotter2.wire import codes
from plotter2.wire.memory import memory_for_results, sealed_for_good
from plotter2.wire.messages import NodeHeld

_MOST_RESULTS = 50
"""Results that one run hands in; each takes a descriptor."""
_LONGEST_ABOUT = 16 << 20


@dataclass
class Holding:
    """The results of one run: `found` in the cache by node, `wanted` with the keys under which they are kept."""

    program: Program
    script: str
    cache: NodeCache
    found: dict[str, Found] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)
    memory: int | None = None
    used: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def inputs(self) -> ResultInputs:
        """Give what goes to the child."""
        known = (
            KnownResult(node, found.fd, found.entry.bytes, found.entry.about)
            for node, found in self.found.items()
        )
        return ResultInputs(tuple(known), tuple(self.wanted), self.memory)

    def take(self, outcome: Outcome) -> None:
        """Keep what the child handed out. Raises HostError P2-H0908 for what was not asked for."""
        handed = [message for message in outcome.messages if isinstance(message, NodeHeld)]
        nodes = [message.node for message in handed]
        size = 0 if self.memory is None else os.fstat(self.memory).st_size
        if len(set(nodes)) < len(nodes) or not self.wanted.keys() >= set(nodes):
            raise _broken("a result that was not asked for")
        if any(each.offset + each.length + each.about_length > size for each in handed):
            raise _broken("a result that lies outside its memory")
        self.used = tuple(node for node in self.found if node not in nodes)
        if handed:
            assert self.memory is not None
            self.kept = tuple(self._kept(handed, self.memory))

    def _kept(self, handed: Sequence[NodeHeld], memory: int) -> Iterator[str]:
        sealed = sealed_for_good(memory)
        try:
            for each in handed:
                result = Result(
                    self.program[each.node].node.op,
                    self.script,
                    sealed,
                    each.offset,
                    each.length,
                    _told(sealed, each),
                )
                if self.cache.keep(self.wanted[each.node], result):
                    yield each.node
        finally:
            os.close(sealed)

    def as_json(self) -> dict[str, Any]:
        """Give what the record of the run says: nodes whose results were found, and were kept."""
        return {"found": list(self.used), "kept": list(self.kept)}

    def close(self) -> None:
        """Give all descriptors back."""
        for found in self.found.values():
            found.close()
        if self.memory is not None:
            os.close(self.memory)


@contextmanager
def holding(
    program: Program, request: RunRequest, tables: Sequence[BoundTable], cache: NodeCache
) -> Iterator[Holding]:
    """Give the results of a run; what is open is closed after the block. Raises HostError P2-H0915."""
    results = Holding(program, request.verified.statement.name, cache)
    try:
        if cache.is_on:
            _look_up(results, request, tables)
        yield results
    finally:
        results.close()


def _look_up(results: Holding, request: RunRequest, tables: Sequence[BoundTable]) -> None:
    """Find what the effects of a run need; behind what is found nothing more is looked for."""
    program = results.program
    held = plan_of(program).held
    if not held:
        return
    answers = () if request.task is None else request.task.answers
    keys = Keys(program, request, {table.path: table for table in (*tables, *answers)})
    own = effects_of([node.node for node in program.nodes], request.task_name)
    needed = {node.id for node in own}
    reached = {node.id for node in program.nodes if node.kind in ("plot", "done")} & needed
    for node in reversed(program.nodes):
        if node.id not in reached:
            continue
        key = keys.of(node.id) if node.id in held else None
        if key is not None:
            results.wanted[node.id] = key
            found = results.cache.find(key) if len(results.found) < _MOST_RESULTS else None
            if found is not None:
                results.found[node.id] = found
                continue
        reached.update(node.inputs)
    if results.wanted:
        results.memory = memory_for_results(results.cache.largest)


def _told(memory: int, each: NodeHeld) -> str:
    if each.about_length > _LONGEST_ABOUT:
        raise _broken("a result with too long an account")
    told = os.pread(memory, each.about_length, each.offset + each.length)
    try:
        return told.decode()
    except UnicodeDecodeError:
        raise _broken("a result whose account is no text") from None


def _broken(what: str) -> HostError:
    return HostError(
        codes.PROTOCOL_BROKEN,
        f"the child speaks of {what}",
        help="nothing of the run is kept; this is no fault of the data: report it",
    )
