"""Tasks carried out: own links, what others are at work on, requests tried again, archived bundles, Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from declared_samples import LINK, TASKS, World
from plotter2.config.settings import settings
from plotter2.datter import bodies
from plotter2.datter.requested import Asking
from plotter2.errors import RunError
from plotter2.host.asking import TaskHow
from plotter2.host.host import Host
from plotter2.runs.model import Event, RunResult
from plotter2.wire.messages import Note

pytestmark = pytest.mark.process

OWN = """p2 1
task rates {
  link small: table{run: int, twice: int} -> "runs.csv" via | filter(run > 1) | derive(twice = run * 2)
  let mine = access("small")
  expose small: table{twice: int} = $mine
}
task later after rates {
  access("small") | frame | histogram(x=twice) | plot("h") | handoff
}
"""


WEIGHTS = "row,col,w\n0,0,1.5\n0,1,2.5\n1,1,4.0\n"


def add(world: World, name: str, table: str, text: str) -> None:
    path = world.folder / name / f"{table}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    world.host.add([path.parent], name)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "scripts"
    folder.mkdir()
    with Host(settings(tmp_path / "root")) as host:
        made = World(host, folder)
        host.keyring.new_key("ada@lab", None)
        add(made, "experiment2", "runs", "run\n1\n2\n")
        for name in ("experiment2a", "experiment2b"):
            add(made, f"experiment2/{name}", "weights", WEIGHTS)
        made.attach("experiment2", "tasks.p2", TASKS)
        for name in ("experiment2a", "experiment2b"):
            made.attach(f"experiment2/{name}", "link.p2", LINK)
        yield made


def states(world: World, task: str, how: TaskHow | None = None) -> dict[str, str]:
    report = world.host.run_task("experiment2", task, how or TaskHow())
    return {f"{each.bundle.run}:{each.task}": each.state for each in report.ended}


def test_a_task_that_links_for_itself_and_one_that_reads_what_it_exposed(world: World) -> None:
    world.attach("experiment2", "own.p2", OWN)
    report = world.host.run_task("experiment2", "later")
    assert [(each.task, each.state) for each in report.ended] == [
        ("rates", "done"),
        ("later", "done"),
    ]
    (first, second) = [each.result for each in report.ended]
    assert first is not None
    assert second is not None
    assert first.record["exposed"] == {"small": 1}
    assert [artefact.path.name for artefact in second.artefacts] == ["h.png"]
    # Another child that came in is no reason to run it again; new rows are.
    assert states(world, "later") == {"experiment2:rates": "same data", "experiment2:later": "done"}
    add(world, "experiment2", "runs", "run\n1\n2\n3\n")
    assert states(world, "later") == {"experiment2:rates": "done", "experiment2:later": "done"}


def test_what_another_process_is_at_work_on_is_waited_for_as_long_as_the_script_says(
    world: World,
) -> None:
    text = TASKS.replace("rows=10_000_000", "rows=10_000_000, timeout=1s")
    world.attach("experiment2", "tasks.p2", text)
    assert states(world, "sum_matrix")["experiment2:sum_matrix"] == "done"
    store = world.host.store
    body = bodies.TaskOf(bundle="experiment2/experiment2b", task="plot_matrix")
    with store.begin_new(Asking("task", "x", body), 60) as work:
        told = store.runs(20)
        (about,) = [
            r.record["task"] for r in told if r.record["task"]["bundle"]["name"].endswith("2b")
        ]
        work.begin_run(store.new_id(), "own/tasks", {"task": about})
        report = world.host.run_task("experiment2", "sum_matrix")
        last = report.ended[-1]
        assert (last.task, last.state) == ("sum_matrix", "failed")
        assert last.problem is not None
        assert last.problem.code == "P2-R0649"
        assert "for plot_matrix on experiment2/experiment2b" in last.problem.message
        work.done({})


def test_a_task_that_failed_is_tried_again_as_a_request(world: World) -> None:
    add(world, "experiment2/late", "weights", WEIGHTS)
    world.attach("experiment2/late", "link.p2", LINK)
    text = TASKS.replace(
        "  $matrix | frame", '  impose $step < 5 else "too far"\n  $matrix | frame'
    )
    world.attach("experiment2", "tasks.p2", text)
    how = TaskHow(params={"step": 7})
    report = world.host.run_task("experiment2/late", "plot_matrix", how)
    assert report.ended[0].problem is not None
    assert report.ended[0].problem.message == "too far"
    (failed,) = world.host.store.requests.listed(("failed",))
    assert failed.subject == "experiment2/late:plot_matrix"
    assert isinstance(failed.body, bodies.TaskOf)
    assert len(failed.body.sha256) == 64
    with pytest.raises(RunError, match="too far"):
        world.host.retry(failed.id)
    # What the script allows by now goes well.
    world.attach("experiment2", "tasks.p2", text.replace("$step < 5", "$step < 50"))
    found = world.host.retry(failed.id)
    assert isinstance(found, RunResult)
    assert found.record["request"] == failed.id
    changed = found.record["script_changed"]
    assert changed["asked"] == failed.body.sha256 != changed["now"]
    assert world.host.store.requests.request(failed.id).state == "done"


def test_nothing_runs_on_what_is_archived(world: World) -> None:
    world.host.store.archive("experiment2/experiment2b")
    assert states(world, "plot_matrix") == {"experiment2a:plot_matrix": "done"}
    world.host.store.archive("experiment2")
    with pytest.raises(RunError, match="archived"):
        world.host.run_task(world_id(world), "plot_matrix")


def world_id(world: World) -> str:
    return next(row.id for row in world.host.store.attempts("experiment2"))


def test_ctrl_c_ends_the_run_at_work_and_publishes_nothing_of_it(world: World) -> None:
    text = TASKS.replace("  $matrix | frame", '  loggy("at work")\n  $matrix | frame')
    world.attach("experiment2", "tasks.p2", text)
    seen: list[str] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, Note):
            seen.append(event.text)
            if len(seen) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.host.run_task("experiment2", "plot_matrix", TaskHow(on_event=interrupt, jobs=1))
    store = world.host.store
    done = {ran.done.bundle for ran in store.task_runs.all()}
    assert done == {world.bundle("experiment2/experiment2a").id}
    assert [run.state for run in store.runs(10)] == ["cancelled", "done"]
    asked = [each for each in store.requests.listed() if each.kind == "task"]
    assert [each.state for each in asked] == ["cancelled", "done"]
    assert {path.name for path in store.layout.output.iterdir()} == {
        run.id for run in store.runs(10) if run.state == "done"
    }


def test_an_approval_is_asked_for_once_and_for_what_the_script_names(world: World) -> None:
    text = (
        'p2 1\ntask rerun(what: string = "experiment2") {\n'
        '  impose approved("redo", $what) else "not approved"\n'
        '  redo("experiment2", over=sweep(lr=[0.1]))\n}\n'
    )
    world.attach("experiment2", "rerun.p2", text)
    asked: list[tuple[str, str, str]] = []

    def approve(*question: str) -> bool:
        asked.append(question)  # type: ignore[arg-type] # three words
        return len(asked) > 1

    how = TaskHow(approve=approve)
    report = world.host.run_task("experiment2", "rerun", how)
    assert report.ended[0].problem is not None
    assert world.host.store.requests.listed(("queued",)) == ()
    assert world.host.run_task("experiment2", "rerun", how).ok
    assert asked == [("rerun", "redo", "experiment2")] * 2
    (queued,) = world.host.store.requests.listed(("queued",))
    body: Any = queued.body
    assert body.over == ({"lr": 0.1},)
