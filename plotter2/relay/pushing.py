"""Relays of a root: what is pushed to them, what they acknowledged, how far they are behind, and what they prove."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from plotter2.datter import objects
from plotter2.datter.acknowledged import Acknowledged, Kind
from plotter2.datter.arrival import Item
from plotter2.datter.codes import DISK_FULL, NOT_WRITABLE
from plotter2.datter.ids import now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import addresses, copies
from plotter2.relay.addresses import Address, Relay
from plotter2.relay.conversation import FarLink, FarSource, serve_receiver, serve_source
from plotter2.relay.copies import Copied
from plotter2.relay.framing import Frames
from plotter2.relay.link import Link, Source
from plotter2.relay.places import item_of
from plotter2.relay.receiver import check_target, receiving
from plotter2.relay.shipping import Terms, ship
from plotter2.relay.source import moment_of, staged_now
from plotter2.relay.ssh import far_plotter2

_NONCE = 32


@dataclass(frozen=True, slots=True)
class Behind:
    """How a relay stands: what it has not acknowledged yet, and when it acknowledged last (ms since 1970).

    `staged` counts items that wait to be stored.
    """

    name: str
    address: str
    objects: int
    bytes: int
    events: int
    last: int | None
    staged: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give the line as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Proven:
    """What a relay proved to have on its disk, and what it has not, or not as it should be."""

    objects: int
    bad: tuple[str, ...]


def push(store: Store, relay: Relay) -> Copied:
    """Bring a relay up to the present moment; what it acknowledges is remembered at once. Raises DataError.

    Nothing but that is written here: where the root cannot remember it, the relay has it all the same.
    """
    return copies.repeated(lambda: _push(store, relay))


def _push(store: Store, relay: Relay) -> Copied:
    memory = Memory(store, relay.name, is_there=store.takes_changes)
    with moment_of(store) as source, opened(relay, store.layout) as link:
        here = copies.source_name(store.layout.root)
        terms = Terms(here, acknowledged=memory.enter, lacking=memory.withdraw)
        shipped = ship(source, link, terms)
        memory.settle(source.items())
    same_disk = _same_disk(relay, store.layout)
    return Copied(shipped, source.left_out, same_disk, is_noted=memory.is_there)


@dataclass(slots=True)
class Memory:
    """Notes what a relay acknowledges, as long as this root has a right and room to write it down."""

    store: Store
    relay: str
    is_there: bool

    def enter(self, items: Sequence[Item]) -> None:
        """Note that the relay has these."""
        at, known = now_ms(), self.store.acknowledged
        for kind in _NOTED:
            names = [item.name for item in items if item.kind == kind]
            self._note(partial(known.enter, self.relay, kind, names, at))

    def withdraw(self, items: Sequence[Item]) -> None:
        """Note that the relay lacks these."""
        for kind in _NOTED:
            names = [item.name for item in items if item.kind == kind]
            self._note(partial(self.store.acknowledged.withdraw, self.relay, kind, names))

    def settle(self, items: Sequence[Item]) -> None:
        """Forget staged items that wait no more."""
        waiting = {item.name for item in items if item.kind == "staged"}
        gone = self.store.acknowledged.names(self.relay, "staged") - waiting
        self._note(partial(self.store.acknowledged.withdraw, self.relay, "staged", gone))

    def _note(self, write: Callable[[], None]) -> None:
        if not self.is_there:
            return
        try:
            write()
        except DataError as error:
            if error.code not in (DISK_FULL, NOT_WRITABLE):
                raise
            self.is_there = False


_NOTED: tuple[Kind, ...] = ("object", "event", "staged")


def status(store: Store) -> tuple[Behind, ...]:
    """Tell how far each relay is behind, from what is known here; nobody is asked."""
    relays = addresses.listed(store.layout)
    chunks = {d: size for _, held in store.contents() for d, size in held.items()}
    events = frozenset(store.events())
    staged = staged_now(store.layout)
    return tuple(_behind(store.acknowledged, relay, chunks, events, staged) for relay in relays)


def scrub(store: Store, relay: Relay, most: int | None) -> Proven:
    """Have a relay prove that it has objects on its disk, all or so many picked by chance: SHA-256 of nonce and object.

    What is damaged here cannot be compared and counts as neither. Raises DataError.
    """
    names = sorted(store.acknowledged.names(relay.name, "object"))
    if most is not None and most < len(names):
        names = random.SystemRandom().sample(names, most)
    bad: list[str] = []
    asked = 0
    with opened(relay, store.layout) as link:
        link.hello()
        for digest in names:
            nonce = os.urandom(_NONCE)
            here = _proof_here(store.layout, digest, nonce)
            if here:
                asked += 1
                if link.prove(digest, nonce) != here:
                    bad.append(digest)
    _forget(store.acknowledged, relay.name, bad)
    return Proven(asked, tuple(bad))


def forget(store: Store, name: str) -> Relay:
    """Forget a relay and what it acknowledged. Raises DataError (P2-D0918)."""
    gone = addresses.remove(store.layout, name)
    store.acknowledged.forget(name)
    return gone


def add(store: Store, relay: Relay) -> None:
    """Enter a relay; a folder is looked at. Raises DataError (P2-D0918, P2-D0910)."""
    address = relay.parsed
    if address.kind == "folder":
        copies.check_apart(store.layout.root, Path(address.path))
        check_target(Layout(Path(address.path)), as_root=False)
    addresses.add(store.layout, relay)


@contextmanager
def opened(relay: Relay, layout: Layout) -> Iterator[Link]:
    """Give the receiving side of a relay during the block. Raises DataError."""
    address = relay.parsed
    match address.kind:
        case "folder":
            copies.check_apart(layout.root, Path(address.path))
            with receiving(Path(address.path)) as receiver:
                yield receiver
        case "ssh":
            with far_plotter2(address, "receive") as frames:
                yield FarLink(frames)
        case _:
            from plotter2.relay.http_link import HttpLink

            with HttpLink.opened(relay) as link:
                yield link


@contextmanager
def source_of(relay: Relay) -> Iterator[Source]:
    """Give what a relay holds as a source to restore from, during the block. Raises DataError."""
    address = relay.parsed
    match address.kind:
        case "folder":
            with copies.source_at(Path(address.path)) as source:
                yield source
        case "ssh":
            with far_plotter2(address, "send") as frames:
                yield FarSource(frames)
        case _:
            from plotter2.relay.http_link import HttpLink

            with HttpLink.opened(relay) as link:
                yield link


def receive(folder: Path, frames: Frames) -> None:
    """Be the receiving side for another machine until it ends. Raises DataError."""
    with receiving(folder) as receiver:
        serve_receiver(frames, receiver)


def send(folder: Path, frames: Frames) -> None:
    """Be the source for another machine that restores, until it ends. Raises DataError."""
    with copies.source_at(folder) as source:
        serve_source(frames, source)


# ------------------------------------------------------------ inside
def _forget(known: Acknowledged, name: str, digests: Sequence[str]) -> None:
    known.withdraw(name, "object", digests)


def _behind(
    known: Acknowledged,
    relay: Relay,
    chunks: dict[str, int],
    events: frozenset[str],
    staged: frozenset[str],
) -> Behind:
    missing = chunks.keys() - known.names(relay.name, "object")
    return Behind(
        relay.name,
        relay.address,
        len(missing),
        sum(chunks[digest] for digest in missing),
        len(events - known.names(relay.name, "event")),
        known.last(relay.name),
        len({item_of(name) for name in staged - known.names(relay.name, "staged")}),
    )


def _proof_here(layout: Layout, digest: str, nonce: bytes) -> str:
    """Give the proof that is due; empty when the object here is damaged or gone."""
    path = layout.object_file(digest)
    try:
        if objects.digest_of_file(path) != digest:
            return ""
        return objects.digest_of_file(path, before=nonce)
    except FileNotFoundError:
        return ""


def _same_disk(relay: Relay, layout: Layout) -> bool:
    address: Address = relay.parsed
    return (
        address.kind == "folder" and Path(address.path).stat().st_dev == layout.root.stat().st_dev
    )
