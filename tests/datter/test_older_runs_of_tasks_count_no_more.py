"""Of a task on a bundle the newest run counts; an older one stays only while somebody else has what it exposed."""

from __future__ import annotations

import pytest

from plotter2.datter.bundle import Table
from plotter2.datter.superseded import superseded
from plotter2.datter.task_runs import Performance, TaskRun
from plotter2.datter.transfers import Holder, How, Transfer

TABLE = Table(rows=0, columns=())


def holder(task: str, bundle: str = "b") -> Holder:
    return Holder(bundle=bundle, home="h", script="x.p2", task=task)


def ran(number: int, task: str, *transfers: Transfer, bundle: str = "b") -> TaskRun:
    done = Performance(
        run=f"run{number}", bundle=bundle, home="h", script="x.p2", digest="0" * 64, task=task,
        inputs="", tables={"t": TABLE}, transfers=transfers,
    )  # fmt: skip
    return TaskRun(done, number, f"event{number}")


def given(how: How, run: str, to: Holder | None = None) -> Transfer:
    return Transfer(how=how, run=run, table="t", of=holder("a"), to=to)


def test_the_newest_run_of_each_task_on_each_bundle_counts() -> None:
    runs = [
        ran(1, "a"), ran(2, "b"), ran(3, "a", bundle="c"), ran(4, "a"), ran(5, "a"), ran(6, "b"),
    ]  # fmt: skip
    assert superseded(runs) == {"event1", "event2", "event4"}
    assert superseded(runs[:3]) == frozenset()


def test_what_was_superseded_a_moment_ago_may_be_read_still() -> None:
    runs = [ran(1, "a"), ran(2, "a"), ran(3, "a")]
    assert superseded(runs, until=2) == {"event1"}
    assert superseded(runs, until=1) == frozenset()


@pytest.mark.parametrize(
    ("transfers", "stays"),
    [
        ((given("handoff", "run1"),), True),
        ((given("handin", "run1", holder("b")),), True),
        ((given("share", "run1", holder("b")),), False),
        ((given("deregister", "run1"),), False),
        ((given("deregister", "run1"), given("register", "run1", holder("b"))), True),
    ],
    ids=["handed off", "handed in", "shared", "dropped", "claimed by another"],
)
def test_what_was_handed_on_stays(transfers: tuple[Transfer, ...], *, stays: bool) -> None:
    runs = [ran(1, "a", *transfers), ran(2, "a")]
    assert superseded(runs) == (frozenset() if stays else {"event1"})
