"""Frames over a pair of pipes: a length of four bytes, then one msgpack value of a known kind, of limited size.

Nothing waits for ever: a side that says nothing for a while is given up.
"""

from __future__ import annotations

import os
import select
import time
from typing import TypeAlias, TypeVar

import msgspec

from plotter2.datter.arrival import Item
from plotter2.errors import DataError
from plotter2.relay.codes import CUT, NOT_UNDERSTOOD
from plotter2.relay.link import Closing, Page, Said, Size, Synced, Wanted, Welcome

LARGEST_FRAME = 4 << 20
PATIENCE_S = 300.0
"""A slow disk may need long for its sync."""
_HEAD = 4
_STEP = 1 << 16


class Hello(Said, frozen=True):
    """Who is there?"""


class Ask(Said, frozen=True):
    """Which of these do you lack?"""

    items: tuple[Item, ...]


class Lacking(Said, frozen=True):
    """These."""

    wanted: tuple[Wanted, ...]


class Begin(Said, frozen=True):
    """The bytes of an item follow, from an offset on, as pieces and an end."""

    item: Item
    offset: Size = 0


class Piece(Said, frozen=True):
    """Some bytes."""

    data: bytes


class End(Said, frozen=True):
    """No more bytes; `abandoned` when the rest could not be read."""

    abandoned: bool = False


class Sync(Said, frozen=True):
    """Bring to your disk what I sent."""


class Commit(Said, frozen=True):
    """Let the new state count."""

    closing: Closing


class Done(Said, frozen=True):
    """It is on the disk and counts."""


class Prove(Said, frozen=True):
    """What is the SHA-256 of this nonce and that object?"""

    digest: str
    nonce: bytes


class Proof(Said, frozen=True):
    """That is it; empty when the object is not there."""

    sha256: str


class List(Said, frozen=True):
    """What do you have, from the n-th item on?"""

    after: Size


class Refusal(Said, frozen=True):
    """No, and why; nothing more is said."""

    code: str
    message: str
    help: str


Message: TypeAlias = (
    Hello | Ask | Lacking | Begin | Piece | End | Sync | Synced | Commit | Done | Prove | Proof
    | List | Page | Welcome | Refusal
)  # fmt: skip
_Kind = TypeVar("_Kind", bound=Said)
_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_ENCODER = msgspec.msgpack.Encoder()


class Closed(Exception):
    """The other side ended where an end is in order."""


class Frames:
    """One side of a conversation over two descriptors, which it makes non-blocking."""

    def __init__(self, reading: int, writing: int, patience_s: float = PATIENCE_S) -> None:
        self._reading = reading
        self._writing = writing
        self._patience_s = patience_s
        for fd in (reading, writing):
            os.set_blocking(fd, False)

    def say(self, message: Message) -> None:
        """Send one message. Raises DataError (P2-D0916)."""
        content = _ENCODER.encode(message)
        assert len(content) <= LARGEST_FRAME
        view = memoryview(len(content).to_bytes(_HEAD, "big") + content)
        deadline = time.monotonic() + self._patience_s
        while view:
            try:
                view = view[os.write(self._writing, view[:_STEP]) :]
            except BlockingIOError:
                self._wait(self._writing, select.POLLOUT, deadline)
            except OSError as error:
                raise self._told_or(cut(str(error.strerror))) from None

    def hear(self) -> Message:
        """Give the next message. Raises Closed, and DataError (P2-D0916, P2-D0917)."""
        deadline = time.monotonic() + self._patience_s
        head = self._exactly(_HEAD, deadline, may_end=True)
        length = int.from_bytes(head, "big")
        if not 0 < length <= LARGEST_FRAME:
            raise strange(f"a frame of {length} bytes")
        try:
            return _DECODER.decode(self._exactly(length, deadline, may_end=False))
        except msgspec.MsgspecError as error:
            raise strange(str(error)) from None

    def expect(self, kind: type[_Kind]) -> _Kind:
        """Give the next message, which must be of a kind. Raises DataError, also what the other side refused with."""
        try:
            heard = self.hear()
        except Closed:
            raise cut("the other side ended") from None
        if isinstance(heard, Refusal):
            raise refusal(heard)
        if not isinstance(heard, kind):
            raise strange(f"{type(heard).__name__} where {kind.__name__} was due")
        return heard

    def _exactly(self, count: int, deadline: float, *, may_end: bool) -> bytes:
        got = bytearray()
        while len(got) < count:
            try:
                piece = os.read(self._reading, count - len(got))
            except BlockingIOError:
                self._wait(self._reading, select.POLLIN, deadline)
                continue
            except OSError as error:
                raise cut(str(error.strerror)) from None
            if not piece:
                if may_end and not got:
                    raise Closed
                raise cut("it ended in the middle of a frame")
            got += piece
        return bytes(got)

    @staticmethod
    def _wait(fd: int, what: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(fd, what)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise cut("the other side says nothing any more")

    def _told_or(self, error: DataError) -> DataError:
        """Give what the other side said before it ended, if it said anything."""
        try:
            heard = self.hear()
        except (Closed, DataError):
            return error
        return refusal(heard) if isinstance(heard, Refusal) else error


def refusal(heard: Refusal) -> DataError:
    """Give what the other side refused with as an error of this side."""
    return DataError(
        heard.code, f"the other side says: {heard.message}"[:2000], help=heard.help[:2000]
    )


def cut(why: str) -> DataError:
    """Give the error for a connection that ended (P2-D0916)."""
    return DataError(
        CUT,
        f"the connection to the other side was cut: {why}",
        help="look whether the other machine is up, then do it again: what was acknowledged is not sent again",
    )


def strange(what: str) -> DataError:
    """Give the error for what does not belong into the conversation (P2-D0917)."""
    return DataError(
        NOT_UNDERSTOOD,
        f"the other side said something that does not belong there: {what[:300]}",
        help="use the same release of plotter2 on both sides; is it plotter2 that answers there?",
    )
