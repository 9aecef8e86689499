"""What must be true of a store and its inbox after a crash, whatever the disk holds then.

The store must be as it was after the last step that was acknowledged, or after the one that was under way. Nothing in
between, nothing else, and what the open store showed once does not go away again.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from datter_samples import PATIENCE_S
from faults.store_stories import (
    Say,
    Story,
    View,
    be_born_again,
    digest_of,
    digest_of_files,
    empty_inbox,
    taken,
    view,
)
from plotter2.datter.auditing import audit
from plotter2.datter.bundle import Bundle
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.staging import quarantine
from plotter2.staging.grounds import Grounds

READY_S = 2.0


class Violation(AssertionError):
    """A promise was broken."""


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
    store = Store.open(root)
    try:
        say("ready")
        if story.steps:
            seen = memory.reached(view(store))
            say(f"done {seen}")
            if seen < min(until, len(story.steps)) and story.steps[seen].again:
                store = taken(story.steps[seen], store)
                say(f"done {seen + 1}")
        if story.drops:
            empty_inbox(store, say)
    finally:
        store.close()


def _difference(found: View, wanted: View) -> str:
    return "; ".join(
        f"{key}: {found[key]!r} instead of {wanted[key]!r}"
        for key in wanted
        if found[key] != wanted[key]
    )


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
    began = time.process_time()  # whatever else the machine is busy with
    with Store.open(root) as store:
        taken = time.process_time() - began
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
    kept = {(p.name, digest_of(p)) for p in _paths(root, "staged/*/*", "quarantine/*/kept/*")}
    with Store.open(root) as store:
        for row, _ in store.contents():
            kept |= _items_in(store.bundle(row.id))
    lost = memory.staged - kept
    _demand(not lost, f"acknowledged, and lost or only in the inbox: {sorted(lost)}")
    if memory.story.dropped_before:
        kept |= {(path.name, digest_of(path)) for path in _paths(root, "inbox/*")}
        wanted = {(name, digest_of(content)) for name, content in memory.story.drops}
        _demand(wanted <= kept, f"lost or not whole: {sorted(wanted - kept)}")


def _items_in(bundle: Bundle) -> set[tuple[str, str]]:
    """Give the items, with their digests, that a bundle was made of: files, or a folder of files, read and kept."""
    inside = [(file.name.rpartition("/"), file.digest) for file in bundle.provenance.files]
    if any(folder for (folder, _, _), _ in inside):
        folder = inside[0][0][0]
        inside += [((folder, "/", path), file.digest) for path, file in bundle.files.items()]
        return {(folder, digest_of_files((name, digest) for (_, _, name), digest in inside))}
    return {(name, digest) for (_, _, name), digest in inside}


def _paths(root: Path, *patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in root.glob(pattern)]


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
    files = _paths(root, "inbox/*.csv", "inbox/sweep/*", "staged/*/*.csv", "staged/*/*/*")
    left = [path.name for path in files if path.stat().st_size]
    _demand(set(counts.values()) <= {1}, f"the store has {counts}")
    _demand(not left, f"left: {left}")
    if memory.story.dropped_before:
        _demand(counts.keys() == good, f"the store has {counts}")
        _demand(aside == [("bad.csv", "P2-D0844")], f"quarantine has {aside}")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Violation(otherwise)
