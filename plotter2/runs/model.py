"""What goes into a run and what comes out of it, as values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from p2lang.verifier.params import Given
from p2sign.gate import Verified
from plotter2.cache.entries import OFF, NodeCache
from plotter2.config.levels import Level
from plotter2.config.settings import Ceiling
from plotter2.datter.bundle import Table
from plotter2.datter.living import Work
from plotter2.datter.store import Store
from plotter2.orchestrator import Cancellation, HostBudget, Outcome, Priority, Task
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.task_place import TaskPlace
from plotter2.wire.messages import Format, Note, Progress, TableShown
from plotter2.wire.zygote import Ready

Event = Progress | Note | TableShown
Params = Mapping[str, Given]
"""Values of a script's params; text is read as the param's type wants it, numbers are in base units."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A picture that a run made: where it lies, its SHA-256, its kind."""

    path: Path
    sha256: str
    kind: str

    def as_json(self) -> dict[str, str]:
        """Give `{path, sha256, kind}`."""
        return {"path": str(self.path), "sha256": self.sha256, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gave: pictures, and the record that the registry keeps.

    `repeated` says that it was done before, with the same key, and nothing ran now.
    """

    run: str
    artefacts: tuple[Artefact, ...]
    record: dict[str, Any]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class By:
    """Who asks for a run, how urgent it is, and how it is cancelled. `requester` "" is who signed the script."""

    requester: str = ""
    priority: Priority = "normal"
    cancellation: Cancellation | None = None


AS_USUAL = By()


class Kept(Protocol):
    """An entry that is on the disk, with its proof."""

    @property
    def index(self) -> int:
        """The place of the entry in the log."""

    def as_json(self) -> dict[str, Any]:
        """Give what a run's record keeps of it."""


class Keep(Protocol):
    """Keeps an entry, or raises Refused: what cannot be logged is not done."""

    def __call__(self, event: str, /, **fields: Any) -> Kept:
        """Return once the entry is on the disk."""


@dataclass(frozen=True, slots=True)
class OfSession:
    """The session that signed a script: its principal, and whose session it is."""

    principal: str
    owner: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run needs of the host; `keep` writes the run log."""

    store: Store
    work: Work
    submit: Callable[[Task, Callable[[Event], None]], Outcome]
    confinement: Callable[[], Ready]
    minimum_level: Level
    ceiling: Ceiling
    keep: Keep
    cache: NodeCache = OFF
    budget: HostBudget = field(default_factory=HostBudget)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked for: a verified, compiled script, values of its params, file formats (none: as the script says).

    With a `task` that task is run at its place, else what stands outside of tasks. `unconfined` lets it run where the
    sandbox does not reach the level that the settings ask for; who sets it has seen that the script is one's own.
    `session` tells that a session signed it.
    """

    verified: Verified
    compiled: CompiledScript
    params: Params = field(default_factory=dict)
    formats: tuple[Format, ...] = ()
    on_event: Callable[[Event], None] = lambda _: None
    task: TaskPlace | None = None
    unconfined: bool = False
    by: By = AS_USUAL
    session: OfSession | None = None

    @property
    def task_name(self) -> str:
        """Give the name of the task that is run, "" outside of tasks."""
        return "" if self.task is None else self.task.place.task


class Timings:
    """Milliseconds by stage, in order."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block."""
        started = time.perf_counter()
        yield
        self.ms[name] = round((time.perf_counter() - started) * 1000, 2)


class Entered(Protocol):
    """A run in the run log."""

    def done(self, outcome: Outcome, tables: Mapping[str, Table]) -> dict[str, Any]:
        """Keep how it ended well; gives what its record says. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that has begun, and is in the run log."""

    id: str
    record: dict[str, Any]
    timings: Timings
    entries: Entered
