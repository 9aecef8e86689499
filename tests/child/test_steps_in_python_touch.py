"""Steps in Python read, expose, draw, ask about their place and give up, as the operations of their calls do."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from p2lang.semantics.structure import capabilities
from p2std.registry import core
from plotter2.child.program import run_program
from plotter2.errors import RunError
from plotter2.wire.messages import GaveUp, Owned, Progress, Released
from running_programs import (
    FakeChannel,
    Part,
    compiled,
    job,
    run_script,
    schema_of_parts,
    sealed_job,
)

RUNS = pl.DataFrame(
    {"run": ["a", "a", "b", "b"], "step": [0, 1, 0, 1], "reward": [1.0, 3.0, 2.0, None]}
)
TABLES = {"runs": [Part(RUNS)]}
LINE = 'fig.line(x="step", y="reward", colour="run")'


def alone(text: str, **params: Any) -> FakeChannel:
    return run_script(f'p2 1\nscript f() = python """\n{text}\n"""\nf()\n', TABLES, **params)


def refusal(text: str) -> RunError:
    with pytest.raises(RunError) as raised:
        alone(text)
    return raised.value


def in_task(
    text: str,
    answers: Mapping[str, Sequence[Part]] | None = None,
    place: Mapping[str, Any] | None = None,
) -> FakeChannel:
    script = f'p2 1\nscript f() = python """\n{text}\n"""\ntask t {{ f() }}\n'
    found = compiled(script, {"runs": schema_of_parts(TABLES["runs"])})
    assert found.module is not None
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    channel = FakeChannel()
    told = {"bundle": "top/a", "task": "t", **(place or {})}
    module = found.module.encode().decode()
    tables = TABLES if found.schemas else {}
    with sealed_job(module, read, tables, answers=answers or {}, place=told) as fds:
        run_program(job(), fds, channel)
    return channel


# ---- drawing ----------------------------------------------------------------------------------


def test_a_figure_is_the_same_picture_as_the_flow_draws() -> None:
    drawn = alone(f'fig = frame(access("runs"), title="T", size=(100, 60))\n{LINE}\nplot(fig, "p")')
    flow = run_script(
        'p2 1\naccess("runs") | frame(title="T", size=[100mm, 60mm])'
        ' | line(x=step, y=reward, colour=run) | plot("p") | handoff',
        TABLES,
    )
    pixels = [picture_pixels(each.picture("p")) for each in (drawn, flow)]
    assert np.array_equal(*pixels)
    assert drawn.ledger("p")["read"]


def picture_pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_every_kind_of_picture_comes_of_a_figure() -> None:
    text = f'fig = frame(access("runs"))\n{LINE}\nplot(fig)'
    made = alone(text, formats=("png", "svg", "pdf"))
    assert sorted((name, kind) for name, kind, _ in made.blobs) == [
        ("plot", "pdf"),
        ("plot", "png"),
        ("plot", "svg"),
    ]


def test_a_picture_that_the_text_does_not_come_to_is_not_drawn() -> None:
    text = f'fig = frame(access("runs"))\n{LINE}\nif False:\n    plot(fig, "a")\nelse:\n    plot(fig, "b")'
    assert [name for name, _, _ in alone(text).blobs] == ["b"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('fig.line(x="stp", y="reward")', "P2-R0691", "no column"),
        ('fig.line(x="step", y="run")', "P2-R0691", "number"),
        ('fig.lin(x="step", y="reward")', "P2-R0692", "a figure has no lin"),
        ('fig.line(x="step", y="reward", file="/tmp/x")', "P2-R0692", "line() has no file"),
        ('fig.legend(at="nowhere")', "P2-R0691", "nowhere"),
        ("fig.line(x=access, y=print)", "P2-R0691", "a function"),
    ],
)
def test_a_mark_is_checked_where_it_is_written(text: str, code: str, said: str) -> None:
    error = refusal(f'fig = frame(access("runs"))\n{text}\nplot(fig, "p")')
    assert (error.code, getattr(error, "line", 0)) == (code, 3)
    assert said in error.message


# ---- reading ----------------------------------------------------------------------------------


def test_a_table_is_read_when_the_text_comes_to_it() -> None:
    made = alone(
        't = access("runs")\nprint(len(t), t.columns)\nif False:\n    access("runs", step=1)'
    )
    assert made.notes == ["4 ['run', 'step', 'reward']"]


def test_a_parameter_may_choose_what_is_read() -> None:
    script = (
        'p2 1\nparam at: int = 1 where $at in 0..9\nscript f(at: int) = python """\n'
        'print(access("runs", step=at)["reward"])\n"""\nf(at=$at)\n'
    )
    assert run_script(script, TABLES).notes == ["array([3.0, None])"]


def test_what_a_step_touches_is_what_is_signed() -> None:
    text = (
        'p2 1\nscript f() = python """\naccess("runs")\n'
        'plot(frame(access("runs", step=1)).line(x="step", y="reward"), "p")\n"""\nf()\n'
    )
    module = compiled(text, {"runs": schema_of_parts(TABLES["runs"])}).module
    assert module is not None
    assert capabilities(module.nodes, core()) == (
        "read bundle:runs",
        "run python:f",
        "write output:p",
    )
    assert module.rights == ("read", "render", "run")


@pytest.mark.parametrize(
    "text",
    [
        'read = access\nread("runs")',
        'f"{access("runs")}"'.replace('("runs")', "('runs')"),
        'list(map(access, ["runs"]))',
    ],
)
def test_a_call_that_is_not_signed_reads_nothing(text: str) -> None:
    assert refusal(f'access("runs")\n{text}').code == "P2-R0691"


