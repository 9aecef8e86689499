"""The outermost frame of a child: confine, greet, take one job, do it, say how it ended, end.

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
from plotter2.sandbox.confine import confine
from plotter2.sandbox.plan import Plan
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import Budget, Parent
from plotter2.wire import codes
from plotter2.wire.messages import (
    JOB_FDS_LIMIT,
    MESSAGE_LIMIT,
    PROTOCOL,
    Done,
    Failed,
    Hello,
    Job,
    ReadJob,
    RunJob,
    WriteJob,
    decode_job,
    encode,
)
from plotter2.wire.zygote import MakeChild

Handler: TypeAlias = Callable[[Any, Sequence[int], ChildChannel], None]
"""Does a job: (job, its descriptors with the output first, channel). Reports failure by raising."""

_JOB_NAMES: Final[Mapping[type[Job], str]] = {RunJob: "run", ReadJob: "read", WriteJob: "write"}

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_SPEECHLESS: Final = 70
_TEXT_LIMIT: Final = 8_000


@dataclass(frozen=True, slots=True)
class Birth:
    """What a child is born with: its plan, its orders, who can do which job, who its parent is."""

    plan: Plan
    order: MakeChild
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
    start = time.perf_counter()
    try:
        timings = _job(connection, birth)
        timings["child"] = (time.perf_counter() - start) * 1000
        connection.send(encode(Done(timings_ms=timings)))
    # The one place where everything is caught, panics of libraries and SystemExit included: a child
    # has nobody above it, and whatever goes wrong must reach the host as a message.
    except BaseException as error:  # noqa: BLE001 - see above
        connection.send(encode(failure(error, debug=birth.order.debug)))
        return EXIT_FAILED
    return EXIT_DONE


def _job(connection: socket.socket, birth: Birth) -> dict[str, float]:
    plan, order = birth.plan, birth.order
    connection.send(encode(Hello(protocol=PROTOCOL, pid=os.getpid())))
    if not reaches(plan.level, order.minimum):
        raise below_minimum(plan, order)
    budget = Budget(order.cpu_seconds, order.memory_bytes)
    confined = confine(plan, budget, channel=CHANNEL_FD, parent=birth.parent)
    connection.send(encode(confined))
    preload.reseed()
    job, fds = receive(connection)
    channel = ChildChannel(connection, fds[0])
    name = _JOB_NAMES[type(job)]
    start = time.perf_counter()
    birth.jobs[name](job, fds, channel)
    channel.timings_ms.setdefault("work", (time.perf_counter() - start) * 1000)
    return {"confine": confined.confine_ms, **channel.timings_ms}


def receive(connection: socket.socket) -> tuple[Job, list[int]]:
    """Wait for the one job and its descriptors. Raises HostError (P2-H0908) when it is not one."""
    data, fds, flags, _ = socket.recv_fds(connection, MESSAGE_LIMIT + 1, JOB_FDS_LIMIT)
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or not fds:
        raise HostError(codes.PROTOCOL_BROKEN, "the job came without all of its descriptors")
    return decode_job(data), fds


def failure(error: BaseException, *, debug: bool) -> Failed:
    """Give the message for an exception; only one raised on purpose keeps its own words."""
    trace = "".join(traceback.format_exception(error))[-_TEXT_LIMIT:] if debug else ""
    if isinstance(error, Plotter2Error):
        said = error
    elif isinstance(error, MemoryError):
        said = HostError(
            codes.MEMORY_LIMIT,
            "the run asked for more memory than it may use",
            help="read fewer rows or columns, or raise the memory limit",
        )
    else:
        said = HostError(
            codes.CHILD_BUG,
            f"the run met an error that plotter2 did not foresee ({_described(error)})",
            help="this is a bug in plotter2; --debug shows where it happened",
        )
    return Failed(
        code=said.code,
        message=said.message[:_TEXT_LIMIT],
        where=said.where[:_TEXT_LIMIT],
        help=said.help[:_TEXT_LIMIT],
        note=(trace or said.note)[:_TEXT_LIMIT],
        span=getattr(error, "span", None),
    )


def below_minimum(plan: Plan, order: MakeChild) -> HostError:
    """Give the error that says which layers are missing here, and why."""
    why = "; ".join(f"{layer}: {reason}" for layer, reason in plan.missing.items())
    return HostError(
        codes.BELOW_MINIMUM,
        f"the sandbox reaches level {plan.level} here, but {order.minimum} is asked for ({why})",
        help="`plotter2 doctor` says what is missing; [sandbox] minimum in the settings decides",
    )


def _described(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0][:200]
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind
