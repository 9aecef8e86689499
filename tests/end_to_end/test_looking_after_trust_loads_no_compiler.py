"""Whoever looks at keys, trust or the log, or verifies a script, waits for no compiler and for no children."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sweep_samples import Workplace

pytestmark = pytest.mark.process

PROGRAM = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from plotter2.cli.main import main

with redirect_stdout(StringIO()):
    codes = [main(words) for words in json.loads(sys.argv[1])]
heavy = ("p2lang.compiler", "plotter2.host.host", "plotter2.orchestrator")
print(json.dumps([codes, [name for name in heavy if name in sys.modules]]))
"""


def loaded(place: Workplace, *commands: str) -> tuple[list[int], list[str]]:
    words = [[*command.split(), "--root", str(place.root)] for command in commands]
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(words)],
        check=True,
        capture_output=True,
        text=True,
    )
    codes, heavy = json.loads(answer.stdout)
    return codes, heavy


def test_nothing_heavy_is_loaded(place: Workplace) -> None:
    commands = (
        "key list", "trust list", "trust check", "policy show", "policy check", "log show",
        "log verify", f"verify {place.script}", "trust remove nobody@lab",
    )  # fmt: skip
    codes, heavy = loaded(place, *commands)
    assert codes == [0] * 8 + [4]
    assert heavy == []


def test_checking_a_script_loads_it(place: Workplace) -> None:
    codes, heavy = loaded(place, f"check {place.script}")
    assert codes == [0]
    assert "p2lang.compiler" in heavy
