"""What a request is, and what is said when something cannot be done with one. No SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from plotter2.datter import codes
from plotter2.datter.bodies import Body, Kind
from plotter2.datter.leases import Holder, is_over
from plotter2.errors import DataError, Problem

State: TypeAlias = Literal["queued", "leased", "done", "failed", "dead", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
MOST_CRASHES = 3
"""A request whose holder or child died so often is dead: it is put aside, and a person decides."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody asks for. The same `key` again is the same request, whoever asks and however often."""

    kind: Kind
    subject: str
    body: Body
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a holder shows when it ends a request: good for one attempt of it."""

    request: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is now. Times in ms since 1970; `run` is the run of the newest attempt."""

    id: str
    key: str | None
    kind: str
    subject: str
    body: Body
    state: State
    asked: int
    changed: int
    attempt: int
    crashes: int
    run: str | None
    holder: Holder | None
    until: int | None
    result: dict[str, Any] | None
    error: Problem | None

    @property
    def token(self) -> Token:
        """Give the token of the newest attempt."""
        return Token(self.id, self.attempt)

    @property
    def is_abandoned(self) -> bool:
        """Tell whether it is leased and its holder is gone or its time is over."""
        return (
            self.holder is not None and self.until is not None and is_over(self.holder, self.until)
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a request's history."""

    at: int
    state: State
    attempt: int
    run: str | None
    why: str


def in_progress(request: Request) -> DataError:
    """Give the error for a request that a living process works on (P2-D0886)."""
    pid = request.holder.pid if request.holder else "?"
    return DataError(
        codes.IN_PROGRESS,
        f"process {pid} is at work on the request {request.id} ({request.kind} {request.subject})",
        where=request.id,
        help=f"wait until it is done, or stop it: plotter2 requests cancel {request.id}",
    )


def ended(request: Request) -> DataError:
    """Give the error for a request whose state does not allow what was wanted (P2-D0889)."""
    why = f": {request.error.message} [{request.error.code}]" if request.error else ""
    again = f"have it tried again: plotter2 requests retry {request.id}"
    if request.state == "done":
        again = "ask anew for what you want done once more"
    return DataError(
        codes.REQUEST_ENDED,
        f"the request {request.id} ({request.kind} {request.subject}) is {request.state}{why}",
        where=request.id,
        help=again,
    )


def other_body(asking: Asking, body: str, earlier: str, kind: str, there: str) -> DataError:
    """Give the error for a key that was used for something else (P2-D0885)."""
    return DataError(
        codes.KEY_TAKEN,
        f"the key {asking.key!r} was used for another request",
        where=earlier,
        help="choose another key for what is new, or ask exactly what was asked with this one",
        note=_differences((kind, there), (asking.kind, body)),
    )


def _differences(then: tuple[str, str], now: tuple[str, str]) -> str:
    """Say in what two requests differ, each `(kind, body)`: of one kind, only what is not the same."""
    bodies: list[dict[str, Any]] = [msgspec.json.decode(body) for _, body in (then, now)]
    shared = then[0] == now[0]
    names = {
        name
        for name in bodies[0].keys() | bodies[1].keys()
        if not shared or bodies[0].get(name) != bodies[1].get(name)
    }
    if names != {"sha256"}:  # which says something only where the name of the script does not
        names.discard("sha256")
    told = [
        f"{kind}, "
        + ", ".join(
            _said(name, value)
            for name, value in body.items()
            if name in names and (shared or value)
        )
        for (kind, _), body in zip((then, now), bodies, strict=True)
    ]
    return f"asked then: {told[0]}\nasked now: {told[1]}"


def _said(name: str, value: object) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        shown = ", ".join(value)
    else:
        shown = msgspec.json.encode(value).decode()
    return f"{name} {shown or 'none'}"


def stale(token: Token, request: Request) -> DataError:
    """Give the error for a token whose lease is over and gone (P2-D0887)."""
    now = f"attempt {request.attempt} is {request.state}"
    return DataError(
        codes.LEASE_LOST,
        f"attempt {token.attempt} at the request {token.request} has lost its lease: {now}",
        where=token.request,
        help=f"nothing of this attempt was kept; see: plotter2 requests show {token.request}",
    )


def unknown(request_id: str, *, several: bool) -> DataError:
    """Give the error for a text that means no request, or several (P2-D0888)."""
    return DataError(
        codes.UNKNOWN_REQUEST,
        f"several requests have an id that begins with {request_id!r}"
        if several
        else f"there is no request {request_id!r}",
        where=request_id,
        help="plotter2 requests ls --all lists them",
    )
