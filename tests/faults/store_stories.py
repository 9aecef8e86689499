"""Stories that are told to a store and to an inbox while what they do is recorded, and what must be true after a crash.

A story is a row of steps. After each, what a client can see is noted; after a crash the store must be as it was after
the last step that was acknowledged, or after the one that was under way. Nothing in between, nothing else.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from datter_samples import PATIENCE_S, add_run, add_sweep, curve, table
from plotter2.datter import leases
from plotter2.datter.adding import Draft
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.auditing import audit
from plotter2.datter.bodies import Add, Run
from plotter2.datter.living import Work
from plotter2.datter.output import Artefact
from plotter2.datter.rebuild import rebuild
from plotter2.datter.requested import Asking, Request
from plotter2.datter.store import Store
from plotter2.staging import Inbox, Told, quarantine
from plotter2.staging.grounds import Grounds
from staging_samples import drop, read_plainly

READY_S = 2.0
RUN = "01JD0000000000000000000RVN"
ASKED = Asking("add", "asked", Add(paths=("asked.csv",)), key="once")
TO_RUN = Asking("run", "a.p2", Run(script="a.p2", sha256="0" * 64), key="a-run")
SCRIPTS = (ScriptBytes("task.p2", b"task" * 99, b"signed" * 9),)
LEASE_S = 600.0
PICTURES = (Artefact("loss", "png", b"png" * 300), Artefact("loss", "svg", b"svg" * 200))
Say = Callable[[str], None]
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a client asks for, and gets acknowledged by its return."""

    name: str
    do: Callable[[Store], object]
    again: bool = True
    """Whether a client that got no answer asks again."""
    first: tuple[str, ...] = ()
    """What may be seen already of a step that is not done yet: parts of the view."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is there before, the steps, and whether the store is opened for the first time."""

    name: str
    before: Callable[[Path], None]
    steps: tuple[Step, ...]
    drops: tuple[tuple[str, str], ...] = ()
    dropped_before: bool = True
    """Whether the drops were on the disk before the recording; else nobody synced them."""


# ------------------------------------------------------------ the stories
def _rename(old: str, new: str) -> Callable[[Store], object]:
    """Rename, unless it is done already: so does a person who looks first."""
    return lambda store: store.rename(old, new) if store.attempts(old) else None


def _archive(name: str, *, undo: bool) -> Callable[[Store], object]:
    return lambda store: (
        store.archive(name, undo=undo) if not undo or store.archived(name) else None
    )


_WORK: list[Work] = []
"""What the process that tells the story works on."""


def _add_what_was_asked(store: Store) -> None:
    work = store.begin(ASKED, LEASE_S)
    if isinstance(work, Request):
        return
    with work, store.adding() as adding:
        draft = Draft(name="asked", tables={"main": table(adding, curve(7))})
        adding.commit([draft], PATIENCE_S, lambda entered: work.done({"name": entered[0].name}))


def _begin_run(store: Store) -> None:
    work = store.begin(TO_RUN, LEASE_S)
    assert isinstance(work, Work)
    work.begin_run(RUN, "a.p2", {"n": 1})
    _WORK[:] = [work]


def _end_run(store: Store) -> None:
    with _WORK.pop() as work, store.prepared_outputs(RUN, PICTURES) as ready:
        work.done_run({"n": 2}, ready.publish, "a.p2", 7)


def _detach(store: Store) -> None:
    (row,) = store.find("exp2")
    if store.attachments(row):
        store.detach("exp2", "task.p2")


def _nothing(root: Path) -> None:
    root.mkdir()


def _a_store(root: Path) -> None:
    root.mkdir()
    with Store.open(root) as store:
        add_run(store, "old", lr=0.1)
        add_run(store, "older", curve(5))
        store.archive("older")
        with store.adding() as adding:  # garbage, as a killed add leaves it
            adding.put(b"nobody needs this")
            adding._incoming.publish()


LIFE = Story(
    "life",
    _a_store,
    (
        Step("add three", lambda store: add_sweep(store, "exp", 2)),
        Step("add again", lambda store: add_sweep(store, "exp", 2)),
        Step("new attempt", lambda store: add_run(store, "exp/run0", curve(4))),
        Step("rename", _rename("exp", "exp2")),
        Step("archive", _archive("exp2/run1", undo=False)),
        Step("bring back", _archive("exp2/run1", undo=True)),
        Step("attach", lambda store: store.attach("exp2", SCRIPTS)),
        Step("ask", lambda store: store.requests.ask_all([ASKED])),
        Step("add what was asked", _add_what_was_asked, first=("bundles",)),
        Step("begin run", _begin_run, again=False, first=("requests",)),
        Step("end run", _end_run, again=False),
        Step("detach", _detach),
        Step("collect", lambda store: store.garbage(0, remove=True)),
        Step("add what was collected", lambda store: add_run(store, "new", curve(6))),
    ),
)
BIRTH = Story("birth", _nothing, (Step("add one", lambda store: add_run(store, "first")),))
DROPS = (("one.csv", "1" * 900), ("two.csv", "2"), ("same.csv", "1" * 900), ("bad.csv", "bad"))
ASKING = Story(
    "asking",
    _a_store,
    (
        Step("ask", lambda store: store.requests.ask_all([ASKED])),
        Step("ask for a run", lambda store: store.requests.ask_all([TO_RUN])),
    ),
)
INBOX = Story("inbox", _a_store, (), DROPS)
DROPPED = Story("dropped", _a_store, (), DROPS, dropped_before=False)
STORIES = {story.name: story for story in (LIFE, BIRTH, ASKING, INBOX, DROPPED)}


