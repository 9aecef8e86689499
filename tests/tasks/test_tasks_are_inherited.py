"""Tasks go down the tree: what runs where, where not and why, and what runs when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datter_samples import add_run
from declared_samples import LINK, MATRIX, TASKS, World, opened
from p2lang.types import ColumnType
from plotter2.tasks.covering import covered
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.model import Answered, Coverage, NotApplicable, Task, Tasks

STORY = TASKS + LINK.removeprefix("p2 1\n").replace("weights.csv", "experiment2a/weights")
BARE_LINK = 'p2 1\nlink matrix: table{row: int, col: int} -> "weights"\n'
STEP = '''p2 1
script late(runs: table{row: int, value: number}, beyond: int = 3): table{row: int} = python """
return runs
"""
task settle { impose matrix: table{row: int, col: int, value: number}
  $matrix | late(beyond=1) | frame | histogram(x=row) | plot("s") | handoff
}
'''


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        found.attach("experiment2", "story.p2", TASKS)
        found.attach("experiment2/experiment2a", "matrix.p2", LINK)
        found.attach("experiment2/experiment2b", "matrix.p2", LINK)
        found.attach("experiment2/impostor", "bare.p2", BARE_LINK)
        yield found


def of(world: World, bundle: str) -> Tasks:
    return tasks_of(world.declarations, world.bundle(bundle))


def names(world: World, bundle: str) -> tuple[list[str], list[str], list[str]]:
    found = of(world, bundle)
    groups = (found.own, found.inherited, found.not_applicable)
    own, inherited, rest = ([each.task.name for each in group] for group in groups)
    return own, inherited, rest


def task(world: World, bundle: str, name: str) -> Task:
    found = of(world, bundle).find(name)
    assert found is not None
    return found.task


def coverage(world: World, name: str) -> Coverage:
    declarations = world.declarations
    found = tasks_of(declarations, world.bundle("experiment2")).find(name)
    assert found is not None
    return covered(declarations, found.task)


def told(found: Coverage) -> dict[str, str]:
    return {each.bundle.name: each.reasons[0].message for each in found.rest}


# ---- what a task is ----------------------------------------------------------------------------


def test_a_task_tells_what_it_asks_for_exposes_takes_and_waits_for(world: World) -> None:
    first = task(world, "experiment2", "plot_matrix")
    (asked,) = first.imposed
    assert str(asked) == "matrix: table{row: int, col: int, value: number}"
    assert [str(head) for head in first.exposes] == ["seen: table{row: int, value: number}"]
    assert list(first.params) == ["step"]
    assert first.kind == "pipeline"
    second = task(world, "experiment2", "sum_matrix")
    assert second.imposed == ()
    assert second.after == ("plot_matrix",)
    assert second.kind == "configuration"


def test_a_task_with_a_step_in_python_is_a_script(world: World) -> None:
    world.attach("experiment2", "step.p2", STEP)
    assert task(world, "experiment2", "settle").kind == "script"


def test_a_link_inside_a_task_is_its_own_and_asked_of_nobody(world: World) -> None:
    text = (
        'p2 1\ntask alone { link mine: table{row: int} -> "experiment2/experiment2a/weights"\n'
        '  access("mine") | frame | histogram(x=row) | plot("m") | handoff\n}\n'
    )
    world.attach("experiment2", "alone.p2", text)
    found = task(world, "experiment2", "alone")
    assert found.links == ("mine",)
    assert found.imposed == ()


def test_what_an_earlier_task_exposes_is_not_asked_of_the_bundle(world: World) -> None:
    text = (
        'p2 1\ntask make { expose t: table{row: int} = access("experiment2/experiment2a") }\n'
        'task use_it after make { access("t") | frame | histogram(x=row) | plot("u") | handoff }\n'
    )
    world.attach("experiment2", "made.p2", text)
    assert task(world, "experiment2", "use_it").imposed == ()


# ---- who inherits what -------------------------------------------------------------------------


def test_what_a_task_imposes_and_does_not_read_is_asked_of_the_bundle_all_the_same(
    world: World,
) -> None:
    again = """task again after plot_matrix {
      impose matrix: table{row: int, col: int, value: number}
      expose more: table{row: int} = access("seen") | select(row)
    }
    """
    world.attach("experiment2", "story.p2", TASKS + again)
    tasks = tasks_of(world.declarations, world.bundle("experiment2"))
    (found,) = (each.task for each in tasks.not_applicable if each.task.name == "again")
    assert [str(head) for head in found.imposed] == [
        "matrix: table{row: int, col: int, value: number}"
    ]
    coverage = covered(world.declarations, found)
    names = [each.bundle.name for each in coverage.runs]
    assert names == ["experiment2/experiment2a", "experiment2/experiment2b"]


def test_every_bundle_below_inherits_and_runs_what_is_answered(world: World) -> None:
    assert names(world, "experiment2") == (["sum_matrix"], [], ["plot_matrix"])
    assert names(world, "experiment2/experiment2a") == ([], ["plot_matrix", "sum_matrix"], [])
    assert names(world, "experiment2/experiment2a/revision1") == (
        [],
        ["plot_matrix", "sum_matrix"],
        [],
    )
    found = of(world, "experiment2/experiment2a/revision1").find("plot_matrix")
    assert found is not None
    assert not isinstance(found, NotApplicable)
    answer = found.answers["matrix"]
    assert isinstance(answer, Answered)
    assert answer.bundle.name == "experiment2/experiment2a"


def test_an_impostor_is_listed_with_its_reason(world: World) -> None:
    found = of(world, "experiment2/impostor").find("plot_matrix")
    assert isinstance(found, NotApplicable)
    assert [reason.code for reason in found.reasons] == ["P2-D0878"]
    assert "the column value is missing" in found.reasons[0].message


def test_a_task_of_an_archived_bundle_above_is_told_and_does_not_run(world: World) -> None:
    store = world.host.store
    store.archive("experiment2")
    store.archive("experiment2/experiment2a", undo=True)
    found = of(world, "experiment2/experiment2a")
    assert (found.own, found.inherited) == ((), ())
    assert {each.reasons[0].message for each in found.not_applicable} == {
        "experiment2 is archived, and its tasks do not run"
    }


def test_a_link_of_an_archived_bundle_above_answers_for_nobody(world: World) -> None:
    world.attach("experiment2/experiment2a/revision1", "tasks.p2", TASKS)
    world.host.store.archive("experiment2/experiment2a")
    world.host.store.archive("experiment2/experiment2a/revision1", undo=True)
    found = of(world, "experiment2/experiment2a/revision1").find("plot_matrix")
    assert isinstance(found, NotApplicable)
    assert "experiment2/experiment2a, which is archived" in found.reasons[0].message


def test_nothing_runs_on_an_archived_bundle(world: World) -> None:
    row = world.bundle("experiment2/experiment2b")
    world.host.store.archive("experiment2/experiment2b")
    found = of(world, row.id)
    assert "nothing runs on it" in found.not_applicable[0].reasons[0].message


def test_a_task_nearer_to_a_bundle_stands_for_one_further_up(world: World) -> None:
    world.attach("experiment2/experiment2a", "own.p2", TASKS)
    found = of(world, "experiment2/experiment2a")
    assert [each.task.name for each in found.own] == ["plot_matrix", "sum_matrix"]
    hidden = [each for each in found.not_applicable if found.is_hidden(each.task)]
    assert [each.task.bundle.name for each in hidden] == ["experiment2", "experiment2"]
    nearest = found.find("plot_matrix")
    assert nearest is not None
    assert nearest.task.bundle.name == "experiment2/experiment2a"


def test_a_script_that_was_revoked_is_told_with_its_tasks(world: World) -> None:
    world.host.keyring.trust_file.write_bytes(b"")
    found = of(world, "experiment2/experiment2a")
    assert [each.task.name for each in found.not_applicable] == ["plot_matrix", "sum_matrix"]
    assert all(
        "story.p2, attached to experiment2, does not count" in each.reasons[0].message
        for each in found.not_applicable
    )


def test_a_task_whose_script_fits_the_data_no_more_is_told_with_the_place(world: World) -> None:
    text = 'p2 1\ntask look { access("experiment2b/weights") | frame | histogram(x=row) | plot("l") | handoff }\n'
    world.attach("experiment2", "look.p2", text)
    world.host.store.archive("experiment2/experiment2b")
    found = of(world, "experiment2").find("look")
    assert isinstance(found, NotApplicable)
    assert found.reasons[0].where == "look.p2:2:20"
    assert "archived" in found.reasons[0].message


def test_a_task_that_chooses_a_step_needs_tables_with_steps(world: World) -> None:
    text = (
        "p2 1\ntask at(step: int = 0) {\n  impose matrix: table{row: int, value: number}\n"
        '  access("matrix", step=$step) | frame | histogram(x=row) | plot("at") | handoff\n}\n'
    )
    world.attach("experiment2", "at.p2", text)
    store = world.host.store
    add_run(store, "experiment2/late", {**MATRIX, "step": ("int", [0, 0, 1])}, stream="weights")
    world.attach("experiment2/late", "matrix.p2", LINK)
    found = coverage(world, "at")
    assert [each.bundle.run for each in found.runs] == ["late"]
    assert told(found)["experiment2/experiment2b"] == (
        "at chooses one step of matrix, and 'weights.csv' of experiment2/experiment2b has no column step"
    )


# ---- where it runs when it is asked for --------------------------------------------------------


def test_a_task_covers_its_bundle_and_each_linked_one_below(world: World) -> None:
    found = coverage(world, "plot_matrix")
    assert [each.bundle.name for each in found.runs] == [
        "experiment2/experiment2a",
        "experiment2/experiment2b",
    ]
    assert told(found) == {
        "experiment2": "experiment2 has no link matrix",
        "experiment2/experiment2a/revision1": "experiment2/experiment2a/revision1 has no link of its own;"
        " experiment2/experiment2a answers for it",
        "experiment2/impostor": "the link matrix of experiment2/impostor gives another type:"
        " the column value is missing (it has row, col)",
    }


def test_the_bundle_of_the_task_comes_first_and_children_in_natural_order(world: World) -> None:
    world.attach("experiment2", "link.p2", LINK.replace("weights.csv", "experiment2a/weights"))
    for number in (10, 9):
        add_run(world.host.store, f"experiment2/run{number}", MATRIX, stream="weights")
        world.attach(f"experiment2/run{number}", "matrix.p2", LINK)
    assert [each.bundle.name for each in coverage(world, "plot_matrix").runs] == [
        "experiment2",
        "experiment2/experiment2a",
        "experiment2/experiment2b",
        "experiment2/run9",
        "experiment2/run10",
    ]


def test_a_task_that_asks_for_nothing_runs_on_its_own_bundle_only(world: World) -> None:
    found = coverage(world, "sum_matrix")
    assert [each.bundle.name for each in found.runs] == ["experiment2"]
    assert found.rest == ()


def test_a_bundle_below_with_such_a_task_of_its_own_is_left_to_that(world: World) -> None:
    world.attach("experiment2/experiment2a", "own.p2", TASKS)
    assert told(coverage(world, "plot_matrix"))["experiment2/experiment2a"] == (
        "experiment2/experiment2a has a task plot_matrix of its own, which stands for it"
    )


def test_one_head_may_be_answered_below_and_another_above(world: World) -> None:
    text = (
        "p2 1\ntask both {\n  impose matrix: table{row: int, value: number}\n  impose runs: table{run: int}\n"
        '  $matrix | frame | histogram(x=row) | plot("b") | handoff\n'
        '  $runs | frame | histogram(x=run) | plot("r") | handoff\n}\n'
    )
    world.attach("experiment2", "both.p2", text)
    world.attach("experiment2", "runs.p2", 'p2 1\nlink runs: table{run: int} -> "runs.csv"\n')
    found = coverage(world, "both")
    assert [each.bundle.name for each in found.runs] == [
        "experiment2/experiment2a",
        "experiment2/experiment2b",
    ]
    assert {name: a.bundle.name for name, a in found.runs[0].answers.items()} == {
        "matrix": "experiment2/experiment2a",
        "runs": "experiment2",
    }


def test_an_archived_child_is_not_covered(world: World) -> None:
    world.host.store.archive("experiment2/experiment2b")
    assert [each.bundle.run for each in coverage(world, "plot_matrix").runs] == ["experiment2a"]


def test_a_column_of_another_unit_is_a_reason(world: World) -> None:
    units = {"w": "s"}
    add_run(world.host.store, "experiment2/timed", MATRIX, stream="weights", units=units)
    link = LINK.replace("value: number", "value: number[s]")
    world.attach("experiment2/timed", "matrix.p2", link)
    text = TASKS.replace("value: number}\n  expose", "value: number[nat]}\n  expose").replace(
        "seen: table{row: int, value: number}", "seen: table{row: int}"
    )
    text = "p2 1\n" + text.split("task sum_matrix")[0].removeprefix("p2 1\n")
    world.attach("experiment2", "story.p2", text)
    assert (
        "value has the unit [s], asked for is [nat]"
        in told(coverage(world, "plot_matrix"))["experiment2/timed"]
    )
    assert (
        ColumnType("number", unit="nat")
        in dict(task(world, "experiment2", "plot_matrix").imposed[0].columns).values()
    )
