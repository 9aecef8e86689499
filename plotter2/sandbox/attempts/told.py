"""What the self-test tells, as values; and having it made by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from typing import Final, Literal, TypeAlias

import msgspec

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.wire import codes

COMMAND: Final = (sys.executable, "-I", "-X", "utf8", "-m", "plotter2.sandbox.attempts")
_SECONDS: Final = 120.0
_LAST_WORDS: Final = 300

Verdict: TypeAlias = Literal["stopped", "got through", "not promised", "not testable"]


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both kinds of answer share."""


class Probe(Told, frozen=True):
    """One attempt: whether it was stopped inside, whether it works outside, and what that means.

    `promised` says whether the reached level promises to stop it, `answer` how it ended inside.
    """

    name: str
    kind: str = msgspec.field(name="class")
    stopped: bool
    control: bool
    promised: bool
    verdict: Verdict
    answer: str


class SelfTest(Told, frozen=True, tag="made"):
    """All attempts at the level that was reached, and whether what work needs still works inside."""

    level: Level
    layers: dict[str, bool]
    probes: list[Probe]
    needed: dict[str, bool]
    seconds: float

    @property
    def open_doors(self) -> list[Probe]:
        """Give what got through although the level promises that it does not."""
        return [probe for probe in self.probes if probe.verdict == "got through"]

    @property
    def ok(self) -> bool:
        """Tell whether nothing got through and everything that is needed works."""
        return not self.open_doors and all(self.needed.values())


class Broken(Told, frozen=True, tag="broken"):
    """The self-test could not be made."""

    code: str
    message: str
    help: str


def self_test(switched_off: Collection[str] = (), command: Collection[str] = COMMAND) -> SelfTest:
    """Make every attempt, inside and outside; takes a second or two. Raises HostError (P2-H0930)."""
    try:
        done = subprocess.run(
            [*command, *switched_off],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"LANG": "C.UTF-8", "TMPDIR": os.environ.get("TMPDIR", "/tmp")},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _broken(str(error)) from None
    try:
        told = msgspec.json.decode(done.stdout, type=SelfTest | Broken)
    except msgspec.MsgspecError:
        said = done.stderr.decode(errors="replace").strip()[-_LAST_WORDS:]
        raise _broken(said or f"it ended with {done.returncode}") from None
    if isinstance(told, Broken):
        raise HostError(told.code, told.message, help=told.help)
    return told


def _broken(why: str) -> HostError:
    return HostError(
        codes.SELF_TEST_BROKEN,
        f"the self-test of the sandbox could not be made: {why}",
        help="`plotter2 doctor` without --self-test says which layers this machine has",
    )
