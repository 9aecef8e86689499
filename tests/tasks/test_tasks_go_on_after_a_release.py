"""A task that has released lets others begin while its child still works; what they make counts if it ends well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plotter2.host.asking import TaskHow
from plotter2.orchestrator import Cancellation, Event, Task, TaskLimits
from plotter2.tasks.carrying import Report
from plotter2.tasks.instance import Instance
from plotter2.wire.messages import Note
from released_runs import GIVE, Released, kill_children, on_stage

pytestmark = pytest.mark.process

WELL = GIVE % 'loggy("still at work")'
TOO_LATE = GIVE % 'impose $step < 5 else "too late"'
GIVES_UP = GIVE % 'when $step > 5 { giveup("no more") }'
BUSY = GIVE % "busy(n=400_000_000)"


@pytest.fixture
def well(tmp_path: Path) -> Iterator[Released]:
    with on_stage(tmp_path / "well", WELL) as released:
        yield released


def ends(report: Report) -> list[tuple[str, str, str]]:
    return [
        (f"{e.bundle.name}:{e.task}", e.state, e.problem.code if e.problem else "")
        for e in report.ended
    ]


def kept(released: Released) -> dict[tuple[str, str], Any]:
    """Give what tasks exposed and drew, by task and bundle, without what differs between two runs of the same."""
    return {
        (ran.done.task, ran.done.bundle): (ran.done.inputs, ran.done.tables, ran.done.files)
        for ran in released.world.host.store.task_runs.all()
    }


def records(released: Released) -> dict[str, dict[str, Any]]:
    runs = released.world.host.store.runs(20)
    return {
        f"{r.record['task']['bundle']['name']}:{r.record['task']['name']}": r.record for r in runs
    }


def in_vain(report: Report) -> None:
    """Hold that the task that went on is told so, in one clear way."""
    last = report.ended[-1]
    assert (last.task, last.state) == ("take", "failed")
    assert last.problem is not None
    assert last.problem.code == "P2-R0651"
    assert "went on with what experiment2/experiment2" in last.problem.message
    assert "mend give first" in last.problem.help


# ---- going on -------------------------------------------------------------------------------------


def test_a_task_begins_and_computes_before_the_one_that_released_has_ended(well: Released) -> None:
    seen_early: list[set[str]] = []

    def is_taken() -> bool:
        taken = "taken" in well.stage.noted
        if taken:
            seen_early.append(well.visible())
        return taken

    well.stage.hold = is_taken
    report = well.run()
    assert report.ok
    noted = well.stage.noted
    assert noted.index("take begins") > max(i for i, n in enumerate(noted) if n == "released")
    assert noted.index("taken") < noted.index("given")
    # Nobody saw anything before those who released had ended.
    assert "take" not in set().union(*seen_early)
    events = [ran.done.task for ran in well.world.host.store.task_runs.all()]
    assert events == ["give", "give", "take"]


def test_the_records_say_what_was_read_from_whom(well: Released) -> None:
    well.stage.hold = lambda: "taken" in well.stage.noted
    assert well.run().ok
    told = records(well)
    gave = {f"experiment2/experiment2{each}:give" for each in "ab"}
    assert all(told[each]["released"] for each in gave)
    consumed = told["experiment2:take"]["consumed"]
    assert {each["exposed_by"] for each in consumed} == gave
    assert {(each["table"], each["while_at_work"]) for each in consumed} == {("seen", True)}
    assert {each["run"] for each in consumed} == {told[each]["run"] for each in gave}
    (ran,) = [r for r in well.world.host.store.task_runs.all() if r.done.task == "take"]
    assert {each.run for each in ran.done.consumed} == {each["run"] for each in consumed}
    assert [r.done.tables["total"].rows for r in [ran]] == [2]


def test_the_results_are_those_of_one_after_the_other(well: Released, tmp_path: Path) -> None:
    well.stage.hold = lambda: "taken" in well.stage.noted
    assert well.run().ok
    with on_stage(tmp_path / "other", WELL) as other:
        assert other.run(jobs=1).ok
        assert other.stage.noted[-1] == "taken"
        alone = records(other)["experiment2:take"]["consumed"]
        assert not any(each["while_at_work"] for each in alone)
        assert kept(other) == kept(well)
        # What ran before on the same data is there again without a release.
        again = other.run(jobs=4)
        assert [each.state for each in again.ended] == ["same data", "same data", "done"]


IN_PYTHON = """p2 1
script given() = python \"\"\"
rows = access("matrix")
expose("seen", rows, row="int", value="number")
release()
n = 0
while n < 300_000:
    n = n + 1
