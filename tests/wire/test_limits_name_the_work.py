"""Who comes to a limit is told what went too far, and how to mend it: only what was signed is signed again."""

from __future__ import annotations

import pytest

from plotter2.child.frame import failure
from plotter2.orchestrator import Task
from plotter2.orchestrator.verdict import Stop, died, stopped
from plotter2.wire import codes, limits
from plotter2.wire.messages import Job, LookJob, ReadJob, RunJob, WriteJob
from plotter2.wire.zygote import Ended

JOBS: list[tuple[Job, str, str]] = [
    (RunJob(formats=[]), "the run", "output_mib"),
    (ReadJob(files=[]), "the reading", "read_mib"),
    (LookJob(), "the reading", "read_mib"),
    (WriteJob(format="csv"), "the writing", "read_mib"),
]


@pytest.mark.parametrize(("job", "called", "output"), JOBS)
def test_each_limit_says_which_work_came_to_it(job: Job, called: str, output: str) -> None:
    task = Task(job)
    by_signal = Ended(code=-24, cpu_ms=1, peak_rss_bytes=1)
    for error, setting in (
        (stopped(Stop.WALL, task), "wall_ms"),
        (stopped(Stop.MEMORY, task), "memory_mib"),
        (died(by_signal, task), "cpu_ms"),
        (failure(MemoryError(), debug=False, job=job), "memory_mib"),
    ):
        assert error.message.startswith(f"{called} ")
        assert f"raise [limits] {setting} in config/plotter2.toml" in error.help
        assert ("sign the script again" in error.help) == isinstance(job, RunJob)
    assert f"[limits] {output} in" in limits.remedy(codes.OUTPUT_LIMIT, job)
