"""A fault at every call that changes the disk: nothing acknowledged is lost, nothing is there twice or in part.

Here only some of the points, at a fixed stride; `make test-faults` takes all of them.
"""

from __future__ import annotations

import pytest

from faults import fault_shim
from faults.fault_points import PLAIN_MODES, Tally, run_all, table
from faults.fault_workloads import WORKLOADS
from faults.loop_disks import FILE_SYSTEMS, no_disk

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(fault_shim.missing()), reason=fault_shim.missing()),
]


def judge(tallies: list[Tally]) -> None:
    print(table(tallies))
    assert [wrong for tally in tallies for wrong in tally.wrong] == []
    assert sum(tally.points for tally in tallies)
    assert max(ready for tally in tallies for ready in tally.ready_s) < 2.0


@pytest.mark.parametrize("mode", [mode for mode in PLAIN_MODES if mode != "stop"])
def test_a_process_comes_to_harm_and_the_next_one_finds_all_that_was_acknowledged(
    mode: str,
) -> None:
    judge(run_all(mode, stride=29, first=5))


@pytest.mark.slow
def test_a_process_stands_still_and_others_wait_or_are_told_so() -> None:
    judge(run_all("stop", stride=99, first=60))


@pytest.mark.slow
def test_recoveries_that_are_killed_again_and_again_end_in_the_same_store() -> None:
    quick = [name for name in WORKLOADS if name not in ("inbox", "copying")]
    judge(run_all("kill before", quick, depth=3, most_deeper=6, stride=999, first=60))


@pytest.mark.slow
@pytest.mark.parametrize("file_system", FILE_SYSTEMS)
@pytest.mark.parametrize(("mode", "stride"), [("power cut", 97), ("sync fails, killed", 37)])
def test_the_power_goes_and_what_was_acknowledged_is_on_the_disk(
    mode: str, stride: int, file_system: str
) -> None:
    if no_disk(file_system):
        pytest.skip(no_disk(file_system))
    judge(run_all(mode, file_system=file_system, stride=stride, first=5))
