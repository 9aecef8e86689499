"""A task runs on several bundles at once, in a child each; what comes of it is the same as one after the other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import plotter2
from commandline import hearing_interrupts, p2, p2_json
from plotter2.host.asking import TaskHow
from plotter2.tasks.at_once import AtOnce, may_run_at_once
from running_programs import compiled

pytestmark = pytest.mark.process

TASKS = """p2 1
param k: int = 9 where $k in 1..9
task clusters {
  impose points: table{x: number, y: number}
  let mine = access("points") | kmeans(on=[x, y], k=$k)
  expose centres: table{cluster: int?, x: number?, n: int} = $mine | summary(by=[cluster], x = mean(x), n = count())
  release()
  $mine | sample(rows=200) | frame(title=$me.bundle) | point(x=x, y=y, colour=cluster) | plot("clusters") | handoff
}
task together after clusters {
  let all = collect(gather_tasks("clusters"), timeout=10s)
  expose counted: table{bundle: string, n: number?} = $all | summary(by=[bundle], n = sum(n))
  $all | frame | point(x=cluster, y=x, colour=bundle) | plot("together") | handoff
}
"""
LINK = 'p2 1\nlink points: table{x: number, y: number} -> "main.csv" via | rename(x = a, y = b)\n'
BUNDLES = ("one", "two", "three")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("at-once")
    for number, name in enumerate(BUNDLES):
        path = folder / "top" / name / "main.csv"
        path.parent.mkdir(parents=True)
        rows = (f"{(i * (7 + number)) % 1009 / 100},{(i * 13) % 997 / 100}" for i in range(8_000))
        path.write_text("\n".join(("a,b", *rows)) + "\n")
    root = folder / "root"
    p2_json(root, "add", folder / "top")
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    for name, bundle, text in (
        ("tasks.p2", "top", TASKS),
        *(("link.p2", f"top/{name}", LINK) for name in BUNDLES),
    ):
        script = folder / "scripts" / bundle.replace("/", "_") / name
        script.parent.mkdir(parents=True)
        script.write_text(text)
        modes = ("--mutable", "points") if text == LINK else ()
        p2_json(root, "attach", bundle, script, "-y", *modes)
    return folder


@pytest.fixture
def root(world: Path, tmp_path: Path) -> Path:
    shutil.copytree(world / "root", tmp_path / "root")
    return tmp_path / "root"


def told(answer: dict[str, Any]) -> list[tuple[str, str, Any, list[str]]]:
    """Give what became of each run, in order, without what differs between two runs of the same."""
    return [
        (
            f"{run['bundle']['name']}:{run['task']}",
            run["state"],
            run["record"]["exposed"],
            [a["sha256"] for a in run["record"]["artefacts"]],
        )
        for run in answer["runs"]
    ]


def test_what_comes_of_it_is_the_same_however_many_run_at_once(root: Path, world: Path) -> None:
    at_once = p2_json(root, "run", "top:together", "--jobs", "3")
    other = world / "other"
    shutil.copytree(world / "root", other)
    one_by_one = p2_json(other, "run", "top:together", "--jobs", "1")
    assert told(at_once) == told(one_by_one)
    assert [each[0] for each in told(at_once)] == [
        "top/one:clusters", "top/three:clusters", "top/two:clusters", "top:together",
    ]  # fmt: skip
    assert all(run["record"]["released"] for run in at_once["runs"][:3])
    assert at_once["runs"][3]["record"]["exposed"] == {"counted": 3}


def test_several_children_are_at_work_at_the_same_time(root: Path) -> None:
    said: dict[int, list[float]] = {}

    def tell(_: object) -> None:
        said.setdefault(threading.get_ident(), []).append(time.monotonic())

    with plotter2.open(root) as library:
        report = library.run_task("top", "clusters", TaskHow(on_event=tell, jobs=2))
    assert report.ok
    begun, ended = (sorted(each[place] for each in said.values()) for place in (0, -1))
    assert begun[1] < ended[0]


def test_one_that_fails_leaves_the_others_alone(root: Path, world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "top", tmp_path / "top")
    (tmp_path / "top" / "two" / "main.csv").write_text("a,b\n1.5,2.5\n1.5,2.5\n")
    p2_json(root, "add", tmp_path / "top")
    finished = p2(root, "run", "top:clusters", "--jobs", "2", "--json")
    assert finished.code == 1
    states = {run["bundle"]["name"]: run["state"] for run in finished.json["runs"]}
    assert states == {"top/one": "done", "top/two": "failed", "top/three": "done"}
    (error,) = [run["error"] for run in finished.json["runs"] if run["error"]]
    assert error["code"] == "P2-R0613"


def test_a_person_who_stops_it_stops_all_of_it(root: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "plotter2",
        "run",
        "top:clusters",
        "--jobs",
        "3",
        "--root",
        str(root),
    ]
    with hearing_interrupts():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not p2_json(root, "requests", "ls", "--all")["requests"] and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    left = {request["state"] for request in p2_json(root, "requests", "ls", "--all")["requests"]}
    assert left <= {"cancelled", "done"}
    assert p2_json(root, "run", "top:together")["ok"]


# ---- one after the other ---------------------------------------------------------------------------


def test_the_first_mistake_ends_what_has_not_begun() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            raise RuntimeError("the first one")
        return number

    with pytest.raises(RuntimeError, match="the first one"):
        AtOnce(2).each(work, range(50))
    assert len(begun) < 50


def test_results_come_in_the_order_of_the_items() -> None:
    assert AtOnce(4).each(lambda number: number * 2, range(20)) == list(range(0, 40, 2))


@pytest.mark.parametrize(
    ("effect", "at_once"),
    [
        ('expose t: table{x: number} = access("e")', True),
        ('access("e") | frame | point(x=x, y=x) | plot("p") | handoff', True),
        ('access("e") | handoff("t")', False),
        ('access("e") | share(key="lab")', False),
        ('redo("e", over=sweep(x=[1, 2]))', False),
        ('register("t")', False),
    ],
)
def test_who_comes_first_matters_where_tables_change_hands(effect: str, at_once: bool) -> None:
    text = f"p2 1 task one {{ {effect} }}"
    if not at_once and "expose" not in effect and "access" in effect:
        name = effect.partition("| ")[2]
        text = f'p2 1 task one {{ expose t: table{{x: number}} = access("e") | head(1) access("t") | {name} }}'
    found = compiled(text, {"e": {"rows": 3, "cols": {"x": "number"}}})
    assert found.module is not None
    assert may_run_at_once(found.module.nodes, "one") is at_once


def test_what_a_step_in_python_does_counts_as_well() -> None:
    text = '''p2 1
script mine() = python """
t = access("e")
expose("t", t, x="number")
handin("t", to="two")
"""
task one { mine() }
task two after one { access("t") | frame | point(x=x, y=x) | plot("p") }
'''
    found = compiled(text, {"e": {"rows": 3, "cols": {"x": "number"}}})
    assert found.module is not None
    assert not may_run_at_once(found.module.nodes, "one")
    assert may_run_at_once(found.module.nodes, "two")
