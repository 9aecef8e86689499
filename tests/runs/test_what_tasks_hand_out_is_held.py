"""Exposed tables and requests count only as the task declares them; whatever else a child says of them is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from p2_compiling import module_of
from p2lang import ir
from plotter2.errors import HostError, RunError
from plotter2.orchestrator import Outcome
from plotter2.runs.exposing import (
    exposed_tables,
    redo_asked,
    require_kept_going,
    require_nothing_of_tasks,
)
from plotter2.wire import codes
from plotter2.wire.inputs import Place
from plotter2.wire.messages import ColumnFound, FromChild, GaveUp, RedoAsked, TableFound

SCRIPT = """p2 1
task give {
  expose sums: table{row: int, v: number?} = access("matrix") | summary(by=row, v = sum(value))
  redo("experiment2", over=sweep(lr=[0.1, 0.2]))
}
task careful {
  when approved("redo", "experiment2") and 1 < 2 {
    redo("experiment2", over=sweep(lr=[0.1, 0.2]), gpu_hours=24h, keep="best")
  }
}
task other { expose more: table{row: int} = access("matrix") }
"""


class Told:
    """Stands for an outcome: messages, and bytes that are their own place."""

    def __init__(self, messages: list[FromChild]) -> None:
        self.messages = tuple(messages)

    def read(self, offset: int, length: int) -> bytes:
        return f"{offset}-{length}".encode()


def nodes() -> tuple[ir.Node, ...]:
    module = module_of(SCRIPT).module
    assert module is not None
    return module.nodes


def column(name: str, kind: str, rows: int = 3, nulls: int = 0, table: str = "sums") -> ColumnFound:
    return ColumnFound(
        table=table, name=name, dtype=kind, rows=rows, nulls=nulls, features={}, offset=0, length=8
    )


def whole() -> list[FromChild]:
    return [column("row", "int"), column("v", "number", nulls=1), TableFound(table="sums", rows=3)]


def taken(messages: list[FromChild], task: str = "give") -> dict[str, Any]:
    outcome = cast(Outcome, Told(messages))
    return dict(exposed_tables(outcome, nodes(), task, lambda data: (data.decode(), len(data))))


def test_a_table_as_it_was_declared_is_kept_column_by_column() -> None:
    table = taken(whole())["sums"]
    assert table.rows == 3
    assert [(c.name, c.kind, c.nullable, c.chunks[0].rows) for c in table.columns] == [
        ("row", "int", False, 3),
        ("v", "number", True, 3),
    ]


def test_chunks_of_a_column_follow_each_other() -> None:
    first = [column("row", "int", 2), column("row", "int", 1)]
    table = taken([*first, *whole()[1:]])["sums"]
    assert [chunk.rows for chunk in table.columns[0].chunks] == [2, 1]


WRONG: dict[str, Callable[[], list[FromChild]]] = {
    "a table that is not exposed": lambda: [TableFound(table="more", rows=3)],
    "a column that was not declared": lambda: [column("w", "int"), *whole()],
    "another type": lambda: [column("row", "number"), *whole()[1:]],
    "missing values where there are none": lambda: [column("row", "int", nulls=1), *whole()[1:]],
    "more missing values than rows": lambda: [
        column("row", "int"),
        column("v", "number", nulls=4),
        *whole()[2:],
    ],
    "too few rows": lambda: [column("row", "int", 2), *whole()[1:]],
    "a column less": lambda: [column("row", "int"), TableFound(table="sums", rows=3)],
    "no end": lambda: whole()[:2],
    "two ends": lambda: [*whole(), TableFound(table="sums", rows=3)],
    "a column after the end": lambda: [*whole(), column("row", "int")],
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_refused(case: str) -> None:
    with pytest.raises(HostError) as caught:
        taken(WRONG[case]())
    assert caught.value.code == codes.PROTOCOL_BROKEN


def asked(task: str = "give", **change: Any) -> RedoAsked:
    (node,) = [n for n in nodes() if n.op == "redo@1" and n.attributes["@task"][1] == task]
    told = RedoAsked(
        node=node.id,
        bundle="experiment2",
        hours=1.0,
        keep="all",
        columns=["lr"],
        first=0,
        total=2,
        rows=[[0.1], [0.2]],
    )
    return msgspec.structs.replace(told, **change)


def redo(*messages: RedoAsked, task: str = "give", approved: bool = False) -> Any:
    allowed = [("redo", "experiment2")] if approved else []
    place = Place(bundle="experiment2", task=task, approved=allowed)
    return redo_asked(cast(Outcome, Told(list(messages))), nodes(), place, "RUN", {})


def test_a_request_comes_in_one_message_or_in_several() -> None:
    (body,) = redo(asked())
    assert (body.over, body.task, body.run) == (({"lr": 0.1}, {"lr": 0.2}), "give", "RUN")
    parts = asked(rows=[[0.1]]), asked(first=1, rows=[[0.2]])
    assert redo(*parts) == (body,)


@pytest.mark.parametrize(
    "messages",
    [
        (asked(bundle="experiment3"),),
        (asked(node="nobody"),),
        (asked(total=3),),
        (asked(hours=0.5),),
        (asked(keep="best"),),
        (asked(rows=[[0.1, 2], [0.2, 3]]),),
        (asked(rows=[[0.1], [float("inf")]]),),
        (asked(rows=[[0.1]]), asked(first=2, rows=[[0.2]])),
        (asked(rows=[[0.1]]), asked(first=1, rows=[[0.2]], hours=100.0)),
    ],
    ids=[
        "another bundle",
        "no node",
        "a row less",
        "another price",
        "another choice",
        "a value more",
        "no number",
        "a gap",
        "two prices",
    ],
)
def test_a_request_that_the_task_does_not_make_is_refused(messages: tuple[RedoAsked, ...]) -> None:
    with pytest.raises(HostError):
        redo(*messages)


def test_what_a_person_must_approve_is_asked_for_only_when_one_did() -> None:
    message = asked("careful", hours=24.0, keep="best")
    assert redo(message, task="careful", approved=True)[0].gpu_hours == 24.0
    with pytest.raises(HostError):
        redo(message, task="careful")
    with pytest.raises(HostError):
        redo(asked("careful"), task="careful", approved=True)


def test_a_script_without_a_task_hands_out_no_table() -> None:
    require_nothing_of_tasks([])
    with pytest.raises(HostError):
        require_nothing_of_tasks([TableFound(table="sums", rows=0)])


def test_giving_up_ends_the_run_with_its_own_words() -> None:
    with pytest.raises(RunError, match="the task gave up: too few runs"):
        require_kept_going([GaveUp(reason="too few runs")])
