"""What the orchestrator and its zygote say to each other. Both are trusted; the codec is strict anyway.

The control socket carries one Ready (or Failed) and then MakeChild messages, each with two
descriptors: the child's channel and a status socket. What becomes of that child is told on its
status socket: Made (with its descriptors), later Ended; or Failed when it could
not be made.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.printable import one_line
from plotter2.wire import codes
from plotter2.wire.messages import MESSAGE_LIMIT, Count, Failed, Message, Name, Text


class Ready(Message, frozen=True):
    """The zygote has loaded everything; this is how its children will be confined."""

    level: Level
    layers: dict[Name, bool]
    missing: dict[Name, Text]


Equipment: TypeAlias = Literal["files", "python"]
"""What only some jobs need: to read foreign files, to run steps in Python."""


class MakeChild(Message, frozen=True):
    """Fork a child that confines itself and waits for its terms and its job; load before what the job needs beyond."""

    needs: tuple[Equipment, ...] = ()


class Made(Message, frozen=True):
    """The child runs; its pidfd and, opened, its /proc/PID/status and smaps_rollup come with this message."""

    pid: Count


class Ended(Message, frozen=True):
    """The child is dead and reaped: exit code, or minus the signal; what it used."""

    code: int
    cpu_ms: float
    peak_rss_bytes: Count


FromZygote: TypeAlias = Ready | Made | Ended | Failed

_ENCODER = msgspec.msgpack.Encoder()
_ORDER: msgspec.msgpack.Decoder[MakeChild] = msgspec.msgpack.Decoder(MakeChild)
_FROM_ZYGOTE: msgspec.msgpack.Decoder[FromZygote] = msgspec.msgpack.Decoder(FromZygote)


def encode(message: MakeChild | FromZygote) -> bytes:
    """Give the bytes of a message."""
    return _ENCODER.encode(message)


def decode_order(data: bytes) -> MakeChild:
    """Read what the orchestrator sent. Raises HostError (P2-H0908)."""
    try:
        return _ORDER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HostError(
            codes.PROTOCOL_BROKEN, f"an order for a child is wrong: {one_line(str(error))}"
        ) from None


def decode_from_zygote(data: bytes) -> FromZygote:
    """Read what a zygote sent. Raises HostError (P2-H0908)."""
    if len(data) > MESSAGE_LIMIT:
        raise HostError(codes.PROTOCOL_BROKEN, f"the zygote sent over {MESSAGE_LIMIT} bytes")
    try:
        return _FROM_ZYGOTE.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HostError(
            codes.PROTOCOL_BROKEN, f"the zygote's word is wrong: {one_line(str(error))}"
        ) from None
