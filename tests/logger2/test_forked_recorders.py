"""A forked child records to a segment of its own; the parent's run stays the parent's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import logger2
from logger2.records import Header
from logger2.rows import read_segment
from logger2_samples import files_of, table_of

pytestmark = [
    pytest.mark.process,
    # the background thread is what makes forking here a real test
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def in_child(work: Callable[[], None]) -> None:
    """Run something in a forked child and wait for it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_parent_and_child_lose_nothing_to_each_other(tmp_path: Path) -> None:
    with logger2.run("forks", dir=tmp_path) as run:
        run.log(0, a=1)

        def work() -> None:
            for step in range(1, 500):
                run.log(step, a=-step)
            run.finish()

        in_child(work)
        for step in range(1, 500):
            run.log(step, a=step)
    names = [name for name, _ in files_of(Path(run.folder))]
    assert names == ["seg-0000.l2.jsonl", "seg-0001.l2.jsonl"]
    table = table_of(run)
    assert table.info.state == "ok"
    assert (table.superseded, table.repeated, table.skipped) == (0, 0, 0)
    ours = [v for v, writer in zip(table["a"], table["writer"], strict=True) if writer is None]
    theirs = [v for v, writer in zip(table["a"], table["writer"], strict=True) if writer == 1]
    assert ours == list(range(1, 2)) + list(range(1, 500))
    assert theirs == [-step for step in range(1, 500)]


def test_a_child_that_records_nothing_leaves_no_segment(tmp_path: Path) -> None:
    with logger2.run("quiet", dir=tmp_path) as run:
        run.log(0, a=1)
        in_child(lambda: None)
        in_child(run.finish)
        run.log(1, a=2)
    assert len(files_of(Path(run.folder))) == 1
    assert table_of(run)["a"] == [1, 2]


def test_ranks_that_a_launcher_started_become_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with logger2.run("ranks", dir=tmp_path) as run:
        run.log(0, loss=0.5)
    monkeypatch.setenv("RANK", "1")
    with logger2.run("ranks", dir=tmp_path, resume=run.id) as other:
        other.log(0, loss=1.5)
    headers = [next(iter(read_segment(data))) for _, data in files_of(Path(run.folder))]
    assert [h.rank for h in headers if isinstance(h, Header)] == [0, 1]
    table = table_of(run)
    assert (table["rank"], table["loss"], table.superseded) == ([0, 1], [0.5, 1.5], 0)
