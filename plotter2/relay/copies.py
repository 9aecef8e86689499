"""Backups on another disk, and the way back: `backup`, `verify`, `restore`. A backup is a root that can be read."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plotter2.datter import arrival, codes, objects
from plotter2.datter.arrival import Item, Record
from plotter2.datter.auditing import Audit, audit
from plotter2.datter.layout import Layout, is_writable
from plotter2.datter.locks import PATIENCE_S, locked
from plotter2.datter.rebuild import rebuild
from plotter2.datter.scrubbing import scrub
from plotter2.datter.store import Store
from plotter2.errors import DataError, Problem
from plotter2.relay.link import Source
from plotter2.relay.places import item_of, place
from plotter2.relay.receiver import check_target, receiving
from plotter2.relay.shipping import Shipped, Terms, ship
from plotter2.relay.source import LocalSource, moment_of

_MORE_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup or a restore did, and what a person should know of it."""

    shipped: Shipped
    left_out: dict[str, str]
    same_disk: bool
    audit: Audit | None = None
    is_noted: bool = True
    """Whether the root could note what was acknowledged; on a full disk it cannot."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Give what could not be copied because it is damaged, and what is wrong with what was restored."""
        found = [_not_copied(item) for item in self.shipped.damaged]
        return (*found, *(self.audit.problems if self.audit else ()))

    @property
    def moving(self) -> int:
        """Give how many staged items changed, or were stored, while they were copied."""
        return len({item_of(item.name) for item in self.shipped.moved})

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain JSON values."""
        return {
            "copied": self.shipped.copied,
            "bytes": self.shipped.bytes,
            "items": self.shipped.items,
            "settings": self.shipped.settings,
            "staged": self.shipped.staged - self.moving,
            "staged_not_copied": self.moving,
            "noted": self.is_noted,
            "left_out": self.left_out,
            "same_disk": self.same_disk,
            "problems": [problem.as_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read of a safe copy from the disk, and what is wrong with it."""

    record: Record
    objects: int
    files: int
    bytes: int
    problems: tuple[Problem, ...]


def backup(root: Path, target: Path, *, private_keys: bool = False, deep: bool = False) -> Copied:
    """Copy the present moment of a root to a folder, what it lacks only; it is on that disk when this returns.

    `deep` reads what is there as well, and replaces what is damaged. Raises DataError: P2-D0910 and P2-D0912 (the
    folder holds something else), P2-D0801, P2-D0919 (no room there).
    """
    target = target.absolute()
    check_apart(root, target)
    check_target(Layout(target), as_root=False)
    return repeated(lambda: _backup(root, target, private_keys=private_keys, deep=deep))


def repeated(copy: Callable[[], Copied]) -> Copied:
    """Copy again what was stored while it was copied as staged, a few times at most; gives what was done in all."""
    done = copy()
    for _ in range(_MORE_ROUNDS):
        if not done.shipped.moved:
            break
        before, done = done.shipped, copy()
        done.shipped.copied += before.copied
        done.shipped.bytes += before.bytes
    return done


def _backup(root: Path, target: Path, *, private_keys: bool, deep: bool) -> Copied:
    with (
        Store.open_to_read(root) as store,
        moment_of(store, private_keys=private_keys) as source,
        receiving(target, deep=deep) as receiver,
    ):
        terms = Terms(source_name(root), private_keys=private_keys)
        shipped = ship(source, receiver, terms)
    return Copied(shipped, source.left_out, _same_disk(root, target))


def restore(source: Path, root: Path) -> Copied:
    """Put what a safe copy holds into an empty root, or what is missing or damaged in it into the one it is of.

    What is sound there is left alone. Raises DataError: P2-D0915 (no store there), P2-D0910, P2-D0912 (another one).
    """
    source = source.absolute()
    check_apart(source, root)
    with source_at(source) as found:
        return restore_from(found, str(source), root)


def restore_from(found: Source, name: str, root: Path) -> Copied:
    """Restore a root from an open source, called so. Raises DataError as `restore`."""
    with receiving(root, as_root=True, deep=True) as receiver:
        shipped = ship(found, receiver, Terms(name, may_know_more=True))
    with Store.open(root) as store:
        lacking = store.left_out()
    if lacking:  # what was mended comes back
        rebuild(root, PATIENCE_S)
    return Copied(shipped, {}, False, audit(root, PATIENCE_S))


@contextmanager
def source_at(folder: Path) -> Iterator[LocalSource]:
    """Give a store that lies in a folder as a source, private keys and all. Raises DataError (P2-D0915)."""
    layout = Layout(folder)
    if not layout.commits.is_dir() or not (
        (layout.registry / "registry.db").exists() or arrival.waiting(layout).is_dir()
    ):
        raise DataError(
            codes.NO_COPY,
            f"there is no safe copy in {folder}",
            where=str(folder),
            help="name the folder that plotter2 backup wrote to, or the address of a relay",
        )
    with Store.open_to_read(folder) as store, moment_of(store, private_keys=True) as source:
        yield source


def verify(target: Path) -> Verified:
    """Read every byte of a safe copy from the disk and compare it with what it should be.

    Raises DataError: P2-D0915 when there is none, P2-D0808 when another process writes to it.
    """
    layout = Layout(target.absolute())
    if is_writable(layout) and arrival.waiting(layout).is_dir():
        with locked(layout.lock):
            arrival.finish(layout)
    record = arrival.record_of(layout)
    if record is None:
        raise DataError(
            codes.NO_COPY,
            f"there is no safe copy in {target}",
            where=str(target),
            help="name the folder that plotter2 backup wrote to",
        )
    audited = audit(layout.root, PATIENCE_S)
    scrubbed = scrub(layout)
    problems = [*audited.problems]
    problems += [_damaged(path, "the object") for path in scrubbed.damaged]
    read = 0
    for item in record.files:
        path = place(layout, item)
        excused = item in record.incomplete
        try:
            found = objects.digest_of_file(path, from_disk=True)
            read += path.stat().st_size
        except FileNotFoundError:
            found = ""
        if found != item.digest and not excused:
            problems.append(_damaged(path, f"the {item.kind} {item.name}"))
    return Verified(
        record, scrubbed.objects, len(record.files), scrubbed.bytes + read, tuple(problems)
    )


def source_name(root: Path) -> str:
    """Give what a copy says it is a copy of."""
    return f"{platform.node()}:{root}"


def check_apart(root: Path, target: Path) -> None:
    """Raise DataError (P2-D0910) when one folder lies in the other."""
    one, other = root.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        message = f"{other} and the root {one} lie in each other"
        raise DataError(
            codes.NOT_A_TARGET,
            f"{other} is the root itself" if one == other else message,
            where=str(target),
            help="choose a folder outside of the root, on another disk if there is one",
        )


def _same_disk(root: Path, target: Path) -> bool:
    return root.stat().st_dev == target.stat().st_dev


def _not_copied(item: Item) -> Problem:
    return Problem(
        codes.NOT_COPIED,
        f"the {item.kind} {item.name} is damaged or missing where it is copied from",
        where=item.name,
        help="plotter2 scrub --set-aside, then add the experiment's output again, or restore it from an older copy",
    )


def _damaged(path: Path, what: str) -> Problem:
    return Problem(
        codes.COPY_DAMAGED,
        f"{what} of the safe copy has not the bytes that were stored",
        where=str(path),
        help="replace what is damaged: plotter2 backup TARGET --deep",
    )
