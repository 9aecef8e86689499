"""What is done while faults come: the store's own code, step by step, each step acknowledged when it is done.

A workload says how its root looks before, what it does, and what must hold after a fault: every acknowledged step is
seen whole, the step that was cut short is seen whole or not at all, the rest can be done then.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import add_run, add_sweep, add_with_files, begun, curve
from faults.copying_workload import Copying
from faults.happenings import Ack, Checked, Happened
from faults.inbox_workload import Emptying
from faults.logging_workload import Logging
from faults.what_is_seen import Seen, opened, seen, unsound
from plotter2.datter import codes, database, locks, quarantine, scrubbing
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.bodies import Redo, Run
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.living import Work, told_of
from plotter2.datter.output import Artefact
from plotter2.datter.store import Store
from plotter2.datter.task_runs import Performance, TaskRun
from plotter2.errors import Plotter2Error


class Workload(Protocol):
    """One history that faults come into."""

    name: str

    def prepare(self, root: Path) -> None:
        """Make the root as it is before; no fault comes yet."""

    def work(self, root: Path, ack: Ack) -> None:
        """Do everything; `ack` is called when a step is promised to be kept."""

    def recover(self, root: Path) -> None:
        """Do what a process does first that comes after a dead one."""

    def look(self, root: Path, happened: Happened) -> list[str]:
        """Say what is wrong, while the process that came to harm may still live."""

    def check(self, root: Path, happened: Happened) -> Checked:
        """Recover, say what is wrong; then do the rest, and say what is wrong then."""

    def go_on(self, root: Path, ack: Ack) -> None:
        """Come after a dead process, believe what is seen, do the rest, and die without an end."""


def be_impatient() -> None:
    """Wait for no lock for long: whoever holds it stands still."""
    locks.PATIENCE_S = 0.05
    database.BUSY_TIMEOUT_MS = 50


def be_predictable(turn: int) -> None:
    """Give this process a clock that stands still and ids that are the same in every such process of this turn."""
    moment = 1_800_000_000 * 10**9
    numbers = itertools.count(turn * 1_000)
    time.time_ns = lambda: moment
    time.time = lambda: moment / 10**9
    os.urandom = lambda size: next(numbers).to_bytes(size, "big")


Step = Callable[[Store], object]
_OF_THE_LIVING = ("table runs", "table requests", "table request_changes")


@dataclass
class Steps:
    """A workload of steps on one open store; the states between them are learned from a run without faults."""

    name: str
    steps: Sequence[Step]
    before: Sequence[Step] = ()
    can_go_on: bool = True
    """Whether the next steps can be done by another process, from what the last one left."""
    dies_open: bool = False
    """Whether the process dies at its end with the store open, as one that lives for long does."""
    states: list[Seen] = field(default_factory=list)

    def learn(self, folder: Path, forked: Callable[[Callable[[], None]], None]) -> None:
        """Fill `states`: what is seen after each number of steps, when the process that did them is gone."""
        for count in range(len(self.steps) + 1):
            root = folder / f"state{count}"
            root.mkdir()
            forked(lambda root=root, count=count: self._first(root, count))
            self.states.append(opened(root))

    def _first(self, root: Path, count: int) -> None:
        self.prepare(root)
        with Store.open(root) as store:
            for step in self.steps[:count]:
                step(store)

    def prepare(self, root: Path) -> None:
        if self.before:
            with Store.open(root) as store:
                for step in self.before:
                    step(store)

    def work(self, root: Path, ack: Ack) -> None:
        self._do(root, 0, ack)

    def _do(self, root: Path, start: int, ack: Ack) -> None:
        with Store.open(root) as store:
            for number in range(start, len(self.steps)):
                try:
                    self.steps[number](store)
                except Plotter2Error as error:
                    if error.code != codes.DISK_FULL:
                        raise
                    self.steps[number](
                        store
                    )  # somebody made room, and the same process tries again
                ack(str(number))

    def recover(self, root: Path) -> None:
        with Store.open(root):
            pass

    def look(self, root: Path, happened: Happened) -> list[str]:
        return self._judged(opened(root), happened, still_lives=True)

    def _judged(self, found: Seen, happened: Happened, *, still_lives: bool = False) -> list[str]:
        number = len(happened.acks)
        wanted = self.states[number : number + 2]
        if still_lives:  # what it works on is not broken off yet
            wanted = [{**state, **{n: found[n] for n in _OF_THE_LIVING}} for state in wanted]
            # Pictures get their names inside the transaction that ends their run, just before it is committed.
            wanted.append({**wanted[0], "output": wanted[-1]["output"]})
        if found in wanted:
            return []
        nearest = _difference(wanted[0], found)
        return [f"after {number} steps there is neither the state before nor after: {nearest}"]

    def check(self, root: Path, happened: Happened) -> Checked:
        began = time.monotonic()
        self.recover(root)
        checked = Checked(ready_s=time.monotonic() - began)
        found = seen(root)
        checked.wrong += self._judged(found, happened)
        checked.wrong += unsound(root)
        if opened(root) != found:
            checked.wrong.append("recovering again changed what is seen")
        if not checked.wrong and self.can_go_on:
            # Equal states (a step that changes nothing) may be left early or late: the step is done again.
            number = self.states.index(found)
            self._do(root, max(number, len(happened.acks)), lambda _: None)
            if seen(root) != self.states[-1]:
                what = _difference(self.states[-1], seen(root))
                checked.wrong.append(f"the rest was done, and the end is another one: {what}")
            checked.wrong += unsound(root)
        return checked

    def go_on(self, root: Path, ack: Ack) -> None:
        store = Store.open(root)
        if self.can_go_on:
            number = self.states.index(seen(root))
            for place in range(number, len(self.steps)):
                self.steps[place](store)
                for believed in range(0 if place == number else place, place + 1):
                    ack(str(believed))


def _difference(wanted: Seen, found: Seen) -> str:
    for name in wanted:
        if wanted[name] != found.get(name):
            lost = [row for row in wanted[name] if row not in found.get(name, [])]
            more = [row for row in found.get(name, []) if row not in wanted[name]]
            return f"{name}: missing {lost}, more {more}"[:600]
    return f"more: {set(found) - set(wanted)}"


# ------------------------------------------------------------ steps
def _more_runs(store: Store) -> None:
    add_run(store, "exp/late", curve(4, shift=0.5), lr=0.5)


def _other_content(store: Store) -> None:
    add_run(store, "exp/run1", curve(7, shift=0.7), lr=0.2)


KEPT = {"notes.md": b"notes" * 99, "deep/model.bin": b"weights" * 2_000}


def _add_files(store: Store) -> None:
    add_with_files(store, "kept", KEPT)


def _collect(store: Store) -> None:
    store.garbage(0, remove=True)


_RUN: list[Work] = []
"""The request that this process carries out."""


def _begin(store: Store) -> None:
    _RUN[:] = [begun(store, "script")]


def _begin_run(store: Store) -> None:
    _RUN[0].begin_run(store.new_id(), "script", {"what": "a run"})


def _end_run(store: Store) -> None:
    run = store.requests.request(_RUN[0].request_id).run
    assert run
    pictures = [Artefact(f"plot{n}", "png", f"plot{n}".encode() * 400) for n in range(2)]
    with store.prepared_outputs(run, pictures) as ready:
        _RUN[0].done_run({"pictures": 2}, ready.publish, "script", 3)


def _begin_task(store: Store) -> None:
    _RUN[0].begin_run(store.new_id(), "script", {"task": {"name": "give"}})


def _end_task(store: Store) -> None:
    """Publish pictures, an exposed table and a request at once, with the record that a recovery gives as well.

    The event names no pictures: in a record they have the path of the root, which is another one for each fault.
    """
    (bundle,) = store.find("exp")
    run = store.requests.request(_RUN[0].request_id).run
    assert run
    pictures = [Artefact(f"plot{n}", "png", f"plot{n}".encode() * 400) for n in range(2)]
    with store.prepared_outputs(run, pictures) as ready, store.performing() as results:
        chunks = [results.put(f"column {n}".encode() * 500) for n in range(2)]
        columns = tuple(
            Column(name=f"c{n}", kind="int", chunks=(Chunk(digest=digest, bytes=size, rows=3),))
            for n, (digest, size) in enumerate(chunks)
        )
        results.keep()
        done = Performance(
            run=run,
            bundle=bundle.id,
            home=bundle.id,
            script="a.p2",
            digest="0" * 64,
            task="give",
            inputs="1" * 64,
            tables={"sums": Table(rows=3, columns=columns)},
            redo=(Redo(bundle="exp", over=({"lr": 0.1},), run=run, task="give"),),
            serial=3,
        )
        record = told_of(store.layout, {"task": {"name": "give"}}, TaskRun(done, 0, ""))

        def publish() -> None:
            results.publish(done, ready)
            store.requests.ask_all(done.asked())

        _RUN[0].done_run(record, publish, "script", 3)


def _ask(key: str) -> Step:
    return lambda store: store.requests.ask("run", key, Run(script=key, sha256=""), key)


def _cancel(store: Store) -> None:
    (request,) = [each for each in store.requests.listed(("queued",)) if each.key == "second"]
    store.requests.cancel(request.id)


def _script(name: str, text: str) -> ScriptBytes:
    return ScriptBytes(name, text.encode(), f"signature of {text}".encode())


def _damage(store: Store) -> None:
    path = sorted(store.layout.objects.glob("*/*"))[0]
    data = bytearray(path.read_bytes())
    data[3] ^= 4
    path.chmod(0o644)
    path.write_bytes(data)


def _set_aside(store: Store) -> None:
    scrubbing.scrub(store.layout, set_aside=True)


def _drop_all(store: Store) -> None:
    for item in quarantine.listed(store.layout):
        quarantine.drop(store.layout, item.id)


def _heal(store: Store) -> None:
    add_sweep(store, "exp", 2)


ADDING = Steps(
    "adding",
    [
        lambda store: add_sweep(store, "exp", 2),
        lambda store: add_sweep(store, "exp", 2),
        _more_runs,
        _other_content,
        _add_files,
    ],
)
CHANGING = Steps(
    "changing",
    [
        lambda store: store.rename("exp", "digits"),
        lambda store: store.archive("digits/run1"),
        lambda store: add_run(store, "exp", curve(3, shift=2.0)),
        lambda store: store.archive("digits/run1", undo=True),
        lambda store: store.rename("digits/run0", "first"),
        _collect,
    ],
    before=[lambda store: add_sweep(store, "exp", 2), _add_files],
)
PUBLISHING = Steps(
    "publishing",
    [_begin, _begin_run, _end_run],
    before=[lambda store: add_sweep(store, "exp", 1)],
    can_go_on=False,
)
PERFORMING = Steps(
    "performing",
    [_begin, _begin_task, _end_task],
    before=[lambda store: add_sweep(store, "exp", 1)],
    can_go_on=False,
)
ASKING = Steps(
    "asking",
    [_ask("first"), _ask("second"), _ask("first"), _cancel, _ask("third")],
    before=[_ask("earlier")],
)
ATTACHING = Steps(
    "attaching",
    [
        lambda store: store.attach("exp", [_script("a.p2", "one"), _script("b.p2", "two")]),
        lambda store: store.attach("exp", [_script("a.p2", "other")]),
        lambda store: store.detach("exp", "b.p2"),
        lambda store: store.attach("exp", [_script("a.p2", "other")]),
    ],
    before=[lambda store: add_sweep(store, "exp", 1)],
)


_ALL: tuple[Workload, ...] = (
    ADDING,
    CHANGING,
    PUBLISHING,
    PERFORMING,
    ASKING,
    ATTACHING,
    Emptying(),
    Copying(),
    Logging(),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
LONG = {"copying": 20}
"""Workloads with so many times more calls than the others."""
