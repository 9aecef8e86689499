"""The language's examples of links, tasks and a sweep that is asked again run as they are written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import logger2
from commandline import p2, p2_json
from p2_compiling import SCRIPTS

pytestmark = pytest.mark.process

LINK = """p2 1
link matrix: table{row: int, col: int, value: number} -> "weights.csv"
  via | rename(value=w) | cast(row="int", col="int")
"""


def write_run(folder: Path, scale: float) -> None:
    folder.mkdir(parents=True)
    cells = [(s, r, c) for s in (0, 100) for r in range(4) for c in range(4)]
    rows = [f"{s},{r},{c},{scale * math.sin(r + c + s):.4f}" for s, r, c in cells]
    (folder / "weights.csv").write_text("\n".join(["step,row,col,w", *rows]) + "\n")
    rewards = [f"{step},{scale * step}" for step in range(10)]
    (folder / "main.csv").write_text("\n".join(["step,reward", *rewards]) + "\n")


def record(folder: Path, late: float) -> Path:
    for rate in (0.1, 0.2):
        for seed in (1, 2, 3):
            params = {"lr": rate, "seed": seed}
            with logger2.run(
                "experiment2", params=params, axes=["lr"], repeat="seed", dir=str(folder)
            ) as run:
                for step in range(15):
                    run.log(step, reward=1 - math.exp(-step * rate) + 0.05 * math.sin(seed + late))
    return folder / "experiment2"


def with_key(root: Path) -> Path:
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    return root


def test_children_give_their_matrices_and_the_parent_sums_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write_run(tmp_path / "experiment2", 0.0)
    (tmp_path / "experiment2" / "main.csv").unlink()
    for number in (1, 2):
        write_run(tmp_path / "experiment2" / f"run{number}", number)
    p2_json(root, "add", tmp_path / "experiment2")
    with_key(root)
    script = tmp_path / "09_task_links.p2"
    script.write_bytes((SCRIPTS / "09_task_links.p2").read_bytes())
    p2_json(root, "attach", "experiment2", script, "-y")
    for number in (1, 2):
        link = tmp_path / f"{number}" / "link.p2"
        link.parent.mkdir()
        link.write_text(LINK)
        p2_json(root, "attach", f"experiment2/run{number}", link, "-y")
    first = p2(root, "run", "experiment2:meta_sum_matrix")
    assert first.code == 0, first.out + first.err
    assert "summed 3 matrices" in first.err
    assert first.out.count("/mine.png") == 3
    second = p2(root, "run", "experiment2:plot_matrix")
    assert second.code == 0, second.out + second.err
    assert second.out.count("/mine_and_total.png") == 3


def test_a_sweep_is_asked_again_when_a_person_approved_it_and_then_compared(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    p2_json(root, "add", record(tmp_path / "old", 0.0))
    with_key(root)
    script = tmp_path / "10_sweep.p2"
    script.write_bytes((SCRIPTS / "10_sweep.p2").read_bytes())
    p2_json(root, "attach", "experiment2", script, "-y")

    refused = p2(root, "run", "experiment2:compare")
    assert refused.code == 1
    assert "a person must approve 15 new runs" in refused.out
    assert "compare waits for rerun" in refused.out
    assert p2_json(root, "requests", "ls")["requests"] == []

    approved = p2(root, "run", "experiment2:rerun", "--approve", "redo")
    assert approved.code == 0, approved.out + approved.err
    assert "asked to run experiment2 again, 15 times" in approved.out
    (asked,) = p2_json(root, "requests", "ls")["requests"]
    assert (asked["kind"], asked["state"], asked["subject"]) == ("redo", "queued", "experiment2")
    assert asked["body"]["over"][0] == {"lr": 0.1, "seed": 1}
    assert (len(asked["body"]["over"]), asked["body"]["gpu_hours"]) == (15, 24.0)
    assert (asked["body"]["keep"], asked["body"]["task"]) == ("all", "rerun")

    early = p2(root, "run", "experiment2:compare")
    assert early.code == 1
    assert "nothing came in at that time" in early.out

    p2_json(root, "add", record(tmp_path / "new", 2.0))
    compared = p2_json(root, "run", "experiment2:compare")
    assert [run["state"] for run in compared["runs"]] == ["same data", "done"]
    record_of = compared["runs"][1]["record"]
    assert [Path(a["path"]).name for a in record_of["artefacts"]] == [
        "sweep_compare.png",
        "plot.png",
    ]
    assert record_of["ledger"]["sweep_compare"]["read"] == 2 * 2 * 3 * 15
    assert len(p2_json(root, "requests", "ls")["requests"]) == 1
