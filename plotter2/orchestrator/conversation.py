"""What a child has said so far, checked word by word. Knows no process, no socket, no clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from plotter2.errors import HostError
from plotter2.orchestrator.verdict import failed
from plotter2.printable import printable
from plotter2.wire import codes
from plotter2.wire.codec import decode_from_child
from plotter2.wire.messages import (
    MESSAGE_COUNT_LIMIT,
    PROTOCOL,
    Blob,
    ColumnFound,
    Confined,
    Done,
    Failed,
    FromChild,
    FromHost,
    Hello,
    Note,
    Progress,
    Released,
    TableShown,
)
from plotter2.wire.order import State, step

Event: TypeAlias = Progress | Note | TableShown
"""What is told while a child works; every text in it is printable."""

MESSAGE_BYTES_LIMIT: Final = 16 * 1024 * 1024
"""Most bytes that one child may send in messages."""


class Conversation:
    """The talk with one child: `hear` what it sends, `say` that it got its job.

    `output_bytes` is the size of its output memory. `on_release` is told of what it said before it let others go on;
    without one it may not.
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        output_bytes: int,
        on_release: Callable[[tuple[FromChild, ...]], None] | None = None,
    ) -> None:
        self._on_event = on_event
        self._on_release = on_release
        self._output_left = output_bytes
        self._count = 0
        self._bytes = 0
        self.state = State.STARTED
        self.messages: list[FromChild] = []
        self.confined: Confined | None = None
        self.timings_ms: dict[str, float] = {}

    @property
    def is_over(self) -> bool:
        """Tell whether the child has said its last word."""
        return self.state is State.ENDED

    @property
    def is_at_work(self) -> bool:
        """Tell whether it has its job and is not done."""
        return self.state in (State.WORKING, State.RELEASED)

    def hear(self, data: bytes) -> None:
        """Take one packet.

        Raises HostError (P2-H0908) when it is no message, comes out of turn, or is one too many;
        the child's own error when it says that it failed; and whatever `on_event` and `on_release` raise.
        """
        self._count += 1
        self._bytes += len(data)
        if self._count > MESSAGE_COUNT_LIMIT or self._bytes > MESSAGE_BYTES_LIMIT:
            raise HostError(
                codes.PROTOCOL_BROKEN,
                f"the child sent more than {MESSAGE_COUNT_LIMIT} messages, or too large ones",
            )
        message = decode_from_child(data)
        self.state = step(self.state, message)
        self._take(message)

    def say(self, word: FromHost) -> None:
        """Note what the child was told: its terms, then its job."""
        self.state = step(self.state, word)

    def _take(self, message: FromChild) -> None:
        match message:
            case Progress(stage=stage, unit=unit):
                safe = {"stage": printable(stage), "unit": printable(unit)}
                self._on_event(msgspec.structs.replace(message, **safe))
            case Note(text=text):
                self._on_event(msgspec.structs.replace(message, text=printable(text)))
            case TableShown():
                self._on_event(_printable_table(message))
            case Failed():
                raise failed(message)
            case Hello(protocol=protocol):
                if protocol != PROTOCOL:
                    raise HostError(
                        codes.PROTOCOL_BROKEN,
                        f"the child speaks protocol {protocol}, the host {PROTOCOL}",
                    )
            case Confined():
                self.confined = message
            case Done(timings_ms=timings):
                self.timings_ms = _checked_timings(timings)
            case Blob(length=length) | ColumnFound(length=length):
                self._take_output(length)
                self.messages.append(message)
            case _:
                self._keep(message)

    def _keep(self, message: FromChild) -> None:
        if isinstance(message, Released):
            if self._on_release is None:
                raise HostError(
                    codes.PROTOCOL_BROKEN,
                    "the child lets others go on, and nothing that it runs says so",
                )
            self._on_release(tuple(self.messages))
        self.messages.append(message)

    def _take_output(self, length: int) -> None:
        # Pieces do not overlap, so all together they fit. The host copies each of them: a child that
        # names the same bytes again and again would have it copy without end.
        self._output_left -= length
        if self._output_left < 0:
            raise HostError(
                codes.PROTOCOL_BROKEN, "the child announced more bytes than its output can hold"
            )


def _printable_table(shown: TableShown) -> TableShown:
    return msgspec.structs.replace(
        shown,
        columns=[(printable(name), printable(kind)) for name, kind in shown.columns],
        first=[[None if v is None else printable(v) for v in row] for row in shown.first],
    )


def _checked_timings(timings: dict[str, float]) -> dict[str, float]:
    if not all(math.isfinite(ms) and ms >= 0 for ms in timings.values()):
        raise HostError(codes.PROTOCOL_BROKEN, "the child measured a time that cannot be")
    return {printable(stage): ms for stage, ms in timings.items()}
