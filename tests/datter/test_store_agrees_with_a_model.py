"""Whatever is done to a store, in any order: it agrees with a model that is a plain list."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from datter_samples import PATIENCE_S, add_run, curve
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.rebuild import rebuild
from plotter2.datter.scrubbing import scrub
from plotter2.datter.store import Store
from plotter2.errors import DataError

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
NAMES = st.sampled_from(["a", "b", "a/x", "a/y", "b/x", "a/x/deep"])
ROWS = st.integers(1, 3)


@dataclass
class Kept:
    """A bundle of the model; its content is its number of rows."""

    name: str
    attempt: int
    rows: int
    state: str = "active"


class Model:
    """What a store should say."""

    def __init__(self) -> None:
        self.bundles: list[Kept] = []
        self.former: dict[str, Kept] = {}

    def attempts(self, name: str) -> list[Kept]:
        found = [bundle for bundle in self.bundles if bundle.name == name]
        return sorted(found, key=lambda bundle: -bundle.attempt)

    def tree(self, name: str) -> list[Kept]:
        return [b for b in self.bundles if b.name == name or b.name.startswith(name + "/")]

    def add(self, name: str, rows: int) -> tuple[str, int]:
        there = self.attempts(name)
        for bundle in there:
            if bundle.rows == rows:
                return "already there", bundle.attempt
        attempt = there[0].attempt + 1 if there else 1
        self.bundles.append(Kept(name, attempt, rows))
        return ("new attempt" if there else "added"), attempt

    def rename(self, old: str, new: str) -> int | str:
        moved = self.tree(old)
        if not moved:
            former = self.former.get(old)
            hidden = former is not None and former.name not in self.newest()
            return "P2-D0824" if hidden else "P2-D0810"
        if old == new:
            return 0
        if any(bundle not in moved for bundle in self.tree(new)):
            return "P2-D0820"
        for bundle in moved:
            self.former[bundle.name] = bundle
            bundle.name = new + bundle.name[len(old) :]
        return len(moved)

    def shelve(self, name: str, state: str) -> int | str:
        meant = [bundle for bundle in self.tree(name) if bundle.state != state]
        if not meant and state == "active":
            return "P2-D0825"
        for bundle in meant:
            bundle.state = state
        return len(meant)

    def newest(self) -> dict[str, Kept]:
        """Give the newest active attempt of each name."""
        found: dict[str, Kept] = {}
        for bundle in sorted(self.bundles, key=lambda bundle: bundle.attempt):
            if bundle.state == "active":
                found[bundle.name] = bundle
        return found


class StoreAndModel(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="p2-model-", dir=MEMORY))
        self.store = Store.open(self.root)
        self.model = Model()
        self.garbage = 0

    def teardown(self) -> None:
        self.rebuilt()
        self.store.close()
        shutil.rmtree(self.root)

    # ------------------------------------------------------------ what people do
    @rule(name=NAMES, rows=ROWS)
    def add(self, name: str, rows: int) -> None:
        entered = add_run(self.store, name, curve(rows))
        assert (entered.outcome, entered.attempt) == self.model.add(name, rows)

    @rule(old=NAMES, new=NAMES)
    def rename(self, old: str, new: str) -> None:
        wanted = self.model.rename(old, new)
        assert came_of(lambda: self.store.rename(old, new)) == wanted

    @precondition(lambda self: self.model.bundles)
    @rule(data=st.data(), undo=st.booleans())
    def archive(self, data: st.DataObject, undo: bool) -> None:
        name = data.draw(st.sampled_from(sorted({bundle.name for bundle in self.model.bundles})))
        wanted = self.model.shelve(name, "active" if undo else "archived")
        assert came_of(lambda: len(self.store.archive(name, undo=undo))) == wanted

    # ------------------------------------------------------------ what happens
    @rule()
    def reopened(self) -> None:
        self.store.close()
        self.store = Store.open(self.root)

    @rule(name=NAMES, rows=ROWS)
    def added_by_a_process_that_is_killed_then(self, name: str, rows: int) -> None:
        self.store.close()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                add_run(Store.open(self.root), name, curve(rows))
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        self.store = Store.open(self.root)
        self.model.add(name, rows)

    @rule()
    def rebuilt(self) -> None:
        before = self.store._registry.dump()
        self.store.close()
        rebuild(self.root, PATIENCE_S)
        self.store = Store.open(self.root)
        assert self.store._registry.dump() == before

    # ------------------------------------------------------------ garbage and damage
    @rule()
    def an_add_dies_before_its_event(self) -> None:
        with self.store.adding() as adding:
            adding.put(f"nobody needs this {self.garbage}".encode())
            adding._incoming.publish()
        self.garbage += 1

    @rule(is_old=st.booleans())
    def collected(self, is_old: bool) -> None:
        found = self.store.garbage(0 if is_old else 3600, remove=True)
        assert (len(found.objects), found.young) == (
            (self.garbage, 0) if is_old else (0, self.garbage)
        )
        self.garbage *= not is_old

    @precondition(lambda self: self.model.bundles)
    @rule(data=st.data())
    def a_bit_flips_and_an_add_heals_it(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(range(len(self.model.bundles))))
        bundle = self.model.bundles[chosen]
        rows = {(row.name, row.attempt): chunks for row, chunks in self.store.contents()}
        digest = data.draw(st.sampled_from(sorted(rows[bundle.name, bundle.attempt])))
        path = self.store.layout.object_file(digest)
        flip(path, data.draw(st.integers(0, path.stat().st_size * 8 - 1)))
        found = scrub(self.store.layout, set_aside=True)
        assert found.damaged == (path,)
        entered = add_run(self.store, bundle.name, curve(bundle.rows))
        assert (entered.outcome, entered.attempt) == ("already there", bundle.attempt)
        assert scrub(self.store.layout).damaged == ()
        assert path.exists()

    # ------------------------------------------------------------ agreement
    @invariant()
    def names_attempts_states_and_contents_agree(self) -> None:
        said = {
            (row.name, row.attempt): (row.state, self.store.bundle(row.id).tables["main"].rows)
            for row, _ in self.store.contents()
        }
        assert said == {(b.name, b.attempt): (b.state, b.rows) for b in self.model.bundles}

    @invariant()
    def listings_and_selectors_agree(self) -> None:
        newest = self.model.newest()
        listed = {line.bundle.name: (line.bundle.attempt, line.rows) for line in self.store.list()}
        assert listed == {b.name: (b.attempt, b.rows) for b in newest.values()}
        for name, bundle in newest.items():
            assert [row.attempt for row in self.store.find(name)] == [bundle.attempt]
            assert self.store.verify(name) == 2
            below = sorted(n for n in newest if n.startswith(name + "/"))
            children = [n for n in below if "/" not in n[len(name) + 1 :]]
            for pattern, wanted in ((f"{name}/**", below), (f"{name}/*", children)):
                if wanted:
                    assert sorted(row.name for row in self.store.find(pattern)) == wanted

    @invariant()
    def the_files_agree(self) -> None:
        found = audit(self.root, PATIENCE_S)
        assert (found.problems, found.loose) == ((), self.garbage)
        assert len(object_files(self.store.layout)) == found.objects + self.garbage
        assert list((self.root / "temp").iterdir()) == []


def came_of(work: Callable[[], int]) -> int | str:
    try:
        return work()
    except DataError as error:
        return error.code


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.process
def test_a_store_agrees_with_a_list_after_each_step() -> None:
    examples = int(os.environ.get("P2_MODEL_EXAMPLES", "12"))
    run_state_machine_as_test(
        StoreAndModel,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
