"""The inbox under faults: whatever is dropped lies whole in one place, in the inbox, staged, stored or put aside."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.happenings import Ack, Checked, Happened
from faults.what_is_seen import opened, unsound
from plotter2.datter.store import Store
from plotter2.staging import Inbox, Told
from plotter2.staging import quarantine as put_aside
from plotter2.staging.grounds import Grounds
from plotter2.wire.messages import ColumnFound, LineRefused, ReadJob
from staging_samples import Plain, attempts, drop, read_plainly

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
