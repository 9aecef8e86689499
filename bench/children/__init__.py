"""What measurements of children share: an orchestrator whose children do what `echoing.py` says."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Spares, Task, TaskLimits
from plotter2.orchestrator.pool import Pool
from plotter2.orchestrator.zygote import ZygoteProcess
from plotter2.wire.messages import RunJob

ZYGOTE = (sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("echoing.py")))
SETTINGS = OrchestratorSettings(zygote=ZYGOTE)


def task(what: str, fds: tuple[int, ...] = (), limits: TaskLimits | None = None) -> Task:
    """Give a task that does `what`; it runs at whatever level the machine has."""
    job = RunJob(formats=[], params={"what": what})
    return Task(job, fds, limits or TaskLimits(mem_mib=4096), minimum="none")


def ready_pool() -> Pool:
    """Give a pool of a zygote that is up."""
    zygote = ZygoteProcess(SETTINGS)
    zygote.ready()
    return Pool(zygote, SETTINGS.spares)


def wait_for_spares(orchestrator: Orchestrator) -> None:
    """Wait until all spares are there and have confined themselves."""
    while len(orchestrator.spares().pids) < Spares().most:
        time.sleep(0.005)
    time.sleep(0.03)
