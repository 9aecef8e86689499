"""A run counts rows and work while it computes, and stops when they are more than the script was checked for."""

from __future__ import annotations

import polars as pl
import pytest

from p2lang.types import schemas_from_json
from p2lang.verifier import Program, verify
from p2std.plan import plan_of
from p2std.registry import core
from plotter2.child.counting import Meter
from plotter2.child.interpreter import Interpreter
from plotter2.errors import RunError
from running_programs import Part, compiled, run_script, schema_of_parts

ROWS = pl.DataFrame(
    {"step": [0, 1, 2, 3, 4], "reward": [0.0, 1.0, None, 4.0, 2.0], "kind": ["a", "b", "a", "b", "a"]}
)  # fmt: skip
TABLES = {"run": [Part(ROWS)]}
SCHEMAS = {"run": schema_of_parts(TABLES["run"])}
DRAWN = " | frame | line(x=step, y=reward) | plot | handoff"


def program(text: str) -> Program:
    found = compiled(text, SCHEMAS)
    assert found.module is not None
    return verify(found.module.encode(), schemas_from_json(SCHEMAS), core())


def interpreted(text: str, **params: float) -> Interpreter:
    """Compute all effects of a script."""
    interpreter = Interpreter(program(text), params, lambda node: ROWS.select(node.schema.names))  # type: ignore[union-attr]
    assert list(interpreter.effects())
    return interpreter


def test_a_bundle_with_more_rows_than_its_manifest_says_stops_the_run() -> None:
    lying = {"run": {**SCHEMAS["run"], "rows": 3}}
    with pytest.raises(RunError) as caught:
        run_script('p2 1 access("run")' + DRAWN, TABLES, schemas=lying)
    assert caught.value.code == "P2-R0602"
    assert caught.value.message == (
        'the bundle "run" gives 5 rows, and the script was checked for at most 3'
    )
    assert "doctor" in caught.value.help


def test_nothing_of_a_stopped_run_is_handed_out() -> None:
    lying = {"run": {**SCHEMAS["run"], "rows": 4}}
    text = 'p2 1 loggy("before") access("run")' + DRAWN
    with pytest.raises(RunError, match="gives 5 rows"):
        run_script(text, TABLES, schemas=lying)


def test_a_step_that_gives_more_rows_than_it_may_stops_the_run() -> None:
    made = program('p2 1 access("run") | head(2)' + DRAWN)
    head = next(node for node in made.nodes if node.signature.name == "head")
    meter = Meter(made, {}, core())
    meter.count(head, 5, 2)
    with pytest.raises(RunError) as caught:
        meter.count(head, 5, 3)
    assert caught.value.code == "P2-R0602"
    assert "`head` gives 3 rows" in caught.value.message


def test_more_work_than_the_program_says_stops_the_run() -> None:
    made = program('p2 1 access("run")' + DRAWN)
    meter = Meter(made, {}, core())
    with pytest.raises(RunError) as caught:
        meter.count(made.nodes[0], 1_000_000, 5)
    assert caught.value.code == "P2-R0615"


@pytest.mark.parametrize(
    "steps",
    [
        "",
        "| filter(step > 1)",
        "| derive(z = reward - mean(reward), r = rank(step)) | order(desc(z))",
        "| summary(by=kind, step = max(step), reward = mean(reward))",
        "| sample(rows=2) | drop_nulls",
        "| kmeans(on=[step], k=2)",
    ],
)
def test_a_run_takes_no_more_than_its_bound_and_exactly_that_when_the_manifest_is_exact(
    steps: str,
) -> None:
    counted = interpreted(f'p2 1 access("run") {steps}' + DRAWN)
    assert 0 < counted.meter.units <= counted.program.work
    if "filter" not in steps and "summary" not in steps and "sample" not in steps:
        assert counted.meter.units == counted.program.work


def test_a_parameter_counts_with_its_value_not_with_its_range() -> None:
    text = 'p2 1 param k: int = 2 where $k in 1..50 access("run") | kmeans(on=[step], k=$k)' + DRAWN
    few, many = (interpreted(text, k=k).meter.units for k in (2, 4))
    assert few < many < program(text).work


def test_keys_that_repeat_in_both_tables_do_not_multiply_beyond_the_larger_one() -> None:
    text = """p2 1
    let other = access("run") | select(kind, reward)
    access("run") | select(kind, step) | join($other, on=kind)"""
    with pytest.raises(RunError) as caught:
        run_script(text + DRAWN, TABLES)
    assert caught.value.code == "P2-R0617"
    assert "13 rows" in caught.value.message


def test_a_join_may_give_as_many_rows_as_it_says_and_is_costed_for_them() -> None:
    text = """p2 1
    let other = access("run") | select(kind, reward)
    access("run") | select(kind, step) | join($other, on=kind, rows={})"""
    few, many = (interpreted(text.format(most) + DRAWN) for most in (1_000, 100_000))
    assert few.meter.units == many.meter.units
    assert few.program.work < many.program.work
    with pytest.raises(RunError, match="10 are allowed"):
        run_script(text.format(10) + DRAWN, TABLES)


# ---- what is computed together --------------------------------------------------------------------


def fused(text: str) -> list[list[str]]:
    made = program(text)
    return [[made[name].signature.name for name in run] for run in plan_of(made).fused]


def test_row_by_row_steps_are_computed_with_the_step_after_them() -> None:
    text = 'p2 1 access("run") | derive(a = reward * 2) | rename(b = a) | summary(by=step, reward = mean(b))'
    assert fused(text + DRAWN) == [["derive", "rename", "summary"]]


def test_row_by_row_steps_before_a_frame_are_computed_when_it_is_drawn() -> None:
    text = 'p2 1 access("run") | filter(step > 1) | derive(z = reward * 2) | select(step, z)'
    drawn = " | frame | line(x=step, y=z) | plot | handoff"
    assert fused(text + drawn) == [["derive", "select", "frame"]]


def test_a_table_that_two_flows_take_is_computed_once_and_kept() -> None:
    text = """p2 1 let t = access("run") | derive(z = reward * 2)
    $t | frame | line(x=step, y=z) | plot("a") | handoff
    $t | frame(title="b") | point(x=step, y=z) | plot("b") | handoff"""
    made = program(text)
    assert plan_of(made).fused == ()
    assert plan_of(made).planned == frozenset()
