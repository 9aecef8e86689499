"""A host whose children are real, and whose runs that release can be held back until others have come so far."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from confined_children import wait_until
from declared_samples import LINK, World
from plotter2.config.settings import settings
from plotter2.host.asking import TaskHow
from plotter2.host.host import Host
from plotter2.orchestrator import HostBudget, Orchestrator, OrchestratorSettings, Outcome, Task
from plotter2.orchestrator.conversation import Event
from plotter2.tasks.carrying import Report
from plotter2.tasks.instance import Instance

PATIENCE_S = 60.0
CHILDREN = HostBudget(children=4, memory_mib=64_000, output_mib=64_000)

GIVE = """p2 1
script busy(n: int) = python \"\"\"
while n > 0:
    n = n - 1
\"\"\"
task give(step: int = 0) {
  impose matrix: table{row: int, col: int, value: number}
  expose seen: table{row: int, value: number} = $matrix | filter(row >= 0)
  release()
  %s
  $matrix | frame(title=$me.bundle) | heatmap(x=col, y=row, fill=value) | plot("mine") | handoff
}
task take after give {
  let all = collect(gather_tasks("give"), name="seen", rows=10_000_000)
  impose rows($all) > 0
  expose total: table{row: int, value: number} = $all | summary(by=row, value = sum(value))
  $all | frame | point(x=row, y=value, colour=bundle) | plot("all") | handoff
}
"""
"""A task that releases and goes on, and one that goes on with it; in between stands what becomes of the first."""


class Stage(Orchestrator):
    """Children as always. What happens is noted; the end of a run that releases is held back until `hold` is so.

    `before` sees each task before a child gets it, `change` may change one that releases, `at_release` happens when it
    lets others go on.
    """

    def __init__(self, given: OrchestratorSettings | None = None) -> None:
        super().__init__(given or OrchestratorSettings(budget=CHILDREN))
        self.noted: list[str] = []
        self.hold: Callable[[], object] = lambda: True
        self.before: Callable[[Task], object] = lambda task: None
        self.change: Callable[[Task], Task] = lambda task: task
        self.at_release: Callable[[], None] = lambda: None
        self.changed = threading.Event()

    def note(self, what: str) -> None:
        self.noted.append(what)

    def submit(self, task: Task, on_event: Callable[[Event], None] = lambda _: None) -> Outcome:
        self.before(task)
        releases = task.on_release
        if releases is None:
            outcome = super().submit(task, on_event)
            self.note("taken")
            return outcome

        def heard(so_far: Any) -> None:
            releases(so_far)
            self.note("released")
            self.at_release()

        try:
            return super().submit(self.change(replace(task, on_release=heard)), on_event)
        finally:
            wait_until(self.hold, PATIENCE_S)
            self.note("given")


@dataclass
class Released:
    """An open root with the tasks attached, on a stage."""

    world: World
    stage: Stage
    begun: list[str] = field(default_factory=list)

    def run(self, task: str = "take", jobs: int | None = 4, **how: Any) -> Report:
        def begin(instance: Instance) -> None:
            self.begun.append(instance.name)
            self.stage.note(f"{instance.name} begins")

        return self.world.host.run_task("experiment2", task, TaskHow(begin=begin, jobs=jobs, **how))

    def visible(self) -> set[str]:
        """Give the tasks whose results anybody can see."""
        with Host(settings(self.world.host.settings.root)) as other:
            return {ran.done.task for ran in other.store.task_runs.all()}


@cache
def _made() -> Path:
    """Make a root with a key and two bundles that link what is imposed once; each test works on a copy."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    with Host(settings(folder / "root")) as host:
        host.keyring.new_key("ada@lab", None)
        world = World(host, folder)
        for name in ("experiment2a", "experiment2b"):
            path = folder / "experiment2" / name / "weights.csv"
            path.parent.mkdir(parents=True)
            path.write_text("row,col,w\n0,0,1.5\n0,1,2.5\n1,1,4.0\n")
        host.add([folder / "experiment2"], "experiment2")
        for name in ("experiment2a", "experiment2b"):
            world.attach(f"experiment2/{name}", "link.p2", LINK)
    return folder / "root"


@contextmanager
def on_stage(
    folder: Path, text: str, given: OrchestratorSettings | None = None
) -> Iterator[Released]:
    """Give a root with the tasks of a text, and two bundles that link what they impose."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copytree(_made(), folder / "root")
    with Host(settings(folder / "root")) as host:
        world = World(host, folder / "scripts")
        world.attach("experiment2", "tasks.p2", text)
        with Stage(given) as stage:
            world.host._shared = stage
            yield Released(world, stage)


def kill_children() -> None:
    """Kill the children of this process's zygotes, those at work and those that wait."""
    for pid in _descendants(os.getpid()):
        if not _descendants(pid):
            _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _words(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return ["X", "0"]


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for each in Path("/proc").glob("[0-9]*"):
        if int(_words(int(each.name))[1]) == pid:
            found |= {int(each.name), *_descendants(int(each.name))}
    return found
