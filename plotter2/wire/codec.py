"""The strict codec of the control messages.

Every message is one msgpack map of at most 64 KiB in one SOCK_SEQPACKET packet. A message is taken
only in its canonical form (what `encode` would write), so a map with a key twice, an unknown key or
a padded number is refused.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from plotter2.errors import HostError
from plotter2.printable import one_line
from plotter2.wire import codes
from plotter2.wire.messages import MESSAGE_LIMIT, AnyMessage, FromChild, FromHost

_Known = TypeVar("_Known")
_ENCODER = msgspec.msgpack.Encoder()
_FROM_CHILD: msgspec.msgpack.Decoder[FromChild] = msgspec.msgpack.Decoder(FromChild)
_FROM_HOST: msgspec.msgpack.Decoder[FromHost] = msgspec.msgpack.Decoder(FromHost)


def encode(message: AnyMessage) -> bytes:
    """Give the canonical bytes of a message.

    Raises HostError (P2-H0909) when a field breaks the schema or the message is over 64 KiB.
    """
    decoder = _FROM_HOST if isinstance(message, FromHost) else _FROM_CHILD
    kind = type(message).__name__
    try:
        # A Struct does not check its fields when made. Decoding does, and it turns an int that was
        # given for a float into a float, so that the second encoding is canonical.
        data = _ENCODER.encode(decoder.decode(_ENCODER.encode(message)))
    except (
        msgspec.MsgspecError,
        TypeError,
        OverflowError,
        UnicodeEncodeError,
        RecursionError,
    ) as error:
        raise HostError(
            codes.MESSAGE_REFUSED,
            f"a {kind} message does not fit its schema: {one_line(str(error))}",
        ) from None
    if len(data) > MESSAGE_LIMIT:
        raise HostError(
            codes.MESSAGE_REFUSED,
            f"a {kind} message has {len(data)} bytes; the limit is {MESSAGE_LIMIT}",
            help="send large things through the output memory, many things in several messages",
        )
    return data


def decode_from_child(data: bytes) -> FromChild:
    """Read what a child sent. Raises HostError (P2-H0908) unless it is one canonical message."""
    return _strict(_FROM_CHILD, data)


def decode_from_host(data: bytes) -> FromHost:
    """Read what the host sent. Raises HostError (P2-H0908) unless it is one canonical message."""
    return _strict(_FROM_HOST, data)


def _strict(decoder: msgspec.msgpack.Decoder[_Known], data: bytes) -> _Known:
    if len(data) > MESSAGE_LIMIT:
        raise HostError(codes.PROTOCOL_BROKEN, f"a message is over {MESSAGE_LIMIT} bytes")
    try:
        message = decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HostError(
            codes.PROTOCOL_BROKEN, f"a message does not fit its schema: {one_line(str(error))}"
        ) from None
    if _ENCODER.encode(message) != data:
        raise HostError(codes.PROTOCOL_BROKEN, "a message is not in its canonical form")
    return message
