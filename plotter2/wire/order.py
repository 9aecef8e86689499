"""Which message may come when, in the talk with one child."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from plotter2.errors import HostError
from plotter2.wire import codes
from plotter2.wire.messages import (
    AnyMessage,
    ArrayFound,
    Blob,
    ColumnFound,
    ColumnKept,
    Confined,
    Done,
    Failed,
    FileRefused,
    GaveUp,
    Hello,
    LineRefused,
    LookJob,
    Message,
    NodeHeld,
    Note,
    Owned,
    Progress,
    ReadJob,
    RedoAsked,
    Released,
    RowsCounted,
    RunFound,
    RunJob,
    TableFound,
    TableShown,
    Terms,
    TextUnfit,
    WriteJob,
)


class State(StrEnum):
    """Where the talk with a child stands, as the host sees it."""

    STARTED = "started"
    GREETED = "greeted"
    CONFINED = "confined"
    AGREED = "agreed"
    WORKING = "working"
    RELEASED = "released"
    ENDED = "ended"


_WORK: tuple[type[Message], ...] = (
    Progress,
    Note,
    TableShown,
    Blob,
    RowsCounted,
    ColumnFound,
    ColumnKept,
    ArrayFound,
    TableFound,
    LineRefused,
    FileRefused,
    RunFound,
    NodeHeld,
    RedoAsked,
    Owned,
    GaveUp,
    TextUnfit,
)
_LAST: dict[type[Message], State] = {Done: State.ENDED, Failed: State.ENDED}
TRANSITIONS: MappingProxyType[State, MappingProxyType[type[Message], State]] = MappingProxyType(
    {
        State.STARTED: MappingProxyType({Hello: State.GREETED, Failed: State.ENDED}),
        State.GREETED: MappingProxyType({Confined: State.CONFINED, Failed: State.ENDED}),
        State.CONFINED: MappingProxyType({Terms: State.AGREED, Failed: State.ENDED}),
        State.AGREED: MappingProxyType(
            {
                RunJob: State.WORKING,
                ReadJob: State.WORKING,
                WriteJob: State.WORKING,
                LookJob: State.WORKING,
                Failed: State.ENDED,
            }
        ),
        State.WORKING: MappingProxyType(
            {**dict.fromkeys(_WORK, State.WORKING), Released: State.RELEASED, **_LAST}
        ),
        State.RELEASED: MappingProxyType({**dict.fromkeys(_WORK, State.RELEASED), **_LAST}),
        State.ENDED: MappingProxyType({}),
    }
)
"""State -> message that may come (or, from CONFINED and AGREED, that the host may send) -> next state."""


def step(state: State, message: AnyMessage) -> State:
    """Give the state after `message`; raises HostError (P2-H0908) when it may not come now."""
    after = TRANSITIONS[state].get(type(message))
    if after is None:
        kind = type(message).__name__
        raise HostError(
            codes.PROTOCOL_BROKEN, f"a {kind} message came in the state {state.value!r}"
        )
    return after
