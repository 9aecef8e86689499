"""Errors as plotter2 shows them: code, what, where, how to mend it. Nothing else travels to a person.

Ranges of codes: P2-E00xx file, E01xx syntax, E02xx names, types, rights, E03xx cost, W04xx lints, V05xx IR refused,
R06xx run time, S07xx and S08xx signing and trust, D08xx data and store, H09xx host and processes. A code is never used
again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the process answers its caller."""

    OK = 0
    WORK_FAILED = 1
    USAGE = 2
    CHECK_FAILED = 3
    REFUSED = 4
    DISK_FAILED = 70
    TIMEOUT = 124


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in the shape that every surface shows: `{code, severity, message, where, help, fix}`.

    `excerpt` is the line of the script that it happened in, with a mark under it, where that is known.
    """

    code: str
    message: str
    where: str = ""
    help: str = ""
    note: str = ""
    severity: str = "error"
    fix: str = ""
    excerpt: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give the problem as plain JSON values; `excerpt` only where there is one."""
        told = {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "where": self.where,
            "help": self.help,
            "note": self.note,
            "fix": self.fix,
        }
        return {**told, "excerpt": self.excerpt} if self.excerpt else told

    def as_text(self) -> str:
        """Give the problem as text: what, where, how to mend it."""
        lines = [f"{self.severity}[{self.code}]: {self.message}"]
        edge = " " * max(self.excerpt.find(" |"), 1)
        if self.where:
            lines.append(f"{edge}--> {_in_one_line(self.where)}")
        lines += self.excerpt.splitlines()
        for title, text in (("help", self.help), ("note", self.note)):
            if text:
                first, *rest = text.splitlines()
                lines += [f"{edge} = {title}: {first}", *(f"    {line}" for line in rest)]
        return "\n".join(lines)


def _in_one_line(where: str) -> str:
    """Give a place in one line: a file may have a name of several, one of which says something else."""
    return "\N{REPLACEMENT CHARACTER}".join(where.split("\n"))


_REPORT = "run it again; if it stays so, report it with what --debug prints"
"""The remedy of errors that nothing a person does can have caused."""


@dataclass(eq=False)
class Plotter2Error(Exception):
    """The root of all errors that plotter2 raises on purpose; everything else is a bug."""

    code: str
    message: str
    where: str = ""
    help: str = ""
    note: str = ""
    exit_code: ExitCode = field(default=ExitCode.WORK_FAILED)
    name: str = field(default="", kw_only=True)
    excerpt: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def problem(self) -> Problem:
        """Give the error as a value that can be shown or sent."""
        help = self.help or _REPORT
        return Problem(self.code, self.message, self.where, help, self.note, excerpt=self.excerpt)

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class DataError(Plotter2Error):
    """A bundle, a store or a file with data is missing, damaged or not what was promised (P2-D08xx)."""


class RunError(Plotter2Error):
    """A run failed while it worked (P2-R06xx)."""


class HostError(Plotter2Error):
    """A process, a limit or the sandbox failed (P2-H09xx)."""


class Refused(Plotter2Error):
    """Signing or trust said no (P2-S07xx, P2-S08xx); exit code 4."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exit_code = ExitCode.REFUSED
