"""What host and child say at a limit: which work it was that went too far, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plotter2.wire.codes import CPU_LIMIT, MEMORY_LIMIT, OUTPUT_LIMIT, WALL_LIMIT
from plotter2.wire.messages import Job, LookJob, ReadJob, RunJob, WriteJob


@dataclass(frozen=True, slots=True)
class _Work:
    """A kind of work: what it is called, how to ask less of it, the setting of its output, what raising one takes."""

    called: str
    less: Mapping[str, str]
    output: str = "read_mib"
    afterwards: str = ""


_RUNNING: Final = _Work(
    "the run",
    {
        WALL_LIMIT: "read or draw less",
        CPU_LIMIT: "read or compute less",
        MEMORY_LIMIT: "read fewer rows or columns",
        OUTPUT_LIMIT: "draw or read less in one run",
    },
    "output_mib",
    " and sign the script again",
)
_LIMITS: Final = tuple(_RUNNING.less)
_READING: Final = _Work("the reading", dict.fromkeys(_LIMITS, "add smaller files"))
_WRITING: Final = _Work("the writing", dict.fromkeys(_LIMITS, "export less at once"))
_OF: Final[Mapping[type[Job], _Work]] = {
    RunJob: _RUNNING, ReadJob: _READING, LookJob: _READING, WriteJob: _WRITING,
}  # fmt: skip


def called(job: Job | None) -> str:
    """Give what a job is called in a message; the child itself before it has one."""
    return "the child" if job is None else _OF[type(job)].called


def remedy(code: str, job: Job) -> str:
    """Give what to do when a job came to the limit of this code."""
    work = _OF[type(job)]
    settings = {
        WALL_LIMIT: "wall_ms", CPU_LIMIT: "cpu_ms", MEMORY_LIMIT: "memory_mib", OUTPUT_LIMIT: work.output,
    }  # fmt: skip
    setting = f"[limits] {settings[code]} in config/plotter2.toml"
    return f"{work.less[code]}, or raise {setting}{work.afterwards}"
