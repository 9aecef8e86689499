"""What a child says of the results that it leaves is checked before anybody relies on it."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from p2lang.types import schemas_from_json
from p2lang.verifier import Program, verify
from p2std.registry import core
from plotter2.cache.entries import NodeCache
from plotter2.errors import HostError
from plotter2.orchestrator import Outcome, Usage
from plotter2.orchestrator.task import Output
from plotter2.runs.holding import Holding
from plotter2.wire import codes
from plotter2.wire.memory import capped_output, memory_for_results, sealed_for_good
from plotter2.wire.messages import Confined, NodeHeld
from running_programs import compiled

SCHEMAS = {"t": {"rows": 20_000, "cols": {"x": "number", "y": "number"}}}
SIZE = 1 << 16
NODE = "n" + "1" * 32
OTHER = "n" + "2" * 32


@dataclass
class Child:
    """A child that is dead: its memory, and the results of a run that listens to it."""

    results: Holding
    memory: int

    def says(self, *messages: NodeHeld) -> int:
        confined = Confined(level="A", layers={}, missing=[], probes={}, confine_ms=1.0)
        output = Output(capped_output(1))
        outcome = Outcome(messages, (), confined, {}, Usage(1.0, 1.0), output)
        try:
            return len(self.results.handed(outcome, self.memory, [NODE, OTHER]))
        finally:
            outcome.close()


def program() -> Program:
    text = 'p2 1 access("t") | kmeans(on=[x, y], k=4) | frame | point(x=x, y=y) | plot("p")'
    found = compiled(text, SCHEMAS)
    assert found.module is not None
    return verify(found.module.encode(), schemas_from_json(SCHEMAS), core())


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    memory = memory_for_results(SIZE)
    results = Holding(program(), "own/a", NodeCache(tmp_path / "cache", 8), SIZE)
    yield Child(results, memory)
    results.close()
    os.close(memory)


def held(node: str = NODE, offset: int = 0, length: int = 64, about_length: int = 8) -> NodeHeld:
    return NodeHeld(node=node, units=10**9, offset=offset, length=length, about_length=about_length)


def test_results_that_were_asked_for_are_taken(child: Child) -> None:
    assert child.says(held(), held(OTHER, offset=128)) == 2


@pytest.mark.parametrize(
    "messages",
    [
        (held("n" + "3" * 32),),
        (held(), held()),
        (held(length=SIZE + 1),),
        (held(offset=SIZE),),
        (held(length=SIZE - 4, about_length=8),),
        (held(about_length=1 << 25),),
    ],
    ids=["of no node", "twice", "too long", "behind the end", "told behind it", "told too much"],
)
def test_what_cannot_be_is_a_broken_protocol(child: Child, messages: tuple[NodeHeld, ...]) -> None:
    with pytest.raises(HostError) as caught:
        child.says(*messages)
    assert caught.value.code == codes.PROTOCOL_BROKEN
    assert caught.value.help


def test_an_account_that_is_no_text_is_a_broken_protocol(child: Child) -> None:
    with mmap.mmap(child.memory, SIZE) as view:
        view[64:72] = b"\xff" * 8
    with pytest.raises(HostError) as caught:
        child.says(held())
    assert caught.value.code == codes.PROTOCOL_BROKEN


def test_nobody_can_change_a_result_after_its_child_is_dead() -> None:
    memory = memory_for_results(SIZE)
    sealed = sealed_for_good(memory)
    with pytest.raises(PermissionError):
        os.pwrite(memory, b"x", 0)
    with pytest.raises(PermissionError):
        mmap.mmap(memory, SIZE)
    assert fcntl.fcntl(sealed, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
    for fd in (memory, sealed):
        os.close(fd)


def test_a_memory_that_somebody_still_writes_to_is_not_used() -> None:
    memory = memory_for_results(SIZE)
    with mmap.mmap(memory, SIZE), pytest.raises(HostError) as caught:
        sealed_for_good(memory)
    assert caught.value.code == codes.MEMORY_NOT_MADE
    os.close(memory)
