"""One bit turns over in each of 200 stored objects: whoever reads them says so, each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from commandline import p2
from datter_samples import add_sweep
from plotter2.datter import objects
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.scrubbing import scrub
from plotter2.datter.store import Store
from plotter2.errors import DataError

OBJECTS = 200


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[Path, frozenset[str]]:
    """Give a store, and which of its objects have one wrong bit; one more object is sound."""
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", OBJECTS)
    generator = random.Random(7)
    chosen = generator.sample(object_files(Layout(tmp_path)), OBJECTS)
    for path in chosen:
        data = bytearray(path.read_bytes())
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        path.chmod(0o644)
        path.write_bytes(data)
    return tmp_path, frozenset(path.name for path in chosen)


def test_scrub_finds_every_one(damaged: tuple[Path, frozenset[str]]) -> None:
    root, wrong = damaged
    assert {path.name for path in scrub(Layout(root)).damaged} == wrong


def test_fsck_that_reads_finds_every_one(damaged: tuple[Path, frozenset[str]]) -> None:
    root, wrong = damaged
    assert audit(root, 1.0).problems == ()  # it looks at sizes only
    done = p2(root, "fsck", "--deep", "--json")
    assert done.code == 1
    found = done.json["problems"]
    assert {Path(problem["where"]).name for problem in found} == wrong
    assert {problem["code"] for problem in found} == {"P2-D0816"}


def test_reading_finds_every_one(damaged: tuple[Path, frozenset[str]]) -> None:
    root, wrong = damaged
    there = {path.name for path in object_files(Layout(root))}
    assert refused(there, lambda name: objects.verify(Layout(root), name)) == wrong
    with Store.open(root) as store:
        assert refused(there, store.object_bytes) == wrong
        runs = {line.bundle.name for line in store.list() if line.tables}
        needing = {row.name for row, own in store.contents() if wrong & own.keys()}
        assert refused(runs, store.verify) == needing


def refused(names: Collection[str], read: Callable[[str], object]) -> set[str]:
    """Give those of the names whose reading is refused as damaged."""
    found = set()
    for name in names:
        try:
            read(name)
        except DataError as error:
            found.add(f"{name} {error.code}".removesuffix(" P2-D0816"))
    return found
