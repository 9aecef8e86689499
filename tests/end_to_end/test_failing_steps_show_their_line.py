"""An error of a run shows the line of the script in which it happened, as a check does."""

from __future__ import annotations

import pytest

from commandline import p2, p2_json
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def test_a_step_that_fails_is_shown_with_its_line_and_a_caret(place: Workplace) -> None:
    script = place.folder / "fails.p2"
    script.write_text(
        'p2 1\nscript f(k: int = 0): table{n: number} = python """\n'
        'for i in range(3):\n    n = 1 / k\nreturn [{"n": n}]\n"""\nf() | export("never.csv")\n'
    )
    p2_json(place.root, "sign", script)
    finished = p2(place.root, "run", script)
    assert finished.err.splitlines()[:4] == [
        "error[P2-R0691]: a number is divided by zero",
        f" --> {script}:4:9",
        "4 |     n = 1 / k",
        "  |         ^",
    ]
    told = p2(place.root, "run", script, "--json").json["error"]
    assert told["excerpt"] == "4 |     n = 1 / k\n  |         ^"
