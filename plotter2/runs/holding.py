"""Results of nodes that a run need not compute in its child: found in the cache, or computed ahead; and what it leaves.

The program's plan says which nodes are held (`p2std.plan`). Of those that the effects of a run need, what is known is
handed to the child; what a child computes and hands out is kept where that is worth it. A run is the same with and
without: only its time differs, and its record says what was found, computed ahead and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from p2lang.semantics.structure import EFFECTS, effects_of
from p2lang.verifier import Program
from p2std.plan import is_worth_keeping, plan_of
from plotter2.cache.entries import NodeCache, Result
from plotter2.errors import HostError
from plotter2.orchestrator import Outcome
from plotter2.runs.inputs import BoundTable, KnownResult, ResultInputs
from plotter2.runs.model import RunRequest
from plotter2.runs.node_keys import Keys
from plotter2.wire import codes
from plotter2.wire.memory import memory_for_results, sealed_for_good
from plotter2.wire.messages import NodeHeld

_MOST_RESULTS = 50
"""Results that are looked for in one run; each that is found takes a descriptor."""
_LONGEST_ABOUT = 16 << 20


@dataclass(frozen=True)
class Handed:
    """A result that a child handed out: where it lies in sealed memory, and the work that went into it."""

    known: KnownResult
    units: int


@dataclass
class Holding:
    """The results of one run; a child may hand out `most_bytes` of them together.

    `known` has those that need not be computed, by node; `missing` the others that are held. `keys` are those of the
    cache. `found`, `ahead` and `kept` are the nodes whose results were in the cache, were computed ahead, were put
    there.
    """

    program: Program
    script: str
    cache: NodeCache
    most_bytes: int
    known: dict[str, KnownResult] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    found: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._descriptors: list[int] = []
        self._memory: int | None = None
        self._later: list[Handed] = []

    def own(self, descriptor: int) -> int:
        """Give back a descriptor that is closed with the others."""
        self._descriptors.append(descriptor)
        return descriptor

    # ------------------------------------------------------------ to a child and back
    def inputs(self) -> ResultInputs:
        """Give what goes to the child of the run. Raises HostError P2-H0915."""
        if self.keys and self._memory is None:
            most = min(self.cache.largest, self.most_bytes)
            self._memory = self.own(memory_for_results(most))
        return ResultInputs(tuple(self.known.values()), tuple(self.keys), self._memory)

    def take(self, outcome: Outcome) -> None:
        """Keep what the child of the run handed out. Raises HostError P2-H0908 for what was not asked for."""
        handed = self.handed(outcome, self._memory, tuple(self.keys))
        again = {each.known.node for each in handed}
        self.found = tuple(node for node in self.found if node not in again)
        self.ahead = tuple(node for node in self.ahead if node not in again)
        self._later += handed
        self.keep()

    def handed(self, outcome: Outcome, memory: int | None, wanted: Sequence[str]) -> list[Handed]:
        """Give the results that a child left in its memory. Raises HostError P2-H0908, P2-H0915."""
        messages = [message for message in outcome.messages if isinstance(message, NodeHeld)]
        nodes = [message.node for message in messages]
        if len(set(nodes)) < len(nodes) or not set(wanted) >= set(nodes):
            raise _broken("a result that was not asked for")
        if not messages:
            return []
        assert memory is not None
        sealed = self.own(sealed_for_good(memory))
        return [_handed(sealed, message) for message in messages]

    def know(self, handed: Sequence[Handed]) -> None:
        """Take results that were computed ahead; they are kept when there is time for it."""
        self.known.update({each.known.node: each.known for each in handed})
        self.ahead = (*self.ahead, *(each.known.node for each in handed))
        self._later += handed

    def keep(self) -> None:
        """Put results into the cache that are worth it."""
        handed, self._later = self._later, []
        self.kept = (*self.kept, *(each.known.node for each in handed if self._kept(each)))

    def _kept(self, each: Handed) -> bool:
        known = each.known
        key = self.keys.get(known.node)
        if key is None or not is_worth_keeping(each.units, known.length):
            return False
        operation = self.program[known.node].node.op
        result = Result(operation, self.script, known.fd, known.offset, known.length, known.about)
        return self.cache.keep(key, result)

    def as_json(self) -> dict[str, Any]:
        """Give what the record of the run says: nodes whose results were found, computed ahead, and kept."""
        return {"found": list(self.found), "ahead": list(self.ahead), "kept": list(self.kept)}

    def close(self) -> None:
        """Give all descriptors back."""
        while self._descriptors:
            os.close(self._descriptors.pop())


@contextmanager
def holding(
    program: Program,
    request: RunRequest,
    tables: Sequence[BoundTable],
    cache: NodeCache,
    most_bytes: int,
) -> Iterator[Holding]:
    """Give the results of a run; what is open is closed after the block."""
    results = Holding(program, request.verified.statement.name, cache, most_bytes)
    try:
        _look_up(results, request, tables)
        yield results
    finally:
        results.keep()  # a mistake in the last line of a script does not cost what comes before it
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
    needed = {node.id for node in own if node.kind in EFFECTS}
    for node in reversed(program.nodes):
        if node.id not in needed:
            continue
        if node.id in held:
            few = results.cache.is_on and len(results.keys) < _MOST_RESULTS
            key = keys.of(node.id) if few else None
            if key is not None:
                results.keys[node.id] = key
                if _found(results, node.id, key):
                    continue
            results.missing.add(node.id)
        needed.update(node.inputs)


def _found(results: Holding, node: str, key: str) -> bool:
    found = results.cache.find(key)
    if found is None:
        return False
    entry = found.entry
    results.known[node] = KnownResult(node, results.own(found.fd), 0, entry.bytes, entry.about)
    results.found = (*results.found, node)
    return True


def _handed(memory: int, message: NodeHeld) -> Handed:
    end = message.offset + message.length
    if end + message.about_length > os.fstat(memory).st_size:
        raise _broken("a result that lies outside its memory")
    if message.about_length > _LONGEST_ABOUT:
        raise _broken("a result with too long an account")
    try:
        told = os.pread(memory, message.about_length, end).decode()
    except UnicodeDecodeError:
        raise _broken("a result whose account is no text") from None
    known = KnownResult(message.node, memory, message.offset, message.length, told)
    return Handed(known, message.units)


def _broken(what: str) -> HostError:
    return HostError(
        codes.PROTOCOL_BROKEN,
        f"the child speaks of {what}",
        help="nothing of the run is kept; this is no fault of the data: report it",
    )
