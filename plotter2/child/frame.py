"""The outermost frame of a child: confine, greet, wait for terms and one job, do it, say how it ended, end.

Nothing that happens inside leaves this frame but messages and an exit code.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from plotter2.child import preload
from plotter2.child.channel import ChildChannel
from plotter2.config.levels import reaches
from plotter2.errors import HostError, Plotter2Error
from plotter2.printable import printable
from plotter2.sandbox.confine import confine
from plotter2.sandbox.plan import Plan
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import WIDEST, Budget, Parent, mapped_now, tighten
from plotter2.wire import codes, limits
from plotter2.wire.codec import decode_from_host, encode
from plotter2.wire.messages import (
    JOB_FDS_LIMIT,
    MESSAGE_LIMIT,
    PROTOCOL,
    Confined,
    Done,
    Failed,
    Hello,
    Job,
    LookJob,
    ReadJob,
    RunJob,
    Terms,
    WriteJob,
)

Handler: TypeAlias = Callable[[Any, Sequence[int], ChildChannel], None]
"""Does a job: (job, its descriptors with the output first, channel). Reports failure by raising."""

_JOB_NAMES: Final[Mapping[type[Job], str]] = {
    RunJob: "run", ReadJob: "read", WriteJob: "write", LookJob: "look",
}  # fmt: skip

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_SPEECHLESS: Final = 70
_TEXT_LIMIT: Final = 8_000


@dataclass(frozen=True, slots=True)
class Birth:
    """What a child is born with: its plan, who can do which job, who its parent is."""

    plan: Plan
    jobs: Mapping[str, Handler]
    parent: Parent


def live(channel: int, birth: Birth) -> NoReturn:
    """Be a child from birth to death; `channel` is its end of the socket to the host."""
    code = EXIT_SPEECHLESS
    try:
        os.dup2(channel, CHANNEL_FD, inheritable=False)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=CHANNEL_FD)
        code = _work(connection, birth)
    finally:
        os._exit(code)


def _work(connection: socket.socket, birth: Birth) -> int:
    debug = False
    job: Job | None = None
    try:
        confined, mapped = _ready(connection, birth)
        terms = _terms(connection)
        debug = terms.debug
        start = time.perf_counter()
        _agree(birth.plan, terms, mapped)
        job, fds = receive(connection)
        timings = _done(job, fds, connection, birth)
        timings["child"] = (time.perf_counter() - start) * 1000
        connection.send(encode(Done(timings_ms={"confine": confined.confine_ms, **timings})))
    # The one place where everything is caught, panics of libraries and SystemExit included: a child
    # has nobody above it, and whatever goes wrong must reach the host as a message.
    except BaseException as error:  # noqa: BLE001 - see above
        connection.send(encode(failure(error, debug=debug, job=job)))
        return EXIT_FAILED
    return EXIT_DONE


def _ready(connection: socket.socket, birth: Birth) -> tuple[Confined, int]:
    """Confine this process for whatever job will come; give what holds, and what it has mapped."""
    connection.send(encode(Hello(protocol=PROTOCOL, pid=os.getpid())))
    mapped = mapped_now()
    confined = confine(birth.plan, WIDEST, channel=CHANNEL_FD, parent=birth.parent)
    connection.send(encode(confined))
    preload.reseed()
    return confined, mapped


def _terms(connection: socket.socket) -> Terms:
    """Wait, for long if need be: this is where a child stands that nobody needs yet."""
    data, _, _, _ = connection.recvmsg(MESSAGE_LIMIT + 1)  # the filter knows no other way to hear
    said = decode_from_host(data)
    if not isinstance(said, Terms):
        raise HostError(codes.PROTOCOL_BROKEN, "a job came without its terms")
    return said


def _agree(plan: Plan, terms: Terms, mapped: int) -> None:
    if not reaches(plan.level, terms.minimum):
        raise HostError(
            codes.BELOW_MINIMUM,
            f"the child is confined at level {plan.level}, below {terms.minimum}",
            help="`plotter2 doctor` says what is missing on this machine",
        )
    tighten(Budget(terms.cpu_seconds, terms.memory_bytes), mapped)


def _done(
    job: Job, fds: Sequence[int], connection: socket.socket, birth: Birth
) -> dict[str, float]:
    channel = ChildChannel(connection, fds[0], job)
    name = _JOB_NAMES[type(job)]
    start = time.perf_counter()
    handler = birth.jobs.get(name)
    if handler is None:
        raise HostError(codes.PROTOCOL_BROKEN, f"this child does no job of the kind {name!r}")
    handler(job, fds, channel)
    channel.timings_ms.setdefault("work", (time.perf_counter() - start) * 1000)
    return channel.timings_ms


def receive(connection: socket.socket) -> tuple[Job, list[int]]:
    """Wait for the one job and its descriptors. Raises HostError (P2-H0908) when it is not one."""
    data, fds, flags, _ = socket.recv_fds(connection, MESSAGE_LIMIT + 1, JOB_FDS_LIMIT)
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or not fds:
        raise HostError(codes.PROTOCOL_BROKEN, "the job came without all of its descriptors")
    job = decode_from_host(data)
    if isinstance(job, Terms):
        raise HostError(codes.PROTOCOL_BROKEN, "terms came twice")
    return job, fds


def failure(error: BaseException, *, debug: bool, job: Job | None = None) -> Failed:
    """Give the message for an exception, of a job if there was one; only one raised on purpose keeps its own words."""
    trace = "".join(traceback.format_exception(error))[-_TEXT_LIMIT:] if debug else ""
    if isinstance(error, Plotter2Error):
        said = error
    elif isinstance(error, MemoryError):
        said = HostError(
            codes.MEMORY_LIMIT,
            f"{limits.called(job)} asked for more memory than it may use",
            help=limits.remedy(codes.MEMORY_LIMIT, job) if job else "",
        )
    else:
        said = HostError(
            codes.CHILD_BUG,
            f"{limits.called(job)} met an error that plotter2 did not foresee ({_described(error)})",
            help="this is a bug in plotter2; --debug shows where it happened",
        )
    return Failed(
        code=said.code,
        message=_sendable(said.message),
        where=_sendable(said.where),
        help=_sendable(said.help),
        note=_sendable(trace or said.note),
        span=getattr(error, "span", None),
    )


def _sendable(text: str) -> str:
    # Half a character has no bytes: a failure that says one could not be told at all.
    return printable(text[:_TEXT_LIMIT])


def _described(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0][:200]
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind
