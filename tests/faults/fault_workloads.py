"""What is done while faults come: the store's own code, step by step, each step acknowledged when it is done.

A workload says how its root looks before, what it does, and what must hold after a fault: every acknowledged step is
seen whole, the step that was cut short is seen whole or not at all, the rest can be done then.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import add_run, add_sweep, add_with_files, begun, curve
from faults.copying_workload import Copying
from faults.happenings import Checked, Happened
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
from plotter2.staging import Inbox, Told
from plotter2.staging import quarantine as put_aside
from plotter2.staging.grounds import Grounds
from plotter2.wire.messages import ColumnFound, LineRefused, ReadJob
from staging_samples import Plain, attempts, drop, read_plainly

Ack = Callable[[str], None]


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


_TRIED_AGAIN = frozenset({codes.DISK_FULL, codes.SYNC_FAILED, codes.IO_FAILED})
"""With these the same process tries a step again, as a person at a prompt does."""


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


# ------------------------------------------------------------ the inbox
DROPS: dict[str, str | dict[str, str]] = {
    "one.csv": "1",
    "two.csv": "2",
    "same.csv": "1",
    "bad.csv": "bad",
    "lines.csv": "torn",
    "sweep": {"a.csv": "3", "b.csv": "4", "notes.md": "kept as it is", "model.bin": "weights"},
}
KEPT_OF_SWEEP = {"notes.md": "kept as it is", "model.bin": "weights"}
"""Those files of the folder that nothing is read from."""
STORED = {"one": 1, "two": 1, "same": 1, "lines": 1, "sweep": 2}
"""The bundles, and how many tables each has."""


def read_and_refuse_lines(job: ReadJob, fds: tuple[int, ...]) -> Plain:
    """Stand in for the confined reader, without any library; a file that begins with `torn` has a bad line."""
    answer = read_plainly(job, fds)
    columns = [said for said in answer.messages if isinstance(said, ColumnFound)]
    torn = [said.table for said in columns if answer.read(said.offset, 4) == b"torn"]
    for table in torn:
        place = len(answer.output)
        answer.output += b"half a li"
        answer.messages.insert(
            0,
            LineRefused(
                table=table, line=3, code="P2-D0844", why="it is torn", offset=place, length=9
            ),
        )
    return answer


class Emptying:
    """The inbox: items are dropped, taken, stored or put aside; whatever happens, none is lost or there twice."""

    name = "inbox"

    def prepare(self, root: Path) -> None:
        for name, content in DROPS.items():
            if isinstance(content, str):
                drop(root, name, content)
                continue
            (root / "inbox" / name).mkdir()
            for inner, text in content.items():
                (root / "inbox" / name / inner).write_text(text)

    def work(self, root: Path, ack: Ack) -> None:
        with self._inbox(root, ack) as inbox:
            inbox.step()
            inbox.step()

    def recover(self, root: Path) -> None:
        with self._inbox(root, lambda _: None) as inbox:
            inbox.step()

    @contextmanager
    def _inbox(self, root: Path, ack: Ack) -> Iterator[Inbox]:
        def tell(told: Told) -> None:
            ack(f"{told.what} {told.name}")

        with Store.open(root) as store:
            inbox = Inbox(store, read_and_refuse_lines, tell, still_s=0)
            with inbox.held():
                yield inbox

    def look(self, root: Path, happened: Happened) -> list[str]:
        """Every item lies somewhere whole; what was acknowledged lies no more in the inbox."""
        places = self._places(root)
        staged = {ack.split()[1] for ack in happened.acks if ack.startswith("staged")}
        stored = {ack.split()[1] for ack in happened.acks if ack.startswith("stored")}
        wrong = [f"{name} is lost" for name in DROPS if not places[name]]
        wrong += [f"{name} is there in part" for name in DROPS if "part of it" in places[name]]
        wrong += [f"{name} is in the inbox again" for name in staged if "inbox" in places[name]]
        wrong += [f"{name} is not in the store" for name in stored if "store" not in places[name]]
        reasons = put_aside.listed(Grounds(root))
        wrong += [f"{reason.name} has no reason" for reason in reasons if reason.code != "P2-D0844"]
        return wrong

    def _places(self, root: Path) -> dict[str, set[str]]:
        """Give for each drop where it lies with all its bytes."""
        found: dict[str, set[str]] = {name: set() for name in DROPS}
        for folder, pattern in (("inbox", "*"), ("staged", "*/*"), ("quarantine", "*/kept/*")):
            for path in (root / folder).glob(pattern):
                if path.name in DROPS and _bytes_of(path) == DROPS[path.name]:
                    found[path.name].add(folder)
        with Store.open(root) as store:
            for line in store.list():
                item = next(n for n in DROPS if n.removesuffix(".csv") == line.bundle.name)
                files = store.bundle(line.bundle.id).files
                kept = {path: store.object_bytes(f.digest).decode() for path, f in files.items()}
                whole = line.tables == STORED[line.bundle.name]
                whole &= kept == (KEPT_OF_SWEEP if item == "sweep" else {})
                found[item].add("store" if whole else "part of it")
        return found

    def check(self, root: Path, happened: Happened) -> Checked:
        began = time.monotonic()
        with self._inbox(root, lambda _: None):
            checked = Checked(ready_s=time.monotonic() - began)
        checked.wrong += self.look(root, happened) + unsound(root)
        found = opened(root)
        if opened(root) != found:
            checked.wrong.append("recovering again changed what is seen")
        self.work(root, lambda _: None)
        checked.wrong += unsound(root) + self._unfinished(root)
        return checked

    def go_on(self, root: Path, ack: Ack) -> None:
        with self._inbox(root, ack) as inbox:
            inbox.step()
            inbox.step()
            os._exit(0)

    def _unfinished(self, root: Path) -> list[str]:
        with Store.open(root) as store:
            there = attempts(store)
        wrong = [] if there == dict.fromkeys(STORED, 1) else [f"the store has {there}"]
        kept = sorted(reason.name for reason in put_aside.listed(Grounds(root)))
        wrong += [] if kept == ["bad.csv", "lines.csv"] else [f"quarantine has {kept}"]
        left = [*(root / "inbox").iterdir(), *root.glob("staged/*/*")]
        return wrong + [f"{path.name} is left" for path in left]


def _bytes_of(path: Path) -> str | dict[str, str]:
    if path.is_dir():
        return {inner.name: inner.read_text() for inner in path.iterdir()}
    return path.read_text()


_ALL: tuple[Workload, ...] = (
    ADDING,
    CHANGING,
    PUBLISHING,
    PERFORMING,
    ASKING,
    ATTACHING,
    Emptying(),
    Copying(),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
LONG = {"copying": 20}
"""Workloads with so many times more calls than the others."""
