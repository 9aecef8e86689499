"""A fault at every call that changes the disk: nothing acknowledged is lost, nothing is there twice or in part.

Here only some of the points, at a fixed stride; `make test-faults` takes all of them (P2_FAULT_STRIDE=1).
"""

from __future__ import annotations

import os

import pytest

from faults import fault_shim
from faults.fault_points import DISK_MODES, PLAIN_MODES, Tally, run_all, table
from faults.fault_workloads import WORKLOADS
from faults.loop_disks import FILE_SYSTEMS, no_disk

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(fault_shim.missing()), reason=fault_shim.missing()),
]
ALL = int(os.environ.get("P2_FAULT_STRIDE", "0"))


def strides(thin: int, first: int = 5, thick: int = 1) -> dict[str, int]:
    return {"stride": ALL * thick, "first": 1} if ALL else {"stride": thin, "first": first}


def judge(tallies: list[Tally]) -> None:
    print(table(tallies))
    assert [wrong for tally in tallies for wrong in tally.wrong] == []
    assert sum(tally.points for tally in tallies)
    assert max(ready for tally in tallies for ready in tally.ready_s) < 2.0


@pytest.mark.parametrize("mode", [mode for mode in PLAIN_MODES if mode != "stop"])
def test_a_process_comes_to_harm_and_the_next_one_finds_all_that_was_acknowledged(
    mode: str,
) -> None:
    judge(run_all(mode, **strides(29)))


@pytest.mark.slow
def test_a_process_stands_still_and_others_wait_or_are_told_so() -> None:
    """While it stands in the midst of opening the registry, SQLite waits 10 s before it says so."""
    judge(run_all("stop", **strides(999, 60, thick=9)))


@pytest.mark.slow
def test_recoveries_that_are_killed_again_and_again_end_in_the_same_store() -> None:
    quick = [name for name in WORKLOADS if name not in ("inbox", "copying")]
    most = 1_000 if ALL else 6
    judge(run_all("kill before", quick, depth=3, most_deeper=most, **strides(999, 60, thick=11)))
    if ALL:  # its recovery goes on with the work: each is as long as the first try
        judge(run_all("kill before", ["inbox"], depth=3, most_deeper=3, stride=29 * ALL))


@pytest.mark.slow
@pytest.mark.parametrize("file_system", FILE_SYSTEMS)
@pytest.mark.parametrize("mode", DISK_MODES)
def test_the_power_goes_and_what_was_acknowledged_is_on_the_disk(
    mode: str, file_system: str
) -> None:
    if no_disk(file_system):
        pytest.skip(no_disk(file_system))
    thin = {"power cut": 97, "sync fails, killed": 37}.get(mode)
    if thin is None and not ALL:
        pytest.skip("make test-faults does this")
    judge(
        run_all(
            mode, file_system=file_system, **strides(thin or 1, thick=2 if "cut" in mode else 1)
        )
    )