# ------------------------------------------------------------ telling them
def tell(story: Story, root: Path, say: Say) -> list[View]:
    """Tell a story; gives what can be seen before it and after each step."""
    be_born_again()
    if not story.dropped_before:
        drop_all(story, root)
    with Store.open(root) as store:
        say("ready")
        views = [view(store)]
        for number, step in enumerate(story.steps, 1):
            step.do(store)
            say(f"done {number}")
            views.append(view(store))
        if story.drops:
            _empty_inbox(store, say)
    return views


def _empty_inbox(store: Store, say: Say) -> None:
    def hear(told: Told) -> None:
        place = next(store.layout.root.glob(f"staged/*/{told.name}"), None)
        digest = _digest(place) if told.what == "staged" and place else ""
        say(f"{told.what} {told.name} {digest}")

    inbox = Inbox(store, read_plainly, hear, still_s=0)
    with inbox.held():
        inbox.step()
        inbox.step()


@dataclass(frozen=True, slots=True)
class Memory:
    """What a client remembers after a crash: what it was told, and what could be seen after each step."""

    story: Story
    views: list[View]
    said: tuple[str, ...]

    @property
    def done(self) -> int:
        """Give the number of the last step that was acknowledged."""
        numbers = [int(text.split()[1]) for text in self.said if text.startswith("done ")]
        return max(numbers, default=0)

    @property
    def staged(self) -> set[tuple[str, str]]:
        """Give the items that were acknowledged, with the digests of their bytes."""
        words = [text.split() for text in self.said if text.startswith("staged ")]
        return {(name, digest) for _, name, digest in words}

    def reached(self, found: View) -> int:
        """Give after which step the store is as found: the last one acknowledged, or the one after it."""
        before = settled(self.views[self.done])
        if found == before:
            return self.done
        if self.done + 1 < len(self.views):
            after = settled(self.views[self.done + 1])
            if found == after:
                return self.done + 1
            first = self.story.steps[self.done].first
            if first and found == {**before, **{part: after[part] for part in first}}:
                return self.done
        raise Violation(f"after step {self.done}, {_difference(found, before)}")


def come_back(memory: Memory, root: Path, until: int, say: Say) -> None:
    """Do what happens after a crash: open, ask again for what was under way, and say what is acknowledged.

    What the open store shows is said too: from then on it must not go away again.
    """
    story = memory.story
    be_born_again()
    with Store.open(root) as store:
        say("ready")
        if story.steps:
            seen = memory.reached(view(store))
            say(f"done {seen}")
            if seen < min(until, len(story.steps)) and story.steps[seen].again:
                story.steps[seen].do(store)
                say(f"done {seen + 1}")
        if story.drops:
            _empty_inbox(store, say)


class Violation(AssertionError):
    """A promise was broken."""


def _difference(found: View, wanted: View) -> str:
    return "; ".join(
        f"{key}: {found[key]!r} instead of {wanted[key]!r}"
        for key in wanted
        if found[key] != wanted[key]
    )


