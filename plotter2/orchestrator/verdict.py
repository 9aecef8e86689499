"""From how a child ended to the one error that says so. No process is touched here."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum
from typing import Final

from plotter2.config.levels import Level, missing_told
from plotter2.errors import DataError, ExitCode, HostError, Plotter2Error, RunError
from plotter2.orchestrator.task import Task
from plotter2.printable import one_line, printable
from plotter2.wire import codes, limits
from plotter2.wire.messages import Failed
from plotter2.wire.zygote import Ended, Ready


@dataclass(eq=False)
class ScriptFailed(RunError):
    """A script failed while it ran; `span` is the place (start, end) in its bytes, if known."""

    span: tuple[int, int] | None = None


class Stop(Enum):
    """Why the host ended a child."""

    WALL = "wall"
    MEMORY = "memory"
    CONFINE = "confine"
    SILENT = "silent"


_SANDBOX_SIGNAL: Final = signal.SIGSYS
_FAMILIES: Final[dict[str, type[Plotter2Error]]] = {"P2-D": DataError, "P2-H": HostError}


def failed(said: Failed) -> Plotter2Error:
    """Give the error that a child or a zygote reported; its text is made safe to print."""
    code, message, where = (one_line(part, 2_000) for part in (said.code, said.message, said.where))
    help_, note = printable(said.help), printable(said.note)
    family = _FAMILIES.get(code[:4])
    if family is not None:
        return family(code, message, where, help_, note)
    return ScriptFailed(code, message, where, help_, note, span=said.span)


def stopped(why: Stop, task: Task) -> Plotter2Error:
    """Give the error for a child that the host ended."""
    match why:
        case Stop.WALL:
            return HostError(
                codes.WALL_LIMIT,
                f"{limits.called(task.job)} took longer than {task.limits.wall_ms / 1000:g} s and was stopped",
                help=limits.remedy(codes.WALL_LIMIT, task.job),
                exit_code=ExitCode.TIMEOUT,
            )
        case Stop.MEMORY:
            return over_memory(task, "")
        case Stop.CONFINE:
            return HostError(
                codes.CHILD_DIED,
                "the child did not become ready for work in time and was stopped",
                help="run it again when the machine is less busy",
            )
        case Stop.SILENT:
            return HostError(
                codes.PROTOCOL_BROKEN, "the child closed its channel and went on; it was stopped"
            )


def below(ready: Ready, minimum: Level) -> HostError:
    """Give the error that says which layers are missing here, and why."""
    why = "; ".join(missing_told(ready.missing))
    return HostError(
        codes.BELOW_MINIMUM,
        f"the sandbox reaches level {ready.level} here, but {minimum} is asked for ({why})",
        help="`plotter2 doctor` says what is missing; [sandbox] minimum in the settings decides",
    )


def died(ended: Ended, task: Task) -> Plotter2Error:
    """Give the error for a child that ended by itself without an answer."""
    if ended.code >= 0:
        return HostError(
            codes.CHILD_DIED, f"the child ended with exit code {ended.code} without an answer"
        )
    number, called = -ended.code, limits.called(task.job)
    if number == signal.SIGXCPU or (
        number == signal.SIGKILL and ended.cpu_ms >= task.limits.cpu_ms
    ):
        return HostError(
            codes.CPU_LIMIT,
            f"{called} used more than {task.limits.cpu_ms / 1000:g} s of processor time and was stopped",
            help=limits.remedy(codes.CPU_LIMIT, task.job),
        )
    if number in (signal.SIGABRT, signal.SIGKILL):
        return over_memory(task, f"it was ended by {_name(number)}")
    if number == signal.SIGBUS:
        return HostError(
            codes.CHILD_DIED,
            "the child was ended by SIGBUS: a file that it read was cut short meanwhile, or the disk could not read it",
            help="`plotter2 scrub` finds the damaged object; run it again when the store is sound",
        )
    reason = " because it tried what the sandbox forbids" if number == _SANDBOX_SIGNAL else ""
    return HostError(
        codes.CHILD_DIED,
        f"the child was ended by {_name(number)}{reason}, without an answer",
        help="this is a bug in plotter2 or in a library, or an attack",
    )


def over_memory(task: Task, note: str) -> HostError:
    """Give the error for too much memory."""
    return HostError(
        codes.MEMORY_LIMIT,
        f"{limits.called(task.job)} asked for more memory than its {task.limits.mem_mib} MiB and was stopped",
        help=limits.remedy(codes.MEMORY_LIMIT, task.job),
        note=note,
    )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
