"""A share of the checks of the verifier is switched off in turn: the attacks on signatures notice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("checks_switched_off.py")


def switched_off(*words: str) -> str:
    """Run the script; gives its last line."""
    ran = subprocess.run(  # noqa: PLW1510 - the share counts, not the exit code
        [sys.executable, str(SCRIPT), "--attacks-only", *words],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.process
def test_the_attacks_notice_when_a_check_of_the_gate_is_off() -> None:
    told = switched_off("gate.py", "--every", "5")
    count = re.search(r"^(\d+) checks switched off", told, re.M)
    assert count, told
    assert int(count[1]) >= 5, told  # every fifth of those that there are
    assert told.count("NOT NOTICED") <= 3, told  # a caller's mistakes, for unit tests


@pytest.mark.process
@pytest.mark.attack
def test_the_attacks_notice_in_every_part_of_the_verifier() -> None:
    told = switched_off("--every", "16")
    assert told.count("NOT NOTICED") <= 4, told
