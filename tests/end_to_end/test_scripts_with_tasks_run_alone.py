"""A script with tasks that is run by itself: what belongs to a bundle stops it or is told, the rest runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import Finished, p2, p2_json
from sweep_samples import Workplace

pytestmark = pytest.mark.process

MIXED = """p2 1
param metric: column[number] = reward

task again(step: int = 3) {
  redo("sweep", over=sweep(lr=[0.1], seed=1..3), gpu_hours=1h)
}

access("sweep/*")
  | summary(by=[lr, step], m = mean($metric))
  | frame(title=f"Mean {$metric}")
  | line(x=step, y=m, colour=lr)
  | plot("mean")
  | handoff
"""

FOR_A_BUNDLE = "runs in a task of a script that is attached to a bundle"
STOPPED = {
    "tasks alone": (
        'task again { redo("sweep", over=sweep(lr=[0.1])) }',
        "2:14",
        "P2-R0641",
        "nothing but tasks (again)",
    ),
    "a link": (
        'link a: table{step: int} -> "sweep/*"\nloggy("x")',
        "2:1",
        "P2-R0641",
        f"`link` {FOR_A_BUNDLE}",
    ),
    "a request": (
        'loggy("x")\nredo("sweep", over=sweep(lr=[0.1]))',
        "3:1",
        "P2-R0641",
        f"`redo` {FOR_A_BUNDLE}",
    ),
    "an exposed table": (
        'expose runs = access("sweep/*") | head(3)',
        "2:1",
        "P2-R0641",
        f"`expose` {FOR_A_BUNDLE}",
    ),
}


def signed(place: Workplace, text: str) -> Path:
    script = place.folder / "stop.p2"
    script.write_text(text)
    p2_json(place.root, "sign", script)
    return script


def run(place: Workplace, text: str) -> Finished:
    return p2(place.root, "run", signed(place, text))


@pytest.mark.parametrize("case", STOPPED)
def test_what_cannot_run_here_stops_before_anything_is_computed(
    place: Workplace, case: str
) -> None:
    text, where, code, message = STOPPED[case]
    done = run(place, f"p2 1\n{text}\n")
    assert done.code != 0
    assert code in done.err
    assert f"stop.p2:{where}" in done.err
    assert message in done.err
    assert "nothing was computed" in done.err
    assert "info: x" not in done.err


def test_what_stands_outside_of_tasks_runs_and_the_tasks_are_told(place: Workplace) -> None:
    script = signed(place, MIXED)
    done = p2(place.root, "run", script)
    assert done.code == 0
    assert "not run: again; a task runs for a bundle" in done.err
    record = p2_json(place.root, "run", script)
    assert [Path(a["path"]).name for a in record["artefacts"]] == ["mean.png"]


def test_a_run_may_give_another_column_and_the_record_tells_it(place: Workplace) -> None:
    script = signed(place, MIXED)
    first = p2_json(place.root, "run", script)
    other = p2_json(place.root, "run", script, "-p", "metric=lr")
    assert (first["params"], other["params"]) == ({"metric": "reward"}, {"metric": "lr"})
    assert first["script"]["sha256"] == other["script"]["sha256"]
    assert first["script"]["ir_sha256"] != other["script"]["ir_sha256"]
    wrong = p2(place.root, "run", script, "-p", "metric=rewrd")
    assert wrong.err.count("P2-E0201") == 1
    assert "did you mean `-p metric=reward`?" in wrong.err
