"""Links over what a real sweep of a classifier left: files of a run become tables that its bundle answers with."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import p2, p2_json

DATA = Path(__file__).parents[1] / "data" / "sklearn_sweep"
CURVE = """p2 1
link curve: table{epoch: int, value: number?} -> "epochs.csv" via | rename(value = train_loss)
"""
TASKS = """p2 1
task compare {
  impose curve: table{epoch: int, value: number?}
  $curve | frame | line(x=epoch, y=value) | plot("curve") | handoff
}
"""


@pytest.mark.process
def test_a_task_covers_the_runs_of_a_sweep_that_answer_for_its_question(tmp_path: Path) -> None:
    root = tmp_path / "root"
    p2_json(root, "add", DATA, "--name", "sweep")
    p2_json(root, "key", "new", "--name", "ada@lab", "--no-passphrase")
    names = [bundle["name"] for bundle in p2_json(root, "ls", "sweep/*")["bundles"]]
    assert len(names) == 6
    curve, tasks = tmp_path / "curve.p2", tmp_path / "tasks.p2"
    curve.write_text(CURVE)
    tasks.write_text(TASKS)
    p2_json(root, "attach", "sweep", tasks, "-y")
    for name in names[:4]:
        p2_json(root, "attach", name, curve, "-y")
    (task,) = p2_json(root, "tasks", "sweep")["not_applicable"]
    assert task["runs_on"] == names[:4]
    assert [each["on"]["name"] for each in task["not_on"]] == ["sweep", *names[4:]]
    assert {each["reasons"][0]["code"] for each in task["not_on"]} == {"P2-D0877"}
    assert p2(root, "fsck").code == 0
