"""The process that runs tasks dies between a release and the end: nothing provisional is seen, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from confined_children import wait_until
from plotter2.config.settings import settings
from plotter2.host.asking import TaskHow
from plotter2.host.host import Host
from released_runs import GIVE, on_stage

pytestmark = pytest.mark.process

MAIN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from plotter2.config.settings import settings
from plotter2.host.host import Host
from released_runs import Released, Stage
from declared_samples import World
root, sign = Path(sys.argv[2]), Path(sys.argv[3])
with Host(settings(root)) as host, Stage() as stage:
    host._shared = stage
    def taken():
        if "taken" in stage.noted:
            sign.touch()
        return False
    stage.hold = taken
    Released(World(host, root.parent), stage).run()
"""


def test_what_was_provisional_is_gone_and_the_next_run_does_it_all(tmp_path: Path) -> None:
    with on_stage(tmp_path / "stage", GIVE % 'loggy("at work")') as released:
        root = released.world.host.settings.root
    sign = tmp_path / "taken"
    main = subprocess.Popen(
        [sys.executable, "-c", MAIN, str(Path(__file__).parents[1]), str(root), str(sign)]
    )
    try:
        wait_until(sign.exists, 60)
    finally:
        os.kill(main.pid, signal.SIGKILL)
        main.wait()
    with Host(settings(root)) as host:
        assert host.store.task_runs.all() == ()
        assert host.store.tasks_at_work() == ()
        assert {run.state for run in host.store.runs(10)} == {"broken off"}
        assert len(host.store.runs(10)) == 3
        assert not list(host.store.layout.output.iterdir())
        report = host.run_task("experiment2", "take", TaskHow(jobs=4))
        assert report.ok
        assert {ran.done.task for ran in host.store.task_runs.all()} == {"give", "take"}
