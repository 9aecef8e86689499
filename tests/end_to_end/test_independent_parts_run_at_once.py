"""Parts of a script that take long and do not depend on each other are computed at once, each in a child of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import plotter2
from p2lang.types import schemas_from_json
from p2lang.verifier import Program, verify
from p2std.registry import core
from plotter2.api.library import Library
from plotter2.errors import Plotter2Error
from plotter2.orchestrator.machine import cores
from plotter2.runs.ahead import independent
from running_programs import compiled

ROWS = 20_000
TWO = """\
p2 1
let first = access("points") | filter(a > -9) | kmeans(on=[a, b], k=9)
let second = access("points") | kmeans(on=[c, d], k=9) | summary(by=[cluster], m = mean(c), n = count())
$first | sample(rows=500) | frame | point(x=a, y=b, colour=cluster) | plot("first")
$second | frame | point(x=m, y=n) | plot("second")
"""
several = pytest.mark.skipif(cores() < 2, reason="one processor")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Library]]:
    """Give a folder with a root that keeps no results, opened once."""
    folder = tmp_path_factory.mktemp("ahead")
    random = np.random.default_rng(0)
    (folder / "points").mkdir()
    table = pl.DataFrame({name: random.normal(size=ROWS).round(3) for name in "abcd"})
    table.with_columns(few=pl.int_range(ROWS) % 5).write_csv(folder / "points" / "main.csv")
    (folder / "root" / "config").mkdir(parents=True)
    (folder / "root" / "config" / "plotter2.toml").write_text("[cache]\nmax_mib = 0\n")
    with plotter2.open(folder / "root") as library:
        library.add([folder / "points"], name="points")
        library.new_key("tester@here")
        yield folder, library


def signed(opened: tuple[Path, Library], text: str) -> Path:
    script = opened[0] / "two.p2"
    script.write_text(text)
    opened[1].sign(script)
    return script


@contextmanager
def on_one_processor(opened: tuple[Path, Library]) -> Iterator[Library]:
    """Give the same root as a process has it that may use one processor only."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        with plotter2.open(opened[0] / "root") as library:
            yield library
    finally:
        os.sched_setaffinity(0, allowed)


@several
def test_the_pictures_are_the_same_however_many_children_computed(
    opened: tuple[Path, Library],
) -> None:
    script = signed(opened, TWO)
    at_once = opened[1].run(script)
    with on_one_processor(opened) as library:
        alone = library.run(script)
    assert len(at_once.record["cache"]["ahead"]) == 2
    assert alone.record["cache"]["ahead"] == []
    assert [a.sha256 for a in at_once.artefacts] == [a.sha256 for a in alone.artefacts]
    assert at_once.record["ledger"] == alone.record["ledger"]
    assert at_once.record["usage"]["cpu_ms"] > 0


@several
def test_a_mistake_in_a_part_is_told_with_its_place(opened: tuple[Path, Library]) -> None:
    script = signed(opened, TWO.replace("on=[c, d]", "on=[few]").replace("mean(c)", "mean(few)"))
    with pytest.raises(Plotter2Error) as caught:
        opened[1].run(script)
    with on_one_processor(opened) as library, pytest.raises(Plotter2Error) as alone:
        library.run(script)
    assert caught.value.code == "P2-R0613"
    assert ":3:" in caught.value.where
    assert caught.value.problem() == alone.value.problem()


@several
def test_what_the_person_says_ends_all_children(opened: tuple[Path, Library]) -> None:
    script = signed(opened, TWO)

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened[1].run(script, on_event=stop)
    assert opened[1].run(script).artefacts


# ---- which parts depend on each other ------------------------------------------------------------

SCHEMAS = {"points": {"rows": ROWS, "cols": dict.fromkeys("abcd", "number")}}


def parts(text: str, known: set[str] = frozenset()) -> list[set[str]]:  # type: ignore[assignment]
    """Give the operations whose results each part computes; `known` are operations with known results."""
    program = _program(text)
    held = {n.id: n.signature.name for n in program.nodes if n.signature.name in ("kmeans", "pca")}
    there = {node for node, name in held.items() if name in known}
    found = independent(program, set(held) - there, there)
    return [{held[node] for node in part.wanted} for part in found]


def _program(text: str) -> Program:
    found = compiled(text, SCHEMAS)
    assert found.module is not None
    return verify(found.module.encode(), schemas_from_json(SCHEMAS), core())


def test_flows_that_share_only_their_source_are_independent() -> None:
    assert len(parts(TWO)) == 2


def test_what_is_made_of_the_same_result_belongs_together() -> None:
    text = """p2 1
let first = access("points") | pca([a, b])
$first | kmeans(on=[pc1], k=3) | frame | point(x=a, y=b) | plot("one")
$first | kmeans(on=[pc2], k=3) | frame | point(x=a, y=b) | plot("two")
"""
    assert parts(text) == [{"pca", "kmeans"}]


def test_behind_a_known_result_nothing_is_shared() -> None:
    text = """p2 1
let first = access("points") | pca([a, b])
$first | kmeans(on=[pc1], k=3) | frame | point(x=a, y=b) | plot("one")
$first | kmeans(on=[pc2], k=3) | frame | point(x=a, y=b) | plot("two")
"""
    assert parts(text, {"pca"}) == [{"kmeans"}, {"kmeans"}]


def test_a_chain_is_one_part() -> None:
    text = 'p2 1 access("points") | pca([a, b]) | kmeans(on=[pc1], k=3) | frame | point(x=a, y=b) | plot("p")'
    assert parts(text) == [{"pca", "kmeans"}]