print(f"counted to {n}")
\"\"\"
task give {
  impose matrix: table{row: int, col: int, value: number}
  given()
}
script taken() = python \"\"\"
all = collect(gather_tasks("give"))
expose("total", [{"cells": len(all), "sum": all["value"].sum()}], cells="int", sum="number")
\"\"\"
task take after give { taken() }
"""


def test_a_step_in_python_lets_others_go_on_in_the_middle_of_its_text(tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Note):
            heard.append(event.text)

    with on_stage(tmp_path / "python", IN_PYTHON) as released:
        released.stage.at_release = lambda: heard.append("released")
        released.stage.hold = lambda: "taken" in released.stage.noted
        assert released.run(on_event=hear).ok
        assert sorted(heard) == ["counted to 300000"] * 2 + ["released"] * 2
        assert heard[0] == "released"
        assert heard[-1] == "counted to 300000"


LATE = "expose late: table{row: int, value: number} = $matrix"


@pytest.mark.parametrize(
    ("give", "take"),
    [
        pytest.param(LATE, 'impose rows(access("late")) >= 0', id="a table that comes later"),
        pytest.param(LATE, 'when "late" in exposed() { loggy("late") }', id="all there is"),
        pytest.param('loggy("more")', 'loggy(last_task("give"))', id="when it ended"),
        pytest.param('$seen | share(key="lab")', 'loggy("more")', id="who owns what"),
    ],
)
def test_a_task_that_could_see_more_waits_for_the_end(tmp_path: Path, give: str, take: str) -> None:
    text = (GIVE % give).replace("task take after give {", "task take after give {\n  " + take)
    if "share" in give:
        text = text.replace("  expose seen: ", "  let seen = $matrix\n  expose seen: ")
        text = text.replace("= $matrix | filter(row >= 0)\n", "= $seen\n")
    with on_stage(tmp_path / "more", text) as released:
        released.run()
        noted = released.stage.noted
        ended = [place for place, what in enumerate(noted) if what == "given"]
        assert noted.count("released") == 2
        assert noted.index("take begins") > max(ended)


# ---- in vain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TOO_LATE, GIVES_UP], ids=["fails", "gives up"])
@pytest.mark.parametrize("jobs", [4, 1])
def test_what_fails_after_its_release_takes_along_who_went_on(
    tmp_path: Path, text: str, jobs: int
) -> None:
    with on_stage(tmp_path / "vain", text) as released:
        if jobs > 1:
            released.stage.hold = lambda: "taken" in released.stage.noted
        report = released.run(jobs=jobs, params={"step": 7})
        in_vain(report)
        code = "P2-R0601" if text == TOO_LATE else "P2-R0646"
        assert [each[1:] for each in ends(report)[:2]] == [("failed", code)] * 2
        assert released.visible() == set()
        store = released.world.host.store
        assert {run.state for run in store.runs(10)} == {"failed"}
        assert not list(store.layout.output.iterdir())
        gave = [r for n, r in records(released).items() if n.endswith(":give")]
        assert [each["released"] for each in gave] == [True, True]
        # Nothing stands in the way of the next run.
        assert released.run(params={"step": 0}).ok


def test_what_is_killed_after_its_release_takes_along_who_went_on(tmp_path: Path) -> None:
    with on_stage(tmp_path / "killed", BUSY) as released:
        released.stage.at_release = kill_children
        report = released.run(jobs=4)
        in_vain(report)
        assert {each[2] for each in ends(report)[:2]} == {"P2-H0906"}
        assert released.visible() == set()


def test_what_takes_too_long_after_its_release_takes_along_who_went_on(tmp_path: Path) -> None:
    def short(task: Task) -> Task:
        return replace(task, limits=TaskLimits(wall_ms=1_500, mem_mib=1024, out_mib=64))

    with on_stage(tmp_path / "long", BUSY) as released:
        released.stage.change = short
        in_vain(released.run())
        assert released.visible() == set()


def test_what_is_cancelled_after_its_release_takes_along_who_went_on(tmp_path: Path) -> None:
    cancellation = Cancellation()

    def cancellable(task: Task) -> Task:
        return replace(task, cancellation=cancellation)

    with on_stage(tmp_path / "cancelled", BUSY) as released:
        released.stage.change = cancellable
        begin = released.stage.note

        def note(what: str) -> None:
            begin(what)
            if what == "taken":
                cancellation.cancel()

        released.stage.note = note  # type: ignore[method-assign]
        report = released.run()
        in_vain(report)
        assert [each[2] for each in ends(report)[:2]] == ["P2-H0942"] * 2
        assert released.visible() == set()
        states = [run.state for run in released.world.host.store.runs(10)]
        assert sorted(states) == ["cancelled", "cancelled", "failed"]


def test_ctrl_c_after_a_release_leaves_nothing(tmp_path: Path) -> None:
    def stop(instance: Instance) -> None:
        if instance.name == "take":
            raise KeyboardInterrupt

    with on_stage(tmp_path / "stopped", BUSY) as released:
        with pytest.raises(KeyboardInterrupt):
            released.world.host.run_task("experiment2", "take", TaskHow(begin=stop, jobs=4))
        assert released.visible() == set()
        assert {run.state for run in released.world.host.store.runs(10)} == {"cancelled"}


def test_one_that_fails_before_it_releases_is_left_out(tmp_path: Path) -> None:
    early = WELL.replace(
        "  release()", '  impose $me.bundle != "experiment2/experiment2b"\n  release()'
    )
    with on_stage(tmp_path / "early", early) as released:
        report = released.run()
        assert [each[1] for each in ends(report)] == ["done", "failed", "done"]
        (consumed,) = records(released)["experiment2:take"]["consumed"]
        assert consumed["exposed_by"] == "experiment2/experiment2a:give"
