"""When the disk takes nothing, the experiment goes on, records wait, and no half line stays."""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import logger2
from logger2 import journal
from logger2_samples import only_run, table_of

LIMITED = """
import json, resource, sys, time
import logger2
logging = __import__("logging"); logging.lastResort.setLevel(100)
run = logger2.run("full", dir=sys.argv[1], strict=len(sys.argv) > 2)
ROOM = 20_011
resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
for step in range(1200):
    run.log(step, loss=step / 3, acc=1.0)
run.array("w", bytearray(30_000))
full = run.health
size_when_full = __import__("os").path.getsize(run.folder + "/seg-0000.l2.jsonl")
ends_whole = open(run.folder + "/seg-0000.l2.jsonl", "rb").read().endswith(b"\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
deadline = time.monotonic() + 10
while run.health.held and time.monotonic() < deadline:
    time.sleep(0.05)
after = run.health
run.log(1200, loss=400.0, acc=1.0)
run.finish()
print(json.dumps([full.held, full.lost, full.problem, size_when_full, ends_whole, after.held, after.problem]))
"""


@pytest.mark.process
def test_records_wait_while_the_disk_is_full_and_are_written_later(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path], capture_output=True, check=True, text=True
    )
    held, lost, problem, size, whole, held_after, problem_after = json.loads(done.stdout)
    assert held > 100
    assert (lost, whole) == (1, True)
    assert 19_900 < size <= 20_011
    assert "w" in problem or "large" in problem
    assert (held_after, problem_after) == (0, "")
    table = table_of(only_run(tmp_path))
    assert table["step"] == list(range(1201))
    assert table["loss"] == [step / 3 for step in range(1200)] + [400.0]
    assert (table.skipped, table.blobs) == (0, ())
    assert [event.kind for event in table.events] == ["lost"]


@pytest.mark.process
def test_a_strict_run_raises_when_the_disk_is_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path, "strict"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert "logger2.journal.NotRecorded: a record was not written: " in done.stderr
    table = table_of(only_run(tmp_path))
    assert table["step"] == list(range(table.rows))
    assert table.info.state == "failed"


def test_a_folder_that_cannot_be_made_does_not_stop_the_experiment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base = tmp_path / "in the way"
    base.write_text("a file")
    run = logger2.run("blocked", dir=base)
    for step in range(10):
        run.log(step, a=step)
    assert run.health.held == 10
    base.unlink()
    run.finish()
    assert table_of(run)["a"] == list(range(10))
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_a_strict_run_in_a_folder_that_cannot_be_made_raises_and_is_not_open(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(logger2.NotRecorded, match="Not a directory"):
        logger2.run("blocked", dir=tmp_path / "file", strict=True)
    with pytest.raises(logger2.NoRun):
        logger2.log(0, a=1)


def test_what_waits_is_bounded_and_the_loss_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal, "HELD_BYTES", 2000)
    base = tmp_path / "file"
    base.write_text("")
    run = logger2.run("bounded", dir=base)
    for step in range(1000):
        run.log(step, a=step)
    health = run.health
    assert health.held + health.lost == 1000
    assert 20 < health.held < 200
    base.unlink()
    run.finish()
    table = table_of(run)
    assert table["step"] == list(range(health.lost, 1000))
    assert table.events[0].message == f"{health.lost} records lost so far"
    assert json.loads((Path(run.folder) / "run.json").read_text())["lost"] == health.lost


def test_limits_of_this_process_are_as_they_were() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
