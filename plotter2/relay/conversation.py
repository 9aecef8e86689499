"""Both ends of a copy over frames: a Link and a Source that ask, and the two loops that answer them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from plotter2.datter.arrival import Item
from plotter2.datter.codes import OBJECT_DAMAGED
from plotter2.errors import DataError
from plotter2.relay.codes import CUT
from plotter2.relay.framing import (
    Ask,
    Begin,
    Closed,
    Commit,
    Done,
    End,
    Frames,
    Hello,
    Lacking,
    List,
    Message,
    Piece,
    Proof,
    Prove,
    Refusal,
    Sync,
    strange,
)
from plotter2.relay.link import ITEMS_AT_ONCE, Closing, Link, Page, Source, Synced, Wanted, Welcome


@dataclass(frozen=True, slots=True)
class FarLink:
    """A receiver at the other end of a pair of pipes."""

    frames: Frames

    def hello(self) -> Welcome:
        """Ask who is there."""
        self.frames.say(Hello())
        return self.frames.expect(Welcome)

    def ask(self, items: Sequence[Item]) -> tuple[Wanted, ...]:
        """Give those of the items that the receiver lacks."""
        self.frames.say(Ask(items=tuple(items)))
        return self.frames.expect(Lacking).wanted

    def send(self, wanted: Wanted, pieces: Iterable[bytes]) -> None:
        """Send the bytes of one item; what cannot be read is abandoned and told."""
        self.frames.say(Begin(item=wanted.item, offset=wanted.offset))
        left = wanted.item.bytes - wanted.offset
        source = iter(pieces)
        while True:
            try:
                piece = next(source, b"")
            except DataError:
                self.frames.say(End(abandoned=True))
                raise
            piece = piece[:left]  # it grew meanwhile: no longer what was named
            if not piece:
                break
            self.frames.say(Piece(data=piece))
            left -= len(piece)
        self.frames.say(End())

    def sync(self) -> Synced:
        """Have what was sent brought to the disk."""
        self.frames.say(Sync())
        return self.frames.expect(Synced)

    def commit(self, closing: Closing) -> None:
        """Have the new state counted."""
        self.frames.say(Commit(closing=closing))
        self.frames.expect(Done)

    def prove(self, digest: str, nonce: bytes) -> str:
        """Ask for the SHA-256 of nonce and object."""
        self.frames.say(Prove(digest=digest, nonce=nonce))
        return self.frames.expect(Proof).sha256


@dataclass(frozen=True, slots=True)
class FarSource:
    """A root at the other end of a pair of pipes."""

    frames: Frames

    def items(self) -> Sequence[Item]:
        """Give all items."""
        found: list[Item] = []
        more = True
        while more:
            self.frames.say(List(after=len(found)))
            page = self.frames.expect(Page)
            found += page.items
            more = page.more and bool(page.items)
        return found

    def read(self, item: Item, offset: int) -> Iterator[bytes]:
        """Give the bytes of an item from `offset` on."""
        self.frames.say(Begin(item=item, offset=offset))
        try:
            yield from _pieces(self.frames, item.bytes - offset)
        except _Abandoned:
            raise DataError(
                OBJECT_DAMAGED,
                f"the other side cannot read the {item.kind} {item.name}",
                help="look at the other root with plotter2 fsck",
            ) from None

    def is_sound(self, item: Item) -> bool:
        """Tell whether an item is worth sending again: here nobody knows."""
        return True


class _Abandoned(Exception):
    """The other side could not read the rest of an item."""


def serve_receiver(frames: Frames, receiver: Link) -> None:
    """Answer a sender until it ends; what is refused ends it too. Raises DataError when the connection fails."""
    _served(frames, lambda message: _received(frames, receiver, message))


def serve_source(frames: Frames, source: Source) -> None:
    """Answer a reader until it ends."""
    items = source.items()
    known = {(item.kind, item.name): item for item in items}

    def answer(message: Message) -> None:
        match message:
            case List(after=after):
                page = tuple(items[after : after + ITEMS_AT_ONCE])
                frames.say(Page(items=page, more=after + len(page) < len(items)))
            case Begin(item=item, offset=offset) if known.get((item.kind, item.name)) == item:
                try:
                    for piece in source.read(item, offset):
                        frames.say(Piece(data=piece))
                    frames.say(End())
                except DataError as error:
                    if error.code == CUT:
                        raise
                    frames.say(End(abandoned=True))
            case _:
                raise strange(type(message).__name__)

    _served(frames, answer)


def _served(frames: Frames, answer: Callable[[Message], None]) -> None:
    while True:
        try:
            answer(frames.hear())
        except Closed:
            return
        except DataError as error:
            problem = error.problem()
            frames.say(Refusal(code=problem.code, message=problem.message, help=problem.help))
            raise


def _received(frames: Frames, receiver: Link, message: Message) -> None:
    match message:
        case Hello():
            frames.say(receiver.hello())
        case Ask(items=items):
            frames.say(Lacking(wanted=receiver.ask(items)))
        case Begin(item=item, offset=offset):
            try:
                receiver.send(
                    Wanted(item=item, offset=offset), _pieces(frames, item.bytes - offset)
                )
            except _Abandoned:
                return
        case Sync():
            frames.say(receiver.sync())
        case Commit(closing=closing):
            receiver.commit(closing)
            frames.say(Done())
        case Prove(digest=digest, nonce=nonce):
            frames.say(Proof(sha256=receiver.prove(digest, nonce)))
        case _:
            raise strange(type(message).__name__)


def _pieces(frames: Frames, most: int) -> Iterator[bytes]:
    while True:
        try:
            message = frames.hear()
        except Closed:
            raise strange("an end in the middle of an item") from None
        match message:
            case Piece(data=data) if data and len(data) <= most:
                most -= len(data)
                yield data
            case End(abandoned=False):
                return
            case End():
                raise _Abandoned
            case _:
                raise strange(f"{type(message).__name__} in the middle of an item")
