"""A task asked of a bundle runs for it and each linked bundle below; what comes of it counts whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from commandline import Finished, p2, p2_json

pytestmark = pytest.mark.process

LINK = """p2 1
link matrix: table{row: int, col: int, value: number} -> "weights.csv" via | rename(value = w)
"""
TASKS = """p2 1
task plot_matrix(step: int = 0, least: number = -100) {
  impose matrix: table{row: int, col: int, value: number}
  let mine = access("matrix", step=$step)
  impose rows($mine) > 0 else f"no step {$step} in {$me.bundle}"
  when rows($mine) == 1 { giveup("one value is no matrix") }
  expose matrix: table{row: int, col: int, value: number} = $mine | filter(value >= $least)
  when "total" in exposed() {
    access("total") | frame(title=$me.bundle) | heatmap(x=col, y=row, fill=value) | plot("total") | handoff
  } otherwise {
    $mine | frame(title=$me.bundle) | heatmap(x=col, y=row, fill=value) | plot("mine") | handoff
  }
}
task meta_sum_matrix after plot_matrix {
  let all = collect(gather_tasks("plot_matrix"), timeout=10s)
  impose rows($all) > 0 else "no child exposed a matrix"
  expose total: table{row: int, col: int, value: number} = $all | summary(by=[row, col], value = sum(value))
  release()
  loggy(f"summed {distinct($all.bundle)} matrices")
}
"""
CHILDREN = {"a": 1.0, "a/revision1": 2.0, "b": 4.0}


def write_matrix(path: Path, value: float, header: str = "step,row,col,w", steps: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{step},{row},{col},{value + row + step}"
        for step in range(0, 100 * steps, 100)
        for row in range(3)
        for col in range(2)
    ]
    path.write_text("\n".join([header, *rows]) + "\n")


def attach(root: Path, folder: Path, bundle: str, name: str, text: str) -> None:
    script = folder / bundle.replace("/", "_") / name
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text)
    p2_json(root, "attach", bundle, script, "-y")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    for name, value in CHILDREN.items():
        write_matrix(folder / "top" / name / "weights.csv", value)
    write_matrix(folder / "top" / "impostor" / "weights.csv", 8.0, "step,row,col,v")
    root = folder / "root"
    p2_json(root, "add", folder / "top")
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    attach(root, folder, "top", "tasks.p2", TASKS)
    for name in CHILDREN:
        attach(root, folder, f"top/{name}", "link.p2", LINK)
    return folder


@pytest.fixture
def place(world: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "place"
    shutil.copytree(world, copied)
    return copied


def ran(root: Path, *words: str) -> tuple[Finished, dict[str, Any]]:
    finished = p2(root, "run", *words, "--json")
    assert "P2-H0999" not in finished.out
    return finished, finished.json


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {f"{run['bundle']['name']}:{run['task']}": run["state"] for run in answer["runs"]}


def pictures(answer: dict[str, Any]) -> list[str]:
    return [
        Path(a["path"]).name
        for run in answer["runs"]
        if run["record"]
        for a in run["record"]["artefacts"]
    ]


# ---- what runs, and what comes of it ---------------------------------------------------------------


def test_a_task_runs_for_every_linked_bundle_and_earlier_tasks_run_first(place: Path) -> None:
    root = place / "root"
    finished, answer = ran(root, "top:meta_sum_matrix")
    assert finished.code == 0
    assert "summed 3 matrices" in finished.err
    assert {each["on"]["name"] for each in answer["not_run_before"]} == {"top", "top/impostor"}
    assert states(answer) == {
        "top/a:plot_matrix": "done",
        "top/a/revision1:plot_matrix": "done",
        "top/b:plot_matrix": "done",
        "top:meta_sum_matrix": "done",
    }
    assert pictures(answer) == ["mine.png", "mine.png", "mine.png"]
    records = [run["record"] for run in answer["runs"]]
    assert len({record["run"] for record in records}) == 4
    assert records[0]["grants"] == [
        {"table": "matrix", "owner": "top/a:plot_matrix", "how": "exposed"}
    ]
    assert records[3]["exposed"] == {"total": 6}

    shown = p2_json(root, "show", "top/b")["task_results"]
    assert [(r["task"], [x["name"] for x in r["reports"]], list(r["shared"])) for r in shown] == [
        ("plot_matrix", ["reports/mine.png"], ["matrix"])
    ]
    why = p2(root, "why", shown[0]["reports"][0]["path"]).out
    assert "plot_matrix for top/b" in why
    assert "attached to top (" in why
    assert "matrix from top/b: weights.csv" in why

    # The same data: what ran is not run again; the branch is decided by what is in the store now.
    finished, answer = ran(root, "top:meta_sum_matrix")
    assert pictures(answer) == ["total.png"] * 3
    finished, answer = ran(root, "top:meta_sum_matrix")
    assert set(states(answer).values()) == {"same data", "done"}

    # New data make an earlier task run again where they came in, and only there.
    write_matrix(place / "new" / "b" / "weights.csv", 16.0)
    p2_json(root, "add", place / "new" / "b", "--name", "top/b")
    finished, answer = ran(root, "top:meta_sum_matrix")
    assert states(answer) == {
        "top/a:plot_matrix": "same data",
        "top/a/revision1:plot_matrix": "same data",
        "top/b:plot_matrix": "done",
        "top:meta_sum_matrix": "done",
    }


def test_one_bundle_alone_and_a_bundle_below(place: Path) -> None:
    text = p2(place / "root", "run", "top/a:plot_matrix", "--only").out
    assert text.startswith("top/a:plot_matrix  run ")
    assert text.endswith("plot_matrix: 1 done\n")
    _, answer = ran(place / "root", "top/a:plot_matrix")
    assert list(states(answer)) == ["top/a:plot_matrix", "top/a/revision1:plot_matrix"]


def test_params_of_the_task_choose_the_step_of_what_a_link_leads_to(place: Path) -> None:
    _, answer = ran(place / "root", "top/b:plot_matrix", "-p", "step=100", "-p", "least=105")
    (run,) = answer["runs"]
    assert run["record"]["params"] == {"step": 100, "least": 105.0}
    assert run["record"]["exposed"] == {"matrix": 4}
    assert run["record"]["script"]["path"] == "top:tasks.p2"
    finished = p2(place / "root", "run", "top/b:plot_matrix", "-p", "stepp=1")
    assert finished.code == 2
    assert "did you mean `step`?" in finished.err


# ---- what goes wrong -------------------------------------------------------------------------------


def test_what_fails_and_what_is_not_linked_is_told_and_the_others_run(place: Path) -> None:
    root = place / "root"
    write_matrix(place / "new" / "c" / "weights.csv", 0.0, steps=1)
    p2_json(root, "add", place / "new" / "c", "--name", "top/c")
    attach(root, place, "top/c", "link.p2", LINK)
    finished, answer = ran(root, "top:plot_matrix", "-p", "step=100")
    assert finished.code == 1
    assert states(answer)["top/c:plot_matrix"] == "failed"
    assert list(states(answer).values()).count("done") == 3
    (failed,) = [run for run in answer["runs"] if run["state"] == "failed"]
    assert failed["error"]["message"] == "no step 100 in top/c"
    left = {each["bundle"]["name"]: each["reasons"][0]["message"] for each in answer["not_run"]}
    assert left["top/impostor"].startswith("top/impostor has no link matrix")
    assert p2_json(root, "show", "top/c")["task_results"] == []
    runs = p2_json(root, "runs")["runs"]
    assert [run["state"] for run in runs].count("failed") == 1
    assert all(path.is_dir() and any(path.iterdir()) for path in (root / "output").iterdir())

    # The sum is made of the others, and the failure is told.
    finished, answer = ran(root, "top:meta_sum_matrix", "-p", "step=100")
    assert finished.code == 1
    assert states(answer)["top:meta_sum_matrix"] == "done"
    assert "summed 3 matrices" in finished.err


def test_giving_up_publishes_nothing(place: Path) -> None:
    root = place / "root"
    path = place / "new" / "c" / "weights.csv"
    path.parent.mkdir(parents=True)
    path.write_text("step,row,col,w\n0,0,0,1.5\n")
    p2_json(root, "add", place / "new" / "c", "--name", "top/c")
    attach(root, place, "top/c", "link.p2", LINK)
    before = set((root / "output").iterdir()) if (root / "output").is_dir() else set()
    finished, answer = ran(root, "top/c:plot_matrix")
    assert finished.code == 1
    assert answer["runs"][0]["error"]["code"] == "P2-R0646"
    assert answer["runs"][0]["error"]["message"] == "the task gave up: one value is no matrix"
    assert set((root / "output").iterdir()) == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("top:plot",), 2, "top has no task 'plot'"),
        (
            ("top/impostor:plot_matrix",),
            3,
            "can run neither on top/impostor nor below: top/impostor",
        ),
        (("top:plot_matrix", "--only"), 3, "cannot run on top: top has no link matrix"),
        (("tip:plot_matrix",), 1, "there is no bundle 'tip'"),
        (("top/*:plot_matrix",), 1, "means several bundles"),
        (("top:",), 2, "top has no task ''"),
        (("top:plot\x1b[31m",), 2, "top has no task 'plot\\x1b[31m'"),
        (("top:plot_matrix", "-p", "stp=1"), 2, "has no param 'stp'"),
        (("top:meta_sum_matrix", "-p", "step=x"), 2, "step=x is not int"),
    ],
)
def test_what_cannot_be_asked_is_told_once(
    place: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    finished = p2(place / "root", "run", *words)
    assert finished.code == code
    assert told in finished.err
    assert finished.err.count("error[") == 1
    assert "help:" in finished.err


def test_options_of_tasks_are_for_tasks(place: Path) -> None:
    script = place / "top" / "x.p2"
    script.write_text('p2 1\nloggy("x")\n')
    assert "for a task" in p2(place / "root", "run", script, "--approve", "redo").err
    assert "for a SCRIPT" in p2(place / "root", "run", "top:plot_matrix", "--key", "k").err


# ---- nothing half published ------------------------------------------------------------------------


def test_a_process_that_is_killed_at_any_moment_leaves_whole_runs_only(place: Path) -> None:
    root = place / "root"
    ran(root, "top/a:plot_matrix", "--only")  # starts what is slow once
    for wait in (0.8, 1.3):
        command = [sys.executable, "-m", "plotter2", "run", "top:meta_sum_matrix", "--again"]
        process = subprocess.Popen(
            [*command, "--root", str(root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    told = p2_json(root, "fsck")
    assert told["ok"], told
    assert whole(root)
    rebuilt = p2(root, "fsck", "--rebuild")
    assert rebuilt.code == 0, rebuilt.err
    assert whole(root)
    finished, _ = ran(root, "top:meta_sum_matrix")
    assert finished.code == 0


def whole(root: Path) -> bool:
    """Every run that counts has its pictures, and every picture belongs to a run that counts."""
    told = set()
    for name in ("top", *(f"top/{child}" for child in CHILDREN)):
        for each in p2_json(root, "show", name)["task_results"]:
            assert all(Path(report["path"]).exists() for report in each["reports"])
            told.add(each["run"])
    done = {
        run["run"]
        for run in p2_json(root, "runs", "--limit", "1000")["runs"]
        if run["state"] == "done"
    }
    there = {path.name for path in (root / "output").iterdir()}
    return told <= done and there <= done


def test_what_older_runs_exposed_is_garbage_and_the_newest_stays(
    place: Path, tmp_path: Path
) -> None:
    root, words = place / "root", ["gc", "--older-than", "0"]
    ran(root, "top:meta_sum_matrix")
    assert p2_json(root, *words)["objects"] == []
    first = p2_json(root, "show", "top/b")["task_results"]
    ran(root, "top:plot_matrix", "-p", "step=100")
    assert p2_json(root, "gc")["objects"] == []  # it may be read at this moment
    assert p2_json(root, *words)["objects"]
    newest = p2_json(root, "show", "top/b")["task_results"]
    assert newest != first
    assert p2_json(root, *words, "--yes")["objects"]
    assert p2_json(root, *words)["objects"] == []
    assert p2_json(root, "fsck", "--deep")["ok"]
    assert p2_json(root, "show", "top/b")["task_results"] == newest
    assert p2_json(root, "backup", tmp_path / "copy")["problems"] == []
    assert p2_json(root, "backup", tmp_path / "copy", "--verify")["ok"]
    finished, answer = ran(root, "top:meta_sum_matrix")
    assert finished.code == 0, answer
    assert set(states(answer).values()) == {"done"}


def test_tasks_of_a_bundle_that_is_left_out_come_back_with_it(place: Path) -> None:
    root = place / "root"
    ran(root, "top:meta_sum_matrix")
    before = [p2_json(root, "show", name)["task_results"] for name in ("top", "top/b")]
    for name in ("top/b", "top"):
        file = root / "source" / p2_json(root, "show", name)["id"] / "bundle.json"
        kept = file.read_bytes()
        file.unlink()
        assert p2(root, "fsck", "--rebuild").code == 1
        assert p2_json(root, "tasks", "top/a")["bundle"]["name"] == "top/a"
        assert p2_json(root, "gc", "--yes", "--older-than", "0")["objects"] == []
        file.write_bytes(kept)
        assert p2(root, "fsck", "--rebuild").code == 0
    after = [p2_json(root, "show", name)["task_results"] for name in ("top", "top/b")]
    assert after == before


def test_what_was_exposed_is_needed_counted_and_found_again(place: Path) -> None:
    root = place / "root"
    ran(root, "top:meta_sum_matrix")
    before = [p2_json(root, "show", name)["task_results"] for name in ("top", "top/b")]
    (root / "registry" / "registry.db").unlink()  # run records are lost, what tasks did is not
    assert p2(root, "fsck", "--rebuild").code == 0
    p2_json(root, "gc", "--yes", "--older-than", "0")
    after = [p2_json(root, "show", name)["task_results"] for name in ("top", "top/b")]
    assert after == before
    assert Path(before[1][0]["reports"][0]["path"]).exists()
    finished, _ = ran(root, "top:meta_sum_matrix")
    assert finished.code == 0
    objects = sorted((root / "source" / "objects").glob("*/*"), key=lambda p: p.stat().st_mtime)
    objects[-1].chmod(0o644)
    objects[-1].write_bytes(b"damaged")
    finished = p2(root, "fsck")
    assert finished.code != 0
    assert "what a task exposed for top" in finished.out + finished.err
