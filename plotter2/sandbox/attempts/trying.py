"""Makes each attempt in processes of its own, confined and not, and says how it ended. Hears no child's words."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plotter2.config.levels import reaches
from plotter2.errors import HostError, Plotter2Error
from plotter2.sandbox import native
from plotter2.sandbox.attempts.attempt import REFUSALS, Attempt, Place
from plotter2.sandbox.attempts.files import DEVICES, FILES, METADATA, PROC
from plotter2.sandbox.attempts.memory import MEMORY, NEW_CODE
from plotter2.sandbox.attempts.needed import NEEDED, READING
from plotter2.sandbox.attempts.network import NETWORK
from plotter2.sandbox.attempts.processes import PRIVILEGES, PROCESSES, SIGNALS
from plotter2.sandbox.attempts.surroundings import Surroundings
from plotter2.sandbox.attempts.told import Verdict
from plotter2.sandbox.confine import confine
from plotter2.sandbox.cradle import Cradle
from plotter2.sandbox.namespaces import WORLD, enter_own_users
from plotter2.sandbox.plan import Plan
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import Budget, Parent
from plotter2.wire import codes

ATTEMPTS: Final[tuple[Attempt, ...]] = (
    *FILES,
    *METADATA,
    *DEVICES,
    *PROC,
    *NETWORK,
    *PROCESSES,
    *SIGNALS,
    *PRIVILEGES,
    *MEMORY,
    *NEW_CODE,
)


_BUDGET: Final = Budget(cpu_seconds=10, memory_bytes=1 << 28)
_SECONDS: Final = 10.0
_DONE: Final = 0
_NOT_CONFINED: Final = 254
_OTHER_ERROR: Final = 255

Prepare = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Tried:
    """How an attempt ended inside and outside: exit codes, an error number, or minus a signal."""

    attempt: Attempt
    inside: int
    outside: int
    promised: bool

    @property
    def control(self) -> bool:
        """Tell whether it works outside: only then does it say anything that it does not inside."""
        return self.outside == _DONE

    @property
    def stopped(self) -> bool:
        """Tell whether it was refused inside, or ended the process."""
        return self.inside == -signal.SIGSYS or self.inside in REFUSALS | set(self.attempt.also)

    @property
    def verdict(self) -> Verdict:
        """Give what this means; an attempt without a live control is never counted as stopped."""
        if self.inside != _DONE and not self.control:
            return "not testable"
        if self.stopped:
            return "stopped"
        return "got through" if self.promised else "not promised"

    @property
    def answer(self) -> str:
        """Give how it ended inside, as the kernel names it."""
        return _named(self.inside)


class Trying:
    """Makes attempts under one plan. The process must have settled (`cradle`) and have one thread."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._here = Parent.this()
        self._cradle = Cradle.made(apart=plan.own_processes)
        self._beside = Cradle.made(apart=False)
        self._surroundings = Surroundings(next(iter(plan.folders), ""))

    def __enter__(self) -> Trying:
        self._surroundings.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._surroundings.__exit__()
        self._cradle.close()
        os.close(self._here.handle)

    def all(self, attempts: Sequence[Attempt] = ATTEMPTS) -> list[Tried]:
        """Make every attempt inside and outside.

        Raises HostError (P2-H0930) when a process could not be confined as planned.
        """
        return [self._tried(attempt) for attempt in attempts]

    def needed(self) -> dict[str, bool]:
        """Give for each thing that work needs whether it works inside."""
        needs = (*NEEDED, READING) if self._plan.reads_folders else NEEDED
        return {need.name: self._inside(need) == _DONE for need in needs}

    def _tried(self, attempt: Attempt) -> Tried:
        inside = self._inside(attempt)
        with self._surroundings.place() as place:
            prepare = _lend if attempt.lent else _keep
            outside = _ended(self._beside, prepare, attempt, place)
        return Tried(attempt, inside, outside, reaches(self._plan.level, attempt.promised))

    def _inside(self, attempt: Attempt) -> int:
        with self._surroundings.place() as place:
            inside = _ended(self._cradle, self._confine, attempt, place)
        if inside == _NOT_CONFINED:
            raise HostError(
                codes.SELF_TEST_BROKEN,
                f"no process could be confined to try: {attempt.name}",
                help="`plotter2 doctor` without --self-test says which layers this machine has",
            )
        return inside

    def _confine(self, channel: int) -> None:
        confine(self._plan, _BUDGET, channel=channel, parent=self._here)


def _keep(channel: int) -> None:
    os.dup2(channel, CHANNEL_FD)


def _lend(channel: int) -> None:
    _keep(channel)
    world = sum(WORLD.values())
    if os.geteuid() == 0:
        native.unshare(world)
    else:
        enter_own_users(world)
    # What is mounted in the own namespace must not appear outside of it.
    native.mount("none", "/", None, native.MS_REC | native.MS_PRIVATE)


def _ended(cradle: Cradle, prepare: Prepare, attempt: Attempt, place: Place) -> int:
    """Make an attempt in a fork; give its error number, 0 when it got through, or minus a signal."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        child = cradle.fork()
        if child == 0:
            os._exit(_outcome(prepare, attempt, place, theirs.fileno()))
        _wait(child)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _outcome(prepare: Prepare, attempt: Attempt, place: Place, channel: int) -> int:
    try:
        prepare(channel)
    except (OSError, Plotter2Error):
        return _NOT_CONFINED
    try:
        attempt.deed(place)
    except OSError as error:
        return error.errno or _OTHER_ERROR
    except Exception:  # noqa: BLE001 - whatever it was, it was no refusal
        return _OTHER_ERROR
    return _DONE


def _wait(child: int) -> None:
    handle = os.pidfd_open(child)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if not poll.poll(_SECONDS * 1000):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    os.close(handle)


def _named(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return "done" if code == _DONE else errno.errorcode.get(code, "another error")
