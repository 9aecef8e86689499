"""`requests cancel` reaches a run in another process: its child ends at once, its record says so, nothing is kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
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


@contextmanager
def at_work(place: Workplace, script: Path, key: str) -> Iterator[subprocess.Popen[str]]:
    """Give another process whose child works on a script."""
    command = [sys.executable, "-m", "plotter2", "run", str(script), "--key", key]
    command += ["--root", str(place.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            while not begun(place.root, key):
                assert process.poll() is None
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def begun(root: Path, key: str) -> bool:
    with Store.open(root) as store:
        return any(asked.key == key and asked.run for asked in store.requests.listed())


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
