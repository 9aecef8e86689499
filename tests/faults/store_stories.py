"""Stories that are told to a store and to an inbox while what they do is recorded: rows of steps.

After each step what a client can see is noted; `store_promises.py` says what of it must be there after a crash.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from datter_samples import PATIENCE_S, add_run, add_sweep, add_with_files, curve, table
from plotter2.datter import leases
from plotter2.datter.adding import Draft
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.bodies import Add, Redo, Run, TaskOf
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.living import Work
from plotter2.datter.output import Artefact
from plotter2.datter.rebuild import rebuild
from plotter2.datter.requested import Asking, Request
from plotter2.datter.store import Store
from plotter2.datter.task_runs import DrawnFile, Performance
from plotter2.staging import Inbox, Told
from staging_samples import drop, read_plainly

RUN = "01JD0000000000000000000RVN"
ASKED = Asking("add", "asked", Add(paths=("asked.csv",)), key="once")
TO_RUN = Asking("run", "a.p2", Run(script="a.p2", sha256="0" * 64), key="a-run")
SCRIPTS = (ScriptBytes("task.p2", b"task" * 99, b"signed" * 9),)
TO_DO = Asking("task", "old:give", TaskOf(bundle="old", task="give"), key="a-task")
LEASE_S = 600.0
PICTURES = (Artefact("loss", "png", b"png" * 300), Artefact("loss", "svg", b"svg" * 200))
KEPT = {"notes.md": b"notes" * 99, "deep/model.bin": b"weights" * 2_000}
Say = Callable[[str], None]
View = dict[str, Any]
Content = str | dict[str, str]
"""What an item holds: a file's text, or a folder's files."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a client asks for, and gets acknowledged by its return."""

    name: str
    do: Callable[[Store], object] = lambda _: None
    alone: Callable[[Path], object] | None = None
    """What nobody else may have the store open for; instead of `do`."""
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
    drops: tuple[tuple[str, Content], ...] = ()
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


def _begin_task(store: Store) -> None:
    work = store.begin(TO_DO, LEASE_S)
    assert isinstance(work, Work)
    work.begin_run(RUN, "a.p2", {"task": {"name": "give"}})
    _WORK[:] = [work]


def _end_task(store: Store) -> None:
    """Publish pictures, an exposed table and a request, as `runs.running.published_task` does."""
    (bundle,) = store.find("old")
    with (
        _WORK.pop() as work,
        store.prepared_outputs(RUN, PICTURES) as ready,
        store.performing() as results,
    ):
        digest, size = results.put(b"arrow" * 900)
        column = Column(name="n", kind="int", chunks=(Chunk(digest=digest, bytes=size, rows=3),))
        results.keep()
        done = Performance(
            run=RUN,
            bundle=bundle.id,
            home=bundle.id,
            script="task.p2",
            digest="0" * 64,
            task="give",
            inputs="1" * 64,
            tables={"sums": Table(rows=3, columns=(column,))},
            files=tuple(
                DrawnFile(file=f"{each.name}.{each.kind}", sha256=digest) for each in PICTURES
            ),
            redo=(Redo(bundle="old", over=({"lr": 0.1},), run=RUN, task="give"),),
            serial=7,
        )

        def publish() -> None:
            results.publish(done, ready)
            store.requests.ask_all(done.asked())

        work.done_run({"task": {"name": "give"}}, publish, "a.p2", 7)


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
        Step("add files", lambda store: add_with_files(store, "kept", KEPT)),
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
DROPS: tuple[tuple[str, Content], ...] = (
    ("one.csv", "1" * 900),
    ("two.csv", "2"),
    ("same.csv", "1" * 900),
    ("bad.csv", "bad"),
    ("sweep", {"a.csv": "3", "b.csv": "4", "notes.md": "kept as it is"}),
)
ASKING = Story(
    "asking",
    _a_store,
    (
        Step("ask", lambda store: store.requests.ask_all([ASKED])),
        Step("ask for a run", lambda store: store.requests.ask_all([TO_RUN])),
    ),
)
KEEPING = Story(
    "keeping",
    _a_store,
    (
        Step("ask", lambda store: store.requests.ask_all([ASKED])),
        Step("begin run", _begin_run, again=False, first=("requests",)),
        Step("end run", _end_run, again=False),
        Step("rebuild", alone=lambda root: rebuild(root, PATIENCE_S)),
        Step("add", lambda store: add_run(store, "new", curve(6))),
        Step("rebuild again", alone=lambda root: rebuild(root, PATIENCE_S)),
    ),
)
TASKS = Story(
    "tasks",
    _a_store,
    (
        Step("begin task", _begin_task, again=False, first=("requests",)),
        Step("end task", _end_task, again=False),
        Step("ask", lambda store: store.requests.ask_all([ASKED])),
        Step("collect", lambda store: store.garbage(0, remove=True)),
    ),
)
INBOX = Story("inbox", _a_store, (), DROPS)
DROPPED = Story("dropped", _a_store, (), DROPS, dropped_before=False)
STORIES = {story.name: story for story in (LIFE, BIRTH, ASKING, KEEPING, TASKS, INBOX, DROPPED)}


