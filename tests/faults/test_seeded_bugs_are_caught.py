"""Every seeded bug of the store's protocol is caught by at least one layer of the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults import recorded_writes
from faults.fault_points import run
from faults.loop_disks import no_disk
from faults.seeded_bugs import BUGS, FAULTS

pytestmark = [pytest.mark.process, pytest.mark.slow]
EXPLORER = Path(__file__).with_name("explore.py")
EXPLORED = [bug for bug in BUGS if bug not in FAULTS]
MOST = "150"


@pytest.fixture(scope="module")
def hunted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Look for all bugs with one process, which imports everything once."""
    try:
        recorder = recorded_writes.build(tmp_path_factory.mktemp("recorder"))
    except LookupError as error:
        pytest.skip(str(error))
    command = [sys.executable, str(EXPLORER), "--states", MOST]
    for bug in EXPLORED:
        command += ["--hunt", bug]
    environment = recorded_writes.environment(recorder)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    print(round(sum(one["seconds"] for one in found.values()), 1), "s for", len(found), "bugs")
    return found


@pytest.mark.parametrize("bug", EXPLORED)
def test_a_crash_state_shows(bug: str, hunted: dict[str, Any]) -> None:
    assert hunted[bug]["violations"], f"{hunted[bug]} and nothing was wrong"


@pytest.mark.parametrize("bug", FAULTS)
def test_a_fault_shows(bug: str) -> None:
    mode, workload, file_system = FAULTS[bug]
    if file_system and no_disk(file_system):
        pytest.skip(no_disk(file_system))
    patch = f"faults.seeded_bugs:{bug}"
    found = run(workload, mode, patch=patch, file_system=file_system, stride=5, most=25)
    assert found.wrong, f"{found.points} points, and nothing was wrong"
