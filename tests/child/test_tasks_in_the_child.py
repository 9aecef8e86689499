"""A task in the child: what it asks for is answered, what it may ask about is told, what it exposes is handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from p2lang.verifier import verify
from p2std.registry import core
from plotter2.child.counting import require_rows
from plotter2.child.program import run_program
from plotter2.errors import RunError
from plotter2.wire.messages import GaveUp, RedoAsked, Released, TableFound
from running_programs import FakeChannel, Part, compiled, job, schema_of_parts, sealed_job

WEIGHTS = pl.DataFrame(
    {"step": [0, 0, 9, 9], "row": [0, 1, 0, 1], "w": [1.0, 2.0, 10.0, None], "extra": [1, 1, 1, 1]}
)
LINK = """p2 1
link matrix: table{row: int, value: number?} -> "weights.csv" via | rename(value = w) | filter(row < 5)
"""
TASKS = """p2 1
param least: number = 0
task give(step: int = 0) {
  impose matrix: table{row: int, value: number?}
  let mine = access("matrix", step=$step)
  expose sums: table{value: number?} = $mine | filter(value > $least) | summary(value = sum(value))
  release()
}
task all after give {
  let every = collect(gather_tasks("give"))
  expose total: table{bundle: string, value: number?} = $every
  redo("weights.csv", over=sweep(lr=[0.1, 0.2], seed=1..2), gpu_hours=3h)
}
task told {
  when islinked("matrix") { loggy("linked") }
  when "total" in exposed() { loggy("a total") } otherwise { loggy("no total") }
  when "sums" in imposed() { loggy("wanted") }
  when approved("redo", "weights.csv") { loggy("approved") } otherwise { loggy("not approved") }
  loggy(f"{$me.task} of {$me.bundle}")
  when rows(access("weights.csv")) > 100 { loggy("many") } otherwise { giveup("too few") }
}
"""


def linked(text: str = LINK, name: str = "matrix") -> dict[str, Any]:
    """Give the links of a job: one script that answers with one link."""
    found = compiled(text, {"weights.csv": schema_of_parts([Part(WEIGHTS)])})
    assert found.module is not None
    schemas = {path: schema.as_json() for path, schema in found.schemas.items()}
    program = {"module": found.module.encode().decode(), "schemas": schemas, "link": name}
    return {"matrix": program}


def ran(
    task: str,
    answers: Mapping[str, Sequence[Part]],
    links: Mapping[str, Any] | None = None,
    place: Mapping[str, Any] | None = None,
    **params: Any,
) -> FakeChannel:
    schemas = {"weights.csv": schema_of_parts([Part(WEIGHTS)])}
    found = compiled(TASKS, schemas)
    assert found.module is not None
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    channel = FakeChannel()
    with sealed_job(
        found.module.encode().decode(),
        read,
        {"weights.csv": [Part(WEIGHTS)]},
        answers=answers,
        links=dict(links or {}),
        place={"bundle": "top/a", "task": task, **(place or {})},
    ) as fds:
        run_program(job(**params), fds, channel)
    return channel


def test_a_link_is_computed_for_the_task_and_what_it_exposes_is_handed_out() -> None:
    channel = ran("give", {"matrix": [Part(WEIGHTS)]}, linked())
    assert channel.exposed("sums").to_dict(as_series=False) == {"value": [3.0]}
    assert [m for m in channel.messages if isinstance(m, TableFound)] == [
        TableFound(table="sums", rows=1)
    ]
    kinds = [type(m) for m in channel.messages]
    assert kinds.index(Released) == kinds.index(TableFound) + 1


def test_the_step_is_chosen_in_what_the_link_leads_to() -> None:
    channel = ran("give", {"matrix": [Part(WEIGHTS)]}, linked(), step=9)
    assert channel.exposed("sums").to_dict(as_series=False) == {"value": [10.0]}


def test_params_of_the_script_and_of_the_task_are_bound() -> None:
    channel = ran("give", {"matrix": [Part(WEIGHTS)]}, linked(), step=0, least=1.5)
    assert channel.exposed("sums").to_dict(as_series=False) == {"value": [2.0]}


def test_what_was_exposed_answers_without_a_link() -> None:
    exposed = pl.DataFrame({"row": [0, 1], "value": [4.0, 5.0], "step": [0, 0]})
    with pytest.raises(RunError) as caught:
        ran("give", {"matrix": [Part(exposed.drop("step"))]})
    assert caught.value.code == "P2-R0614"
    assert "has no column step" in caught.value.message or "no column step" in caught.value.message


def refusal(*given: Any, **named: Any) -> RunError:
    with pytest.raises(RunError) as caught:
        ran(*given, **named)
    return caught.value


def test_a_name_that_nothing_answers_is_told() -> None:
    error = refusal("give", {})
    assert (error.code, error.message) == ("P2-R0643", "nothing answers for 'matrix' here")


def test_a_name_that_no_task_exposed_yet_is_told() -> None:
    found = compiled(TASKS, {"weights.csv": schema_of_parts([Part(WEIGHTS)])})
    assert found.module is not None
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    place = {"bundle": "top/a", "task": "told"}
    module = found.module.encode().decode()
    with (
        sealed_job(module, read, {}, place=place) as fds,
        pytest.raises(RunError) as caught,
    ):
        run_program(job(), fds, FakeChannel())
    assert caught.value.code == "P2-R0643"
    assert 'when "weights.csv" in exposed()' in caught.value.help


def test_a_link_that_gives_another_table_is_refused() -> None:
    other = LINK.replace("value: number?", "other: number?").replace("value = w", "other = w")
    assert refusal("give", {"matrix": [Part(WEIGHTS)]}, linked(other)).code == "P2-R0644"
    assert refusal("give", {"matrix": [Part(WEIGHTS)]}, linked(name="none")).code == "P2-R0644"


def test_a_module_of_a_link_is_verified_like_any_other() -> None:
    links = linked()
    links["matrix"]["module"] = links["matrix"]["module"].replace('"row"', '"raw"', 1)
    assert refusal("give", {"matrix": [Part(WEIGHTS)]}, links).code.startswith("P2-V05")


def test_what_is_collected_has_the_bundle_of_each_row() -> None:
    parts = [
        Part(pl.DataFrame({"value": [1.0]}), {"bundle": "top/a"}),
        Part(pl.DataFrame({"value": [2.0]}), {"bundle": "top/b"}),
    ]
    channel = ran("all", {"give": parts})
    assert channel.exposed("total").to_dict(as_series=False) == {
        "bundle": ["top/a", "top/b"],
        "value": [1.0, 2.0],
    }
    (asked,) = [m for m in channel.messages if isinstance(m, RedoAsked)]
    assert (asked.columns, asked.rows, asked.total) == (
        ["lr", "seed"],
        [[0.1, 1], [0.1, 2], [0.2, 1], [0.2, 2]],
        4,
    )
    assert (asked.hours, asked.keep) == (3.0, "all")


def test_more_rows_than_the_script_allows_stop_the_run() -> None:
    parts = [Part(pl.DataFrame({"value": [1.0] * 1_000_001}), {"bundle": "top/a"})]
    told = refusal("all", {"give": parts})
    assert (told.code, "rows=" in told.help) == ("P2-R0602", True)


def test_an_answer_with_more_rows_than_a_task_takes_is_told_by_its_name() -> None:
    found = compiled(TASKS, {"weights.csv": schema_of_parts([Part(WEIGHTS)])})
    assert found.module is not None
    program = verify(found.module.encode(), found.schemas, core())
    need = next(node for node in program.nodes if node.signature.name == "need")
    require_rows(need, 1_000_000)
    with pytest.raises(RunError) as caught:
        require_rows(need, 1_000_001)
    assert caught.value.message.startswith("`matrix` gives 1,000,001 rows")
    assert "via" in caught.value.help


def test_values_tell_of_the_place_and_giving_up_hands_out_nothing() -> None:
    channel = ran("told", {})
    assert channel.notes == ["no total", "not approved", "told of top/a"]
    assert [m for m in channel.messages if isinstance(m, GaveUp)] == [GaveUp(reason="too few")]
    place = {
        "exposed": ["total"],
        "imposed": ["sums"],
        "linked": ["matrix"],
        "approved": [["redo", "weights.csv"]],
    }
    channel = ran("told", {}, place=place)
    assert channel.notes == ["linked", "a total", "wanted", "approved", "told of top/a"]
    assert channel.blobs == []
