"""`requests cancel` reaches work in another process: its child ends at once, its record says so, nothing is kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
from plotter2.datter.requested import Request
from plotter2.datter.store import Store
from sweep_samples import Workplace

pytestmark = pytest.mark.process

ENDLESS = '''p2 1
script endless(k: int = 1): table{n: int} = python """
n = 0
while k > 0:
    n = n + k
return [{"n": n}]
"""
endless() | export("never.csv")
'''
PATIENCE_S = 30


TASK = ENDLESS.replace(
    'endless() | export("never.csv")', "task wait { expose never: table{n: int} = endless() }"
)
DATA = Path(__file__).parents[1] / "data"


@contextmanager
def working(
    place: Workplace, *words: object, until: Callable[[Request], bool]
) -> Iterator[subprocess.Popen[str]]:
    """Give another process that works on a request."""
    command = [sys.executable, "-m", "plotter2", *map(str, words), "--root", str(place.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            while not any(until(asked) for asked in requests(place.root)):
                assert process.poll() is None
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


@contextmanager
def at_work(place: Workplace, script: Path, key: str) -> Iterator[subprocess.Popen[str]]:
    """Give another process whose child works on a script."""
    with working(
        place, "run", script, "--key", key, until=lambda asked: asked.key == key and bool(asked.run)
    ) as process:
        yield process


def requests(root: Path) -> Sequence[Request]:
    with Store.open(root) as store:
        return store.requests.listed()


@pytest.fixture
def endless(place: Workplace) -> Path:
    script = place.folder / "endless.p2"
    script.write_text(ENDLESS)
    settings = place.root / "config" / "plotter2.toml"
    settings.write_text("[limits]\nwall_ms = 600000\ncpu_ms = 600000\n")
    p2_json(place.root, "sign", script)
    return script


def test_a_run_in_another_process_is_cancelled(place: Workplace, endless: Path) -> None:
    with at_work(place, endless, "k") as process:
        told = p2(place.root, "requests", "cancel", "k")
        assert told.code == 0
        assert f"process {process.pid} was at work on it, and stops" in told.out
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "P2-H0942" in said
    (run,) = p2_json(place.root, "runs")["runs"]
    assert (run["state"], run["error"]["code"]) == ("cancelled", "P2-H0942")
    shown: dict[str, Any] = p2_json(place.root, "requests", "show", "k")
    states = [change["state"] for change in shown["history"]]
    assert states == ["queued", "leased", "cancelled"]
    assert (shown["state"], shown["history"][-1]["why"]) == ("cancelled", "taken back")
    assert not list((place.root / "output").glob("*"))


def test_what_was_taken_back_can_be_carried_out_after_all(place: Workplace, endless: Path) -> None:
    with at_work(place, endless, "k") as process:
        p2_json(place.root, "requests", "cancel", "k")
        process.communicate(timeout=PATIENCE_S)
    again = p2(place.root, "requests", "cancel", "k", "--json")
    assert again.json["error"]["code"] == "P2-D0889"
    done = p2_json(place.root, "run", place.script, "--key", "other")
    assert done["artefacts"]


def test_a_request_of_a_dead_process_is_taken_back_like_one_that_waits(
    place: Workplace, endless: Path
) -> None:
    with at_work(place, endless, "k") as process:
        process.kill()
        process.wait()
    assert p2_json(place.root, "requests", "cancel", "k")["state"] == "cancelled"
    (run,) = p2_json(place.root, "runs")["runs"]
    assert run["state"] == "broken off"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_task_in_another_process_is_cancelled(place: Workplace, endless: Path, jobs: str) -> None:
    script = endless.with_name("wait.p2")
    script.write_text(TASK)
    top = "sweep"
    p2_json(place.root, "attach", top, script, "-y")

    def is_at_work(asked: Request) -> bool:
        return asked.kind == "task" and bool(asked.run)

    with working(place, "run", f"{top}:wait", "--jobs", jobs, until=is_at_work) as process:
        (asked,) = [each for each in requests(place.root) if is_at_work(each)]
        assert p2_json(place.root, "requests", "cancel", asked.id)["state"] == "cancelled"
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "P2-H0942" in said
    (run,) = p2_json(place.root, "runs")["runs"]
    assert (run["state"], run["error"]["code"]) == ("cancelled", "P2-H0942")
    with Store.open(place.root) as store:
        assert store.task_runs.all() == ()


def test_an_add_in_another_process_is_cancelled(place: Workplace, endless: Path) -> None:
    before = p2_json(place.root, "ls")
    with working(
        place, "add", "--files", DATA / "hdf5" / "endless.h5", "--key", "k",
        until=lambda asked: asked.key == "k" and asked.state == "leased",
    ) as process:  # fmt: skip
        time.sleep(1)  # by now a child reads
        assert p2_json(place.root, "requests", "cancel", "k")["state"] == "cancelled"
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "P2-H0942" in said
    assert p2_json(place.root, "ls") == before
    assert p2_json(place.root, "fsck")["ok"]
