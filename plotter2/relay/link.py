"""What both sides of a safe copy say to each other: small values, and the calls that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Protocol

import msgspec

from plotter2.datter.arrival import Item

VERSION = 2
ITEMS_AT_ONCE = 1_000
"""So many items one question names at most."""
PIECE = 256 * 1024
LARGEST_ITEM = 1 << 40
MOST_INCOMPLETE = 1_000

Size = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_ITEM)]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=True):
    """What everything that is said between two sides shares: no unknown field, and its class as a tag."""


class Welcome(Said, frozen=True):
    """Who is there: the protocol's version, how many events the root has, how much room its disk has."""

    version: int
    events: Size
    room: Size


class Wanted(Said, frozen=True):
    """An item that the receiver lacks, and from which byte on."""

    item: Item
    offset: Size = 0


class Synced(Said, frozen=True):
    """What is on the receiver's disk now, and what had other bytes than its name promises."""

    stored: tuple[Item, ...] = ()
    refused: tuple[Item, ...] = ()


class Closing(Said, frozen=True):
    """The end of a copy: of what, and what could not be copied because it is damaged there."""

    source: str
    at: int
    private_keys: bool = False
    incomplete: tuple[Item, ...] = ()


class Page(Said, frozen=True):
    """Some of the items of a root, and whether there are more."""

    items: tuple[Item, ...]
    more: bool


class Source(Protocol):
    """What can be copied: a root at one moment."""

    def items(self) -> Sequence[Item]:
        """Give all items: objects first, then files, then events, settings and the registry."""
        ...

    def read(self, item: Item, offset: int) -> Iterator[bytes]:
        """Give the bytes of an item from `offset` on. Raises DataError when they are not there."""
        ...

    def is_sound(self, item: Item) -> bool:
        """Tell whether an item that was refused is worth sending again."""
        ...


class Link(Protocol):
    """The receiving side of a copy, near or far. Every call raises DataError."""

    def hello(self) -> Welcome:
        """Ask who is there."""
        ...

    def ask(self, items: Sequence[Item]) -> tuple[Wanted, ...]:
        """Give those of at most ITEMS_AT_ONCE items that the receiver lacks."""
        ...

    def send(self, wanted: Wanted, pieces: Iterable[bytes]) -> None:
        """Send the bytes of one item; nothing is acknowledged yet."""
        ...

    def sync(self) -> Synced:
        """Have what was sent since the last sync brought to the disk; this acknowledges it."""
        ...

    def commit(self, closing: Closing) -> None:
        """Have the new state counted, events and all, in one step; this acknowledges it."""
        ...

    def prove(self, digest: str, nonce: bytes) -> str:
        """Ask for the SHA-256 of nonce and object, read from the disk; "" when it is not there."""
        ...
