"""The sending side of a copy: asks what is lacking, sends it, and has the whole counted at the end.

What is damaged at the source is not sent; it is told, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from plotter2.datter import codes
from plotter2.datter.arrival import Item
from plotter2.datter.ids import now_ms
from plotter2.errors import DataError
from plotter2.printable import count
from plotter2.relay.codes import CUT, NO_ROOM, NOT_UNDERSTOOD
from plotter2.relay.link import (
    ITEMS_AT_ONCE,
    MOST_INCOMPLETE,
    VERSION,
    Closing,
    Link,
    Source,
    Wanted,
    Welcome,
)
from plotter2.relay.places import ARRIVING, TOGETHER, item_of

_SYNC_ITEMS = 200
_SYNC_BYTES = 256 << 20
_ATTEMPTS = 2
_SPARE = 16 << 20
_OF_THE_WAY = frozenset(
    {CUT, NOT_UNDERSTOOD, NO_ROOM, codes.DISK_FULL, codes.SYNC_FAILED, codes.NOT_WRITABLE}
)
"""What no other item can be sent after."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a copy is made: of what it is called a copy, and what is told of its progress.

    `acknowledged` is called with what is on the other side's disk. A receiver that is restored may know more events
    than the copy; a copy may not know more than its root.
    """

    source: str
    may_know_more: bool = False
    private_keys: bool = False
    acknowledged: Callable[[Sequence[Item]], None] = lambda _: None
    lacking: Callable[[Sequence[Item]], None] = lambda _: None


@dataclass(slots=True)
class Shipped:
    """What was copied, what was there already, and what is damaged at the source.

    `staged` counts the items that wait to be stored; of files in `moved` they changed, or were stored, meanwhile.
    """

    copied: int = 0
    bytes: int = 0
    items: int = 0
    settings: list[str] = field(default_factory=list)
    damaged: list[Item] = field(default_factory=list)
    moved: list[Item] = field(default_factory=list)
    staged: int = 0


def ship(source: Source, link: Link, terms: Terms) -> Shipped:
    """Copy what the receiver lacks. Raises DataError: P2-D0912 (other history), P2-D0919 (no room), as Link."""
    return _Shipping(source, link, terms).run()


class _Shipping:
    def __init__(self, source: Source, link: Link, terms: Terms) -> None:
        self._source = source
        self._link = link
        self._terms = terms
        self._done = Shipped()

    def run(self) -> Shipped:
        welcome = self._link.hello()
        if welcome.version != VERSION:
            raise DataError(
                NOT_UNDERSTOOD,
                f"the other side speaks version {welcome.version} of the protocol, this one {VERSION}",
                help="use the same release of plotter2 on both sides",
            )
        items = self._source.items()
        self._done.items = len(items)
        self._done.staged = len({item_of(item.name) for item in items if item.kind == "staged"})
        events = [item for item in items if item.kind == "event"]
        others = [item for item in items if item.kind != "event"]
        wanted_events = self._lacking(events)
        self._check_history(welcome, len(events), len(events) - len(wanted_events))
        wanted = self._lacking(others)
        self._check_room(welcome, [*wanted_events, *wanted])
        first = [one for one in wanted if one.item.kind not in TOGETHER]
        last = [one for one in wanted if one.item.kind in TOGETHER]
        self._send_all(first)
        self._send_all([*wanted_events, *last])
        lacking = [*self._done.damaged, *self._done.moved]
        damaged = tuple(lacking[:MOST_INCOMPLETE])
        keys = self._terms.private_keys
        self._link.commit(
            Closing(source=self._terms.source, at=now_ms(), private_keys=keys, incomplete=damaged)
        )
        broken = {(item.kind, item.name) for item in lacking}
        self._terms.acknowledged([i for i in items if (i.kind, i.name) not in broken])
        return self._done

    def _lacking(self, items: Sequence[Item]) -> list[Wanted]:
        wanted: list[Wanted] = []
        for group in _groups(items):
            lacking = self._link.ask(group)
            self._terms.lacking([one.item for one in lacking])
            wanted += lacking
        return wanted

    def _check_history(self, welcome: Welcome, here: int, shared: int) -> None:
        strange = welcome.events - shared
        if strange <= 0 or (self._terms.may_know_more and (shared or not here)):
            return
        changes = count(strange, "change", "changes")
        if self._terms.may_know_more:
            raise DataError(
                codes.OTHER_HISTORY,
                f"the root to restore into is another one: it has {changes}, and the copy knows none of them",
                help="restore into a new folder: --root NEW",
            )
        raise DataError(
            codes.OTHER_HISTORY,
            f"the other side knows {changes} of the store not known here",
            help="if it is the newer one, restore from it; else choose another folder for the copy",
        )

    def _check_room(self, welcome: Welcome, wanted: Sequence[Wanted]) -> None:
        needed = sum(one.item.bytes - one.offset for one in wanted)
        if needed and needed + _SPARE > welcome.room:
            raise DataError(
                NO_ROOM,
                f"{needed / 1e6:.1f} MB are to be copied, and there is room for {welcome.room / 1e6:.1f} MB",
                help="free some space there, or choose another disk",
            )

    def _send_all(self, wanted: Sequence[Wanted]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            wanted = self._send_once(wanted, is_last=attempt == _ATTEMPTS)

    def _send_once(self, wanted: Sequence[Wanted], *, is_last: bool) -> list[Wanted]:
        again: list[Wanted] = []
        for group in _loads(wanted):
            for one in group:
                self._send(one)
            synced = self._link.sync()
            self._done.copied += len(synced.stored)
            self._done.settings += [i.name for i in synced.stored if i.kind == "config"]
            self._done.bytes += sum(item.bytes for item in synced.stored)
            self._terms.acknowledged([item for item in synced.stored if item.kind not in TOGETHER])
            for item in synced.refused:
                if is_last or not self._source.is_sound(item):
                    self._give_up(item, None)
                else:  # garbled under way, or what had come before was not what it seemed
                    again.append(Wanted(item=item))
        return again

    def _send(self, wanted: Wanted) -> None:
        """Send one item. What the source cannot read is damaged; every other failure ends the copy."""
        unreadable: list[DataError] = []

        def pieces() -> Iterator[bytes]:
            try:
                yield from self._source.read(wanted.item, wanted.offset)
            except DataError as error:
                unreadable.append(error)
                raise

        try:
            self._link.send(wanted, pieces())
        except DataError as error:
            if not unreadable or unreadable[0].code in _OF_THE_WAY:
                raise
            self._give_up(wanted.item, error)

    def _give_up(self, item: Item, why: DataError | None) -> None:
        """Go on without an item that is damaged; without a change of the store, or the registry, there is no copy."""
        if item.kind in ARRIVING:
            raise DataError(
                codes.NOT_COPIED,
                f"the {item.kind} {item.name} is damaged or missing where it is copied from"
                + (f": {why.message}" if why else ""),
                where=item.name,
                help="look what is wrong with plotter2 fsck; an older safe copy may mend it: plotter2 restore COPY",
            )
        moves = item.kind == "staged" and not self._terms.may_know_more
        (self._done.moved if moves else self._done.damaged).append(item)


def _groups(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), ITEMS_AT_ONCE):
        yield items[start : start + ITEMS_AT_ONCE]


def _loads(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Cut what is to be sent into loads that are synced together."""
    load: list[Wanted] = []
    size = 0
    for one in wanted:
        load.append(one)
        size += one.item.bytes - one.offset
        if len(load) >= _SYNC_ITEMS or size >= _SYNC_BYTES:
            yield load
            load, size = [], 0
    if load:
        yield load