# ---- tasks ------------------------------------------------------------------------------------


def test_a_task_exposes_what_the_text_hands_over() -> None:
    made = in_task(
        'rows = [{"n": 1, "x": None}, {"n": 2, "x": 0.5}]\nexpose("mine", rows, n="int", x="number?")\nrelease()'
    )
    assert made.exposed("mine").rows() == [(1, None), (2, 0.5)]
    assert any(isinstance(m, Released) for m in made.messages)


def test_what_is_exposed_is_held_against_what_is_promised() -> None:
    with pytest.raises(RunError) as raised:
        in_task('x = 1\nexpose("mine", [{"n": "a"}], n="int")')
    assert raised.value.code == "P2-R0695"
    assert getattr(raised.value, "line", 0) == 3


def test_a_table_that_the_text_does_not_come_to_is_not_exposed() -> None:
    made = in_task('if me.bundle != "top/a":\n    expose("mine", [{"n": 1}], n="int")')
    assert made.messages[-1].__class__.__name__ != "TableFound"


def test_an_exposed_table_is_given_to_the_bundle() -> None:
    made = in_task('expose("mine", [{"n": 1}], n="int")\nhandoff("mine")')
    assert any(isinstance(m, Owned) for m in made.messages)


def test_an_imposed_table_is_there_or_the_task_stops() -> None:
    text = 't = impose("rows", n="int")\nimpose(len(t) > 1, f"only {len(t)}")\nprint(t["n"].sum())'
    assert in_task(text, {"rows": [Part(pl.DataFrame({"n": [1, 2]}))]}).notes == ["3"]
    with pytest.raises(RunError) as raised:
        in_task(text, {"rows": [Part(pl.DataFrame({"n": [1]}))]})
    assert (raised.value.code, raised.value.message) == ("P2-R0601", "only 1")


def test_a_step_knows_its_place_in_a_task_only() -> None:
    place = {"exposed": ["total"], "linked": ["rows"], "approved": [("redo", "x")]}
    text = 'print(me.bundle, me.task, exposed(), islinked("rows"), islinked("a"), approved("redo", "x"))'
    assert in_task(text, place=place).notes == ["top/a t ['total'] True False True"]
    assert refusal("print(me.bundle)").code == "P2-R0641"


def test_a_step_gives_up_and_nothing_is_written() -> None:
    text = 'expose("mine", [{"n": 1}], n="int")\ngiveup("too few")'
    made = in_task(text)
    assert [m.reason for m in made.messages if isinstance(m, GaveUp)] == ["too few"]
    assert not made.output
    assert alone('giveup("enough")').notes == ["the script stopped: enough; nothing is written"]


# ---- operations on tables ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('order(access("runs"), "run", "-step")["step"]', "array([1, 0, 1, 0])"),
        ('kmeans(access("runs").filter([0, 1, 2]), on=["step", "reward"], k=2)["cluster"].unique()', "array([0, 1])"),
        ('pca(access("runs").filter([0, 1, 2]), ["step", "reward"], n=1).columns', "['run', 'step', 'reward', 'pc1']"),
        ('fit([0, 1, 2], [1, 3, 5]).round(6)', "array([1.0, 2.0])"),
        ('round(num.polyval(fit([0, 1, 2], [0, 1, 4], degree=2), 3), 9)', "9.0"),
    ],
)  # fmt: skip
def test_operations_of_the_language_work_on_tables(text: str, said: str) -> None:
    assert alone(f"print({text})").notes == [said]


def released_at(text: str) -> tuple[list[str], RunError | None]:
    """Run a text in a task; give the kinds of what it handed out, in order, and how it failed."""
    script = f'p2 1\nscript f() = python """\n{text}\n"""\ntask t {{ f() }}\n'
    found = compiled(script, {})
    assert found.module is not None
    channel = FakeChannel()
    place = {"bundle": "top/a", "task": "t"}
    failed = None
    with sealed_job(found.module.encode().decode(), {}, {}, place=place) as fds:
        try:
            run_program(job(), fds, channel)
        except RunError as error:
            failed = error
    return [type(m).__name__ for m in channel.messages if not isinstance(m, Progress)], failed


def test_a_release_in_a_text_counts_where_it_stands() -> None:
    said, failed = released_at('expose("mine", [{"n": 1}], n="int")\nrelease()\nx = 1 / 0')
    assert failed is not None
    assert failed.code == "P2-R0691"
    assert said == ["ColumnFound", "TableFound", "Released"]


def test_what_was_released_is_handed_out_once() -> None:
    said, failed = released_at(
        'expose("mine", [{"n": 1}], n="int")\nrelease()\nexpose("more", [{"n": 2}], n="int")\nprint("done")'
    )
    assert failed is None
    assert said == ["ColumnFound", "TableFound", "Released", "Note", "ColumnFound", "TableFound"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('def f():\n    expose("mine", [{"n": 1}], n="int")\nrelease()\nf()', id="exposed after all"),
        pytest.param('if me.task == "t":\n    expose("mine", [{"n": "a"}], n="int")\nrelease()', id="unfit"),
    ],
)  # fmt: skip
def test_a_release_before_its_table_waits_until_the_text_has_run(text: str) -> None:
    said, failed = released_at(text + '\nprint("done")')
    assert "Released" not in said[: said.index("Note")] if "Note" in said else failed is not None
    assert failed is None or (failed.code == "P2-R0695" and "Released" not in said)
    assert failed is not None or said == ["Note", "ColumnFound", "TableFound", "Released"]