# ------------------------------------------------------------ telling them
def tell(story: Story, root: Path, say: Say) -> list[View]:
    """Tell a story; gives what can be seen before it and after each step."""
    be_born_again()
    if not story.dropped_before:
        drop_all(story, root)
    store = Store.open(root)
    try:
        say("ready")
        views = [view(store)]
        for number, step in enumerate(story.steps, 1):
            store = taken(step, store)
            say(f"done {number}")
            views.append(view(store))
        if story.drops:
            empty_inbox(store, say)
    finally:
        store.close()
    return views


def taken(step: Step, store: Store) -> Store:
    """Take a step, and give the store to go on with."""
    if step.alone is None:
        step.do(store)
        return store
    root = store.layout.root
    store.close()
    step.alone(root)
    return Store.open(root)


def empty_inbox(store: Store, say: Say) -> None:
    """Do what `inbox watch` does, twice over, and say what it tells."""

    def hear(told: Told) -> None:
        place = next(store.layout.root.glob(f"staged/*/{told.name}"), None)
        digest = digest_of(place) if told.what == "staged" and place else ""
        say(f"{told.what} {told.name} {digest}")

    inbox = Inbox(store, read_plainly, hear, still_s=0)
    with inbox.held():
        inbox.step()
        inbox.step()


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
        "tasks": [(ran.done.run, ran.done.tables) for ran in store.task_runs.all()],
    }


_LIVES = itertools.count()


def be_born_again() -> None:
    """Be another process, so far as the holders of leases go: those of the lives before are dead."""
    real = leases.own_holder()
    life = msgspec.structs.replace(real, boot=f"life {next(_LIVES)}")
    leases._holder = lambda pid: life  # type: ignore[assignment]


def drop_all(story: Story, root: Path) -> None:
    """Put the story's items into the inbox."""
    for name, content in story.drops:
        if isinstance(content, str):
            drop(root, name, content)
            continue
        part = root / "inbox" / f"{name}.part"
        part.mkdir()
        for inner, text in content.items():
            (part / inner).write_text(text)
        part.rename(root / "inbox" / name)


def digest_of(content: Path | Content) -> str:
    """Give the SHA-256 of a file or a text; of a folder what `digest_of_files` gives."""
    if isinstance(content, Path) and content.is_dir():
        content = {path.name: path.read_text() for path in content.iterdir()}
    if isinstance(content, dict):
        return digest_of_files((name, digest_of(text)) for name, text in content.items())
    data = content.encode() if isinstance(content, str) else content.read_bytes()
    return hashlib.sha256(data).hexdigest()


def digest_of_files(files: Iterable[tuple[str, str]]) -> str:
    """Give one digest of a folder's files, each given by name and digest."""
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest()
