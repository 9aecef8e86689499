"""Whatever a power cut leaves of a root and its copy: what the copy acknowledged is there, and both are sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults import recorded_writes

pytestmark = [pytest.mark.process, pytest.mark.slow]
EXPLORER = Path(__file__).parents[1] / "faults" / "explore_copies.py"
STATES = int(os.environ.get("P2_CRASH_STATES", "400")) // 20


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return recorded_writes.build(tmp_path_factory.mktemp("recorder"))
    except LookupError as error:
        pytest.skip(str(error))


def explored(recorder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(EXPLORER), *words],
        env=recorded_writes.environment(recorder),
        capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_after_a_power_cut_nothing_that_a_copy_acknowledged_is_missing(recorder: Path) -> None:
    found = explored(recorder, str(STATES), "1")
    assert found["violations"] == []
    assert found["one_crash"] >= STATES // 2


def test_a_copy_whose_files_are_not_synced_would_be_found_out(recorder: Path) -> None:
    assert explored(recorder, "24", "2", "no_file_sync")["violations"]
