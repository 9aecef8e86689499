"""Whatever a crash leaves of what was not synced: nothing acknowledged is lost, nothing is there twice or in part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults import recorded_writes
from faults.crash_states import open_at, states
from faults.recorded_operations import Recorded, Recording, operations_of
from faults.recorded_writes import CREATED, Call

pytestmark = [pytest.mark.process, pytest.mark.slow]
EXPLORER = Path(__file__).with_name("explore.py")
STATES = int(os.environ.get("P2_CRASH_STATES", "400"))
"""So many disks after one crash, and half as many more after two."""


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return recorded_writes.build(tmp_path_factory.mktemp("recorder"))
    except LookupError as error:
        pytest.skip(str(error))


def explored(recorder: Path, *words: str) -> dict[str, Any]:
    environment = recorded_writes.environment(recorder)
    command = [sys.executable, str(EXPLORER), *words]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    print(found["one_crash"], "and", found["two_crashes"], "disks,", found["seconds"], "s")
    return found


def test_after_a_power_cut_every_promise_is_kept(recorder: Path) -> None:
    found = explored(recorder, "--states", str(STATES))
    assert found["violations"] == []
    assert found["one_crash"] >= STATES // 2


def test_after_a_second_crash_while_coming_back_every_promise_is_kept(recorder: Path) -> None:
    found = explored(recorder, "--crashes", "2", "--states", str(STATES + STATES // 2))
    assert found["violations"] == []
    assert found["two_crashes"] >= STATES


# ------------------------------------------------------------ the model
ROOT = Path("/root")


def calls(*words: tuple[Any, ...]) -> Recorded:
    """Give a recording in which files are written below /root; a call is (kind, descriptor, number, first, second)."""
    made = []
    for kind, fd, number, first, second in words:
        data = first if isinstance(first, bytes) else str(ROOT / first).encode()
        made.append(Call(kind, fd, number, data, str(ROOT / second) if second else ""))
    return operations_of(Recording(ROOT, {"folder": None, "old": b"old"}, made))


def disks(of: Recorded) -> list[dict[str, bytes | None]]:
    """Give what is on each disk that a crash at the end may leave."""
    return [disk.snapshot() for disk in states(of, [of.length], 10_000, 1)]


WRITTEN = [("O", 5, CREATED, "new", ""), ("W", 5, 0, b"x" * 9, "")]


def test_a_file_that_nobody_synced_may_be_missing_empty_zero_torn_or_whole() -> None:
    found = [files.get("new") for files in disks(calls(*WRITTEN))]
    assert {None, b"", bytes(9), b"xxx", b"x" * 9} <= set(found)


def test_a_synced_file_has_its_bytes_but_its_name_needs_its_folder() -> None:
    synced = [*WRITTEN, ("S", 5, 0, b"", "")]
    assert {files.get("new") for files in disks(calls(*synced))} == {None, b"x" * 9}
    folder = [("O", 6, 0, "", ""), ("S", 6, 0, b"", "")]
    assert {files.get("new") for files in disks(calls(*synced, *folder))} == {b"x" * 9}


def test_a_rename_is_there_in_one_step_and_may_come_before_the_bytes() -> None:
    found = disks(calls(*WRITTEN, ("R", -1, 0, "new", "old")))
    assert {files.get("old") for files in found} >= {b"old", b"", b"x" * 9}
    assert all("old" in files for files in found)


def test_a_removed_name_may_come_back() -> None:
    found = disks(calls(("U", -1, 0, "old", "")))
    assert [files.get("old") for files in found] == [None, b"old"]


def test_a_killed_process_has_synced_nothing_for_the_next_one() -> None:
    first = Recording(
        ROOT, {}, [Call("O", 5, CREATED, b"/root/new", ""), Call("W", 5, 0, b"x", "")]
    )
    again = Path("/again")
    second = Recording(
        again, {"new": b"x"}, [Call("O", 3, 0, b"/again/new", ""), Call("S", 3, 0, b"", "")]
    )
    alone = operations_of(first, 2)
    both = operations_of(first, 2, second)
    assert [alone.operations[place].kind for place in open_at(alone, alone.length)] == [
        "enter",
        "write",
    ]
    assert [both.operations[place].kind for place in open_at(both, both.length)] == ["enter"]
