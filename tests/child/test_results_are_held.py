"""Results of nodes leave the child as they are and come back so; what does not fit the program is computed anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest

from p2lang.types import schemas_from_json
from p2lang.verifier import verify
from p2std.plan import plan_of
from p2std.registry import core
from plotter2.child.program import run_program
from plotter2.wire.inputs import HeldResult
from plotter2.wire.memory import memory_for_results, sealed
from plotter2.wire.messages import NodeHeld
from running_programs import (
    FIRST_RESULT,
    FakeChannel,
    Part,
    compiled,
    job,
    schema_of_parts,
    sealed_job,
)

ROWS = 12_000
_random = np.random.default_rng(3)
TABLE = pl.DataFrame(
    {
        "x": pl.Series(_random.normal(size=ROWS)).set(pl.Series(_random.random(ROWS) < 0.1), None),
        "y": _random.normal(size=ROWS),
        "g": _random.integers(0, 7, ROWS),
        "who": _random.choice(["ada", "grace", "émilie"], ROWS),
        "good": _random.random(ROWS) < 0.5,
    }
)
TABLES = {"t": [Part(TABLE)]}
SCHEMAS = {"t": schema_of_parts(TABLES["t"])}
KINDS = """p2 1
access("t") | filter(y > -2) | kmeans(on=[x, y], k=6) | order(desc(x))
  | summary(by=[cluster, who, good], m = mean(x), lo = ci_low(x), hi = ci_high(x), g = sum(g))
  | filter(good == true) | frame | band(x=g, lo=lo, hi=hi, colour=who) | line(x=g, y=m, colour=who) | plot
"""
SAID = """p2 1
script double(t: table{y: number}): table{y: number, twice: number} = python \"\"\"
print("doubling", len(t))
return table({"y": t["y"], "twice": t["y"] * 2})
\"\"\"
access("t") | double() | summary(n = count(), m = mean(twice)) | frame | point(x=n, y=m) | plot
"""


@dataclass
class Ran:
    """What a run in this process gave: its picture, notes, and the results that it handed out."""

    channel: FakeChannel
    results: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    @property
    def picture(self) -> bytes:
        return self.channel.picture("plot")


def held_nodes(text: str) -> list[str]:
    found = compiled(text, SCHEMAS)
    assert found.module is not None
    program = verify(found.module.encode(), schemas_from_json(SCHEMAS), core())
    return [node.id for node in program.nodes if node.id in plan_of(program).held]


@contextmanager
def memory() -> Iterator[int]:
    fd = memory_for_results(1 << 26)
    try:
        yield fd
    finally:
        os.close(fd)


def run(text: str, known: dict[str, tuple[bytes, str]] | None = None, **more: Any) -> Ran:
    """Run a script with results that are known, and take what it hands out."""
    found = compiled(text, SCHEMAS)
    assert found.module is not None
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    nodes = held_nodes(text)
    channel = FakeChannel()
    given = [(node, sealed(data), data, about) for node, (data, about) in (known or {}).items()]
    with memory() as wanted:
        results = {
            "held": [
                HeldResult(node=node, fd=FIRST_RESULT + n, offset=0, length=len(data), about=about)
                for n, (node, _, data, about) in enumerate(given)
            ],
            "hold": nodes,
            "hold_always": nodes,
            "memory": FIRST_RESULT + len(given),
        }
        module = found.module.encode().decode()
        fds = [fd for _, fd, _, _ in given]
        try:
            with sealed_job(
                module, read, TABLES, results=results, descriptors=[*fds, wanted], **more
            ) as descriptors:
                run_program(job(), descriptors, channel)
        finally:
            for fd in fds:
                os.close(fd)
        handed = [message for message in channel.messages if isinstance(message, NodeHeld)]
        taken = {
            each.node: (
                os.pread(wanted, each.length, each.offset),
                os.pread(wanted, each.about_length, each.offset + each.length).decode(),
            )
            for each in handed
        }
    return Ran(channel, taken)


@pytest.fixture(scope="module")
def computed() -> Ran:
    return run(KINDS)


def test_what_takes_long_is_handed_out(computed: Ran) -> None:
    assert list(computed.results) == held_nodes(KINDS)
    assert len(computed.results) >= 1


def test_pictures_are_the_same_with_each_result_that_is_known(computed: Ran) -> None:
    for node, result in computed.results.items():
        again = run(KINDS, {node: result})
        assert again.picture == computed.picture
        assert node not in again.results


def test_a_result_comes_back_as_it_was(computed: Ran) -> None:
    last = held_nodes(KINDS)[-1]
    first = run(KINDS, {last: computed.results[last]})
    assert run(KINDS, dict(computed.results)).picture == first.picture
    others = {n: r for n, r in computed.results.items() if n != last}
    again = run(KINDS, others)
    assert again.results[last][0] == computed.results[last][0]
    assert json.loads(again.results[last][1]) == json.loads(computed.results[last][1])


def test_a_child_may_compute_one_node_and_nothing_else(computed: Ran) -> None:
    last = held_nodes(KINDS)[-1]
    alone = run(KINDS, only=[last])
    assert alone.channel.blobs == []
    assert alone.channel.notes == []
    assert alone.results[last] == computed.results[last]


def test_what_a_step_in_python_prints_is_told_again() -> None:
    first = run(SAID)
    assert first.channel.notes == [f"doubling {ROWS}"]
    again = run(SAID, dict(first.results))
    assert again.channel.notes == first.channel.notes
    assert again.results == {}
    assert again.picture == first.picture


def _about(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes, str], tuple[bytes, str]]:
    def changed(data: bytes, about: str) -> tuple[bytes, str]:
        told = json.loads(about)
        change(told)
        return data, json.dumps(told)

    return changed


def _swap(one: list[Any], other: list[Any]) -> None:
    """Let two columns lie where the other one is."""
    one[1:3], other[1:3] = other[1:3], one[1:3]


DAMAGES: dict[str, Callable[[bytes, str], tuple[bytes, str]]] = {
    "no text of ours": lambda data, _: (data, "\0"),
    "an empty text": lambda data, _: (data, ""),
    "no columns": _about(lambda told: told["columns"].clear()),
    "a column less": _about(lambda told: told["columns"].pop()),
    "a column twice": _about(lambda told: told["columns"].append(told["columns"][0])),
    "another name": _about(lambda told: told["columns"][0].__setitem__(0, "other")),
    "another order": _about(lambda told: told["columns"].reverse()),
    "another type": _about(lambda told: _swap(told["columns"][0], told["columns"][3])),
    "a place before the start": _about(lambda told: told["columns"][0].__setitem__(1, -64)),
    "a place behind the end": _about(lambda told: told["columns"][0].__setitem__(1, 1 << 40)),
    "another number of rows": _about(lambda told: told.__setitem__("rows", 3)),
    "an unknown field": _about(lambda told: told.__setitem__("more", 3)),
    "an unknown node": _about(lambda told: told["behind"][0].__setitem__(0, "n" + "0" * 32)),
    "nothing of the node itself": _about(lambda told: told["behind"].pop()),
    "bytes that are no Arrow": lambda data, about: (bytes(len(data)), about),
    "half of the bytes": lambda data, about: (data[: len(data) // 2], about),
    "no bytes": lambda _, about: (b"", about),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_result_that_does_not_fit_is_computed_anew(computed: Ran, damage: str) -> None:
    first, *_ = held_nodes(KINDS)
    again = run(KINDS, {first: DAMAGES[damage](*computed.results[first])})
    assert again.picture == computed.picture
    assert again.results[first] == computed.results[first]


def test_a_memory_that_is_too_small_leaves_the_result_out() -> None:
    found = compiled(KINDS, SCHEMAS)
    assert found.module is not None
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    channel = FakeChannel()
    small = memory_for_results(4096)
    results = {"hold_always": held_nodes(KINDS), "memory": FIRST_RESULT}
    module = found.module.encode().decode()
    with sealed_job(module, read, TABLES, results=results, descriptors=[small]) as fds:
        run_program(job(), fds, channel)
    os.close(small)
    assert channel.picture("plot")
    assert not [m for m in channel.messages if isinstance(m, NodeHeld) and m.length > 4096]
