"""Safe copies under faults: a root and its relay on one disk; what the relay acknowledged stays there, whole."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from copy_samples import make_root, said_of
from datter_samples import add_run, curve
from faults.happenings import Ack, Checked, Happened
from faults.what_is_seen import unsound
from plotter2.datter import codes
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import pushing
from plotter2.relay.addresses import Relay

NAMES = ("late0", "late1", "late2")


class Copying:
    """A bundle more and a push, again and again."""

    name = "copying"

    def prepare(self, root: Path) -> None:
        make_root(root / "main")
        with Store.open(root / "main") as store:
            _push(store, root)

    def work(self, root: Path, ack: Ack) -> None:
        with Store.open(root / "main") as store:
            for number, name in enumerate(NAMES):
                _twice(lambda name=name, number=number: add_run(store, name, curve(4 + number)))
                _twice(lambda: _push(store, root))
                ack(str(number))

    def recover(self, root: Path) -> None:
        for folder in ("main", "copy"):
            with Store.open(root / folder):
                pass

    def look(self, root: Path, happened: Happened) -> list[str]:
        """The copy is what it was after one of the pushes, and holds what was acknowledged."""
        found = said_of(root / "copy")
        names = sorted(row[1] for row in found["bundles"] if row[1] in NAMES)
        wrong = []
        if names != list(NAMES[: len(names)]) or not 0 <= len(names) - len(happened.acks) <= 1:
            wrong.append(f"after {len(happened.acks)} pushes the copy holds {names}")
        wanted = {digest for own in found["contents"] for digest in own}
        whole = {d for d, data in found["objects"].items() if _digest(data) == d}
        return wrong + [f"the object {digest} is not whole" for digest in sorted(wanted - whole)]

    def check(self, root: Path, happened: Happened) -> Checked:
        """Recover, say what is wrong; then do the rest, and say what is wrong then."""
        began = time.monotonic()
        self.recover(root)
        ready_s = time.monotonic() - began
        wrong = self.look(root, happened) + self._lost(root)
        for folder in ("main", "copy"):
            wrong += unsound(root / folder)
        with Store.open(root / "main") as store:
            for number, name in enumerate(NAMES):
                add_run(store, name, curve(4 + number))
            _push(store, root)
        for folder in ("main", "copy"):
            wrong += unsound(root / folder)
        if said_of(root / "copy") != said_of(root / "main"):
            wrong.append("the last push did not make the copy what the root is")
        return Checked(wrong, ready_s)

    def go_on(self, root: Path, ack: Ack) -> None:
        """Come after a dead process, believe what is seen, do the rest, and die without an end."""
        store = Store.open(root / "main")
        there = len({line.bundle.name for line in store.list()} & set(NAMES))
        for place in range(min(there, len(NAMES) - 1), len(NAMES)):
            add_run(store, NAMES[place], curve(4 + place))
            _push(store, root)
            for believed in range(0 if place == min(there, len(NAMES) - 1) else place, place + 1):
                ack(str(believed))
        os._exit(0)

    def _lost(self, root: Path) -> list[str]:
        """Give what the root holds for acknowledged and the copy has not whole."""
        layout = Layout(root / "copy")
        with Store.open(root / "main") as store, Store.open(root / "copy") as copy:
            events = store.acknowledged.names("far", "event") - set(copy.events())
            objects = store.acknowledged.names("far", "object")
        return sorted(events) + [d for d in sorted(objects) if not _is_whole(layout, d)]


def _push(store: Store, root: Path) -> None:
    pushing.push(store, Relay(name="far", address=str(root / "copy")))


def _twice(work: Callable[[], object]) -> None:
    try:
        work()
    except DataError as error:
        if error.code != codes.DISK_FULL:
            raise
        work()  # somebody made room, and the same process tries again


def _digest(data: str) -> str:
    return hashlib.sha256(bytes.fromhex(data)).hexdigest()


def _is_whole(layout: Layout, digest: str) -> bool:
    path = layout.object_file(digest)
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
