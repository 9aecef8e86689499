"""Mistakes that explored disks showed, each as one plain case."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from datter_samples import add_run
from faults.store_stories import TASKS
from plotter2.datter import durable
from plotter2.datter.performing import Performing
from plotter2.datter.store import Store
from plotter2.staging.grounds import Grounds


@pytest.mark.process
def test_a_task_that_died_after_its_event_has_its_serial_remembered(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "old")
    child = os.fork()
    if child == 0:
        published = Performing.publish

        def publish_and_die(self: Performing, *words: Any) -> None:
            published(self, *words)
            os._exit(7)

        Performing.publish = publish_and_die  # type: ignore[method-assign]
        try:
            with Store.open(tmp_path) as store:
                for step in TASKS.steps[:2]:
                    step.do(store)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with Store.open(tmp_path) as store:
        (run,) = store.runs()
        assert (run.state, store.seen_serial(run.script)) == ("done", 7)


def test_folders_that_a_dead_process_made_and_never_synced_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grounds = Grounds(tmp_path)
    for folder in (grounds.inbox, grounds.staged, grounds.quarantine):
        folder.mkdir()
    synced: list[Path] = []
    sync = durable.sync_dir
    monkeypatch.setattr(durable, "sync_dir", lambda path: (synced.append(path), sync(path)))
    grounds.make()
    assert synced == [tmp_path]
    with grounds.held():
        grounds.make()
    assert synced == [tmp_path], "who held them once knows that they are on the disk"
