"""A child that lets others go on when it may not, with what is not its own, or again and again, is ended."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from confined_children import PRELUDE, ZYGOTE
from p2_compiling import compiled, module_of
from p2lang.verifier import RefusedProgram, verify
from p2std.registry import core
from plotter2.orchestrator import OrchestratorSettings, Task
from plotter2.wire.messages import RunJob
from released_runs import CHILDREN, GIVE, on_stage

pytestmark = pytest.mark.process

SAYING = """
from plotter2.wire.codec import encode
from plotter2.wire.messages import (ColumnFound, Done, Released, TableFound,)
def say(message):
    channel._connection.send(encode(message))
def give(table="seen", rows=2, columns=(("row", "int"), ("value", "number")), whole=True):
    for name, kind in columns:
        offset, length = channel.append(b"a column " * rows)
        column = {"table": table, "name": name, "dtype": kind, "rows": rows, "nulls": 0, "features": {}}
        say(ColumnFound(**column, offset=offset, length=length))
    if whole:
        say(TableFound(table=table, rows=rows))
"""
LIES = {
    "nothing is whole": "give(whole=False); say(Released())",
    "a table of others": 'give("total"); say(Released())',
    "a table of nobody": 'give("x" * 1000); say(Released())',
    "a table that comes only later": 'give("late"); say(Released())',
    "other columns": 'give(columns=(("row", "text"), ("value", "number"))); say(Released())',
    "twice": "give(); say(Released()); say(Released())",
    "thousands of times": "give()\nfor _ in range(30_000): say(Released())",
    "a table twice": "give(); give(); say(Released())",
    "a table after its release that stands before it": "say(Released()); give(); say(Done())",
    "a table without its rows": "give(rows=0); say(TableFound(table='seen', rows=2)); say(Released())",
    "a place outside": """
say(ColumnFound(table="seen", name="row", dtype="int", rows=1, nulls=0, features={}, offset=2**50, length=8))
say(ColumnFound(table="seen", name="value", dtype="number", rows=1, nulls=0, features={}, offset=0, length=8))
say(TableFound(table="seen", rows=1)); say(Released())""",
    "other bytes afterwards": """
offset, length = channel.append(b"a column")
for name, kind in (("row", "int"), ("value", "number")):
    say(ColumnFound(table="seen", name=name, dtype=kind, rows=1, nulls=0, features={}, offset=offset, length=length))
say(TableFound(table="seen", rows=1)); say(Released())
time.sleep(0.5)
channel._output[offset : offset + length] = b"others  "
say(Done())""",
}
TEXT = GIVE % "expose late: table{row: int, value: number} = $matrix"


def attacked(folder: Path, source: str, text: str = TEXT) -> tuple[set[str], set[str], list[str]]:
    """Run the task whose child says what `source` says; give codes, messages and what is visible afterwards."""
    command = (sys.executable, "-I", "-X", "utf8", str(ZYGOTE))
    given = OrchestratorSettings(zygote=command, budget=CHILDREN)

    def attack(task: Task) -> Task:
        return replace(task, job=RunJob(formats=[], params={"source": PRELUDE + SAYING + source}))

    with on_stage(folder / "stage", text, given) as released:
        released.stage.change = attack
        report = released.run()
        seen = released.visible()
        assert not list(released.world.host.store.layout.output.iterdir())
        problems = [each.problem for each in report.ended]
        last = report.ended[-1]
        assert last.task == "take"
        assert last.state == "failed"
        codes = {problem.code for problem in problems[:2] if problem is not None}
        return codes, seen, [problem.message for problem in problems if problem is not None]


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_ends_the_run(tmp_path: Path, lie: str) -> None:
    codes, seen, messages = attacked(tmp_path, LIES[lie])
    assert (codes, seen) == ({"P2-H0908"}, set()), messages
    assert all("\n" not in each and len(each) < 400 for each in messages)


def test_a_child_is_heard_only_where_the_task_has_a_release(tmp_path: Path) -> None:
    heard: list[bool] = []
    with on_stage(tmp_path / "has", TEXT) as released:
        released.stage.before = lambda task: heard.append(task.on_release is not None)
        released.run("give")
    assert heard == [True, True]
    heard.clear()
    with on_stage(tmp_path / "lacks", TEXT.replace("  release()\n", "")) as released:
        released.stage.before = lambda task: heard.append(task.on_release is not None)
        released.run("give")
    assert heard == [False, False]


# ---- nobody waits in a circle ---------------------------------------------------------------------

CIRCLE = """
task a { expose x: table{run: string} = access("experiment2/*") release() %s }
task b after a { expose y: table{run: string} = access("x") }
"""


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ('collect(gather_tasks("b")) | show', "P2-E0216"),
        ('loggy(last_task("b"))', "P2-E0216"),
        ('access("y") | show', "P2-E0218"),
        ("release()", "P2-E0277"),
        ('release("x")', "P2-E0222"),
    ],
)
def test_one_that_released_cannot_wait_for_who_goes_on(word: str, code: str) -> None:
    assert code in {each.code for each in compiled(CIRCLE % word).diagnostics}


def test_a_module_in_which_one_waits_for_a_later_one_is_refused() -> None:
    found = module_of(CIRCLE % "")
    assert found.module is not None
    first, second = found.module.tasks
    tasks = (replace(first, after=(second.name,)), replace(second, after=()))
    turned = replace(found.module, tasks=tasks)
    with pytest.raises(RefusedProgram) as caught:
        verify(turned.encode(), found.schemas, core())
    assert caught.value.code == "P2-V0525"