# ------------------------------------------------------------ what can be seen
def view(store: Store) -> View:
    """Give what a client can see: names, attempts, states, contents, pictures, runs, serial numbers."""
    bundles = {
        f"{row.name}@{row.attempt}": (row.state, row.content, row.params)
        for row, _ in store.contents()
    }
    selected = {name: row.run for name in ("exp", "exp2") for row in store.attempts(name)[:1]}
    pictures = {
        str(path.relative_to(store.layout.output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.layout.output.rglob("*"))
        if path.is_file()
    }
    attached = [
        (row.name, script.name) for row, _ in store.contents() for script in store.attachments(row)
    ]
    requests = {
        request.key: (request.state, request.result) for request in store.requests.listed(limit=-1)
    }
    return {
        "bundles": bundles,
        "selected": selected,
        "attached": attached,
        "pictures": pictures,
        "runs": {run.id: run.state for run in store.runs()},
        "serial": store.seen_serial("a.p2"),
        "requests": requests,
    }


def settled(seen: View) -> View:
    """Give the view that a crash leaves: runs without an end are broken off, what was begun is to be done again."""
    runs = {run: "broken off" if s == "started" else s for run, s in seen["runs"].items()}
    requests = {
        key: ("queued" if state == "leased" else state, result)
        for key, (state, result) in seen["requests"].items()
    }
    return {**seen, "runs": runs, "requests": requests}


# ------------------------------------------------------------ what must be true
def check(memory: Memory, root: Path) -> None:
    """Come back on a disk after a crash, and find every promise kept. Raises Violation, or the product's own error."""
    said: list[str] = []
    until = memory.done + 1
    _ready_in_time(root)
    if memory.story.drops:
        _nothing_lost(memory, root)
    come_back(memory, root, until, said.append)
    before = _lasting(root)
    _sound(root)
    later = Memory(memory.story, memory.views, (*memory.said, *said))
    come_back(later, root, until, lambda _: None)
    after = _lasting(root)
    _demand(before == after, f"coming back again changes {_changed(before, after)}")
    if memory.story.drops:
        _all_stored(memory, root)


def check_rebuilt(root: Path) -> None:
    """Find the registry the same when it is made anew. Raises Violation."""
    be_born_again()
    with Store.open(root) as store:
        before = store._registry.dump()
    rebuild(root, PATIENCE_S)
    with Store.open(root) as store:
        _demand(before == store._registry.dump(), "a rebuilt registry is another one")


def _ready_in_time(root: Path) -> None:
    began = time.perf_counter()
    with Store.open(root) as store:
        taken = time.perf_counter() - began
        _demand(taken < READY_S, f"the store was ready after {taken:.1f} s")
        for row, chunks in store.contents():
            store.bundle(row.id)
            for digest in chunks:
                _whole(store.layout.object_file(digest), digest)


def _whole(path: Path, digest: str) -> None:
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise Violation(f"the object {digest} is not there whole")


def _sound(root: Path) -> None:
    found = audit(root, PATIENCE_S)
    _demand(not found.problems, "; ".join(problem.message for problem in found.problems))
    left = [path.name for path in (root / "temp").iterdir()]
    _demand(not left, f"left in temp: {left}")


def _lasting(root: Path) -> dict[str, str]:
    """Give every file that lasts with the digest of its content; the registry by what it says."""
    found = {}
    for part in ("source", "output", "quarantine", "staged", "inbox", "temp"):
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and path.name != ".lock":
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(root))] = digest
    with Store.open(root) as store:
        requests = [(r.id, r.state, r.crashes, r.result) for r in store.requests.listed(limit=-1)]
        found["registry"] = repr((store._registry.dump(), store.runs(), requests))
    return found


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [k for k in {**before, **after} if before.get(k) != after.get(k)]


def _nothing_lost(memory: Memory, root: Path) -> None:
    """Find every item whole, in one of the places where it may be, and nothing acknowledged back in the inbox."""
    kept = {(p.name, _digest(p)) for p in _paths(root, "staged/*/*", "quarantine/*/kept/*")}
    with Store.open(root) as store:
        for row, _ in store.contents():
            files = store.bundle(row.id).provenance.files
            kept |= {(file.name, file.digest) for file in files}
    lost = memory.staged - kept
    _demand(not lost, f"acknowledged, and lost or only in the inbox: {sorted(lost)}")
    if memory.story.dropped_before:
        kept |= {(path.name, _digest(path)) for path in _paths(root, "inbox/*")}
        wanted = {(name, _digest(content)) for name, content in memory.story.drops}
        _demand(wanted <= kept, f"lost or not whole: {sorted(wanted - kept)}")


def _paths(root: Path, *patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in root.glob(pattern)]


def _digest(content: Path | str) -> str:
    data = content.encode() if isinstance(content, str) else content.read_bytes()
    return hashlib.sha256(data).hexdigest()


def _all_stored(memory: Memory, root: Path) -> None:
    """Find each item stored once; of what nobody synced nor acknowledged, as much as there is."""
    good = {name.removesuffix(".csv") for name, content in memory.story.drops if content != "bad"}
    with Store.open(root) as store:
        counts = {
            line.bundle.name: len(store.attempts(line.bundle.name))
            for line in store.list()
            if line.bundle.name in good
        }
    aside = [(reason.name, reason.code) for reason in quarantine.listed(Grounds(root))]
    left = [path.name for path in _paths(root, "inbox/*.csv", "staged/*/*") if path.stat().st_size]
    _demand(set(counts.values()) <= {1}, f"the store has {counts}")
    _demand(not left, f"left: {left}")
    if memory.story.dropped_before:
        _demand(counts.keys() == good, f"the store has {counts}")
        _demand(aside == [("bad.csv", "P2-D0844")], f"quarantine has {aside}")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Violation(otherwise)


_LIVES = itertools.count()


def be_born_again() -> None:
    """Be another process, so far as the holders of leases go: those of the lives before are dead."""
    real = leases.own_holder()
    life = msgspec.structs.replace(real, boot=f"life {next(_LIVES)}")
    leases._holder = lambda pid: life  # type: ignore[assignment]


def drop_all(story: Story, root: Path) -> None:
    """Put the story's items into the inbox."""
    for name, content in story.drops:
        drop(root, name, content)
